//! Lines of adjustments: what the month alone has. They come after fees and before the minimum; those of an amount or a
//! quantity first, because those in percent can be of them.

use super::items;
use super::own_money::rate_for;
use super::percentage::{self, Counted, PercentagePart};
use super::price_choice::own_status;
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::model::adjustment::{Adjustment, AdjustmentValue};
use crate::model::amount::{Amount, TooLong};
use crate::model::customer::Customer;
use crate::model::invoice::{AdjustedLine, ItemKind, LineItem};
use crate::model::period::BillingMonth;
use crate::model::settings::{Language, Settings};
use crate::model::tax::{TaxCategory, TaxGroup};

/// A line of an adjustment, with what it is computed from.
#[derive(Clone, Debug)]
pub(super) struct AdjustmentLine<'a> {
    /// The adjustment.
    pub(super) adjustment: &'a Adjustment,
    /// The part of an adjustment in percent that it is.
    pub(super) part: Option<PercentagePart>,
    /// Before rounding.
    pub(super) exact: Amount,
    /// The line.
    pub(super) item: LineItem,
}

impl AdjustmentLine<'_> {
    /// The line, with its amount if nothing were rounded.
    pub(super) fn counted(&self) -> Counted<'_> {
        Counted { item: &self.item, exact: self.part.map_or(self.exact, |part| part.unrounded) }
    }
}

/// The lines of a customer's adjustments, by date and id. `others` are the lines of charges and fees.
///
/// # Errors
/// Missing exchange and tax rates, percentages of nothing, figures with too many digits: all of them.
pub(super) fn lines<'a>(
    settings: &'a Settings,
    customer: &'a Customer,
    month: BillingMonth,
    others: &[Counted<'_>],
) -> Result<Vec<AdjustmentLine<'a>>, Problems> {
    let mut problems = Problems::default();
    let mut lines: Vec<(usize, AdjustmentLine<'a>)> = Vec::new();
    let adjustments = || settings.adjustments_of(month, customer).iter().enumerate();
    for (index, adjustment) in adjustments() {
        if !matches!(adjustment.value, AdjustmentValue::Percent(_)) {
            let line = of_amount(settings, customer, month, adjustment);
            lines.extend(problems.keep(line).map(|line| (index, line)));
        }
    }
    let of_amounts = lines.len();
    // Without all amounts, a percentage may be of nothing for that reason alone.
    let are_known = problems.is_empty();
    for (index, adjustment) in adjustments() {
        let AdjustmentValue::Percent(percent) = &adjustment.value else {
            continue;
        };
        let before = others.iter().copied().chain(lines[..of_amounts].iter().map(|(_, line)| line.counted()));
        let parts = percentage::parts(percent, before, customer);
        let Some(parts) = problems.keep(parts.of_at(figure(adjustment), || place(adjustment))) else {
            continue;
        };
        if parts.is_empty() && are_known {
            problems.push(of_nothing(adjustment, customer));
        }
        for part in parts.iter().filter(|part| !part.amount.is_zero()) {
            let name = adjustment.name.of(customer.invoice.language).clone();
            let item = LineItem {
                qualifier: part.qualifier(parts.len(), settings, (month, customer.invoice.language)),
                adjusted: Some(Box::new(adjusted(adjustment, customer.invoice.language))),
                ..LineItem::own(kind(part.amount), name, part.amount, part.group)
            };
            lines.push((index, AdjustmentLine { adjustment, part: Some(*part), exact: part.exact, item }));
        }
    }
    problems.check()?;
    lines.sort_by_key(|(index, _)| *index);
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

/// Whether a line is an adjustment in percent, which no other percentage is of.
pub(super) fn is_percentage(settings: &Settings, customer: &Customer, month: BillingMonth, item: &LineItem) -> bool {
    let is_own = |adjustment: &Adjustment| item.adjusted.as_ref().is_some_and(|own| own.id == adjustment.id);
    let mut adjustments = settings.adjustments_of(month, customer).iter();
    adjustments.any(|adjustment| is_own(adjustment) && matches!(adjustment.value, AdjustmentValue::Percent(_)))
}

fn of_amount<'a>(
    settings: &Settings,
    customer: &Customer,
    month: BillingMonth,
    adjustment: &'a Adjustment,
) -> Result<AdjustmentLine<'a>, Diagnostic> {
    let language = customer.invoice.language;
    let (money, quantity, unit) = match &adjustment.value {
        AdjustmentValue::Units { quantity, unit, unit_price } => (*unit_price, Some(*quantity), unit.as_ref()),
        AdjustmentValue::Amount(money) => (*money, None, None),
        AdjustmentValue::Percent(_) => unreachable!("percentages have lines of their own"),
    };
    let to_invoice = rate_for(settings, month, customer, money.currency, &adjustment.definition)?;
    let category = adjustment.tax_category.unwrap_or_else(|| own_status(settings, customer).0);
    let supply = adjustment.supply.unwrap_or(month);
    let rate = settings.taxes.rate(category, supply);
    let rate = rate.ok_or_else(|| without_rate(settings, adjustment, category, supply))?;
    let figures = || -> Result<(Amount, Amount, Amount), TooLong> {
        let price = money.amount.times(to_invoice)?;
        let exact = quantity.map_or(Ok(price), |quantity| price.times(quantity))?;
        Ok((price, exact, customer.pricing.rounding.apply(exact, customer.invoice.currency.decimals())?))
    };
    let (price, exact, amount) = figures().of_at(figure(adjustment), || place(adjustment))?;
    let group = TaxGroup { category, rate, included: adjustment.tax_included && category.is_taxed() };
    let item = LineItem {
        qualifier: adjustment.supply.map(|supply| printed_supply(supply, language)),
        quantity,
        unit: unit.map_or("".into(), |unit| unit.of(language).clone().into()),
        unit_price: quantity.map(|_| price),
        cost: adjustment.cost.times(to_invoice).of_at(figure(adjustment), || place(adjustment))?,
        adjusted: Some(Box::new(adjusted(adjustment, language))),
        ..LineItem::own(kind(amount), adjustment.name.of(language).clone(), amount, group)
    };
    Ok(AdjustmentLine { adjustment, part: None, exact, item })
}

