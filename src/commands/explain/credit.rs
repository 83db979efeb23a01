//! Explains a credit note: what it takes back of each line of its invoice, and the tax on it.

use std::path::Path;

use super::text::{ADDED_UP, added, at, in_section, titled, written};
use super::{computed_again, print_json};
use crate::billing::explanation::{
    CreditCase, CreditExplanation, CreditLineExplanation, CreditTax, CreditTaxExplanation, explain_credit,
};
use crate::cli;
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::ledger::{Document, Ledger, Stored};
use crate::model::invoice::Original;
use crate::month::reproduced::Reproduction;
use crate::printer::{Align, Printer, table};

/// Explains an issued credit note from its bills and the rules kept with its invoice.
pub(super) fn explain(
    root: &Path,
    ledger: &Ledger,
    (stored, document): (&Stored, &Document),
    original: &Original,
    arguments: &cli::Explain,
    printer: &Printer,
) -> Result<(), Problems> {
    if arguments.against.is_some() {
        let diagnostic =
            Diagnostic::error(format!("{} is a credit note: months are compared by invoices", document.number));
        let hint = format!("invoicer explain {} --against MONTH", original.number);
        return Err(diagnostic.with_hint(hint).into());
    }
    if arguments.resource.is_some() {
        let diagnostic = Diagnostic::error(format!("{} has no rows: it is a credit note", document.number));
        let hint = format!("the rows are on the invoice: invoicer explain {} --resource ID", original.number);
        return Err(diagnostic.with_hint(hint).into());
    }
    let (of_invoice, _) = ledger.expect(&original.number)?;
    printer.doing(&format!("reading the bills of {}", of_invoice.record.month));
    let reproduction = Reproduction::of(root, ledger, of_invoice)?;
    let invoice = reproduction.document(&original.number).map(|(invoice, _)| invoice).ok_or_else(|| {
        let message = format!("the bills no longer yield {}", original.number);
        Diagnostic::error(message).at(Place::file(of_invoice.path()))
    })?;
    let note = computed_again(&reproduction, (stored, document), of_invoice)?;
    let lines: Vec<usize> = document.items.iter().map(|line| line.line).collect();
    let before = ledger
        .credited(&original.number, Some(&document.number))
        .of(format_args!("what was credited of {}", original.number))?;
    let settings = &reproduction.workspace.settings;
    let case = CreditCase { month: stored.record.month, settings, invoice, before: &before, note, lines: &lines };
    let mut explanation = explain_credit(case, arguments.line)?;
    explanation.rules_directory = Some(of_invoice.rules_directory());
    if arguments.json {
        return print_json(&explanation, printer);
    }
    printer.status(&format!(
        "the rules are those {} was issued with: {}",
        original.number,
        of_invoice.rules_directory()
    ));
    for line in text(&explanation, note.currency.decimals(), printer) {
        printer.result_wrapped(&line);
    }
    Ok(())
}

/// The column of the table of lines with the invoice's numbers.
const OF_INVOICE: usize = 2;

fn text(explanation: &CreditExplanation<'_>, decimals: u32, printer: &Printer) -> Vec<String> {
    let CreditExplanation { number, month, customer, currency, .. } = explanation;
    let original = explanation.original.map_or("", |original| original.number.as_str());
    let mut text = vec![format!("{number}: {customer}, {month}, {currency}, takes back {original}"), String::new()];
    text.extend(lines(explanation, decimals, printer));
    text.push(String::new());
    text.extend(explanation.taxes.iter().flat_map(|tax| tax_text(explanation, tax, decimals)));
    if let Some(totals) = &explanation.totals {
        let shown = [totals.subtotal, totals.tax, totals.total, totals.left].map(|amount| amount.to_text(decimals));
        let [subtotal, tax, total, left] = shown;
        let tax = if totals.tax.is_negative() { format!("- {}", &tax[1..]) } else { format!("+ {tax}") };
        text.push(format!("total: {subtotal} {tax} = {total}; left of {original}: {left}"));
    }
    text.push(format!("rounding of tax: {}", at("", explanation.tax_rounding, explanation.tax_rounding_rule)));
    text.push(format!("how the lines were billed: invoicer explain {original} LINE"));
    text
}

