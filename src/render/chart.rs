//! The small chart of an invoice: the cost of usage per day or, where most of it has no day, per item.
//!
//! Bars are whole numbers on a field of [`WIDTH`] × [`HEIGHT`], so that a template can draw them without computing.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::Datelike;
use serde::Serialize;

use super::format::{date_text, distinct, money};
use super::shorten::shorten;
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
    /// For days: what the field's top, middle and bottom stand for.
    pub scale: Vec<String>,
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
    /// The provider's names of the items; the label of other bars.
    pub name: String,
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
    let is_flat = amounts.iter().all(|amount| Some(amount) == amounts.first());
    if !plain || used_days < 2 || is_flat || dated.minus(undated)?.is_negative() {
        return Ok(None);
    }
    let top = top_of(amounts.iter().copied(), invoice.currency)?;
    let bars = amounts.into_iter().zip(1..).map(|(amount, day): (Amount, u32)| (day.to_string(), amount)).collect();
    let mut chart =
        ChartView { kind: ChartKind::Day, partial: undated.is_positive(), ..drawn(bars, invoice.currency, Some(top))? };
    let peak = last.with_day(chart.peak_label.parse().unwrap_or(1)).unwrap_or(last);
    chart.peak_label = date_text(peak, language);
    Ok(Some(chart))
}

/// The least round amount that is not below any of these: what the top of a scale stands for.
pub(super) fn top_of(amounts: impl Iterator<Item = Amount>, currency: Currency) -> Result<Amount, TooLong> {
    round_top(amounts.max().unwrap_or_default(), currency)
}

/// What the top of a scale may be, times a power of ten: all even, so that the half is a whole number too.
const TOPS: [i64; 15] = [2, 4, 6, 8, 10, 12, 16, 20, 24, 30, 40, 50, 60, 80, 100];

/// The least round amount that is not below the peak.
fn round_top(peak: Amount, currency: Currency) -> Result<Amount, TooLong> {
    let peak = Rounding::Up.apply(peak, currency.decimals())?;
    let mut unit = Amount::new(1, currency.decimals())?;
    loop {
        for times in TOPS {
            let top = unit.times(Amount::whole(times))?;
            if top >= peak {
                return Ok(top);
            }
        }
        unit = unit.times(Amount::whole(10))?;
    }
}

