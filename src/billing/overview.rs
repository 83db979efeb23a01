//! Overview of a month for its reviewer: what items cost, and who bears shared and kept charges.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::BilledMonth;
use super::rule_finder::RuleFinder;
use crate::model::allocation::ShareRule;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, CHUNK, Charge, ChargeId, ChargeKind, NameId, SubjectId};
use crate::model::invoice::Invoice;
use crate::model::price::DiscountRule;
use crate::model::settings::Settings;

/// Overview of a month.
#[derive(Debug)]
pub struct Overview {
    /// Cost of usage by source and item, the most expensive first.
    pub items: Vec<ItemCost>,
    /// Sum of the providers' discounts, below zero, in the currency of conservation.
    pub discounts: Amount,
    /// Shared charges, by the rule that shared them.
    pub shared: Vec<SharedCost>,
    /// Charges that the issuer bears and discounts it keeps, by source.
    pub kept: Vec<KeptCost>,
}

/// Cost of an item's usage.
#[derive(Debug)]
pub struct ItemCost {
    /// Index in [`Bill::sources`].
    pub source: u16,
    /// The item's name.
    pub name: String,
    /// Its cost in the currency of conservation.
    pub cost: Amount,
}

/// Charges split by one share rule.
#[derive(Debug)]
pub struct SharedCost {
    /// Index in `[[allocation.share]]`; none for discounts that no rule shares.
    pub rule: Option<usize>,
    /// Index in [`Bill::sources`].
    pub source: u16,
    /// Sum of the charges, in the source's currency.
    pub total: Amount,
    /// Parts by customer (index in the settings), in the order of their ids.
    pub parts: Vec<(usize, Amount)>,
    /// The part that the issuer keeps: discounts of customers with `discounts = "keep"`.
    pub kept: Amount,
}

/// What the issuer bears of a source's charges and keeps of its discounts.
#[derive(Debug)]
pub struct KeptCost {
    /// Index in [`Bill::sources`].
    pub source: u16,
    /// Sum in the source's currency.
    pub total: Amount,
    /// Kept discounts by customer (index in the settings).
    pub customers: Vec<(usize, Amount)>,
    /// Charges kept on purpose, by rule.
    pub rules: Vec<KeptByRule>,
    /// Charges without an owner, kept by `unassigned = "keep"`.
    pub unowned: KeptCharges,
}

/// Charges of a source kept by one `[[allocation.keep]]`.
#[derive(Debug)]
pub struct KeptByRule {
    /// Index in `[[allocation.keep]]`.
    pub rule: usize,
    /// The charges.
    pub charges: KeptCharges,
}

/// Charges of a source that the issuer bears for one reason.
#[derive(Debug, Default)]
pub struct KeptCharges {
    /// Their sum, in the source's currency.
    pub total: Amount,
    /// Their number.
    pub rows: usize,
    /// Their items, in the order of their first rows.
    pub items: Vec<KeptItem>,
}

/// Kept charges of one item.
#[derive(Debug)]
pub struct KeptItem {
    /// The item's name.
    pub name: String,
    /// Usage or discount.
    pub kind: ChargeKind,
    /// Their sum, in the source's currency.
    pub total: Amount,
    /// Their number.
    pub rows: usize,
    /// The first of them.
    pub first: ChargeId,
}

/// Makes the overview of a month.
///
/// # Errors
/// Sums with more digits than an amount has.
pub fn overview(bill: &Bill, settings: &Settings, billed: &BilledMonth) -> Result<Overview, TooLong> {
    let (items, discounts) = items(bill, settings, billed)?;
    Ok(Overview { items, discounts, shared: shared(bill, settings, billed)?, kept: kept(bill, billed)? })
}

/// Sums by source and item.
type ItemSums = FxHashMap<(u16, NameId), Sum>;

fn items(bill: &Bill, settings: &Settings, billed: &BilledMonth) -> Result<(Vec<ItemCost>, Amount), TooLong> {
    let part = |charges: &[Charge]| -> Result<(ItemSums, Vec<Sum>), TooLong> {
        let mut usage = ItemSums::default();
        let mut discounts = vec![Sum::default(); bill.sources.len()];
        for charge in charges {
            let source = bill.subject(charge).source;
            match charge.kind() {
                ChargeKind::Usage => usage.entry((source, charge.item)).or_default().add(bill.cost(charge))?,
                ChargeKind::Discount => discounts[usize::from(source)].add(bill.cost(charge))?,
            }
        }
        Ok((usage, discounts))
    };
    let parts: Vec<Result<_, TooLong>> = bill.charges.par_chunks(CHUNK).map(part).collect();
    let mut sums: BTreeMap<(u16, &str), Sum> = BTreeMap::new();
    let mut discounts = vec![Sum::default(); bill.sources.len()];
    for part in parts {
        let (usage, taken_off) = part?;
        let mut usage: Vec<((u16, NameId), Sum)> = usage.into_iter().collect();
        usage.sort_unstable_by_key(|(key, _)| *key);
        for ((source, item), sum) in usage {
            sums.entry((source, bill.names.get(item))).or_default().merge(sum)?;
        }
        for (sum, part) in discounts.iter_mut().zip(taken_off) {
            sum.merge(part)?;
        }
    }
    let to = billed.conservation.currency;
    let rate = |source: u16| {
        let from = bill.sources[usize::from(source)].currency;
        settings.known_rate(bill.month, from, to)
    };
    let mut items = Vec::with_capacity(sums.len());
    for ((source, name), sum) in sums {
        items.push(ItemCost { source, name: name.to_owned(), cost: sum.total()?.times(rate(source))? });
    }
    items.sort_by_key(|item| std::cmp::Reverse(item.cost));
    let mut total = Sum::default();
    for (source, sum) in (0..).zip(discounts) {
        total.add(sum.total()?.times(rate(source))?)?;
    }
    Ok((items, total.total()?))
}

