//! SORACOM's detailed billing CSV. Days and months are UTC; amounts exclude tax; there is no currency column.
//!
//! Format: <https://users.soracom.io/ja-jp/guides/accounting/check-usage/billing-csv/>. Columns are found by name,
//! in any order; those that are not amount items are tags or groups.

mod api;
mod columns;
mod credentials;
mod fetch;
mod names;
mod region;
mod rows;
mod statement;

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::Context;
use csv::ByteRecord;
use rayon::prelude::*;

use super::cells::{cell, is_blank, reader};
use super::provider::{FetchedBill, Finality, ProviderMonth, ReachesEnd, Reading, SavedBill, each_file};
use super::rounded_ids;
use super::snapshot::{Session, Snapshot};
use crate::diagnostic::{Diagnostic, Place, Problems, cannot};
use crate::environment::Environment;
use crate::files;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;
use crate::model::statement::Statement;
use columns::Columns;
use region::Region;

/// The CSV in a snapshot.
const EXPORT: &str = "export.csv";

/// CSVs saved from the user console.
pub(super) struct SavedCsv;

impl SavedBill for SavedCsv {
    fn read_all(&self, reading: &mut Reading<'_>, files: &[u16]) -> Result<(), Problems> {
        each_file(reading, files, read_file)
    }

    fn reaches_end(&self) -> Option<ReachesEnd> {
        Some(reaches_end)
    }
}

/// Bills from the API: the same CSV, with lists of SIMs and groups.
pub(super) struct Fetched;

impl FetchedBill for Fetched {
    fn read(&self, reading: &mut Reading<'_>, snapshot: &Snapshot, first: usize) -> Result<(), Problems> {
        let position = snapshot.provenance.files.iter().position(|file| file.path == EXPORT);
        let file = position.and_then(|position| u16::try_from(first + position).ok()).ok_or_else(|| {
            let diagnostic = Diagnostic::error(format!("the fetched bill has no {EXPORT}"));
            let (month, name) = (reading.bill.month, &reading.settings.name);
            let hint = format!("fetch it again: invoicer fetch {month} --source {name} --force");
            diagnostic.at(Place::file(&snapshot.path)).with_hint(hint)
        })?;
        read_file(reading, file)?;
        Ok(names::fill_in(reading.bill, reading.source, snapshot)?)
    }

    fn statement(&self, _: &SourceSettings, snapshot: &Snapshot) -> Result<Statement, Problems> {
        Ok(statement::statement(snapshot)?)
    }

    fn fetch(&self, session: &Session<'_>) -> Result<Finality, Diagnostic> {
        fetch::fetch(session)
    }

    fn months(&self, source: &SourceSettings, environment: &Environment) -> Result<Vec<ProviderMonth>, Diagnostic> {
        statement::months(source, environment)
    }

    fn reaches_end(&self) -> Option<(&'static str, ReachesEnd)> {
        Some((EXPORT, reaches_end))
    }
}

