//! Checks what an issued month was made from: whether its bills, and the copies of rules and review files kept with its
//! records, still have the hashes in the records.

use std::path::Path;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Place};
use crate::files;
use crate::ledger::{Ledger, Stored};
use crate::model::period::BillingMonth;
use crate::staging::{Written, digest, hash};

/// A file that changed since a record was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path relative to the workspace's root.
    pub path: String,
    /// Whether it is missing.
    pub is_missing: bool,
    /// The rows that changed, of a table of assignments.
    pub rows: Vec<String>,
}

/// Maximum number of changed rows named.
const SHOWN: usize = 5;

impl ChangedFile {
    /// `invoicer.toml changed`
    pub fn in_words(&self) -> String {
        format!("{} {}{}", self.path, if self.is_missing { "is gone" } else { "changed" }, self.rows_in_words())
    }

    /// The first of the changed rows; nothing where none is known.
    pub fn rows_in_words(&self) -> String {
        let shown = self.rows.iter().take(SHOWN).map(String::as_str).collect::<Vec<&str>>().join("; ");
        match self.rows.len() {
            0 => String::new(),
            count if count > SHOWN => format!(" ({shown}; and {} more rows)", count - SHOWN),
            _ => format!(" ({shown})"),
        }
    }
}

/// The files of a list that have changed.
pub fn changed_files(root: &Path, recorded: &[Written]) -> Vec<ChangedFile> {
    let changed = |file: &Written| {
        let path = root.join(&file.path);
        let found = match file.path.ends_with(".toml") {
            // The list has hashes of the text as read, without byte order mark.
            true => {
                let text = files::read(&path, files::TEXT);
                text.map(|text| hash(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text)))
            }
            false => digest(&path).map(|(_, sha256)| sha256),
        };
        let found = found.ok();
        let is_same = found.as_ref() == Some(&file.sha256);
        (!is_same).then(|| ChangedFile { path: file.path.clone(), is_missing: found.is_none(), rows: Vec::new() })
    };
    recorded.par_iter().filter_map(changed).collect()
}

/// Errors for bills and kept copies of an issued month that have changed.
pub fn changed_evidence(root: &Path, ledger: &Ledger, month: BillingMonth) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for stored in ledger.of_month(month) {
        for file in changed_files(root, &stored.record.bills) {
            let message = match file.is_missing {
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

/// Errors for copies beside a record that have changed.
pub fn changed_copies(root: &Path, stored: &Stored) -> Vec<Diagnostic> {
    let of = |directory: String, files| {
        let changed = changed_files(&root.join(&directory), files);
        changed.into_iter().map(move |file| {
            let message = match file.is_missing {
                true => format!("the copy is gone that was kept when {} was written", stored.path()),
                false => format!("the copy was changed that was kept when {} was written", stored.path()),
            };
            Diagnostic::error(message)
                .at(Place::file(format!("{directory}/{}", file.path)))
                .with_hint("issued/ is never edited: put back what git or a backup has")
        })
    };
    let rules = of(stored.rules_directory(), &stored.record.rules);
    rules.chain(of(stored.review_directory(), &stored.record.review)).collect()
}
