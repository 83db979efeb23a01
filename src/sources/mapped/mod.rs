//! Tables of any provider, of which the workspace maps the columns (`[source.columns]`): see [`Mapping`].
//!
//! A table is a CSV with titles above its header, totals below its rows, and numbers and days as people write them. Each
//! of its rows becomes one charge or is left out for a reason; both are counted, and together are all rows.

mod columns;
mod rows;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use csv::ByteRecord;

use super::manifest::Listed;
use super::provider::{Reading, SavedBill};
use super::table::{End, Form, Table, check_encoding};
use super::{overlap, parts, rounded_ids, stated_totals};
use crate::diagnostic::{Diagnostic, Figure, Place, Problems, cannot};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::mapping::{MappedFigures, Mapping};
use crate::model::settings::SourceSettings;
use columns::Columns;
use rows::RowReader;

/// Name of the figures in the error about too many digits.
const SUMS: &str = "the sums of the bill";

/// Tables that the user saved.
pub(super) struct SavedCsv;

impl SavedBill for SavedCsv {
    fn listed(&self, reading: &Reading<'_>, named: Vec<String>) -> Result<Listed, Problems> {
        Ok(stated_totals::listed(reading, named))
    }

    fn read_all(&self, reading: &mut Reading<'_>, files: &[u16]) -> Result<(), Problems> {
        let Reading { root, settings, source, draft, .. } = *reading;
        let Some(mapping) = &settings.mapping else {
            return Err(Diagnostic::error("the source has no [source.columns]").at(&settings.definition).into());
        };
        let bill = &mut *reading.bill;
        if settings.is_open() && !draft {
            return Err(still_open(settings, bill).into());
        }
        let mut figures = MappedFigures::default();
        let mut lengths: Vec<(u16, u64)> = Vec::new();
        let mut problems = Problems::default();
        for file in files {
            let length = read_file(root, mapping, (source, *file), bill, &mut figures);
            lengths.extend(problems.keep(length).map(|length| (*file, length)));
        }
        let totals = stated_totals::path(settings, bill.month);
        let is_there = bill.files.iter().any(|file| file.source == source && file.path == totals);
        let has_stated = has_stated_tax(mapping, settings.currency);
        let tax = figures.tax().of_at(SUMS, || Place::from(&settings.definition))?;
        let read = &mut bill.sources[usize::from(source)];
        if is_there {
            problems.extend(stated_totals::read(root, &totals, &mut read.statement).err());
        }
        read.stated_tax = has_stated.then_some(tax);
        read.mapped = Some(Arc::new(figures));
        if problems.is_empty() {
            let path = |file: u16| bill.files[usize::from(file)].path.as_str();
            let lengths: Vec<(&str, u64)> = lengths.iter().map(|(file, length)| (path(*file), *length)).collect();
            problems.extend(parts::copies(root, &lengths));
        }
        if problems.is_empty() {
            problems.extend(overlap::of_files(root, bill, source));
        }
        problems.check()
    }
}

/// Whether the tax of the provider's invoice is what the rows state. Where they state none, Japan's is added to a sum in
/// yen; a provider that bills in another currency is abroad, and its invoice has no such tax.
fn has_stated_tax(mapping: &Mapping, currency: Currency) -> bool {
    let in_rows = mapping.tax_included || mapping.columns.tax.is_some() || !mapping.tax_rows.is_empty();
    in_rows || currency != Currency::JPY
}

/// Reads one file into the bill; returns the length of its decompressed content.
fn read_file(
    root: &Path,
    mapping: &Mapping,
    (source, file): (u16, u16),
    bill: &mut Bill,
    figures: &mut MappedFigures,
) -> Result<u64, Problems> {
    let path = bill.files[usize::from(file)].path.clone();
    let size = root.join(&path).metadata().with_context(|| cannot("read the file", &path))?.len();
    bill.files[usize::from(file)].length = size;
    let form = Form { separator: mapping.delimiter, encoding: Some(mapping.encoding) };
    let mut table = Table::begin(root, &path, form)?;
    let (mut record, mut previous) = (ByteRecord::new(), ByteRecord::new());
    let (columns, mut next) = header(&mut table, &mut record, mapping, &path)?;
    let first_subject = bill.subjects.len();
    let mut rows = RowReader::new(bill, (source, file), &columns, mapping, figures)?;
    while let Some(row) = next {
        rows.read(&record, &previous, row);
        std::mem::swap(&mut record, &mut previous);
        next = table.read(&mut record)?;
    }
    let length = match table.end(root)? {
        End::Whole { length } => length,
        End::WithinQuotes { row, line } => {
            rows.cut_off(row, line);
            0
        }
    };
    let mut problems = Problems::from(rows.finish().into_diagnostics(0));
    if problems.is_empty() {
        problems.extend(rounded_ids::of_file(bill, file, first_subject));
    }
    problems.check()?;
    Ok(length)
}

/// Reads up to the first row, which is left in `record`: returns the columns and the line of that row, if there is one.
fn header(
    table: &mut Table<'_>,
    record: &mut ByteRecord,
    mapping: &Mapping,
    path: &str,
) -> Result<(Columns, Option<u32>), Diagnostic> {
    let mut next = table.read(record)?;
    if next.is_none() {
        let hint = "a table has at least its header; save it again";
        return Err(Diagnostic::error("the file is empty").at(Place::file(path)).with_hint(hint));
    }
    check_encoding(record).map_err(|problem| problem.at(Place::file(path)))?;
    let mut columns = None;
    if let Some(line) = mapping.header_row {
        while next.is_some_and(|found| found < line) {
            next = table.read(record)?;
        }
        if next != Some(line) {
            return Err(no_header(path, line, next));
        }
        let place = || columns::place(path, line, record, mapping.delimiter);
        columns = Some(Columns::find(&columns::names(record), mapping, place)?);
        next = table.read(record)?;
    }
    while next.is_some_and(|found| found < mapping.first_row) {
        next = table.read(record)?;
    }
    let columns = match columns {
        Some(columns) => columns,
        None => {
            let count = if next.is_some() { record.len() } else { 0 };
            if count == 0 {
                let message = format!("the table has no row from line {} on", mapping.first_row);
                let hint = "first-row in its [[source]] is the line of the first row";
                return Err(Diagnostic::error(message).at(Place::file(path)).with_hint(hint));
            }
            let line = next.unwrap_or(mapping.first_row);
            let place = || columns::place(path, line, record, mapping.delimiter);
            Columns::find(&columns::numbered(count), mapping, place)?
        }
    };
    Ok((columns, next))
}

fn no_header(path: &str, line: u32, next: Option<u32>) -> Diagnostic {
    let message = match next {
        None => format!("the file ends before line {line}, where header-row says the names of its columns are"),
        Some(_) => format!("line {line}, where header-row says the names of the columns are, begins no row"),
    };
    let hint = "header-row in its [[source]] is the line in the file, empty lines counted";
    Diagnostic::error(message).at(Place::file(path)).with_hint(hint)
}

/// Error for a month that may still change.
fn still_open(settings: &SourceSettings, bill: &Bill) -> Diagnostic {
    let message = format!("the bill of {} from \"{}\" may still change", bill.month, settings.name);
    Diagnostic::error(message).at(&settings.definition).with_hint(format!(
        "its [[source]] has final = false: once the provider has issued its invoice, add --final {}; until then build a draft \
         with --draft",
        settings.name
    ))
}
