//! Chooses price and tax category of a charge, and names the rule behind them: in one place for both the amounts and
//! their explanation.

use super::rule_finder::RuleFinder;
use crate::model::charge::{Bill, Charge, ChargeKind};
use crate::model::customer::Customer;
use crate::model::definition::Definition;
use crate::model::price::{DiscountRule, Price, PriceRule};
use crate::model::settings::{Settings, TaxRule};
use crate::model::tax::TaxCategory;

/// The rule or setting that prices a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PriceChoice {
    /// `discounts = "keep"`: the issuer keeps it.
    Kept,
    /// `discounts = "at-cost"`: the customer gets exactly the provider's discount.
    AtCost,
    /// `markup`, because no rule matches.
    DefaultMarkup,
    /// A `[[pricing.rule]]`, by index.
    Rule(usize),
}

impl PriceChoice {
    /// Index of the rule, if it is one.
    pub(super) fn rule(self) -> Option<usize> {
        match self {
            PriceChoice::Rule(index) => Some(index),
            _ => None,
        }
    }
}

/// Chooses what prices a customer's charge: the first rule that matches, else the default markup (billing-rules §3).
/// `rules` are those of the customer.
pub(super) fn price_choice(
    bill: &Bill,
    customer: &Customer,
    rules: &RuleFinder<'_, PriceRule>,
    charge: &Charge,
) -> PriceChoice {
    let pricing = &customer.pricing;
    let discount = charge.kind() == ChargeKind::Discount;
    match pricing.discounts {
        DiscountRule::Keep if discount => return PriceChoice::Kept,
        DiscountRule::AtCost if discount => return PriceChoice::AtCost,
        _ => {}
    }
    let subject = bill.seen(charge.subject);
    let item = bill.names.get(charge.item);
    // Unit prices and tiers never apply to discounts, which reduce a cost and are no usage.
    let is_of_kind = |rule: &PriceRule| !discount || matches!(rule.price, Price::Markup(_));
    let first = rules.first(&subject, item, |rule| is_of_kind(rule) && rule.validity.covers(bill.month));
    first.map_or(PriceChoice::DefaultMarkup, PriceChoice::Rule)
}

/// The first `[[tax.rule]]` that matches a customer's charge; without one, [`own_status`] applies.
pub(super) fn tax_rule<'s>(
    bill: &Bill,
    rules: &RuleFinder<'s, TaxRule>,
    customer: &Customer,
    charge: &Charge,
) -> Option<&'s TaxRule> {
    let subject = bill.seen(charge.subject);
    let item = bill.names.get(charge.item);
    rules.first(&subject, item, |rule| rule.is_for(&customer.id)).map(|position| &rules.rules[position])
}

/// The category of lines without charges (fees, the minimum) and of charges that no rule matches, with what sets it:
/// the first `[[tax.rule]]` for the customer as a whole, else the customer's own `[tax] category`, else standard.
pub(super) fn own_status<'s>(settings: &'s Settings, customer: &'s Customer) -> (TaxCategory, &'s Definition) {
    let rule = settings.tax_rules.iter().find(|rule| !rule.names_charges && rule.is_for(&customer.id));
    match rule {
        Some(rule) => (rule.category, &rule.definition),
        None => (customer.tax.category, &customer.tax.category_definition),
    }
}
