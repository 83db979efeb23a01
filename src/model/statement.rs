//! [`Statement`]: a provider's own figures of a month, to compare its rows with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::currency::Currency;
use super::figures::money;

/// A provider's own figures, in the source's currency; absent where it states none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Amount invoiced for the month, including tax.
    pub total: Option<Amount>,
    /// Amounts of single invoices of the month by their id, including tax.
    pub invoices: BTreeMap<String, Amount>,
    /// Coupons deducted from that total.
    pub coupons: Amount,
    /// Usage of each day of the month, rounded as the provider does.
    pub daily: BTreeMap<u8, Amount>,
    /// The number of charged resources, and what they are called.
    pub resources: Option<(usize, &'static str)>,
    /// Whether the provider had closed the month when it stated these figures.
    pub is_final: bool,
    /// The difference between rows and total that the user accepted when fetching.
    pub accepted: Option<AcceptedDifference>,
}

/// A difference between a bill's rows and the provider's total that the user accepted, in the source's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedDifference {
    /// Sum of the rows, including tax.
    pub ours: Amount,
    /// The provider's total.
    pub provider: Amount,
    /// Ours minus the provider's.
    pub difference: Amount,
    /// The user's reason.
    pub reason: String,
}

impl AcceptedDifference {
    /// Sentence with the difference and the reason for accepting it; `currency` is the source's.
    pub fn note(&self, currency: Currency) -> String {
        let difference = money(self.difference, currency, self.difference.scale());
        format!("a difference of {difference} was accepted when it was fetched: {}", self.reason)
    }
}
