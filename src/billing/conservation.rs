//! Proves that nothing was lost: for each source, costs read = allocated + kept + unassigned, to the last digit.

use serde::Serialize;

use super::allocation::Allocation;
use super::pricing::missing_rate;
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, BillSource, ChargeId};
use crate::model::currency::Currency;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::model::source_sum;

/// A source's sums, in its currency.
#[derive(Clone, Debug, Serialize)]
pub struct SourceTotals {
    /// Name in `invoicer.toml`.
    pub name: String,
    /// Currency of the sums.
    pub currency: Currency,
    /// Sum of the costs that are not below zero.
    pub charges: Amount,
    /// Sum of the costs below zero.
    pub discounts: Amount,
    /// Sum of all costs.
    pub total: Amount,
    /// The provider's tax: as stated in its rows, or else added to the total and rounded up, as SORACOM does.
    pub tax: Amount,
    /// The sum with tax.
    pub total_with_tax: Amount,
    /// The provider's own figure, when it is known.
    pub provider_total: Option<Amount>,
    /// Coupons the provider deducted from its figure.
    pub coupons: Amount,
    /// Our total minus the provider's; zero where the coupons explain it.
    pub difference: Option<Amount>,
    /// Costs that customers bear.
    pub allocated: Amount,
    /// Costs that the issuer bears, and discounts it keeps.
    pub kept: Amount,
    /// Costs that nobody bears; zero except in drafts.
    pub unassigned: Amount,
}

impl SourceTotals {
    /// The provider's figure and our difference from it, where it is more than rounding.
    pub fn unreconciled(&self) -> Option<(Amount, Amount)> {
        let (provider, difference) = (self.provider_total?, self.difference?);
        source_sum::is_difference(difference, provider, self.currency).then_some((provider, difference))
    }
}

/// All sources together, in one currency.
#[derive(Clone, Debug, Serialize)]
pub struct Conservation {
    /// Currency of the sums.
    pub currency: Currency,
    /// Sum of all costs read.
    pub source_total: Amount,
    /// Costs that customers bear.
    pub allocated: Amount,
    /// Costs that the issuer bears, and discounts it keeps.
    pub kept: Amount,
    /// Costs that nobody bears.
    pub unassigned: Amount,
    /// `source_total` minus the three sums above: always zero.
    pub difference: Amount,
}

/// Name of the figures in the error about too many digits.
const SUMS: &str = "the sums of the month";

/// Compares both sides. `by_source` holds, per customer and source, what it bears and what the issuer keeps of it.
///
/// # Errors
/// When they differ, which would be a defect of the program, or when a rate for adding up the sources is missing.
pub(super) fn prove(
    bill: &Bill,
    settings: &Settings,
    allocation: &Allocation,
    by_source: &[Vec<(Amount, Amount)>],
) -> Result<(Vec<SourceTotals>, Conservation), Problems> {
    let sums = source_sums(bill, allocation, by_source).of(SUMS)?;
    let mut sources = Vec::new();
    for (source, sums) in bill.sources.iter().zip(sums) {
        sources.push(totals(source, bill.month, sums).of(SUMS)?);
    }
    for source in &sources {
        let accounted = Sum::of([source.allocated, source.kept, source.unassigned]).of(SUMS)?;
        if accounted != source.total {
            let message = format!(
                "the source \"{}\" does not balance: read {}, accounted for {accounted}",
                source.name, source.total
            );
            return Err(Diagnostic::error(message)
                .with_hint("this is a defect of invoicer; nothing was written")
                .into());
        }
    }
    let conservation = together(bill, settings, &sources)?;
    Ok((sources, conservation))
}

#[derive(Clone, Default)]
struct SourceSums {
    charges: Sum,
    discounts: Sum,
    allocated: Sum,
    kept: Sum,
    unassigned: Sum,
}

