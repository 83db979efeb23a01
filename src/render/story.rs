//! [`StoryView`]: what an invoice tells of its month, as text and drawings.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chart::{BarView, drawn, top_of};
use super::format::{grouped, money, month_text, short_month_text};
use crate::billing::story::{Changes, ItemChange, Reason, ReasonKind, Story};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::invoice::{Invoice, ItemKind};
use crate::model::item_label::ItemLabel;
use crate::model::period::BillingMonth;
use crate::model::printed::{self, PrintedItem};
use crate::model::settings::Language;

/// Maximum number of items that changed with a row of their own.
const ITEMS: usize = 9;

/// Maximum number of resources that are named.
const RESOURCES: usize = 4;

/// Maximum number of groups with a bar of their own.
const GROUPS: usize = 6;

/// Maximum number of characters of an amount below a month's bar.
const SHORT_AMOUNT: usize = 10;

/// The field `story` of an invoice; empty where nothing is told.
#[derive(Debug, Default, Serialize)]
pub struct StoryView {
    /// Whether it is compared with the month before.
    pub has_changes: bool,
    /// `2022年7月`
    pub against: String,
    pub before: String,
    pub now: String,
    pub change: String,
    pub items: Vec<StoryItemView>,
    /// One sentence each: new resources, and those that are gone.
    pub resources: Vec<String>,
    /// Twelve bars, or none.
    pub months: Vec<BarView>,
    /// What the field's top, middle and bottom stand for.
    pub months_scale: Vec<String>,
    /// All months with their totals, for those who do not see the bars.
    pub months_text: String,
    /// Whether all amounts are short enough to be printed below their bars.
    pub has_month_amounts: bool,
    pub groups: Vec<BarView>,
}

/// An item that changed, or several.
#[derive(Debug, Serialize)]
pub struct StoryItemView {
    pub label: String,
    pub before: String,
    pub now: String,
    pub change: String,
    pub reasons: Vec<ReasonView>,
    /// Whether it is of several items.
    pub is_rest: bool,
}

/// A reason, with its part of the change where it is one of several.
#[derive(Debug, Serialize)]
pub struct ReasonView {
    pub text: String,
    pub amount: String,
}

/// The words of the templates, the language and the currency.
struct Words<'a> {
    labels: &'a BTreeMap<String, String>,
    language: Language,
    currency: Currency,
}

impl Words<'_> {
    fn label(&self, key: &str) -> &str {
        self.labels.get(key).map_or("", String::as_str)
    }

    /// A label with its placeholders filled in.
    fn filled(&self, key: &str, fields: &[(&str, &str)]) -> String {
        fields
            .iter()
            .fold(self.label(key).to_owned(), |text, (field, value)| text.replace(&format!("{{{field}}}"), value))
    }

    fn money(&self, amount: Amount) -> String {
        money(amount, self.currency, 0)
    }

    fn signed(&self, amount: Amount) -> String {
        let text = self.money(amount);
        if amount.is_positive() { format!("+{text}") } else { text }
    }
}

/// The view of an invoice's story; `None` where there is nothing to tell.
///
/// # Errors
/// Sums with too many digits.
pub(super) fn story_view(
    story: &Story,
    invoice: &Invoice,
    month: BillingMonth,
    language: Language,
    labels: &BTreeMap<String, String>,
    item_labels: &[ItemLabel<'_>],
    printed: &[PrintedItem],
) -> Result<Option<StoryView>, TooLong> {
    let words = Words { labels, language, currency: invoice.currency };
    let mut view = StoryView::default();
    if let Some(changes) = &story.changes {
        let items = PrintedItems::of(invoice, item_labels, printed)?;
        tell(&mut view, changes, &words, &items, month)?;
    }
    months(&mut view, story, &words, month, invoice.total)?;
    view.groups = groups(story, &words)?;
    let is_told = view.has_changes || !view.months.is_empty() || !view.groups.is_empty();
    Ok(is_told.then_some(view))
}

/// The items of the invoice as its own lines are printed, by the name for readers and the kind.
struct PrintedItems<'a> {
    amounts: BTreeMap<(&'a str, ItemKind), Amount>,
    labels: BTreeMap<(&'a str, ItemKind), &'a ItemLabel<'a>>,
}

impl<'a> PrintedItems<'a> {
    fn of(
        invoice: &'a Invoice,
        item_labels: &'a [ItemLabel<'a>],
        printed: &[PrintedItem],
    ) -> Result<PrintedItems<'a>, TooLong> {
        let mut items = PrintedItems { amounts: BTreeMap::new(), labels: BTreeMap::new() };
        for ((item, label), printed) in invoice.items.iter().zip(item_labels).zip(printed) {
            let key = (label.name_or(&item.name), item.kind);
            let amount = items.amounts.entry(key).or_default();
            *amount = amount.plus(printed.amount)?;
            items.labels.entry(key).or_insert(label);
        }
        Ok(items)
    }
}