fn kind(amount: Amount) -> ItemKind {
    if amount.is_negative() { ItemKind::Discount } else { ItemKind::Adjustment }
}

/// An earlier month of supply as it is printed after the name.
fn printed_supply(supply: BillingMonth, language: Language) -> String {
    match language {
        Language::Japanese => format!("（{}分）", supply.first().format("%Y年%-m月")),
        Language::English => format!("({})", supply.first().format("%B %Y")),
    }
}

fn adjusted(adjustment: &Adjustment, language: Language) -> AdjustedLine {
    AdjustedLine {
        id: adjustment.id.clone(),
        date: adjustment.date,
        supply: adjustment.supply,
        note: adjustment.note.as_ref().map(|note| note.of(language).clone()),
    }
}

fn figure(adjustment: &Adjustment) -> String {
    format!("the adjustment \"{}\"", adjustment.id)
}

fn place(adjustment: &Adjustment) -> Place {
    Place::start_of(&adjustment.definition)
}

fn of_nothing(adjustment: &Adjustment, customer: &Customer) -> Diagnostic {
    let message = format!("the adjustment \"{}\" is a percentage of nothing: `of` matches no item", adjustment.id);
    let note = format!("`of` names the items of \"{}\" as the bill does, not as [[item]] prints them", customer.id);
    let hint = "correct `of`, or remove the adjustment; `invoicer items MONTH --customer ID` lists the items";
    Diagnostic::error(message).at(place(adjustment)).with_note(note).with_hint(hint)
}

fn without_rate(
    settings: &Settings,
    adjustment: &Adjustment,
    category: TaxCategory,
    supply: BillingMonth,
) -> Diagnostic {
    let hint = "use another tax category for this adjustment";
    items::without_rate(&settings.taxes, category, supply, hint).at(place(adjustment))
}

/// What adjustments bring and cost, for the issuer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdjustmentSums {
    /// How many there are.
    pub count: usize,
    /// Sum of what they charge and give back, before tax.
    pub amount: Amount,
    /// Sum of what they cost.
    pub cost: Amount,
}

impl AdjustmentSums {
    /// Those among a customer's items; an adjustment that comes to nothing is counted too.
    ///
    /// # Errors
    /// Sums with too many digits.
    pub fn of(
        settings: &Settings,
        month: BillingMonth,
        customer: &Customer,
        items: &[LineItem],
    ) -> Result<AdjustmentSums, TooLong> {
        let count = settings.adjustments_of(month, customer).len();
        let mut sums = AdjustmentSums { count, ..AdjustmentSums::default() };
        for item in items.iter().filter(|item| item.adjusted.is_some()) {
            sums.amount = sums.amount.plus(adjusted_before_tax(item, customer)?)?;
            sums.cost = sums.cost.plus(item.cost)?;
        }
        Ok(sums)
    }

    /// Both together.
    ///
    /// # Errors
    /// Sums with too many digits.
    pub(super) fn plus(self, other: AdjustmentSums) -> Result<AdjustmentSums, TooLong> {
        Ok(AdjustmentSums {
            count: self.count + other.count,
            amount: self.amount.plus(other.amount)?,
            cost: self.cost.plus(other.cost)?,
        })
    }
}

/// What a line of an adjustment brings before tax. Where its price includes tax, that is taken off line by line, so that the
/// lines add up to their sum.
///
/// # Errors
/// When it has too many digits.
pub fn adjusted_before_tax(item: &LineItem, customer: &Customer) -> Result<Amount, TooLong> {
    let group = item.tax_group();
    match group.included {
        true => {
            item.amount.minus(group.tax(item.amount, customer.tax.rounding, customer.invoice.currency.decimals())?)
        }
        false => Ok(item.amount),
    }
}