/// The sums read from each source, whoever bears them.
pub(super) fn read_totals(bill: &Bill) -> Result<Vec<SourceTotals>, TooLong> {
    let sums = all_read(bill)?;
    bill.sources.iter().zip(sums).map(|(source, sums)| totals(source, bill.month, sums)).collect()
}

fn all_read(bill: &Bill) -> Result<Vec<SourceSums>, TooLong> {
    let read = source_sum::of_rows(bill)?.into_iter();
    Ok(read.map(|(charges, discounts)| SourceSums { charges, discounts, ..SourceSums::default() }).collect())
}

fn source_sums(
    bill: &Bill,
    allocation: &Allocation,
    by_source: &[Vec<(Amount, Amount)>],
) -> Result<Vec<SourceSums>, TooLong> {
    let mut sums = all_read(bill)?;
    for customer in by_source {
        for (sums, (allocated, kept)) in sums.iter_mut().zip(customer) {
            sums.allocated.add(*allocated)?;
            sums.kept.add(*kept)?;
        }
    }
    let source = |id: &ChargeId| usize::from(bill.subject(bill.charge(*id)).source);
    for id in allocation.kept.iter().flatten().chain(&allocation.kept_unassigned) {
        sums[source(id)].kept.add(allocation.remainders.cost(bill, *id))?;
    }
    for id in &allocation.unassigned {
        sums[source(id)].unassigned.add(allocation.remainders.cost(bill, *id))?;
    }
    Ok(sums)
}

fn totals(source: &BillSource, month: BillingMonth, sums: SourceSums) -> Result<SourceTotals, TooLong> {
    let (charges, discounts) = (sums.charges.total()?, sums.discounts.total()?);
    let total = charges.plus(discounts)?;
    let total_with_tax = source_sum::with_tax(source, month, total)?;
    let statement = &source.statement;
    Ok(SourceTotals {
        name: source.name.clone(),
        currency: source.currency,
        charges,
        discounts,
        total,
        tax: total_with_tax.minus(total)?,
        total_with_tax,
        provider_total: statement.total,
        coupons: statement.coupons,
        difference: source_sum::difference(source, total_with_tax)?,
        allocated: sums.allocated.total()?,
        kept: sums.kept.total()?,
        unassigned: sums.unassigned.total()?,
    })
}

/// Adds up all sources in the workspace's currency, or in their only currency when it has no rate.
fn together(bill: &Bill, settings: &Settings, sources: &[SourceTotals]) -> Result<Conservation, Problems> {
    let rate = |from: Currency| settings.fx_rate(bill.month, from, settings.currency);
    let first = sources.first().map_or(settings.currency, |source| source.currency);
    let lacking = sources.iter().map(|source| source.currency).find(|currency| rate(*currency).is_none());
    let one_currency = sources.iter().all(|source| source.currency == first);
    let currency = match lacking {
        None => settings.currency,
        Some(_) if one_currency => first,
        Some(lacking) => {
            return Err(missing_rate(
                bill.month,
                lacking,
                settings.currency,
                "without it the sources cannot be added up",
            )
            .into());
        }
    };
    let sum = |figure: fn(&SourceTotals) -> Amount| {
        let mut sum = Sum::default();
        for source in sources {
            sum.add(figure(source).times(settings.known_rate(bill.month, source.currency, currency))?)?;
        }
        sum.total()
    };
    let conservation = || -> Result<Conservation, TooLong> {
        let source_total = sum(|source| source.total)?;
        let (allocated, kept, unassigned) =
            (sum(|source| source.allocated)?, sum(|source| source.kept)?, sum(|source| source.unassigned)?);
        let accounted = Sum::of([allocated, kept, unassigned])?;
        let difference = source_total.minus(accounted)?;
        Ok(Conservation { currency, source_total, allocated, kept, unassigned, difference })
    };
    Ok(conservation().of_at(SUMS, || Place::file("invoicer.toml"))?)
}
