//! Rebuilds an issued month's directory in `out/` byte for byte, or refuses where something it was made from has
//! changed.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use rayon::prelude::*;

use super::documents::doing;
use super::evidence::changed_evidence;
use super::recorded;
use super::remade::{LeftOut, Remade, Remaking};
use super::reproduced::Reproduction;
use super::states;
use crate::diagnostic::{Diagnostic, Place, Problems, cannot};
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
    /// Whether documents of another version that this one makes differently are left out where none of them was kept;
    /// otherwise they are an error.
    pub leaves_out: bool,
    /// Whether documents that are in their place as they were issued are taken over, rather than made again as a proof.
    pub takes_over: bool,
}

impl<'a> OutputTarget<'a> {
    /// The whole month, in the workspace's own `out`.
    pub fn of_workspace(out: &'a Path) -> OutputTarget<'a> {
        OutputTarget {
            out,
            shown: Path::new("out"),
            formats: &Format::ALL,
            customers: &[],
            mode: out::Mode::Write,
            leaves_out: true,
            takes_over: true,
        }
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
    let filled = fill(staging, root, ledger, month, target, None, printer)?;
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

/// Makes an issued month's documents in a directory that was [begun](OutputTarget::begin). `known` is the reproduction of one
/// of its records, with the record's name, where the caller has made it already.
///
/// # Errors
/// Documents that differ from the issued ones.
pub fn fill(
    staging: Staging,
    root: &Path,
    ledger: &Ledger,
    month: BillingMonth,
    target: &OutputTarget<'_>,
    mut known: Option<(String, Reproduction)>,
    printer: &Printer,
) -> Result<Filled, Problems> {
    let mut has_costs_inside = false;
    for stored in ledger.of_month(month).filter(|stored| !stored.record.rules.is_empty()) {
        let reproduction = match known.take_if(|(name, _)| *name == stored.name) {
            Some((_, mut known)) => {
                known.renew_credit_notes(ledger)?;
                known
            }
            None => {
                printer.doing(&format!("reading the bills of {month}"));
                Reproduction::of(root, ledger, stored)?
            }
        };
        refuse_misrecorded(ledger, stored, &reproduction)?;
        let taken_over = if target.takes_over { take_over(&staging, ledger, &reproduction)? } else { BTreeSet::new() };
        let wanted = |document: &Document| target.wants(document) && !taken_over.contains(&document.number);
        let sink = |path: &str, bytes: &[u8]| staging.write(path, bytes);
        let doing = doing(&staging);
        let remaking = Remaking { root, ledger, formats: target.formats, wanted: &wanted, sink: &sink, doing };
        let remade = reproduction.write(&remaking, printer).and_then(|mut remade| {
            std::mem::take(&mut remade.problems).into_iter().collect::<Problems>().check()?;
            Ok(remade)
        });
        let remade = remade.map_err(|problems| by_another_version(stored, problems))?;
        left_out(stored, target, &remade, printer)?;
        restored(stored, &remade, printer);
        let mut documents = reproduction.documents.iter().map(|(_, document)| document);
        has_costs_inside |=
            documents.any(|document| reproduction.costs_inside.contains(&document.number) && target.wants(document));
        write_review(root, ledger, stored, &reproduction, &staging, printer)?;
    }
    Ok(Filled { staging, month, has_costs_inside })
}

/// Takes over the documents whose files are all in the directory as they were issued; returns their numbers. Those that
/// another version issued are made again, to see which of them this one makes differently.
fn take_over(staging: &Staging, ledger: &Ledger, reproduction: &Reproduction) -> Result<BTreeSet<String>, Diagnostic> {
    let tool = out::tool();
    let is_own = |number: &str| {
        ledger.find(number).is_some_and(|(stored, _)| stored.record.tool == tool && !stored.has_costs_inside())
    };
    let documents = reproduction.documents.par_iter().map(|(_, document)| document);
    let is_there = |document: &Document| {
        let outputs = &document.outputs;
        let is_complete = Format::ALL.iter().all(|format| document.output(*format).is_some());
        is_complete && is_own(&document.number) && outputs.iter().all(|file| staging.has_before(file))
    };
    let taken = documents.filter(|document| is_there(document)).map(|document| {
        document.outputs.iter().try_for_each(|file| staging.take_over(file))?;
        Ok(document.number.clone())
    });
    taken.collect()
}

/// Notes that kept documents were put back.
fn restored(stored: &Stored, remade: &Remade, printer: &Printer) {
    if remade.restored.is_empty() && remade.internal.is_empty() {
        return;
    }
    let month = stored.record.month;
    let message = match remade.restored.is_empty() {
        true => format!("the files of {month} under internal/ are made by this version"),
        false => format!("the documents of {month} are those that were kept when they were issued"),
    };
    let (issuer, this) = (&stored.record.tool, out::tool());
    let why = match *issuer == this {
        true => "this version makes them differently".to_owned(),
        false => format!("it was issued by {issuer}, this is {this}"),
    };
    let note = Diagnostic::note(message).with_note(why);
    printer.diagnostics(&[note.with_note("all figures are the same")]);
}

/// Warns of files that are left out.
///
/// # Errors
/// The files, where nothing of their documents was kept and they are not to be left out.
fn left_out(stored: &Stored, target: &OutputTarget<'_>, remade: &Remade, printer: &Printer) -> Result<(), Problems> {
    let month = stored.record.month;
    let (issuer, this) = (&stored.record.tool, out::tool());
    let hint = |LeftOut { copy, .. }: &LeftOut| {
        format!(
            "it was issued by {issuer}, this is {this}: use that version to make it again, or put the file that was sent at {copy}"
        )
    };
    let (left_out, refused): (Vec<&LeftOut>, Vec<&LeftOut>) =
        remade.left_out.iter().partition(|file| target.leaves_out || file.is_chosen);
    let problem = |file: &LeftOut| {
        let diagnostic = Diagnostic::error("the rebuilt document differs from the issued one");
        let place = Place::file(format!("out/{month}/{}", file.path));
        diagnostic.at(place).with_note("all figures are the same").with_hint(hint(file))
    };
    refused.into_iter().map(problem).collect::<Problems>().check()?;
    if let Some(first) = left_out.first() {
        let message =
            format!("files of {month} are left out, because they would differ from those issued: {}", left_out.len());
        let warning = left_out
            .iter()
            .take(SHOWN)
            .fold(Diagnostic::warning(message), |warning, file| warning.with_note(file.path.clone()));
        printer.diagnostics(&[warning.with_note("all figures are the same").with_hint(hint(first))]);
    }
    Ok(())
}

/// Maximum number of files named that are left out.
const SHOWN: usize = 5;

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
    let (issuer, this) = (&stored.record.tool, out::tool());
    if *issuer == this {
        return problems;
    }
    let hint = format!("it was issued by {issuer}, this is {this}: use that version to make it again");
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
