//! `invoicer check`: everything `build` would refuse, all of it at once; nothing is written.

use std::path::Path;

use super::month::earlier_months;
use super::{excerpts, warnings};
use crate::assets::Assets;
use crate::billing;
use crate::cli::{self, Format};
use crate::diagnostic::Diagnostic;
use crate::model::invoice::{Invoice, Status};
use crate::pipeline::{self, Work};
use crate::printer::Printer;
use crate::sources::drift;
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
    let earlier = earlier_months(root, (&root.join("out"), "out"), month);
    early.extend(earlier.warnings);
    let drifts = settings.sources.iter().filter_map(|source| drift::warning(root, source, month));
    early.extend(drifts.map(|(warning, _)| warning));
    let found =
        billing::warnings(&bill, settings, &billed, &earlier.history, early).map_err(|problem| vec![problem])?;
    if arguments.deny_warnings {
        warnings::deny(&found)?;
    }
    warnings::print(root, &found, printer);
    printer.status(&format!("{month} is good: {} invoices from {} rows", invoices.len(), bill.charges.len()));
    Ok(())
}
