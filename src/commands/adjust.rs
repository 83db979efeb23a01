//! `invoicer adjust`: appends an adjustment to `adjustments/MONTH.toml`.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use super::check_known;
use crate::cli;
use crate::diagnostic::{Diagnostic, Place, Problems, cannot};
use crate::files;
use crate::ledger::{self, Ledger};
use crate::model::adjustment::DIRECTORY;
use crate::model::settings::Settings;
use crate::model::toml_text::toml_text;
use crate::month::adjustment_ids;
use crate::printer::Printer;
use crate::render::money;
use crate::staging;
use crate::workspace;

pub(super) fn run(root: &Path, arguments: &cli::Adjust, printer: &Printer) -> Result<(), Problems> {
    let month = arguments.month;
    // `issue` reads adjustments under this lock: each is in the record, or refused here.
    let _lock = ledger::lock(root)?;
    let ledger = Ledger::open(root)?;
    if ledger.month(month).is_some() {
        let diagnostic = Diagnostic::error(format!("{month} is issued: nothing is added to it any more"));
        let hint = format!(
            "put the adjustment into a later month with supply = \"{month}\"; to correct what was issued, change \
             adjustments/{month}.toml and run `invoicer credit NUMBER --reason TEXT --reissue`"
        );
        return Err(diagnostic.with_hint(hint).into());
    }
    let settings = workspace::load_for(root, &[month])?.settings;
    let known: Vec<&str> = settings.customers.iter().map(|customer| customer.id.as_str()).collect();
    check_known(&arguments.customer, &known)?;
    let path = format!("{DIRECTORY}/{month}.toml");
    let id = free_id(root, &ledger, arguments)?;
    add(root, &path, &id, &settings, arguments)?;
    if let Some(customer) = settings.customer(&arguments.customer) {
        let amount = money(arguments.amount, customer.invoice.currency, 0);
        printer.status(&format!("adjustment {id}: {amount} for {}", customer.id));
    }
    printer.result(&path);
    Ok(())
}

/// Writes the file with another table.
fn add(root: &Path, path: &str, id: &str, settings: &Settings, arguments: &cli::Adjust) -> Result<(), Problems> {
    let mut bytes = match files::read(&root.join(path), files::TEXT) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        read => read.with_context(|| cannot("read the file", path)).map_err(Diagnostic::from)?,
    };
    if !bytes.is_empty() {
        let ends = bytes.ends_with(b"\n");
        bytes.extend_from_slice(if ends { b"\n" } else { b"\n\n" });
    }
    bytes.extend_from_slice(table(id, arguments).as_bytes());
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Problems::from(Diagnostic::error("the file is not UTF-8").at(Place::file(path)).with_hint("save it as UTF-8"))
    })?;
    // What would be refused by the next build is not written.
    workspace::check_adjustments(arguments.month, path, text, settings)?;
    Ok(staging::replace(&root.join(path), path, &bytes)?)
}

/// `202208-acme-1`, or the next that no adjustment has or had.
fn free_id(root: &Path, ledger: &Ledger, arguments: &cli::Adjust) -> Result<String, Problems> {
    let mut used: BTreeSet<String> = workspace::adjustment_ids(root)?;
    used.extend(adjustment_ids::issued(root, ledger)?.into_keys());
    // Ids of customers may have characters that those of adjustments do not.
    let plain: String =
        arguments.customer.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let plain: String = plain.chars().take(40).collect();
    let stem = if plain.is_empty() { arguments.month.to_string() } else { format!("{}-{plain}", arguments.month) };
    let mut number = 1_u32;
    while used.contains(&format!("{stem}-{number}")) {
        number += 1;
    }
    Ok(format!("{stem}-{number}"))
}

fn table(id: &str, arguments: &cli::Adjust) -> String {
    let cli::Adjust { customer, name, amount, tax_category, .. } = arguments;
    let category = tax_category
        .as_ref()
        .map_or_else(String::new, |category| format!("tax-category = {}\n", toml_text(category.name())));
    format!(
        "[[adjustment]]\nid = {}\ncustomer = {}\nname = {}\namount = {}\n{category}",
        toml_text(id),
        toml_text(customer),
        toml_text(name),
        toml_text(&amount.to_string())
    )
}
