//! Explains a credit note: per line what was invoiced, what earlier notes took back and what this one takes back; per
//! rate the tax on everything taken back so far.

use std::borrow::Cow;

use serde::Serialize;

use super::defect;
use super::record::{LineAmount, Rule, is_false};
use crate::billing::{Credited, NO_LINE};
use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::model::amount::{Amount, Sum};
use crate::model::currency::Currency;
use crate::model::invoice::{Invoice, ItemKind, Original, TaxSubtotal};
use crate::model::item_label::ItemTables;
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::model::settings::Settings;
use crate::model::tax::{TaxCategory, TaxGroup, TaxRate};

/// A credit note with everything that explains it.
#[derive(Clone, Copy, Debug)]
pub struct CreditCase<'a> {
    /// The month billed.
    pub month: BillingMonth,
    /// The settings the invoice was made with.
    pub settings: &'a Settings,
    /// The invoice it takes back.
    pub invoice: &'a Invoice,
    /// Sums taken back by earlier notes.
    pub before: &'a Credited,
    /// The credit note.
    pub note: &'a Invoice,
    /// The invoice's line numbers of its items.
    pub lines: &'a [usize],
}

/// Explanation of a credit note or of one of its lines. Amounts have the signs they have on their documents.
#[derive(Clone, Debug, Serialize)]
pub struct CreditExplanation<'a> {
    /// Number of the credit note.
    pub number: &'a str,
    /// `credit-note`.
    pub kind: &'static str,
    /// The invoice it takes back.
    pub original: Option<&'a Original>,
    /// Billing month, `202208`.
    pub month: String,
    /// Customer id.
    pub customer: &'a str,
    /// Currency of the amounts.
    pub currency: Currency,
    /// Directory of the rules it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_directory: Option<String>,
    /// How tax is rounded.
    pub tax_rounding: &'static str,
    /// Where that is set; none when it is the default.
    pub tax_rounding_rule: Option<Rule<'a>>,
    /// The lines asked for.
    pub lines: Vec<CreditLineExplanation<'a>>,
    /// The taxes of these lines.
    pub taxes: Vec<CreditTaxExplanation<'a>>,
    /// Subtotal, tax and total; only where the whole note is explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<CreditTotals>,
}

/// A line of a credit note.
#[derive(Clone, Debug, Serialize)]
pub struct CreditLineExplanation<'a> {
    /// The number printed before it, which is the invoice's since record format 4; none for a rounding adjustment that
    /// the invoice did not need.
    pub line: Option<usize>,
    /// The invoice's line; none for a rounding adjustment that the invoice did not need.
    pub invoice_line: Option<usize>,
    /// Kind of the line.
    pub kind: ItemKind,
    /// Bill item or fee.
    pub name: &'a str,
    /// What is printed after the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<&'a str>,
    /// What the customer reads instead, with the qualifier.
    pub label: Cow<'a, str>,
    /// The name of the section that lists it, where the invoice has sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<&'a str>,
    /// Tax category.
    pub tax_category: TaxCategory,
    /// Tax rate.
    pub tax_rate: TaxRate,
    /// Whether the amount includes the tax.
    #[serde(skip_serializing_if = "is_false")]
    pub tax_included: bool,
    /// Amount of the invoice's line; none where it has no such line.
    pub invoiced: Option<Amount>,
    /// Taken back of it by earlier notes.
    pub before: Amount,
    /// Taken back of it by this note.
    pub amount: Amount,
    /// Left of it after this note; none where the invoice has no such line.
    pub left: Option<Amount>,
}

/// The tax of a category and rate on a credit note.
#[derive(Clone, Debug, Serialize)]
pub struct CreditTaxExplanation<'a> {
    /// Category.
    pub category: TaxCategory,
    /// Rate.
    pub rate: TaxRate,
    /// Whether it is of prices that include the tax.
    #[serde(skip_serializing_if = "is_false")]
    pub tax_included: bool,
    /// Taken back so far of prices that include the tax, including this note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices_so_far: Option<Amount>,
    /// This note's lines of that category and rate.
    pub lines: Vec<LineAmount>,
    /// Their sum.
    pub taxable: Amount,
    /// Sum of the invoice's lines of that category and rate.
    pub invoiced: Amount,
    /// Taken back of that sum by earlier notes.
    pub taxable_before: Amount,
    /// Taken back so far, including this note.
    pub taxable_so_far: Amount,
    /// Its tax.
    #[serde(flatten)]
    pub tax: CreditTax,
    /// The tax in yen, for an invoice in another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yen: Option<CreditYenExplanation<'a>>,
}

