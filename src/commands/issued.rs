//! What the commands about issued months share: making such a month's documents again, and refusing to where something
//! it was made from is not what it was.

use std::path::Path;

use crate::cli::Format;
use crate::diagnostic::{Diagnostic, Place};
use crate::files;
use crate::ledger::{Document, Ledger, Stored};
use crate::model::audience::INTERNAL;
use crate::model::period::BillingMonth;
use crate::out;
use crate::pipeline::issued::{self, Deviation, Reproduction};
use crate::pipeline::recorded;
use crate::printer::Printer;
use crate::sources;
use crate::staging::{Staging, interruption};
use crate::workspace;

/// Where and what of a month is written.
pub(super) struct Target<'a> {
    /// Directory of the months' directories.
    pub(super) out: &'a Path,
    /// The same as the user would write it.
    pub(super) shown: &'a Path,
    /// Kinds of documents.
    pub(super) formats: &'a [Format],
    /// Ids of the customers; all where empty.
    pub(super) customers: &'a [String],
    /// Whether anything is written.
    pub(super) mode: out::Mode,
}

/// Makes every document of an issued month again, byte for byte, in place of what is there; gives the files written, from
/// the month's directory.
///
/// # Errors
/// Bills or kept copies that are not what they were, documents that come out otherwise; nothing is written then.
pub(super) fn rebuild(
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
    target: &Target<'_>,
    printer: &Printer,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let changed = changed_evidence(root, ledger, month);
    if !changed.is_empty() {
        return Err(changed);
    }
    let staging = begin(root, ledger, month, target).map_err(one)?;
    fill(staging, root, ledger, month, target, printer)
}

/// Refuses to work on a record that says something else than its bills and rules give.
///
/// # Errors
/// What it says and what they give.
pub(super) fn refuse_misrecorded(
    ledger: &Ledger,
    stored: &Stored,
    reproduction: &Reproduction,
) -> Result<(), Vec<Diagnostic>> {
    let found: Vec<Diagnostic> =
        recorded::misrecorded(ledger, stored, reproduction).into_iter().map(|found| found.problem).collect();
    if found.is_empty() { Ok(()) } else { Err(by_another_version(stored, found)) }
}

/// Begins writing a month's directory. Whoever has the lock is the only one who replaces it, and works on what is issued now:
/// `issue` and `credit` write their record while they have it.
///
/// # Errors
/// When another run has the lock, or the month was issued or credited since `ledger` was read.
pub(super) fn begin(
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
    target: &Target<'_>,
) -> Result<Staging, Diagnostic> {
    interruption::before_lock();
    let staging = out::begin(target.out, target.shown, &month.to_string(), target.mode)?;
    ledger.check_current(root, month)?;
    Ok(staging)
}

/// The second half of [`rebuild`]: makes the documents in a directory that was [begun](begin), and puts it in its place.
///
/// # Errors
/// Documents that come out otherwise; nothing is replaced then.
pub(super) fn fill(
    staging: Staging,
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
    target: &Target<'_>,
    printer: &Printer,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let wanted = |document: &Document| target.customers.is_empty() || target.customers.contains(&document.customer);
    let mut has_costs_inside = false;
    for stored in ledger.of_month(month).filter(|stored| !stored.record.rules.is_empty()) {
        let reproduction = Reproduction::of(root, ledger, stored)?;
        refuse_misrecorded(ledger, stored, &reproduction)?;
        let progress = printer.progress(reproduction.documents.len(), super::month::verb(&staging));
        let sink = |path: &str, bytes: &[u8]| staging.write(path, bytes);
        let written = reproduction.write(target.formats, &wanted, &sink, &progress);
        progress.finish();
        written.map_err(|problems| by_another_version(stored, problems))?;
        has_costs_inside |= reproduction
            .documents
            .iter()
            .any(|(_, document)| reproduction.costs_inside.contains(&document.number) && wanted(document));
    }
    if let Some(stored) = ledger.month(month) {
        copy_review(root, stored, &staging)?;
    }
    let manifest = issued::manifest(ledger, month, staging.written());
    staging.write("manifest.json", &out::to_json(&manifest).map_err(one)?).map_err(one)?;
    let files: Vec<String> = staging.written().into_iter().map(|file| file.path).collect();
    staging.commit().map_err(one)?;
    if has_costs_inside {
        printer.diagnostics(&[made_without_costs(month, target.shown, &files)]);
    }
    Ok(files)
}

/// What a rebuild of a month of [`ledger::COSTS_INSIDE`](crate::ledger::COSTS_INSIDE) gives, for those who compare hashes.
fn made_without_costs(month: BillingMonth, shown: &Path, files: &[String]) -> Diagnostic {
    let message =
        format!("{month} was issued by an earlier version, which put the issuer's costs into customers' files");
    let note = Diagnostic::note(message).with_note(
        "their PDF, JSON and CSV are made again without costs, so with other hashes; all figures are the same",
    );
    let directory = shown.join(month.to_string()).join(INTERNAL);
    match files.iter().any(|file| file.starts_with(INTERNAL) && file.ends_with(".pdf")) {
        true => note.with_note(format!(
            "the PDFs that were sent, with the hashes of the record, are in {}",
            directory.display()
        )),
        false => note.with_hint("the PDFs that were sent come out otherwise by this version: keep the copies you have"),
    }
}

/// What was looked at before the month was issued goes beside the documents again.
fn copy_review(root: &Path, stored: &Stored, staging: &Staging) -> Result<(), Vec<Diagnostic>> {
    for file in &stored.record.review {
        let path = format!("{}/{}", stored.review_directory(), file.path);
        let bytes = files::read(&root.join(&path), files::DATA).map_err(|error| {
            let message = format!("cannot read the file: {}", crate::diagnostic::cause(&error));
            vec![Diagnostic::could_not_run(message).at(Place::file(&path))]
        })?;
        staging.write(&file.path, &bytes).map_err(|problem| vec![problem])?;
    }
    Ok(())
}

