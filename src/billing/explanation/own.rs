//! Explains lines of the issuer's own: fees and adjustments, of an amount or in percent.

use super::others::status_rule;
use super::own_record::*;
use super::record::*;
use super::{Case, LineMakeup, conversion, defect};
use crate::billing::adjustments::{self, AdjustmentLine};
use crate::billing::fees::{self, FeeLine};
use crate::billing::own_money::rate_for;
use crate::billing::percentage::{Counted, PercentagePart};
use crate::billing::prorating::counted;
use crate::billing::resources::UsedResources;
use crate::diagnostic::Problems;
use crate::model::adjustment::{AdjustmentValue, PercentOf};
use crate::model::amount::Amount;
use crate::model::definition::Definition;
use crate::model::invoice::LineItem;
use crate::model::price::{Fee, FeePrice, Money};

/// Lines of the issuer's own, computed again: each is taken once, in the order of the invoice.
pub(super) struct OwnLines<'a, 'o> {
    case: Case<'a>,
    fees: std::vec::IntoIter<FeeLine>,
    /// Whether the items are fees of an amount, in the order of the invoice's items.
    of_amounts: Vec<bool>,
    resources: UsedResources<'o>,
    adjustments: Vec<AdjustmentLine<'a>>,
}

impl<'a, 'o> OwnLines<'a, 'o> {
    pub(super) fn of(case: Case<'a>, resources: UsedResources<'o>) -> Result<OwnLines<'a, 'o>, Problems> {
        let Case { bill, settings, invoice } = case;
        let customer = &settings.customers[invoice.customer];
        let charged = resources.charged_fees(bill.month);
        // Nothing here needs the amounts before rounding.
        let provided = invoice.items.iter().filter(|item| item.is_provided()).map(Counted::as_printed);
        let provided: Vec<Counted<'_>> = provided.collect();
        let mut fees = fees::lines(settings, customer, bill.month, &charged, &provided)?;
        // They are printed section by section.
        fees.sort_by_cached_key(|fee| place_of_fee(case, &customer.fees[fee.charged.fee].name));
        let of_fees = invoice.items.iter().filter(|item| item.is_fee()).map(Counted::as_printed);
        let others: Vec<Counted<'_>> = provided.into_iter().chain(of_fees).collect();
        let adjustments = adjustments::lines(settings, customer, bill.month, &others)?;
        let mut known = fees.iter();
        let is_of_amount = |item: &LineItem| item.is_fee() && known.next().is_some_and(|fee| fee.part.is_none());
        let of_amounts = invoice.items.iter().map(is_of_amount).collect();
        Ok(OwnLines { case, fees: fees.into_iter(), of_amounts, resources, adjustments })
    }