/// A tax that is taken back in parts.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CreditTax {
    /// The tax invoiced.
    pub tax_invoiced: Amount,
    /// Base taken back so far × rate, before rounding; cut to eight decimals where prices include the tax.
    pub exact: Amount,
    /// `exact`, rounded. Differs from `tax_so_far` only where half-even would move a part outside its floor and
    /// ceiling.
    pub rounded: Amount,
    /// Tax taken back so far, including this note.
    pub tax_so_far: Amount,
    /// Tax taken back by earlier notes.
    pub tax_before: Amount,
    /// This note's tax: `tax_so_far` minus `tax_before`.
    pub tax: Amount,
}

/// A tax in yen that is taken back in parts.
#[derive(Clone, Debug, Serialize)]
pub struct CreditYenExplanation<'a> {
    /// The rate.
    pub exchange_rate: Amount,
    /// Where it is set.
    pub exchange_rule: Option<Rule<'a>>,
    /// The tax.
    #[serde(flatten)]
    pub tax: CreditTax,
}

/// The sums of a credit note.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CreditTotals {
    /// Sum of the lines.
    pub subtotal: Amount,
    /// Sum of the taxes.
    pub tax: Amount,
    /// Subtotal plus tax.
    pub total: Amount,
    /// Left of the invoice's total after this note.
    pub left: Amount,
}

/// Explains a credit note, or the requested line of it by its printed number.
///
/// # Errors
/// A line the note does not have, and sums that differ from what is printed, which would be a defect of the program.
pub fn explain_credit<'a>(case: CreditCase<'a>, line: Option<usize>) -> Result<CreditExplanation<'a>, Problems> {
    explained(case, line).of(format_args!("the explanation of {}", case.note.number))
}

fn explained(case: CreditCase<'_>, wanted: Option<usize>) -> Result<CreditExplanation<'_>, Problems> {
    let CreditCase { month, settings, invoice, note, .. } = case;
    let count = note.items.len();
    let printed = || (0..count).filter_map(|index| note.line_of(index));
    if let Some(line) = wanted.filter(|line| !printed().any(|number| number == *line)) {
        let diagnostic = Diagnostic::error(format!("{} has no line {line}", note.number));
        let numbers = printed().map(|number| number.to_string()).collect::<Vec<String>>().join(", ");
        return Err(diagnostic.with_hint(format!("its lines are {numbers}; without a line all are shown")).into());
    }
    let mut lines = Vec::new();
    for index in (0..count).filter(|index| wanted.is_none_or(|line| note.line_of(*index) == Some(line))) {
        lines.push(line(case, index)?);
    }
    let mut taxes = Vec::new();
    for subtotal in &note.tax_subtotals {
        // Checks sums that are not shown, too.
        let tax = tax(case, subtotal)?;
        let is_of = |line: &CreditLineExplanation<'_>| {
            (line.tax_category, line.tax_rate, line.tax_included) == (tax.category, tax.rate, tax.tax_included)
        };
        if lines.iter().any(is_of) {
            taxes.push(tax);
        }
    }
    let totals = totals(case)?;
    let (rounding, definition) = settings.tax_rounding(invoice.customer);
    Ok(CreditExplanation {
        number: &note.number,
        kind: note.kind.name(),
        original: note.original.as_ref(),
        month: month.to_string(),
        customer: &settings.customers[invoice.customer].id,
        currency: note.currency,
        rules_directory: None,
        tax_rounding: rounding.name(),
        tax_rounding_rule: Rule::at(definition),
        lines,
        taxes,
        totals: wanted.is_none().then_some(totals),
    })
}

