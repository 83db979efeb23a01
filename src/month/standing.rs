//! Computes what remains of an issued month after all credit notes and corrected invoices.

use std::collections::BTreeMap;

use crate::ledger::{Document, Ledger};
use crate::model::amount::{Amount, TooLong};
use crate::model::currency::Currency;
use crate::model::invoice::DocumentKind;
use crate::model::period::BillingMonth;
use crate::render::InvoiceState;

/// Each customer's valid invoice of a month: the last that was not replaced or taken back whole.
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
    let mut corrected = vec![invoice.number.as_str()];
    let mut corrections = Vec::new();
    // A correction is issued after what it corrects.
    for (_, document) in ledger.documents() {
        let original = document.original.as_ref().map(|original| original.number.as_str());
        if original.is_some_and(|original| corrected.contains(&original)) {
            corrected.push(&document.number);
            corrections.push(document);
        }
    }
    corrections
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
