//! Reads providers' files into a [`Bill`] that has every row, with its file and line.

pub mod absent;
mod cells;
mod column_text;
mod credentials;
mod decoded;
pub mod drift;
mod endpoint;
pub mod fetch;
mod focus;
pub mod http;
pub mod json;
mod kore;
mod manifest;
mod mapped;
mod overlap;
mod parts;
mod paths;
mod provider;
mod providers;
mod refused_rows;
mod rounded_ids;
mod sakura;
mod short_month;
pub mod snapshot;
mod soracom;
mod stated_totals;
mod subjects;
mod table;
mod timestamps;
mod written_numbers;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context;
use manifest::Listed;
use provider::{FetchedBill, Provider, Reading, SavedBill};
pub use short_month::short_months;
use snapshot::Snapshot;

use crate::diagnostic::{Diagnostic, Place, Problems, cannot};
use crate::files;
use crate::model::charge::{Bill, BillFile, BillSource};
use crate::model::period::BillingMonth;
use crate::model::settings::{Settings, SourceSettings};
use crate::model::statement::Statement;
use crate::staging;

/// Reads all sources' bills of a month; for a draft, including those that may still change.
///
/// # Errors
/// A source without any file, files that cannot be read, every kind of invalid row; a month in which no source exists.
pub fn read(root: &Path, settings: &Settings, month: BillingMonth, draft: bool) -> Result<Bill, Problems> {
    let (bill, problems) = read_good(root, &settings.sources, month, draft);
    problems.check()?;
    Ok(bill)
}

/// Reads the bills of the sources without errors, and returns all errors of the others, of which the bill has no rows.
pub fn read_good(root: &Path, sources: &[SourceSettings], month: BillingMonth, draft: bool) -> (Bill, Problems) {
    let mut bill = Bill::new(month);
    let mut problems = Problems::default();
    let mut existing = sources.iter().filter(|source| source.validity.covers(month)).peekable();
    if existing.peek().is_none() && !sources.is_empty() {
        problems.push(absent::no_source(sources, month));
    }
    for source in existing {
        let rows = bill.charges.len();
        if problems.keep(read_source(root, source, &mut bill, draft)).is_none() {
            bill.charges.truncate(rows);
        }
    }
    (bill, problems)
}

/// Reads a file as a draft of a source's bill, wherever it lies: its good rows, and all that is wrong with it.
///
/// # Errors
/// A source whose bills are no files, and a file that cannot be looked at.
pub fn try_file(
    root: &Path,
    settings: &SourceSettings,
    month: BillingMonth,
    path: &str,
) -> Result<(Bill, Problems), Diagnostic> {
    let Provider::Saved(saved) = providers::of(settings.kind) else {
        let message =
            format!("`source try` is for bills that are saved as files, and \"{}\" is fetched", settings.name);
        let hint = "fetch it with invoicer fetch MONTH --draft, and look at it with invoicer items MONTH";
        return Err(Diagnostic::error(message).at(&settings.definition).with_hint(hint));
    };
    let mut bill = Bill::new(month);
    bill.sources.push(BillSource::of(settings, month));
    let length = root.join(path).metadata().with_context(|| cannot("read the file", path))?.len();
    bill.files.push(BillFile { path: path.to_owned(), source: 0, length });
    let mut reading = Reading { root, settings, source: 0, draft: true, bill: &mut bill };
    let problems = saved.read_all(&mut reading, &[0]).err().unwrap_or_default();
    Ok((bill, problems))
}

fn read_source(root: &Path, settings: &SourceSettings, bill: &mut Bill, draft: bool) -> Result<(), Problems> {
    let source = index(bill.sources.len(), "sources")?;
    bill.sources.push(BillSource::of(settings, bill.month));
    let mut reading = Reading { root, settings, source, draft, bill };
    match providers::of(settings.kind) {
        Provider::Saved(saved) => read_saved(saved, &mut reading),
        Provider::Fetched(fetched) => read_snapshot(fetched, &mut reading),
    }
}

/// The index of a bill's next source or file.
fn index(next: usize, what: &str) -> Result<u16, Diagnostic> {
    u16::try_from(next).map_err(|_| Diagnostic::error(format!("more than 65535 {what}")))
}

/// Reads the files that the user saved.
fn read_saved(saved: &dyn SavedBill, reading: &mut Reading<'_>) -> Result<(), Problems> {
    let Reading { root, settings, source, .. } = *reading;
    let named = paths::of_source(root, settings, reading.bill.month)?;
    let Listed { parts, others } = saved.listed(reading, named)?;
    paths::check_endings(settings, &parts)?;
    let mut problems = Problems::default();
    let (mut files, rows_in) = (Vec::with_capacity(parts.len()), parts.len());
    let canonical = |path: &str| root.join(path).canonicalize().ok();
    // A bill may have thousands of files: each is looked up once.
    let mut sources: BTreeMap<Option<PathBuf>, u16> = BTreeMap::new();
    for file in &reading.bill.files {
        sources.entry(canonical(&file.path)).or_insert(file.source);
    }
    for (position, path) in parts.into_iter().chain(others).enumerate() {
        let bill = &mut *reading.bill;
        match sources.entry(canonical(&path)) {
            Entry::Occupied(other) => {
                let first = &bill.sources[usize::from(*other.get())];
                // Each may take other rows of it, by currency or issuer.
                if *other.get() == source || !(first.kind.is_focus() && settings.kind.is_focus()) {
                    problems.push(overlap::file_of_two_sources(&path, &first.name, &settings.name));
                    continue;
                }
            }
            Entry::Vacant(new) => {
                new.insert(source);
            }
        }
        let file = index(bill.files.len(), "files")?;
        let length = root.join(&path).metadata().map_or(0, |metadata| metadata.len());
        bill.files.push(BillFile { path, source, length });
        if position < rows_in {
            files.push(file);
        }
    }
    problems.extend(saved.read_all(reading, &files).err().into_iter().flatten());
    problems.check()
}

