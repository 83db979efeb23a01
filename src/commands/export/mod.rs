//! `invoicer export`: writes issued documents for other programs, and keeps a journal of what was exported.

mod destination;
mod drafts;
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
use crate::ledger::{self, Document, Ledger, Stored};
use crate::model::accounting::Foreign;
use crate::model::currency::Currency;
use crate::model::settings::Settings;
use crate::month::as_issued;
use crate::printer::Printer;
use crate::staging::hash;
use crate::workspace;
use destination::Destination;
use drafts::Drafts;

/// A line of the journal: a document in an exported file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Exported {
    /// Name of the [`Target`], for a template with its path from the workspace's root: `template:books/lines.tera`.
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
    let format = format_of(root, current, arguments);
    let drafts = match arguments.draft {
        true => Some(Drafts::of(root, &ledger, settings, arguments.month, printer)?),
        false => None,
    };
    let mut selection = selected(root, &ledger, drafts.as_ref(), settings, arguments)?;
    if selection.documents.is_empty() {
        printer.status(&without_documents(&selection, arguments));
        return Ok(());
    }
    // Earlier versions noted a template without its path: of those nobody knows which it was, and no document is booked twice.
    let is_of_format = |line: &&Exported| line.format == format || line.format == arguments.to.name();
    let of_format = journal.entries().iter().filter(|_| arguments.new).filter(is_of_format);
    let known: BTreeSet<&str> = of_format.map(|line| &*line.number).collect();
    selection.documents.retain(|selected| !known.contains(selected.document.number.as_str()));
    if selection.documents.is_empty() {
        printer.status(&format!("nothing new to export to {}", arguments.to.name()));
        return Ok(());
    }
    let own_files = match (arguments.to, &drafts) {
        (target, _) if !target.is_by_document() => Vec::new(),
        (target, None) => e_invoices::issued_files(&ledger, &selection, target)?,
        (target, Some(drafts)) => drafts.files(settings, &selection.numbers(), target)?,
    };
    for (selected, files) in selection.documents.iter_mut().zip(&own_files) {
        selected.files = Some(files);
    }
    let rates = rates(&ledger, &selection, arguments.to)?;
    for selected in &mut selection.documents {
        selected.rates = rates.get(selected.document.number.as_str()).map(|rates| &**rates);
    }
    let export = export::files(&selection, arguments.to, &options(current, arguments)?)?;
    printer.diagnostics(&excerpts::fill(root, export.warnings.clone()));
    let output = Output::of(root, current, arguments, known.len())?;
    let noted = journal.entries().iter().filter(|_| arguments.new).map(|line| &*line.file_sha256);
    output.write(&export, &noted.collect(), printer)?;
    // A result that could not be written to stdout was not exported.
    printer.finish()?;
    if arguments.new && arguments.is_for_stdout() && printer.is_cut_off() {
        let message = "the program that reads the export stopped before its end: nothing is noted as exported";
        return Err(Diagnostic::could_not_run(message).with_hint("run the command again").into());
    }
    // The journal is last: a run that is interrupted before it exports the same again with `--new`. What is only looked
    // at on stdout is not exported; with `--new`, another program takes it.
    if !arguments.draft && (arguments.new || matches!(output, Output::Files(_))) {
        let _lock = if lock.is_none() { Some(ledger::lock(root)?) } else { lock };
        note(root, &selection, &export.files, &format)?;
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

/// The name of a format in the journal: what one template writes does not tell what another would.
fn format_of(root: &Path, current: &Path, arguments: &cli::Export) -> String {
    let name = arguments.to.name();
    let Some(template) = &arguments.template else {
        return name.to_owned();
    };
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (root, template) = (real(root), real(&current.join(template)));
    let common = root.components().zip(template.components()).take_while(|(one, other)| one == other).count();
    let up = root.components().skip(common).map(|_| "..".to_owned());
    let down = template.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    format!("{name}:{}", up.chain(down).collect::<Vec<String>>().join("/"))
}

/// Why there is nothing to export, whatever was exported before.
fn without_documents(selection: &Selection<'_>, arguments: &cli::Export) -> String {
    match arguments.is_partial() && !selection.all.is_empty() {
        true => format!("{} has no document with both this customer and this number", selection.month),
        false => format!("{} has no documents: there is nothing to export", selection.month),
    }
}

/// The documents that the user asked for.
fn selected<'a>(
    root: &'a Path,
    ledger: &'a Ledger,
    drafts: Option<&'a Drafts>,
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
    let mut documents: Vec<_> =
        issued.chain(drafts.iter().flat_map(|drafts| &drafts.documents).map(|document| (None, document))).collect();
    let all = documents.iter().map(|(_, document)| *document).collect();
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
        customer: settings.customer(&document.customer),
        rates: None,
        files: None,
    };
    Ok(Selection { root, month, settings, documents: documents.into_iter().map(selected).collect(), all })
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
        issued.filter(|(_, document)| document.currency != Currency::JPY).collect();
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

/// Where an export goes.
enum Output {
    Stdout,
    /// A named pipe or a device, with its name as the user would write it: it holds nothing, but passes on what it gets.
    Stream(Destination, String),
    Files(Destination),
}

impl Output {
    /// The output that the user asked for, after so many documents that were noted.
    ///
    /// # Errors
    /// As [`Destination::of`].
    fn of(root: &Path, current: &Path, arguments: &cli::Export, noted: usize) -> Result<Output, Diagnostic> {
        if arguments.is_for_stdout() {
            return Ok(Output::Stdout);
        }
        let destination = Destination::of(root, current, arguments, noted)?;
        Ok(match destination.stream() {
            Some(shown) => Output::Stream(destination, shown),
            None => Output::Files(destination),
        })
    }

    /// Writes the files; files with one of the hashes are not replaced.
    ///
    /// # Errors
    /// What cannot be written, and several files where one stream is to take them.
    fn write(&self, export: &Export, kept: &BTreeSet<&str>, printer: &Printer) -> Result<(), Problems> {
        let single = |shown: &str| match export.files.as_slice() {
            [file] => Ok(file),
            files => {
                Err(Diagnostic::error(format!("the export takes {} files, which {shown} cannot hold", files.len()))
                    .with_hint("name a place for files with --out or leave it out, or export fewer documents at once"))
            }
        };
        match self {
            Output::Stdout => printer.result_bytes(&single("stdout")?.bytes),
            Output::Stream(destination, shown) => destination.pass(&single(shown)?.bytes)?,
            Output::Files(destination) => {
                let paths = destination.write(&export.files, kept)?;
                match export.files.iter().any(|file| file.name.is_some()) {
                    true => printer.result_files(paths),
                    false => paths.iter().for_each(|path| printer.result(path)),
                }
            }
        }
        Ok(())
    }
}

/// Adds to the journal what it does not have yet, all or nothing: half of it would leave a file of which the next run makes
/// the rest again. The caller holds the lock.
fn note(root: &Path, selection: &Selection<'_>, files: &[ExportFile], format: &str) -> Result<(), Problems> {
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
                format: format.to_owned(),
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