/// A change as it is printed: the difference of what is printed, so that readers can check it.
struct PrintedChange<'c> {
    item: &'c ItemChange,
    before: Option<Amount>,
    now: Option<Amount>,
    change: Amount,
}

impl<'c> PrintedChange<'c> {
    fn of(item: &'c ItemChange, items: &PrintedItems<'_>, currency: Currency) -> Result<PrintedChange<'c>, TooLong> {
        let now = items.amounts.get(&(item.label.as_str(), item.kind)).copied();
        let before = match (item.before, now) {
            // What makes this month's table add up makes no change.
            (Some(_), Some(now)) if item.change.is_zero() => Some(now),
            (Some(before), _) => Some(printed::amount(before, currency)?),
            (None, _) => None,
        };
        let change = now.unwrap_or_default().minus(before.unwrap_or_default())?;
        Ok(PrintedChange { item, before, now, change })
    }

    /// The reasons with their parts of the printed change; the last has what remains of it.
    fn reasons(&self, currency: Currency) -> Result<Vec<Reason>, TooLong> {
        let mut rest = self.change;
        let mut reasons = self.item.reasons.clone();
        let Some((last, others)) = reasons.split_last_mut() else { return Ok(reasons) };
        for reason in others {
            if let Some(amount) = &mut reason.amount {
                *amount = printed::amount(*amount, currency)?;
                rest = rest.minus(*amount)?;
            }
        }
        last.amount = last.amount.map(|_| rest);
        if reasons.len() > 1 {
            reasons.retain(|reason| reason.amount.is_none_or(|amount| !amount.is_zero()));
        }
        Ok(reasons)
    }
}

fn tell(
    view: &mut StoryView,
    changes: &Changes,
    words: &Words<'_>,
    items: &PrintedItems<'_>,
    month: BillingMonth,
) -> Result<(), TooLong> {
    view.has_changes = true;
    view.against = month_text(month.previous(), words.language);
    view.before = words.money(changes.before);
    view.now = words.money(changes.now);
    view.change = words.signed(changes.now.minus(changes.before)?);
    let all = changes.items.iter().map(|item| PrintedChange::of(item, items, words.currency));
    let all = all.collect::<Result<Vec<PrintedChange<'_>>, TooLong>>()?;
    let (changed, same): (Vec<PrintedChange<'_>>, Vec<PrintedChange<'_>>) =
        all.into_iter().partition(|item| !item.change.is_zero());
    let own = if changed.len() > ITEMS { ITEMS - 1 } else { changed.len() };
    let (own, others) = changed.split_at(own);
    let amount = |amount: Option<Amount>| amount.map_or_else(String::new, |amount| words.money(amount));
    for printed in own {
        let ItemChange { label, kind, .. } = printed.item;
        let price = |price: Amount| match items.labels.get(&(label.as_str(), *kind)) {
            Some(label) => label.printed_unit_price(price),
            None => Some(price),
        };
        let reasons = printed.reasons(words.currency)?;
        let is_part = reasons.len() > 1;
        view.items.push(StoryItemView {
            label: label.clone(),
            before: amount(printed.before),
            now: amount(printed.now),
            change: words.signed(printed.change),
            reasons: reasons.iter().map(|reason| reason_view(reason, words, is_part, &price)).collect(),
            is_rest: false,
        });
    }
    for (key, items) in [("story_others", others), ("story_same", &same[..])] {
        if items.is_empty() {
            continue;
        }
        let before = Sum::of(items.iter().filter_map(|item| item.before))?;
        let now = Sum::of(items.iter().filter_map(|item| item.now))?;
        view.items.push(StoryItemView {
            label: words.filled(key, &[("count", &items.len().to_string())]),
            before: words.money(before),
            now: words.money(now),
            change: words.signed(now.minus(before)?),
            reasons: Vec::new(),
            is_rest: true,
        });
    }
    for (key, ids) in
        [("story_resources_new", &changes.new_resources), ("story_resources_gone", &changes.gone_resources)]
    {
        if ids.is_empty() {
            continue;
        }
        let mut list = ids[..ids.len().min(RESOURCES)].join(words.label("story_comma"));
        if ids.len() > RESOURCES {
            list += &words.filled("story_more", &[("count", &(ids.len() - RESOURCES).to_string())]);
        }
        view.resources.push(words.filled(key, &[("count", &ids.len().to_string()), ("list", &list)]));
    }
    Ok(())
}