/// Reads the fetched bill of a source.
fn read_snapshot(fetched: &dyn FetchedBill, reading: &mut Reading<'_>) -> Result<(), Problems> {
    let (source, month) = (reading.settings, reading.bill.month);
    let Some(snapshot) = Snapshot::open(reading.root, source, month)? else {
        let diagnostic = Diagnostic::error(format!("the bill of {month} was not fetched from \"{}\"", source.name));
        let hint = format!("run invoicer fetch {month}");
        return Err(diagnostic.at(&source.definition).with_hint(hint).into());
    };
    if !snapshot.provenance.is_final && !reading.draft {
        let diagnostic = Diagnostic::error(format!("the bill of {month} was fetched before the month was closed"));
        let hint = format!("run invoicer fetch {month} again once it is, or build a draft with --draft");
        return Err(diagnostic.at(Place::file(&snapshot.path)).with_hint(hint).into());
    }
    Problems::from(snapshot.changes()).check()?;
    read_opened(fetched, reading, &snapshot)
}

/// Reads the charges of a snapshot and the provider's own figures.
fn read_opened(fetched: &dyn FetchedBill, reading: &mut Reading<'_>, snapshot: &Snapshot) -> Result<(), Problems> {
    let source = reading.source;
    let first = reading.bill.files.len();
    for name in snapshot.all_files() {
        let path = format!("{}/{name}", snapshot.path);
        let length = reading.root.join(&path).metadata().map_or(0, |metadata| metadata.len());
        reading.bill.files.push(BillFile { path, source, length });
    }
    index(reading.bill.files.len(), "files")?;
    fetched.read(reading, snapshot, first)?;
    reading.bill.sources[usize::from(source)].statement = statement_of(fetched, reading.settings, snapshot)?;
    Problems::from(overlap::repeated_bodies(reading.bill, source)).check()
}

/// The provider's own figures of a month in a snapshot.
///
/// # Errors
/// Files that are not what its API sends.
pub fn statement(source: &SourceSettings, snapshot: &Snapshot) -> Result<Statement, Problems> {
    match providers::of(source.kind) {
        Provider::Saved(_) => Ok(Statement::default()),
        Provider::Fetched(fetched) => statement_of(fetched, source, snapshot),
    }
}

fn statement_of(
    fetched: &dyn FetchedBill,
    source: &SourceSettings,
    snapshot: &Snapshot,
) -> Result<Statement, Problems> {
    let accepted = snapshot.provenance.accepted_difference.clone();
    let stated = fetched.statement(source, snapshot)?;
    Ok(Statement { is_final: snapshot.provenance.is_final, accepted, ..stated })
}

/// Whether a source has saved files for a month.
pub fn has_files(root: &Path, source: &SourceSettings, month: BillingMonth) -> bool {
    paths::of_source(root, source, month).is_ok()
}

/// SHA-256 of each file of a bill, as lower-case hex.
///
/// # Errors
/// Files that cannot be read again, or have changed since they were read.
pub fn hashes(root: &Path, bill: &Bill) -> Result<Vec<String>, Problems> {
    let mut problems = Problems::default();
    let mut hash = |file: &BillFile| {
        let digest = staging::digest(&root.join(&file.path)).with_context(|| cannot("read the file", &file.path));
        let (length, hash) = problems.keep(digest.map_err(Diagnostic::from))?;
        if length != file.length {
            let changed = Diagnostic::could_not_run("the file changed while it was read").at(Place::file(&file.path));
            problems.push(changed.with_hint("run the command again"));
        }
        Some(hash)
    };
    let hashes = bill.files.iter().filter_map(&mut hash).collect();
    problems.check()?;
    Ok(hashes)
}

/// The text of a bill's row, on one line, to show below a message about it. Rows of a JSON answer are the records of
/// its list, or the lines of the CSV in it. None when the file cannot be read or has no such row.
pub fn row_text(path: &Path, row: u32) -> Option<String> {
    if path.extension().is_some_and(|extension| extension == "json") {
        let text = String::from_utf8(files::read(path, files::DATA).ok()?).ok()?;
        return providers::row_of_json(&text, row);
    }
    let mut reader = BufReader::new(parts::open(path).ok()?);
    let mut bytes = Vec::new();
    for _ in 0..row {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).ok()? == 0 {
            return None;
        }
    }
    let text = decoded::shown(&bytes);
    Some(text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']).to_owned())
}
