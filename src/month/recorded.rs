//! Checks a record field by field against its documents: numbers, names, dates and figures are computed again from the
//! bills, the kept rules and the earlier records. A field that differs was edited, which the hashes of the documents
//! alone would not show.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::computed::rules;
use super::reproduced::Reproduction;
use crate::billing;
use crate::diagnostic::{Diagnostic, Place};
use crate::ledger::{Before, Document, Ledger, Naming, Stored};
use crate::model::customer::Customer;
use crate::model::invoice::{DocumentKind, Invoice, Original};
use crate::model::period::BillingMonth;
use crate::staging::hash;

/// A document whose record differs from what was computed.
pub struct Misrecorded {
    /// [`Document::file`]; empty for an error in the record as a whole.
    pub file: String,
    /// The recorded and the computed value.
    pub problem: Diagnostic,
}

/// Differences between a record and what its bills and rules give. Dates and reasons that people chose count as right
/// where the documents are consistent with each other.
pub fn misrecorded(ledger: &Ledger, stored: &Stored, reproduction: &Reproduction) -> Vec<Misrecorded> {
    let mut found = Vec::new();
    let workspace = &reproduction.workspace;
    let wrong = |stored: &Stored, what: String| {
        Diagnostic::error(what)
            .at(Place::file(stored.path()))
            .with_hint("issued/ is never edited: put back what git or a backup has")
    };
    let whole = |what: String| Misrecorded { file: String::new(), problem: wrong(stored, what) };
    let rules = rules(workspace, &reproduction.assets);
    let lists = [(&rules, &stored.record.rules), (&workspace.adjustment_files, &stored.record.adjustments)];
    for (files, list) in lists {
        let listed: BTreeSet<(&str, &str)> =
            list.iter().map(|file| (file.path.as_str(), file.sha256.as_str())).collect();
        // An extra file among the copies would be read like one of them.
        let extra = files.iter().filter(|(path, bytes)| !listed.contains(&(path.as_str(), hash(bytes).as_str())));
        found.extend(
            extra.map(|(path, _)| whole(format!("the record does not list {}/{path}", stored.rules_directory()))),
        );
    }
    for customer in &reproduction.unrecorded {
        found.push(whole(format!("the record has no invoice for {customer:?}, and its bills and rules give one")));
    }
    for (invoice, recorded) in &reproduction.documents {
        let customer = &workspace.settings.customers[invoice.customer];
        let Some((own, _)) = ledger.find(&recorded.number) else {
            continue;
        };
        let mut expected = match invoice.kind {
            DocumentKind::CreditNote => credit_note(ledger, own, customer, reproduction, invoice, recorded),
            DocumentKind::Invoice if own.name.contains('-') => corrected(ledger, own, customer, invoice, recorded),
            DocumentKind::Invoice => issued(own.record.month, customer, reproduction, invoice, recorded),
        };
        if let Some(expected) =
            expected.as_mut().filter(|_| own.has_costs_inside() && invoice.kind == DocumentKind::CreditNote)
        {
            // That format recorded credit notes without the cost of what they take back.
            expected.cost = recorded.cost;
        }
        let what = format!("what the record says of {} is not what its bills and rules give", recorded.number);
        let differences = expected.map_or_else(
            || vec!["it corrects nothing that was issued".to_owned()],
            |expected| differences(recorded, &expected),
        );
        if !differences.is_empty() {
            let problem = differences.into_iter().fold(wrong(own, what), Diagnostic::with_note);
            found.push(Misrecorded { file: recorded.file.clone(), problem });
        }
    }
    found
}

/// The expected invoice of a month's own record.
fn issued(
    month: BillingMonth,
    customer: &Customer,
    reproduction: &Reproduction,
    invoice: &Invoice,
    recorded: &Document,
) -> Option<Document> {
    let (issue_date, due_date) = *reproduction.dates.get(&recorded.number)?;
    let running = recorded.running.filter(|_| customer.has_running_number());
    let number = billing::number(month, customer, running);
    let file_name = billing::file_name(month, customer, invoice);
    let document = computed(customer, invoice, (1, running), recorded);
    Some(Document { number, issue_date, due_date, original: None, ..named(document, &file_name) })
}

/// The expected replacement of an invoice taken back, with the date and reason of the credit note in the same record.
fn corrected(
    ledger: &Ledger,
    stored: &Stored,
    customer: &Customer,
    invoice: &Invoice,
    recorded: &Document,
) -> Option<Document> {
    let month = stored.record.month;
    let note = stored.record.documents.iter().find(|document| document.kind == DocumentKind::CreditNote)?;
    let (_, original) = ledger.find(&note.original.as_ref()?.number)?;
    let before = ledger.before(stored);
    let version = original.version.saturating_add(1);
    let running = recorded.running.filter(|_| customer.has_running_number());
    let number = match running {
        Some(_) => billing::number(month, customer, running),
        None => free_number(before, billing::number(month, customer, None), version as usize),
    };
    let file_name = free_file_name(before, month, customer, invoice, &[note]);
    let document = computed(customer, invoice, (version, running), recorded);
    Some(Document {
        number,
        issue_date: note.issue_date,
        original: Some(Original {
            number: original.number.clone(),
            issue_date: original.issue_date,
            refund_note: None,
            ..note.original.clone()?
        }),
        ..named(document, &file_name)
    })
}

