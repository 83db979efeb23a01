//! `invoicer plan`: divides a month into shards, each for a machine, and says who is in which.

use std::io::ErrorKind;
use std::path::Path;

use super::{excerpts, sharded};
use crate::cli;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::files;
use crate::ledger::Ledger;
use crate::model::invoice::Status;
use crate::month::shards::plan::{FILE, Plan};
use crate::printer::{Align, Printer, table};
use crate::staging;

pub(super) fn run(root: &Path, current: &Path, arguments: &cli::Plan, printer: &Printer) -> Result<(), Problems> {
    let shown = arguments.out.as_deref().unwrap_or(Path::new(FILE));
    let target = files::place(current, shown);
    check_replaceable(&target, shown)?;
    let ledger = Ledger::open(root)?;
    let status = if arguments.draft { Status::Draft } else { Status::Built };
    let computed =
        sharded::computed(root, &ledger, arguments.month, status, &arguments.finals, arguments.deny_warnings, printer)?;
    let plan = Plan::of(&computed, arguments.shards)?;
    let bytes = plan.to_json()?;
    staging::replace(&target, &shown.display().to_string(), &bytes)?;
    excerpts::print_warnings(root, &computed.warnings, printer);
    let mut rows = vec![printer.heading(["shard", "invoices", "pages"])];
    let row = |shard: &crate::month::shards::plan::PlannedShard| {
        [shard.shard.to_string(), shard.customers.len().to_string(), shard.pages.to_string()].to_vec()
    };
    rows.extend(plan.shards.iter().map(row));
    for line in table(&rows, &[Align::Right; 3]) {
        printer.status(&line);
    }
    if arguments.json {
        printer.result_json(&bytes);
    } else {
        printer.result(&shown.display().to_string());
    }
    Ok(())
}

/// Refuses to replace anything but an earlier plan.
fn check_replaceable(target: &Path, shown: &Path) -> Result<(), Diagnostic> {
    let is_plan = match files::read(target, files::DATA) {
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Ok(bytes) => Plan::parse(&bytes).is_ok(),
        Err(_) => false,
    };
    if is_plan {
        return Ok(());
    }
    let diagnostic = Diagnostic::error("the file is no plan that this command wrote");
    let diagnostic = diagnostic.at(Place::file(shown.display().to_string()));
    Err(diagnostic.with_hint("name another file: this one is not replaced"))
}
