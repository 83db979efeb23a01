//! Computes what remains of an issued month after all credit notes and corrected invoices.

use std::collections::{BTreeMap, BTreeSet};

use crate::billing::NO_LINE;
use crate::ledger::{Document, Ledger, Stored};
use crate::model::amount::{Amount, TooLong};
use crate::model::currency::Currency;
use crate::model::history::{BilledLine, Used};
use crate::model::invoice::{DocumentKind, ItemKind};
use crate::model::period::BillingMonth;
use crate::render::InvoiceState;

/// Each customer's valid invoice of a month: the last that was not replaced or taken back whole.
pub fn standing(ledger: &Ledger, month: BillingMonth) -> Vec<&Document> {
    standing_in(ledger, month).map(|(_, document)| document).collect()
}

/// [`standing`], each with the record that it is in.
fn standing_in(ledger: &Ledger, month: BillingMonth) -> impl Iterator<Item = (&Stored, &Document)> {
    let mut standing: BTreeMap<&str, (&Stored, &Document)> = BTreeMap::new();
    for stored in ledger.of_month(month) {
        for document in &stored.record.documents {
            match (document.kind, &document.original) {
                (DocumentKind::Invoice, _) => {
                    standing.insert(&document.customer, (stored, document));
                }
                (DocumentKind::CreditNote, Some(original)) if document.whole => {
                    if standing.get(document.customer.as_str()).is_some_and(|(_, it)| it.number == original.number) {
                        standing.remove(document.customer.as_str());
                    }
                }
                (DocumentKind::CreditNote, _) => {}
            }
        }
    }
    standing.into_values()
}

/// Which record each customer's valid invoice of a month is in. A corrected invoice has a record of its own, with copies of
/// the workspace as it was then, while the invoices of the other customers still come from the copies before.
pub struct Issuers<'l> {
    records: Vec<&'l Stored>,
    /// Names of the records; none for customers whose invoice was taken back and not replaced.
    by_customer: BTreeMap<&'l str, Option<&'l str>>,
    /// The month's first record, which says of all other customers that they get no invoice.
    first: String,
}

impl<'l> Issuers<'l> {
    /// Finds them in the ledger.
    pub fn of(ledger: &'l Ledger, month: BillingMonth) -> Issuers<'l> {
        let documents = ledger.of_month(month).flat_map(|stored| &stored.record.documents);
        let mut by_customer: BTreeMap<&str, Option<&str>> =
            documents.map(|document| (document.customer.as_str(), None)).collect();
        for (stored, document) in standing_in(ledger, month) {
            by_customer.insert(&document.customer, Some(&stored.name));
        }
        let first = month.to_string();
        let latest = ledger.latest_rules(month).map(|stored| stored.name.as_str());
        let used: BTreeSet<&str> = by_customer.values().copied().flatten().chain(latest).collect();
        let is_used = |stored: &&Stored| stored.name == first || used.contains(stored.name.as_str());
        let records = ledger.of_month(month).filter(is_used).collect();
        Issuers { records, by_customer, first }
    }

    /// The records with copies to compare the workspace with, in the order in which they were written.
    pub fn records(&self) -> &[&'l Stored] {
        &self.records
    }

    /// Whether all customers are in one record, whose copies the workspace should have as they are.
    pub fn is_one(&self) -> bool {
        self.records.len() == 1
    }

    /// Whether it is the record of the latest invoice.
    pub fn is_latest(&self, stored: &Stored) -> bool {
        self.records.last().is_some_and(|latest| latest.name == stored.name)
    }

    /// Whether a record says what that customer is billed.
    pub fn is_of(&self, stored: &Stored, customer: &str) -> bool {
        let record = self.by_customer.get(customer).copied().unwrap_or(Some(&self.first));
        record == Some(&stored.name)
    }
}

/// What became of an issued invoice.
///
/// # Errors
/// Sums with too many digits.
pub fn state(ledger: &Ledger, invoice: &Document) -> Result<InvoiceState, TooLong> {
    let mut notes = ledger.credits_of(&invoice.number).map(|(_, note)| note).peekable();
    if ledger.replacement_of(&invoice.number).is_some() {
        return Ok(InvoiceState::Replaced);
    }
    if notes.peek().is_none() {
        return Ok(InvoiceState::Issued);
    }
    let left = ledger.left_of(invoice)?;
    Ok(match left.is_zero() || notes.any(|note| note.whole) {
        true => InvoiceState::Credited,
        false => InvoiceState::PartlyCredited(left, invoice.currency),
    })
}

/// The documents that corrected an invoice, in the order in which they were issued: its credit notes, the invoice in its
/// place, and in turn those of that invoice.
pub fn corrections<'l>(ledger: &'l Ledger, invoice: &Document) -> Vec<&'l Document> {
    let mut corrected = BTreeSet::from([invoice.number.as_str()]);
    let mut corrections = Vec::new();
    let mut next = Some(invoice.number.as_str());
    while let Some(number) = next.take() {
        for (_, document) in ledger.corrections_of(number) {
            corrections.push(document);
            // What replaces an invoice is issued with the credit note that takes it back whole, so all further corrections are
            // of that. Only a ledger with faults has a document that corrects itself.
            if document.kind == DocumentKind::Invoice && corrected.insert(&document.number) {
                next = Some(&document.number);
            }
        }
    }
    corrections
}

