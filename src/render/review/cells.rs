//! The figures of a row of the table of customers, be it a customer's or a sum of several. All but `total` are before tax,
//! so that they can be compared with each other.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::{glance, percent, percent_change, signed};
use super::page::ReviewPage;
use crate::billing::comparison::{Figures, MonthFigures};
use crate::model::amount::{Amount, TooLong};
use crate::model::currency::Currency;
use crate::model::figures::money;
use crate::model::ratio::quotient;

/// Decimals of shares to sort by: finer than those shown, so that rows which look alike are still in order.
const ORDER_DECIMALS: u32 = 9;

/// The figures of a row as text.
#[derive(Debug, Default, Serialize)]
pub struct CellsView {
    pub subtotal: String,
    /// With tax.
    pub total: String,
    pub previous: String,
    pub change: String,
    pub change_percent: String,
    /// The provider's, less the customer's discounts that the issuer keeps.
    pub cost: String,
    pub cost_exact: String,
    pub margin: String,
    pub margin_exact: String,
    pub margin_percent: String,
    pub has_loss: bool,
    pub pages: String,
    pub warning_count: usize,
    /// By column, the row's place when the table is sorted by it in ascending order.
    pub order: Order,
}

/// Places of a row by column.
pub(super) type Order = BTreeMap<&'static str, usize>;

/// The figures of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowFigures {
    pub(super) currency: Currency,
    pub(super) billed: Figures,
    /// What was billed before tax in the month before, where that is known and in the same currency.
    pub(super) previous: Option<Amount>,
    pub(super) pages: Option<usize>,
    pub(super) warnings: usize,
}

impl RowFigures {
    /// The figures of an invoice.
    pub(super) fn of(page: ReviewPage<'_>, figures: &MonthFigures, index: usize) -> RowFigures {
        let invoice = &page.review.billed.invoices[index];
        let id = &page.review.settings.customers[invoice.customer].id;
        let currency = invoice.currency;
        let billed = figures.get(&(id.clone(), currency)).copied().unwrap_or_default();
        let previous = page.previous(id, currency).map(|previous| previous.subtotal);
        let pages = page.review.documents.get(index).and_then(|documents| documents.pages);
        RowFigures { currency, billed, previous, pages, warnings: 0 }
    }

    /// Nothing, to add to.
    pub(super) fn none(currency: Currency) -> RowFigures {
        RowFigures { currency, billed: Figures::default(), previous: None, pages: None, warnings: 0 }
    }

    pub(super) fn plus(&self, other: &RowFigures) -> Result<RowFigures, TooLong> {
        let previous = match (self.previous, other.previous) {
            (Some(one), Some(other)) => Some(one.plus(other)?),
            (one, other) => one.or(other),
        };
        let pages = match (self.pages, other.pages) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        let billed = self.billed.plus(&other.billed)?;
        Ok(RowFigures { billed, previous, pages, warnings: self.warnings + other.warnings, ..*self })
    }

    /// The cost with the discounts that the issuer keeps of it; the margin is what remains of the subtotal.
    pub(super) fn cost(&self) -> Amount {
        self.billed.cost.plus(self.billed.kept).unwrap_or(self.billed.cost)
    }

    pub(super) fn change(&self) -> Option<Amount> {
        self.billed.subtotal.minus(self.previous?).ok()
    }
}

impl CellsView {
    pub(super) fn of(row: &RowFigures, order: Order) -> CellsView {
        let RowFigures { currency, billed, previous, pages, warnings } = *row;
        let change = row.change();
        let both = change.zip(previous);
        CellsView {
            subtotal: glance(billed.subtotal, currency),
            total: money(billed.total, currency, 0),
            previous: previous.map_or_else(String::new, |previous| glance(previous, currency)),
            change: change.map_or_else(String::new, |change| signed(change, currency)),
            change_percent: both.and_then(|(change, previous)| percent_change(change, previous)).unwrap_or_default(),
            cost: glance(row.cost(), currency),
            cost_exact: money(row.cost(), currency, 0),
            margin: glance(billed.margin, currency),
            margin_exact: money(billed.margin, currency, 0),
            margin_percent: percent(billed.margin, billed.subtotal).unwrap_or_default(),
            has_loss: billed.margin.is_negative(),
            pages: pages.map_or_else(String::new, |pages| pages.to_string()),
            warning_count: warnings,
            order,
        }
    }
}

/// The places of all customers, and behind them of all sums, in the order of each column. A sum has the place of its first
/// customer in the order of customers.
pub(super) fn orders<'f>(
    customers: &'f [RowFigures],
    sums: impl Iterator<Item = (usize, &'f RowFigures)>,
) -> Vec<Order> {
    let mut all: Vec<(usize, &RowFigures)> = customers.iter().enumerate().collect();
    all.extend(sums);
    let mut orders = vec![Order::new(); all.len()];
    let mut put = |column: &'static str, places: Vec<usize>| {
        for (order, place) in orders.iter_mut().zip(places) {
            order.insert(column, place);
        }
    };
    let share = |part: Option<Amount>, whole: Option<Amount>| quotient(part?, whole?, ORDER_DECIMALS);
    put("customer", all.iter().map(|(index, _)| *index).collect());
    put("subtotal", places(&all, |row| row.billed.subtotal));
    put("total", places(&all, |row| row.billed.total));
    put("change", places(&all, RowFigures::change));
    put("change_percent", places(&all, |row| share(row.change(), row.previous)));
    put("cost", places(&all, RowFigures::cost));
    put("margin", places(&all, |row| row.billed.margin));
    put("margin_percent", places(&all, |row| share(Some(row.billed.margin), Some(row.billed.subtotal))));
    put("pages", places(&all, |row| row.pages));
    put("warnings", places(&all, |row| row.warnings));
    orders
}

/// The place of each row in the order of a key, unknown values first; equal rows share a place.
fn places<K: Ord>(rows: &[(usize, &RowFigures)], key: impl Fn(&RowFigures) -> K) -> Vec<usize> {
    let keys: Vec<K> = rows.iter().map(|(_, row)| key(row)).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|one, other| keys[*one].cmp(&keys[*other]));
    let mut places = vec![0; rows.len()];
    let mut place = 0;
    for (position, index) in order.iter().enumerate() {
        if position > 0 && keys[order[position - 1]] != keys[*index] {
            place = position;
        }
        places[*index] = place;
    }
    places
}
