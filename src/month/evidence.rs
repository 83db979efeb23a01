//! Checks what an issued month was made from: whether its bills, and the copies of rules and review files kept with its
//! records, still have the hashes in the records.

use std::path::Path;

use rayon::prelude::*;

use super::standing::Issuers;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::files;
use crate::ledger::{self, Ledger, Stored};
use crate::model::adjustment;
use crate::model::period::BillingMonth;
use crate::staging::{Written, digest, hash};
use crate::workspace;

/// A file that changed since a record was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path relative to the workspace's root.
    pub path: String,
    /// How it changed.
    pub change: FileChange,
    /// What changed in it: rows of a table of assignments, ids of adjustments.
    pub rows: Vec<String>,
}

/// How a file changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// Its content is different.
    Changed,
    /// It is gone.
    Missing,
    /// It was not there.
    New,
}

/// Maximum number of changed rows named.
const SHOWN: usize = 5;

impl ChangedFile {
    /// `invoicer.toml changed`
    pub fn in_words(&self) -> String {
        let change = match self.change {
            FileChange::Changed => "changed",
            FileChange::Missing => "is gone",
            FileChange::New => "is new",
        };
        match self.named_rows() {
            rows if rows.is_empty() => format!("{} {change}", self.path),
            rows => format!("{} {change} ({})", self.path, rows.join("; ")),
        }
    }

    /// The first of the changed rows and how many more there are; nothing where none is known.
    pub fn named_rows(&self) -> Vec<String> {
        let mut named: Vec<String> = self.rows.iter().take(SHOWN).cloned().collect();
        match self.rows.len().saturating_sub(SHOWN) {
            0 => {}
            1 => named.push("and 1 more row".to_owned()),
            more => named.push(format!("and {more} more rows")),
        }
        named
    }
}

/// The files of a list that have changed.
pub fn changed_files(root: &Path, recorded: &[Written]) -> Vec<ChangedFile> {
    let changed = |file: &Written| {
        let path = root.join(&file.path);
        let found = match is_text(&file.path) {
            // The list has hashes of the text as read, without byte order mark.
            true => {
                let text = files::read(&path, files::TEXT);
                text.map(|text| hash(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text)))
            }
            false => digest(&path).map(|(_, sha256)| sha256),
        };
        let found = found.ok();
        let is_same = found.as_ref() == Some(&file.sha256);
        let change = if found.is_none() { FileChange::Missing } else { FileChange::Changed };
        (!is_same).then(|| ChangedFile { path: file.path.clone(), change, rows: Vec::new() })
    };
    recorded.par_iter().filter_map(changed).collect()
}

/// Whether a file is read as a text of the workspace.
fn is_text(path: &str) -> bool {
    path.ends_with(".toml") || path.strip_prefix(adjustment::DIRECTORY).is_some_and(|rest| rest.starts_with('/'))
}

/// The files of adjustments that have changed since a month's valid invoices were issued.
///
/// # Errors
/// When the directory cannot be listed.
pub fn changed_adjustments(root: &Path, ledger: &Ledger, month: BillingMonth) -> Result<Vec<ChangedFile>, Diagnostic> {
    let issuers = Issuers::of(ledger, month);
    let present = workspace::adjustment_files(root, month)?;
    let mut changed = Vec::new();
    for stored in issuers.records() {
        let recorded = &stored.record.adjustments;
        let is_new = |path: &&String| !recorded.iter().any(|file| file.path == **path);
        let new = present.iter().filter(is_new).cloned();
        let new = new.map(|path| ChangedFile { path, change: FileChange::New, rows: Vec::new() });
        for file in changed_files(root, recorded).into_iter().chain(new) {
            // A missing file is one without adjustments.
            let read = |root: &Path| files::read(&root.join(&file.path), files::TEXT).unwrap_or_default();
            let (kept, now) = (read(&root.join(stored.rules_directory())), read(root));
            let concerns = |customer: &str| issuers.is_of(stored, customer);
            let entries = workspace::changed_entries(&file.path, &kept, &now, concerns);
            // Of several records each has adjustments that only the others' invoices are made with.
            if issuers.is_one() || entries.as_ref().is_none_or(|entries| !entries.is_empty()) {
                let rows = entries.unwrap_or_default();
                add(&mut changed, ChangedFile { rows, ..file });
            }
        }
    }
    Ok(changed)
}

/// Adds a changed file to those of other records.
pub fn add(changed: &mut Vec<ChangedFile>, file: ChangedFile) {
    match changed.iter_mut().find(|known| known.path == file.path) {
        None => changed.push(file),
        Some(known) => {
            for row in file.rows {
                if !known.rows.contains(&row) {
                    known.rows.push(row);
                }
            }
        }
    }
}

/// Errors for bills and kept copies of an issued month that have changed.
pub fn changed_evidence(root: &Path, ledger: &Ledger, month: BillingMonth) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for stored in ledger.of_month(month) {
        for file in changed_files(root, &stored.record.bills) {
            let message = match file.change == FileChange::Missing {
                true => format!("the bill is gone since {month} was issued"),
                false => format!("the bill was changed since {month} was issued"),
            };
            let hint = "a bill is evidence and never edited: put back what git or a backup has";
            let diagnostic = Diagnostic::error(message).at(Place::file(&file.path)).with_hint(hint);
            if !problems.contains(&diagnostic) {
                problems.push(diagnostic);
            }
        }
        problems.extend(changed_copies(root, stored));
    }
    problems
}

/// Checks the list of everything issued, and the copies beside a month's records: what the records alone do not show, and
/// needs no computing.
///
/// # Errors
/// A list that is not that of the records, and copies that have changed.
pub fn check_lock(root: &Path, ledger: &Ledger, month: BillingMonth) -> Result<(), Problems> {
    let mut problems = Problems::default();
    problems.keep(check_list(root, ledger));
    problems.extend(ledger.of_month(month).flat_map(|stored| changed_copies(root, stored)));
    problems.check()
}

/// Checks the list of everything issued.
///
/// # Errors
/// When it is not that of the records.
pub fn check_list(root: &Path, ledger: &Ledger) -> Result<(), Diagnostic> {
    ledger.interrupted(root)?.map_or(Ok(()), |last| Err(unfinished(last)))
}

/// Error for a list that lacks the last record.
fn unfinished(last: &Stored) -> Diagnostic {
    let message = format!(
        "the list of what was issued lacks the last record, {}: `invoicer issue {}` finishes it",
        last.path(),
        last.record.month
    );
    Diagnostic::error(message).at(Place::file(format!("{}/{}", ledger::DIRECTORY, ledger::INDEX)))
}

/// Errors for copies beside a record that have changed.
pub fn changed_copies(root: &Path, stored: &Stored) -> Vec<Diagnostic> {
    let of = |directory: String, files| {
        let changed = changed_files(&root.join(&directory), files);
        changed.into_iter().map(move |file| {
            let message = match file.change == FileChange::Missing {
                true => format!("the copy is gone that was kept when {} was written", stored.path()),
                false => format!("the copy was changed that was kept when {} was written", stored.path()),
            };
            Diagnostic::error(message)
                .at(Place::file(format!("{directory}/{}", file.path)))
                .with_hint("issued/ is never edited: put back what git or a backup has")
        })
    };
    let rules = of(stored.rules_directory(), &stored.record.rules);
    let adjustments = of(stored.rules_directory(), &stored.record.adjustments);
    rules.chain(adjustments).chain(of(stored.review_directory(), &stored.record.review)).collect()
}
