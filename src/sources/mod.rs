//! Providers' bytes in, a [`Bill`] out: every row kept, with the file and line it came from.

pub mod absent;
mod credentials;
pub mod drift;
mod endpoint;
pub mod fetch;
pub mod http;
pub mod json;
mod kore;
mod overlap;
mod paths;
mod problems;
mod rounded_ids;
mod sakura;
mod short_month;
pub mod snapshot;
mod soracom;

use std::io::{BufRead, BufReader};
use std::path::Path;

pub use short_month::short_months;
use snapshot::Snapshot;

use crate::diagnostic::{Diagnostic, Place, cause};
use crate::files;
use crate::model::charge::{Bill, BillFile, BillSource};
use crate::model::period::BillingMonth;
use crate::model::settings::{Settings, SourceKind, SourceSettings};
use crate::model::statement::Statement;
use crate::staging;

/// Reads all sources' bills of a month; for a draft, those too that may still change.
///
/// # Errors
/// A source without any file, files that cannot be read, every kind of row that is not understood; a month in which no
/// source exists.
pub fn read(root: &Path, settings: &Settings, month: BillingMonth, draft: bool) -> Result<Bill, Vec<Diagnostic>> {
    let (bill, problems) = read_good(root, &settings.sources, month, draft);
    if problems.is_empty() { Ok(bill) } else { Err(problems) }
}

/// Reads the bills of the sources that can be read, and everything that is wrong with the others: of these the bill has no
/// row.
pub fn read_good(root: &Path, sources: &[SourceSettings], month: BillingMonth, draft: bool) -> (Bill, Vec<Diagnostic>) {
    let mut bill = Bill::new(month);
    let mut problems = Vec::new();
    let mut existing = sources.iter().filter(|source| source.validity.covers(month)).peekable();
    if existing.peek().is_none() && !sources.is_empty() {
        problems.push(absent::no_source(sources, month));
    }
    for source in existing {
        let rows = bill.charges.len();
        if let Err(found) = read_source(root, source, &mut bill, draft) {
            problems.extend(found);
            bill.charges.truncate(rows);
        }
    }
    (bill, problems)
}

