//! `invoicer explain`: how the figures of an invoice came about.

mod lookup;
mod rows;
mod text;

use std::path::Path;

use super::{check_customer, excerpts};
use crate::billing::explanation::{Wanted, explain};
use crate::cli;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::matcher::Glob;
use crate::out;
use crate::pipeline;
use crate::printer::Printer;
use crate::workspace;
use lookup::{Found, find};

pub(super) fn run(start: &Path, arguments: &cli::Explain, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let root = workspace::find_root(start).map_err(|problem| vec![problem])?;
    told(&root, arguments, printer).map_err(|problems| excerpts::fill(&root, problems))
}

fn told(root: &Path, arguments: &cli::Explain, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let found = find(root, &arguments.number).map_err(one)?;
    let workspace = workspace::load(&found.root)?;
    let settings = &workspace.settings;
    check_customer(settings, &found.customer).map_err(one)?;
    let (bill, billed) = pipeline::invoices(&found.root, settings, found.month, found.status)?;
    let invoice = billed.invoices.iter().find(|invoice| settings.customers[invoice.customer].id == found.customer);
    let invoice = invoice.ok_or_else(|| {
        let message = format!("\"{}\" has neither charges nor fees in {}: no invoice", found.customer, found.month);
        one(Diagnostic::error(message))
    })?;
    let wanted = Wanted {
        line: arguments.line,
        resource: arguments.resource.as_ref().map(|pattern| (pattern.clone(), Glob::new(pattern))),
    };
    let explanation = explain(&bill, settings, invoice, &wanted)?;
    if let Found { total: Some(built), month, .. } = &found
        && *built != invoice.total.to_string()
    {
        let message =
            format!("the total of {} was {built} when it was built, and is {} now", invoice.number, invoice.total);
        let warning = Diagnostic::warning(message).at(Place::file(format!("out/{month}/summary.json")));
        let warning = warning.with_note("a bill or a rule changed since; explained is what the present ones give");
        printer.diagnostics(&[warning.with_hint(format!("build again with invoicer build {month}"))]);
    }
    if arguments.json {
        printer.result_bytes(&out::to_json(&explanation).map_err(one)?);
        return Ok(());
    }
    for line in text::lines(&explanation, &wanted, printer.verbose) {
        printer.result(&line);
    }
    Ok(())
}
