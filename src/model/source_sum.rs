//! Sums of a source's rows, with the tax that its provider adds, and their difference from the provider's total.

use rayon::prelude::*;

use super::amount::{Amount, Sum, TooLong};
use super::charge::{Bill, BillSource, CHUNK, Charge};
use super::currency::Currency;
use super::period::BillingMonth;
use super::rounding::Rounding;
use super::tax::TaxCategory;

/// Per source, the sum of costs from zero up and the sum of costs below zero.
///
/// # Errors
/// Sums with more digits than an amount has.
pub fn of_rows(bill: &Bill) -> Result<Vec<(Sum, Sum)>, TooLong> {
    let mut sums = vec![(Sum::default(), Sum::default()); bill.sources.len()];
    let read: Vec<Result<Vec<(Sum, Sum)>, TooLong>> =
        bill.charges.par_chunks(CHUNK).map(|charges| of_chunk(bill, charges)).collect();
    for part in read {
        for ((charges, discounts), (more_charges, more_discounts)) in sums.iter_mut().zip(part?) {
            charges.merge(more_charges)?;
            discounts.merge(more_discounts)?;
        }
    }
    Ok(sums)
}

fn of_chunk(bill: &Bill, charges: &[Charge]) -> Result<Vec<(Sum, Sum)>, TooLong> {
    let mut sums = vec![(Sum::default(), Sum::default()); bill.sources.len()];
    for charge in charges {
        let (positive, negative) = &mut sums[usize::from(bill.subject(charge).source)];
        let cost = bill.cost(charge);
        if cost.is_negative() { negative.add(cost)? } else { positive.add(cost)? }
    }
    Ok(sums)
}

/// A source's total with the provider's tax: as stated in its rows, or else added to the total and rounded up.
///
/// # Errors
/// Results with more digits than an amount has.
pub fn with_tax(source: &BillSource, month: BillingMonth, total: Amount) -> Result<Amount, TooLong> {
    with_stated_tax(source, month, total, source.stated_tax)
}

/// [`with_tax`] for a part of the rows, and the tax that they state.
///
/// # Errors
/// Results with more digits than an amount has.
pub fn with_stated_tax(
    source: &BillSource,
    month: BillingMonth,
    total: Amount,
    stated: Option<Amount>,
) -> Result<Amount, TooLong> {
    match stated {
        Some(tax) => total.plus(tax),
        None => {
            // SORACOM adds tax to the sum and rounds a fraction up ("detailed billing information CSV" page): Japan's, whatever
            // the issuer's own regime is.
            let rate = TaxCategory::Standard.japanese_rate(month).map_or(Amount::ZERO, |rate| rate.factor());
            Rounding::Up.apply(total.plus(total.times(rate)?)?, source.currency.decimals())
        }
    }
}

/// Whether a difference from a provider's amount is more than rounding: invoices have whole minor units, where rows may have any
/// number of decimals, and each provider rounds its rows or their sum in its own way.
pub fn is_difference(difference: Amount, provider: Amount, currency: Currency) -> bool {
    let decimals = currency.decimals();
    let is_rounded = provider.scale() <= decimals;
    let minor_unit = Amount::new(1, decimals).unwrap_or(Amount::ZERO);
    !difference.is_zero() && (!is_rounded || difference.magnitude() >= minor_unit)
}

/// Our total with tax minus the provider's; none where it states none. SORACOM does not document whether a coupon has
/// rows of its own in the bill, so either way counts as equal.
///
/// # Errors
/// Results with more digits than an amount has.
pub fn difference(source: &BillSource, ours: Amount) -> Result<Option<Amount>, TooLong> {
    let Some(provider) = source.statement.total else {
        return Ok(None);
    };
    // Whatever becomes a charge, the provider invoices the billed costs.
    let ours = match &source.focus {
        Some(figures) => figures.billed.sum.total()?.plus(figures.taxes.sum.total()?)?,
        None => ours,
    };
    let difference = ours.minus(provider)?;
    Ok(Some(if difference == source.statement.coupons { Amount::ZERO } else { difference }))
}
