//! A month as it was issued: computed again from its bills and the copies of its rules, and compared with the record.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::Work;
use crate::assets::Assets;
use crate::billing::{self, CreditTerms, CreditedLine, Extent};
use crate::cli::Format;
use crate::diagnostic::{Diagnostic, Place};
use crate::files;
use crate::ledger::{self, Document, Ledger, Naming, Stored};
use crate::model::amount::{Amount, TooLong};
use crate::model::audience::INTERNAL;
use crate::model::carried::CustomerRest;
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::invoice::{DocumentKind, Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::out;
use crate::printer::Progress;
use crate::sources;
use crate::staging::{Written, digest, hash};
use crate::workspace::{self, Workspace};

/// What was issued from the rules of one record: its invoices, and the credit notes that take them back.
pub struct Reproduction {
    /// The rules as they were.
    pub workspace: Workspace,
    /// Templates, faces and images as they were.
    pub assets: Assets,
    /// The bills, which are not copied: `billing/` is never edited.
    pub bill: Bill,
    /// The documents, computed again, with what was recorded of each.
    pub documents: Vec<(Invoice, Document)>,
    /// Issue and due date of each invoice by its number, as the rules give them.
    pub dates: BTreeMap<String, (NaiveDate, NaiveDate)>,
    /// The invoice's line numbers of each credit note's items, by the note's number.
    pub note_lines: BTreeMap<String, Vec<usize>>,
    /// Ids of customers that the bills and rules give an invoice and that the month's record has none for.
    pub unrecorded: Vec<String>,
    /// Numbers of the documents that were sent with the issuer's costs inside; see [`ledger::COSTS_INSIDE`].
    pub costs_inside: BTreeSet<String>,
}

impl Reproduction {
    /// Computes what was issued from the rules of a record.
    ///
    /// # Errors
    /// Copies or bills that cannot be read, and documents that the bills no longer give.
    pub fn of(root: &Path, ledger: &Ledger, stored: &Stored) -> Result<Reproduction, Vec<Diagnostic>> {
        let month = stored.record.month;
        let rules = root.join(stored.rules_directory());
        let inside = |problems: Vec<Diagnostic>| -> Vec<Diagnostic> {
            let note = format!("in the copy of the rules that was kept: {}", stored.rules_directory());
            problems.into_iter().map(|problem| problem.with_note(note.clone())).collect()
        };
        let workspace = workspace::load(&rules).map_err(inside)?;
        let assets = Assets::load(&rules, &workspace.settings).map_err(inside)?;
        // Whether the bills were final was decided when the month was issued.
        let bill = sources::read(root, &workspace.settings, month, true)?;
        let taken = &stored.record.carried.taken;
        let billed = billing::invoices(&bill, &workspace.settings, Status::Issued, taken).map_err(inside)?;
        // A corrected invoice has a record of its own, which leaves nothing: what the month left, its first record says.
        if stored.name == month.to_string() && billed.carried.left != stored.record.carried.left {
            let message = format!("the bills no longer leave what {month} carried forward");
            return Err(vec![Diagnostic::error(message).at(Place::file(stored.path()))]);
        }
        let mut computed: BTreeMap<String, Invoice> = BTreeMap::new();
        for invoice in billed.invoices {
            computed.insert(workspace.settings.customers[invoice.customer].id.clone(), invoice);
        }
        let mut documents = Vec::new();
        let (mut dates, mut note_lines) = (BTreeMap::new(), BTreeMap::new());
        let mut costs_inside = BTreeSet::new();
        for recorded in stored.record.documents.iter().filter(|document| document.kind == DocumentKind::Invoice) {
            let Some(mut invoice) = computed.remove(&recorded.customer) else {
                let message = format!("the bills no longer give an invoice for \"{}\"", recorded.customer);
                let diagnostic = Diagnostic::error(message).at(Place::file(stored.path()));
                return Err(vec![diagnostic.with_note(format!("{} was issued from them", recorded.number))]);
            };
            dates.insert(recorded.number.clone(), (invoice.issue_date, invoice.due_date));
            take_over(&mut invoice, recorded);
            if stored.has_costs_inside() {
                costs_inside.insert(recorded.number.clone());
            }
            documents.push((invoice, recorded.clone()));
        }
        let mut notes = Vec::new();
        for (invoice, _) in &documents {
            for (stored, recorded) in ledger.credits_of(&invoice.number) {
                if stored.has_costs_inside() {
                    costs_inside.insert(recorded.number.clone());
                }
                let note = credit_note(ledger, &workspace.settings, month, invoice, recorded);
                let (note, lines) = note.map_err(|problem| vec![problem])?;
                note_lines.insert(recorded.number.clone(), lines);
                notes.push((note, recorded.clone()));
            }
        }
        documents.extend(notes);
        // The record of a correction has one customer's invoice.
        let unrecorded = if stored.name.contains('-') { Vec::new() } else { computed.into_keys().collect() };
        Ok(Reproduction { workspace, assets, bill, documents, dates, note_lines, unrecorded, costs_inside })
    }

    /// Makes the documents, in those formats, for which `wanted` holds; each that is not what was issued is told.
    ///
    /// Those that were sent with costs inside are made without, so only their figures are compared; the PDF that was sent is
    /// made too, for the issuer, where it comes out as it was.
    ///
    /// # Errors
    /// Documents that differ from those issued, and whatever `sink` refuses.
    pub fn write(
        &self,
        formats: &[Format],
        wanted: &dyn Fn(&Document) -> bool,
        sink: &super::Sink<'_>,
        progress: &Progress,
    ) -> Result<(), Vec<Diagnostic>> {
        let chosen: Vec<&(Invoice, Document)> =
            self.documents.iter().filter(|(_, recorded)| wanted(recorded)).collect();
        let mut recorded: BTreeMap<&str, (&str, &Document)> = BTreeMap::new();
        for (_, document) in &chosen {
            let outputs = document.outputs.iter();
            recorded.extend(outputs.map(|output| (output.path.as_str(), (output.sha256.as_str(), document))));
        }
        let differing = Mutex::new(Vec::new());
        let with_costs: Vec<&(Invoice, Document)> =
            chosen.iter().copied().filter(|(_, recorded)| self.costs_inside.contains(&recorded.number)).collect();
        let names_with_costs: BTreeSet<&str> = with_costs.iter().map(|(_, recorded)| recorded.file.as_str()).collect();
        let compared = |path: &str, bytes: &[u8]| {
            match recorded.get(path) {
                _ if names_with_costs.contains(ledger::file_of(path)) => {}
                Some((sha256, _)) if *sha256 == hash(bytes) => {}
                _ => {
                    differing.lock().expect("no thread panics while it holds the lock").push(path.to_owned());
                }
            }
            sink(path, bytes)
        };
        let invoices: Vec<&Invoice> = chosen.iter().map(|(invoice, _)| invoice).collect();
        let Workspace { settings, files, .. } = &self.workspace;
        let work = Work { bill: &self.bill, settings, files, assets: &self.assets, formats };
        super::documents(&work, &invoices, &compared, progress)?;
        if formats.contains(&Format::Pdf) {
            with_costs.par_iter().try_for_each(|(invoice, recorded)| sent(&work, invoice, recorded, sink))?;
        }
        let mut differing = differing.into_inner().expect("no thread panics while it holds the lock");
        let other_figures = with_costs.iter().filter(|(_, recorded)| self.difference(recorded).is_some());
        differing.extend(other_figures.flat_map(|(_, recorded)| recorded.outputs.iter().map(|it| it.path.clone())));
        differing.sort();
        let problem = |path: &String| {
            let figures = recorded.get(path.as_str()).map(|(_, document)| self.difference(document));
            let diagnostic = Diagnostic::error("the document comes out otherwise than it was issued")
                .at(Place::file(format!("out/{}/{path}", self.bill.month)));
            match figures.flatten() {
                Some(figures) => diagnostic.with_note(figures),
                None => diagnostic,
            }
        };
        if differing.is_empty() { Ok(()) } else { Err(differing.iter().map(problem).collect()) }
    }

    /// How the figures of a document come out otherwise, if they do.
    fn difference(&self, recorded: &Document) -> Option<String> {
        let (invoice, _) = self.documents.iter().find(|(_, document)| document.number == recorded.number)?;
        let lines = recorded.items.iter().map(|line| line.line).collect();
        let computed = Document::of(invoice, naming(recorded, lines));
        difference(recorded, &computed)
    }
}

/// The PDF as it was sent, with costs inside, among the issuer's files: the evidence that belongs to the hash in the record.
/// Where this program lays out pages otherwise there is none.
fn sent(
    work: &Work<'_>,
    invoice: &Invoice,
    recorded: &Document,
    sink: &super::Sink<'_>,
) -> Result<(), Vec<Diagnostic>> {
    let path = format!("{}.{}", recorded.file, Format::Pdf.extension());
    let Some(output) = recorded.outputs.iter().find(|output| output.path == path) else {
        return Ok(());
    };
    let bytes = super::pdf_with_costs(work, invoice)?;
    match hash(&bytes) == output.sha256 {
        true => sink(&format!("{INTERNAL}/{path}"), &bytes).map_err(|problem| vec![problem]),
        false => Ok(()),
    }
}

/// The copy of a record's naming for a document computed again.
pub fn naming(recorded: &Document, lines: Vec<usize>) -> Naming {
    Naming {
        customer: recorded.customer.clone(),
        customer_name: recorded.customer_name.clone(),
        version: recorded.version,
        running: recorded.running,
        whole: recorded.whole,
        lines,
    }
}

/// How the figures of two documents differ, in words; none when they are the same.
pub fn difference(recorded: &Document, computed: &Document) -> Option<String> {
    if recorded.has_figures_of(computed) {
        return None;
    }
    let money = |document: &Document| format!("{} {}", document.total, document.currency);
    if (recorded.total, recorded.currency) != (computed.total, computed.currency) {
        return Some(format!("total {} when issued, {} now", money(recorded), money(computed)));
    }
    let lines = |document: &Document| -> Vec<String> {
        document.items.iter().map(|line| format!("{} {}", line.name, line.amount)).collect()
    };
    let (before, now) = (lines(recorded), lines(computed));
    let gone = before.iter().filter(|line| !now.contains(line)).map(|line| format!("-{line}"));
    let new = now.iter().filter(|line| !before.contains(line)).map(|line| format!("+{line}"));
    let changed: Vec<String> = gone.chain(new).take(4).collect();
    let changed = if changed.is_empty() { "order or taxes".to_owned() } else { changed.join(", ") };
    Some(format!("same total {}, other lines: {changed}", money(recorded)))
}

/// Number, dates and name as they were given.
fn take_over(invoice: &mut Invoice, recorded: &Document) {
    invoice.number.clone_from(&recorded.number);
    invoice.original.clone_from(&recorded.original);
    invoice.issue_date = recorded.issue_date;
    invoice.due_date = recorded.due_date;
    recorded.file_name().clone_into(&mut invoice.file_name);
}

/// A credit note as it was issued, with the invoice's line numbers of its items.
fn credit_note(
    ledger: &Ledger,
    settings: &Settings,
    month: BillingMonth,
    invoice: &Invoice,
    recorded: &Document,
) -> Result<(Invoice, Vec<usize>), Diagnostic> {
    let before = ledger.credited(&invoice.number, Some(&recorded.number)).map_err(|error| {
        Diagnostic::error(format!("what was credited of {} cannot be added up: {error}", invoice.number))
    })?;
    let lines = recorded.credited_lines();
    let lines = lines.map(|line| CreditedLine { line: line.line, amount: Some(line.amount.negated()) });
    let extent = if recorded.whole { Extent::Whole } else { Extent::Lines(lines.collect()) };
    let terms = terms(settings, month, invoice, recorded.number.clone());
    let reason = recorded.original.as_ref().map_or("", |original| original.reason.as_str());
    let terms = CreditTerms { date: recorded.issue_date, reason, extent: &extent, ..terms };
    let (mut note, lines) = billing::credit(invoice, &before, terms)?;
    recorded.file_name().clone_into(&mut note.file_name);
    Ok((note, lines))
}

/// The terms of a credit note that the settings decide; date, reason and extent are left to be filled in.
pub fn terms<'a>(settings: &Settings, month: BillingMonth, invoice: &Invoice, number: String) -> CreditTerms<'a> {
    let to_yen = match invoice.currency {
        Currency::Jpy => None,
        currency => settings.fx_rate(month, currency, Currency::Jpy),
    };
    let customer = &settings.customers[invoice.customer];
    CreditTerms {
        number,
        date: invoice.issue_date,
        reason: "",
        extent: &Extent::Whole,
        rounding: customer.pricing.rounding,
        tax_rounding: settings.tax_rounding(invoice.customer).0,
        language: customer.invoice.language,
        to_yen,
    }
}

/// What became of a file since a record was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// From the workspace's root.
    pub path: String,
    /// Whether it is gone altogether.
    pub is_missing: bool,
}

