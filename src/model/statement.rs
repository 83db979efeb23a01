//! [`Statement`]: what a provider says about a month besides its rows, to compare them with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::currency::Currency;
use super::figures::money;

/// A provider's own figures, in the source's currency. What it does not say is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// What is asked for the month, tax included.
    pub total: Option<Amount>,
    /// Coupons that were taken off that total.
    pub coupons: Amount,
    /// What was used on each day of the month, in whatever way the provider rounds.
    pub daily: BTreeMap<u8, Amount>,
    /// The number of resources that were charged for, and what they are called.
    pub resources: Option<(usize, &'static str)>,
    /// Whether the month was closed when this was said.
    pub is_final: bool,
    /// A difference between the rows and the total that was accepted when they were fetched.
    pub accepted: Option<AcceptedDifference>,
}

/// A difference between a bill's rows and the provider's total that somebody accepted, in the source's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedDifference {
    /// Sum of the rows, tax included.
    pub ours: Amount,
    /// The provider's total.
    pub provider: Amount,
    /// Ours less the provider's.
    pub difference: Amount,
    /// Why it was accepted.
    pub reason: String,
}

impl AcceptedDifference {
    /// That it was accepted, and why, in words; `currency` is the source's.
    pub fn note(&self, currency: Currency) -> String {
        let difference = money(self.difference, currency, self.difference.scale());
        format!("a difference of {difference} was accepted when it was fetched: {}", self.reason)
    }
}
