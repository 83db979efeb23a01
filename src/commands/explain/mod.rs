//! `invoicer explain`: how the figures of an invoice came about.

mod lookup;
mod rows;
mod text;

use std::path::Path;

use super::{check_customer, excerpts};
use crate::billing::explanation::{Wanted, explain};
use crate::cli;
use crate::diagnostic::{Diagnostic, Place};
use crate::ledger::{Document, Ledger, Stored};
use crate::model::charge::Bill;
use crate::model::invoice::{DocumentKind, Invoice};
use crate::model::matcher::Glob;
use crate::out;
use crate::pipeline;
use crate::pipeline::issued::{self, Reproduction};
use crate::printer::Printer;
use crate::workspace::{self, Workspace};
use lookup::{Found, find};

pub(super) fn run(start: &Path, arguments: &cli::Explain, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let root = workspace::find_root(start).map_err(|problem| vec![problem])?;
    told(&root, arguments, printer).map_err(|problems| excerpts::fill(&root, problems))
}

fn told(root: &Path, arguments: &cli::Explain, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let wanted = Wanted {
        line: arguments.line,
        resource: arguments.resource.as_ref().map(|pattern| (pattern.clone(), Glob::new(pattern))),
    };
    let Subject { workspace, bill, invoice } = match Ledger::open(root)?.find(&arguments.number) {
        Some((stored, document)) => issued_invoice(root, stored, document, printer)?,
        None => built_invoice(root, arguments, printer)?,
    };
    let explanation = explain(&bill, &workspace.settings, &invoice, &wanted)?;
    if arguments.json {
        printer.result_bytes(&out::to_json(&explanation).map_err(one)?);
        return Ok(());
    }
    for line in text::lines(&explanation, &wanted, printer.verbose) {
        printer.result(&line);
    }
    Ok(())
}

/// An invoice with what it was made from.
struct Subject {
    workspace: Workspace,
    bill: Bill,
    invoice: Invoice,
}

/// An issued invoice, from its bills and the rules that were kept when it was issued.
fn issued_invoice(
    root: &Path,
    stored: &Stored,
    document: &Document,
    printer: &Printer,
) -> Result<Subject, Vec<Diagnostic>> {
    if let (DocumentKind::CreditNote, Some(original)) = (document.kind, &document.original) {
        let diagnostic = Diagnostic::error(format!("{} is a credit note", document.number));
        let hint = format!("its figures are those of {} with a minus: explain that", original.number);
        return Err(vec![diagnostic.with_hint(hint)]);
    }
    let reproduction = Reproduction::of(root, &Ledger::default(), stored)?;
    let Reproduction { workspace, bill, documents, .. } = reproduction;
    let found = documents.into_iter().find(|(_, recorded)| recorded.number == document.number);
    let Some((invoice, _)) = found else {
        return Err(vec![Diagnostic::error(format!("{} cannot be computed again", document.number))]);
    };
    let lines = (1..=invoice.items.len()).collect();
    let computed = Document::of(&invoice, issued::naming(document, lines));
    if let Some(difference) = issued::difference(document, &computed) {
        let diagnostic = Diagnostic::error(format!("{} comes out otherwise than it was issued", document.number));
        let hint = format!("see `invoicer verify {}`", stored.record.month);
        return Err(vec![diagnostic.with_note(difference).with_hint(hint)]);
    }
    printer.status(&format!("rules as they were issued: {}", stored.rules_directory()));
    Ok(Subject { workspace, bill, invoice })
}

/// An invoice of a built month, from the present bills and rules.
fn built_invoice(root: &Path, arguments: &cli::Explain, printer: &Printer) -> Result<Subject, Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let found = find(root, &arguments.number).map_err(one)?;
    let workspace = workspace::load(root)?;
    let settings = &workspace.settings;
    check_customer(settings, &found.customer).map_err(one)?;
    let (bill, billed) = pipeline::invoices(root, settings, found.month, found.status)?;
    let of_customer = |invoice: &Invoice| settings.customers[invoice.customer].id == found.customer;
    let invoice = billed.invoices.into_iter().find(of_customer);
    let invoice = invoice.ok_or_else(|| {
        let message = format!("\"{}\" has neither charges nor fees in {}: no invoice", found.customer, found.month);
        one(Diagnostic::error(message))
    })?;
    if let Found { total: Some(built), month, .. } = &found
        && *built != invoice.total.to_string()
    {
        let message =
            format!("the total of {} was {built} when it was built, and is {} now", invoice.number, invoice.total);
        let warning = Diagnostic::warning(message).at(Place::file(format!("out/{month}/summary.json")));
        let warning = warning.with_note("a bill or a rule changed since; explained is what the present ones give");
        printer.diagnostics(&[warning.with_hint(format!("build again with invoicer build {month}"))]);
    }
    Ok(Subject { workspace, bill, invoice })
}
