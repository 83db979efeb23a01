//! [`WarningCode`]: the kinds of warnings, by the names that settings, scripts and people use.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::amount::Amount;

/// Kind of a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningCode {
    /// A customer pays less than the provider charges.
    BelowCost,
    /// A total is far from those of previous months.
    UnusualTotal,
    /// A rule's price per unit is far from the provider's.
    UnusualPrice,
    /// A bill ends before the month does, unlike those of earlier months.
    ShortMonth,
    /// A customer has no charges.
    NoCharges,
    /// The tax base of a category is below zero.
    NegativeBase,
    /// The total of an invoice is below zero, because its taxes are.
    NegativeTotal,
    /// A subtotal below zero is carried forward, so no document is made.
    CarriedForward,
    /// Payment is due before the date of issue.
    DueBeforeIssue,
    /// A customer has an item that it never had before.
    NewItem,
    /// An item of the previous month is gone.
    GoneItem,
    /// A customer has a resource that it never had before.
    NewResource,
    /// A resource of the previous month is gone.
    GoneResource,
    /// A fee was charged for the last time in the previous month.
    EndedFee,
    /// A pricing rule applied for the last time in the previous month.
    EndedRule,
    /// A `[[match]]` matches nothing.
    UnusedMatch,
    /// A resource is assigned to a customer all month and has no charges.
    AssignmentWithoutCharges,
    /// A resource has charges on days on which nobody has it.
    ChargesInGap,
    /// A `[[pricing.rule]]` matches nothing.
    UnusedPriceRule,
    /// A `[[tax.rule]]` matches nothing.
    UnusedTaxRule,
    /// An `[[allocation.share]]` matches nothing.
    UnusedShareRule,
    /// An `[[allocation.keep]]` matches nothing.
    UnusedKeepRule,
    /// A registration number's check digit is wrong.
    RegistrationNumber,
    /// The issuer bears charges that no rule keeps on purpose.
    Kept,
    /// Our sum differs from the provider's.
    NotReconciled,
    /// A bill of a month in which its source does not exist.
    UnreadBill,
    /// The provider's rows have changed since the month was fetched.
    ProviderDrift,
    /// A character of a bill that no font has.
    MissingGlyph,
    /// A template that nothing uses.
    UnusedTemplate,
    /// An earlier month cannot be read for comparison.
    UnreadableMonth,
    /// A file in `customers/` is not a customer.
    NotACustomer,
    /// An `[[item]]` matches nothing, or an earlier one leaves nothing to it.
    UnusedItem,
    /// A `[[section]]` matches nothing, or an earlier one leaves nothing to it.
    UnusedSection,
    /// Invoices print an item by the provider's name.
    UnnamedItem,
    /// A customer's invoice may not be issued yet.
    OnHold,
    /// A customer's invoices name no account to pay to, although others' do.
    NoAccount,
    /// Rows cost nothing by themselves, because a commitment that is billed elsewhere covers them.
    CommitmentSplit,
}

impl WarningCode {
    /// The names in TOML and JSON, in the order in which warnings are reported.
    pub const NAMES: [(&'static str, WarningCode); 37] = [
        ("below-cost", WarningCode::BelowCost),
        ("unusual-total", WarningCode::UnusualTotal),
        ("unusual-price", WarningCode::UnusualPrice),
        ("short-month", WarningCode::ShortMonth),
        ("no-charges", WarningCode::NoCharges),
        ("negative-base", WarningCode::NegativeBase),
        ("negative-total", WarningCode::NegativeTotal),
        ("carried-forward", WarningCode::CarriedForward),
        ("due-before-issue", WarningCode::DueBeforeIssue),
        ("new-item", WarningCode::NewItem),
        ("gone-item", WarningCode::GoneItem),
        ("new-resource", WarningCode::NewResource),
        ("gone-resource", WarningCode::GoneResource),
        ("ended-fee", WarningCode::EndedFee),
        ("ended-rule", WarningCode::EndedRule),
        ("unused-match", WarningCode::UnusedMatch),
        ("assignment-without-charges", WarningCode::AssignmentWithoutCharges),
        ("charges-in-gap", WarningCode::ChargesInGap),
        ("unused-price-rule", WarningCode::UnusedPriceRule),
        ("unused-tax-rule", WarningCode::UnusedTaxRule),
        ("unused-share-rule", WarningCode::UnusedShareRule),
        ("unused-keep-rule", WarningCode::UnusedKeepRule),
        ("registration-number", WarningCode::RegistrationNumber),
        ("kept", WarningCode::Kept),
        ("not-reconciled", WarningCode::NotReconciled),
        ("unread-bill", WarningCode::UnreadBill),
        ("provider-drift", WarningCode::ProviderDrift),
        ("missing-glyph", WarningCode::MissingGlyph),
        ("unused-template", WarningCode::UnusedTemplate),
        ("unreadable-month", WarningCode::UnreadableMonth),
        ("not-a-customer", WarningCode::NotACustomer),
        ("unused-item", WarningCode::UnusedItem),
        ("unused-section", WarningCode::UnusedSection),
        ("unnamed-item", WarningCode::UnnamedItem),
        ("no-account", WarningCode::NoAccount),
        ("commitment-split", WarningCode::CommitmentSplit),
        ("on-hold", WarningCode::OnHold),
    ];

    /// The name in TOML and JSON.
    pub fn name(self) -> &'static str {
        WarningCode::NAMES.iter().find(|(_, code)| *code == self).map_or("", |(name, _)| name)
    }
}

impl Serialize for WarningCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// `[warnings]`: which warnings are reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningSettings {
    /// Reported deviation of a total from the median of three months, as a share: 0.3 for 30 %.
    pub change: Amount,
    /// Reported factor between a rule's price per unit and the provider's, in either direction.
    pub price: Amount,
    /// Warnings that are not reported.
    pub ignore: BTreeSet<WarningCode>,
}
