//! `invoicer check`: everything `build` would refuse, all of it at once; nothing is written.

use std::path::Path;

use super::excerpts;
use crate::assets::Assets;
use crate::cli::Format;
use crate::diagnostic::Diagnostic;
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::pipeline::{self, Work};
use crate::printer::Printer;
use crate::workspace;

pub(super) fn run(start: &Path, month: Option<BillingMonth>, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let root = workspace::find_root(start).map_err(|problem| vec![problem])?;
    check(&root, month, printer).map_err(|problems| excerpts::fill(&root, problems))
}

fn check(root: &Path, month: Option<BillingMonth>, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let workspace = workspace::load(root)?;
    printer.diagnostics(&excerpts::fill(root, workspace.warnings));
    let settings = &workspace.settings;
    let assets = Assets::load(root, settings);
    let Some(month) = month else {
        printer.diagnostics(&assets?.templates.warnings);
        let count = settings.customers.len();
        printer.status(&format!("the workspace is good: {count} customers, {} sources", settings.sources.len()));
        return Ok(());
    };
    // Mistakes in templates and in data have nothing to do with each other: tell both.
    let (assets, computed) = match (assets, pipeline::invoices(root, settings, month, Status::Built)) {
        (Ok(assets), Ok(computed)) => (assets, computed),
        (assets, computed) => {
            let problems = assets.err().into_iter().chain(computed.err()).flatten();
            return Err(problems.collect());
        }
    };
    let (bill, billed) = computed;
    printer.diagnostics(&assets.templates.warnings);
    let invoices: Vec<&Invoice> = billed.invoices.iter().collect();
    let progress = printer.progress(invoices.len(), "Checking");
    let work = Work { bill: &bill, settings, assets: &assets, formats: &Format::ALL };
    let made = pipeline::documents(&work, &invoices, &|_, _| Ok(()), &progress);
    progress.finish();
    made?;
    printer.diagnostics(&excerpts::fill(root, billed.remarks.clone()));
    printer.status(&format!("{month} is good: {} invoices from {} rows", invoices.len(), bill.charges.len()));
    Ok(())
}
