//! Base and tax that a credit note takes back of each category and rate, and the limits of both.

use std::cmp::Ordering;

use super::lines::Numbered;
use super::{CreditTerms, Credited, CreditedRate, Extent, NO_LINE, named};
use crate::billing::items::rounding_name;
use crate::billing::taxation::included_tax_line;
use crate::diagnostic::Diagnostic;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::invoice::{Invoice, ItemKind, LineItem, TaxSubtotal};
use crate::model::rounding::Rounding;
use crate::model::tax::TaxGroup;

/// The prices taken back of what is taxed together, in the invoice's sign.
pub(super) struct Base<'a> {
    billed: &'a TaxSubtotal,
    /// Taken back by earlier notes, in the opposite sign.
    before: CreditedRate,
    /// Left before this part.
    left: Amount,
    part: Amount,
}

fn is_of(item: &LineItem, billed: &TaxSubtotal) -> bool {
    item.tax_group() == billed.group()
}

/// Whether an item is of a group, and its amount does not follow from others.
fn is_priced(item: &LineItem, billed: &TaxSubtotal) -> bool {
    is_of(item, billed) && !item.kind.follows_from_others()
}

/// The bases of the items' rates, and the items with the 端数調整 that make them add up to those bases.
///
/// On an invoice with exact lines (`round-at = "invoice"`), the sum taken back so far is rounded like the invoice's own
/// sum; on others it needs no rounding.
pub(super) fn with_adjustments<'a>(
    invoice: &'a Invoice,
    before: &Credited,
    mut items: Numbered,
    terms: &CreditTerms<'_>,
) -> Result<(Numbered, Vec<Base<'a>>), TooLong> {
    let mut bases = Vec::new();
    let taken_back = items.len();
    for billed in &invoice.tax_subtotals {
        let mut taken = items[..taken_back].iter().filter(|(_, item)| is_of(item, billed)).peekable();
        if taken.peek().is_none() {
            continue;
        }
        let taken = Sum::of(taken.map(|(_, item)| item.amount))?.negated();
        let credited = before.of_group(billed.group());
        let credited_prices = credited.prices(billed.group())?;
        let left = billed.prices()?.plus(credited_prices)?;
        let part = match terms.extent {
            Extent::Whole => left,
            Extent::Lines(_) => {
                // The exact sum left of the lines before and after this part.
                let exact = exact_left(invoice, before, billed)?;
                let after = exact.minus(taken)?;
                match after.is_zero() {
                    true => left,
                    false => {
                        let so_far = exact_billed(invoice, billed)?.minus(after)?;
                        terms.rounding.apply(so_far, invoice.currency.decimals())?.plus(credited_prices)?
                    }
                }
            }
        };
        let adjustment = part.minus(taken)?;
        if !adjustment.is_zero() {
            items.push(adjusted(invoice, billed, adjustment, terms));
        }
        bases.push(Base { billed, before: credited, left, part });
    }
    Ok((items, bases))
}

/// The sum of a rate's lines before the 端数調整.
fn exact_billed(invoice: &Invoice, billed: &TaxSubtotal) -> Result<Amount, TooLong> {
    let lines = invoice.items.iter().filter(|item| is_priced(item, billed));
    Sum::of(lines.map(|item| item.amount))
}

fn exact_left(invoice: &Invoice, before: &Credited, billed: &TaxSubtotal) -> Result<Amount, TooLong> {
    let mut left = Sum::default();
    for (index, item) in invoice.items.iter().enumerate() {
        if is_priced(item, billed) {
            left.add(before.left_of_line(invoice, index + 1)?)?;
        }
    }
    left.total()
}

/// The 端数調整 of a part, on the invoice's own line where it has one.
fn adjusted(invoice: &Invoice, billed: &TaxSubtotal, amount: Amount, terms: &CreditTerms<'_>) -> (usize, LineItem) {
    let own = invoice.items.iter().position(|item| is_of(item, billed) && item.kind == ItemKind::Rounding);
    let name = rounding_name(terms.language).to_owned();
    let item = LineItem::own(ItemKind::Rounding, name, amount.negated(), billed.group());
    (own.map_or(NO_LINE, |index| index + 1), item)
}