    /// The next fee.
    pub(super) fn fee(&mut self, index: usize) -> Result<LineMakeup<'a>, Problems> {
        let case = self.case;
        let Some(line) = self.fees.next() else {
            return Err(defect(format!("no fee is charged for line {}", index + 1)));
        };
        let customer = &case.settings.customers[case.invoice.customer];
        let FeeLine { charged, part, exact, item, .. } = &line;
        let Fee { price, definition, tax_category, .. } = &customer.fees[charged.fee];
        let origin = match (price, part) {
            (FeePrice::Percent(percent), Some(part)) => {
                let is_counted = |index: usize, item: &LineItem| item.is_provided() || self.of_amounts[index];
                LineOrigin::FeePercentage(self.percentage(definition, percent, part, is_counted))
            }
            (FeePrice::Amount { price, quantity }, None) => {
                LineOrigin::Fee(self.fee_of_amount(&line, *price, *quantity)?)
            }
            _ => return Err(defect(format!("line {} is another fee", index + 1))),
        };
        let tax_rules = if tax_category.is_some() || part.is_some() { Vec::new() } else { status_rule(case) };
        Ok((origin, *exact, item.amount, tax_rules))
    }

    fn fee_of_amount(&self, line: &FeeLine, price: Money, quantity: Amount) -> Result<FeeExplanation<'a>, Problems> {
        let Case { bill, settings, invoice } = self.case;
        let month = bill.month;
        let FeeLine { charged, full, item, .. } = line;
        let fee = &settings.customers[invoice.customer].fees[charged.fee];
        let resources = self.resources.of_fee(*charged, month).map(|(source, resource)| FeeResource {
            source: &bill.sources[usize::from(*source)].name,
            resource: bill.names.get(*resource),
        });
        let mut resources: Vec<FeeResource<'a>> = resources.collect();
        resources.sort_unstable();
        let prorated = full.filter(|_| charged.is_part(month)).map(|full| {
            let (counted, of) = counted(fee.prorate, charged.days, month);
            let (method, days) = (fee.prorate.name(), charged.days.in_words(month));
            ProratedExplanation { method, days, full, charged: counted, of }
        });
        let without = |what: &str| defect(format!("the fee {:?} has no {what}", fee.name));
        Ok(FeeExplanation {
            rule: Rule::at(&fee.definition),
            per: fee.per.name(),
            price: item.unit_price.ok_or_else(|| without("price"))?,
            conversion: conversion(self.case, price.amount, price.currency)?,
            quantity: Some(quantity).filter(|quantity| *quantity != Amount::whole(1)),
            count: item.quantity.ok_or_else(|| without("count"))?,
            resources,
            prorated,
        })
    }

    /// The adjustment of a line.
    pub(super) fn adjustment(&self, item: &LineItem) -> Result<LineMakeup<'a>, Problems> {
        let Case { settings, invoice, bill } = self.case;
        let is_of_line = |line: &&AdjustmentLine<'_>| {
            let (one, other) = (&line.item, item);
            (&one.adjusted, one.tax_group()) == (&other.adjusted, other.tax_group())
        };
        let line = self.adjustments.iter().find(is_of_line);
        let line = line.ok_or_else(|| defect(format!("no adjustment is {:?}", item.name)))?;
        let adjustment = line.adjustment;
        let customer = &settings.customers[invoice.customer];
        let mut explanation = AdjustedExplanation {
            id: &adjustment.id,
            rule: Rule::at(&adjustment.definition),
            date: adjustment.date.map(|date| date.to_string()),
            supply: adjustment.supply.map(|supply| supply.to_string()),
            quantity: item.quantity,
            price: None,
            conversion: None,
            percentage: None,
            cost: line.item.cost,
        };
        match (&adjustment.value, &line.part) {
            (AdjustmentValue::Percent(percent), Some(part)) => {
                let is_counted = |_: usize, item: &LineItem| {
                    let is_before = item.is_provided() || item.is_fee() || item.adjusted.is_some();
                    is_before && !adjustments::is_percentage(settings, customer, bill.month, item)
                };
                explanation.percentage = Some(self.percentage(&adjustment.definition, percent, part, is_counted));
            }
            (AdjustmentValue::Amount(money) | AdjustmentValue::Units { unit_price: money, .. }, None) => {
                let rate = rate_for(settings, bill.month, customer, money.currency, &adjustment.definition)?;
                explanation.price = Some(money.amount.times(rate)?);
                explanation.conversion = conversion(self.case, money.amount, money.currency)?;
            }
            _ => return Err(defect(format!("{:?} is another adjustment", item.name))),
        }
        let own_category = adjustment.tax_category.is_some() || line.part.is_some();
        let tax_rules = if own_category { Vec::new() } else { status_rule(self.case) };
        Ok((LineOrigin::Adjusted(explanation), line.exact, line.item.amount, tax_rules))
    }

    fn percentage(
        &self,
        definition: &'a Definition,
        percent: &PercentOf,
        part: &PercentagePart,
        is_counted: impl Fn(usize, &LineItem) -> bool,
    ) -> PercentageExplanation<'a> {
        let items = self.case.invoice.items.iter().enumerate();
        let group = part.group;
        let is_of_part = |item: &LineItem| item.tax_group() == group;
        let of = items.filter(|(index, item)| {
            is_of_part(item) && percent.of.matches(&item.source, &item.name, item.kind) && is_counted(*index, item)
        });
        PercentageExplanation {
            rule: Rule::at(definition),
            share: percent.share,
            lines: of.map(|(index, item)| LineAmount { line: Some(index + 1), amount: item.amount }).collect(),
            base: part.base,
        }
    }
}

/// Where the section of a fee stands: at its first line, or behind all sections.
fn place_of_fee(case: Case<'_>, name: &str) -> usize {
    let customer = &case.settings.customers[case.invoice.customer];
    let placed = case.settings.section_tables(customer).and_then(|tables| tables.of_fee(name));
    let is_in = |item: &LineItem, name: &str| item.section.as_ref().is_some_and(|section| section.name == name);
    let place = placed.and_then(|of| case.invoice.items.iter().position(|item| is_in(item, &of.section.name)));
    place.unwrap_or(usize::MAX)
}
