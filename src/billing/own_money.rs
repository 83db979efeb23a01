//! Converts money in the issuer's rules to an invoice's currency: unit prices and tiers exactly, fees and the minimum,
//! which are charged as they are, rounded once.

use crate::diagnostic::{Diagnostic, Place};
use crate::model::amount::{Amount, TooLong};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::definition::Definition;
use crate::model::period::BillingMonth;
use crate::model::price::Money;
use crate::model::settings::Settings;

/// A customer's prices that were converted at a month's `[[fx]]` rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConvertedPrices {
    /// Index of the customer in the settings.
    pub customer: usize,
    /// Currency of the prices.
    pub from: Currency,
    /// Units of the invoice's currency for one unit of it.
    pub rate: Amount,
}

/// The exchange rate for a rule's money on a customer's invoice.
///
/// # Errors
/// When `[[fx]]` has no rate in that direction. The rate of the other direction is never inverted: banks buy and sell at
/// different rates, and a quotient has no last digit.
pub(super) fn rate_for(
    settings: &Settings,
    month: BillingMonth,
    customer: &Customer,
    from: Currency,
    definition: &Definition,
) -> Result<Amount, Diagnostic> {
    let to = customer.invoice.currency;
    settings.fx_rate(month, from, to).ok_or_else(|| {
        let place = Place::start_of(definition);
        let who = format!("\"{}\" is billed in {to}, and this price is in {from}", customer.id);
        let diagnostic =
            Diagnostic::error(format!("no exchange rate from {from} to {to} for {month}")).at(place).with_note(who);
        let diagnostic = match settings.fx_entry(month, to, from) {
            Some(inverse) => diagnostic.with_note(format!(
                "{}:{} has the rate from {to} to {from}, which is never inverted",
                inverse.definition.path, inverse.definition.line
            )),
            None => diagnostic,
        };
        diagnostic.with_hint(format!(
            "add [[fx]] with month = \"{month}\", from = \"{from}\", to = \"{to}\", rate = \"…\" to invoicer.toml"
        ))
    })
}

/// A fee or minimum in the invoice's currency, rounded to its minor unit as the customer's amounts are.
///
/// # Errors
/// When it has too many digits.
pub(super) fn rounded_at(money: Money, rate: Amount, customer: &Customer) -> Result<Amount, TooLong> {
    customer.pricing.rounding.apply(money.amount.times(rate)?, customer.invoice.currency.decimals())
}
