//! Chooses the lines that a credit note takes back, and how much of each.

use super::{Credited, Extent};
use crate::diagnostic::Diagnostic;
use crate::model::amount::{Amount, TooLong};
use crate::model::invoice::{Invoice, ItemKind, LineItem};
use crate::model::rounding::Rounding;
use crate::model::split::split;

/// Items of a credit note, each with the number of the invoice line it takes back.
pub(super) type Numbered = Vec<(usize, LineItem)>;

/// The lines to take back, each with its amount in the invoice's sign.
pub(super) fn chosen(
    invoice: &Invoice,
    before: &Credited,
    extent: &Extent,
) -> Result<Vec<(usize, Amount)>, Diagnostic> {
    match extent {
        Extent::Whole => whole(invoice, before),
        Extent::Lines(lines) => {
            let mut chosen = Vec::with_capacity(lines.len());
            for (index, wanted) in lines.iter().enumerate() {
                let line = wanted.line;
                if line == 0 || line > invoice.items.len() {
                    let message = format!("{} has no line {line}", invoice.number);
                    let hint = format!("its lines are 1 to {}", invoice.items.len());
                    return Err(Diagnostic::error(message).with_hint(hint));
                }
                if lines[..index].iter().any(|other| other.line == line) {
                    let hint = "name it once, with the sum of what is to be taken back of it";
                    return Err(Diagnostic::error(format!("line {line} is named twice")).with_hint(hint));
                }
                chosen.push((line, part(invoice, before, line, wanted.amount)?));
            }
            Ok(chosen)
        }
    }
}

fn whole(invoice: &Invoice, before: &Credited) -> Result<Vec<(usize, Amount)>, Diagnostic> {
    let mut chosen = Vec::with_capacity(invoice.items.len());
    // The tax in prices follows from what is taken back of them.
    for line in (1..=invoice.items.len()).filter(|line| invoice.items[line - 1].kind != ItemKind::IncludedTax) {
        let left = before.left_of_line(invoice, line)?;
        // A line of zero is taken back once, with the rest.
        if !left.is_zero() || !before.lines.contains_key(&line) {
            chosen.push((line, left));
        }
    }
    // A rounding line follows from the others, so it alone never counts as left.
    let is_billed = |line: usize| !invoice.items[line - 1].kind.follows_from_others();
    let nothing = chosen.iter().all(|(line, left)| left.is_zero() || !is_billed(*line));
    if nothing && !invoice.items.iter().all(|item| item.amount.is_zero()) {
        let hint = "its credit notes take back all of it already: `invoicer list` names them";
        return Err(Diagnostic::error(format!("nothing is left of {} to take back", invoice.number)).with_hint(hint));
    }
    Ok(chosen)
}

fn part(invoice: &Invoice, before: &Credited, line: usize, amount: Option<Amount>) -> Result<Amount, Diagnostic> {
    let item = &invoice.items[line - 1];
    let currency = invoice.currency;
    if item.kind.follows_from_others() {
        let message = format!("line {line} of {}, {:?}, cannot be taken back by itself", invoice.number, item.name);
        let hint = match item.kind {
            ItemKind::IncludedTax => {
                "the tax in prices follows from the lines that include it: name those, or leave out --line"
            }
            _ => "a credit note rounds what it takes back of the other lines: name those, or leave out --line",
        };
        return Err(Diagnostic::error(message).with_hint(hint));
    }
    let left = before.left_of_line(invoice, line)?;
    let amount = amount.unwrap_or(left);
    let hint = format!("line {line}, {:?}, has {left} {currency} left of {}", item.name, item.amount);
    let refused = |message: String| Err(Diagnostic::error(message).with_hint(hint.clone()));
    if amount.scale() > currency.decimals() && amount != left {
        return refused(format!("{amount} {currency} has more decimals than the currency"));
    }
    if amount.is_zero() || amount.is_negative() != left.is_negative() || amount.magnitude() > left.magnitude() {
        return refused(format!("{amount} {currency} cannot be taken back of line {line} of {}", invoice.number));
    }
    Ok(amount)
}

/// The items of the credit note: the lines with the opposite sign, without quantity for a part of a line.
pub(super) fn items(invoice: &Invoice, before: &Credited, chosen: &[(usize, Amount)]) -> Result<Numbered, TooLong> {
    let item = |&(line, amount): &(usize, Amount)| {
        let item = &invoice.items[line - 1];
        let whole = amount == item.amount;
        let taken_back = LineItem {
            quantity: item.quantity.filter(|_| whole).map(Amount::negated),
            unit_price: item.unit_price.filter(|_| whole),
            cost: cost(item, before.left_of_line(invoice, line)?, amount)?.negated(),
            amount: amount.negated(),
            ..item.clone()
        };
        Ok((line, taken_back))
    };
    chosen.iter().map(item).collect()
}

/// The cost of a part: the proportional cost of everything taken back so far, including the part, minus that of what
/// was taken back before, each cut toward zero like a share (billing-rules §2). So the parts add up to the line's cost.
fn cost(item: &LineItem, left: Amount, amount: Amount) -> Result<Amount, TooLong> {
    let decimals = item.cost.scale().max(4);
    let of = |taken: Amount| {
        // Zero and the whole line need no proportion, so a line can be taken back whole however long its cost is.
        if taken.is_zero() {
            return Ok(Amount::ZERO);
        }
        if taken == item.amount {
            return Ok(item.cost);
        }
        match item.cost.times(taken) {
            Ok(product) => Rounding::Down.quotient(product, item.amount, decimals),
            // Products beyond 36 digits are exact only in `split`.
            Err(TooLong) => {
                let weights = [taken.magnitude(), item.amount.minus(taken)?.magnitude()];
                Ok(split(item.cost, &weights)?.first().copied().expect("a split has a part for each weight"))
            }
        }
    };
    let before = item.amount.minus(left)?;
    of(before.plus(amount)?)?.minus(of(before)?)
}
