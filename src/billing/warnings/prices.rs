//! Warnings about rules' prices per unit that are far from the provider's: a price per month where the provider counts
//! days, per megabyte where it counts bytes.

use std::collections::BTreeSet;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::Month;
use super::rules::of_file;
use crate::billing::own_units::OwnUnits;
use crate::billing::price_choice::price_choice;
use crate::billing::rule_finder::RuleFinder;
use crate::billing::rule_prices::RulePrices;
use crate::billing::tiers::TierState;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{ChargeKind, NameId, SubjectId};
use crate::model::customer::Customer;
use crate::model::definition::Definition;
use crate::model::figures::money;
use crate::model::invoice::Invoice;
use crate::model::item_label::ItemTables;
use crate::model::price::{Price, PriceRule, Tiering};
use crate::model::ratio::quotient;
use crate::model::rounding::Rounding;
use crate::model::warning::WarningCode;

/// Significant digits of a mean price.
const DIGITS: usize = 6;

/// Rules' prices more than `[warnings] price` times the provider's, or the other way round. Both are per unit of the
/// provider's quantities and in the invoice's currency. Items that the provider does not charge for are not compared.
pub(super) fn unusual_prices(month: Month<'_>) -> Result<Vec<Diagnostic>, TooLong> {
    let invoices = month.billed.invoices.par_iter();
    let found: Vec<Vec<PriceComparison<'_>>> =
        invoices.map(|invoice| comparisons(month, invoice)).collect::<Result<_, TooLong>>()?;
    let mut known: BTreeSet<(&Definition, u16, NameId)> = BTreeSet::new();
    let mut warnings = Vec::new();
    for (invoice, compared) in month.billed.invoices.iter().zip(found) {
        let customer = &month.settings.customers[invoice.customer];
        for comparison in compared {
            // A workspace's rule applies to many customers and is reported once.
            let key = (&comparison.rule.definition, comparison.source, comparison.item);
            if comparison.is_unusual(customer.warnings.price)? && known.insert(key) {
                warnings.push(comparison.warning(month, customer, invoice)?);
            }
        }
    }
    Ok(warnings)
}

/// A rule's price of an item, compared with the provider's.
struct PriceComparison<'a> {
    rule: &'a PriceRule,
    source: u16,
    item: NameId,
    /// The rule's price per unit, where it is the same for all units.
    own_price: Option<Amount>,
    /// Cost of the units below at the rule's price and at the provider's, in the invoice's currency.
    own: Amount,
    provider: Amount,
    quantity: Amount,
}

/// Quantity and cost of the charges that a rule prices, in the source's currency.
#[derive(Default)]
struct PricedCharges {
    own_price: Option<Amount>,
    quantity: Sum,
    cost: Sum,
}

