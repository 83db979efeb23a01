//! `invoicer build --shard`: makes the documents of a part of the customers, for `merge`. Also what `plan` and `merge` have
//! in common with it.

use std::path::Path;

use anyhow::Context;

use super::{excerpts, shard_number};
use crate::cli;
use crate::diagnostic::{Diagnostic, Place, Problems, cannot, counted};
use crate::environment::Environment;
use crate::files;
use crate::ledger::Ledger;
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::model::shard::{Shard, ShardChoice};
use crate::month::computed::{ComputedMonth, MonthRequest};
use crate::month::shards::Basis;
use crate::month::shards::plan::Plan;
use crate::month::shards::record::{ShardRecord, foreign_file, held};
use crate::out;
use crate::printer::Printer;
use crate::staging::{Purpose, Staging};
use crate::workspace;

/// Makes the documents of a shard.
pub(super) fn build(
    root: &Path,
    current: &Path,
    arguments: &cli::Build,
    choice: ShardChoice,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let month = arguments.month;
    let shard = shard_number::shard(choice, environment)?;
    let shown = arguments.out.as_deref().unwrap_or(Path::new("."));
    let target = files::place(current, shown);
    check_target(&target, shown, shard, month)?;
    let ledger = Ledger::open(root)?;
    let status = if arguments.draft { Status::Draft } else { Status::Built };
    let mut computed = computed(root, &ledger, month, status, &arguments.finals, arguments.deny_warnings, printer)?;
    let basis = Basis::of(&computed)?;
    if let Some(plan) = &arguments.shards.plan {
        Plan::check_file(&current.join(plan), &plan.display().to_string(), shard, &basis)?;
    }
    let staging = begin(&target, shown, month)?;
    ledger.check_current(root, month)?;
    let record = ShardRecord::write(&mut computed, shard, basis, &arguments.format, &staging, printer)?;
    let files = staging.written();
    staging.commit()?;
    excerpts::print_warnings(root, &computed.warnings, printer);
    if arguments.json {
        printer.result_json(&out::to_json(&record)?);
    } else {
        printer.result_files(files.iter().map(|file| shown.join(&file.path).display().to_string()));
    }
    let invoices = counted(record.customers.len(), "invoice");
    let all = computed.billed.invoices.len();
    printer.status(&format!("shard {shard} of {month} has {invoices} of {all}: {}", shown.display()));
    Ok(())
}

/// Computes a month that is divided. All machines read earlier months in the workspace's own `out/`, and none contacts a
/// provider, because what they get could differ.
///
/// # Errors
/// A month that is issued, and everything that stops a build before it makes documents.
pub(super) fn computed(
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
    status: Status,
    finals: &[String],
    deny_warnings: bool,
    printer: &Printer,
) -> Result<ComputedMonth, Problems> {
    ledger.interrupted(root)?;
    if ledger.month(month).is_some() {
        let diagnostic = Diagnostic::error(format!("{month} is issued: it is no longer divided"));
        return Err(diagnostic.with_hint(format!("`invoicer build {month}` makes its documents as issued")).into());
    }
    let out = root.join("out");
    let request = MonthRequest { root, ledger, out: (&out, "out"), month, status, finals, deny_warnings, printer };
    let computed = ComputedMonth::of(&request, workspace::check_attachments)?;
    // Only `merge` needs the review page, after hours of work on other machines.
    computed.check_review()?;
    Ok(computed)
}

/// Refuses to replace a directory that is not the same shard from an earlier run.
fn check_target(target: &Path, shown: &Path, shard: Shard, month: BillingMonth) -> Result<(), Diagnostic> {
    if !target.is_dir() || files::names(target).is_ok_and(|names| names.is_empty()) {
        return Ok(());
    }
    let Some((number, of)) = held(target) else {
        return Err(out::not_replaced(shown));
    };
    if (number, of) == (shard.number(), month) {
        // A shard replaces itself and nothing else.
        let Some(foreign) =
            foreign_file(target, number).with_context(|| cannot("read the directory", shown.display().to_string()))?
        else {
            return Ok(());
        };
        let diagnostic = Diagnostic::error(format!("the file is none of shard {shard}; the directory is not replaced"));
        let hint = "move it away, or name another directory with --out DIR";
        return Err(diagnostic.at(Place::file(shown.join(foreign).display().to_string())).with_hint(hint));
    }
    let diagnostic = Diagnostic::error(format!("the directory holds shard {number} of {of}; it is not replaced"));
    let hint = format!("give shard {} of {month} a directory of its own, or move this one away", shard.number());
    Err(diagnostic.at(Place::file(shown.display().to_string())).with_hint(hint))
}

/// Begins to write a shard's directory.
fn begin(target: &Path, shown: &Path, month: BillingMonth) -> Result<Staging, Diagnostic> {
    // Where it links to another disk, the temporary directory must be on that disk: renames do not cross disks.
    let linked = match target.is_symlink() {
        true => target.canonicalize().with_context(|| cannot("find the directory", shown.display().to_string()))?,
        false => target.to_path_buf(),
    };
    let Some(name) = linked.file_name() else {
        let diagnostic = Diagnostic::error("a shard needs a directory of its own");
        return Err(diagnostic
            .at(Place::file(shown.display().to_string()))
            .with_hint("name another directory with --out DIR"));
    };
    let scratch = linked.with_file_name(format!(".{}", name.to_string_lossy()));
    let purpose = Purpose {
        shown: shown.to_path_buf(),
        what: "the shard",
        busy: format!("another run builds a shard of {month} in the same directory"),
        other: ", or name another directory with --out DIR",
    };
    Staging::begin(linked, &scratch, purpose)
}
