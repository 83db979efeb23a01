//! The small chart of an invoice: the cost of usage per day or, where most of it has no day, per item.
//!
//! Bars are whole numbers on a field of [`WIDTH`] × [`HEIGHT`], so that a template can draw them without computing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::Datelike;
use serde::Serialize;

use super::format::{date_text, money};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::invoice::{Invoice, ItemKind};
use crate::model::item_label::ItemLabel;
use crate::model::rounding::Rounding;
use crate::model::settings::Language;

/// The field's width: eight times its height.
const WIDTH: u32 = 8000;

/// The field's height, which the highest bar fills.
const HEIGHT: i128 = 1000;

/// Maximum number of items with a bar of their own.
const ITEMS: usize = 6;

/// Decimals that sums are rounded to before bars are compared: finer than any bar shows.
const DECIMALS: u32 = 6;

#[derive(Debug, Default, Serialize)]
pub struct ChartView {
    /// `day`, `item`, or `none` when there is nothing to compare.
    pub kind: ChartKind,
    pub bars: Vec<BarView>,
    pub peak: String,
    pub peak_label: String,
    /// Whether charges without a day are left out.
    pub partial: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChartKind {
    Day,
    Item,
    #[default]
    None,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct BarView {
    pub label: String,
    pub amount: String,
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
    /// Height in percent of the highest bar.
    pub percent: String,
    /// Whether it is the highest bar, the first of several.
    pub is_peak: bool,
}

/// The chart of an invoice; none where there are fewer than two bars, or figures too long to compare.
pub(super) fn chart(
    bill: &Bill,
    invoice: &Invoice,
    language: Language,
    labels: &BTreeMap<String, String>,
    item_labels: &[ItemLabel<'_>],
) -> ChartView {
    let by_day = by_day(bill, invoice, language).unwrap_or_default();
    let others = labels.get("chart_others").map_or("", String::as_str);
    by_day.or_else(|| by_item(invoice, item_labels, others).ok().flatten()).unwrap_or_default()
}

/// The cost of usage per day, when at least half of all usage has a day.
fn by_day(bill: &Bill, invoice: &Invoice, language: Language) -> Result<Option<ChartView>, TooLong> {
    let last = bill.month.last();
    let mut sums = vec![Sum::default(); last.day() as usize + 1];
    for detail in invoice.details.iter().filter(|detail| invoice.item(detail).kind == ItemKind::Usage) {
        // Day 0 stands for the whole month.
        if let Some(sum) = sums.get_mut(usize::from(bill.charge(detail.charge).day)) {
            sum.add(invoice.amount(detail))?;
        }
    }
    let mut amounts = sums.into_iter().map(Sum::total).collect::<Result<Vec<Amount>, TooLong>>()?;
    let undated = amounts.remove(0);
    let dated = Sum::of(amounts.iter().copied())?;
    let used_days = amounts.iter().filter(|amount| amount.is_positive()).count();
    let plain = amounts.iter().all(|amount| !amount.is_negative()) && !undated.is_negative();
    if !plain || used_days < 2 || dated.minus(undated)?.is_negative() {
        return Ok(None);
    }
    let bars = amounts.into_iter().zip(1..).map(|(amount, day): (Amount, u32)| (day.to_string(), amount)).collect();
    let mut chart =
        ChartView { kind: ChartKind::Day, partial: undated.is_positive(), ..drawn(bars, invoice.currency)? };
    let peak = last.with_day(chart.peak_label.parse().unwrap_or(1)).unwrap_or(last);
    chart.peak_label = date_text(peak, language);
    Ok(Some(chart))
}

/// The cost of the most expensive items, and of all others together.
fn by_item(invoice: &Invoice, item_labels: &[ItemLabel<'_>], others: &str) -> Result<Option<ChartView>, TooLong> {
    let charged = |kind| matches!(kind, ItemKind::Usage | ItemKind::Fee | ItemKind::Minimum);
    let items = invoice.items.iter().zip(item_labels);
    let items = items.filter(|(item, _)| charged(item.kind) && item.amount.is_positive());
    let mut bars: Vec<(String, Amount)> =
        items.map(|(item, label)| (label.name_or(&item.name).to_owned(), item.amount)).collect();
    if bars.len() < 2 {
        return Ok(None);
    }
    bars.sort_by_key(|(_, amount)| Reverse(*amount));
    if bars.len() > ITEMS {
        let rest = bars.split_off(ITEMS - 1);
        bars.push((others.to_owned(), Sum::of(rest.into_iter().map(|(_, amount)| amount))?));
    }
    Ok(Some(ChartView { kind: ChartKind::Item, ..drawn(bars, invoice.currency)? }))
}

/// Lays out bars side by side, the highest as high as the field.
fn drawn(bars: Vec<(String, Amount)>, currency: Currency) -> Result<ChartView, TooLong> {
    let mut heights = Vec::with_capacity(bars.len());
    for (_, amount) in &bars {
        heights.push(Rounding::HalfUp.apply(*amount, DECIMALS)?.coefficient_at(DECIMALS)?);
    }
    let peak = heights.iter().copied().max().unwrap_or(0).max(1);
    let step = WIDTH / u32::try_from(bars.len()).unwrap_or(WIDTH).max(1);
    let width = step * 5 / 8;
    let mut chart = ChartView::default();
    for (((label, amount), height), index) in bars.into_iter().zip(heights).zip(0_u32..) {
        let scaled = height.checked_mul(HEIGHT).ok_or(TooLong)? / peak;
        let amount = money(Rounding::HalfUp.apply(amount, currency.decimals())?, currency, 0);
        let is_peak = height == peak && chart.peak.is_empty();
        if is_peak {
            chart.peak.clone_from(&amount);
            chart.peak_label.clone_from(&label);
        }
        chart.bars.push(BarView {
            label,
            amount,
            x: (index * step + (step - width) / 2).to_string(),
            y: (HEIGHT - scaled).to_string(),
            width: width.to_string(),
            height: scaled.to_string(),
            percent: format!("{}.{}%", scaled / 10, scaled % 10),
            is_peak,
        });
    }
    Ok(chart)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(amounts: &[&str], currency: Currency) -> ChartView {
        let amount = |text: &&str| ((*text).to_owned(), Amount::parse(text.as_bytes()).unwrap());
        drawn(amounts.iter().map(amount).collect(), currency).unwrap()
    }

    /// Four bars are 2,000 apart and 1,250 wide, with 375 on both sides; 25 of 40 is 625 thousandths.
    #[test]
    fn bars_are_in_proportion() {
        let chart = bars(&["10", "25", "40", "0"], Currency::Jpy);
        let drawn: Vec<[&str; 5]> =
            chart.bars.iter().map(|bar| [&*bar.x, &*bar.y, &*bar.width, &*bar.height, &*bar.percent]).collect();
        let expected = [
            ["375", "750", "1250", "250", "25.0%"],
            ["2375", "375", "1250", "625", "62.5%"],
            ["4375", "0", "1250", "1000", "100.0%"],
            ["6375", "1000", "1250", "0", "0.0%"],
        ];
        assert_eq!(drawn, expected);
        assert_eq!((chart.peak.as_str(), chart.peak_label.as_str()), ("¥40", "40"));
    }

    #[test]
    fn small_sums_have_bars_too() {
        let chart = bars(&["0.01", "0.0233333333", "0.02"], Currency::Usd);
        let heights: Vec<&str> = chart.bars.iter().map(|bar| bar.height.as_str()).collect();
        // 10000, 23333 and 20000 millionths.
        assert_eq!(heights, ["428", "1000", "857"]);
        assert_eq!(chart.peak, "$0.02");
    }

    #[test]
    fn figures_too_long_are_not_drawn() {
        let long = Amount::parse("9".repeat(34).as_bytes()).unwrap();
        assert!(drawn(vec![(String::new(), long), (String::new(), long)], Currency::Jpy).is_err());
    }
}