fn credit_note(
    ledger: &Ledger,
    stored: &Stored,
    customer: &Customer,
    reproduction: &Reproduction,
    note: &Invoice,
    recorded: &Document,
) -> Option<Document> {
    let (_, original) = ledger.find(&note.original.as_ref()?.number)?;
    let before = ledger.before(stored);
    let file_name = free_file_name(before, stored.record.month, customer, note, &[]);
    let lines = reproduction.note_lines.get(&recorded.number)?.clone();
    let version = credit_version(before, &original.number);
    let naming = Naming { lines, sources: recorded.has_sources(), ..Naming::of_invoice(customer, note, version, None) };
    let document = Document { outputs: recorded.outputs.clone(), ..Document::of(note, naming) };
    Some(Document {
        number: credit_number(before, &original.number),
        // A credit note is never earlier than the invoice it takes back.
        issue_date: recorded.issue_date.max(original.issue_date),
        whole: recorded.whole,
        customer_name: original.customer_name.clone(),
        ..named(document, &file_name)
    })
}

/// An expected invoice with its recorded files.
fn computed(
    customer: &Customer,
    invoice: &Invoice,
    (version, running): (u32, Option<u64>),
    recorded: &Document,
) -> Document {
    let naming = Naming { sources: recorded.has_sources(), ..Naming::of_invoice(customer, invoice, version, running) };
    Document { outputs: recorded.outputs.clone(), ..Document::of(invoice, naming) }
}

fn named(document: Document, file_name: &str) -> Document {
    Document { file: format!("{}/{file_name}", document.customer), ..document }
}

/// Message on the fields in which two documents differ.
fn differences(recorded: &Document, expected: &Document) -> Vec<String> {
    if recorded == expected {
        return Vec::new();
    }
    let reference = |original: &Option<Original>| {
        original.as_ref().map(|original| format!("{} of {}: {}", original.number, original.issue_date, original.reason))
    };
    let date = |date: NaiveDate| date.to_string();
    let running = |running: Option<u64>| running.map(|running| running.to_string());
    let fields = [
        ("number", Some(recorded.number.clone()), Some(expected.number.clone())),
        ("version", Some(recorded.version.to_string()), Some(expected.version.to_string())),
        ("running", running(recorded.running), running(expected.running)),
        ("customer", Some(recorded.customer.clone()), Some(expected.customer.clone())),
        ("customer_name", Some(recorded.customer_name.clone()), Some(expected.customer_name.clone())),
        ("issue_date", Some(date(recorded.issue_date)), Some(date(expected.issue_date))),
        ("due_date", Some(date(recorded.due_date)), Some(date(expected.due_date))),
        ("order_number", recorded.order_number.clone(), expected.order_number.clone()),
        ("original", reference(&recorded.original), reference(&expected.original)),
        ("whole", Some(recorded.whole.to_string()), Some(expected.whole.to_string())),
        ("cost", Some(recorded.cost.to_string()), Some(expected.cost.to_string())),
        ("file", Some(recorded.file.clone()), Some(expected.file.clone())),
    ];
    let shown = |value: Option<String>| value.map_or("none".to_owned(), |value| format!("{value:?}"));
    let unlike = fields.into_iter().filter(|(_, recorded, expected)| recorded != expected);
    let words =
        unlike.map(|(name, recorded, expected)| format!("{name} is {}, not {}", shown(recorded), shown(expected)));
    let mut words: Vec<String> = words.collect();
    words.extend(recorded.figures_difference(expected));
    if words.is_empty() {
        // Fields added to `Document` later are compared too, without being named.
        words.push("a field differs".to_owned());
    }
    words
}

/// `CN-` and the invoice's number; the second credit note of an invoice ends in `-2`.
pub fn credit_number(before: Before<'_>, number: &str) -> String {
    free_number(before, format!("CN-{number}"), credit_version(before, number) as usize)
}

/// The version of an invoice's next credit note.
pub fn credit_version(before: Before<'_>, number: &str) -> u32 {
    u32::try_from(before.credits_of(number)).unwrap_or(u32::MAX).saturating_add(1)
}

/// The number for the `version`-th document of its kind: `first` with the version behind it, or with the next one that
/// no other document has. The second invoice of one customer may clash with the first of another.
pub fn free_number(before: Before<'_>, first: String, version: usize) -> String {
    let number = |version: usize| if version == 1 { first.clone() } else { format!("{first}-{version}") };
    let mut version = version;
    while before.has(&number(version)) {
        version += 1;
    }
    number(version)
}

/// Name of a document's files; with its number where another of the customer's documents has that name.
pub fn free_file_name(
    before: Before<'_>,
    month: BillingMonth,
    customer: &Customer,
    invoice: &Invoice,
    others: &[&Document],
) -> String {
    let name = billing::file_name(month, customer, invoice);
    let issued = before
        .records()
        .iter()
        .filter(|stored| stored.record.month == month)
        .flat_map(|stored| &stored.record.documents);
    let mut taken = issued.chain(others.iter().copied()).filter(|document| document.customer == customer.id);
    // Some file systems ignore case.
    match taken.any(|document| document.file_name().to_lowercase() == name.to_lowercase()) {
        true => format!("{name}_{}", invoice.number.replace(['/', '\\', ':', '*', '?', '"', '<', '>', '|'], "_")),
        false => name,
    }
}