/// The files of a list that are no longer what they were.
pub fn changed_files(root: &Path, recorded: &[Written]) -> Vec<ChangedFile> {
    let changed = |file: &Written| {
        let path = root.join(&file.path);
        let found = match file.path.ends_with(".toml") {
            // The list has hashes of text without its byte order mark, as it was read.
            true => {
                let text = files::read(&path, files::TEXT);
                text.map(|text| hash(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text)))
            }
            false => digest(&path).map(|(_, sha256)| sha256),
        };
        let found = found.ok();
        let is_same = found.as_ref() == Some(&file.sha256);
        (!is_same).then(|| ChangedFile { path: file.path.clone(), is_missing: found.is_none() })
    };
    recorded.par_iter().filter_map(changed).collect()
}

/// Each customer's standing invoice of a month: the last that was not replaced or taken back whole.
pub fn standing(ledger: &Ledger, month: BillingMonth) -> Vec<&Document> {
    let mut standing: BTreeMap<&str, &Document> = BTreeMap::new();
    for stored in ledger.of_month(month) {
        for document in &stored.record.documents {
            match (document.kind, &document.original) {
                (DocumentKind::Invoice, _) => {
                    standing.insert(&document.customer, document);
                }
                (DocumentKind::CreditNote, Some(original)) if document.whole => {
                    if standing.get(document.customer.as_str()).is_some_and(|it| it.number == original.number) {
                        standing.remove(document.customer.as_str());
                    }
                }
                (DocumentKind::CreditNote, _) => {}
            }
        }
    }
    standing.into_values().collect()
}

