//! What pages print of exact figures: amounts with the decimals that a reader can use, and prices only where they multiply
//! out. JSON and CSV hold the exact figures.

use std::collections::{BTreeMap, BTreeSet};

use super::amount::{Amount, Sum, TooLong};
use super::currency::Currency;
use super::figures::grouped;
use super::invoice::{Invoice, ItemKind};
use super::item_label::ItemLabel;
use super::price::{Pricing, RoundAt};
use super::rounding::Rounding;
use super::tax::TaxGroup;

/// The most decimals that pages print of an amount beyond those of its currency.
pub const MORE_DECIMALS: u32 = 2;

/// The largest denominator of a fraction that reads better than its decimals: 2/3 does, 12/31 does not.
const DENOMINATOR_MOST: i64 = 12;

/// Decimals that shares of a whole number are cut to (billing-rules §2).
const SHARE_DECIMALS: u32 = 4;

/// An amount as pages print it: rounded half up to two decimals more than the currency has.
///
/// # Errors
/// When rounding up adds a digit to a number that had the most digits possible.
pub fn amount(exact: Amount, currency: Currency) -> Result<Amount, TooLong> {
    Rounding::HalfUp.apply(exact, currency.decimals() + MORE_DECIMALS)
}

/// How the amounts of a list came to be printed as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrintedRounding {
    mode: Rounding,
    decimals: u32,
}

impl PrintedRounding {
    /// Of the items of an invoice.
    pub fn of_items(pricing: &Pricing, currency: Currency) -> PrintedRounding {
        match pricing.round_at {
            RoundAt::Line | RoundAt::Item => PrintedRounding { mode: pricing.rounding, decimals: currency.decimals() },
            RoundAt::Invoice => PrintedRounding::for_pages(currency),
        }
    }

    /// Of its details.
    pub fn of_details(pricing: &Pricing, currency: Currency) -> PrintedRounding {
        match pricing.round_at {
            RoundAt::Line => PrintedRounding { mode: pricing.rounding, decimals: currency.decimals() },
            RoundAt::Item | RoundAt::Invoice => PrintedRounding::for_pages(currency),
        }
    }

    /// As [`amount`] rounds what is exact.
    fn for_pages(currency: Currency) -> PrintedRounding {
        PrintedRounding { mode: Rounding::HalfUp, decimals: currency.decimals() + MORE_DECIMALS }
    }
}

/// A quantity as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrintedQuantity {
    amount: Amount,
    decimals: u32,
    /// Numerator and denominator, where a share is printed as a fraction.
    fraction: Option<(i64, i64)>,
    /// Whether digits were cut off.
    pub is_cut: bool,
}

impl PrintedQuantity {
    /// A quantity with at least so many decimals; `is_cut` says whether it had more.
    pub(super) fn decimal(amount: Amount, decimals: u32, is_cut: bool) -> PrintedQuantity {
        PrintedQuantity { amount, decimals, fraction: None, is_cut }
    }

    /// A share of something whole, as a fraction where that says what its decimals only come near: 0.6667 is 2/3.
    ///
    /// The fraction is that of the customer's own quantity, which its files have anyway. The ratio of the share would show
    /// how much others use.
    pub(super) fn of_share(share: Amount) -> Option<PrintedQuantity> {
        let scale = share.scale();
        let units = share.magnitude().coefficient_at(scale).ok()?;
        let unit = Amount::new(1, scale).ok()?;
        if scale < SHARE_DECIMALS || share.is_zero() || share.magnitude() >= Amount::whole(1) {
            return None;
        }
        let one = i128::from(10i64.checked_pow(scale)?);
        let denominators = 2..=DENOMINATOR_MOST;
        let mut fractions = denominators.filter_map(|denominator| {
            let below = i128::from(denominator);
            let numerator = (units.checked_mul(below)?.checked_add(one / 2)?) / one;
            let numerator = i64::try_from(numerator).ok().filter(|numerator| *numerator > 0)?;
            let (above, below) = (Amount::whole(numerator), Amount::whole(denominator));
            let fraction = Rounding::HalfUp.quotient(above, below, scale + 2).ok()?;
            let difference = fraction.minus(share.magnitude()).ok()?.magnitude();
            (difference < unit).then_some((numerator, denominator))
        });
        let (numerator, denominator) = fractions.next()?;
        let numerator = if share.is_negative() { -numerator } else { numerator };
        Some(PrintedQuantity { amount: share, decimals: 0, fraction: Some((numerator, denominator)), is_cut: false })
    }

    /// With groups of three, for people.
    pub fn grouped(&self) -> String {
        self.fraction_text().unwrap_or_else(|| grouped(self.amount, self.decimals))
    }

    /// Plain digits, for programs.
    pub fn plain(&self) -> String {
        self.fraction_text().unwrap_or_else(|| self.amount.to_text(self.decimals))
    }

