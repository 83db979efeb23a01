//! Credit notes (適格返還請求書, 消費税法57条の4 3項): take back an issued invoice, whole or line by line.
//!
//! A part takes back no more than is left of a rate's base, tax and total, and a credit note never charges. Each part
//! is the rounded sum of everything taken back so far minus what earlier notes took back, rather than a rounded part:
//! so the parts add up to the invoice to the last digit, however it is divided.

mod lines;
mod rates;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::diagnostic::{Diagnostic, Figure};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::invoice::{DocumentKind, Invoice, LineItem, Original, Returned};
use crate::model::rounding::Rounding;
use crate::model::settings::Language;
use crate::model::tax::TaxGroup;

/// How much of an invoice is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything not taken back before.
    Whole,
    /// These lines.
    Lines(Vec<CreditedLine>),
}

/// A line of an invoice to take back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditedLine {
    /// The line, counted from 1.
    pub line: usize,
    /// Amount before tax, with the line's sign; all that is left of the line where absent.
    pub amount: Option<Amount>,
}

/// Sums of what earlier credit notes took back of an invoice, with the opposite sign of the invoice's figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credited {
    /// By line, counted from 1; see [`NO_LINE`].
    pub lines: BTreeMap<usize, Amount>,
    /// By what is taxed together.
    pub rates: BTreeMap<TaxGroup, CreditedRate>,
}

/// What earlier credit notes took back of a category and rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CreditedRate {
    /// Sum before tax.
    pub base: Amount,
    /// Tax.
    pub tax: Amount,
    /// Tax in yen, on an invoice in another currency.
    pub tax_jpy: Amount,
}

impl CreditedRate {
    /// What was taken back of the prices of a group, which may include the tax.
    fn prices(&self, group: TaxGroup) -> Result<Amount, TooLong> {
        if group.included { self.base.plus(self.tax) } else { Ok(self.base) }
    }
}

impl Credited {
    /// What is left of a line, which is counted from 1.
    ///
    /// # Errors
    /// When it has too many digits.
    pub fn left_of_line(&self, invoice: &Invoice, line: usize) -> Result<Amount, TooLong> {
        match self.lines.get(&line) {
            Some(credited) => invoice.items[line - 1].amount.plus(*credited),
            None => Ok(invoice.items[line - 1].amount),
        }
    }

    /// What was taken back of the total.
    ///
    /// # Errors
    /// When it has too many digits.
    pub fn total(&self) -> Result<Amount, TooLong> {
        Sum::of(self.rates.values().flat_map(|rate| [rate.base, rate.tax]))
    }

    /// What was taken back of what is taxed together.
    pub fn of_group(&self, group: TaxGroup) -> CreditedRate {
        // A group without an entry was never taken back.
        self.rates.get(&group).copied().unwrap_or_default()
    }
}

/// The line number of a 端数調整 (rounding adjustment) on a credit note of an invoice that needed none in that category.
pub const NO_LINE: usize = 0;

/// Everything a credit note needs besides the invoice.
#[derive(Clone, Debug)]
pub struct CreditTerms<'a> {
    /// Its number.
    pub number: String,
    /// Date of return.
    pub date: NaiveDate,
    /// Reason printed on it.
    pub reason: &'a str,
    /// How the money returns, as it is printed.
    pub refund_note: Option<&'a str>,
    /// How much of the invoice it takes back.
    pub extent: &'a Extent,
    /// How the invoice's amounts before tax are rounded.
    pub rounding: Rounding,
    /// How the invoice's tax is rounded.
    pub tax_rounding: Rounding,
    /// Language of the invoice, for the name of a 端数調整.
    pub language: Language,
    /// The rate from the invoice's currency to yen; none for an invoice in yen.
    pub to_yen: Option<Amount>,
}

/// Makes the credit note for an issued invoice. Together with earlier notes it takes back no more than was billed, by
/// rate and in total. A note that completes a rate takes back exactly what is left of it, so that invoice and credit
/// notes add up to zero.
///
/// Returns the note, without file name, and the invoice's line numbers of its items.
///
/// # Errors
/// Lines that the invoice does not have or that are named twice, more than is left of a line, a rate or the total, parts
/// that would charge the customer, nothing left at all, figures with too many digits.
pub fn credit(
    invoice: &Invoice,
    before: &Credited,
    terms: CreditTerms<'_>,
) -> Result<(Invoice, Vec<usize>), Diagnostic> {
    computed(invoice, before, terms).of(format_args!("the credit note for {}", invoice.number))
}

fn computed(invoice: &Invoice, before: &Credited, terms: CreditTerms<'_>) -> Result<(Invoice, Vec<usize>), Diagnostic> {
    let chosen = lines::chosen(invoice, before, terms.extent)?;
    let items = lines::items(invoice, before, &chosen)?;
    let (mut items, bases) = rates::with_adjustments(invoice, before, items, &terms)?;
    if *terms.extent != Extent::Whole {
        rates::check_bases(invoice, &chosen, &bases)?;
    }
    let tax_subtotals = rates::taxes(invoice, &bases, &terms)?;
    rates::add_included_tax(invoice, &tax_subtotals, &mut items, &terms);
    let (lines, items): (Vec<usize>, Vec<LineItem>) = items.into_iter().unzip();
    let subtotal = Sum::of(items.iter().map(|item| item.amount))?;
    let cost = Sum::of(items.iter().map(|item| item.cost))?;
    let tax = Sum::of(tax_subtotals.iter().map(|subtotal| subtotal.tax))?;
    let total = subtotal.plus(tax)?;
    if *terms.extent != Extent::Whole {
        rates::check_total(invoice, before, &chosen, total)?;
    }
    let before = before.total()?;
    let returned = Returned {
        lines: lines.clone(),
        invoiced: invoice.total,
        before: before.negated(),
        left: invoice.total.plus(before)?.plus(total)?,
    };
    let note = Invoice {
        customer: invoice.customer,
        kind: DocumentKind::CreditNote,
        original: Some(Original {
            number: invoice.number.clone(),
            issue_date: invoice.issue_date,
            reason: terms.reason.to_owned(),
            refund_note: terms.refund_note.map(str::to_owned),
        }),
        returned: Some(returned),
        number: terms.number,
        file_name: String::new(),
        status: invoice.status,
        issue_date: terms.date,
        due_date: terms.date,
        order_number: invoice.order_number.clone(),
        currency: invoice.currency,
        tax_regime: invoice.tax_regime,
        items,
        details: Vec::new(),
        long_amounts: Vec::new(),
        shares: Vec::new(),
        category_parts: Vec::new(),
        unit_prices: Vec::new(),
        tax_subtotals,
        subtotal,
        tax,
        total,
        cost,
    };
    Ok((note, lines))
}

/// `line 3` or `lines 1, 2`.
fn named(chosen: &[(usize, Amount)]) -> String {
    let lines: Vec<String> = chosen.iter().map(|(line, _)| line.to_string()).collect();
    format!("{} {}", if lines.len() == 1 { "line" } else { "lines" }, lines.join(", "))
}
