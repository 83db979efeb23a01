//! Reads `billing/MONTH/NAME.total`: what the provider invoiced, as the user read it off its invoices.

use std::path::Path;

use anyhow::Context;

use super::manifest::Listed;
use super::provider::Reading;
use super::snapshot::directory;
use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::files;
use crate::model::amount::Amount;
use crate::model::period::BillingMonth;
use crate::model::plain::beginning;
use crate::model::settings::SourceSettings;
use crate::model::statement::Statement;

/// The path of the file, relative to the workspace's root.
pub(super) fn path(source: &SourceSettings, month: BillingMonth) -> String {
    format!("{}.total", directory(source, month))
}

/// The files of a bill among those that the source's path names: this one, if it is there, has no rows.
pub(super) fn listed(reading: &Reading<'_>, mut named: Vec<String>) -> Listed {
    let totals = path(reading.settings, reading.bill.month);
    named.retain(|path| *path != totals);
    let is_there = reading.root.join(&totals).exists();
    Listed { parts: named, others: is_there.then_some(totals).into_iter().collect() }
}

/// Adds the file's amounts to the provider's figures: a line for each invoice, or one with an amount alone for the month.
///
/// # Errors
/// A file that cannot be read, other lines, and amounts that are given twice.
pub(super) fn read(root: &Path, path: &str, statement: &mut Statement) -> Result<(), Diagnostic> {
    let bytes = files::read(&root.join(path), files::TEXT).with_context(|| cannot("read the file", path))?;
    let text = String::from_utf8_lossy(&bytes);
    for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = || Place::line(path, number).with_excerpt(line.to_owned());
        let (invoice, amount) = line.rsplit_once(char::is_whitespace).unwrap_or(("", line));
        let amount = Amount::parse(amount.as_bytes()).map_err(|_| {
            Diagnostic::error(format!("expected the amount of an invoice, found {:?}", beginning(amount)))
                .at(place())
                .with_hint(
                    "write a line for each invoice, \"INVOICE 1234.56\", or the amount of the month alone: \"1234.56\"",
                )
        })?;
        let earlier = match invoice.trim() {
            "" => statement.total.replace(amount),
            invoice => statement.invoices.insert(invoice.to_owned(), amount),
        };
        if earlier.is_some() {
            let diagnostic = Diagnostic::error("the amount is given twice").at(place());
            let hint = "keep one: a line of this file, or total or [[invoice-total]] in invoicer.toml";
            return Err(diagnostic.with_hint(hint));
        }
    }
    Ok(())
}
