//! Reads what a month is compared with: earlier months as they were issued and corrected, or else as last built. Also
//! collects warnings about the month's sources.

use std::path::Path;

use rayon::prelude::*;

use super::standing::{self, StandingFigures, standing_figures, standing_lines};
use super::summary::{self, ReadSummary};
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::ledger::{DIRECTORY, Ledger};
use crate::model::amount::TooLong;
use crate::model::history::{BilledCustomer, History};
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::model::warning::WarningCode;
use crate::sources::{absent, drift};
use crate::staging::Written;

/// Number of earlier months read: together with the month itself, the twelve that the review page compares.
const MONTHS: usize = 11;

/// The months that a month is compared with.
#[derive(Debug, Default)]
pub(super) struct EarlierMonths {
    /// What was billed for them.
    pub(super) history: History,
    /// The files read, for the manifest.
    pub(super) files: Vec<Written>,
    /// Warnings about unreadable summaries and about the month's sources.
    pub(super) warnings: Vec<Diagnostic>,
}

/// A directory with summaries of months.
#[derive(Clone, Copy)]
struct Summaries<'a> {
    /// Directory of the months' directories.
    directory: &'a Path,
    /// Its name in the manifest and in messages.
    shown: &'a str,
    /// Hint for a summary that cannot be read.
    way_out: &'a str,
}

impl EarlierMonths {
    /// Reads the months before `month`; `out` is the directory of months that were only built, and its name in
    /// messages.
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
        let issued = Summaries {
            directory: &root.join(DIRECTORY),
            shown: DIRECTORY,
            way_out: "it was kept when the month was issued: put back what a backup or git has",
        };
        let built = Summaries { directory: out, shown, way_out: "build that month again, or remove the file" };
        let mut earlier = EarlierMonths::of_summaries([issued, built], month);
        for month in ledger.months() {
            earlier.correct(ledger, month).of(format_args!("what was issued for {month}"))?;
        }
        earlier.warnings.extend(absent::unread_bills(root, settings, month));
        for (warning, file) in settings.sources_of(month).filter_map(|source| drift::warning(root, source, month)) {
            earlier.warnings.push(warning);
            earlier.files.push(file);
        }
        Ok(earlier)
    }

    /// Reads each month from the first directory that has it. Drafts do not count. A summary that cannot be read is
    /// only a warning, because no figure of an invoice comes from it.
    fn of_summaries(all: [Summaries<'_>; 2], month: BillingMonth) -> EarlierMonths {
        let months: Vec<BillingMonth> =
            std::iter::successors(Some(month.previous()), |month| Some(month.previous())).take(MONTHS).collect();
        let read = |month: &BillingMonth| {
            all.iter().find_map(|summaries| {
                let read = summary::read(&summaries.directory.join(month.to_string()), *month)?;
                Some((*month, read, *summaries))
            })
        };
        let found: Vec<_> = months.par_iter().filter_map(read).collect();
        let mut earlier = EarlierMonths::default();
        for (month, read, summaries) in found {
            earlier.add(month, read, summaries);
        }
        earlier
    }

    fn add(&mut self, month: BillingMonth, ReadSummary { sha256, summary }: ReadSummary, summaries: Summaries<'_>) {
        let path = format!("{}/{month}/{}", summaries.shown, summary::FILE);
        match summary {
            Ok(summary) if summary.status == Status::Draft => {}
            Ok(summary) => {
                self.history.insert(month, summary.into_billed());
                self.files.push(Written { path, sha256 });
            }
            Err(why) => {
                let message = format!("{month} is not compared with: its summary cannot be read: {why}");
                let warning = Diagnostic::finding(WarningCode::UnreadableMonth, message, &path);
                self.warnings.push(warning.at(Place::file(path)).with_hint(summaries.way_out));
            }
        }
    }

    /// Corrects the summary of an issued month, which was kept when it was issued, by what was taken back since.
    fn correct(&mut self, ledger: &Ledger, month: BillingMonth) -> Result<(), TooLong> {
        let Some(mut customers) = self.history.month(month).cloned() else {
            return Ok(());
        };
        let net = standing_figures(ledger, month)?;
        customers.retain(|id, _| net.contains_key(id));
        for document in standing::standing(ledger, month) {
            if let Some(customer) = customers.get_mut(&document.customer) {
                let lines = standing_lines(ledger, document, customer.lines.as_deref(), customer.used.as_ref())?;
                customer.lines = Some(lines);
            }
        }
        for (id, StandingFigures { currency, cost, subtotal, total, .. }) in net {
            if let Some(customer) = customers.get_mut(&id) {
                let (used, lines) = (customer.used.take(), customer.lines.take());
                *customer = BilledCustomer { currency, cost, subtotal, total, used, lines };
            }
        }
        self.history.insert(month, customers);
        Ok(())
    }
}
