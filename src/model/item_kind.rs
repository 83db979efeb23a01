//! [`ItemKind`]: what a line of an invoice stands for.

use serde::{Deserialize, Serialize};

/// Kind of a line of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// Something that was used.
    Usage,
    /// The issuer's own charge.
    Fee,
    /// The difference up to the minimum.
    Minimum,
    /// Something of this month alone that is charged.
    Adjustment,
    /// Free tier, coupon and the like; an adjustment or a fee below zero.
    Discount,
    /// 前月繰越: a rest below zero from an earlier month.
    Carried,
    /// The tax in prices that include it, below zero: it makes the items add up to the subtotal, which is before tax.
    #[serde(rename = "included-tax")]
    IncludedTax,
    /// 端数調整: the adjustment that makes the printed items add up to the rounded sum.
    Rounding,
}

impl ItemKind {
    /// The names in TOML and JSON.
    pub const NAMES: [(&'static str, ItemKind); 8] = [
        ("usage", ItemKind::Usage),
        ("fee", ItemKind::Fee),
        ("minimum", ItemKind::Minimum),
        ("adjustment", ItemKind::Adjustment),
        ("discount", ItemKind::Discount),
        ("carried", ItemKind::Carried),
        ("included-tax", ItemKind::IncludedTax),
        ("rounding", ItemKind::Rounding),
    ];

    /// Whether the amount follows from other lines alone, so that nobody can be billed or given back the line by itself.
    pub fn follows_from_others(self) -> bool {
        matches!(self, ItemKind::IncludedTax | ItemKind::Rounding)
    }

    /// Whether its items are listed among what is charged, not among discounts or adjustments.
    pub fn is_charged(self) -> bool {
        matches!(self, ItemKind::Usage | ItemKind::Fee | ItemKind::Adjustment | ItemKind::Minimum)
    }
}