/// Refuses parts that take back more of a rate than is left, or would charge.
pub(super) fn check_bases(invoice: &Invoice, chosen: &[(usize, Amount)], bases: &[Base<'_>]) -> Result<(), Diagnostic> {
    for Base { billed, left, part, .. } in bases {
        let of_rate: Vec<(usize, Amount)> =
            chosen.iter().filter(|(line, _)| is_of(&invoice.items[line - 1], billed)).copied().collect();
        let (currency, number) = (invoice.currency, &invoice.number);
        let what = format!("{} of {number}", named(&of_rate));
        let kind = format!("{} {}", billed.category.name(), billed.rate);
        let is_other_way = !part.is_zero() && part.is_negative() != billed.taxable.is_negative();
        if is_other_way && part.is_negative() {
            let charged = part.magnitude();
            let message = format!(
                "taking back {what} would charge {charged} {currency} for {kind} items: a credit note only gives back"
            );
            return Err(Diagnostic::error(message).with_hint(charging_hint(invoice, billed, chosen)));
        }
        if is_other_way || part.magnitude() > left.magnitude() {
            let verb = if of_rate.len() == 1 { "is" } else { "are" };
            let message = format!(
                "{what} {verb} {part} {currency}, but only {left} {currency} of {kind} items are left to take back"
            );
            return Err(Diagnostic::error(message).with_hint(excess_hint(invoice, billed, chosen, *left)));
        }
    }
    Ok(())
}

/// Lines of a rate with that sign that are not chosen yet.
fn others<'a>(
    invoice: &'a Invoice,
    billed: &'a TaxSubtotal,
    chosen: &'a [(usize, Amount)],
    is_negative: bool,
) -> impl Iterator<Item = usize> + 'a {
    let wanted = move |line: &usize| {
        let item = &invoice.items[line - 1];
        let is_chosen = chosen.iter().any(|(chosen, _)| chosen == line);
        is_priced(item, billed) && item.amount.is_negative() == is_negative && !item.amount.is_zero() && !is_chosen
    };
    (1..=invoice.items.len()).filter(wanted)
}

const EVERYTHING: &str = "leave out --line to take back all that is left";

fn charging_hint(invoice: &Invoice, billed: &TaxSubtotal, chosen: &[(usize, Amount)]) -> String {
    match others(invoice, billed, chosen, billed.taxable.is_negative()).next() {
        Some(line) => {
            format!("take a discount back together with lines that it reduces, such as --line {line}, or {EVERYTHING}")
        }
        None => EVERYTHING.to_owned(),
    }
}

fn excess_hint(invoice: &Invoice, billed: &TaxSubtotal, chosen: &[(usize, Amount)], left: Amount) -> String {
    let reducing = others(invoice, billed, chosen, !billed.taxable.is_negative());
    let reducing: Vec<String> = reducing.map(|line| format!("--line {line}")).collect();
    let with = match reducing.is_empty() {
        true => String::new(),
        false => format!("take back what reduced them too with {}, ", reducing.join(" ")),
    };
    format!("{with}name less than that with --line LINE=AMOUNT, at most {left} in all, or {EVERYTHING}")
}

/// Refuses parts that take back more than is left of the invoice's total, or nothing, or would charge.
pub(super) fn check_total(
    invoice: &Invoice,
    before: &Credited,
    chosen: &[(usize, Amount)],
    total: Amount,
) -> Result<(), Diagnostic> {
    let (currency, what) = (invoice.currency, format!("{} of {}", named(chosen), invoice.number));
    if total.is_zero() {
        let message = format!("taking back {what} would give back nothing: the amounts add up to zero");
        return Err(Diagnostic::error(message).with_hint(format!("name other lines or amounts, or {EVERYTHING}")));
    }
    if total.is_positive() {
        let message = format!("taking back {what} would charge {total} {currency}: a credit note only gives back");
        let hint = format!("name with them the lines that they reduce, or {EVERYTHING}");
        return Err(Diagnostic::error(message).with_hint(hint));
    }
    let credited = before.rates.values().flat_map(|rate| [rate.base, rate.tax]);
    let left = Sum::of([invoice.total].into_iter().chain(credited))?;
    if total.negated() > left {
        let given = total.negated();
        let message =
            format!("{what}: {given} {currency} with tax, of which only {left} {currency} are left to take back");
        let hint = format!("name less with --line LINE=AMOUNT, add the lines that reduced the total, or {EVERYTHING}");
        return Err(Diagnostic::error(message).with_hint(hint));
    }
    Ok(())
}

