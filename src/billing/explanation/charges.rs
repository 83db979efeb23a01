//! Explains the rows of an invoice's lines: which rules claimed, shared and priced each of them.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::record::*;
use super::rules::{PricedRow, Rules, UnitPrices};
use super::{Case, Wanted, conversion, defect, exchange};
use crate::billing::category_split::CategoryUsage;
use crate::billing::claims::{Claims, RuleIndex};
use crate::billing::own_units::OwnUnits;
use crate::billing::ownership::{DIVIDED, NOBODY, Ownership, assign};
use crate::billing::price_choice::{PriceChoice, own_status, tax_rule};
use crate::billing::prorating::HeldBy;
use crate::billing::resources::UsedResources;
use crate::billing::rule_finder::RuleFinder;
use crate::billing::rule_prices::RulePrices;
use crate::billing::sharing::{Fate, Sharing};
use crate::billing::tiers::TierPart;
use crate::diagnostic::Problems;
use crate::model::amount::{Sum, TooLong};
use crate::model::charge::EMPTY;
use crate::model::invoice::{Detail, ItemKind, Share};
use crate::model::matcher::Glob;
use crate::model::price::{Price, PriceRule, Tiering};
use crate::model::tax::TaxCategory;

/// The rows read for an invoice.
pub(super) struct ReadRows<'a, 'o> {
    /// By line of the invoice.
    pub(super) lines: Vec<LineRows<'a>>,
    /// The customer's own resources, which fees are charged for.
    pub(super) resources: UsedResources<'o>,
}

/// The rows of a line.
#[derive(Default)]
pub(super) struct LineRows<'a> {
    pub(super) tax_rules: Vec<Rule<'a>>,
    /// Index of the source, which is the same for every row.
    source: Option<u16>,
    sharings: Vec<(Option<usize>, SharingExplanation<'a>)>,
    /// Rows by what prices them and whether they are split over tax categories.
    parts: BTreeMap<(PriceChoice, bool), ChargePart<'a>>,
}

#[derive(Default)]
struct ChargePart<'a> {
    split: Option<(CategoryUsage, TaxCategory)>,
    /// Costs and prices before the split.
    whole: (Sum, Sum),
    rows: Vec<RowExplanation<'a>>,
    shown: PartSums,
    all: PartSums,
    /// By tier: units and price.
    tiers: BTreeMap<usize, (Sum, Sum)>,
    /// The prices per unit of the bill; none for prices that multiply a cost.
    prices: Option<UnitPrices>,
}

struct PartSums {
    rows: usize,
    quantity: Option<Sum>,
    cost: Sum,
    exact: Sum,
    amount: Sum,
}

impl Default for PartSums {
    fn default() -> PartSums {
        let nought = Sum::default();
        PartSums { rows: 0, quantity: Some(nought), cost: nought, exact: nought, amount: nought }
    }
}

impl PartSums {
    fn add(&mut self, row: &PricedRow) -> Result<(), TooLong> {
        self.rows += 1;
        self.quantity = match (self.quantity, row.quantity) {
            (Some(mut sum), Some(quantity)) => {
                sum.add(quantity)?;
                Some(sum)
            }
            _ => None,
        };
        self.cost.add(row.cost)?;
        self.exact.add(row.exact)?;
        self.amount.add(row.amount)
    }

    fn total(&self) -> Result<RowSums, TooLong> {
        Ok(RowSums {
            rows: self.rows,
            quantity: self.quantity.map(Sum::total).transpose()?,
            cost: self.cost.total()?,
            exact: self.exact.total()?,
            amount: self.amount.total()?,
        })
    }
}

