//! What each customer pays for each item, and how that changed: a row for each customer, a column for each of the items with
//! the largest amounts.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::format::{glance, signed};
use super::page::ReviewPage;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::history::BilledLine;
use crate::model::item_label::ItemTables;
use crate::model::rounding::Rounding;

/// Maximum number of items with a column of their own.
const COLUMNS: usize = 9;

/// The table.
#[derive(Debug, Default, Serialize)]
pub struct MatrixView<'a> {
    pub columns: Vec<String>,
    /// Number of the items that the last column sums up; empty where each has a column.
    pub others: String,
    pub rows: Vec<MatrixRowView<'a>>,
    /// All customers, by currency.
    pub sums: Vec<MatrixRowView<'a>>,
}

/// A customer, or all of a currency.
#[derive(Debug, Serialize)]
pub struct MatrixRowView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub department: &'a str,
    /// For a sum, where invoices are in several.
    pub currency: &'static str,
    pub cells: Vec<CellView>,
    pub subtotal: CellView,
}

/// What is paid for an item before tax.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct CellView {
    /// Empty where there is nothing this month.
    pub amount: String,
    /// Against the month before; empty where that is not known, or nothing changed.
    pub change: String,
    pub is_less: bool,
}

/// What one customer pays for an item now, and paid before where that is known.
#[derive(Clone, Copy, Debug, Default)]
struct Both {
    now: Option<Amount>,
    before: Option<Amount>,
}

/// Amounts of a customer, or of several, by the items' names for readers.
struct RowAmounts<'a> {
    currency: Currency,
    items: BTreeMap<&'a str, Both>,
    /// Whether the month before is known, so that what it lacks is new.
    is_compared: bool,
}

/// The table; empty for a month without invoices.
pub(super) fn matrix<'a>(page: ReviewPage<'a>) -> Result<MatrixView<'a>, TooLong> {
    let invoices = &page.review.billed.invoices;
    let mut all = Vec::with_capacity(invoices.len());
    for invoice in invoices {
        let customer = &page.review.settings.customers[invoice.customer];
        let record = page.review.billed.record.get(&customer.id);
        let now = record.and_then(|record| record.lines.as_deref()).unwrap_or_default();
        let before = page.previous(&customer.id, invoice.currency).and_then(|previous| previous.lines.as_deref());
        let tables = ItemTables::about_customer(page.review.settings, invoice.customer);
        all.push(amounts(&tables, invoice.currency, now, before)?);
    }
    let sums =
        page.currencies().into_iter().map(|currency| sum(currency, &all)).collect::<Result<Vec<_>, TooLong>>()?;
    let columns = columns(&all, page.main_currency())?;
    let own = if columns.len() > COLUMNS { COLUMNS - 1 } else { columns.len() };
    let (own, others) = columns.split_at(own);
    let row = |amounts: &RowAmounts<'a>| -> Result<(Vec<CellView>, CellView), TooLong> {
        let both = |label: &&str| amounts.items.get(label).copied().unwrap_or_default();
        let mut cells: Vec<CellView> = own.iter().map(|label| cell(amounts, both(label))).collect::<Result<_, _>>()?;
        if !others.is_empty() {
            cells.push(cell(amounts, together(others.iter().map(both))?)?);
        }
        Ok((cells, cell(amounts, together(amounts.items.values().copied())?)?))
    };
    let mut rows = Vec::with_capacity(all.len());
    for (invoice, amounts) in invoices.iter().zip(&all) {
        let customer = &page.review.settings.customers[invoice.customer];
        let (cells, subtotal) = row(amounts)?;
        let department = customer.department.as_deref().unwrap_or_default();
        rows.push(MatrixRowView { id: &customer.id, name: &customer.name, department, currency: "", cells, subtotal });
    }
    let mut views = Vec::with_capacity(sums.len());
    for amounts in &sums {
        let (cells, subtotal) = row(amounts)?;
        let currency = if sums.len() > 1 { amounts.currency.code() } else { "" };
        views.push(MatrixRowView { id: "", name: "", department: "", currency, cells, subtotal });
    }
    Ok(MatrixView {
        columns: own.iter().map(|label| (*label).to_owned()).collect(),
        others: if others.is_empty() { String::new() } else { others.len().to_string() },
        rows,
        sums: views,
    })
}

