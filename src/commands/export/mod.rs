//! `invoicer export`: writes issued documents for other programs, and keeps a journal of what was exported.

mod destination;
mod e_invoices;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::{check_known, excerpts};
use crate::cli;
use crate::diagnostic::{Diagnostic, Place, Problems, cannot, nearest};
use crate::export::{self, Export, ExportFile, Options, Selected, Selection, Target};
use crate::files;
use crate::ledger::journal::{Journal, JournalKind};
use crate::ledger::{self, Document, Ledger, Naming, Stored};
use crate::model::accounting::Foreign;
use crate::model::currency::Currency;
use crate::model::invoice::Status;
use crate::model::settings::Settings;
use crate::month::{as_issued, carried, computed};
use crate::printer::Printer;
use crate::staging::hash;
use crate::workspace;
use destination::Destination;

/// A line of the journal: a document in an exported file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Exported {
    /// Name of the [`Target`].
    format: String,
    /// Number of the document.
    number: String,
    /// SHA-256 of the record that has it.
    record_sha256: String,
    /// SHA-256 of the file.
    file_sha256: String,
}

pub(super) fn run(root: &Path, current: &Path, arguments: &cli::Export, printer: &Printer) -> Result<(), Problems> {
    if !arguments.check.is_empty() {
        return e_invoices::check_files(current, &arguments.check, printer);
    }
    // What is new must not be exported by another run at the same time.
    let lock = if arguments.new { Some(ledger::lock(root)?) } else { None };
    let ledger = Ledger::open(root)?;
    ledger.interrupted(root)?;
    let workspace = workspace::load_for(root, &[arguments.month])?;
    let settings = &workspace.settings;
    let journal: Journal<Exported> = Journal::read(root, JournalKind::Exported, arguments.month)?;
    let drafts = if arguments.draft { drafts(root, &ledger, settings, arguments, printer)? } else { Vec::new() };
    let mut selection = selected(root, &ledger, &drafts, settings, arguments)?;
    let noted: Vec<&Exported> =
        journal.entries().iter().filter(|line| arguments.new && line.format == arguments.to.name()).collect();
    let known: BTreeSet<&str> = noted.iter().map(|line| &*line.number).collect();
    selection.documents.retain(|selected| !known.contains(selected.document.number.as_str()));
    if selection.documents.is_empty() {
        printer.status(&format!("nothing new to export to {}", arguments.to.name()));
        return Ok(());
    }
    let issued_files = match arguments.to {
        Target::JpPint => e_invoices::issued_files(&ledger, &selection)?,
        _ => Vec::new(),
    };
    for (selected, files) in selection.documents.iter_mut().zip(&issued_files) {
        selected.files = Some(files);
    }
    let rates = rates(&ledger, &selection, arguments.to)?;
    for selected in &mut selection.documents {
        selected.rates = rates.get(selected.document.number.as_str()).map(|rates| &**rates);
    }
    let export = export::files(&selection, arguments.to, &options(current, arguments)?)?;
    printer.diagnostics(&excerpts::fill(root, export.warnings.clone()));
    write(root, current, &export, arguments, &noted, printer)?;
    // A result that could not be written to stdout was not exported.
    printer.finish()?;
    if arguments.new && arguments.is_for_stdout() && printer.is_cut_off() {
        let message = "the program that reads the export stopped before its end: nothing is noted as exported";
        return Err(Diagnostic::could_not_run(message).with_hint("run the command again").into());
    }
    // The journal is last: a run that is interrupted before it exports the same again with `--new`. What is only looked
    // at on stdout is not exported; with `--new`, another program takes it.
    if !arguments.draft && (arguments.new || !arguments.is_for_stdout()) {
        let _lock = if lock.is_none() { Some(ledger::lock(root)?) } else { lock };
        note(root, &selection, &export.files, arguments)?;
    }
    let count = selection.documents.len();
    let documents = if count == 1 { "1 document".to_owned() } else { format!("{count} documents") };
    printer.status(&format!("exported {documents} of {} to {}", selection.month, arguments.to.name()));
    Ok(())
}

fn options(current: &Path, arguments: &cli::Export) -> Result<Options, Diagnostic> {
    let template = arguments.template.as_ref().map(|path| {
        let shown = path.display().to_string();
        let bytes =
            files::read(&current.join(path), files::TEXT).with_context(|| cannot("read the template", &shown))?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Diagnostic::error("the template is not UTF-8").at(Place::file(&shown)).with_hint("save it as UTF-8")
        })?;
        Ok::<_, Diagnostic>((shown, text))
    });
    Ok(Options {
        encoding: arguments.encoding,
        guard: !arguments.no_guard,
        online: arguments.online,
        first_slip: arguments.first_slip,
        template: template.transpose()?,
    })
}

/// The documents that a build would make now, as a record would have them.
fn drafts(
    root: &Path,
    ledger: &Ledger,
    settings: &Settings,
    arguments: &cli::Export,
    printer: &Printer,
) -> Result<Vec<Document>, Problems> {
    let month = arguments.month;
    if ledger.month(month).is_some() {
        let diagnostic = Diagnostic::error(format!("{month} is issued: its documents are no drafts any more"));
        return Err(diagnostic.with_hint("leave out --draft").into());
    }
    printer.doing(&format!("reading the bills of {month}"));
    let taken = carried::taken(ledger, &root.join("out"), month);
    let (_, billed) = computed::invoices(root, settings, month, Status::Draft, &taken)?;
    let document =
        |invoice| Document::of(invoice, Naming::of_invoice(&settings.customers[invoice.customer], invoice, 1, None));
    Ok(billed.invoices.iter().map(document).collect())
}

