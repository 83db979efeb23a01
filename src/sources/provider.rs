//! What the module of a provider implements: [`SavedBill`] or [`FetchedBill`].

use std::io;
use std::path::Path;

use super::manifest::Listed;
use super::overlap;
use super::snapshot::{Session, Snapshot};
use crate::diagnostic::{Diagnostic, Problems};
use crate::environment::Environment;
use crate::model::amount::Amount;
use crate::model::charge::Bill;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;
use crate::model::statement::Statement;

/// How bills of a kind of source are obtained.
pub(super) enum Provider {
    /// As files that the user saves.
    Saved(&'static dyn SavedBill),
    /// From an API, whose answers `fetch` keeps.
    Fetched(&'static dyn FetchedBill),
}

/// A bill being read: where it is read from and the [`Bill`] it is added to.
pub(super) struct Reading<'a> {
    /// The workspace's root.
    pub(super) root: &'a Path,
    /// The source.
    pub(super) settings: &'a SourceSettings,
    /// Its index in [`Bill::sources`].
    pub(super) source: u16,
    /// Whether charges that may still change are accepted.
    pub(super) draft: bool,
    /// The bill so far.
    pub(super) bill: &'a mut Bill,
}

/// Whether a bill with rows per day has any row of its month's last day.
pub(super) type ReachesEnd = fn(&Path, BillingMonth) -> io::Result<bool>;

/// Bills that are files the user saved.
pub(super) trait SavedBill {
    /// The files of the bill among those that the source's path names.
    ///
    /// # Errors
    /// When some are missing.
    fn listed(&self, _reading: &Reading<'_>, named: Vec<String>) -> Result<Listed, Problems> {
        Ok(Listed { parts: named, others: Vec::new() })
    }

    /// Reads the rows of the files; `files` are their indices in [`Bill::files`].
    ///
    /// # Errors
    /// Files that are no bills, and every kind of invalid row, with the first place and a count; a bill that was saved
    /// twice.
    fn read_all(&self, reading: &mut Reading<'_>, files: &[u16]) -> Result<(), Problems>;

    /// For bills with rows per day: whether one reaches the end of its month.
    fn reaches_end(&self) -> Option<ReachesEnd> {
        None
    }

    /// A row of a JSON file, on one line; none when the text is not such a file.
    fn row_of_json(&self, _text: &str, _row: u32) -> Option<String> {
        None
    }
}

/// Bills that are fetched from an API.
pub(super) trait FetchedBill {
    /// Reads the charges of a fetched month. The snapshot's files are in [`Bill::files`] from `first` on, in the order of
    /// its provenance.
    ///
    /// # Errors
    /// Answers that are not what the API sends, and every kind of invalid row.
    fn read(&self, reading: &mut Reading<'_>, snapshot: &Snapshot, first: usize) -> Result<(), Problems>;

    /// The provider's own figures of the month.
    ///
    /// # Errors
    /// Answers that are not what the API sends.
    fn statement(&self, source: &SourceSettings, snapshot: &Snapshot) -> Result<Statement, Problems>;

    /// Requests everything of a month and keeps the answers.
    ///
    /// # Errors
    /// A month that is not closed, unless for a draft; requests that fail or are refused.
    fn fetch(&self, session: &Session<'_>) -> Result<Finality, Diagnostic>;

    /// The months that the provider has bills for; empty where it has no list of them.
    ///
    /// # Errors
    /// When the provider cannot be asked.
    fn months(&self, _source: &SourceSettings, _environment: &Environment) -> Result<Vec<ProviderMonth>, Diagnostic> {
        Ok(Vec::new())
    }

    /// For bills with rows per day: the file that holds them, and whether it reaches the end of its month.
    fn reaches_end(&self) -> Option<(&'static str, ReachesEnd)> {
        None
    }

    /// A row of an answer, on one line; none when the text is not such an answer.
    fn row_of_json(&self, _text: &str, _row: u32) -> Option<String> {
        None
    }
}

/// Whether a provider had closed the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finality {
    /// The amounts no longer change.
    Final,
    /// The amounts may still change.
    Preliminary,
}

/// A month that a provider has a bill for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMonth {
    /// The month.
    pub month: BillingMonth,
    /// The provider's state of the bill, such as "closed".
    pub state: String,
    /// The bill's total, including tax.
    pub amount: Option<Amount>,
}

/// Reads the rows of files one after the other with `read`, of which a row in two files is the same charge again.
///
/// # Errors
/// Those of `read`, and files that overlap.
pub(super) fn each_file(
    reading: &mut Reading<'_>,
    files: &[u16],
    mut read: impl FnMut(&mut Reading<'_>, u16) -> Result<(), Problems>,
) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for file in files {
        problems.keep(read(reading, *file));
    }
    if problems.is_empty() {
        problems.extend(overlap::of_files(reading.root, reading.bill, reading.source));
    }
    problems.check()
}