/// The lines of a valid invoice without what was taken back of them; what was taken back whole is left out.
///
/// `built` are the lines as they were when the month was issued, and `used` what was used then: they tell of a line what its
/// record does not, unless it is another one now.
///
/// # Errors
/// Sums with too many digits.
pub fn standing_lines(
    ledger: &Ledger,
    document: &Document,
    built: Option<&[BilledLine]>,
    used: Option<&Used>,
) -> Result<Vec<BilledLine>, TooLong> {
    let mut credited = ledger.credited(&document.number, None)?.lines;
    let mut lines = Vec::with_capacity(document.items.len());
    for (index, item) in document.items.iter().enumerate() {
        let built = built.and_then(|lines| lines.get(index));
        let built = built.filter(|line| (&line.name, line.kind, line.amount) == (&item.name, item.kind, item.amount));
        let source = |name: &str| {
            let known = used.into_iter().flat_map(|used| &used.items).find(|(_, items)| items.contains_key(name));
            known
                .filter(|_| matches!(item.kind, ItemKind::Usage | ItemKind::Discount))
                .map_or_else(String::new, |(source, _)| source.clone())
        };
        let line = BilledLine {
            source: built.map_or_else(|| source(&item.name), |line| line.source.clone()),
            name: item.name.clone(),
            kind: item.kind,
            quantity: built.and_then(|line| line.quantity),
            unit_price: built.and_then(|line| line.unit_price),
            amount: item.amount,
        };
        match credited.remove(&item.line) {
            None => lines.push(line),
            Some(taken) => {
                let amount = line.amount.plus(taken)?;
                if !amount.is_zero() {
                    lines.push(BilledLine { quantity: None, unit_price: None, amount, ..line });
                }
            }
        }
    }
    // A 端数調整 that only credit notes have.
    if let Some(amount) = credited.remove(&NO_LINE).filter(|amount| !amount.is_zero()) {
        let notes = ledger.credits_of(&document.number).flat_map(|(_, note)| &note.items);
        let name = notes.filter(|item| item.line == NO_LINE).map(|item| item.name.clone()).next().unwrap_or_default();
        let (source, kind) = (String::new(), ItemKind::Rounding);
        lines.push(BilledLine { source, name, kind, quantity: None, unit_price: None, amount });
    }
    Ok(lines)
}

/// A customer's figures for a month after all corrections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingFigures {
    /// Currency of the figures.
    pub currency: Currency,
    /// Total before tax.
    pub subtotal: Amount,
    /// Tax.
    pub tax: Amount,
    /// Total with tax.
    pub total: Amount,
    /// What the provider charges for it.
    pub cost: Amount,
}

/// What remains of an issued month by customer: the valid invoices minus what was taken back of them in part. The cost
/// stays whole, because the provider charges for what was taken back all the same.
///
/// # Errors
/// Sums with too many digits.
pub fn standing_figures(ledger: &Ledger, month: BillingMonth) -> Result<BTreeMap<String, StandingFigures>, TooLong> {
    let mut all = BTreeMap::new();
    for document in standing(ledger, month) {
        let Document { currency, subtotal, tax, total, cost, .. } = *document;
        let mut net = StandingFigures { currency, subtotal, tax, total, cost };
        for (_, note) in ledger.credits_of(&document.number) {
            net.subtotal = net.subtotal.plus(note.subtotal)?;
            net.tax = net.tax.plus(note.tax)?;
            net.total = net.total.plus(note.total)?;
        }
        all.insert(document.customer.clone(), net);
    }
    Ok(all)
}
