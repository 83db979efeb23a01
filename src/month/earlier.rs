//! Reads what a month is compared with: earlier months as they were issued and corrected, or else as last built. Also
//! collects warnings about the month's sources.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::issued_history::{self, IssuedMonth};
use super::summary::{self, ReadSummary};
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::ledger::{DIRECTORY, Ledger};
use crate::model::history::{EARLIER_MONTHS, History};
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::model::warning::WarningCode;
use crate::sources::{absent, drift};
use crate::staging::Written;

/// The months that a month is compared with.
#[derive(Debug, Default)]
pub(super) struct EarlierMonths {
    /// What was billed for them.
    pub(super) history: History,
    /// The issued ones alone, of which invoices tell.
    pub(super) told: History,
    /// The records and summaries of these, for the manifest.
    pub(super) told_files: Vec<Written>,
    /// The files read, for the manifest.
    pub(super) files: Vec<Written>,
    /// Warnings about unreadable summaries and about the month's sources.
    pub(super) warnings: Vec<Diagnostic>,
}

/// A month as it was found.
enum Found {
    /// In the records.
    Issued(IssuedMonth),
    /// In the directory of months that were only built.
    Built(Box<ReadSummary>),
}

impl EarlierMonths {
    /// Reads the months before `month`, each from the records or else from `out`, the directory of months that were only
    /// built, with its name in messages.
    ///
    /// # Errors
    /// When the issued figures of a month cannot be added up.
    pub(super) fn read(
        root: &Path,
        ledger: &Ledger,
        (out, shown): (&Path, &str),
        settings: &Settings,
        month: BillingMonth,
    ) -> Result<EarlierMonths, Problems> {
        let find = |month: BillingMonth| -> Result<Option<(BillingMonth, Found)>, Diagnostic> {
            let found = match issued_history::read(root, ledger, month)? {
                Some(issued) => Some(Found::Issued(issued)),
                None => summary::read(&out.join(month.to_string()), month).map(Box::new).map(Found::Built),
            };
            Ok(found.map(|found| (month, found)))
        };
        let months: Vec<BillingMonth> = month.earlier(EARLIER_MONTHS).collect();
        let found: Vec<_> = months.into_par_iter().map(find).collect();
        let mut earlier = EarlierMonths::default();
        // In the order of the months, so that of several that fail it is always the same one that is reported.
        for found in found {
            match found? {
                Some((month, Found::Issued(issued))) => earlier.add_issued(ledger, month, issued),
                Some((month, Found::Built(read))) => earlier.add_built(month, *read, shown),
                None => {}
            }
        }
        earlier.warnings.extend(absent::unread_bills(root, settings, month));
        for (warning, file) in settings.sources_of(month).filter_map(|source| drift::warning(root, source, month)) {
            earlier.warnings.push(warning);
            earlier.files.push(file);
        }
        Ok(earlier)
    }

    fn add_issued(&mut self, ledger: &Ledger, month: BillingMonth, IssuedMonth { customers, copy }: IssuedMonth) {
        let path = format!("{DIRECTORY}/{month}/{}", summary::FILE);
        let records = ledger.of_month(month);
        self.told_files.extend(records.map(|stored| Written { path: stored.path(), sha256: stored.sha256.clone() }));
        if let Some(Ok(sha256)) = &copy {
            self.told_files.push(Written { path: path.clone(), sha256: sha256.clone() });
        }
        let customers = Arc::new(customers);
        self.told.insert(month, Arc::clone(&customers));
        match copy {
            Some(Err(why)) => {
                let way_out = "it was kept when the month was issued: put back what a backup or git has";
                self.warnings.push(unreadable(month, path, &why, way_out));
            }
            copy => {
                self.history.insert(month, customers);
                self.files.extend(copy.and_then(Result::ok).map(|sha256| Written { path, sha256 }));
            }
        }
    }

    /// Drafts do not count.
    fn add_built(&mut self, month: BillingMonth, ReadSummary { sha256, summary }: ReadSummary, shown: &str) {
        let path = format!("{shown}/{month}/{}", summary::FILE);
        match summary {
            Ok(summary) if summary.status == Status::Draft => {}
            Ok(summary) => {
                self.history.insert(month, summary.into_billed());
                self.files.push(Written { path, sha256 });
            }
            Err(why) => self.warnings.push(unreadable(month, path, &why, "build that month again, or remove the file")),
        }
    }
}

/// A summary that cannot be read is only a warning, because no figure of an invoice comes from it.
fn unreadable(month: BillingMonth, path: String, why: &str, way_out: &str) -> Diagnostic {
    let message = format!("{month} is not compared with: its summary cannot be read: {why}");
    let warning = Diagnostic::finding(WarningCode::UnreadableMonth, message, &path);
    warning.at(Place::file(path)).with_hint(way_out)
}