/// By rule and source, the sums that customers bear and that the issuer keeps.
type Parts = BTreeMap<(Option<usize>, u16), (Sum, Sum)>;

fn shared(bill: &Bill, settings: &Settings, billed: &BilledMonth) -> Result<Vec<SharedCost>, TooLong> {
    let rules = RuleFinder::new(&settings.allocation.shares);
    let by_customer: Vec<Result<(usize, Parts), TooLong>> = billed
        .invoices
        .par_iter()
        .map(|invoice| Ok((invoice.customer, shared_with(bill, settings, &rules, invoice)?)))
        .collect();
    let mut costs: BTreeMap<(Option<usize>, u16), SharedCost> = BTreeMap::new();
    for found in by_customer {
        let (customer, parts) = found?;
        for ((rule, source), (borne, kept)) in parts {
            let (borne, kept) = (borne.total()?, kept.total()?);
            let zero = Amount::ZERO;
            let cost = costs.entry((rule, source)).or_insert_with(|| SharedCost {
                rule,
                source,
                total: zero,
                parts: Vec::new(),
                kept: zero,
            });
            cost.total = Sum::of([cost.total, borne, kept])?;
            cost.kept = cost.kept.plus(kept)?;
            if !borne.is_zero() {
                cost.parts.push((customer, borne));
            }
        }
    }
    // Discounts that no rule shares come last, like the step that shares them.
    let mut costs: Vec<SharedCost> = costs.into_values().collect();
    costs.sort_by_key(|cost| (cost.rule.is_none(), cost.rule, cost.source));
    Ok(costs)
}

fn shared_with(
    bill: &Bill,
    settings: &Settings,
    rules: &RuleFinder<'_, ShareRule>,
    invoice: &Invoice,
) -> Result<Parts, TooLong> {
    let keeps = settings.customers[invoice.customer].pricing.discounts == DiscountRule::Keep;
    let mut known: FxHashMap<(SubjectId, NameId), Option<usize>> = FxHashMap::default();
    let mut parts = Parts::new();
    for share in invoice.shares.iter().filter(|share| !share.is_own()) {
        let charge = bill.charge(share.charge);
        let rule = *known
            .entry((charge.subject, charge.item))
            .or_insert_with(|| rules.first(&bill.seen(charge.subject), bill.names.get(charge.item), |_| true));
        let (borne, kept) = parts.entry((rule, bill.subject(charge).source)).or_default();
        let is_kept = keeps && charge.kind() == ChargeKind::Discount;
        if is_kept { kept.add(share.cost)? } else { borne.add(share.cost)? }
    }
    Ok(parts)
}

fn kept(bill: &Bill, billed: &BilledMonth) -> Result<Vec<KeptCost>, TooLong> {
    let by_rule = billed.kept_by_rule.iter().map(|charges| by_source(bill, billed, charges));
    let mut by_rule: Vec<BTreeMap<u16, KeptCharges>> = by_rule.collect::<Result<_, TooLong>>()?;
    let mut unowned = by_source(bill, billed, &billed.kept_unassigned)?;
    let mut costs = Vec::new();
    for (source, totals) in (0_u16..).zip(&billed.sources) {
        let of_source = billed.kept.iter().filter(|kept| kept.source == source);
        let customers: Vec<(usize, Amount)> = of_source.map(|kept| (kept.customer, kept.cost)).collect();
        let rules = by_rule.iter_mut().enumerate();
        let rules = rules.filter_map(|(rule, kept)| Some(KeptByRule { rule, charges: kept.remove(&source)? }));
        let rules: Vec<KeptByRule> = rules.collect();
        let unowned = unowned.remove(&source).unwrap_or_default();
        // Kept charges and discounts count even where they add up to zero.
        if !customers.is_empty() || !rules.is_empty() || unowned.rows > 0 {
            costs.push(KeptCost { source, total: totals.kept, customers, rules, unowned });
        }
    }
    Ok(costs)
}

/// Charges by their source, item by item.
fn by_source(bill: &Bill, billed: &BilledMonth, charges: &[ChargeId]) -> Result<BTreeMap<u16, KeptCharges>, TooLong> {
    let mut all: BTreeMap<u16, Vec<(ChargeId, usize, Sum)>> = BTreeMap::new();
    let mut places: FxHashMap<(u16, NameId, ChargeKind), usize> = FxHashMap::default();
    for id in charges {
        let charge = bill.charge(*id);
        let source = bill.subject(charge).source;
        let items = all.entry(source).or_default();
        let place = *places.entry((source, charge.item, charge.kind())).or_insert_with(|| {
            items.push((*id, 0, Sum::default()));
            items.len() - 1
        });
        items[place].1 += 1;
        items[place].2.add(billed.remainders.cost(bill, *id))?;
    }
    let kept = |items: Vec<(ChargeId, usize, Sum)>| {
        let mut kept = KeptCharges::default();
        for (first, rows, sum) in items {
            let charge = bill.charge(first);
            let (name, total) = (bill.names.get(charge.item).to_owned(), sum.total()?);
            kept.total = kept.total.plus(total)?;
            kept.rows += rows;
            kept.items.push(KeptItem { name, kind: charge.kind(), total, rows, first });
        }
        Ok(kept)
    };
    all.into_iter().map(|(source, items)| Ok((source, kept(items)?))).collect()
}
