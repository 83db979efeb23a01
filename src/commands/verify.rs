//! `invoicer verify`: checks that issued documents, the files they were made from and the results are unchanged.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use serde::Serialize;

use crate::cli::{self, Format};
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::files;
use crate::ledger::{self, Ledger, Stored};
use crate::model::period::BillingMonth;
use crate::month::evidence::{ChangedFile, changed_copies, changed_files};
use crate::month::rebuilt;
use crate::month::recorded;
use crate::month::reproduced::Reproduction;
use crate::month::rule_changes::RuleChanges;
use crate::out::{self, Manifest};
use crate::printer::Printer;
use crate::staging::{Written, digest, hash};

/// Kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum DiscrepancyKind {
    /// A provider's bill.
    #[serde(rename = "inputs-changed")]
    Inputs,
    /// A file of the workspace; a finding only where it changes figures.
    #[serde(rename = "rules-changed")]
    Rules,
    /// The result of the inputs and rules.
    #[serde(rename = "result-changed")]
    Result,
    /// A file in `out/`.
    #[serde(rename = "document-changed")]
    Document,
    /// A record, a copy kept beside it or the list of records.
    #[serde(rename = "lock-changed")]
    Lock,
}

impl DiscrepancyKind {
    fn words(self) -> &'static str {
        match self {
            DiscrepancyKind::Inputs => "inputs changed",
            DiscrepancyKind::Rules => "rules changed",
            DiscrepancyKind::Result => "result changed",
            DiscrepancyKind::Document => "document changed",
            DiscrepancyKind::Lock => "lock changed",
        }
    }
}

/// A change since a month was issued.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Discrepancy {
    kind: DiscrepancyKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    message: String,
}

/// The findings about a month.
#[derive(Clone, Debug, Serialize)]
struct MonthReport {
    month: BillingMonth,
    documents: usize,
    /// Whether there are no findings.
    same: bool,
    /// A note about a month without findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    /// The files of the workspace that the note is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed_rules: Vec<Discrepancy>,
    findings: Vec<Discrepancy>,
}

/// Note about changed rules. Users change rules for later months; as long as an issued month's figures stay the same
/// this is no finding, and its documents are made from the kept copies.
const FIGURES_EQUAL: &str = "rules changed since; figures equal";

#[derive(Serialize)]
struct Report {
    months: Vec<MonthReport>,
    /// Findings that concern no single month.
    findings: Vec<Discrepancy>,
}

pub(super) fn run(root: &Path, arguments: &cli::Verify, printer: &Printer) -> Result<(), Problems> {
    let (ledger, faults) = Ledger::read(root);
    let months = match arguments.month {
        Some(month) if ledger.month(month).is_none() && faults.is_empty() => {
            let diagnostic = Diagnostic::error(format!("{month} is not issued"));
            return Err(diagnostic.with_hint("`invoicer list` shows what is").into());
        }
        Some(month) => vec![month],
        None => ledger.months(),
    };
    let report = report(root, &ledger, &faults, &months, arguments, printer);
    if arguments.json {
        printer.result_json(&out::to_json(&report)?);
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
            // No place: the findings above name their files.
            let hint = "put back what a backup or git has; `invoicer build MONTH --as-issued` makes the documents in out/ again";
            Err(Diagnostic::error(message).with_hint(hint).into())
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
        let mut findings: Vec<Discrepancy> = faults
            .iter()
            .filter(|fault| of_month(fault, *month))
            .map(|fault| told(DiscrepancyKind::Lock, fault))
            .collect();
        findings.extend(of_one(root, ledger, *month, arguments.as_issued, printer));
        findings.sort();
        findings.dedup();
        let changed_rules = match findings.iter().any(|finding| finding.kind != DiscrepancyKind::Rules) {
            true => Vec::new(),
            false => std::mem::take(&mut findings),
        };
        let documents = ledger.of_month(*month).map(|stored| stored.record.documents.len()).sum();
        let note = (!changed_rules.is_empty()).then_some(FIGURES_EQUAL);
        verdicts.push(MonthReport {
            month: *month,
            documents,
            same: findings.is_empty(),
            note,
            changed_rules,
            findings,
        });
    }
    let elsewhere = |fault: &&Diagnostic| !months.iter().any(|month| of_month(fault, *month));
    let mut findings: Vec<Discrepancy> =
        faults.iter().filter(elsewhere).map(|fault| told(DiscrepancyKind::Lock, fault)).collect();
    match ledger.interrupted(root) {
        Ok(None) => {}
        Ok(Some(last)) => {
            let file = format!("{}/{}", ledger::DIRECTORY, ledger::INDEX);
            let month = last.record.month;
            let message = format!(
                "the list of what was issued lacks the last record, {}: `invoicer issue {month}` finishes it",
                last.path()
            );
            findings.push(Discrepancy { kind: DiscrepancyKind::Lock, file: Some(file), number: None, message });
        }
        // Where records cannot be read, the list differs for that reason alone.
        Err(_) if !faults.is_empty() => {}
        Err(problem) => findings.push(told(DiscrepancyKind::Lock, &problem)),
    }
    Report { months: verdicts, findings }
}