/// Another version of the program may lay pages out otherwise: that is no fault of the data.
fn by_another_version(stored: &Stored, problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let this = out::tool();
    if stored.record.tool == this {
        return problems;
    }
    let hint = format!("it was issued by {}, this is {this}: use that version to make it again", stored.record.tool);
    problems.into_iter().map(|problem| problem.with_hint(hint.clone())).collect()
}

/// Bills and kept copies of an issued month that are not what they were.
pub(super) fn changed_evidence(root: &Path, ledger: &Ledger, month: BillingMonth) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for stored in ledger.of_month(month) {
        for file in issued::changed_files(root, &stored.record.bills) {
            let problem = if file.is_missing { "the bill is gone" } else { "the bill was changed" };
            let message = format!("{problem} since {month} was issued");
            let hint = "a bill is evidence and never edited: put back what git or a backup has";
            let diagnostic = Diagnostic::error(message).at(Place::file(&file.path)).with_hint(hint);
            if !problems.contains(&diagnostic) {
                problems.push(diagnostic);
            }
        }
        problems.extend(changed_copies(root, stored));
    }
    problems
}

/// Copies kept beside a record that are not what they were.
pub(super) fn changed_copies(root: &Path, stored: &Stored) -> Vec<Diagnostic> {
    let of = |directory: String, files| {
        let changed = issued::changed_files(&root.join(&directory), files);
        changed.into_iter().map(move |file| {
            let problem = if file.is_missing { "the copy is gone" } else { "the copy was changed" };
            Diagnostic::error(format!("{problem} that was kept when {} was written", stored.path()))
                .at(Place::file(format!("{directory}/{}", file.path)))
                .with_hint("issued/ is never edited: put back what git or a backup has")
        })
    };
    let rules = of(stored.rules_directory(), &stored.record.rules);
    rules.chain(of(stored.review_directory(), &stored.record.review)).collect()
}

/// How the workspace is no longer the one that a month was issued from.
pub(super) struct Drift {
    /// Rules that changed, from the workspace's root.
    pub(super) files: Vec<issued::ChangedFile>,
    /// What they would give otherwise; the reason where the month cannot be computed with them at all.
    pub(super) deviations: Result<Vec<Deviation>, Vec<Diagnostic>>,
}

/// Compares the workspace as it is with the rules that a month was issued from.
pub(super) fn drift(root: &Path, ledger: &Ledger, month: BillingMonth) -> Drift {
    let rules = ledger.latest_rules(month).map_or(&[][..], |stored| &stored.record.rules);
    let files = issued::changed_files(root, rules);
    let deviations = workspace::load(root).and_then(|workspace| {
        // Whether the bills were final was decided when the month was issued.
        let bill = sources::read(root, &workspace.settings, month, true)?;
        issued::differences(ledger, &workspace.settings, &bill)
    });
    Drift { files, deviations }
}

/// Refuses to build an issued month with rules that would give it other figures; where they give the same, tells that
/// the kept copies are used.
///
/// # Errors
/// What changed, file by file, with the difference for each invoice.
pub(super) fn refuse_drift(
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let Drift { files, deviations } = drift(root, ledger, month);
    let changed = |file: &issued::ChangedFile| {
        let what = if file.is_missing { "is gone" } else { "changed" };
        format!("{} {what}", file.path)
    };
    let files: Vec<String> = files.iter().map(changed).collect();
    let hint = format!(
        "an issued invoice never changes: correct it with `invoicer credit NUMBER --reason TEXT --reissue`, or make the \
         documents as they were issued with `invoicer build {month} --as-issued`"
    );
    let refusal = |message: String| {
        let diagnostic = Diagnostic::error(message).with_hint(hint.clone());
        files.iter().fold(diagnostic, |diagnostic, file| diagnostic.with_note(file.clone()))
    };
    match deviations {
        Err(mut problems) => {
            problems.insert(0, refusal(format!("{month} is issued, and cannot be computed with the present rules")));
            Err(problems)
        }
        Ok(deviations) if !deviations.is_empty() => {
            let told = |deviation: &Deviation| {
                let what = deviation.number.as_ref().unwrap_or(&deviation.customer);
                format!("{what}: {}", deviation.difference)
            };
            let diagnostic = refusal(format!("{month} is issued, and the present rules give other figures"));
            Err(vec![deviations.iter().map(told).fold(diagnostic, Diagnostic::with_note)])
        }
        Ok(_) if files.is_empty() => Ok(Vec::new()),
        Ok(_) => {
            let message = format!("{month} is issued: its documents are made with the rules as they were then");
            let warning = Diagnostic::warning(message);
            Ok(vec![files.iter().fold(warning, |warning, file| warning.with_note(format!("{file} since then")))])
        }
    }
}

/// Does the rest of what an interrupted run of `issue` or `credit` began; gives the name of the record it was about.
///
/// # Errors
/// When the list of what was issued is not that of an interrupted run, or the documents cannot be made again.
pub(super) fn finish_interrupted(
    root: &Path,
    ledger: &Ledger,
    target: &Target<'_>,
    printer: &Printer,
) -> Result<Option<String>, Vec<Diagnostic>> {
    let Some(last) = ledger.interrupted(root).map_err(|problem| vec![problem])? else {
        return Ok(None);
    };
    rebuild(root, ledger, last.record.month, target, printer)?;
    ledger.write_index(root).map_err(|problem| vec![problem])?;
    printer.status(&format!("finished what was interrupted: {}", last.path()));
    Ok(Some(last.name.clone()))
}
