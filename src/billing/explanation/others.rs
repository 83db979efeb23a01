//! Explains lines without rows, and the steps from the lines to the total.

use super::own_record::*;
use super::record::*;
use super::{Case, LineMakeup, conversion, defect, exchange};
use crate::billing::own_money::rate_for;
use crate::billing::price_choice::own_status;
use crate::billing::taxation;
use crate::diagnostic::Problems;
use crate::model::amount::{Amount, Sum};
use crate::model::currency::Currency;
use crate::model::invoice::{ItemKind, LineItem, TaxSubtotal};
use crate::model::rounding::Rounding;
use crate::model::tax::TaxGroup;

/// Decimals of a quotient that has no end.
const SHOWN_DECIMALS: u32 = 8;

/// The setting behind the category of lines that no rule matches.
pub(super) fn status_rule(case: Case<'_>) -> Vec<Rule<'_>> {
    let customer = &case.settings.customers[case.invoice.customer];
    Rule::at(own_status(case.settings, customer).1).into_iter().collect()
}

fn rounded(case: Case<'_>, exact: Amount) -> Result<Amount, Problems> {
    let pricing = &case.settings.customers[case.invoice.customer].pricing;
    Ok(pricing.rounding.apply(exact, case.invoice.currency.decimals())?)
}

pub(super) fn minimum(case: Case<'_>) -> Result<LineMakeup<'_>, Problems> {
    let Case { bill, settings, invoice } = case;
    let customer = &settings.customers[invoice.customer];
    let pricing = &customer.pricing;
    let money = pricing.minimum.ok_or_else(|| defect("there is no minimum".to_owned()))?;
    let rate = rate_for(settings, bill.month, customer, money.currency, &pricing.definitions.minimum)?;
    let minimum = money.amount.times(rate)?;
    let conversion = conversion(case, money.amount, money.currency)?;
    // The tax in prices counts without that in rests, which the minimum leaves out.
    let is_counted = |item: &&LineItem| {
        let is_excluded = pricing.minimum_excludes_adjustments && item.adjusted.is_some();
        !is_excluded && !matches!(item.kind, ItemKind::Minimum | ItemKind::Carried | ItemKind::IncludedTax)
    };
    let others: Vec<LineItem> = case.invoice.items.iter().filter(is_counted).cloned().collect();
    let included = taxation::included_tax(&others, case.settings, customer)?;
    let others = Sum::of(others.iter().chain(&included).map(|item| item.amount))?;
    let rounded = rounded(case, minimum)?;
    let missing = rounded.minus(others)?;
    let rule = Rule::at(&pricing.definitions.minimum);
    let explanation = MinimumExplanation { rule, minimum, conversion, rounded, others };
    Ok((LineOrigin::Minimum(explanation), missing, missing, status_rule(case)))
}

/// The line that lifts a negative subtotal to zero; none where the line with that index is the rounding of its
/// category.
pub(super) fn lift(case: Case<'_>, index: usize) -> Result<Option<LineMakeup<'_>>, Problems> {
    let items = &case.invoice.items;
    if index + 1 < items.len() {
        return Ok(None);
    }
    let others = Sum::of(items[..index].iter().map(|item| item.amount))?;
    let lifted = others.negated();
    let made = (LineOrigin::Lift(LiftExplanation { others }), lifted, lifted, Vec::new());
    Ok(others.is_negative().then_some(made))
}

pub(super) fn adjustment<'a>(case: Case<'a>, item: &LineItem) -> Result<LineMakeup<'a>, Problems> {
    let is_counted = |other: &LineItem| {
        let added_up =
            !other.kind.follows_from_others() && !matches!(other.kind, ItemKind::Minimum | ItemKind::Carried);
        added_up && other.tax_group() == item.tax_group()
    };
    let lines = lines(case, is_counted);
    let sum = Sum::of(lines.iter().map(|line| line.amount))?;
    let rounded = rounded(case, sum)?;
    let difference = rounded.minus(sum)?;
    Ok((LineOrigin::Adjustment(AdjustmentExplanation { lines, sum, rounded }), difference, difference, Vec::new()))
}

fn lines(case: Case<'_>, is_counted: impl Fn(&LineItem) -> bool) -> Vec<LineAmount> {
    let items = case.invoice.items.iter().enumerate().filter(|(_, item)| is_counted(item));
    items.map(|(index, item)| LineAmount { line: Some(index + 1), amount: item.amount }).collect()
}

/// The lines of a group whose prices are taxed together.
fn priced_lines(case: Case<'_>, group: TaxGroup) -> Vec<LineAmount> {
    lines(case, |item| item.tax_group() == group && item.kind != ItemKind::IncludedTax)
}

/// The tax in prices that include it, which the line takes off.
pub(super) fn included_tax<'a>(case: Case<'a>, item: &LineItem) -> Result<LineMakeup<'a>, Problems> {
    let Case { settings, invoice, .. } = case;
    let (rounding, _) = settings.tax_rounding(invoice.customer);
    let group = item.tax_group();
    let lines = priced_lines(case, group);
    let prices = Sum::of(lines.iter().map(|line| line.amount))?;
    let tax = group.tax(prices, rounding, invoice.currency.decimals())?.negated();
    let exact = group.tax(prices, Rounding::Down, SHOWN_DECIMALS)?.negated();
    let explanation = IncludedTaxExplanation { lines, prices, percent: Percent(group.rate), rounding: rounding.name() };
    Ok((LineOrigin::IncludedTax(explanation), exact, tax, Vec::new()))
}

