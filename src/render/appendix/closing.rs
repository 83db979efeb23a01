//! The end of the appendix: the way from the sum of the usage to the invoice's subtotal, as printed figures that add up.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figures::Split;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::invoice::{Invoice, ItemKind, LineItem};
use crate::model::printed;

/// A summand of the subtotal, or the subtotal.
#[derive(Debug, Serialize)]
pub struct ClosingRow<'a> {
    /// `usage`, `fees`, `adjustments`, `minimum`, `discounts`, `carried`, `included_tax`, `rounding`, or `subtotal` in the
    /// last row.
    pub name: &'static str,
    pub label: &'a str,
    /// The first line of the invoice that it is the sum of, where it is one of items and not of details.
    pub item: String,
    pub amount: Split,
}

/// The summands of the subtotal that an invoice has, in the order in which they are printed, and the subtotal. Usage and
/// discounts are those of the appendix, before items are rounded; what is then missing is the rounding.
pub(super) fn closing<'a>(
    invoice: &Invoice,
    labels: &'a BTreeMap<String, String>,
) -> Result<Vec<ClosingRow<'a>>, TooLong> {
    let of_details = |kind: ItemKind| {
        let details = invoice.details.iter().filter(|detail| invoice.item(detail).kind == kind);
        Sum::of(details.map(|detail| invoice.amount(detail)))
    };
    // Discounts without details are fees and adjustments.
    let own_discounts = invoice.items.iter().filter(|item| item.kind == ItemKind::Discount && !item.is_provided());
    let own_discounts = Sum::of(own_discounts.map(|item| item.amount))?;
    let of_items =
        |kind: ItemKind| Sum::of(invoice.items.iter().filter(|item| item.kind == kind).map(|item| item.amount));
    let mut rows = Vec::new();
    let mut left = invoice.subtotal;
    let mut add = |name: &'static str, key: &str, printed: Amount| {
        if !printed.is_zero() || matches!(name, "usage" | "subtotal") {
            let label = labels.get(key).map_or("", String::as_str);
            let line = invoice.items.iter().position(|item| closing_row(item) == Some(name));
            let item = line.map_or_else(String::new, |line| (line + 1).to_string());
            rows.push(ClosingRow { name, label, item, amount: Split::new(printed, invoice.currency) });
        }
    };
    for (name, key, sum) in [
        ("usage", "closing_usage", of_details(ItemKind::Usage)?),
        ("fees", "closing_fees", of_items(ItemKind::Fee)?),
        ("adjustments", "closing_adjustments", of_items(ItemKind::Adjustment)?),
        ("minimum", "closing_minimum", of_items(ItemKind::Minimum)?),
        ("discounts", "closing_discounts", of_details(ItemKind::Discount)?.plus(own_discounts)?),
        ("carried", "closing_carried", of_items(ItemKind::Carried)?),
        ("included_tax", "closing_included_tax", of_items(ItemKind::IncludedTax)?),
    ] {
        let printed = printed::amount(sum, invoice.currency)?;
        left = left.minus(printed)?;
        add(name, key, printed);
    }
    add("rounding", "closing_rounding", left);
    add("subtotal", "subtotal", invoice.subtotal);
    Ok(rows)
}

/// The row that items without details are part of.
pub(super) fn closing_row(item: &LineItem) -> Option<&'static str> {
    match item.kind {
        _ if item.is_provided() => None,
        ItemKind::Usage => None,
        ItemKind::Discount => Some("discounts"),
        ItemKind::Adjustment => Some("adjustments"),
        ItemKind::Fee => Some("fees"),
        ItemKind::Minimum => Some("minimum"),
        ItemKind::Carried => Some("carried"),
        ItemKind::IncludedTax => Some("included_tax"),
        ItemKind::Rounding => Some("rounding"),
    }
}