    fn fraction_text(&self) -> Option<String> {
        self.fraction.map(|(numerator, denominator)| format!("{numerator}/{denominator}"))
    }

    /// Whether this, times a price, is an amount once it is rounded as that was: what a reader can check.
    pub fn multiplies_out(&self, price: Amount, amount: Amount, rounding: PrintedRounding) -> bool {
        let PrintedRounding { mode, decimals } = rounding;
        let product = match self.fraction {
            None => self.amount.times(price).and_then(|product| mode.apply(product, decimals)),
            Some((numerator, denominator)) => price
                .times(Amount::whole(numerator))
                .and_then(|product| mode.quotient(product, Amount::whole(denominator), decimals)),
        };
        product == Ok(amount)
    }
}

/// Quantity and unit price as they are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrintedFigures {
    /// None where it is hidden, or there is none.
    pub quantity: Option<PrintedQuantity>,
    /// None where it is hidden, has more digits than a reader can use, or does not multiply out.
    pub unit_price: Option<Amount>,
}

/// An item as pages print it.
#[derive(Clone, Copy, Debug)]
pub struct PrintedItem {
    /// Quantity and unit price.
    pub figures: PrintedFigures,
    /// The amount; the printed amounts of each tax category add up to its printed sum.
    pub amount: Amount,
}

/// The items of an invoice as pages print them, in their order; `labels` are theirs.
///
/// # Errors
/// When a sum has too many digits.
pub fn items(invoice: &Invoice, pricing: &Pricing, labels: &[ItemLabel<'_>]) -> Result<Vec<PrintedItem>, TooLong> {
    let rounding = PrintedRounding::of_items(pricing, invoice.currency);
    let shared: BTreeSet<u32> = match invoice.shares.is_empty() {
        true => BTreeSet::new(),
        false => {
            let shares = invoice.details.iter().filter(|detail| invoice.share(detail).is_some());
            shares.map(|detail| detail.item.0).collect()
        }
    };
    let rows = (0..).zip(&invoice.items).zip(labels).zip(item_amounts(invoice)?);
    let printed = rows.map(|(((index, item), label), amount)| {
        let is_share = shared.contains(&index);
        let figures = label.printed_figures((amount, rounding), item.quantity, is_share, item.unit_price);
        PrintedItem { figures, amount }
    });
    Ok(printed.collect())
}

/// The printed amounts of an invoice's items.
fn item_amounts(invoice: &Invoice) -> Result<Vec<Amount>, TooLong> {
    let items = invoice.items.iter().map(|item| (item.tax_group(), item.amount, item.kind));
    rounded_together(&items.collect::<Vec<_>>(), invoice.currency.decimals() + MORE_DECIMALS)
}

/// Amounts of items, each rounded half up to so many decimals. With `round-at = "invoice"` items are exact, and rounding
/// each for itself would make a table that does not add up: what is missing in a tax category goes to its 端数調整 or, where
/// it has none, one unit each to the amounts that rounding moved furthest.
///
/// # Errors
/// When a sum has too many digits.
pub fn rounded_together(exact: &[(TaxGroup, Amount, ItemKind)], decimals: u32) -> Result<Vec<Amount>, TooLong> {
    let round = |exact| Rounding::HalfUp.apply(exact, decimals);
    let mut printed = exact.iter().map(|(_, amount, _)| round(*amount)).collect::<Result<Vec<Amount>, TooLong>>()?;
    let mut groups: BTreeMap<TaxGroup, Vec<usize>> = BTreeMap::new();
    for (index, (group, ..)) in exact.iter().enumerate() {
        groups.entry(*group).or_default().push(index);
    }
    for items in groups.into_values() {
        let sum = round(Sum::of(items.iter().map(|index| exact[*index].1))?)?;
        let missing = sum.minus(Sum::of(items.iter().map(|index| printed[*index]))?)?;
        if missing.is_zero() {
            continue;
        }
        let adjustment = items.iter().find(|index| exact[**index].2 == ItemKind::Rounding);
        if let Some(adjustment) = adjustment {
            printed[*adjustment] = printed[*adjustment].plus(missing)?;
            continue;
        }
        let unit = Amount::new(if missing.is_negative() { -1 } else { 1 }, decimals)?;
        // How far rounding moved each amount away from where the unit would bring it.
        let mut moved = Vec::with_capacity(items.len());
        for index in items {
            let by = exact[index].1.minus(printed[index])?;
            moved.push((if unit.is_negative() { by } else { by.negated() }, index));
        }
        moved.sort();
        let mut left = missing;
        for (_, index) in moved.iter().cycle() {
            if left.is_zero() {
                break;
            }
            printed[*index] = printed[*index].plus(unit)?;
            left = left.minus(unit)?;
        }
    }
    Ok(printed)
}
