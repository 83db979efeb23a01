//! `invoicer issue`: gives a reviewed month its numbers and locks it.

use std::path::Path;

use super::excerpts;
use crate::cli;
use crate::diagnostic::Problems;
use crate::environment::Environment;
use crate::ledger::{self, Ledger, Stored};
use crate::month::issued::{NewlyIssued, issue};
use crate::month::rebuilt::{OutputTarget, finish_interrupted, rebuild};
use crate::month::rule_changes::RuleChanges;
use crate::printer::Printer;

pub(super) fn run(
    root: &Path,
    arguments: &cli::Issue,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let month = arguments.month;
    let out = root.join("out");
    let target = OutputTarget::of_workspace(&out);
    let _lock = ledger::lock(root)?;
    let mut ledger = Ledger::open(root)?;
    finish_interrupted(root, &ledger, &target, printer)?;
    let files = if ledger.month(month).is_some() {
        printer.status(&format!("{month} is already issued; its documents are rebuilt"));
        printer.diagnostics(&RuleChanges::since_issue(root, &ledger, month).refuse(month)?);
        rebuild(root, &ledger, month, &target, printer)?
    } else {
        let (today, deny_warnings) = (super::today(environment), arguments.deny_warnings);
        let finals = &arguments.finals;
        let NewlyIssued { files, warnings } = issue(root, &mut ledger, month, today, finals, deny_warnings, printer)?;
        excerpts::print_warnings(root, &warnings, printer);
        files
    };
    let Some(stored) = ledger.month(month) else {
        return Ok(());
    };
    print_status(stored, printer);
    let head = ledger.head().unwrap_or_default();
    print_head(head, printer);
    if arguments.json {
        printer.result_json(&stored.to_json(head)?);
    } else {
        printer.result(&stored.path());
        printer.result_files(files.iter().map(|file| format!("out/{month}/{file}")));
    }
    Ok(())
}

/// Prints the head of the chain, for whoever keeps it as an anchor of `verify --against`.
pub(super) fn print_head(head: &str, printer: &Printer) {
    printer.status(&format!("head of the chain: {head}"));
}

fn print_status(stored: &Stored, printer: &Printer) {
    let documents = &stored.record.documents;
    let numbers = match documents.as_slice() {
        [] => "no invoices".to_owned(),
        [only] => only.number.clone(),
        [first, .., last] => format!("{} invoices, {} to {}", documents.len(), first.number, last.number),
    };
    printer.status(&format!("{} is issued: {numbers}", stored.record.month));
}