/// The cost of the most expensive items, and of all others together.
fn by_item(invoice: &Invoice, item_labels: &[ItemLabel<'_>], others: &str) -> Result<Option<ChartView>, TooLong> {
    let items = invoice.items.iter().zip(item_labels);
    let items = items.filter(|(item, _)| item.kind.is_charged() && item.amount.is_positive());
    let mut bars: Vec<(Cow<'_, str>, Cow<'_, str>, Amount)> = Vec::new();
    // The bar of an item that several sections list, by its label.
    let mut known: BTreeMap<Cow<'_, str>, usize> = BTreeMap::new();
    for (item, label) in items {
        let label = label.name_of(item);
        let bar = if item.section.is_some() { *known.entry(label.clone()).or_insert(bars.len()) } else { bars.len() };
        match bars.get_mut(bar) {
            Some((_, _, sum)) => *sum = sum.plus(item.amount)?,
            None => bars.push((label, item.qualified_name(), item.amount)),
        }
    }
    if bars.len() < 2 {
        return Ok(None);
    }
    bars.sort_by_key(|(.., amount)| Reverse(*amount));
    let rest = if bars.len() > ITEMS { bars.split_off(ITEMS - 1) } else { Vec::new() };
    let mut names: Vec<String> = bars.iter().map(|(_, name, _)| name.clone().into_owned()).collect();
    let mut bars: Vec<(String, Amount)> =
        bars.into_iter().map(|(label, _, amount)| (label.into_owned(), amount)).collect();
    if !rest.is_empty() {
        names.push(distinct(rest.iter().map(|(_, name, _)| name.as_ref())));
        bars.push((others.to_owned(), Sum::of(rest.iter().map(|(.., amount)| *amount))?));
    }
    let mut chart = ChartView { kind: ChartKind::Item, ..drawn(bars, invoice.currency, None)? };
    for (bar, name) in chart.bars.iter_mut().zip(names) {
        bar.name = name;
    }
    Ok(Some(chart))
}

/// Characters of a mark of the scale that fit beside the field in the built-in designs' smallest letters.
const SCALE_LONGEST: usize = 14;

/// Lays out bars side by side in a field whose top stands for `top`, or for the highest of them.
pub(super) fn drawn(
    bars: Vec<(String, Amount)>,
    currency: Currency,
    top: Option<Amount>,
) -> Result<ChartView, TooLong> {
    let mut heights = Vec::with_capacity(bars.len());
    for (_, amount) in &bars {
        heights.push(Rounding::HalfUp.apply(*amount, DECIMALS)?.coefficient_at(DECIMALS)?);
    }
    let peak = heights.iter().copied().max().unwrap_or(0).max(1);
    let field = top.map_or(Ok(peak), |top| top.coefficient_at(DECIMALS))?.max(1);
    let step = WIDTH / u32::try_from(bars.len()).unwrap_or(WIDTH).max(1);
    let width = step * 5 / 8;
    let mut chart = ChartView::default();
    if let Some(top) = top {
        let half = top.times(Amount::new(5, 1)?)?;
        chart.scale = [top, half, Amount::ZERO].map(|amount| money(amount, currency, 0)).to_vec();
        chart.scale.iter_mut().for_each(|mark| shorten(mark, SCALE_LONGEST));
    }
    for (((label, amount), height), index) in bars.into_iter().zip(heights).zip(0_u32..) {
        let scaled = height.checked_mul(HEIGHT).ok_or(TooLong)? / field;
        let amount = money(Rounding::HalfUp.apply(amount, currency.decimals())?, currency, 0);
        let is_peak = height == peak && chart.peak.is_empty();
        if is_peak {
            chart.peak.clone_from(&amount);
            chart.peak_label.clone_from(&label);
        }
        chart.bars.push(BarView {
            name: label.clone(),
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
        drawn(amounts.iter().map(amount).collect(), currency, None).unwrap()
    }

    /// Four bars are 2,000 apart and 1,250 wide, with 375 on both sides; 25 of 40 is 625 thousandths.
    #[test]
    fn bars_are_in_proportion() {
        let chart = bars(&["10", "25", "40", "0"], Currency::JPY);
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
        let chart = bars(&["0.01", "0.0233333333", "0.02"], Currency::USD);
        let heights: Vec<&str> = chart.bars.iter().map(|bar| bar.height.as_str()).collect();
        // 10000, 23333 and 20000 millionths.
        assert_eq!(heights, ["428", "1000", "857"]);
        assert_eq!(chart.peak, "$0.02");
    }

    #[test]
    fn figures_too_long_are_not_drawn() {
        let long = Amount::parse("9".repeat(34).as_bytes()).unwrap();
        assert!(drawn(vec![(String::new(), long), (String::new(), long)], Currency::JPY, None).is_err());
    }

    /// The half of the top is round too; a bar of 24 in a field of 30 is 800 thousandths of it.
    #[test]
    fn scales_end_at_round_amounts() {
        for (peak, currency, expected) in [
            ("0", Currency::JPY, "2"),
            ("3", Currency::JPY, "4"),
            ("4.2", Currency::JPY, "6"),
            ("123456", Currency::JPY, "160000"),
            ("283942", Currency::JPY, "300000"),
            ("400001", Currency::JPY, "500000"),
            ("0.03", Currency::USD, "0.04"),
            ("41.2", Currency::USD, "50"),
        ] {
            let top = round_top(Amount::parse(peak.as_bytes()).unwrap(), currency).unwrap();
            assert_eq!(top, Amount::parse(expected.as_bytes()).unwrap(), "{peak}");
        }
        let amounts = [("1".to_owned(), Amount::whole(24)), ("2".to_owned(), Amount::whole(30))];
        let top = top_of(amounts.iter().map(|(_, amount)| *amount), Currency::JPY).unwrap();
        let chart = drawn(amounts.to_vec(), Currency::JPY, Some(top)).unwrap();
        assert_eq!(chart.scale, ["¥30", "¥15", "¥0"]);
        assert_eq!((chart.bars[0].height.as_str(), chart.bars[1].height.as_str()), ("800", "1000"));
        assert_eq!(chart.peak, "¥30");
    }
}
