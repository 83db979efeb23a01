//! The journals of what was sent and exported: each line names the hash of the one before.

use std::path::Path;

use serde::Serialize;

use super::discrepancy::{Difference, Discrepancy, DiscrepancyKind};
use crate::files;
use crate::ledger::journal::{self, JournalKind};
use crate::ledger::{self, Ledger};
use crate::model::period::BillingMonth;
use crate::staging::hash;

/// What is wrong with the journals of a month.
pub(super) fn changed(root: &Path, month: BillingMonth) -> Vec<Discrepancy> {
    let check = |kind| journal::check(root, kind, month).err();
    let faults = JournalKind::ALL.into_iter().filter_map(check);
    faults.map(|fault| Discrepancy::of_problem(DiscrepancyKind::Journal, &fault)).collect()
}

/// A journal and its last line.
#[derive(Clone, Debug, Serialize)]
pub struct JournalHead {
    /// The file, from the workspace's root.
    pub file: String,
    /// SHA-256 of the last line.
    pub head: String,
}

/// The journals of the issued months.
pub(super) fn heads(root: &Path, ledger: &Ledger) -> Vec<JournalHead> {
    let months = ledger.months().into_iter();
    let all = months.flat_map(|month| JournalKind::ALL.map(|kind| (kind, month)));
    let head = |(kind, month): (JournalKind, BillingMonth)| {
        let head = journal::check(root, kind, month).ok()??;
        Some(JournalHead { file: kind.path(month), head })
    };
    all.filter_map(head).collect()
}

/// Journals and messages of months of which nothing is issued.
pub(super) fn without_month(root: &Path, ledger: &Ledger) -> Vec<Discrepancy> {
    let names = files::names(&root.join(ledger::DIRECTORY)).unwrap_or_default();
    let paths = names.iter().filter_map(|name| Some(format!("{}/{}", ledger::DIRECTORY, name.to_str()?)));
    let is_lost = |path: &String| {
        let month = path.get(ledger::DIRECTORY.len() + 1..).and_then(|name| name.get(..6)?.parse().ok());
        let is_journal = |month| {
            let messages = format!("{}/{month}.mail", ledger::DIRECTORY);
            JournalKind::ALL.into_iter().any(|kind| kind.path(month) == *path) || *path == messages
        };
        month.is_some_and(|month| is_journal(month) && ledger.of_month(month).next().is_none())
    };
    let finding = |path| Discrepancy {
        kind: DiscrepancyKind::Journal,
        file: Some(path),
        number: None,
        message: Difference::of("no record of the month of this journal is there"),
    };
    paths.filter(is_lost).map(finding).collect()
}

/// Whether a line of a journal has that hash.
pub(super) fn has_line(root: &Path, ledger: &Ledger, sha256: &str) -> bool {
    let months = ledger.months().into_iter();
    let mut paths = months.flat_map(|month| JournalKind::ALL.map(|kind| kind.path(month)));
    paths.any(|path| {
        let bytes = files::read(&root.join(path), files::DATA).unwrap_or_default();
        bytes.split_inclusive(|byte| *byte == b'\n').any(|line| hash(line) == sha256)
    })
}
