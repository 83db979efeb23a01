//! The same bill downloaded twice must not be billed twice.

use std::path::Path;

use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Place};
use crate::model::charge::{Bill, Charge, EMPTY, NameId};

/// A file that two sources claim.
pub(super) fn file_of_two_sources(path: &str, first: &str, second: &str) -> Diagnostic {
    Diagnostic::error(format!("the sources \"{first}\" and \"{second}\" both read this file"))
        .at(Place::file(path))
        .with_hint("narrow the path of one of them in invoicer.toml")
}

/// Files of one source that hold the same rows.
///
/// A provider bills a resource, day and item in one row, so such a row in another file is the same charge again, perhaps
/// with the amount of an earlier, preliminary download. Rows without a resource (free tiers, coupons) may well be equal
/// in the bills of two accounts; for them only whole files are compared.
pub(super) fn of_files(root: &Path, bill: &Bill, source: u16) -> Vec<Diagnostic> {
    let files = &bill.files;
    let mut has_rows = vec![false; files.len()];
    for charge in &bill.charges {
        has_rows[usize::from(charge.file)] = true;
    }
    let mut problems = Vec::new();
    for (position, file) in files.iter().enumerate().filter(|(index, file)| file.source == source && has_rows[*index]) {
        // A copy below another source would be billed twice just the same.
        let copy = files[..position]
            .iter()
            .find(|other| other.length == file.length && same_bytes(root, &other.path, &file.path));
        if let Some(other) = copy {
            let message = format!("the file is a copy of {}", other.path);
            problems.push(told(Diagnostic::error(message).at(Place::file(&file.path))));
        }
    }
    if problems.is_empty() && files.len() > 1 {
        problems.extend(repeated_rows(bill, source));
    }
    problems
}

fn same_bytes(root: &Path, first: &str, second: &str) -> bool {
    let read = |path: &str| std::fs::read(root.join(path));
    matches!((read(first), read(second)), (Ok(first), Ok(second)) if first == second)
}

fn repeated_rows(bill: &Bill, source: u16) -> Option<Diagnostic> {
    let key = |charge: &Charge| (bill.subject(charge).resource, charge.item, charge.day);
    let mut first: FxHashMap<(NameId, NameId, u8), usize> = FxHashMap::default();
    let mut repeated: Vec<(usize, usize)> = Vec::new();
    for (index, charge) in bill.charges.iter().enumerate() {
        let subject = bill.subject(charge);
        if subject.source != source || subject.resource == EMPTY {
            continue;
        }
        let earlier = *first.entry(key(charge)).or_insert(index);
        let other = &bill.charges[earlier];
        if other.file != charge.file {
            repeated.push((earlier, index));
        }
    }
    let (earlier, again) = *repeated.first()?;
    let (path, row) = bill.origin(&bill.charges[again]);
    let (first_path, first_row) = bill.origin(&bill.charges[earlier]);
    let charge = &bill.charges[again];
    let resource = bill.names.get(bill.subject(charge).resource);
    let diagnostic = Diagnostic::error(format!("the row repeats {first_path}:{first_row}")).at(Place::line(path, row));
    let rows = if repeated.len() == 1 { "1 row stands".to_owned() } else { format!("{} rows stand", repeated.len()) };
    let note = format!("{rows} in both files; this one is {} of {resource}", bill.names.get(charge.item));
    Some(told(diagnostic.with_note(note)))
}

fn told(diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.with_hint("the same bill was saved twice: move one of the files out of the source's path")
}
