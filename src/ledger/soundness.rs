//! Checks what a record may contain, and that records agree with each other. Whoever can write to `issued/` can write
//! anything there: a path that leads outside the month's directory, the largest possible number. Every command refuses
//! such a record when it reads it, and none writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use chrono::{Datelike, NaiveDate};
use rustc_hash::{FxHashMap, FxHashSet};

use super::record::{Document, Record, file_of};
use super::{Stored, chain};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::adjustment::DIRECTORY;
use crate::model::audience::{INTERNAL, is_reserved};
use crate::model::carried::CustomerRest;
use crate::model::invoice::{DocumentKind, Original};
use crate::model::period::BillingMonth;
use crate::model::plain::{beginning, is_line, is_name, is_path, is_sha256};
use crate::staging::Written;

/// Maximum length of a document number, in characters.
const LONGEST_NUMBER: usize = 400;

/// Maximum length of a name, a reason or the text of a line, in characters.
const LONGEST_TEXT: usize = 1 << 16;

/// Maximum running number and version: far beyond real ones, and small enough that counting on cannot overflow.
const LAST_RUNNING: u64 = 1_000_000_000_000_000_000;
const LAST_VERSION: u32 = 1_000_000;

/// File extensions of a document.
const ENDINGS: [&str; 4] = ["pdf", "html", "json", "csv"];

/// Years in which documents are issued and due.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=9999;

type Checked = Result<(), String>;

/// Checks that this program could have written everything in a record.
///
/// # Errors
/// The first invalid field, with its value.
pub(super) fn record<S: Deref<Target = str>>(record: &Record<S>) -> Checked {
    field("tool", &record.tool, is_line(&record.tool, 100))?;
    if let Some(previous) = &record.previous {
        field("previous.file", &previous.file, chain::record_of(&previous.file).is_some())?;
        field("previous.sha256", &previous.sha256, is_sha256(&previous.sha256))?;
    }
    files("bills", &record.bills, is_path)?;
    files("rules", &record.rules, is_path)?;
    files("adjustments", &record.adjustments, |path| {
        is_path(path) && path.strip_prefix(DIRECTORY).is_some_and(|rest| rest.starts_with('/'))
    })?;
    files("review", &record.review, |path| matches!(path, "summary.json" | "index.html"))?;
    for rest in record.carried.taken.iter().chain(&record.carried.left) {
        field("carried.customer", &rest.customer, is_customer(&rest.customer))?;
    }
    if !record.carried.is_of(record.month) {
        return Err("carried is of other months".to_owned());
    }
    record.documents.iter().try_for_each(document)?;
    kept(record)?;
    if record.rules.is_empty() && record.documents.iter().any(|document| document.kind == DocumentKind::Invoice) {
        // Without rules its invoices could not be computed again.
        return Err("rules is empty".to_owned());
    }
    let mut names = FxHashSet::default();
    match record.documents.iter().find(|document| !names.insert(&*document.file)) {
        Some(twice) => Err(format!("documents.file {:?} is that of two documents", beginning(&twice.file))),
        None => Ok(()),
    }
}

/// Checks that every document has the files of which the record says that they are kept.
fn kept<S: Deref<Target = str>>(record: &Record<S>) -> Checked {
    let mut known = BTreeSet::new();
    for format in &record.kept {
        let name = format.extension();
        if !known.insert(format) {
            return Err(format!("kept names {name:?} twice"));
        }
        if let Some(without) = record.documents.iter().find(|document| document.output(*format).is_none()) {
            return Err(format!("kept names {name:?}, which {:?} does not have", beginning(&without.number)));
        }
    }
    Ok(())
}