/// What a customer was billed for a month when all corrections are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// Currency of the figures.
    pub currency: Currency,
    /// Before tax.
    pub subtotal: Amount,
    /// Tax.
    pub tax: Amount,
    /// To be paid.
    pub total: Amount,
    /// What the provider charges for it.
    pub cost: Amount,
}

/// What stands of an issued month by customer: the standing invoices less what was taken back of them in part. What was
/// taken back brings nothing in, but the provider charges for it all the same: the cost stays.
///
/// # Errors
/// Sums with too many digits.
pub fn net(ledger: &Ledger, month: BillingMonth) -> Result<BTreeMap<String, Net>, TooLong> {
    let mut all = BTreeMap::new();
    for document in standing(ledger, month) {
        let Document { currency, subtotal, tax, total, cost, .. } = *document;
        let mut net = Net { currency, subtotal, tax, total, cost };
        for (_, note) in ledger.credits_of(&document.number) {
            net.subtotal = net.subtotal.plus(note.subtotal)?;
            net.tax = net.tax.plus(note.tax)?;
            net.total = net.total.plus(note.total)?;
        }
        all.insert(document.customer.clone(), net);
    }
    Ok(all)
}

/// What the present rules would give otherwise than was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// The customer's id.
    pub customer: String,
    /// The number of what was issued, if anything was.
    pub number: Option<String>,
    /// The difference in words.
    pub difference: String,
}

