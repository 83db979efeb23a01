//! `invoicer verify`: checks that issued documents, the files they were made from and the results are unchanged.

use std::path::Path;

use crate::cli;
use crate::diagnostic::{Diagnostic, Problems};
use crate::ledger::Ledger;
use crate::mail::deliveries::Deliveries;
use crate::mail::kept::{self, Wrong};
use crate::model::period::BillingMonth;
use crate::month::verified::{Discrepancy, DiscrepancyKind, Verification};
use crate::out;
use crate::printer::Printer;

pub(super) fn run(root: &Path, arguments: &cli::Verify, printer: &Printer) -> Result<(), Problems> {
    let (ledger, faults) = Ledger::read(root);
    let months = match arguments.month {
        Some(month) if ledger.month(month).is_none() && faults.is_empty() => {
            let diagnostic = Diagnostic::error(format!("{month} is not issued"));
            return Err(diagnostic.with_hint("`invoicer list` shows the issued documents").into());
        }
        Some(month) => vec![month],
        None => ledger.months(),
    };
    let messages = |month| changed_messages(root, month);
    let issued = (&ledger, faults.as_slice(), &messages as &dyn Fn(BillingMonth) -> Vec<Discrepancy>);
    let verification = Verification::of(root, issued, &months, arguments.as_issued, &arguments.against, printer);
    if arguments.json {
        printer.result_json(&out::to_json(&verification)?);
    } else {
        print(&verification, printer);
    }
    match (verification.changed_months(), verification.findings.is_empty()) {
        (0, true) => Ok(()),
        (changed, _) => {
            let message = match changed {
                0 => "issued documents have changed".to_owned(),
                1 => "1 month differs from what was issued".to_owned(),
                changed => format!("{changed} months differ from what was issued"),
            };
            // No place: the findings above name their files.
            let hint = "restore the files from git or a backup; `invoicer build MONTH --as-issued` rebuilds the documents in out/";
            Err(Diagnostic::error(message).with_hint(hint).into())
        }
    }
}

/// What is wrong with the messages that were sent.
fn changed_messages(root: &Path, month: BillingMonth) -> Vec<Discrepancy> {
    let (journal, kept, missing) = (DiscrepancyKind::Journal, DiscrepancyKind::Kept, DiscrepancyKind::KeptMissing);
    let of = |kind, problems: &[Diagnostic]| -> Vec<Discrepancy> {
        problems.iter().map(|problem| Discrepancy::of_problem(kind, problem)).collect()
    };
    match Deliveries::read(root, month) {
        Err(problem) => of(journal, &[problem]),
        Ok(deliveries) => {
            let Wrong { unknown, changed, gone } = kept::compare(root, month, &deliveries);
            [of(journal, &unknown), of(kept, &changed), of(missing, &gone)].concat()
        }
    }
}

fn print(verification: &Verification, printer: &Printer) {
    for month in &verification.months {
        let mut kinds: Vec<&str> = month.findings.iter().map(|finding| finding.kind.words()).collect();
        kinds.dedup();
        let kinds: Vec<String> = printer.heading(kinds);
        let what = match (month.same, month.note) {
            (true, Some(note)) => printer.text(&format!("same ({note})")).into_owned(),
            (true, None) => printer.text("same").into_owned(),
            (false, _) => kinds.join(", "),
        };
        let summary = match month.documents {
            1 => format!("{}: {what} (1 document)", month.month),
            documents => format!("{}: {what} ({documents} documents)", month.month),
        };
        printer.result(&printer.text(&summary));
        month.changed_rules.iter().chain(&month.findings).for_each(|finding| printer.result(&line(finding, printer)));
    }
    for finding in &verification.findings {
        printer.result(&format!("{}:", printer.text(finding.kind.words())));
        printer.result(&line(finding, printer));
    }
    if verification.months.is_empty() && verification.findings.is_empty() {
        printer.status("no month is issued; whether one ever was, only a hash that --against names can tell");
    }
}

fn line(finding: &Discrepancy, printer: &Printer) -> String {
    let message = finding.message.sentence(&|part| printer.text(part).into_owned());
    let parts = [finding.number.as_deref(), finding.file.as_deref(), Some(&message)];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    format!("  {}", parts.join(": "))
}