fn document<S: Deref<Target = str>>(document: &Document<S>) -> Checked {
    field("documents.number", &document.number, is_number(&document.number))?;
    number("documents.version", u64::from(document.version), 1..=u64::from(LAST_VERSION))?;
    if let Some(running) = document.running {
        number("documents.running", running, 0..=LAST_RUNNING)?;
    }
    field("documents.customer", &document.customer, is_customer(&document.customer))?;
    text("documents.customer_name", &document.customer_name)?;
    let order_number = document.order_number.as_deref();
    field(
        "documents.order_number",
        order_number.unwrap_or_default(),
        order_number.is_none_or(|it| is_line(it, LONGEST_TEXT)),
    )?;
    date("documents.issue_date", document.issue_date)?;
    date("documents.due_date", document.due_date)?;
    if let Some(original) = &document.original {
        field("documents.original.number", &original.number, is_number(&original.number))?;
        date("documents.original.issue_date", original.issue_date)?;
        text("documents.original.reason", &original.reason)?;
        text("documents.original.refund_note", original.refund_note.as_deref().unwrap_or_default())?;
    }
    for (index, item) in document.items.iter().enumerate() {
        text("documents.items.source", item.source.as_deref().unwrap_or_default())?;
        text("documents.items.name", &item.name)?;
        text("documents.items.qualifier", item.qualifier.as_deref().unwrap_or_default())?;
        let adjustment = item.adjustment.as_deref();
        field("documents.items.adjustment", adjustment.unwrap_or_default(), adjustment.is_none_or(is_name))?;
        text("documents.items.section", item.section.as_deref().unwrap_or_default())?;
        let expected =
            if document.kind == DocumentKind::Invoice { index + 1..=index + 1 } else { 0..=u32::MAX as usize };
        if !expected.contains(&item.line) {
            return Err(format!("documents.items.line is {} in {:?}", item.line, beginning(&document.number)));
        }
    }
    let name = document.file.strip_prefix(&*document.customer).and_then(|rest| rest.strip_prefix('/'));
    field("documents.file", &document.file, name.is_some_and(is_name))?;
    let is_own = |path: &str| {
        let stem = path.strip_prefix(INTERNAL).and_then(|path| path.strip_prefix('/')).unwrap_or(path);
        let ending = stem.strip_prefix(&*document.file).and_then(|ending| ending.strip_prefix('.'));
        file_of(path) == &*document.file && ending.is_some_and(|ending| ENDINGS.contains(&ending))
    };
    files("documents.outputs", &document.outputs, is_own)
}

/// Checks a list of files: every path is valid and listed once.
fn files<S: Deref<Target = str>>(name: &str, files: &[Written<S>], is_good: impl Fn(&str) -> bool) -> Checked {
    // A document's are sorted: the set is for those of another order.
    let is_sorted = files.is_sorted_by(|one, next| *one.path < *next.path);
    let mut paths = BTreeSet::new();
    let mut is_new = |path| is_sorted || paths.insert(path);
    for file in files {
        let of_list = |wrong: String| format!("{name}.{wrong}");
        field("path", &file.path, is_good(&file.path) && is_new(&*file.path)).map_err(of_list)?;
        field("sha256", &file.sha256, is_sha256(&file.sha256)).map_err(of_list)?;
    }
    Ok(())
}

/// Whether a document number is valid. It is checked as a path, because people may use it as a file name.
fn is_number(number: &str) -> bool {
    is_path(number) && is_line(number, LONGEST_NUMBER)
}

fn is_customer(id: &str) -> bool {
    is_name(id) && !is_reserved(id)
}

fn field(name: &str, text: &str, is_good: bool) -> Checked {
    if is_good { Ok(()) } else { Err(format!("{name} is {:?}", beginning(text))) }
}

/// Checks the length of a text that is only printed and compared.
fn text(name: &str, text: &str) -> Checked {
    field(name, text, text.len() <= LONGEST_TEXT || text.chars().nth(LONGEST_TEXT).is_none())
}

fn number(name: &str, number: u64, range: std::ops::RangeInclusive<u64>) -> Checked {
    if range.contains(&number) { Ok(()) } else { Err(format!("{name} is {number}")) }
}

fn date(name: &str, date: NaiveDate) -> Checked {
    if YEARS.contains(&date.year()) { Ok(()) } else { Err(format!("{name} is {date}")) }
}

