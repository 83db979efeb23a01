//! The items of a month, whoever bears them: for those who give them names.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, CHUNK, Charge, ChargeKind, NameId};
use crate::model::currency::Currency;
use crate::model::invoice::{Invoice, ItemKind};
use crate::model::item_label::ItemTables;
use crate::model::settings::{Language, Settings};
use crate::model::tax::TaxCategory;

/// An item of a month.
#[derive(Clone, Debug, Serialize)]
pub struct ListedItem<'a> {
    /// The source's name; empty for the issuer's own.
    pub source: &'a str,
    /// The provider's name, or a fee's.
    pub item: &'a str,
    /// What it stands for.
    pub kind: ItemKind,
    /// Rows of the bill.
    pub rows: usize,
    /// Units of the provider; none where a row gives none.
    pub quantity: Option<Amount>,
    /// What they count, empty where the provider names nothing.
    pub unit: &'a str,
    /// What the provider charges, in `currency`.
    pub cost: Amount,
    /// The source's currency; for what has no source, the invoice's.
    pub currency: Currency,
    /// The provider's lowest and highest price per unit; none where no row has one.
    pub unit_price: Option<PriceRange>,
    /// What readers of each language see instead; none where it is the name above.
    pub labels: ItemNames<'a>,
}

/// From the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PriceRange {
    /// The lowest.
    pub least: Amount,
    /// The highest.
    pub most: Amount,
}

/// An item's names by language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ItemNames<'a> {
    /// In Japanese.
    pub ja: Option<&'a str>,
    /// In English.
    pub en: Option<&'a str>,
}

impl ItemNames<'_> {
    /// Whether no language has one.
    pub fn is_empty(&self) -> bool {
        self.ja.is_none() && self.en.is_none()
    }
}

/// What the rows of an item add up to.
#[derive(Clone)]
struct ItemTotals {
    rows: usize,
    quantity: Option<Sum>,
    cost: Sum,
    unit_price: Option<PriceRange>,
}

/// By source, item and kind.
type TotalsByItem = FxHashMap<(u16, NameId, ChargeKind), ItemTotals>;

impl ItemTotals {
    fn new() -> ItemTotals {
        ItemTotals { rows: 0, quantity: Some(Sum::default()), cost: Sum::default(), unit_price: None }
    }

    fn add(&mut self, quantity: Option<Amount>, cost: Amount, price: Option<Amount>) -> Result<(), TooLong> {
        self.rows += 1;
        self.cost.add(cost)?;
        self.quantity = match (self.quantity, quantity) {
            (Some(mut sum), Some(quantity)) => {
                sum.add(quantity)?;
                Some(sum)
            }
            _ => None,
        };
        self.widen(price.map(|price| PriceRange { least: price, most: price }));
        Ok(())
    }

    fn merge(&mut self, other: ItemTotals) -> Result<(), TooLong> {
        self.rows += other.rows;
        self.cost.merge(other.cost)?;
        self.quantity = match (self.quantity, other.quantity) {
            (Some(mut sum), Some(quantity)) => {
                sum.merge(quantity)?;
                Some(sum)
            }
            _ => None,
        };
        self.widen(other.unit_price);
        Ok(())
    }

    fn widen(&mut self, other: Option<PriceRange>) {
        self.unit_price = match (self.unit_price, other) {
            (Some(own), Some(other)) => {
                Some(PriceRange { least: own.least.min(other.least), most: own.most.max(other.most) })
            }
            (own, other) => own.or(other),
        };
    }
}