/// The documents that the user asked for.
fn selected<'a>(
    root: &'a Path,
    ledger: &'a Ledger,
    drafts: &'a [Document],
    settings: &'a Settings,
    arguments: &cli::Export,
) -> Result<Selection<'a>, Problems> {
    let month = arguments.month;
    if !arguments.draft && ledger.of_month(month).next().is_none() {
        let diagnostic = Diagnostic::error(format!("{month} is not issued"));
        let hint = format!("run `invoicer issue {month}` first; --draft exports what a build would make");
        return Err(diagnostic.with_hint(hint).into());
    }
    let issued =
        ledger.of_month(month).flat_map(|stored| stored.record.documents.iter().map(move |it| (Some(stored), it)));
    let mut documents: Vec<_> = issued.chain(drafts.iter().map(|document| (None, document))).collect();
    let known: Vec<&str> = documents.iter().map(|(_, document)| document.customer.as_str()).collect();
    arguments.customers.iter().try_for_each(|id| check_known(id, &known))?;
    let numbers: Vec<&str> = documents.iter().map(|(_, document)| document.number.as_str()).collect();
    arguments.numbers.iter().try_for_each(|number| check_number(number, &numbers, arguments))?;
    let is_asked = |asked: &[String], own: &str| asked.is_empty() || asked.iter().any(|one| one == own);
    documents
        .retain(|(_, it)| is_asked(&arguments.customers, &it.customer) && is_asked(&arguments.numbers, &it.number));
    let selected = |(stored, document): (Option<&'a ledger::Stored>, &'a Document)| Selected {
        stored,
        document,
        customer: settings.customers.iter().find(|customer| customer.id == document.customer),
        rates: None,
        files: None,
    };
    Ok(Selection { root, month, settings, documents: documents.into_iter().map(selected).collect() })
}

/// The rules that documents in other currencies were issued by, by their numbers, where the target converts them: a rate
/// that was changed since does not change what was issued.
fn rates<'a>(
    ledger: &Ledger,
    selection: &Selection<'a>,
    target: Target,
) -> Result<BTreeMap<&'a str, Arc<Settings>>, Problems> {
    if !target.is_in_yen() || selection.settings.accounting.foreign != Foreign::Convert {
        return Ok(BTreeMap::new());
    }
    let issued = selection.documents.iter().filter_map(|selected| Some((selected.stored?, selected.document)));
    let foreign: Vec<(&Stored, &Document)> =
        issued.filter(|(_, document)| document.currency != Currency::Jpy).collect();
    let rules = as_issued::rules(selection.root, ledger, &foreign)?;
    Ok(foreign.iter().map(|(_, document)| document.number.as_str()).zip(rules).collect())
}

fn check_number(number: &str, known: &[&str], arguments: &cli::Export) -> Result<(), Diagnostic> {
    if known.contains(&number) {
        return Ok(());
    }
    let diagnostic = Diagnostic::error(format!("{} has no document with the number {number:?}", arguments.month));
    Err(match nearest(number, known.iter().copied()) {
        Some(near) => diagnostic.with_hint(format!("did you mean {near:?}?")),
        None => diagnostic.with_hint("`invoicer list` shows all numbers"),
    })
}

/// Writes the files, to where the user asked for them.
fn write(
    root: &Path,
    current: &Path,
    export: &Export,
    arguments: &cli::Export,
    noted: &[&Exported],
    printer: &Printer,
) -> Result<(), Problems> {
    if !arguments.is_for_stdout() {
        let destination = Destination::of(root, current, arguments, noted.len())?;
        let noted: BTreeSet<&str> = noted.iter().map(|line| &*line.file_sha256).collect();
        let paths = destination.write(&export.files, &noted)?;
        match export.files.iter().any(|file| file.name.is_some()) {
            true => printer.result_files(paths),
            false => paths.iter().for_each(|path| printer.result(path)),
        }
        return Ok(());
    }
    let [file] = export.files.as_slice() else {
        let message = format!("the export takes {} files, which stdout cannot hold", export.files.len());
        return Err(Diagnostic::error(message)
            .with_hint("leave out --out -, or export fewer documents at once")
            .into());
    };
    printer.result_bytes(&file.bytes);
    Ok(())
}

/// Adds to the journal what it does not have yet, all or nothing: half of it would leave a file of which the next run makes
/// the rest again. The caller holds the lock.
fn note(root: &Path, selection: &Selection<'_>, files: &[ExportFile], arguments: &cli::Export) -> Result<(), Problems> {
    // Another run may have exported meanwhile.
    let mut journal: Journal<Exported> = Journal::read(root, JournalKind::Exported, selection.month)?;
    let record_of = |number: &str| {
        let of_number = selection.documents.iter().find(|selected| selected.document.number == number);
        of_number.and_then(|selected| selected.stored).map_or("", |stored| stored.sha256.as_str())
    };
    let mut lines = Vec::new();
    for file in files {
        let file_sha256 = hash(&file.bytes);
        for number in &file.numbers {
            let line = Exported {
                format: arguments.to.name().to_owned(),
                number: number.clone(),
                record_sha256: record_of(number).to_owned(),
                file_sha256: file_sha256.clone(),
            };
            if !journal.entries().contains(&line) {
                lines.push(line);
            }
        }
    }
    Ok(journal.extend(lines)?)
}
