//! `invoicer verify`: whether what was issued, what it was made from and what it gives are still the same.

use std::path::Path;

use serde::Serialize;

use super::{excerpts, issued};
use crate::cli::{self, Format};
use crate::diagnostic::Diagnostic;
use crate::ledger::{self, Ledger, Stored};
use crate::model::period::BillingMonth;
use crate::out;
use crate::pipeline::issued::{self as pipeline, Reproduction};
use crate::printer::Printer;
use crate::staging::{Written, hash};
use crate::workspace;

/// What is no longer the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum Kind {
    /// A provider's bill.
    #[serde(rename = "inputs-changed")]
    Inputs,
    /// A file of the workspace.
    #[serde(rename = "rules-changed")]
    Rules,
    /// What the inputs and rules give.
    #[serde(rename = "result-changed")]
    Result,
    /// A file in `out/`.
    #[serde(rename = "document-changed")]
    Document,
    /// A record, a copy kept beside it or the list of records.
    #[serde(rename = "lock-changed")]
    Lock,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Inputs => "inputs changed",
            Kind::Rules => "rules changed",
            Kind::Result => "result changed",
            Kind::Document => "document changed",
            Kind::Lock => "lock changed",
        }
    }
}

/// One thing that is no longer the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Finding {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    message: String,
}

/// What was found about a month.
#[derive(Clone, Debug, Serialize)]
struct Verdict {
    month: BillingMonth,
    documents: usize,
    same: bool,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Report {
    months: Vec<Verdict>,
    /// What is wrong with no month in particular.
    findings: Vec<Finding>,
}

pub(super) fn run(start: &Path, arguments: &cli::Verify, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let root = workspace::find_root(start).map_err(|problem| vec![problem])?;
    let (ledger, faults) = Ledger::read(&root);
    let months = match arguments.month {
        Some(month) if ledger.month(month).is_none() && faults.is_empty() => {
            let diagnostic = Diagnostic::error(format!("{month} is not issued"));
            return Err(vec![diagnostic.with_hint("`invoicer list` shows what is")]);
        }
        Some(month) => vec![month],
        None => ledger.months(),
    };
    let report = report(&root, &ledger, &faults, &months, arguments, printer);
    if arguments.json {
        printer.result_bytes(&out::to_json(&report).map_err(|problem| vec![problem])?);
    } else {
        print(&report, printer);
    }
    let changed = report.months.iter().filter(|verdict| !verdict.same).count();
    match (changed, report.findings.is_empty()) {
        (0, true) => Ok(()),
        (changed, _) => {
            let message = match changed {
                0 => "what was issued is not as it was".to_owned(),
                1 => "1 month is not as it was issued".to_owned(),
                changed => format!("{changed} months are not as they were issued"),
            };
            // The findings above name their files.
            let hint = "put back what a backup or git has; `invoicer build MONTH --as-issued` makes the documents in out/ again";
            Err(excerpts::fill(&root, vec![Diagnostic::error(message).with_hint(hint)]))
        }
    }
}

fn report(
    root: &Path,
    ledger: &Ledger,
    faults: &[Diagnostic],
    months: &[BillingMonth],
    arguments: &cli::Verify,
    printer: &Printer,
) -> Report {
    let of_month = |fault: &Diagnostic, month: BillingMonth| path_of(fault).contains(&format!("/{month}"));
    let mut verdicts = Vec::new();
    for month in months {
        let mut findings: Vec<Finding> =
            faults.iter().filter(|fault| of_month(fault, *month)).map(|fault| told(Kind::Lock, fault)).collect();
        findings.extend(of_one(root, ledger, *month, arguments.as_issued, printer));
        findings.sort();
        findings.dedup();
        let documents = ledger.of_month(*month).map(|stored| stored.record.documents.len()).sum();
        verdicts.push(Verdict { month: *month, documents, same: findings.is_empty(), findings });
    }
    let elsewhere = |fault: &&Diagnostic| !months.iter().any(|month| of_month(fault, *month));
    let mut findings: Vec<Finding> = faults.iter().filter(elsewhere).map(|fault| told(Kind::Lock, fault)).collect();
    if !ledger.records.is_empty() && !ledger.has_index(root) {
        let file = format!("{}/{}", ledger::DIRECTORY, ledger::INDEX);
        let message = "the list of what was issued does not agree with the records".to_owned();
        findings.push(Finding { kind: Kind::Lock, file: Some(file), number: None, message });
    }
    Report { months: verdicts, findings }
}

fn path_of(diagnostic: &Diagnostic) -> &str {
    diagnostic.place.as_ref().map_or("", |place| place.path.as_str())
}

fn told(kind: Kind, problem: &Diagnostic) -> Finding {
    let file = problem.place.as_ref().map(|place| place.path.clone());
    Finding { kind, file, number: None, message: problem.message.clone() }
}

fn of_one(root: &Path, ledger: &Ledger, month: BillingMonth, as_issued: bool, printer: &Printer) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stored in ledger.of_month(month) {
        findings.extend(issued::changed_copies(root, stored).iter().map(|problem| told(Kind::Lock, problem)));
        let bills = pipeline::changed_files(root, &stored.record.bills);
        findings.extend(bills.iter().map(|file| changed_file(Kind::Inputs, file)));
        findings.extend(changed_outputs(root, month, stored));
    }
    findings.extend(changed_manifest(root, ledger, month));
    let copies_are_good = !findings.iter().any(|finding| finding.kind == Kind::Lock);
    if copies_are_good {
        for stored in ledger.of_month(month).filter(|stored| !stored.record.rules.is_empty()) {
            findings.extend(changed_results(root, ledger, stored, printer));
        }
    }
    if !as_issued && ledger.month(month).is_some() {
        let drift = issued::drift(root, ledger, month);
        findings.extend(drift.files.iter().map(|file| changed_file(Kind::Rules, file)));
        match drift.deviations {
            Ok(deviations) => findings.extend(deviations.into_iter().map(|deviation| Finding {
                kind: Kind::Result,
                file: None,
                message: match &deviation.number {
                    Some(_) => deviation.difference,
                    None => format!("\"{}\": {}", deviation.customer, deviation.difference),
                },
                number: deviation.number,
            })),
            Err(problems) => findings.extend(problems.iter().take(1).map(|problem| Finding {
                message: format!("cannot be computed with the present rules: {}", problem.message),
                ..told(Kind::Result, problem)
            })),
        }
    }
    findings
}

