//! Rebuilds an issued month's directory in `out/` byte for byte, or refuses where something it was made from has
//! changed.

use std::path::Path;

use anyhow::Context;

use super::documents::doing;
use super::evidence::changed_evidence;
use super::recorded;
use super::reproduced::Reproduction;
use super::states;
use crate::diagnostic::{Diagnostic, Problems, cannot};
use crate::files;
use crate::ledger::{Document, Ledger, Record, Stored};
use crate::model::audience::INTERNAL;
use crate::model::format::Format;
use crate::model::period::BillingMonth;
use crate::out;
use crate::printer::Printer;
use crate::staging::{Staging, Written, interruption};

/// What of a month to write, and where.
pub struct OutputTarget<'a> {
    /// Directory of the months' directories.
    pub out: &'a Path,
    /// Its name as the user would write it.
    pub shown: &'a Path,
    /// Kinds of documents.
    pub formats: &'a [Format],
    /// Ids of the customers; empty for all.
    pub customers: &'a [String],
    /// Whether to write anything.
    pub mode: out::Mode,
}

impl<'a> OutputTarget<'a> {
    /// The whole month, in the workspace's own `out`.
    pub fn of_workspace(out: &'a Path) -> OutputTarget<'a> {
        OutputTarget { out, shown: Path::new("out"), formats: &Format::ALL, customers: &[], mode: out::Mode::Write }
    }

    /// Begins writing a month's directory and takes its lock, then checks that `ledger` is still current: `issue` and
    /// `credit` write their record while they hold this lock.
    ///
    /// # Errors
    /// When another run has the lock, or the month was issued or credited since `ledger` was read.
    pub fn begin(&self, root: &Path, ledger: &Ledger, month: BillingMonth) -> Result<Staging, Diagnostic> {
        interruption::before_lock();
        let staging = out::begin(self.out, self.shown, &month.to_string(), self.mode)?;
        ledger.check_current(root, month)?;
        Ok(staging)
    }

    fn wants(&self, document: &Document) -> bool {
        self.customers.is_empty() || self.customers.contains(&document.customer)
    }
}

/// Rebuilds every document of an issued month byte for byte, replacing the directory; returns the files written,
/// relative to it.
///
/// # Errors
/// Bills or kept copies that have changed, documents that differ from the issued ones; nothing is written then.
pub fn rebuild(
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
    target: &OutputTarget<'_>,
    printer: &Printer,
) -> Result<Vec<String>, Problems> {
    Problems::from(changed_evidence(root, ledger, month)).check()?;
    let staging = target.begin(root, ledger, month)?;
    let filled = fill(staging, root, ledger, month, target, printer)?;
    Ok(filled.finish(ledger, target, printer)?)
}

/// Refuses a record that differs from what its bills and rules give.
///
/// # Errors
/// The recorded and the computed values.
pub fn refuse_misrecorded(ledger: &Ledger, stored: &Stored, reproduction: &Reproduction) -> Result<(), Problems> {
    let found = recorded::misrecorded(ledger, stored, reproduction).into_iter().map(|found| found.problem);
    found.collect::<Problems>().check().map_err(|found| by_another_version(stored, found))
}

/// An issued month's documents, not yet in their place.
pub struct Filled {
    staging: Staging,
    month: BillingMonth,
    has_costs_inside: bool,
}

impl Filled {
    /// Moves the documents into place; returns the files written.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn finish(
        self,
        ledger: &Ledger,
        target: &OutputTarget<'_>,
        printer: &Printer,
    ) -> Result<Vec<String>, Diagnostic> {
        let files = finish(self.staging, ledger, self.month)?;
        if self.has_costs_inside {
            printer.diagnostics(&[made_without_costs(self.month, target.shown, &files)]);
        }
        Ok(files)
    }
}

