//! `invoicer check`: reports everything `build` would refuse, all at once. With a month, `build` itself runs without
//! writing; this file checks only the workspace's files without a month.

use std::path::Path;

use super::{build, excerpts, unclaimed};
use crate::assets::Assets;
use crate::billing;
use crate::cli;
use crate::diagnostic::{Problems, counted};
use crate::environment::Environment;
use crate::ledger::Ledger;
use crate::mail::roots::root_certificates;
use crate::model::format::Format;
use crate::model::period::BillingMonth;
use crate::month::{adjustment_ids, warnings};
use crate::out::Mode;
use crate::printer::Printer;
use crate::workspace::{self, Workspace};

pub(super) fn run(
    root: &Path,
    current: &Path,
    arguments: &cli::Check,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let Some(month) = arguments.month else {
        return check_files(root, arguments, printer);
    };
    if arguments.unclaimed {
        return unclaimed::run(root, month, printer);
    }
    let build = cli::Build {
        month,
        customers: arguments.customers.clone(),
        out: arguments.out.clone(),
        format: Format::ALL.to_vec(),
        jobs: None,
        draft: arguments.draft,
        finals: arguments.finals.clone(),
        as_issued: arguments.as_issued,
        offline: true,
        network: cli::Network::default(),
        deny_warnings: arguments.deny_warnings,
        open: false,
        json: false,
        shards: cli::Shards::default(),
    };
    build::in_mode(Mode::Check, root, current, &build, environment, printer)
}

/// Checks the workspace's own files, without any month's bills.
fn check_files(root: &Path, arguments: &cli::Check, printer: &Printer) -> Result<(), Problems> {
    let (ledger, _) = Ledger::read(root);
    let mut workspace = with_open_months(root, &ledger)?;
    let mut early = std::mem::take(&mut workspace.warnings);
    let settings = &workspace.settings;
    let assets = Assets::load(root, settings);
    early.extend(assets.iter().flat_map(|assets| assets.templates.warnings.clone()));
    let found = billing::wanted(settings, early);
    let mut problems = Problems::default();
    problems.keep(assets);
    problems.keep(workspace::check_attachments(settings));
    for month in settings.adjustments.keys() {
        problems.keep(adjustment_ids::check(root, &ledger, *month, settings));
    }
    // Nothing that `build` needs, so that the check of a month says nothing of it.
    problems.extend(settings.mail.as_ref().and_then(|mail| root_certificates(root, mail).err()));
    if !problems.is_empty() {
        return Err(warnings::before(found, arguments.deny_warnings, problems));
    }
    if arguments.deny_warnings {
        warnings::deny(&found)?;
    }
    excerpts::print_warnings(root, &found, printer);
    settings.taxes.status().iter().for_each(|status| printer.status(status));
    let (customers, sources) =
        (counted(settings.customers.len(), "customer"), counted(settings.sources.len(), "source"));
    printer.status(&format!("the workspace is good: {customers}, {sources}"));
    Ok(())
}

/// The workspace with the adjustments of all months that are not issued. `verify` checks those of the others, which are
/// evidence: their customers may be gone.
fn with_open_months(root: &Path, ledger: &Ledger) -> Result<Workspace, Problems> {
    let listed = workspace::adjustment_months(root);
    let months = listed.iter().flatten().copied().filter(|month| ledger.month(*month).is_none());
    let workspace = workspace::load_for(root, &months.collect::<Vec<BillingMonth>>());
    match listed {
        Ok(_) => workspace,
        Err(problem) => Err(workspace.err().into_iter().flatten().chain([problem]).collect()),
    }
}