/// Reads all rows of the invoice in the order in which they were priced, and keeps those wanted.
pub(super) fn read<'a, 'o>(case: Case<'a>, owned: &'o Ownership, wanted: &Wanted) -> Result<ReadRows<'a, 'o>, Problems>
where
    'a: 'o,
{
    let Case { bill, settings, invoice } = case;
    let is_wanted = |detail: &Detail| wanted.has_line(detail.item.0 as usize + 1);
    let index = RuleIndex::new(bill, settings);
    let customer = &settings.customers[invoice.customer];
    let tax_rules = RuleFinder::new(&settings.tax_rules);
    let units = OwnUnits::of(bill, invoice.details.iter().map(|detail| bill.charge(detail.charge)));
    let mut rules = Rules {
        case,
        price_rules: RuleFinder::new(&customer.pricing.rules),
        claims: Claims::new(bill, settings, &index),
        sharing: Sharing::new(bill, settings, owned),
        choices: FxHashMap::default(),
        tiers: BTreeMap::new(),
        prices: RulePrices::new(bill, settings, customer, units),
    };
    let held = HeldBy { held: &owned.held, customer: invoice.customer };
    let mut read = ReadRows { lines: Vec::new(), resources: UsedResources::new(customer, held) };
    read.lines.resize_with(invoice.items.len(), LineRows::default);
    if customer.pricing.rules.iter().any(PriceRule::is_by_volume) {
        for detail in &invoice.details {
            rules.measure(bill.charge(detail.charge), invoice.share(detail))?;
        }
    }
    let mut usage: BTreeMap<u32, Sum> = BTreeMap::new();
    let mut details = Vec::with_capacity(invoice.details.len());
    for detail in &invoice.details {
        let charge = bill.charge(detail.charge);
        let share = invoice.share(detail);
        if share.is_none_or(Share::is_own) {
            read.resources.add(bill, charge);
        }
        let choice = rules.choice(charge);
        let priced = rules.priced(charge, share, choice)?;
        let item = invoice.item(detail);
        if item.kind == ItemKind::Usage {
            usage.entry(detail.item.0).or_default().add(priced.exact)?;
        }
        details.push((detail, choice, priced));
    }
    let usage = by_source(case, usage)?;
    for (detail, choice, whole) in details {
        let charge = bill.charge(detail.charge);
        let share = invoice.share(detail);
        let source = usize::from(bill.subject(charge).source);
        let is_split = invoice.category_part(detail).is_some();
        let category = invoice.item(detail).tax_category;
        let of_whole = (whole.cost, whole.exact);
        let priced = match is_split {
            true => rules.part(whole, &usage[source], category)?,
            false => whole,
        };
        let printed = invoice.amount(detail);
        if priced.amount != printed {
            let (file, row) = bill.origin(charge);
            return Err(defect(format!("{file}:{row} is {printed}, its explanation gives {}", priced.amount)));
        }
        if !is_wanted(detail) {
            continue;
        }
        let line = &mut read.lines[detail.item.0 as usize];
        line.source = Some(bill.subject(charge).source);
        let named = tax_rule(bill, &tax_rules, customer, charge).map(|rule| (rule.category, &rule.definition));
        let (ruled, definition) = named.unwrap_or_else(|| own_status(settings, customer));
        // A discount on a whole bill has the category of the usage it reduces, which no rule set.
        if let Some(rule) = Rule::at(definition).filter(|_| ruled == category && !is_split)
            && !line.tax_rules.contains(&rule)
        {
            line.tax_rules.push(rule);
        }
        let part = line.parts.entry((choice, is_split)).or_default();
        if part.prices.is_none() {
            part.prices.clone_from(&priced.prices);
        }
        if is_split {
            part.split.get_or_insert_with(|| (usage[source].clone(), category));
            part.whole.0.add(of_whole.0)?;
            part.whole.1.add(of_whole.1)?;
        }
        part.all.add(&priced)?;
        for TierPart { tier, units, amount, .. } in &priced.tiers {
            let (all_units, all_amount) = part.tiers.entry(*tier).or_default();
            all_units.add(*units)?;
            all_amount.add(*amount)?;
        }
        if wanted.has_resource(bill.names.get(bill.subject(charge).resource)) {
            part.shown.add(&priced)?;
            let row = rules.row(charge, share, priced, &mut line.sharings)?;
            part.rows.push(row);
        }
    }
    Ok(read)
}

impl<'a> LineRows<'a> {
    /// Number of rows shown.
    pub(super) fn shown(&self) -> usize {
        self.parts.values().map(|part| part.shown.rows).sum()
    }