/// Makes an issued month's documents in a directory that was [begun](OutputTarget::begin).
///
/// # Errors
/// Documents that differ from the issued ones.
pub fn fill(
    staging: Staging,
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
    target: &OutputTarget<'_>,
    printer: &Printer,
) -> Result<Filled, Problems> {
    let wanted = |document: &Document| target.wants(document);
    let mut has_costs_inside = false;
    for stored in ledger.of_month(month).filter(|stored| !stored.record.rules.is_empty()) {
        printer.doing(&format!("reading the bills of {month}"));
        let reproduction = Reproduction::of(root, ledger, stored)?;
        refuse_misrecorded(ledger, stored, &reproduction)?;
        let sink = |path: &str, bytes: &[u8]| staging.write(path, bytes);
        let written = reproduction.write(target.formats, &wanted, &sink, printer, doing(&staging));
        written.map_err(|problems| by_another_version(stored, problems))?;
        let mut documents = reproduction.documents.iter().map(|(_, document)| document);
        has_costs_inside |=
            documents.any(|document| reproduction.costs_inside.contains(&document.number) && target.wants(document));
        write_review(root, ledger, stored, &reproduction, &staging, printer)?;
    }
    Ok(Filled { staging, month, has_costs_inside })
}

/// Writes an issued month's manifest and moves the directory into place; returns the files written.
///
/// # Errors
/// When they cannot be written.
pub fn finish(staging: Staging, ledger: &Ledger, month: BillingMonth) -> Result<Vec<String>, Diagnostic> {
    let manifest = manifest(ledger, month, staging.written());
    staging.write("manifest.json", &out::to_json(&manifest)?)?;
    let files = staging.written().into_iter().map(|file| file.path).collect();
    staging.commit()?;
    Ok(files)
}

/// Note for users who compare hashes: a month of [`ledger::COSTS_INSIDE`](crate::ledger::COSTS_INSIDE) is rebuilt
/// without costs.
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
        false => note
            .with_hint("this version would make PDFs that differ from those that were sent: keep the copies you have"),
    }
}

/// Writes the review files of the issued month beside the documents, with the states of its invoices as they are now. Only
/// the month's first record has such files.
fn write_review(
    root: &Path,
    ledger: &Ledger,
    stored: &Stored,
    reproduction: &Reproduction,
    staging: &Staging,
    printer: &Printer,
) -> Result<(), Problems> {
    for file in &stored.record.review {
        let (bytes, warnings) = review_file(root, ledger, stored, reproduction, &file.path)?;
        printer.diagnostics(&warnings);
        staging.write(&file.path, &bytes)?;
    }
    Ok(())
}

/// The content of a review file in `out/`, with warnings about it.
///
/// # Errors
/// When the copy that was kept cannot be read, or the page's template has a mistake.
pub(super) fn review_file(
    root: &Path,
    ledger: &Ledger,
    stored: &Stored,
    reproduction: &Reproduction,
    name: &str,
) -> Result<(Vec<u8>, Vec<Diagnostic>), Diagnostic> {
    let path = format!("{}/{name}", stored.review_directory());
    let bytes = files::read(&root.join(&path), files::DATA).with_context(|| cannot("read the file", &path))?;
    match name == states::PAGE {
        true => states::filled_in(bytes, ledger, stored, reproduction),
        false => Ok((bytes, Vec::new())),
    }
}

/// Adds that another version of the program may lay out pages differently, so that the data need not be at fault.
fn by_another_version(stored: &Stored, problems: Problems) -> Problems {
    let this = out::tool();
    if stored.record.tool == this {
        return problems;
    }
    let hint = format!("it was issued by {}, this is {this}: use that version to make it again", stored.record.tool);
    problems.each(|problem| problem.with_hint(hint.clone()))
}

/// Finishes an interrupted run of `issue` or `credit`; returns the name of its record.
///
/// # Errors
/// When the list of issued documents does not match an interrupted run, or the documents cannot be made again.
pub fn finish_interrupted(
    root: &Path,
    ledger: &Ledger,
    target: &OutputTarget<'_>,
    printer: &Printer,
) -> Result<Option<String>, Problems> {
    let Some(last) = ledger.interrupted(root)? else {
        return Ok(None);
    };
    rebuild(root, ledger, last.record.month, target, printer)?;
    ledger.write_index(root)?;
    printer.status(&format!("finished an interrupted run: {}", last.path()));
    Ok(Some(last.name.clone()))
}

/// The manifest of an issued month, made from its records.
pub fn manifest(ledger: &Ledger, month: BillingMonth, outputs: Vec<Written>) -> out::Manifest {
    let mut inputs: Vec<Written> = Vec::new();
    if let Some(stored) = ledger.month(month) {
        let Record { bills, rules, adjustments, .. } = &stored.record;
        inputs.extend(bills.iter().chain(rules).chain(adjustments).cloned());
    }
    out::Manifest::new(month.to_string(), inputs, Vec::new(), outputs)
}
