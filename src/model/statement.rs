//! [`Statement`]: what a provider says about a month besides its rows, to compare them with.

use std::collections::BTreeMap;

use super::amount::Amount;

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
}