fn path_of(diagnostic: &Diagnostic) -> &str {
    diagnostic.place.as_ref().map_or("", |place| place.path.as_str())
}

fn told(kind: DiscrepancyKind, problem: &Diagnostic) -> Discrepancy {
    let file = problem.place.as_ref().map(|place| place.path.clone());
    Discrepancy { kind, file, number: None, message: problem.message.clone() }
}

fn of_one(root: &Path, ledger: &Ledger, month: BillingMonth, as_issued: bool, printer: &Printer) -> Vec<Discrepancy> {
    let mut findings = Vec::new();
    for stored in ledger.of_month(month) {
        findings.extend(changed_copies(root, stored).iter().map(|problem| told(DiscrepancyKind::Lock, problem)));
        let bills = changed_files(root, &stored.record.bills);
        findings.extend(bills.iter().map(|file| changed_file(DiscrepancyKind::Inputs, file)));
    }
    let mut outputs = recorded_outputs(ledger, month);
    let copies_are_good = !findings.iter().any(|finding| finding.kind == DiscrepancyKind::Lock);
    if copies_are_good {
        for stored in ledger.of_month(month).filter(|stored| !stored.record.rules.is_empty()) {
            findings.extend(changed_results(root, ledger, stored, &mut outputs, printer));
        }
    }
    findings.extend(changed_outputs(root, month, &outputs));
    findings.extend(changed_manifest(root, ledger, month, &outputs));
    if let Some(note) = costs_outside(root, ledger, month) {
        printer.diagnostics(&[note]);
    }
    if !as_issued && ledger.month(month).is_some() {
        let changes = RuleChanges::since_issue(root, ledger, month);
        findings.extend(changes.files.iter().map(|file| changed_file(DiscrepancyKind::Rules, file)));
        match changes.deviations {
            Ok(deviations) => findings.extend(deviations.into_iter().map(|deviation| Discrepancy {
                kind: DiscrepancyKind::Result,
                file: None,
                message: match &deviation.number {
                    Some(_) => deviation.difference,
                    None => format!("\"{}\": {}", deviation.customer, deviation.difference),
                },
                number: deviation.number,
            })),
            Err(problems) => findings.extend(problems.iter().take(1).map(|problem| Discrepancy {
                message: format!("cannot be computed with the present rules: {}", problem.message),
                ..told(DiscrepancyKind::Result, problem)
            })),
        }
    }
    findings
}

fn changed_file(kind: DiscrepancyKind, file: &ChangedFile) -> Discrepancy {
    let message = if file.is_missing { "the file is gone" } else { "the file changed" }.to_owned();
    Discrepancy { kind, file: Some(file.path.clone()), number: None, message }
}

/// Why the mutex is never poisoned.
const UNPOISONED: &str = "no thread panics while it pushes to a list";

/// A file that may be in a month's directory of `out/`.
#[derive(Default)]
struct Output {
    /// Number of its document; none for review files.
    number: Option<String>,
    /// The recorded hash and, for a file recorded with costs inside, that of the file without them.
    sha256: Vec<String>,
}

/// The files of a month's directory by path.
type Outputs = BTreeMap<String, Output>;

fn recorded_outputs(ledger: &Ledger, month: BillingMonth) -> Outputs {
    let mut outputs = Outputs::new();
    for record in ledger.of_month(month).map(|stored| &stored.record) {
        let of_documents = record
            .documents
            .iter()
            .flat_map(|document| document.outputs.iter().map(|output| (Some(document.number.clone()), output)));
        for (number, file) in of_documents.chain(record.review.iter().map(|file| (None, file))) {
            outputs.insert(file.path.clone(), Output { number, sha256: vec![file.sha256.clone()] });
        }
    }
    outputs
}

/// Note that customers' files in `out/` still have costs inside, as they were sent.
fn costs_outside(root: &Path, ledger: &Ledger, month: BillingMonth) -> Option<Diagnostic> {
    let directory = root.join("out").join(month.to_string());
    let documents = ledger.of_month(month).filter(|stored| stored.has_costs_inside());
    let mut sent = documents.flat_map(|stored| &stored.record.documents).flat_map(|document| &document.outputs);
    let has_costs = |output: &&Written| {
        !output.path.ends_with(".html")
            && digest(&directory.join(&output.path)).is_ok_and(|(_, sha256)| sha256 == output.sha256)
    };
    let path = &sent.find(has_costs)?.path;
    let message = format!("customers' files of {month} hold the issuer's costs: an earlier version made them");
    let diagnostic = Diagnostic::note(message).at(Place::file(format!("out/{month}/{path}")));
    Some(
        diagnostic.with_hint(format!("`invoicer build {month}` makes them again without costs, with the same figures")),
    )
}