fn line(case: CreditCase<'_>, index: usize) -> Result<CreditLineExplanation<'_>, Problems> {
    let CreditCase { settings, invoice, before, note, lines, .. } = case;
    let item = &note.items[index];
    let tables = ItemTables::of_customer(settings, invoice.customer);
    let invoice_line = Some(lines[index]).filter(|line| *line != NO_LINE);
    let (mut invoiced, mut credited, mut left) = (None, Amount::ZERO, None);
    if let Some(line) = invoice_line {
        let billed = invoice.items[line - 1].amount;
        let left_before = before.left_of_line(invoice, line)?;
        credited = left_before.minus(billed)?;
        invoiced = Some(billed);
        left = Some(left_before.plus(item.amount)?);
    }
    Ok(CreditLineExplanation {
        line: note.line_of(index),
        invoice_line,
        kind: item.kind,
        name: &item.name,
        qualifier: item.qualifier.as_deref(),
        label: tables.label(&item.source, &item.name, item.kind).name_of(item),
        section: item.section.as_ref().map(|section| section.name.as_str()),
        tax_category: item.tax_category,
        tax_rate: item.tax_rate,
        tax_included: item.tax_included,
        invoiced,
        before: credited,
        amount: item.amount,
        left,
    })
}

fn tax<'a>(case: CreditCase<'a>, printed: &'a TaxSubtotal) -> Result<CreditTaxExplanation<'a>, Problems> {
    let CreditCase { month, settings, invoice, before, note, .. } = case;
    let group = printed.group();
    let TaxGroup { category, rate, included } = group;
    let billed = invoice.tax_subtotals.iter().find(|billed| billed.group() == group);
    let billed = billed.ok_or_else(|| defect(format!("the invoice has no {} {rate}", category.name())))?;
    let of_rate = note.items.iter().enumerate().filter(|(_, item)| item.tax_group() == group);
    let lines: Vec<LineAmount> =
        of_rate.map(|(index, item)| LineAmount { line: note.line_of(index), amount: item.amount }).collect();
    let taxable = Sum::of(lines.iter().map(|line| line.amount))?;
    if taxable != printed.taxable {
        let printed = printed.taxable;
        return Err(defect(format!("{} {rate} is {printed}, its lines add up to {taxable}", category.name())));
    }
    let (rounding, _) = settings.tax_rounding(invoice.customer);
    let earlier = before.of_group(group);
    let so_far = earlier.base.plus(taxable)?;
    let prices = match included {
        true => Sum::of([so_far, earlier.tax, printed.tax])?,
        false => so_far,
    };
    let taxed = |to: Amount, decimals: u32| {
        let exact = match included {
            // A quotient need not end.
            true => group.tax_at(prices, to, Rounding::Down, 8)?,
            false => prices.times(rate.factor())?.times(to)?,
        };
        let of = |mode: Rounding| group.tax_at(prices, to, mode, decimals);
        Ok::<_, Problems>((exact, of(rounding)?, [of(Rounding::Down)?, of(Rounding::Up)?]))
    };
    let of_note = taxed(Amount::whole(1), note.currency.decimals())?;
    let tax = part(rounding, of_note, [billed.tax, earlier.tax, printed.tax])?;
    let exchange = settings.fx_entry(month, invoice.currency, Currency::JPY);
    let yen = match (billed.tax_jpy, printed.tax_jpy, exchange) {
        (Some(billed), Some(printed), Some(exchange)) => {
            let in_yen = taxed(exchange.rate, Currency::JPY.decimals())?;
            let tax = part(rounding, in_yen, [billed, earlier.tax_jpy, printed])?;
            let exchange_rule = Rule::at(&exchange.definition);
            Some(CreditYenExplanation { exchange_rate: exchange.rate, exchange_rule, tax })
        }
        _ => None,
    };
    Ok(CreditTaxExplanation {
        category,
        rate,
        tax_included: included,
        prices_so_far: included.then_some(prices),
        lines,
        taxable,
        invoiced: billed.taxable,
        taxable_before: earlier.base,
        taxable_so_far: so_far,
        tax,
        yen,
    })
}

fn part(
    rounding: Rounding,
    (exact, rounded, neighbours): (Amount, Amount, [Amount; 2]),
    [tax_invoiced, tax_before, tax]: [Amount; 3],
) -> Result<CreditTax, Problems> {
    let tax_so_far = tax_before.plus(tax)?;
    let is_neighbour = neighbours.contains(&tax_so_far);
    if tax_so_far != rounded && !(rounding == Rounding::HalfEven && is_neighbour) {
        return Err(defect(format!(
            "the tax so far is {tax_so_far}, {exact} rounded {} is {rounded}",
            rounding.name()
        )));
    }
    Ok(CreditTax { tax_invoiced, exact, rounded, tax_so_far, tax_before, tax })
}

fn totals(case: CreditCase<'_>) -> Result<CreditTotals, Problems> {
    let CreditCase { invoice, before, note, .. } = case;
    let subtotal = Sum::of(note.items.iter().map(|item| item.amount))?;
    let tax = Sum::of(note.tax_subtotals.iter().map(|tax| tax.tax))?;
    let total = subtotal.plus(tax)?;
    if (subtotal, tax, total) != (note.subtotal, note.tax, note.total) {
        return Err(defect(format!("the total is {}, the lines and taxes give {total}", note.total)));
    }
    let credited = before.rates.values().flat_map(|rate| [rate.base, rate.tax]);
    let left = Sum::of([invoice.total, total].into_iter().chain(credited))?;
    Ok(CreditTotals { subtotal, tax, total, left })
}
