//! Percentages of a month's items: one part for each tax category and rate, and of prices with and without tax, so that a
//! discount is never of mixed rates.

use std::collections::BTreeMap;

use crate::model::adjustment::PercentOf;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::customer::Customer;
use crate::model::invoice::LineItem;
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::model::settings::{Language, Settings};
use crate::model::tax::{TaxCategory, TaxGroup};

/// The part of a percentage that is of one tax category and rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PercentagePart {
    /// What the items that it is of are taxed with, and so is this part.
    pub(super) group: TaxGroup,
    /// Sum of those items.
    pub(super) base: Amount,
    /// base × share.
    pub(super) exact: Amount,
    /// The same, rounded once to the currency's minor unit.
    pub(super) amount: Amount,
    /// What it would be if nothing were rounded, the items that it is of included, to [`DECIMALS`] decimals.
    pub(super) unrounded: Amount,
}

/// An item that a percentage can be of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<'l> {
    /// The item, as it is printed.
    pub(super) item: &'l LineItem,
    /// Its amount before any rounding.
    pub(super) exact: Amount,
}

impl<'l> Counted<'l> {
    /// An item of which only what is printed is known.
    pub(super) fn as_printed(item: &'l LineItem) -> Counted<'l> {
        Counted { item, exact: item.amount }
    }
}

/// Decimals of a percentage before rounding. A price of thirty decimals times a percentage has more digits than an amount, and
/// nothing but the sign of a subtotal hangs on them.
const DECIMALS: u32 = 20;

/// base × share. What has too many decimals is rounded up, below zero towards it: less than nothing is then never made of
/// nothing.
fn unrounded_share(base: Amount, share: Amount) -> Result<Amount, TooLong> {
    let mode = if base.is_negative() == share.is_negative() { Rounding::Up } else { Rounding::Down };
    let product = |decimals| mode.apply(mode.apply(base, decimals)?.times(share)?, DECIMALS);
    (0..=DECIMALS).rev().find_map(|decimals| product(decimals).ok()).ok_or(TooLong)
}

/// The parts of a percentage of those items that it selects, those of zero included; none where it selects nothing.
///
/// # Errors
/// Figures with too many digits.
pub(super) fn parts<'l>(
    percent: &PercentOf,
    items: impl Iterator<Item = Counted<'l>>,
    customer: &Customer,
) -> Result<Vec<PercentagePart>, TooLong> {
    let mut bases: BTreeMap<TaxGroup, (Sum, Sum)> = BTreeMap::new();
    for Counted { item, exact } in items.filter(|of| percent.of.matches(&of.item.source, &of.item.name, of.item.kind)) {
        let (base, unrounded) = bases.entry(item.tax_group()).or_default();
        base.add(item.amount)?;
        unrounded.add(exact)?;
    }
    let part = |(group, (base, unrounded)): (TaxGroup, (Sum, Sum))| {
        let base = base.total()?;
        let exact = base.times(percent.share)?;
        let amount = customer.pricing.rounding.apply(exact, customer.invoice.currency.decimals())?;
        Ok(PercentagePart {
            group,
            base,
            exact,
            amount,
            unrounded: unrounded_share(unrounded.total()?, percent.share)?,
        })
    };
    bases.into_iter().map(part).collect()
}

impl PercentagePart {
    /// What is printed after the name of its line: its rate, where the percentage has several parts. A part of prices with tax
    /// has the mark that they have.
    pub(super) fn qualifier(
        &self,
        parts: usize,
        settings: &Settings,
        (month, language): (BillingMonth, Language),
    ) -> Option<String> {
        if parts < 2 {
            return None;
        }
        let rate = self.group.rate;
        let name = settings.taxes.name_of(self.group.category, rate, month, language);
        let of = match (self.group.category, language) {
            _ if let Some(name) = name => format!("{name} {rate}"),
            (TaxCategory::Standard | TaxCategory::Own(_), _) => rate.to_string(),
            (TaxCategory::Reduced, Language::Japanese) => format!("軽減{rate}"),
            (TaxCategory::Reduced, Language::English) => format!("reduced {rate}"),
            (TaxCategory::Exempt, Language::Japanese) => "免税".to_owned(),
            (TaxCategory::Exempt, Language::English) => "exempt".to_owned(),
            (TaxCategory::NonTaxable, Language::Japanese) => "非課税".to_owned(),
            (TaxCategory::NonTaxable, Language::English) => "non-taxable".to_owned(),
            (TaxCategory::OutOfScope, Language::Japanese) => "不課税".to_owned(),
            (TaxCategory::OutOfScope, Language::English) => "out of scope".to_owned(),
        };
        Some(match language {
            Language::Japanese => format!("（{of}）"),
            Language::English => format!("({of})"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 36 digits times a percentage have more than an amount holds.
    #[test]
    fn a_share_of_many_digits_is_as_exact_as_its_sign_needs() {
        let amount = |text: &str| Amount::parse(text.as_bytes()).unwrap();
        for (base, share, expected) in [
            ("10.1", "-0.5", "-5.05"),
            ("1234567.89012345678901234567890123456", "0.00333", "4111.11107411111110741112"),
            ("1234567.89012345678901234567890123456", "-0.00333", "-4111.11107411111110741111"),
            ("-1234567.89012345678901234567890123456", "0.00333", "-4111.11107411111110741111"),
            ("0.000000000000000000000000000001", "1", "0.00000000000000000001"),
            ("0.000000000000000000000000000001", "-1", "0"),
        ] {
            assert_eq!(unrounded_share(amount(base), amount(share)), Ok(amount(expected)), "{base} {share}");
        }
        assert_eq!(unrounded_share(amount("99999999999999999999999999999999999"), amount("100.001")), Err(TooLong));
    }
}