/// Every item of a bill, by source, name and kind, with the labels of the workspace.
///
/// # Errors
/// ItemTotals with more digits than an amount has.
pub fn listed_items<'a>(bill: &'a Bill, settings: &'a Settings) -> Result<Vec<ListedItem<'a>>, TooLong> {
    let part = |charges: &[Charge]| -> Result<TotalsByItem, TooLong> {
        let mut sums = TotalsByItem::default();
        for charge in charges {
            let key = (bill.subject(charge).source, charge.item, charge.kind());
            let sums = sums.entry(key).or_insert_with(ItemTotals::new);
            sums.add(bill.quantity(charge), bill.cost(charge), bill.unit_price(charge))?;
        }
        Ok(sums)
    };
    let parts: Vec<Result<TotalsByItem, TooLong>> = bill.charges.par_chunks(CHUNK).map(part).collect();
    let mut all: BTreeMap<(u16, &str, ChargeKind), (NameId, ItemTotals)> = BTreeMap::new();
    for part in parts {
        let mut part: Vec<_> = part?.into_iter().collect();
        part.sort_unstable_by_key(|(key, _)| *key);
        for ((source, item, kind), sums) in part {
            let known = all.entry((source, bill.names.get(item), kind)).or_insert_with(|| (item, ItemTotals::new()));
            known.1.merge(sums)?;
        }
    }
    let tables = ItemTables::of_issuer(settings);
    let listed = |((source, item, kind), (id, sums)): ((u16, &'a str, ChargeKind), (NameId, ItemTotals))| {
        let kind = if kind == ChargeKind::Discount { ItemKind::Discount } else { ItemKind::Usage };
        let of = &bill.sources[usize::from(source)];
        listed(tables, (&of.name, item, kind), bill.unit(source, id), of.currency, sums)
    };
    all.into_iter().map(listed).collect()
}

/// Every item of an invoice in the order of its lines, with the labels of its customer. Rows, quantities and costs are those
/// that the customer bears.
///
/// # Errors
/// ItemTotals with more digits than an amount has.
pub fn items_of_invoice<'a>(
    bill: &'a Bill,
    settings: &'a Settings,
    invoice: &'a Invoice,
) -> Result<Vec<ListedItem<'a>>, TooLong> {
    let mut sums = vec![ItemTotals::new(); invoice.items.len()];
    let lines = lines_of_items(invoice);
    for detail in &invoice.details {
        let price = bill.unit_price(bill.charge(detail.charge));
        let (quantity, cost) = (invoice.detail_quantity(bill, detail), invoice.detail_cost(bill, detail));
        sums[lines[detail.item.0 as usize]].add(quantity, cost, price)?;
    }
    let tables = ItemTables::of_customer(settings, invoice.customer);
    let mut all = Vec::with_capacity(sums.len());
    for (index, (item, sums)) in invoice.items.iter().zip(sums).enumerate() {
        if lines[index] != index {
            continue;
        }
        let source = bill.sources.iter().find(|source| source.name == item.source);
        let currency = source.map_or(invoice.currency, |source| source.currency);
        let sums = match item.is_provided() {
            true => sums,
            false => {
                let mut quantity = Sum::default();
                let quantity = item.quantity.map(|units| quantity.add(units).map(|()| quantity)).transpose()?;
                ItemTotals { quantity, ..sums }
            }
        };
        all.push(listed(tables, (&item.source, &item.name, item.kind), &item.unit, currency, sums)?);
    }
    Ok(all)
}

impl ListedItem<'_> {
    /// Whether it stands for charges of a provider.
    pub fn is_provided(&self) -> bool {
        !self.source.is_empty()
    }
}

/// By item, the first that is the same in another section of the invoice, or itself.
fn lines_of_items(invoice: &Invoice) -> Vec<usize> {
    let mut first: BTreeMap<(&str, &str, ItemKind, TaxCategory, bool), usize> = BTreeMap::new();
    let mut lines = Vec::with_capacity(invoice.items.len());
    for (index, item) in invoice.items.iter().enumerate() {
        let is_in_section = item.section.is_some() && item.is_provided();
        let key = (item.source.as_str(), item.name.as_str(), item.kind, item.tax_category, item.tax_included);
        lines.push(if is_in_section { *first.entry(key).or_insert(index) } else { index });
    }
    lines
}

fn listed<'a>(
    tables: ItemTables<'a>,
    (source, item, kind): (&'a str, &'a str, ItemKind),
    unit: &'a str,
    currency: Currency,
    sums: ItemTotals,
) -> Result<ListedItem<'a>, TooLong> {
    let label = |language| tables.in_language(language).label(source, item, kind).name;
    Ok(ListedItem {
        source,
        item,
        kind,
        rows: sums.rows,
        quantity: sums.quantity.map(Sum::total).transpose()?,
        unit,
        cost: sums.cost.total()?,
        currency,
        unit_price: sums.unit_price,
        labels: ItemNames { ja: label(Language::Japanese), en: label(Language::English) },
    })
}
