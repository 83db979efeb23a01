//! Refuses a bill that was downloaded twice, which would be billed twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Place, counted};
use crate::model::charge::{Bill, BillFile, Charge, EMPTY, NameId};
use crate::staging;

/// Error for a file that two sources read.
pub(super) fn file_of_two_sources(path: &str, first: &str, second: &str) -> Diagnostic {
    Diagnostic::error(format!("the sources \"{first}\" and \"{second}\" both read this file"))
        .at(Place::file(path))
        .with_hint("narrow the path of one of them in invoicer.toml")
}

/// Errors for rows of a FOCUS bill that an earlier source has taken, too: several sources may read one file, or copies of it,
/// when each takes rows of its own.
pub(super) fn rows_of_two_sources(root: &Path, bill: &Bill, source: u16) -> Vec<Diagnostic> {
    let files = &bill.files;
    let first: BTreeMap<usize, usize> =
        copies(root, files, |file| bill.sources[usize::from(files[*file].source)].kind.is_focus())
            .into_iter()
            .collect();
    if !first.keys().any(|file| files[*file].source == source) {
        return Vec::new();
    }
    // By row of the first of several equal files: the file from which it was taken first. Sources are read one after the other.
    let mut taken: FxHashMap<(usize, u32), usize> = FxHashMap::default();
    let mut twice: BTreeMap<(usize, usize), (u32, usize)> = BTreeMap::new();
    let shared: BTreeSet<usize> = first.iter().flat_map(|(copy, first)| [*copy, *first]).collect();
    for charge in &bill.charges {
        let file = usize::from(charge.file);
        if shared.contains(&file) {
            let same = first.get(&file).copied().unwrap_or(file);
            let before = *taken.entry((same, charge.row)).or_insert(file);
            if files[before].source != files[file].source {
                twice.entry((file, before)).or_insert((charge.row, 0)).1 += 1;
            }
        }
    }
    let name = |file: usize| &bill.sources[usize::from(files[file].source)].name;
    let problem = |((file, before), (row, rows)): ((usize, usize), (u32, usize))| {
        let message = format!("the sources \"{}\" and \"{}\" both take this row", name(before), name(file));
        let diagnostic = Diagnostic::error(message).at(Place::line(&files[file].path, row));
        let diagnostic =
            if rows > 1 { diagnostic.with_note(format!("and {}", counted(rows - 1, "more row"))) } else { diagnostic };
        diagnostic.with_hint("narrow where of one of them in invoicer.toml, so that each row has one source")
    };
    twice.into_iter().map(problem).collect()
}

/// Errors for files of one source that hold the same rows.
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
    let is_read = |position: &usize| files[*position].source == source && has_rows[*position];
    let mut problems: Vec<Diagnostic> = Vec::new();
    for (copy, first) in copies(root, files, is_read) {
        let message = format!("the file is a copy of {}", files[first].path);
        problems.push(told(Diagnostic::error(message).at(Place::file(&files[copy].path))));
    }
    if problems.is_empty() {
        problems.extend(repeated_bodies(bill, source));
    }
    if problems.is_empty() && files.len() > 1 {
        problems.extend(repeated_rows(bill, source));
    }
    problems
}

/// Maximum number of copies of the rows searched for in one file.
const COPIES: usize = 16;

/// Errors for files whose rows are the same rows several times, as when a download was appended to itself.
///
/// Single rows of a file may well be equal, such as two coupons of the same amount, so they are allowed.
pub(super) fn repeated_bodies(bill: &Bill, source: u16) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    // The rows of a file follow each other.
    for rows in bill.charges.chunk_by(|one, next| one.file == next.file) {
        if bill.subject(&rows[0]).source != source {
            continue;
        }
        let is_copied = |copies: &usize| {
            let length = rows.len() / copies;
            length * copies == rows.len() && {
                // Fast: nearly every file differs in the first rows compared.
                let mut pairs = rows.iter().zip(&rows[length..]);
                has_resource(bill, &rows[..length]) && pairs.all(|(one, other)| is_same(bill, one, other))
            }
        };
        let most = COPIES.min(rows.len());
        let Some(copies) = (2..=most).rev().find(is_copied) else {
            continue;
        };
        let again = &rows[rows.len() / copies];
        let (path, row) = bill.origin(again);
        let (_, first) = bill.origin(&rows[0]);
        let times = if copies == 2 { "twice".to_owned() } else { format!("{copies} times") };
        let count = rows.len() / copies;
        let body = if count == 1 { "the row stands".to_owned() } else { format!("the {count} rows stand") };
        let message = format!("{body} {times} in the file: again from line {row}, first from line {first}");
        let diagnostic = Diagnostic::error(message).at(Place::line(path, row));
        problems.push(
            diagnostic
                .with_hint("the download was appended to itself: fetch the file again, or remove the repeated rows"),
        );
    }
    problems
}

/// Whether any row has a resource: rows without one, such as coupons, may rightly be equal.
fn has_resource(bill: &Bill, rows: &[Charge]) -> bool {
    rows.iter().any(|charge| bill.subject(charge).resource != EMPTY)
}

/// Whether two rows are for the same charge.
fn is_same(bill: &Bill, one: &Charge, other: &Charge) -> bool {
    (one.item, one.day, one.unit_price) == (other.item, other.day, other.unit_price)
        && bill.cost(one) == bill.cost(other)
        && bill.quantity(one) == bill.quantity(other)
        && (one.subject == other.subject || bill.subject(one) == bill.subject(other))
}

/// The positions of files with the bytes of one before them, each with that of the first such file, where they are to be
/// compared. A copy read by another source would be billed twice just the same, so those before may be anyone's. Only files
/// as long as others are read for it, each once: a bill may have thousands.
fn copies(root: &Path, files: &[BillFile], is_compared: impl Fn(&usize) -> bool) -> Vec<(usize, usize)> {
    let mut by_length: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (position, file) in files.iter().enumerate() {
        by_length.entry(file.length).or_default().push(position);
    }
    let mut copies = Vec::new();
    for positions in
        by_length.into_values().filter(|positions| positions.len() > 1 && positions.iter().any(&is_compared))
    {
        let mut first: BTreeMap<(u64, String), usize> = BTreeMap::new();
        for position in positions {
            let Ok(digest) = staging::digest(&root.join(&files[position].path)) else { continue };
            let first = *first.entry(digest).or_insert(position);
            if first != position && is_compared(&position) {
                copies.push((position, first));
            }
        }
    }
    copies.sort_unstable();
    copies
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
