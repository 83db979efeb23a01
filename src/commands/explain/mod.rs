//! `invoicer explain`: shows how the figures of an invoice were computed.

mod against;
mod credit;
mod lookup;
mod rows;
mod text;

use std::path::Path;

use super::check_customer;
use crate::billing::explanation::{Explanation, Wanted, explain};
use crate::cli;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::ledger::{Document, Ledger, Stored};
use crate::model::carried::CustomerRest;
use crate::model::figures::money;
use crate::model::invoice::{DocumentKind, Invoice};
use crate::model::matcher::Glob;
use crate::month::carried;
use crate::month::computed::invoices;
use crate::month::reproduced::Reproduction;
use crate::out;
use crate::printer::Printer;
use crate::workspace;
use lookup::{Found, UnissuedInvoice, find};

pub(super) fn run(root: &Path, arguments: &cli::Explain, printer: &Printer) -> Result<(), Problems> {
    let ledger = Ledger::open(root)?;
    match find(root, &ledger, &arguments.number)? {
        Found::Issued(stored, document) => of_issued(root, &ledger, stored, document, arguments, printer),
        Found::Built(built) => of_built(root, &ledger, &built, arguments, printer),
    }
}

fn wanted(arguments: &cli::Explain) -> Wanted {
    let resource = arguments.resource.as_ref().map(|pattern| (pattern.clone(), Glob::new(pattern)));
    Wanted { line: arguments.line, resource }
}

/// Explains an issued invoice or credit note from the bills and the kept rules.
fn of_issued(
    root: &Path,
    ledger: &Ledger,
    stored: &Stored,
    document: &Document,
    arguments: &cli::Explain,
    printer: &Printer,
) -> Result<(), Problems> {
    if let (DocumentKind::CreditNote, Some(original)) = (document.kind, &document.original) {
        return credit::explain(root, ledger, (stored, document), original, arguments, printer);
    }
    // An empty ledger: the invoice's credit notes need not be computed.
    printer.doing(&format!("reading the bills of {}", stored.record.month));
    let reproduction = Reproduction::of(root, &Ledger::default(), stored)?;
    let invoice = computed_again(&reproduction, (stored, document), stored)?;
    if let Some(month) = arguments.against {
        let rules = (&reproduction.bill, &reproduction.workspace.settings);
        return against::explain((root, ledger), rules, invoice, month, arguments.json, printer);
    }
    let wanted = wanted(arguments);
    let mut explanation = explain(&reproduction.bill, &reproduction.workspace.settings, invoice, &wanted)?;
    explanation.rules_directory = Some(stored.rules_directory());
    print(&explanation, &wanted, arguments, printer)
}

/// Computes a document again; `base` is the record with its rules.
///
/// # Errors
/// When its figures differ from its record: an explanation of figures other than the customer's would explain nothing.
fn computed_again<'r>(
    reproduction: &'r Reproduction,
    (stored, document): (&Stored, &Document),
    base: &Stored,
) -> Result<&'r Invoice, Diagnostic> {
    let Some((invoice, recorded)) = reproduction.document(&document.number) else {
        let message = format!("the bills no longer yield {}", document.number);
        return Err(Diagnostic::error(message).at(Place::file(base.path())));
    };
    let Some(difference) = recorded.difference_from(invoice) else {
        return Ok(invoice);
    };
    let message = format!("the bills and the kept rules no longer yield {}: {difference}", document.number);
    let hint = format!("invoicer verify {} shows what changed", stored.record.month);
    Err(Diagnostic::error(message).at(Place::file(stored.path())).with_hint(hint))
}

/// Explains an invoice that is not issued from the present bills and rules.
fn of_built(
    root: &Path,
    ledger: &Ledger,
    built: &UnissuedInvoice,
    arguments: &cli::Explain,
    printer: &Printer,
) -> Result<(), Problems> {
    let workspace = workspace::load_for(root, &[built.month])?;
    let settings = &workspace.settings;
    check_customer(settings, &built.customer)?;
    let taken = carried::taken(ledger, &root.join("out"), built.month);
    printer.doing(&format!("reading the bills of {}", built.month));
    let (bill, billed) = invoices(root, settings, built.month, built.status, &taken)?;
    // An invoice over 0 that is not made can be explained, too: why it comes to nothing.
    let mut invoices = billed.invoices.iter().chain(&billed.skipped);
    let invoice = invoices.find(|invoice| settings.customers[invoice.customer].id == built.customer);
    let Some(invoice) = invoice else {
        let rest = billed.carried.left.iter().find(|rest| rest.customer == built.customer);
        return Err(rest.map_or_else(|| without_items(built), carried_forward).into());
    };
    if let Some(month) = arguments.against {
        return against::explain((root, ledger), (&bill, settings), invoice, month, arguments.json, printer);
    }
    let wanted = wanted(arguments);
    let explanation = explain(&bill, settings, invoice, &wanted)?;
    let now = invoice.total;
    if let Some(then) = built.total.filter(|then| *then != now) {
        let message = format!("the total of {} was {then} when it was built, and is {now} now", invoice.number);
        let warning = Diagnostic::warning(message).at(Place::file(format!("out/{}/summary.json", built.month)));
        let warning = warning.with_note("a bill or a rule has changed since; the explanation uses the current ones");
        printer.diagnostics(&[warning.with_hint(format!("build again with invoicer build {}", built.month))]);
    }
    print(&explanation, &wanted, arguments, printer)
}

fn without_items(built: &UnissuedInvoice) -> Diagnostic {
    let message = format!("\"{}\" has neither charges nor fees in {}: no invoice", built.customer, built.month);
    Diagnostic::error(message)
}

/// Why a customer whose items come to less than zero has no invoice to explain.
fn carried_forward(rest: &CustomerRest) -> Diagnostic {
    let CustomerRest { customer, month, currency, .. } = rest;
    let message = match rest.sum() {
        Ok(Some(sum)) => {
            let amount = money(sum, *currency, 0);
            format!("\"{customer}\" gets no invoice for {month}: it is below zero, and {amount} is carried forward")
        }
        // The categories below tell it.
        Ok(None) | Err(_) => {
            format!("\"{customer}\" gets no invoice for {month}: it is below zero and carried forward")
        }
    };
    Diagnostic::error(message).with_note(format!("by tax category: {}", rest.by_category()))
}

fn print(
    explanation: &Explanation<'_>,
    wanted: &Wanted,
    arguments: &cli::Explain,
    printer: &Printer,
) -> Result<(), Problems> {
    if arguments.json {
        return print_json(explanation, printer);
    }
    if let Some(directory) = &explanation.rules_directory {
        printer.status(&format!("the rules are those it was issued with: {directory}"));
    }
    for line in text::lines(explanation, wanted, printer) {
        printer.result_wrapped(&line);
    }
    Ok(())
}

fn print_json(explanation: &impl serde::Serialize, printer: &Printer) -> Result<(), Problems> {
    printer.result_json(&out::to_json(explanation)?);
    Ok(())
}
