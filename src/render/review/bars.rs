//! The two bar charts: what was billed in the last twelve months, and costs of items.

use chrono::Datelike;
use serde::Serialize;

use super::format::{glance, thousandths};
use super::page::ReviewPage;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::history::EARLIER_MONTHS;
use crate::model::invoice::ItemKind;
use crate::model::item_label::ItemTables;
use crate::model::period::BillingMonth;
use crate::render::format::{month_text, short_month_text};

/// Maximum number of items with a bar of their own.
const ITEMS: usize = 8;

/// A month's bar.
#[derive(Debug, Serialize)]
pub struct MonthBarView {
    pub name: String,
    /// The month's number or abbreviation.
    pub label: String,
    /// The year, on the first bar and on each January.
    pub year: String,
    /// Empty where the month is not known.
    pub amount: String,
    /// Thousandths of the highest bar.
    pub height: String,
    pub y: String,
    /// Left edge, in a field of 100 for each month.
    pub x: String,
    pub is_this: bool,
}

/// An item's bar.
#[derive(Debug, Serialize)]
pub struct ItemBarView<'a> {
    /// The provider's name.
    pub name: String,
    /// The name for readers.
    pub label: String,
    pub source: &'a str,
    pub amount: String,
    /// Thousandths of the longest bar.
    pub width: String,
    pub is_rest: bool,
}

/// The highest of the bars, with its month.
pub(super) fn peak(bars: &[MonthBarView]) -> String {
    let peak = bars.iter().find(|bar| bar.height == "1000");
    peak.map_or_else(String::new, |bar| format!("{} ({})", bar.amount, bar.name))
}

/// What was billed before tax in the months up to this one; empty where no earlier month is known, because a single bar says nothing.
pub(super) fn months(page: ReviewPage<'_>) -> Result<Vec<MonthBarView>, TooLong> {
    let currency = page.main_currency();
    let this = page.review.bill.month;
    let mut months: Vec<BillingMonth> = [this].into_iter().chain(this.earlier(EARLIER_MONTHS)).collect();
    months.reverse();
    let mut totals = Vec::with_capacity(months.len());
    for month in &months {
        totals.push(match *month == this {
            true => Some(page.sum(currency, |invoice| invoice.subtotal)?),
            false => page.past_subtotal(*month, currency)?,
        });
    }
    if totals.iter().flatten().count() < 2 {
        return Ok(Vec::new());
    }
    let peak = totals.iter().flatten().map(|total| total.magnitude()).max().unwrap_or_default();
    let bars = (0..).zip(months.iter().zip(totals)).map(|(index, (month, total))| {
        let first = month.first();
        let height = total.map_or_else(|| "0".to_owned(), |total| thousandths(total, peak));
        MonthBarView {
            name: month_text(*month, page.language),
            label: short_month_text(*month, page.language),
            year: if index == 0 || first.month() == 1 { first.year().to_string() } else { String::new() },
            amount: total.map_or_else(String::new, |total| glance(total, currency)),
            y: (1000 - height.parse::<i64>().unwrap_or(0)).to_string(),
            height,
            x: (100 * index).to_string(),
            is_this: *month == this,
        }
    });
    Ok(bars.collect())
}

/// The most expensive items, and all others together.
pub(super) fn items(page: ReviewPage<'_>) -> Result<Vec<ItemBarView<'_>>, TooLong> {
    let currency = page.review.billed.conservation.currency;
    let items = &page.review.overview.items;
    let sources = &page.review.bill.sources;
    let has_several = sources.len() > 1;
    let tables = ItemTables::of_issuer(page.review.settings);
    let count = if items.len() > ITEMS { ITEMS - 1 } else { items.len() };
    let (shown, rest) = items.split_at(count);
    let rest_cost = Sum::of(rest.iter().map(|item| item.cost))?;
    let longest = shown.iter().map(|item| item.cost).chain([rest_cost]).max().unwrap_or_default();
    let bar = |name: &str, label: &str, source, cost: Amount, is_rest| ItemBarView {
        name: name.to_owned(),
        label: label.to_owned(),
        source,
        amount: glance(cost, currency),
        width: thousandths(cost, longest),
        is_rest,
    };
    let mut bars: Vec<ItemBarView<'_>> = shown
        .iter()
        .map(|item| {
            let source = sources.get(usize::from(item.source));
            let of_source = source.map_or("", |source| source.name.as_str());
            let label = tables.label(of_source, &item.name, ItemKind::Usage);
            let source = source.filter(|_| has_several);
            let source = source.map_or("", |source| page.review.settings.title_of(&source.name));
            bar(&item.name, label.name_or(&item.name), source, item.cost, false)
        })
        .collect();
    if !rest.is_empty() {
        let name = format!("{} ({})", page.label("chart_others"), rest.len());
        bars.push(bar(&name, &name, "", rest_cost, true));
    }
    Ok(bars)
}
