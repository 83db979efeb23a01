//! The adjustments of the month, customer by customer, with where each is written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::page::ReviewPage;
use crate::billing::AdjustmentSums;
use crate::model::amount::TooLong;
use crate::model::currency::Currency;
use crate::model::figures::money;
use crate::model::invoice::LineItem;

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
    page.review.billed.items().flat_map(|(customer, items)| of_customer(page, customer, items)).collect()
}

fn of_customer<'a>(
    page: ReviewPage<'a>,
    customer: usize,
    items: &'a [LineItem],
) -> impl Iterator<Item = AdjustmentRowView<'a>> {
    let settings = page.review.settings;
    let customer = &settings.customers[customer];
    let currency = customer.invoice.currency;
    let row = move |item: &'a LineItem| {
        let own = item.adjusted.as_ref()?;
        let written = settings.adjustments_of(page.review.bill.month, customer).find(|other| other.id == own.id);
        let definition = written.map(|adjustment| &adjustment.definition);
        Some(AdjustmentRowView {
            customer: &customer.name,
            name: item.qualified_name(),
            id: &own.id,
            place: definition.map_or_else(String::new, |place| format!("{}:{}", place.path, place.line)),
            amount: money(item.amount, currency, 0),
            cost: if item.cost.is_zero() { String::new() } else { money(item.cost, currency, 0) },
        })
    };
    items.iter().filter_map(row)
}

pub(super) fn sums(page: ReviewPage<'_>) -> Result<Vec<AdjustmentSumView>, TooLong> {
    let mut by_currency: BTreeMap<Currency, AdjustmentSums> = BTreeMap::new();
    for (customer, items) in page.review.billed.items() {
        let customer = &page.review.settings.customers[customer];
        let sums = by_currency.entry(customer.invoice.currency).or_default();
        *sums = sums.plus(AdjustmentSums::of(page.review.settings, page.review.bill.month, customer, items)?)?;
    }
    // Where all customers have one currency, its code says nothing.
    let is_one = by_currency.len() == 1;
    let view = |(currency, sums): (Currency, AdjustmentSums)| AdjustmentSumView {
        currency: if is_one { "" } else { currency.code() },
        amount: money(sums.amount, currency, 0),
        cost: money(sums.cost, currency, 0),
    };
    Ok(by_currency.into_iter().filter(|(_, sums)| sums.count > 0).map(view).collect())
}