/// Documents that differ when made again from the bills and the kept copies. Documents with costs inside are made
/// without them, and their files are added to `outputs`.
fn changed_results(
    root: &Path,
    ledger: &Ledger,
    stored: &Stored,
    outputs: &mut Outputs,
    printer: &Printer,
) -> Vec<Discrepancy> {
    let other_version = match stored.record.tool == out::tool() {
        true => String::new(),
        false => format!(" (issued by {}, this is {})", stored.record.tool, out::tool()),
    };
    let problem = |problem: &Diagnostic| {
        let figures = problem.notes.first().map(|figures| format!(": {figures}")).unwrap_or_default();
        Discrepancy {
            message: format!("{}{figures}{other_version}", problem.message),
            ..told(DiscrepancyKind::Result, problem)
        }
    };
    match Reproduction::of(root, ledger, stored) {
        Err(problems) => problems.iter().map(problem).collect(),
        Ok(reproduction) => {
            let made = Mutex::new(Vec::new());
            let documents = reproduction.documents.iter().map(|(_, document)| document);
            let with_costs: BTreeMap<&str, &str> = documents
                .filter(|document| reproduction.costs_inside.contains(&document.number))
                .map(|document| (document.file.as_str(), document.number.as_str()))
                .collect();
            let sink = |path: &str, bytes: &[u8]| {
                if let Some(number) = with_costs.get(ledger::file_of(path)) {
                    let mut made = made.lock().expect(UNPOISONED);
                    made.push((path.to_owned(), (*number).to_owned(), hash(bytes)));
                }
                Ok(())
            };
            let result = reproduction.write(&Format::ALL, &|_| true, &sink, printer, "Verifying");
            for (path, number, sha256) in made.into_inner().expect(UNPOISONED) {
                let output = outputs.entry(path).or_default();
                output.number = Some(number);
                output.sha256.push(sha256);
            }
            let problems = result.err().unwrap_or_default();
            let misrecorded = recorded::misrecorded(ledger, stored, &reproduction).into_iter();
            // A document that differs is reported with its figures; otherwise the record was changed.
            let is_told = |file: &str| {
                let mut files = problems.iter().map(|problem| ledger::file_of(path_of(problem)));
                files.any(|path| path.strip_suffix(file).is_some_and(|before| before.ends_with('/')))
            };
            let misrecorded = misrecorded.filter(|found| found.file.is_empty() || !is_told(&found.file));
            let mut findings: Vec<Discrepancy> = misrecorded
                .map(|found| Discrepancy { kind: DiscrepancyKind::Lock, ..problem(&found.problem) })
                .collect();
            findings.extend(problems.iter().map(problem));
            findings
        }
    }
}

/// Files in `out/` that differ from the issued ones. Missing files are no finding: `out/` is safe to delete.
fn changed_outputs(root: &Path, month: BillingMonth, outputs: &Outputs) -> Vec<Discrepancy> {
    let directory = root.join("out").join(month.to_string());
    let changed = |(path, output): (&String, &Output)| {
        let bytes = files::read(&directory.join(path), files::DATA).ok()?;
        (!output.sha256.contains(&hash(&bytes))).then(|| Discrepancy {
            kind: DiscrepancyKind::Document,
            file: Some(format!("out/{month}/{path}")),
            number: output.number.clone(),
            message: "the file is not the one issued".to_owned(),
        })
    };
    outputs.iter().filter_map(changed).collect()
}

/// Finding for a `manifest.json` that differs from the one the records give for its files.
fn changed_manifest(root: &Path, ledger: &Ledger, month: BillingMonth, outputs: &Outputs) -> Option<Discrepancy> {
    let path = format!("out/{month}/manifest.json");
    let bytes = files::read(&root.join(&path), files::DATA).ok()?;
    let listed: Option<Manifest> = serde_json::from_slice(&bytes).ok();
    let is_known = |file: &Written| outputs.get(&file.path).is_some_and(|output| output.sha256.contains(&file.sha256));
    let listed = listed.map(|listed| listed.outputs).filter(|listed| listed.iter().all(is_known));
    let expected = listed.and_then(|listed| out::to_json(&rebuilt::manifest(ledger, month, listed)).ok());
    if expected.as_ref() == Some(&bytes) {
        return None;
    }
    let message = "the manifest is not that of what was issued".to_owned();
    Some(Discrepancy { kind: DiscrepancyKind::Document, file: Some(path), number: None, message })
}

fn print(report: &Report, printer: &Printer) {
    for verdict in &report.months {
        let mut kinds: Vec<&str> = verdict.findings.iter().map(|finding| finding.kind.words()).collect();
        kinds.dedup();
        let what = match (verdict.same, verdict.note) {
            (true, Some(note)) => format!("same ({note})"),
            (true, None) => "same".to_owned(),
            (false, _) => kinds.join(", "),
        };
        printer.result(&format!("{}: {what} ({} documents)", verdict.month, verdict.documents));
        verdict.changed_rules.iter().chain(&verdict.findings).for_each(|finding| printer.result(&line(finding)));
    }
    for finding in &report.findings {
        printer.result(&format!("{}:", finding.kind.words()));
        printer.result(&line(finding));
    }
    if report.months.is_empty() && report.findings.is_empty() {
        printer.status("nothing is issued");
    }
}

fn line(finding: &Discrepancy) -> String {
    let parts = [finding.number.as_deref(), finding.file.as_deref(), Some(&finding.message)];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    format!("  {}", parts.join(": "))
}
