//! Finds an invoice by number: an issued one, or else one of the builds in `out/`.

use std::borrow::Cow;
use std::path::Path;

use crate::diagnostic::{Diagnostic, nearest};
use crate::ledger::{Document, Ledger, Stored};
use crate::model::amount::Amount;
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::month::standing::standing;
use crate::month::summary::{self, CustomerSummary};
use crate::out;

/// An invoice.
pub(super) enum Found<'l> {
    /// An issued invoice or credit note, with its record.
    Issued(&'l Stored, &'l Document),
    /// An invoice that is not issued.
    Built(UnissuedInvoice),
}

/// An invoice that is not issued, built or not.
pub(super) struct UnissuedInvoice {
    pub(super) month: BillingMonth,
    /// Customer id.
    pub(super) customer: String,
    pub(super) status: Status,
    /// Its number, and below its total, where it was built.
    number: Option<String>,
    pub(super) total: Option<Amount>,
}

/// Finds the invoice with that number, or of `MONTH/CUSTOMER`.
///
/// # Errors
/// When nothing has the number, or several builds do.
pub(super) fn find<'l>(root: &Path, ledger: &'l Ledger, number: &str) -> Result<Found<'l>, Diagnostic> {
    if let Some((stored, document)) = ledger.find(number) {
        return Ok(Found::Issued(stored, document));
    }
    let named = number.split_once('/').and_then(|(month, customer)| Some((month.parse().ok()?, customer)));
    if let Some((month, customer)) = named {
        let document = standing(ledger, month).into_iter().find(|document| document.customer == customer);
        let issued = document.and_then(|document| ledger.find(&document.number));
        return Ok(issued.map_or_else(
            || Found::Built(of_customer(root, month, customer)),
            |(stored, document)| Found::Issued(stored, document),
        ));
    }
    let months = out::months_in(&root.join("out"));
    let mut built: Vec<UnissuedInvoice> = months.into_iter().rev().flat_map(|month| invoices(root, month)).collect();
    let issued = ledger.documents().map(|(_, document)| document.number.as_str());
    let near = nearest(number, built.iter().filter_map(|built| built.number.as_deref()).chain(issued));
    let near = near.map(str::to_owned);
    built.retain(|built| built.number.as_deref() == Some(number));
    if built.len() > 1 {
        let names: Vec<String> =
            built.iter().take(5).map(|built| format!("{}/{}", built.month, built.customer)).collect();
        let diagnostic = Diagnostic::error(format!("{} invoices have the number {number}", built.len()));
        return Err(diagnostic.with_hint(format!("name one by month and customer: {}", names.join(", "))));
    }
    built.pop().map(Found::Built).ok_or_else(|| {
        let diagnostic = Diagnostic::error(format!("no issued or built month has an invoice {number}"));
        diagnostic.with_hint(match near {
            Some(near) => format!("did you mean {near}?"),
            None => "build the month first, or name the invoice by month and customer, as in 202208/acme".to_owned(),
        })
    })
}

/// The customer's invoice of a month, built or not.
fn of_customer(root: &Path, month: BillingMonth, customer: &str) -> UnissuedInvoice {
    let built = invoices(root, month).into_iter().find(|built| built.customer == customer);
    built.unwrap_or_else(|| UnissuedInvoice {
        month,
        customer: customer.to_owned(),
        status: Status::Built,
        number: None,
        total: None,
    })
}

/// The invoices of a month's latest build, from its summary.
fn invoices(root: &Path, month: BillingMonth) -> Vec<UnissuedInvoice> {
    // Without a summary there is no build to look in; why it cannot be read does not matter here.
    let summary = summary::read(&root.join(format!("out/{month}")), month).and_then(|read| read.summary.ok());
    let status = summary.as_ref().map_or(Status::Built, |summary| summary.status);
    let invoice = |customer: CustomerSummary<'_>| UnissuedInvoice {
        month,
        customer: customer.id.into_owned(),
        status,
        number: customer.number.map(Cow::into_owned),
        total: Some(customer.total),
    };
    summary.into_iter().flat_map(|summary| summary.customers).map(invoice).collect()
}
