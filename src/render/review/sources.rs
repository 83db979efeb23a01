//! The providers' totals, and who bears them.

use serde::Serialize;

use super::format::{percent, thousandths};
use super::page::ReviewPage;
use crate::billing::{KeptByRule, KeptCharges, KeptCost, KeptItem, SharedCost};
use crate::model::amount::Amount;
use crate::model::charge::ChargeKind;
use crate::model::currency::Currency;
use crate::model::figures::money;
use crate::model::invoice::ItemKind;
use crate::model::item_label::ItemTables;

/// A source.
#[derive(Debug, Serialize)]
pub struct SourceView<'a> {
    pub name: &'a str,
    pub title: &'a str,
    pub kind: &'static str,
    pub charges: String,
    pub discounts: String,
    pub total: String,
    pub tax: String,
    pub total_with_tax: String,
    pub allocated: String,
    pub kept: String,
    pub unassigned: String,
    pub has_unassigned: bool,
    /// Empty where the provider states none.
    pub provider_total: String,
    pub coupons: String,
    pub difference: String,
    /// Whether our total equals the provider's; meaningless where it states none.
    pub agrees: bool,
}

/// Charges split by a share rule.
#[derive(Debug, Serialize)]
pub struct SharedView<'a> {
    /// `invoicer.toml:12`; empty for discounts that no rule shares.
    pub place: String,
    pub text: &'a str,
    pub source: &'a str,
    pub total: String,
    pub parts: Vec<PartView<'a>>,
    pub kept: String,
}

/// The part that one customer bears.
#[derive(Debug, Serialize)]
pub struct PartView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub amount: String,
    pub percent: String,
    /// Thousandths of the whole.
    pub width: String,
}

/// What the issuer bears of a source's charges, and keeps of its discounts.
#[derive(Debug, Serialize)]
pub struct KeptView<'a> {
    pub source: &'a str,
    pub total: String,
    /// Charges by `[[allocation.keep]]`, and then those without an owner.
    pub charges: Vec<KeptChargesView<'a>>,
    /// Kept discounts.
    pub customers: Vec<PartView<'a>>,
}

/// Charges kept for one reason.
#[derive(Debug, Serialize)]
pub struct KeptChargesView<'a> {
    /// `invoicer.toml:12`; empty for charges without an owner.
    pub place: String,
    pub text: &'a str,
    pub total: String,
    pub rows: String,
    pub items: Vec<KeptItemView<'a>>,
}

/// Kept charges of one item.
#[derive(Debug, Serialize)]
pub struct KeptItemView<'a> {
    /// The provider's name.
    pub name: &'a str,
    /// The name for readers.
    pub label: &'a str,
    pub rows: String,
    /// The first row: `billing/202208/soracom.csv:12`.
    pub first: String,
    pub total: String,
}

/// An amount with all its digits.
fn exact(amount: Amount, currency: Currency) -> String {
    money(amount, currency, 0)
}