    /// The rows with their sums.
    pub(super) fn finish(self, case: Case<'a>) -> Result<ChargesExplanation<'a>, Problems> {
        let Case { bill, settings, invoice } = case;
        let pricing = &settings.customers[invoice.customer].pricing;
        let source = self.source.ok_or_else(|| defect("a line without rows".to_owned()))?;
        let currency = bill.sources[usize::from(source)].currency;
        let mut parts = Vec::new();
        for ((choice, _), part) in self.parts {
            let rule = choice.rule().map(|index| &pricing.rules[index]);
            let definitions = &pricing.definitions;
            let mut price = PriceExplanation {
                method: "markup",
                rule: rule.and_then(|rule| Rule::at(&rule.definition)).or_else(|| match choice {
                    PriceChoice::AtCost | PriceChoice::Kept => Rule::at(&definitions.discounts),
                    _ => Rule::at(&definitions.markup),
                }),
                factor: None,
                unit_price: None,
                conversion: None,
                per: None,
                tiering: None,
                together: false,
                measured: None,
                tiers: Vec::new(),
            };
            let of_units = || part.prices.clone().ok_or_else(|| defect("a rule without prices".to_owned()));
            if let (Some(per), Some(prices)) = (rule.and_then(|rule| rule.per.as_deref()), &part.prices) {
                price.per = Some(PerExplanation { unit: per, scale: prices.scale });
            }
            match (choice, rule.map(|rule| &rule.price)) {
                (PriceChoice::AtCost | PriceChoice::Kept, _) => price.method = "at-cost",
                (PriceChoice::DefaultMarkup, _) | (_, None) => price.factor = Some(pricing.markup.factor()),
                (_, Some(Price::Markup(markup))) => price.factor = Some(markup.factor()),
                (PriceChoice::Rule(index), Some(Price::UnitPrice(unit_price))) => {
                    price.method = "unit-price";
                    price.unit_price = of_units()?.unit_price;
                    price.conversion = conversion(case, *unit_price, pricing.rules[index].currency)?;
                }
                (PriceChoice::Rule(rule), Some(Price::Tiers(tiers))) => {
                    price.method = "tiers";
                    price.tiering = Some(tiers.tiering.name()).filter(|_| tiers.tiering != Tiering::Graduated);
                    price.together = tiers.together;
                    let prices = of_units()?;
                    price.measured = prices.measured;
                    for (index, (tier, of_rule)) in prices.tiers.iter().zip(&tiers.tiers).enumerate() {
                        let (units, amount) = part.tiers.get(&index).copied().unwrap_or_default();
                        price.tiers.push(TierExplanation {
                            up_to: tier.up_to,
                            unit_price: tier.unit_price,
                            conversion: conversion(case, of_rule.unit_price, pricing.rules[rule].currency)?,
                            units: units.total()?,
                            amount: amount.total()?,
                        });
                    }
                }
            }
            let split = match &part.split {
                None => None,
                Some((usage, category)) => Some(SplitExplanation {
                    usage: usage
                        .iter()
                        .map(|(category, amount)| CategoryWeight { category: *category, amount: *amount })
                        .collect(),
                    weight: usage.get(category).copied().ok_or_else(|| defect("a part without usage".to_owned()))?,
                    total: Sum::of(usage.values().copied())?,
                    of_cost: part.whole.0.total()?,
                    of_exact: part.whole.1.total()?,
                }),
            };
            let (shown, all) = (part.shown.total()?, part.all.total()?);
            parts.push(PartExplanation { price, split, rows: part.rows, shown, all });
        }
        Ok(ChargesExplanation {
            currency,
            exchange: exchange(case, currency, invoice.currency),
            sharings: self.sharings.into_iter().map(|(_, sharing)| sharing).collect(),
            parts,
        })
    }
}

/// Amounts of usage by source and category, before rounding and without tax, where above zero; `sums` are by item.
fn by_source(case: Case<'_>, sums: BTreeMap<u32, Sum>) -> Result<Vec<CategoryUsage>, Problems> {
    let Case { bill, invoice, .. } = case;
    let mut usage: Vec<BTreeMap<TaxCategory, Sum>> = vec![BTreeMap::new(); bill.sources.len()];
    for (index, sum) in sums {
        let item = &invoice.items[index as usize];
        let source = bill.sources.iter().position(|source| source.name == item.source);
        let source = source.ok_or_else(|| defect(format!("{} is of no source", item.name)))?;
        usage[source].entry(item.tax_category).or_default().add(item.tax_group().without_tax(sum.total()?)?)?;
    }
    let totals = |sums: BTreeMap<TaxCategory, Sum>| {
        let totals = sums.into_iter().map(|(category, sum)| Ok((category, sum.total()?)));
        let totals = totals.collect::<Result<CategoryUsage, TooLong>>()?;
        Ok(totals.into_iter().filter(|(_, sum)| sum.is_positive()).collect())
    };
    usage.into_iter().map(totals).collect()
}

/// Message on the rule by which the issuer bears a row of such a resource; none where it bears none.
pub(super) fn kept_by(case: Case<'_>, resource: &Glob) -> Result<Option<String>, Problems> {
    let Case { bill, settings, .. } = case;
    if settings.allocation.keeps.is_empty() {
        return Ok(None);
    }
    let owned = assign(bill, settings);
    let mut sharing = Sharing::new(bill, settings, &owned);
    let known = |id| id != EMPTY && resource.matches(bill.names.get(id));
    let is_unclaimed = |owner: u32| owner == NOBODY || owner == DIVIDED;
    for (charge, _) in bill.charges.iter().zip(&owned.owners).filter(|(_, owner)| is_unclaimed(**owner)) {
        if !known(bill.subject(charge).resource) {
            continue;
        }
        if let Fate::Kept(rule) = sharing.ratio(charge).map_err(|(_, problem)| problem)? {
            let (file, row) = bill.origin(charge);
            let definition = &settings.allocation.keeps[rule].definition;
            let place = format!("{}:{}", definition.path, definition.line);
            return Ok(Some(format!("{file}:{row} is kept by the issuer: {place}  {}", definition.text)));
        }
    }
    Ok(None)
}