fn reason_view(
    reason: &Reason,
    words: &Words<'_>,
    is_part: bool,
    price: &dyn Fn(Amount) -> Option<Amount>,
) -> ReasonView {
    let key = match reason.kind {
        ReasonKind::NewItem => "story_new_item",
        ReasonKind::EndedItem => "story_ended_item",
        ReasonKind::OneOff => "story_one_off",
        ReasonKind::NewResources => "story_new_resources",
        ReasonKind::Usage => "story_usage",
        ReasonKind::Price => "story_price",
        ReasonKind::Shared => "story_shared",
        ReasonKind::Rounding => "story_rounding",
        ReasonKind::Follows => "story_follows",
    };
    let prices = reason.prices.and_then(|(before, after)| Some((price(before)?, price(after)?)));
    let text = match (reason.kind, prices) {
        (ReasonKind::Price, Some((before, after))) => {
            words.filled("story_prices", &[("before", &grouped(before, 0)), ("after", &grouped(after, 0))])
        }
        _ => words.filled(key, &[("count", &reason.count.unwrap_or(0).to_string())]),
    };
    let amount = reason.amount.filter(|_| is_part).map_or_else(String::new, |amount| words.signed(amount));
    ReasonView { text, amount }
}

/// The totals of a year; none where no earlier month is known, because a single bar says nothing.
fn months(
    view: &mut StoryView,
    story: &Story,
    words: &Words<'_>,
    month: BillingMonth,
    total: Amount,
) -> Result<(), TooLong> {
    let all: Vec<(BillingMonth, Option<Amount>)> = story.months.iter().copied().chain([(month, Some(total))]).collect();
    if all.iter().filter(|(_, total)| total.is_some()).count() < 2 {
        return Ok(());
    }
    let bar = |(month, total): &(BillingMonth, Option<Amount>)| {
        (short_month_text(*month, words.language), total.unwrap_or_default())
    };
    let bars: Vec<(String, Amount)> = all.iter().map(bar).collect();
    let top = top_of(bars.iter().map(|(_, total)| *total), words.currency)?;
    let chart = drawn(bars, words.currency, Some(top))?;
    view.months_scale = chart.scale;
    view.months = chart.bars;
    let mut told = Vec::new();
    for (bar, (_, total)) in view.months.iter_mut().zip(&all) {
        bar.is_peak = false;
        match total {
            None => bar.amount = String::new(),
            Some(total) => told.push(format!("{} {}", bar.label, words.money(*total))),
        }
    }
    if let Some(bar) = view.months.last_mut() {
        bar.is_peak = true;
    }
    view.months_text = format!("{}: {}", words.label("story_months"), told.join(words.label("story_comma")));
    view.has_month_amounts = view.months.iter().all(|bar| bar.amount.chars().count() <= SHORT_AMOUNT);
    Ok(())
}

/// The groups that cost most, all others together, and what is shared.
fn groups(story: &Story, words: &Words<'_>) -> Result<Vec<BarView>, TooLong> {
    let own = if story.groups.len() > GROUPS { GROUPS - 1 } else { story.groups.len() };
    let (own, others) = story.groups.split_at(own);
    let mut bars: Vec<(String, Amount)> = Vec::new();
    for group in own {
        let name = if group.name.is_empty() { words.label("no_group") } else { &group.name };
        bars.push((name.to_owned(), group.amount));
    }
    if !others.is_empty() {
        let name = words.filled("story_other_groups", &[("count", &others.len().to_string())]);
        bars.push((name, Sum::of(others.iter().map(|group| group.amount))?));
    }
    if !story.common.is_zero() {
        bars.push((words.label("story_shared").to_owned(), story.common));
    }
    // Amounts below zero have no bars.
    if bars.iter().any(|(_, amount)| amount.is_negative()) {
        return Ok(Vec::new());
    }
    let mut bars = drawn(bars, words.currency, None)?.bars;
    for bar in &mut bars {
        bar.is_peak = false;
    }
    Ok(bars)
}