/// The lines as a table: invoiced + before + now = left. Notes of before record format 4 have numbers of their own, so
/// the invoice's stand beside them.
fn lines(explanation: &CreditExplanation<'_>, decimals: u32, printer: &Printer) -> Vec<String> {
    let has_own_numbers = explanation.lines.iter().any(|line| line.line != line.invoice_line);
    let number = |line: Option<usize>| line.map_or_else(|| "-".to_owned(), |line| line.to_string());
    let mut cells = vec![printer.heading(["line", "item", "invoice's line", "invoiced", "before", "now", "left"])];
    let row = |line: &CreditLineExplanation<'_>| {
        vec![
            number(line.line),
            in_section(line.section, titled(line.kind, &line.label, (line.name, line.qualifier))),
            number(line.invoice_line),
            line.invoiced.map_or_else(|| "-".to_owned(), |amount| amount.to_text(decimals)),
            line.before.to_text(decimals),
            line.amount.to_text(decimals),
            line.left.map_or_else(|| "-".to_owned(), |amount| amount.to_text(decimals)),
        ]
    };
    cells.extend(explanation.lines.iter().map(row));
    if let Some(totals) = &explanation.totals {
        let subtotal = totals.subtotal.to_text(decimals);
        let empty = String::new;
        cells.push(vec![empty(), printer.text("subtotal").into_owned(), empty(), empty(), empty(), subtotal, empty()]);
    }
    let (left, right) = (Align::Left, Align::Right);
    let mut alignment = vec![right, left, right, right, right, right, right];
    if !has_own_numbers {
        for row in &mut cells {
            row.remove(OF_INVOICE);
        }
        alignment.remove(OF_INVOICE);
    }
    table(&cells, &alignment)
}

fn tax_text(explanation: &CreditExplanation<'_>, tax: &CreditTaxExplanation<'_>, decimals: u32) -> Vec<String> {
    let included = if tax.tax_included { " incl. tax" } else { "" };
    let head = format!("tax, {} {}{included}", tax.category.name(), tax.rate);
    let base = match tax.lines.len() {
        0..=ADDED_UP => added(&tax.lines),
        _ => tax.taxable.to_text(decimals),
    };
    let so_far = tax.taxable_so_far.to_text(decimals);
    let before = match tax.taxable_before.is_zero() {
        true => String::new(),
        false => format!(", with {} before {so_far}", tax.taxable_before.to_text(decimals)),
    };
    let invoiced = tax.invoiced.to_text(decimals);
    let head = format!("{head}: {base}{before}, of {invoiced} invoiced");
    if !tax.category.is_taxed() {
        return vec![format!("{head}; no tax")];
    }
    let of_part = part(explanation, &tax.tax, decimals);
    let calculation = match tax.prices_so_far {
        Some(prices) => {
            let (prices, percent) = (prices.to_text(decimals), tax.rate.percent());
            format!("  {prices} with tax × {percent} / {} = {of_part}", tax.rate.percent_with_price())
        }
        None => format!("  {so_far} × {} = {of_part}", tax.rate),
    };
    let mut text = vec![head, calculation];
    if let Some(yen) = &tax.yen {
        let (exact, rate) = (tax.tax.exact, yen.exchange_rate);
        let of_part = part(explanation, &yen.tax, 0);
        text.push(format!("  in JPY: {exact} × {rate} = {of_part}{}", written(yen.exchange_rule)));
    }
    text
}

/// `-0.3 → up → -1 so far; -1 less -1 before is 0; 34 invoiced`.
fn part(explanation: &CreditExplanation<'_>, tax: &CreditTax, decimals: u32) -> String {
    let [so_far, before, now, rounded, invoiced] =
        [tax.tax_so_far, tax.tax_before, tax.tax, tax.rounded, tax.tax_invoiced].map(|amount| amount.to_text(decimals));
    let mut text = tax.exact.to_string();
    if tax.exact != tax.rounded {
        text += &format!(" → {} → {rounded}", explanation.tax_rounding);
    }
    if tax.rounded != tax.tax_so_far {
        text += &format!("; {so_far}, so that neither this part nor the rest leaves its floor and ceiling");
    }
    let before = match tax.tax_before.is_zero() {
        true => String::new(),
        false => format!("; {so_far} so far less {before} before = {now}"),
    };
    format!("{text}{before}; of {invoiced} invoiced")
}
