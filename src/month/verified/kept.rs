//! The kept documents, compared with what the records say of them.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use rayon::prelude::*;

use super::discrepancy::{Difference, Discrepancy, DiscrepancyKind};
use crate::diagnostic::{Diagnostic, cannot};
use crate::files::{self, Entry};
use crate::ledger::{self, Ledger, Stored};
use crate::model::format::Format;
use crate::model::period::BillingMonth;
use crate::staging::digest;

/// A file that may be among the kept documents.
struct Expected<'a> {
    number: &'a str,
    sha256: &'a str,
    /// Whether the record says that it was kept.
    is_kept: bool,
}

/// The kept documents of a month that are gone or changed, and files that no record names.
pub(super) fn changed(root: &Path, ledger: &Ledger, month: BillingMonth) -> Vec<Discrepancy> {
    ledger.of_month(month).flat_map(|stored| of_record(root, stored)).collect()
}

fn of_record(root: &Path, stored: &Stored) -> Vec<Discrepancy> {
    let mut expected: BTreeMap<&str, Expected<'_>> = BTreeMap::new();
    for document in &stored.record.documents {
        expected.extend(Format::ALL.into_iter().filter_map(|format| {
            let is_kept = stored.record.kept.contains(&format);
            let output = document.output(format)?;
            Some((output.path.as_str(), Expected { number: &document.number, sha256: &output.sha256, is_kept }))
        }));
    }
    let directory = stored.documents_directory();
    let finding = |path: &str, number: Option<&str>, message: &str| Discrepancy {
        kind: DiscrepancyKind::Kept,
        file: Some(format!("{directory}/{path}")),
        number: number.map(str::to_owned),
        message: Difference::of(message),
    };
    let entries = match files::below(&root.join(&directory)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            let error = anyhow::Error::from(error).context(cannot("read the directory", &directory));
            return vec![Discrepancy::of_problem(DiscrepancyKind::Kept, &Diagnostic::from(error))];
        }
    };
    let check = |entry: &Entry| {
        let expected = expected.get(entry.path.as_str());
        let number = expected.map(|expected| expected.number);
        let wrong = |message| Some(finding(&entry.path, number, message));
        let Some(expected) = expected.filter(|_| entry.is_file) else {
            return wrong(if entry.is_file { "no record names this document" } else { ledger::NO_FILE });
        };
        match digest(&root.join(&directory).join(&entry.path)) {
            Ok((_, sha256)) if sha256 == expected.sha256 => None,
            Ok(_) => wrong("the kept document was changed since it was issued"),
            Err(_) => wrong("the kept document cannot be read"),
        }
    };
    let mut findings: Vec<Discrepancy> = entries.par_iter().filter_map(check).collect();
    let is_there = |path: &str| entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_ok();
    let gone = expected.iter().filter(|(path, expected)| expected.is_kept && !is_there(path));
    findings.extend(gone.map(|(path, expected)| Discrepancy {
        kind: DiscrepancyKind::KeptMissing,
        ..finding(path, Some(expected.number), "the kept document is gone")
    }));
    findings
}

/// Kept documents whose record is gone, or that an interrupted run left.
pub(super) fn without_record(root: &Path, ledger: &Ledger) -> Vec<Discrepancy> {
    let of_directory = |(name, directory): (String, String)| {
        let is_known = ledger.records().iter().any(|stored| stored.name == name);
        (!is_known).then(|| Discrepancy {
            kind: DiscrepancyKind::Kept,
            file: Some(directory),
            number: None,
            message: Difference::of(
                "no record names these documents: their record was removed, or an interrupted run left them",
            ),
        })
    };
    ledger::kept_directories(root).into_iter().filter_map(of_directory).collect()
}
