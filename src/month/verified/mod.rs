//! Whether what was issued, what it was made from and what it gives are still the same: [`Verification`], month by month and
//! [`Discrepancy`] by discrepancy.

mod discrepancy;
mod journals;
mod kept;
mod outputs;
mod outside;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use serde::Serialize;

use super::evidence::{changed_copies, changed_files, check_list};
use super::remade::{Remade, Remaking};
use super::reproduced::Reproduction;
use super::rule_changes::{Deviation, RuleChanges};
use super::{rebuilt, recorded};
use crate::diagnostic::{Diagnostic, Place};
use crate::ledger::{self, Ledger, Stored};
use crate::model::format::Format;
use crate::model::period::BillingMonth;
use crate::out;
use crate::printer::Printer;
use crate::staging::hash;
pub use discrepancy::{Difference, Discrepancy, DiscrepancyKind};
pub use journals::JournalHead;
use outputs::Outputs;

/// The findings about a month.
#[derive(Clone, Debug, Serialize)]
pub struct MonthVerification {
    /// The month.
    pub month: BillingMonth,
    /// How many documents were issued.
    pub documents: usize,
    /// Whether there are no findings.
    pub same: bool,
    /// A note about a month without findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
    /// The files of the workspace that the note is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed_rules: Vec<Discrepancy>,
    /// What is no longer the same.
    pub findings: Vec<Discrepancy>,
}

/// What was found about all months.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// SHA-256 of the last record, which stands for all of them.
    pub head: Option<String>,
    /// The last line of each journal, which stands for all of its lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub journals: Vec<JournalHead>,
    /// Month by month.
    pub months: Vec<MonthVerification>,
    /// Findings that concern no single month.
    pub findings: Vec<Discrepancy>,
}

/// Note about changed rules. Users change rules for later months; as long as an issued month's figures stay the same
/// this is no finding, and its documents are made from the kept copies.
const FIGURES_EQUAL: &str = "rules changed since; figures equal";

/// Note about documents that another version of the program issued, and that this one would make differently: the kept ones
/// have the recorded hashes.
const AS_KEPT: &str = "documents as kept";

/// Both notes.
const EQUAL_AND_AS_KEPT: &str = "rules changed since; figures equal; documents as kept";

/// What a problem of the current rules prevents; the problem's message follows.
const UNCOMPUTED: &str = "cannot be computed with the current rules:";

impl Verification {
    /// Compares issued months with what is there now; `faults` are what reading the ledger found, `messages`
    /// what is wrong with the messages that were sent. With `as_issued` the
    /// current rules are left out. `anchors` are hashes that were known before: of records, or of lines of journals.
    pub fn of(
        root: &Path,
        (ledger, faults, messages): (&Ledger, &[Diagnostic], &dyn Fn(BillingMonth) -> Vec<Discrepancy>),
        months: &[BillingMonth],
        as_issued: bool,
        anchors: &[String],
        printer: &Printer,
    ) -> Verification {
        let of_month = |fault: &Diagnostic, month: BillingMonth| path_of(fault).contains(&format!("/{month}"));
        let verify = |month: &BillingMonth| {
            let faults = faults.iter().filter(|fault| of_month(fault, *month)).map(lock_changed);
            let (found, is_as_kept) = of_month_alone(root, ledger, *month, as_issued, printer);
            MonthVerification::new(ledger, *month, faults.chain(found).chain(messages(*month)).collect(), is_as_kept)
        };
        let verified = months.iter().map(verify).collect();
        let elsewhere = |fault: &&Diagnostic| !months.iter().any(|month| of_month(fault, *month));
        let mut findings: Vec<Discrepancy> = faults.iter().filter(elsewhere).map(lock_changed).collect();
        findings.extend(kept::without_record(root, ledger));
        findings.extend(journals::without_month(root, ledger));
        findings.extend(outside::without_record(root, ledger));
        findings.extend(anchors.iter().filter_map(|anchor| rewritten(root, ledger, anchor)));
        match check_list(root, ledger) {
            Ok(()) => {}
            // Where records cannot be read, the list differs for that reason alone.
            Err(_) if !faults.is_empty() => {}
            Err(problem) => findings.push(lock_changed(&problem)),
        }
        Verification {
            head: ledger.head().map(str::to_owned),
            journals: journals::heads(root, ledger),
            months: verified,
            findings,
        }
    }