/// Explains the steps from the lines to the total, compared with what is printed.
pub(super) fn totals(case: Case<'_>) -> Result<TotalsExplanation<'_>, Problems> {
    let Case { settings, invoice, .. } = case;
    let mut groups: Vec<TaxGroup> = invoice.items.iter().map(LineItem::tax_group).collect();
    groups.sort_unstable();
    groups.dedup();
    let printed: Vec<_> = invoice.tax_subtotals.iter().map(TaxSubtotal::group).collect();
    if groups != printed {
        return Err(defect(format!("taxes are printed for {printed:?}, the lines have {groups:?}")));
    }
    let (rounding, definition) = settings.tax_rounding(invoice.customer);
    let mut taxes = Vec::new();
    for (group, printed) in groups.into_iter().zip(&invoice.tax_subtotals) {
        let TaxGroup { category, rate, included } = group;
        let lines = priced_lines(case, group);
        let prices = Sum::of(lines.iter().map(|line| line.amount))?;
        let decimals = invoice.currency.decimals();
        let tax = group.tax(prices, rounding, decimals)?;
        let (taxable, exact) = match included {
            true => (prices.minus(tax)?, group.tax(prices, Rounding::Down, SHOWN_DECIMALS)?),
            false => (prices, prices.times(rate.factor())?),
        };
        let in_yen = |exchange: ExchangeExplanation<'_>| {
            let exact = exact.times(exchange.rate)?;
            let tax = group.tax_at(prices, exchange.rate, rounding, Currency::JPY.decimals())?;
            Ok::<_, Problems>((exact, tax))
        };
        let yen = match exchange(case, invoice.currency, Currency::JPY)
            .filter(|_| category.is_taxed() && invoice.tax_regime.is_japan())
        {
            None => None,
            Some(exchange) => {
                let (exact, tax) = in_yen(exchange.clone())?;
                Some(YenExplanation { exchange, exact, tax })
            }
        };
        let ours = (taxable, tax, yen.as_ref().map(|yen| yen.tax));
        if ours != (printed.taxable, printed.tax, printed.tax_jpy) {
            let (category, rate, base, tax) = (category.name(), rate, printed.taxable, printed.tax);
            return Err(defect(format!("{category} {rate} is {base} and {tax} of tax, its lines give {ours:?}")));
        }
        taxes.push(TaxExplanation { category, rate, tax_included: included, lines, taxable, exact, tax, yen });
    }
    let subtotal = Sum::of(invoice.items.iter().map(|item| item.amount))?;
    let tax = Sum::of(taxes.iter().map(|tax| tax.tax))?;
    let total = subtotal.plus(tax)?;
    if (subtotal, tax, total) != (invoice.subtotal, invoice.tax, invoice.total) {
        return Err(defect(format!("the total is {}, the lines and taxes give {total}", invoice.total)));
    }
    Ok(TotalsExplanation {
        tax_rounding: rounding.name(),
        tax_rounding_rule: Rule::at(definition),
        taxes,
        subtotal,
        tax,
        total,
    })
}