/// The taxes of the bases taken back.
pub(super) fn taxes(
    invoice: &Invoice,
    bases: &[Base<'_>],
    terms: &CreditTerms<'_>,
) -> Result<Vec<TaxSubtotal>, Diagnostic> {
    let mut taxes = Vec::with_capacity(bases.len());
    for Base { billed, before, left, part } in bases {
        let billed: &TaxSubtotal = billed;
        let (group, rounding, all) = (billed.group(), terms.tax_rounding, billed.prices()?);
        let of = |to: Amount, decimals: u32, total: Amount, credited: Amount| {
            let rounded = Cumulative { group, to, rounding, decimals, billed: all, left: *left, part: *part };
            rounded.tax(total, credited).map(Amount::negated)
        };
        let tax = of(Amount::whole(1), invoice.currency.decimals(), billed.tax, before.tax)?;
        let tax_jpy = match (billed.tax_jpy, terms.to_yen) {
            (None, _) => None,
            (Some(total), Some(to_yen)) => Some(of(to_yen, Currency::JPY.decimals(), total, before.tax_jpy)?),
            (Some(_), None) => {
                let message = format!("{} states its tax in yen, and the rate is missing", invoice.number);
                return Err(Diagnostic::error(message).with_hint("put back the [[fx]] of its month"));
            }
        };
        let prices = part.negated();
        let taxable = if group.included { prices.minus(tax)? } else { prices };
        let tax_included = group.included;
        taxes.push(TaxSubtotal { taxable, tax, tax_jpy, tax_included, ..billed.clone() });
    }
    Ok(taxes)
}

/// Adds the lines that take the tax out of what is given back of prices that include it, on the invoice's own lines.
pub(super) fn add_included_tax(
    invoice: &Invoice,
    taxes: &[TaxSubtotal],
    items: &mut Numbered,
    terms: &CreditTerms<'_>,
) {
    for tax in taxes.iter().filter(|tax| tax.tax_included && !tax.tax.is_zero()) {
        let own = invoice.items.iter().position(|item| is_of(item, tax) && item.kind == ItemKind::IncludedTax);
        let item = included_tax_line(tax.group(), tax.tax.negated(), invoice.tax_regime, terms.language);
        items.push((own.map_or(NO_LINE, |index| index + 1), item));
    }
}

/// Computes a tax that is taken back in parts of its prices, one after the other.
struct Cumulative {
    group: TaxGroup,
    /// The rate to the currency of the tax.
    to: Amount,
    rounding: Rounding,
    decimals: u32,
    billed: Amount,
    /// Left of the prices before the part.
    left: Amount,
    part: Amount,
}

impl Cumulative {
    /// Tax of the part, in the invoice's sign: the tax of everything taken back so far, including this part, minus what
    /// was taken back before (`credited`, in the opposite sign). So the parts add up to the tax billed.
    ///
    /// E-invoices require each tax to lie between floor and ceiling of the exact tax (JP PINT aligned-ibrp-051-jp). Up,
    /// down and half-up always do. Half-even need not: of a base of 15, parts of 5 and 10 would get 0 and 2 for exact
    /// taxes of 0.5 and 1.0. There the result is moved to where both the part and the rest are within their limits: 1
    /// and 1.
    fn tax(&self, billed: Amount, credited: Amount) -> Result<Amount, TooLong> {
        // Computed on absolute values (japan.md §1.6: a negative base of −172.8 rounds down to −172).
        let is_negative = self.billed.is_negative();
        let positive = |amount: Amount| if is_negative { amount.negated() } else { amount };
        let tax = |mode: Rounding, prices: Amount| self.group.tax_at(positive(prices), self.to, mode, self.decimals);
        let rest = self.left.minus(self.part)?;
        let so_far = tax(self.rounding, self.billed.minus(rest)?)?;
        let (credited, billed) = (positive(credited).negated(), positive(billed));
        let left = billed.minus(credited)?;
        let of_part = (tax(Rounding::Down, self.part)?, tax(Rounding::Up, self.part)?);
        let of_rest = (tax(Rounding::Down, rest)?, tax(Rounding::Up, rest)?);
        let tax = so_far.minus(credited)?;
        let tax = within(tax, of_part.0, of_part.1);
        // The limits of the rest come last, so that the parts add up in any case.
        let tax = within(tax, left.minus(of_rest.1)?, left.minus(of_rest.0)?);
        Ok(positive(within(tax, Amount::ZERO, left)))
    }
}

fn within(value: Amount, least: Amount, most: Amount) -> Amount {
    match (value.cmp(&least), value.cmp(&most)) {
        (Ordering::Less, _) => least,
        (_, Ordering::Greater) => most,
        _ => value,
    }
}