    /// How many months differ from what was issued.
    pub fn changed_months(&self) -> usize {
        self.months.iter().filter(|month| !month.same).count()
    }
}

impl MonthVerification {
    fn new(
        ledger: &Ledger,
        month: BillingMonth,
        mut findings: Vec<Discrepancy>,
        is_as_kept: bool,
    ) -> MonthVerification {
        findings.sort();
        findings.dedup();
        let changed_rules = match findings.iter().any(|finding| finding.kind != DiscrepancyKind::Rules) {
            true => Vec::new(),
            false => std::mem::take(&mut findings),
        };
        MonthVerification {
            month,
            documents: ledger.of_month(month).map(|stored| stored.record.documents.len()).sum(),
            same: findings.is_empty(),
            note: match (findings.is_empty(), changed_rules.is_empty(), is_as_kept) {
                (false, ..) | (true, true, false) => None,
                (true, true, true) => Some(AS_KEPT),
                (true, false, true) => Some(EQUAL_AND_AS_KEPT),
                (true, false, false) => Some(FIGURES_EQUAL),
            },
            changed_rules,
            findings,
        }
    }
}

fn path_of(diagnostic: &Diagnostic) -> &str {
    diagnostic.place.as_ref().map_or("", |place| place.path.as_str())
}

fn lock_changed(fault: &Diagnostic) -> Discrepancy {
    Discrepancy::of_problem(DiscrepancyKind::Lock, fault)
}

/// Finding for a hash that was known before and that nothing has now. The chain may have grown since, so that any of its
/// records will do.
fn rewritten(root: &Path, ledger: &Ledger, anchor: &str) -> Option<Discrepancy> {
    let is_there =
        ledger.records().iter().any(|stored| stored.sha256 == anchor) || journals::has_line(root, ledger, anchor);
    (!is_there).then(|| Discrepancy {
        kind: DiscrepancyKind::Lock,
        file: Some(ledger::DIRECTORY.to_owned()),
        number: None,
        message: Difference::of(format!(
            "nothing has the hash {anchor}, which something had before: the chain was written again, or its end was removed"
        )),
    })
}

/// The findings about a month, and whether kept documents are in place of those that this version makes.
fn of_month_alone(
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
    as_issued: bool,
    printer: &Printer,
) -> (Vec<Discrepancy>, bool) {
    let (mut findings, mut is_as_kept) = (kept::changed(root, ledger, month), false);
    for stored in ledger.of_month(month) {
        findings.extend(changed_copies(root, stored).iter().map(lock_changed));
        let bills = changed_files(root, &stored.record.bills);
        findings.extend(bills.iter().map(|file| Discrepancy::of_file(DiscrepancyKind::Inputs, file)));
    }
    findings.extend(journals::changed(root, month));
    let mut outputs = outputs::recorded(ledger, month);
    let copies_are_good = !findings.iter().any(|finding| finding.kind == DiscrepancyKind::Lock);
    if copies_are_good {
        for stored in ledger.of_month(month).filter(|stored| !stored.record.rules.is_empty()) {
            let (found, is_other) = changed_results(root, ledger, stored, &mut outputs, printer);
            findings.extend(found);
            is_as_kept |= is_other;
        }
    } else {
        outputs::excuse(ledger, month, &mut outputs);
    }
    findings.extend(outputs::changed(root, month, &outputs));
    findings.extend(outputs::changed_manifest(root, ledger, month, &outputs));
    if let Some(note) = outputs::costs_outside(root, ledger, month) {
        printer.diagnostics(&[note]);
    }
    if !as_issued && ledger.month(month).is_some() {
        findings.extend(changed_rules(RuleChanges::since_issue(root, ledger, month)));
    }
    (findings, is_as_kept)
}