pub(super) fn sources(page: ReviewPage<'_>) -> Vec<SourceView<'_>> {
    let sources = page.review.billed.sources.iter().zip(&page.review.bill.sources);
    sources
        .map(|(totals, source)| {
            let shown = |amount: Amount| exact(amount, totals.currency);
            let optional = |amount: Option<Amount>| amount.map_or_else(String::new, shown);
            SourceView {
                name: &totals.name,
                title: page.review.settings.title_of(&totals.name),
                kind: source.kind.name(),
                charges: shown(totals.charges),
                discounts: shown(totals.discounts),
                total: shown(totals.total),
                tax: shown(totals.tax),
                total_with_tax: shown(totals.total_with_tax),
                allocated: shown(totals.allocated),
                kept: shown(totals.kept),
                unassigned: shown(totals.unassigned),
                has_unassigned: !totals.unassigned.is_zero(),
                provider_total: optional(totals.provider_total),
                coupons: if totals.coupons.is_zero() { String::new() } else { shown(totals.coupons) },
                difference: optional(totals.difference),
                agrees: totals.difference.is_some() && totals.unreconciled().is_none(),
            }
        })
        .collect()
}

/// A source's title and currency.
fn title(page: ReviewPage<'_>, source: u16) -> (&str, Currency) {
    let source = &page.review.bill.sources[usize::from(source)];
    (page.review.settings.title_of(&source.name), source.currency)
}

/// The parts, largest first, with the same number of decimals.
fn parts<'a>(page: ReviewPage<'a>, of: &[(usize, Amount)], whole: Amount, currency: Currency) -> Vec<PartView<'a>> {
    let mut sorted: Vec<(usize, Amount)> = of.to_vec();
    sorted.sort_by_key(|(customer, amount)| (std::cmp::Reverse(amount.magnitude()), *customer));
    let decimals = sorted.iter().map(|(_, amount)| amount.scale()).max().unwrap_or(0);
    let part = |(customer, amount): (usize, Amount)| PartView {
        id: &page.review.settings.customers[customer].id,
        name: &page.review.settings.customers[customer].name,
        amount: money(amount, currency, decimals),
        percent: percent(amount, whole).unwrap_or_default(),
        width: thousandths(amount, whole),
    };
    sorted.into_iter().map(part).collect()
}

pub(super) fn shared(page: ReviewPage<'_>) -> Vec<SharedView<'_>> {
    let rules = &page.review.settings.allocation.shares;
    let view = |cost: &SharedCost| {
        let (source, currency) = title(page, cost.source);
        let definition = cost.rule.and_then(|rule| rules.get(rule)).map(|rule| &rule.definition);
        SharedView {
            place: definition.map_or_else(String::new, |place| format!("{}:{}", place.path, place.line)),
            text: definition.map_or("", |definition| definition.text.as_str()),
            source,
            total: exact(cost.total, currency),
            parts: parts(page, &cost.parts, cost.total, currency),
            kept: if cost.kept.is_zero() { String::new() } else { exact(cost.kept, currency) },
        }
    };
    page.review.overview.shared.iter().map(view).collect()
}

pub(super) fn kept<'a>(page: ReviewPage<'a>) -> Vec<KeptView<'a>> {
    let view = |cost: &'a KeptCost| {
        let (source, currency) = title(page, cost.source);
        let by_rule = |kept: &'a KeptByRule| {
            let definition = &page.review.settings.allocation.keeps[kept.rule].definition;
            let place = format!("{}:{}", definition.path, definition.line);
            KeptChargesView { place, text: &definition.text, ..kept_charges(page, cost.source, &kept.charges) }
        };
        let mut charges: Vec<KeptChargesView<'_>> = cost.rules.iter().map(by_rule).collect();
        if cost.unowned.rows > 0 {
            charges.push(kept_charges(page, cost.source, &cost.unowned));
        }
        let total = exact(cost.total, currency);
        KeptView { source, total, charges, customers: parts(page, &cost.customers, cost.total, currency) }
    };
    page.review.overview.kept.iter().map(view).collect()
}

/// Kept charges without the reason.
fn kept_charges<'a>(page: ReviewPage<'a>, source: u16, kept: &'a KeptCharges) -> KeptChargesView<'a> {
    let tables = ItemTables::of_issuer(page.review.settings);
    let source = &page.review.bill.sources[usize::from(source)];
    let (source, currency) = (source.name.as_str(), source.currency);
    let item = |item: &'a KeptItem| {
        let kind = match item.kind {
            ChargeKind::Usage => ItemKind::Usage,
            ChargeKind::Discount => ItemKind::Discount,
        };
        let (file, row) = page.review.bill.origin(page.review.bill.charge(item.first));
        KeptItemView {
            name: &item.name,
            label: tables.label(source, &item.name, kind).name_or(&item.name),
            rows: item.rows.to_string(),
            first: format!("{file}:{row}"),
            total: exact(item.total, currency),
        }
    };
    KeptChargesView {
        place: String::new(),
        text: "",
        total: exact(kept.total, currency),
        rows: kept.rows.to_string(),
        items: kept.items.iter().map(item).collect(),
    }
}
