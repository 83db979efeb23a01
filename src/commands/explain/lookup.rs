//! Which invoice of a built month a number is.

use std::path::Path;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, nearest};
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;

/// An invoice of a month that was built, or can be.
pub(super) struct Found {
    pub(super) month: BillingMonth,
    /// Customer id.
    pub(super) customer: String,
    pub(super) status: Status,
    /// The total when it was built, where it was.
    pub(super) total: Option<String>,
}

/// An invoice of a built month.
struct Built {
    number: String,
    found: Found,
}

/// The invoice of that number, or of `MONTH/CUSTOMER`, from the builds in `out/`.
///
/// # Errors
/// When no month has it, or several invoices do.
pub(super) fn find(root: &Path, number: &str) -> Result<Found, Diagnostic> {
    let named = number.split_once('/').and_then(|(month, customer)| Some((month.parse().ok()?, customer)));
    if let Some((month, customer)) = named {
        return Ok(by_customer(root, month, customer));
    }
    let built: Vec<Built> = built_months(root).into_iter().flat_map(|month| invoices(root, month)).collect();
    let known: Vec<String> = built.iter().map(|built| built.number.clone()).collect();
    let mut found: Vec<Found> =
        built.into_iter().filter(|built| built.number == number).map(|built| built.found).collect();
    if found.len() > 1 {
        let names: Vec<String> =
            found.iter().take(5).map(|found| format!("{}/{}", found.month, found.customer)).collect();
        let diagnostic = Diagnostic::error(format!("{} invoices have the number {number}", found.len()));
        return Err(diagnostic.with_hint(format!("name one by month and customer: {}", names.join(", "))));
    }
    found.pop().ok_or_else(|| {
        let diagnostic = Diagnostic::error(format!("no built month has an invoice {number}"));
        diagnostic.with_hint(match nearest(number, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None => "build the month first, or name the invoice by month and customer, as in 202208/acme".to_owned(),
        })
    })
}

/// The customer's invoice of a month, built or not.
fn by_customer(root: &Path, month: BillingMonth, customer: &str) -> Found {
    let built = invoices(root, month).into_iter().find(|built| built.found.customer == customer);
    built.map(|built| built.found).unwrap_or_else(|| Found {
        month,
        customer: customer.to_owned(),
        status: Status::Built,
        total: None,
    })
}

/// The months in `out/`, the newest first.
fn built_months(root: &Path) -> Vec<BillingMonth> {
    let Ok(entries) = std::fs::read_dir(root.join("out")) else {
        return Vec::new();
    };
    let month = |entry: std::fs::DirEntry| entry.file_name().into_string().ok()?.parse().ok();
    let mut months: Vec<BillingMonth> = entries.flatten().filter_map(month).collect();
    months.sort_unstable();
    months.reverse();
    months
}

/// The invoices of a month's latest build, as its summary tells them.
fn invoices(root: &Path, month: BillingMonth) -> Vec<Built> {
    let text = std::fs::read(root.join(format!("out/{month}/summary.json"))).unwrap_or_default();
    let summary: Value = serde_json::from_slice(&text).unwrap_or_default();
    let status = if summary["status"] == "draft" { Status::Draft } else { Status::Built };
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let built = |customer: &Value| {
        let found = Found { month, customer: word(&customer["id"])?, status, total: word(&customer["total"]) };
        Some(Built { number: word(&customer["number"])?, found })
    };
    summary["customers"].as_array().into_iter().flatten().filter_map(built).collect()
}
