//! The adjustments of the month, customer by customer, with where each is written.

use std::borrow::Cow;

use serde::Serialize;

use super::page::ReviewPage;
use crate::billing::AdjustmentSums;
use crate::model::amount::TooLong;
use crate::model::figures::money;
use crate::model::invoice::{Invoice, LineItem};

/// A line of an adjustment.
#[derive(Debug, Serialize)]
pub struct AdjustmentRowView<'a> {
    pub customer: &'a str,
    pub name: Cow<'a, str>,
    pub id: &'a str,
    /// `adjustments/202208.toml:3`
    pub place: String,
    pub amount: String,
    /// Empty where it cost nothing.
    pub cost: String,
}

/// The sum of all adjustments in a currency.
#[derive(Debug, Serialize)]
pub struct AdjustmentSumView {
    /// Empty where all are in one.
    pub currency: &'static str,
    pub amount: String,
    pub cost: String,
}

pub(super) fn rows(page: ReviewPage<'_>) -> Vec<AdjustmentRowView<'_>> {
    all(page).flat_map(|invoice| of_invoice(page, invoice)).collect()
}

/// The invoices, and those over 0 that are not made.
fn all(page: ReviewPage<'_>) -> impl Iterator<Item = &Invoice> {
    let billed = page.review.billed;
    billed.invoices.iter().chain(&billed.skipped)
}

fn of_invoice<'a>(page: ReviewPage<'a>, invoice: &'a Invoice) -> impl Iterator<Item = AdjustmentRowView<'a>> {
    let settings = page.review.settings;
    let customer = &settings.customers[invoice.customer];
    let row = move |item: &'a LineItem| {
        let own = item.adjusted.as_ref()?;
        let written = settings.adjustments_of(page.review.bill.month, customer).find(|other| other.id == own.id);
        let definition = written.map(|adjustment| &adjustment.definition);
        Some(AdjustmentRowView {
            customer: &customer.name,
            name: item.qualified_name(),
            id: &own.id,
            place: definition.map_or_else(String::new, |place| format!("{}:{}", place.path, place.line)),
            amount: money(item.amount, invoice.currency, 0),
            cost: if item.cost.is_zero() { String::new() } else { money(item.cost, invoice.currency, 0) },
        })
    };
    invoice.items.iter().filter_map(row)
}

pub(super) fn sums(page: ReviewPage<'_>) -> Result<Vec<AdjustmentSumView>, TooLong> {
    let currencies = page.currencies();
    let mut views = Vec::new();
    for currency in &currencies {
        let invoices = all(page).filter(|invoice| invoice.currency == *currency);
        let mut sums = AdjustmentSums::default();
        for invoice in invoices {
            sums = sums.plus(AdjustmentSums::of(page.review.settings, page.review.bill.month, invoice)?)?;
        }
        if sums.count > 0 {
            let code = if currencies.len() > 1 { currency.code() } else { "" };
            let (amount, cost) = (money(sums.amount, *currency, 0), money(sums.cost, *currency, 0));
            views.push(AdjustmentSumView { currency: code, amount, cost });
        }
    }
    Ok(views)
}
