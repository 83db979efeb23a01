//! The rows below the table of customers: what all customers come to, and what the issuer bears itself.

use serde::Serialize;

use super::cells::{CellsView, Order, RowFigures};
use super::format::glance;
use super::page::ReviewPage;
use crate::billing::KeptCost;
use crate::billing::comparison::MonthFigures;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::figures::money;

/// The sum of all customers in a currency.
#[derive(Debug, Serialize)]
pub struct TotalRowView {
    /// Empty where all invoices are in one.
    pub currency: &'static str,
    #[serde(flatten)]
    pub cells: CellsView,
}

/// Charges of a source that the issuer bears.
#[derive(Debug, Serialize)]
pub struct BorneRowView<'a> {
    /// Empty where there is one source.
    pub source: &'a str,
    pub cost: String,
    pub cost_exact: String,
    pub rows: String,
}

/// The sums of a currency, of everything billed and of everything kept.
pub(super) fn sum(
    page: ReviewPage<'_>,
    figures: &MonthFigures,
    rows: &[RowFigures],
) -> Result<Vec<RowFigures>, TooLong> {
    let of_currency = |currency| {
        let none = RowFigures::none(currency);
        let mut sum = rows.iter().filter(|row| row.currency == currency).try_fold(none, |sum, row| sum.plus(row))?;
        // Kept discounts of customers without an invoice count too, and so do customers of the month before.
        let of_currency = figures.iter().filter(|((_, other), _)| *other == currency);
        sum.billed = of_currency.map(|(_, figures)| figures).try_fold(none.billed, |sum, one| sum.plus(one))?;
        sum.previous = page.past_subtotal(page.review.bill.month.previous(), currency)?;
        Ok(sum)
    };
    page.currencies().into_iter().map(of_currency).collect()
}

pub(super) fn totals(page: ReviewPage<'_>, sums: &[RowFigures]) -> Result<Vec<TotalRowView>, TooLong> {
    let has_several = page.currencies().len() > 1;
    let row = |sum: &RowFigures| {
        let currency = if has_several { sum.currency.code() } else { "" };
        Ok(TotalRowView { currency, cells: CellsView::of(sum, Order::new())? })
    };
    sums.iter().map(row).collect()
}

/// What the issuer bears beside the customers' costs, source by source.
pub(super) fn borne(page: ReviewPage<'_>) -> Result<Vec<BorneRowView<'_>>, TooLong> {
    let has_several = page.review.bill.sources.len() > 1;
    let mut rows = Vec::new();
    for kept in &page.review.overview.kept {
        let (cost, count) = borne_of(kept)?;
        if count == 0 {
            continue;
        }
        let source = &page.review.bill.sources[usize::from(kept.source)];
        rows.push(BorneRowView {
            source: if has_several { page.review.settings.title_of(&source.name) } else { "" },
            cost: glance(cost, source.currency),
            cost_exact: money(cost, source.currency, 0),
            rows: count.to_string(),
        });
    }
    Ok(rows)
}

/// Sum and number of the charges of a source that the issuer bears, kept discounts of customers aside.
fn borne_of(kept: &KeptCost) -> Result<(Amount, usize), TooLong> {
    let charges = || kept.rules.iter().map(|rule| &rule.charges).chain([&kept.unowned]);
    Ok((Sum::of(charges().map(|charges| charges.total))?, charges().map(|charges| charges.rows).sum()))
}
