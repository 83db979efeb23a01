//! Which invoice a number is: one that was issued, or else one of the builds in `out/`.

use std::path::Path;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, nearest};
use crate::files;
use crate::ledger::{Document, Ledger, Stored};
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::pipeline::issued::standing;

/// An invoice.
pub(super) enum Found<'l> {
    /// An issued one, with the record that has it.
    Issued(&'l Stored, &'l Document),
    /// One that is not issued.
    Built(Built),
}

/// An invoice that is not issued, built or not.
pub(super) struct Built {
    pub(super) month: BillingMonth,
    /// Customer id.
    pub(super) customer: String,
    pub(super) status: Status,
    /// Its number and its total, where it was built.
    number: Option<String>,
    pub(super) total: Option<String>,
}

/// The invoice of that number, or of `MONTH/CUSTOMER`.
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
    let mut built: Vec<Built> = built_months(root).into_iter().flat_map(|month| invoices(root, month)).collect();
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
fn of_customer(root: &Path, month: BillingMonth, customer: &str) -> Built {
    let built = invoices(root, month).into_iter().find(|built| built.customer == customer);
    built.unwrap_or_else(|| Built {
        month,
        customer: customer.to_owned(),
        status: Status::Built,
        number: None,
        total: None,
    })
}

/// The months in `out/`, the newest first.
fn built_months(root: &Path) -> Vec<BillingMonth> {
    // What is not built cannot be explained; why the directory cannot be read does not matter here.
    let names = files::names(&root.join("out")).unwrap_or_default();
    let mut months: Vec<BillingMonth> = names.iter().filter_map(|name| name.to_str()?.parse().ok()).collect();
    months.sort_unstable();
    months.reverse();
    months
}

/// The invoices of a month's latest build, as its summary tells them.
fn invoices(root: &Path, month: BillingMonth) -> Vec<Built> {
    let text = files::read(&root.join(format!("out/{month}/summary.json")), files::DATA).unwrap_or_default();
    let summary: Value = serde_json::from_slice(&text).unwrap_or_default();
    let status = if summary["status"] == "draft" { Status::Draft } else { Status::Built };
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let built = |customer: &Value| {
        let (id, number, total) = (word(&customer["id"])?, word(&customer["number"]), word(&customer["total"]));
        Some(Built { month, customer: id, status, number, total })
    };
    summary["customers"].as_array().into_iter().flatten().filter_map(built).collect()
}