/// Contradictions between records that are each valid, in the order of the chain: numbers assigned twice, corrections
/// of documents that were never issued, rests that no month left.
pub(super) fn together(records: &[Stored]) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut before = Before::default();
    for stored in records {
        let wrong = |what: String| Diagnostic::error(what).at(Place::file(stored.path())).with_hint(chain::HINT);
        faults.extend(before.faults(stored).into_iter().map(wrong));
        before.add(stored);
    }
    faults
}

/// Documents and rests of the records before the one being checked.
#[derive(Default)]
struct Before<'a> {
    documents: FxHashMap<&'a str, (&'a Stored, &'a Document)>,
    /// Rests that were left, by customer and month.
    left: BTreeMap<(&'a str, BillingMonth), Vec<&'a CustomerRest>>,
    /// The records that took rests, by the customer and the month that left them.
    taken: BTreeMap<(&'a str, BillingMonth), Vec<&'a Stored>>,
}

/// Customer and month of a rest.
fn origin(rest: &CustomerRest) -> (&str, BillingMonth) {
    (&rest.customer, rest.month)
}

impl<'a> Before<'a> {
    fn add(&mut self, stored: &'a Stored) {
        self.documents.extend(stored.record.documents.iter().map(|it| (it.number.as_str(), (stored, it))));
        for rest in &stored.record.carried.left {
            self.left.entry(origin(rest)).or_default().push(rest);
        }
        for rest in &stored.record.carried.taken {
            self.taken.entry(origin(rest)).or_default().push(stored);
        }
    }

    fn faults(&self, stored: &Stored) -> Vec<String> {
        let mut faults = Vec::new();
        let mut own = FxHashSet::default();
        for document in &stored.record.documents {
            if let Some((first, _)) = self.documents.get(document.number.as_str()) {
                faults.push(format!("the number {} was given before, in {}", document.number, first.path()));
            } else if !own.insert(document.number.as_str()) {
                faults.push(format!("the number {} is given twice", document.number));
            }
            faults.extend(self.misplaced(stored, document));
        }
        for rest in &stored.record.carried.taken {
            let taken = self.taken.get(&origin(rest)).into_iter().flatten();
            let mut by_others = taken.filter(|by| by.record.month != stored.record.month);
            if !self.left.get(&origin(rest)).is_some_and(|left| left.contains(&rest)) {
                faults.push(format!("no record left what is taken of {:?} from {}", rest.customer, rest.month));
            } else if let Some(by) = by_others.next() {
                let by = by.path();
                faults.push(format!(
                    "what is taken of {:?} from {} was taken before, by {by}",
                    rest.customer, rest.month
                ));
            }
        }
        faults
    }

    /// Why a document does not belong in its record: a month's record has its invoices, a correction has the credit
    /// note of an invoice issued before and the invoice that replaces it.
    fn misplaced(&self, stored: &Stored, document: &Document) -> Option<String> {
        let number = &document.number;
        let is_correction = stored.name.contains('-');
        let Some(original) = &document.original else {
            let is_placed = !is_correction && document.kind == DocumentKind::Invoice;
            return (!is_placed).then(|| format!("{number} does not name the invoice that it corrects"));
        };
        if !is_correction {
            return Some(format!("{number} corrects {}, which belongs into a record of its own", original.number));
        }
        let Some((of, corrected)) = self.documents.get(original.number.as_str()) else {
            return Some(format!("{number} corrects {}, which no record before has", original.number));
        };
        let same = corrected.kind == DocumentKind::Invoice
            && of.record.month == stored.record.month
            && (&corrected.customer, corrected.issue_date) == (&document.customer, original.issue_date);
        if !same {
            return Some(format!(
                "{number} is not of the customer, month and date of {}, which it corrects",
                original.number
            ));
        }
        let is_note = |it: &Document, original: &Original| {
            it.kind == DocumentKind::CreditNote
                && it.original.as_ref().is_some_and(|of| of.is_same_correction(original))
        };
        let replaces_nothing = document.kind == DocumentKind::Invoice
            && !stored.record.documents.iter().any(|it| it.whole && is_note(it, original));
        replaces_nothing
            .then(|| format!("{number} is in place of {}, which is not taken back with it", original.number))
    }
}