/// Every item of an invoice that a rule prices per unit, with the provider's cost.
fn comparisons<'a>(month: Month<'a>, invoice: &Invoice) -> Result<Vec<PriceComparison<'a>>, TooLong> {
    let bill = month.bill;
    let customer = &month.settings.customers[invoice.customer];
    let by_unit = |rule: &PriceRule| !matches!(rule.price, Price::Markup(_)) && rule.validity.covers(month.bill.month);
    if !customer.pricing.rules.iter().any(by_unit) {
        return Ok(Vec::new());
    }
    let finder = RuleFinder::new(&customer.pricing.rules);
    let mut rules: FxHashMap<(SubjectId, NameId), Option<usize>> = FxHashMap::default();
    let mut sums: Vec<((usize, u16, NameId), PricedCharges)> = Vec::new();
    for detail in &invoice.details {
        let charge = bill.charge(detail.charge);
        if charge.kind() == ChargeKind::Discount {
            continue;
        }
        let slot = *rules.entry((charge.subject, charge.item)).or_insert_with(|| {
            let rule = price_choice(bill, customer, &finder, charge).rule();
            let rule = rule.filter(|index| by_unit(&customer.pricing.rules[*index]))?;
            let key = (rule, bill.subject(charge).source, charge.item);
            let known = sums.iter().position(|(known, _)| *known == key);
            Some(known.unwrap_or_else(|| {
                sums.push((key, PricedCharges::default()));
                sums.len() - 1
            }))
        });
        let Some(slot) = slot else { continue };
        let (cost, quantity) = (invoice.detail_cost(bill, detail), invoice.detail_quantity(bill, detail));
        let Some(quantity) = quantity.filter(|quantity| quantity.is_positive() && cost.is_positive()) else {
            continue;
        };
        let priced = &mut sums[slot].1;
        priced.own_price = invoice.unit_price(detail);
        priced.quantity.add(quantity)?;
        priced.cost.add(cost)?;
    }
    let mut compared = Vec::new();
    for ((rule, source, item), priced) in sums {
        let rule = &customer.pricing.rules[rule];
        let (quantity, cost) = (priced.quantity.total()?, priced.cost.total()?);
        let from = bill.sources[usize::from(source)].currency;
        // Cannot be missing: a month that lacks a rate is not computed.
        let Some(rate) = month.settings.fx_rate(bill.month, from, invoice.currency) else { continue };
        if quantity.is_zero() {
            continue;
        }
        let own = match (&rule.price, priced.own_price) {
            (_, Some(price)) => quantity.times(price)?,
            (Price::Tiers(tiers), None) => {
                let Some(rate) = month.settings.fx_rate(bill.month, rule.currency, invoice.currency) else { continue };
                let units = OwnUnits::of(bill, invoice.details.iter().map(|detail| bill.charge(detail.charge)));
                let prices = RulePrices::new(bill, month.settings, customer, units);
                let scaled =
                    prices.scale(rule, (source, item)).and_then(|scale| prices.tiers(rule, tiers, rate, scale));
                // A month whose rules give no exact prices is not computed.
                let Ok(scaled) = scaled else { continue };
                TierState::new(scaled, Tiering::Graduated).price(quantity, |_| {})?
            }
            (_, None) => continue,
        };
        let provider = cost.times(rate)?;
        compared.push(PriceComparison { rule, source, item, own_price: priced.own_price, own, provider, quantity });
    }
    Ok(compared)
}

impl PriceComparison<'_> {
    fn is_unusual(&self, times: Amount) -> Result<bool, TooLong> {
        Ok(self.own > self.provider.times(times)? || self.own.times(times)? < self.provider)
    }

    fn warning(&self, month: Month<'_>, customer: &Customer, invoice: &Invoice) -> Result<Diagnostic, TooLong> {
        let shown = |price: Amount| money(price, invoice.currency, 0);
        let own = match self.own_price {
            Some(price) => shown(price),
            None => shown(mean(self.own, self.quantity)?),
        };
        let provider = shown(mean(self.provider, self.quantity)?);
        let times = mean(self.own, self.provider)?;
        let source = &month.bill.sources[usize::from(self.source)].name;
        let tables = ItemTables::about_customer(month.settings, invoice.customer);
        let item = tables.both_names(source, month.bill.names.get(self.item));
        let unit = match month.bill.unit(self.source, self.item) {
            "" => "unit",
            unit => unit,
        };
        let message = format!("{item} costs {own} per {unit}, {times} times the provider's {provider} per {unit}");
        let facts = format!("{item}: {own} / {provider} (× {times})");
        let definition = &self.rule.definition;
        let hint = "a price is per unit of the provider's quantity: a SIM and day of SORACOM's basicCharge, a byte, an hour; \
                    correct it, or set price = \"…\" in [warnings] if it is meant";
        let warning = Diagnostic::finding(WarningCode::UnusualPrice, message, facts).at(Place::start_of(definition));
        Ok(of_file(warning.with_fact(definition.text.clone()), customer, definition).with_hint(hint))
    }
}

/// `total` ÷ `quantity` with few digits, for display.
fn mean(total: Amount, quantity: Amount) -> Result<Amount, TooLong> {
    let exact = [24, 18, 12, 6, 0].into_iter().find_map(|decimals| quotient(total, quantity, decimals));
    let exact = exact.ok_or(TooLong)?;
    let digits = exact.coefficient().unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
    let excess = u32::try_from(digits.saturating_sub(DIGITS)).map_err(|_| TooLong)?;
    Rounding::HalfUp.apply(exact, exact.scale().saturating_sub(excess))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_have_six_digits() {
        let amount = |text: &str| Amount::parse(text.as_bytes()).unwrap();
        for (total, quantity, expected) in [
            ("310", "31", "10"),
            ("1", "3", "0.333333"),
            ("200", "3", "66.6667"),
            ("0.19073486328125", "1000000", "0.000000190735"),
            ("12345678", "1", "12345678"),
            ("0", "5", "0"),
        ] {
            assert_eq!(mean(amount(total), amount(quantity)).unwrap(), amount(expected), "{total} / {quantity}");
        }
    }
}