fn read_source(root: &Path, source: &SourceSettings, bill: &mut Bill, draft: bool) -> Result<(), Vec<Diagnostic>> {
    let index = u16::try_from(bill.sources.len()).map_err(|_| vec![Diagnostic::error("more than 65535 sources")])?;
    bill.sources.push(BillSource::of(source, bill.month));
    if !source.kind.is_csv() {
        return read_snapshot(root, source, index, bill, draft);
    }
    let paths = paths::of_source(root, source, bill.month).map_err(|diagnostic| vec![diagnostic])?;
    let mut problems = Vec::new();
    for path in paths {
        let canonical = |path: &str| root.join(path).canonicalize().ok();
        if let Some(other) = bill.files.iter().find(|file| canonical(&file.path) == canonical(&path)) {
            let first = &bill.sources[usize::from(other.source)].name;
            problems.push(overlap::file_of_two_sources(&path, first, &source.name));
            continue;
        }
        let file = u16::try_from(bill.files.len()).map_err(|_| vec![Diagnostic::error("more than 65535 files")])?;
        bill.files.push(BillFile { path: path.clone(), source: index, length: 0 });
        let read = match source.kind {
            SourceKind::SakuraCsv => sakura::read_file(bill, index, file, root, draft),
            _ => soracom::read_file(bill, index, file, root, source),
        };
        if let Err(found) = read {
            problems.extend(found);
        }
    }
    if problems.is_empty() {
        problems.extend(overlap::of_files(root, bill, index));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Reads what was fetched of a source.
fn read_snapshot(
    root: &Path,
    source: &SourceSettings,
    index: u16,
    bill: &mut Bill,
    draft: bool,
) -> Result<(), Vec<Diagnostic>> {
    let one = |diagnostic: Diagnostic| vec![diagnostic];
    let month = bill.month;
    let Some(snapshot) = Snapshot::open(root, source, month).map_err(one)? else {
        let diagnostic = Diagnostic::error(format!("the bill of {month} was not fetched from \"{}\"", source.name));
        let hint = format!("run invoicer fetch {month}");
        return Err(one(diagnostic.at(place(source)).with_hint(hint)));
    };
    if !snapshot.provenance.is_final && !draft {
        let diagnostic = Diagnostic::error(format!("the bill of {month} was fetched before the month was closed"));
        let hint = format!("run invoicer fetch {month} again once it is, or build a draft with --draft");
        return Err(one(diagnostic.at(Place::file(&snapshot.path)).with_hint(hint)));
    }
    let changes = snapshot.changes();
    if !changes.is_empty() {
        return Err(changes);
    }
    read_opened(root, source, index, bill, &snapshot, draft)
}

/// Reads the charges of a snapshot, and what the provider says of the month besides.
fn read_opened(
    root: &Path,
    source: &SourceSettings,
    index: u16,
    bill: &mut Bill,
    snapshot: &Snapshot,
    draft: bool,
) -> Result<(), Vec<Diagnostic>> {
    let one = |diagnostic: Diagnostic| vec![diagnostic];
    let first = bill.files.len();
    for name in snapshot.all_files() {
        let path = format!("{}/{name}", snapshot.path);
        let length = root.join(&path).metadata().map_or(0, |metadata| metadata.len());
        bill.files.push(BillFile { path, source: index, length });
    }
    u16::try_from(bill.files.len()).map_err(|_| one(Diagnostic::error("more than 65535 files")))?;
    match source.kind {
        SourceKind::SoracomApi => soracom::read_snapshot(bill, index, first, root, source, snapshot),
        SourceKind::SakuraApi => sakura::read_snapshot(bill, index, first, root, source, snapshot, draft),
        SourceKind::KoreApi => kore::read_snapshot(bill, index, first, snapshot, draft),
        SourceKind::SoracomCsv | SourceKind::SakuraCsv => Ok(()),
    }?;
    bill.sources[usize::from(index)].statement = statement(source, snapshot)?;
    let problems = overlap::repeated_bodies(bill, index);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// What a provider says of a month besides its rows, by what was fetched.
///
/// # Errors
/// Files that are not what its API sends.
pub fn statement(source: &SourceSettings, snapshot: &Snapshot) -> Result<Statement, Vec<Diagnostic>> {
    let stated = match source.kind {
        SourceKind::SoracomApi => soracom::statement(snapshot).map_err(|problem| vec![problem]),
        SourceKind::SakuraApi => sakura::statement(snapshot).map_err(|problem| vec![problem]),
        SourceKind::KoreApi => kore::statement(snapshot, source.currency),
        SourceKind::SoracomCsv | SourceKind::SakuraCsv => Ok(Statement::default()),
    };
    let accepted = snapshot.provenance.accepted_difference.clone();
    Ok(Statement { is_final: snapshot.provenance.is_final, accepted, ..stated? })
}

/// Where a source stands in `invoicer.toml`.
pub fn place(source: &SourceSettings) -> Place {
    Place::line(&source.definition.path, source.definition.line)
}

/// Whether files were saved of a source and month.
pub fn has_files(root: &Path, source: &SourceSettings, month: BillingMonth) -> bool {
    paths::of_source(root, source, month).is_ok()
}

/// SHA-256 of each file of a bill, as lower-case hex.
///
/// # Errors
/// Files that cannot be read again, or are no longer what was read.
pub fn hashes(root: &Path, bill: &Bill) -> Result<Vec<String>, Vec<Diagnostic>> {
    let hash = |file: &BillFile| {
        let place = || Place::file(&file.path);
        match staging::digest(&root.join(&file.path)) {
            Ok((length, hash)) if length == file.length => Ok(hash),
            Ok(_) => Err(Diagnostic::could_not_run("the file changed while it was read")
                .at(place())
                .with_hint("run the command again")),
            Err(error) => {
                Err(Diagnostic::could_not_run(format!("cannot read the file: {}", cause(&error))).at(place()))
            }
        }
    };
    let hashes: Vec<Result<String, Diagnostic>> = bill.files.iter().map(hash).collect();
    let problems: Vec<Diagnostic> = hashes.iter().filter_map(|result| result.as_ref().err().cloned()).collect();
    if problems.is_empty() { Ok(hashes.into_iter().flatten().collect()) } else { Err(problems) }
}

/// The text of a row of a bill, on one line, to be shown below a message about it; rows of an answer in JSON are the
/// records of its list, or the lines of the CSV in it. None when the file cannot be read or has no such row.
pub fn row_text(path: &Path, row: u32) -> Option<String> {
    if path.extension().is_some_and(|extension| extension == "json") {
        let text = String::from_utf8(files::read(path, files::DATA).ok()?).ok()?;
        return sakura::line(&text, row).or_else(|| kore::record(&text, row));
    }
    let mut reader = BufReader::new(files::open(path).ok()?);
    let mut bytes = Vec::new();
    for _ in 0..row {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    Some(text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']).to_owned())
}
