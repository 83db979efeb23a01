//! `invoicer check`: everything `build` would refuse, all of it at once; nothing is written.

use std::path::Path;

use super::month::compared;
use super::{excerpts, warnings};
use crate::assets::Assets;
use crate::billing;
use crate::cli::{self, Format};
use crate::diagnostic::Diagnostic;
use crate::ledger::Ledger;
use crate::model::invoice::{Invoice, Status};
use crate::out::EarlierMonths;
use crate::pipeline::{self, Work};
use crate::printer::Printer;
use crate::workspace;

pub(super) fn run(start: &Path, arguments: &cli::Check, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let root = workspace::find_root(start).map_err(|problem| vec![problem])?;
    check(&root, arguments, printer).map_err(|problems| excerpts::fill(&root, problems))
}

fn check(root: &Path, arguments: &cli::Check, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let mut workspace = workspace::load(root)?;
    let mut early = std::mem::take(&mut workspace.warnings);
    let settings = &workspace.settings;
    let assets = Assets::load(root, settings);
    early.extend(assets.iter().flat_map(|assets| assets.templates.warnings.clone()));
    let refused = |early: Vec<Diagnostic>, problems: Vec<Diagnostic>| {
        warnings::before(billing::wanted(settings, early), arguments.deny_warnings, problems)
    };
    let Some(month) = arguments.month else {
        if let Err(problems) = assets {
            return Err(refused(early, problems));
        }
        let found = billing::wanted(settings, early);
        if arguments.deny_warnings {
            warnings::deny(&found)?;
        }
        warnings::print(root, &found, printer);
        let count = settings.customers.len();
        printer.status(&format!("the workspace is good: {count} customers, {} sources", settings.sources.len()));
        return Ok(());
    };
    let ledger = Ledger::open(root)?;
    // Mistakes in templates and in data have nothing to do with each other: tell both.
    let (assets, computed) = match (assets, pipeline::invoices(root, settings, month, Status::Built)) {
        (Ok(assets), Ok(computed)) => (assets, computed),
        (assets, computed) => {
            let problems = assets.err().into_iter().chain(computed.err()).flatten();
            return Err(refused(early, problems.collect()));
        }
    };
    let (bill, billed) = computed;
    let invoices: Vec<&Invoice> = billed.invoices.iter().collect();
    let progress = printer.progress(invoices.len(), "Checking");
    let work = Work { bill: &bill, settings, assets: &assets, formats: &Format::ALL };
    let made = pipeline::documents(&work, &invoices, &|_, _| Ok(()), &progress);
    progress.finish();
    if let Err(problems) = made {
        return Err(refused(early, problems));
    }
    let EarlierMonths { history, warnings: told, .. } =
        compared(root, &ledger, (&root.join("out"), "out"), settings, month)?;
    early.extend(told);
    let found = billing::warnings(&bill, settings, &billed, &history, early).map_err(|problem| vec![problem])?;
    if arguments.deny_warnings {
        warnings::deny(&found)?;
    }
    warnings::print(root, &found, printer);
    printer.status(&format!("{month} is good: {} invoices from {} rows", invoices.len(), bill.charges.len()));
    Ok(())
}