/// The rules that changed, and what they would give otherwise.
fn changed_rules(changes: RuleChanges) -> Vec<Discrepancy> {
    let files = changes.files.iter().map(|file| Discrepancy::of_file(DiscrepancyKind::Rules, file));
    let mut findings: Vec<Discrepancy> = files.collect();
    match &changes.adjustments {
        // A changed file is a finding even where the figures are equal: adjustments are evidence, as bills are.
        Ok(files) => findings.extend(files.iter().map(|file| Discrepancy::of_file(DiscrepancyKind::Inputs, file))),
        Err(problem) => findings.push(Discrepancy::of_problem(DiscrepancyKind::Inputs, problem)),
    }
    match changes.deviations {
        Ok(deviations) => {
            findings.extend(deviations.into_iter().map(|Deviation { customer, number, difference }| Discrepancy {
                kind: DiscrepancyKind::Result,
                file: None,
                message: Difference { customer: number.is_none().then_some(customer), ..Difference::of(difference) },
                number,
            }));
        }
        Err(problems) => findings.extend(problems.iter().take(1).map(|problem| Discrepancy {
            message: Difference { prevented: Some(UNCOMPUTED), ..Difference::of(problem.message.clone()) },
            ..Discrepancy::of_problem(DiscrepancyKind::Result, problem)
        })),
    }
    findings
}

/// Why the mutex is never poisoned.
const UNPOISONED: &str = "no thread panics while it pushes to a list";

/// Documents that differ when made again from the bills and the kept copies. Documents with costs inside are made
/// without them, and their files are added to `outputs`. Also returns whether kept documents are in place of those that this
/// version makes.
fn changed_results(
    root: &Path,
    ledger: &Ledger,
    stored: &Stored,
    outputs: &mut Outputs,
    printer: &Printer,
) -> (Vec<Discrepancy>, bool) {
    let versions = match stored.record.tool == out::tool() {
        true => None,
        false => Some(format!("(issued by {}, this is {})", stored.record.tool, out::tool())),
    };
    let problem = |problem: &Diagnostic| Discrepancy {
        message: Difference {
            notes: problem.notes.clone(),
            versions: versions.clone(),
            ..Difference::of(problem.message.clone())
        },
        ..Discrepancy::of_problem(DiscrepancyKind::Result, problem)
    };
    printer.doing(&format!("reading the bills of {}", stored.record.month));
    match Reproduction::of(root, ledger, stored) {
        Err(problems) => {
            outputs::excuse(ledger, stored.record.month, outputs);
            (problems.iter().map(problem).collect(), false)
        }
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
            let doing = "verifying documents";
            let remaking = Remaking { root, ledger, formats: &Format::ALL, wanted: &|_| true, sink: &sink, doing };
            let (remade, problems) = match reproduction.write(&remaking, printer) {
                Ok(mut remade) => {
                    let problems = std::mem::take(&mut remade.problems);
                    (remade, problems)
                }
                Err(problems) => (Remade::default(), problems.into()),
            };
            for file in &remade.internal {
                outputs.entry(file.path.clone()).or_default().sha256.push(file.sha256.clone());
            }
            for (path, number, sha256) in made.into_inner().expect(UNPOISONED) {
                let output = outputs.entry(path).or_default();
                output.number = Some(number);
                output.sha256.push(sha256);
            }
            // After a correction the review page in `out/` shows another state than the one that was kept.
            for file in &stored.record.review {
                if let Ok((bytes, _)) = rebuilt::review_file(root, ledger, stored, &reproduction, &file.path) {
                    outputs.entry(file.path.clone()).or_default().sha256.push(hash(&bytes));
                }
            }
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
            // What is wrong with kept documents is reported with all of them.
            let is_kept = |problem: &&Diagnostic| path_of(problem).starts_with(&format!("{}/", ledger::DIRECTORY));
            findings.extend(problems.iter().filter(|found| !is_kept(found)).map(problem));
            findings.extend(remade.left_out.iter().filter(|file| !file.is_chosen).map(|file| {
                let note = format!("all figures are the same; put the file that was sent at {}", file.copy);
                let place = Place::file(format!("out/{}/{}", stored.record.month, file.path));
                problem(
                    &Diagnostic::error("the rebuilt document differs from the issued one").at(place).with_note(note),
                )
            }));
            (findings, remade.is_by_another_version())
        }
    }
}
