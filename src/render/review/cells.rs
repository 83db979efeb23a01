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
    /// The figures of an invoice with so many warnings.
    pub(super) fn of(page: ReviewPage<'_>, figures: &MonthFigures, index: usize, warnings: usize) -> RowFigures {
        let invoice = &page.review.billed.invoices[index];
        let id = &page.review.settings.customers[invoice.customer].id;
        let currency = invoice.currency;
        let billed = figures.get(&(id.clone(), currency)).copied().unwrap_or_default();
        let previous = page.previous(id, currency).map(|previous| previous.subtotal);
        let pages = page.review.documents.get(index).and_then(|documents| documents.pages);
        RowFigures { currency, billed, previous, pages, warnings }
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
    ///
    /// # Errors
    /// When it has too many digits.
    pub(super) fn cost(&self) -> Result<Amount, TooLong> {
        self.billed.cost.plus(self.billed.kept)
    }

    /// The change against the month before; none where that is not known.
    ///
    /// # Errors
    /// When it has too many digits.
    pub(super) fn change(&self) -> Result<Option<Amount>, TooLong> {
        self.previous.map(|previous| self.billed.subtotal.minus(previous)).transpose()
    }
}

impl CellsView {
    /// # Errors
    /// When cost or change has too many digits.
    pub(super) fn of(row: &RowFigures, order: Order) -> Result<CellsView, TooLong> {
        let RowFigures { currency, billed, previous, pages, warnings } = *row;
        let (change, cost) = (row.change()?, row.cost()?);
        let both = change.zip(previous);
        Ok(CellsView {
            subtotal: glance(billed.subtotal, currency),
            total: money(billed.total, currency, 0),
            previous: previous.map_or_else(String::new, |previous| glance(previous, currency)),
            change: change.map_or_else(String::new, |change| signed(change, currency)),
            change_percent: both.and_then(|(change, previous)| percent_change(change, previous)).unwrap_or_default(),
            cost: glance(cost, currency),
            cost_exact: money(cost, currency, 0),
            margin: glance(billed.margin, currency),
            margin_exact: money(billed.margin, currency, 0),
            margin_percent: percent(billed.margin, billed.subtotal).unwrap_or_default(),
            has_loss: billed.margin.is_negative(),
            pages: pages.map_or_else(String::new, |pages| pages.to_string()),
            warning_count: warnings,
            order,
        })
    }
}

/// The places of all customers, and behind them of all sums, in the order of each column. A sum has the place of its first
/// customer in the order of customers.
///
/// # Errors
/// When a cost or change has too many digits.
pub(super) fn orders<'f>(
    customers: &'f [RowFigures],
    sums: impl Iterator<Item = (usize, &'f RowFigures)>,
) -> Result<Vec<Order>, TooLong> {
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
    let of_billed =
        |key: fn(&Figures) -> Amount| -> Vec<Amount> { all.iter().map(|(_, row)| key(&row.billed)).collect() };
    put("subtotal", places(&of_billed(|billed| billed.subtotal)));
    put("total", places(&of_billed(|billed| billed.total)));
    let changes = all.iter().map(|(_, row)| row.change()).collect::<Result<Vec<Option<Amount>>, TooLong>>()?;
    let relative = all.iter().zip(&changes).map(|((_, row), change)| share(*change, row.previous));
    put("change_percent", places(&relative.collect::<Vec<Option<Amount>>>()));
    put("change", places(&changes));
    put("cost", places(&all.iter().map(|(_, row)| row.cost()).collect::<Result<Vec<Amount>, TooLong>>()?));
    put("margin", places(&of_billed(|billed| billed.margin)));
    let margins = all.iter().map(|(_, row)| share(Some(row.billed.margin), Some(row.billed.subtotal)));
    put("margin_percent", places(&margins.collect::<Vec<Option<Amount>>>()));
    put("pages", places(&all.iter().map(|(_, row)| row.pages).collect::<Vec<Option<usize>>>()));
    put("warnings", places(&all.iter().map(|(_, row)| row.warnings).collect::<Vec<usize>>()));
    Ok(orders)
}

/// The place of each row in the order of its key, unknown values first; equal rows share a place.
fn places<K: Ord>(keys: &[K]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|one, other| keys[*one].cmp(&keys[*other]));
    let mut places = vec![0; keys.len()];
    let mut place = 0;
    for (position, index) in order.iter().enumerate() {
        if position > 0 && keys[order[position - 1]] != keys[*index] {
            place = position;
        }
        places[*index] = place;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2^119 − 1 is the largest coefficient; 0.1 less has a digit more.
    #[test]
    fn a_figure_that_has_too_many_digits_is_an_error() {
        let amount = |text: &str| Amount::parse(text.as_bytes()).unwrap();
        let none = RowFigures::none(Currency::JPY);
        let most = amount("664613997892457936451903530140172287");
        let billed = Figures { cost: most, kept: amount("-0.1"), ..Figures::default() };
        let row = RowFigures { billed, ..none };
        assert_eq!(row.cost(), Err(TooLong));
        assert!(CellsView::of(&row, Order::new()).is_err());
        assert!(orders(&[none, row], std::iter::empty()).is_err());
        let billed = Figures { subtotal: most, ..Figures::default() };
        let row = RowFigures { billed, previous: Some(amount("0.1")), ..none };
        assert_eq!(row.change(), Err(TooLong));
        assert!(CellsView::of(&row, Order::new()).is_err() && orders(&[row], std::iter::empty()).is_err());
        assert_eq!((none.cost(), none.change()), (Ok(Amount::ZERO), Ok(None)));
    }
}