/// Reads one file's rows into `bill`.
///
/// Reads a large file in parallel, one region per thread. If any region has an error, reads the file again from
/// beginning to end, so that messages do not depend on the number of cores.
///
/// # Errors
/// Missing columns, and every kind of invalid row, with the first place and a count.
fn read_file(reading: &mut Reading<'_>, file: u16) -> Result<(), Problems> {
    let Reading { root, settings, source, .. } = *reading;
    let bill = &mut *reading.bill;
    let path = bill.files[usize::from(file)].path.clone();
    let full = root.join(&path);
    let unreadable = || cannot("read the file", &path);
    let length = full.metadata().with_context(unreadable)?.len();
    bill.files[usize::from(file)].length = length;
    let header = read_header(&full).with_context(unreadable)?.ok_or_else(|| {
        let diagnostic = Diagnostic::error("the file is empty").at(Place::file(&path));
        diagnostic.with_hint("a bill begins with a header row even when nothing was used; fetch the file again")
    })?;
    if header.is_utf16() {
        let diagnostic = Diagnostic::error("the file is UTF-16, expected UTF-8").at(Place::file(&path));
        return Err(diagnostic
            .with_hint("use the file as it was downloaded; a spreadsheet may have saved it as \"Unicode text\"")
            .into());
    }
    if (0..header.record.len()).any(|index| cell(&header.record, index).contains(&b'\r')) {
        let diagnostic = Diagnostic::error("the file's lines end with a carriage return alone, expected a line feed");
        let hint = "use the file as it was downloaded; a program for old Macintosh computers may have changed it";
        return Err(diagnostic.at(Place::file(&path)).with_hint(hint).into());
    }
    let columns = Columns::find(&header.record, &settings.group_columns, &path)?;

    let read = |region: Region| region.read(&full, bill.without_rows(), source, file, &columns);
    let regions = region::regions(&full, header.end, length).with_context(unreadable)?;
    let several = regions.len() > 1;
    let parts: Vec<io::Result<region::Part>> = regions.into_par_iter().map(read).collect();
    let mut parts = parts.into_iter().collect::<io::Result<Vec<region::Part>>>().with_context(unreadable)?;
    if several && parts.iter().any(region::Part::is_doubtful) {
        parts = vec![read(Region { start: header.end, end: length }).with_context(unreadable)?];
    }
    let mut lines = header.lines;
    let mut problems = Problems::default();
    let first_subject = bill.subjects.len();
    for part in parts {
        // Only a region with all rows can have problems here, so its lines need no other offset.
        problems.extend(part.problems.into_diagnostics(lines));
        bill.append(part.bill, lines);
        lines += part.lines;
    }
    if problems.is_empty() {
        problems.extend(rounded_ids::of_file(bill, file, first_subject));
    }
    problems.check()
}

/// Whether a file has a row of its month's last day. Reads no further than the first such row, and skips invalid rows,
/// because this is not the bill that is being built.
///
/// # Errors
/// When the file cannot be read.
fn reaches_end(path: &Path, month: BillingMonth) -> io::Result<bool> {
    let Some(header) = read_header(path)? else {
        return Ok(false);
    };
    let Some(date) = (0..header.record.len()).find(|index| cell(&header.record, *index) == b"date") else {
        return Ok(false);
    };
    let last = month.last().format("%Y%m%d").to_string().into_bytes();
    let mut file = files::open(path)?;
    file.seek(SeekFrom::Start(header.end))?;
    let mut reader = reader(file);
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(io::Error::other)? {
        if cell(&record, date) == last {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The header row, where it ends, and its number of lines.
struct Header {
    record: ByteRecord,
    end: u64,
    lines: u32,
}

impl Header {
    /// Whether it is in UTF-16, with or without byte order mark, where every other byte of ASCII text is zero.
    fn is_utf16(&self) -> bool {
        let first = self.record.get(0).unwrap_or_default();
        first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") || first.contains(&0)
    }
}

/// Reads the first record, after a byte order mark; none when the file has no record.
fn read_header(path: &Path) -> io::Result<Option<Header>> {
    let mut file = files::open(path)?;
    let mut mark = Vec::new();
    file.by_ref().take(3).read_to_end(&mut mark)?;
    let skipped = if mark == b"\xef\xbb\xbf" { 3 } else { 0 };
    file.seek(SeekFrom::Start(skipped))?;
    let mut reader = reader(file);
    let mut record = ByteRecord::new();
    loop {
        if !reader.read_byte_record(&mut record).map_err(io::Error::other)? {
            return Ok(None);
        }
        if !is_blank(&record) {
            break;
        }
    }
    let end = skipped + reader.position().byte();
    let lines = u32::try_from(reader.position().line() - 1).unwrap_or(u32::MAX);
    Ok(Some(Header { record, end, lines }))
}