/// A customer's amounts of this month and, where it is known, of the month before.
fn amounts<'a>(
    tables: &ItemTables<'a>,
    currency: Currency,
    now: &'a [BilledLine],
    before: Option<&'a [BilledLine]>,
) -> Result<RowAmounts<'a>, TooLong> {
    let mut items: BTreeMap<&'a str, Both> = BTreeMap::new();
    let label = |line: &'a BilledLine| tables.label(&line.source, &line.name, line.kind).name_or(&line.name);
    for line in now {
        let both = items.entry(label(line)).or_default();
        both.now = Some(both.now.unwrap_or_default().plus(line.amount)?);
    }
    for line in before.unwrap_or_default() {
        let both = items.entry(label(line)).or_default();
        both.before = Some(both.before.unwrap_or_default().plus(line.amount)?);
    }
    Ok(RowAmounts { currency, items, is_compared: before.is_some() })
}

fn sum<'a>(currency: Currency, all: &[RowAmounts<'a>]) -> Result<RowAmounts<'a>, TooLong> {
    let mut items: BTreeMap<&'a str, Both> = BTreeMap::new();
    let of_currency = || all.iter().filter(|row| row.currency == currency);
    for (label, both) in of_currency().flat_map(|row| &row.items) {
        let sum = items.entry(label).or_default();
        *sum = together([*sum, *both])?;
    }
    Ok(RowAmounts { currency, items, is_compared: of_currency().any(|row| row.is_compared) })
}

/// The names of all items, those first for which most is paid in the currency.
fn columns<'a>(all: &[RowAmounts<'a>], currency: Currency) -> Result<Vec<&'a str>, TooLong> {
    let mut sums: BTreeMap<&'a str, Amount> = BTreeMap::new();
    for row in all {
        for (label, both) in &row.items {
            let sum = sums.entry(label).or_default();
            if row.currency == currency {
                let larger = both.now.unwrap_or_default().magnitude().max(both.before.unwrap_or_default().magnitude());
                *sum = sum.plus(larger)?;
            }
        }
    }
    let mut columns: Vec<(&str, Amount)> = sums.into_iter().collect();
    columns.sort_by_key(|(label, sum)| (Reverse(*sum), *label));
    Ok(columns.into_iter().map(|(label, _)| label).collect())
}

fn together(all: impl IntoIterator<Item = Both>) -> Result<Both, TooLong> {
    let (mut now, mut before) = (Vec::new(), Vec::new());
    for both in all {
        now.extend(both.now);
        before.extend(both.before);
    }
    let sum = |amounts: Vec<Amount>| match amounts.is_empty() {
        true => Ok(None),
        false => Sum::of(amounts).map(Some),
    };
    Ok(Both { now: sum(now)?, before: sum(before)? })
}

fn cell(row: &RowAmounts<'_>, both: Both) -> Result<CellView, TooLong> {
    let change = match both {
        Both { now: None, before: None } => return Ok(CellView::default()),
        Both { now, before } => now.unwrap_or_default().minus(before.unwrap_or_default())?,
    };
    // A change that is nothing as printed would only say +¥0.
    let change = Rounding::HalfUp.apply(change, row.currency.decimals())?;
    let is_shown = row.is_compared && !change.is_zero();
    Ok(CellView {
        amount: both.now.map_or_else(String::new, |now| glance(now, row.currency)),
        change: if is_shown { signed(change, row.currency) } else { String::new() },
        is_less: change.is_negative(),
    })
}