fn changed_file(kind: Kind, file: &pipeline::ChangedFile) -> Finding {
    let message = if file.is_missing { "the file is gone" } else { "the file changed" }.to_owned();
    Finding { kind, file: Some(file.path.clone()), number: None, message }
}

/// The documents that come out otherwise from the bills and the kept copies.
fn changed_results(root: &Path, ledger: &Ledger, stored: &Stored, printer: &Printer) -> Vec<Finding> {
    let other_version = match stored.record.tool == out::tool() {
        true => String::new(),
        false => format!(" (issued by {}, this is {})", stored.record.tool, out::tool()),
    };
    let problem = |problem: &Diagnostic| {
        let figures = problem.notes.first().map(|figures| format!(": {figures}")).unwrap_or_default();
        Finding { message: format!("{}{figures}{other_version}", problem.message), ..told(Kind::Result, problem) }
    };
    match Reproduction::of(root, ledger, stored) {
        Err(problems) => problems.iter().map(problem).collect(),
        Ok(reproduction) => {
            let progress = printer.progress(reproduction.documents.len(), "Verifying");
            let result = reproduction.write(&Format::ALL, &|_| true, &|_, _| Ok(()), &progress);
            progress.finish();
            result.err().iter().flatten().map(problem).collect()
        }
    }
}

/// Files in `out/` that are not what was issued. Those that are not there are no finding: `out/` is safe to delete.
fn changed_outputs(root: &Path, month: BillingMonth, stored: &Stored) -> Vec<Finding> {
    let directory = root.join("out").join(month.to_string());
    let of_documents = stored
        .record
        .documents
        .iter()
        .flat_map(|document| document.outputs.iter().map(|output| (Some(document.number.clone()), output)));
    let all = of_documents.chain(stored.record.review.iter().map(|file| (None, file)));
    let changed = |(number, file): (Option<String>, &Written)| {
        let bytes = std::fs::read(directory.join(&file.path)).ok()?;
        (hash(&bytes) != file.sha256).then(|| Finding {
            kind: Kind::Document,
            file: Some(format!("out/{month}/{}", file.path)),
            number,
            message: "the file is not the one issued".to_owned(),
        })
    };
    all.filter_map(changed).collect()
}

/// Whether `manifest.json` is the one that the records give for the files it lists.
fn changed_manifest(root: &Path, ledger: &Ledger, month: BillingMonth) -> Option<Finding> {
    #[derive(serde::Deserialize)]
    struct Listed {
        outputs: Vec<Written>,
    }
    let path = format!("out/{month}/manifest.json");
    let bytes = std::fs::read(root.join(&path)).ok()?;
    let listed: Option<Listed> = serde_json::from_slice(&bytes).ok();
    let of_record = |stored: &Stored, path: &str| {
        let outputs = stored.record.documents.iter().flat_map(|document| &document.outputs);
        outputs.chain(&stored.record.review).find(|output| output.path == path).cloned()
    };
    let recorded = |file: &Written| ledger.of_month(month).find_map(|stored| of_record(stored, &file.path));
    let outputs = listed.and_then(|listed| listed.outputs.iter().map(recorded).collect::<Option<Vec<Written>>>());
    let expected = outputs.and_then(|outputs| out::to_json(&pipeline::manifest(ledger, month, outputs)).ok());
    if expected.as_ref() == Some(&bytes) {
        return None;
    }
    let message = "the manifest is not that of what was issued".to_owned();
    Some(Finding { kind: Kind::Document, file: Some(path), number: None, message })
}

fn print(report: &Report, printer: &Printer) {
    for verdict in &report.months {
        let mut kinds: Vec<&str> = verdict.findings.iter().map(|finding| finding.kind.words()).collect();
        kinds.dedup();
        let what = if verdict.same { "same".to_owned() } else { kinds.join(", ") };
        printer.result(&format!("{}: {what} ({} documents)", verdict.month, verdict.documents));
        verdict.findings.iter().for_each(|finding| printer.result(&line(finding)));
    }
    for finding in &report.findings {
        printer.result(&format!("{}:", finding.kind.words()));
        printer.result(&line(finding));
    }
    if report.months.is_empty() && report.findings.is_empty() {
        printer.status("nothing is issued");
    }
}

fn line(finding: &Finding) -> String {
    let parts = [finding.number.as_deref(), finding.file.as_deref(), Some(&finding.message)];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    format!("  {}", parts.join(": "))
}
