//! The adjustments of the month, customer by customer, with where each is written.

use std::borrow::Cow;

use serde::Serialize;

use super::page::ReviewPage;
use crate::billing::{AdjustmentSums, adjusted_before_tax};
use crate::model::amount::TooLong;
use crate::model::currency::Currency;
use crate::model::figures::money;
use crate::model::invoice::{AdjustedLine, LineItem};

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

pub(super) fn rows(page: ReviewPage<'_>) -> Result<Vec<AdjustmentRowView<'_>>, TooLong> {
    page.review.billed.by_customer().flat_map(|of| of_customer(page, of.customer, of.items)).collect()
}

fn of_customer<'a>(
    page: ReviewPage<'a>,
    customer: usize,
    items: &'a [LineItem],
) -> impl Iterator<Item = Result<AdjustmentRowView<'a>, TooLong>> {
    let settings = page.review.settings;
    let customer = &settings.customers[customer];
    let currency = customer.invoice.currency;
    let row = move |(item, own): (&'a LineItem, &'a AdjustedLine)| {
        let written = settings.adjustments_of(page.review.bill.month, customer).iter().find(|other| other.id == own.id);
        let definition = written.map(|adjustment| &adjustment.definition);
        Ok(AdjustmentRowView {
            customer: &customer.name,
            name: item.qualified_name(),
            id: &own.id,
            place: definition.map_or_else(String::new, |place| format!("{}:{}", place.path, place.line)),
            amount: money(adjusted_before_tax(item, customer)?, currency, 0),
            cost: if item.cost.is_zero() { String::new() } else { money(item.cost, currency, 0) },
        })
    };
    items.iter().filter_map(|item| Some((item, item.adjusted.as_deref()?))).map(row)
}

pub(super) fn sums(page: ReviewPage<'_>) -> Result<Vec<AdjustmentSumView>, TooLong> {
    let by_currency = page.review.billed.adjustment_sums(page.review.settings, page.review.bill.month)?;
    // Where all customers have one currency, its code says nothing.
    let is_one = by_currency.len() == 1;
    let view = |(currency, sums): (Currency, AdjustmentSums)| AdjustmentSumView {
        currency: if is_one { "" } else { currency.code() },
        amount: money(sums.amount, currency, 0),
        cost: money(sums.cost, currency, 0),
    };
    Ok(by_currency.into_iter().filter(|(_, sums)| sums.count > 0).map(view).collect())
}