/// What the present rules would give otherwise than was issued, by customer.
///
/// # Errors
/// Whatever stops the month with the present rules.
pub fn differences(ledger: &Ledger, settings: &Settings, bill: &Bill) -> Result<Vec<Deviation>, Vec<Diagnostic>> {
    let month = bill.month;
    let (taken, left) = match ledger.month(month) {
        Some(stored) => (stored.record.carried.taken.as_slice(), stored.record.carried.left.as_slice()),
        None => (&[][..], &[][..]),
    };
    let billed = billing::invoices(bill, settings, Status::Built, taken)?;
    let standing = standing(ledger, month);
    let mut found = Vec::new();
    let mut rests: Vec<&CustomerRest> = left.iter().chain(&billed.carried.left).collect();
    rests.retain(|rest| !(left.contains(rest) && billed.carried.left.contains(rest)));
    let deviation = |customer: &str, number: Option<&String>, difference: String| Deviation {
        customer: customer.to_owned(),
        number: number.cloned(),
        difference,
    };
    for rest in rests {
        if !found.iter().any(|known: &Deviation| known.customer == rest.customer) {
            let difference = "what is carried forward is not what it was when issued".to_owned();
            found.push(deviation(&rest.customer, None, difference));
        }
    }
    for invoice in &billed.invoices {
        let customer = &settings.customers[invoice.customer];
        match standing.iter().find(|document| document.customer == customer.id) {
            Some(document) => {
                let lines = (1..=invoice.items.len()).collect();
                let computed = Document::of(invoice, naming(document, lines));
                if let Some(difference) = difference(document, &computed) {
                    found.push(deviation(&customer.id, Some(&document.number), difference));
                }
            }
            None if ledger.of_month(month).all(|stored| !has_customer(stored, &customer.id)) => {
                let difference = format!("no invoice when issued, {} {} now", invoice.total, invoice.currency);
                found.push(deviation(&customer.id, None, difference));
            }
            // Taken back and not replaced: there is nothing to compare with.
            None => {}
        }
    }
    for document in standing {
        let is_billed =
            billed.invoices.iter().any(|invoice| settings.customers[invoice.customer].id == document.customer);
        if !is_billed {
            let difference = format!("{} {} when issued, no invoice now", document.total, document.currency);
            found.push(deviation(&document.customer, Some(&document.number), difference));
        }
    }
    Ok(found)
}

fn has_customer(stored: &Stored, id: &str) -> bool {
    stored.record.documents.iter().any(|document| document.customer == id)
}

/// The manifest of an issued month: what its records list.
pub fn manifest(ledger: &Ledger, month: BillingMonth, outputs: Vec<Written>) -> out::Manifest {
    let mut inputs: Vec<Written> = Vec::new();
    if let Some(stored) = ledger.month(month) {
        inputs.extend(stored.record.bills.iter().chain(&stored.record.rules).cloned());
    }
    out::Manifest::new(month.to_string(), inputs, Vec::new(), outputs)
}
