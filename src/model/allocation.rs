//! The settings of an allocation: who bears charges that belong to no one customer.

use std::collections::BTreeMap;

use super::amount::Amount;
use super::definition::Definition;
use super::matcher::Matcher;

/// `[[allocation.share]]`: how charges that belong to no one customer are split.
#[derive(Clone, Debug)]
pub struct ShareRule {
    /// The charges it splits.
    pub matcher: Matcher,
    /// The ratio in which customers bear them.
    pub ratio: Ratio,
    /// Where it is written.
    pub definition: Definition,
}

/// Ratio in which customers bear a shared charge.
#[derive(Clone, Debug)]
pub enum Ratio {
    /// By the charges assigned to each customer from the same source.
    Measured {
        /// What is measured.
        by: ShareBasis,
        /// Only these charges; all where absent.
        of: Option<Box<Matcher>>,
    },
    /// Given directly, by customer id.
    Weights(BTreeMap<String, Amount>),
}

/// What is measured for a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareBasis {
    /// Positive cost.
    Amount,
    /// Quantity of usage; discounts are not measured.
    Quantity,
    /// Number of distinct resources with usage; discounts are not measured.
    Resources,
    /// Number of distinct resources with usage, each counted with the days on which the customer has it.
    ResourceDays,
    /// One for each customer with any measured charge.
    Even,
}

impl ShareBasis {
    /// The names in TOML.
    pub const NAMES: [(&'static str, ShareBasis); 5] = [
        ("amount", ShareBasis::Amount),
        ("quantity", ShareBasis::Quantity),
        ("resources", ShareBasis::Resources),
        ("resource-days", ShareBasis::ResourceDays),
        ("even", ShareBasis::Even),
    ];

    /// The name in TOML.
    pub fn name(self) -> &'static str {
        ShareBasis::NAMES.iter().find(|(_, basis)| *basis == self).map_or("", |(name, _)| name)
    }
}

/// `[[allocation.keep]]`: charges that the issuer bears on purpose.
#[derive(Clone, Debug)]
pub struct KeepRule {
    /// The charges it keeps.
    pub matcher: Matcher,
    /// Where it is written.
    pub definition: Definition,
}

/// Who bears a charge without a day, where claims change within the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonthOnly {
    /// Everyone, in proportion to the claimed days.
    Days,
    /// Who has it on the last claimed day.
    Last,
    /// Who has it on the first claimed day.
    First,
    /// Nobody: such a charge is an error.
    Error,
}

impl MonthOnly {
    /// The names in TOML.
    pub const NAMES: [(&'static str, MonthOnly); 4] = [
        ("days", MonthOnly::Days),
        ("last", MonthOnly::Last),
        ("first", MonthOnly::First),
        ("error", MonthOnly::Error),
    ];
}

/// `[allocation]`.
#[derive(Clone, Debug)]
pub struct AllocationSettings {
    /// Who bears charges without a day, where claims change within the month.
    pub month_only: MonthOnly,
    /// Whether the issuer bears charges without an owner; otherwise they are an error.
    pub keep_unassigned: bool,
    /// Rules of shared charges; the first match wins.
    pub shares: Vec<ShareRule>,
    /// Rules of kept charges, for those that no share rule matches; the first match wins.
    pub keeps: Vec<KeepRule>,
}
