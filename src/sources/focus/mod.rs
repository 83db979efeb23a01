//! Bills in FOCUS, the FinOps Open Cost and Usage Specification, versions 1.0 to 1.4: <https://focus.finops.org>.
//!
//! One bill consists of any number of CSV files, plain or compressed. Columns are found by name, in any order; those that
//! no rule uses are ignored. All times are UTC.

mod columns;
mod rows;
mod tags;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use csv::ByteRecord;
use rayon::prelude::*;

use super::manifest::{self, Listed};
use super::overlap;
use super::parts;
use super::provider::{Reading, SavedBill};
use super::stated_totals;
use super::table::{End, Table};
use crate::diagnostic::{Diagnostic, Figure, Place, Problems, cannot};
use crate::model::charge::Bill;
use crate::model::focus::FocusFigures;
use crate::model::settings::SourceSettings;
use columns::Columns;
use rows::{ReadRows, RowReader};

/// Name of the figures in the error about too many digits.
const SUMS: &str = "the sums of the bill";

/// Maximum number of units, and of periods outside the month: a charge has sixteen bits for each.
const MOST: usize = u16::MAX as usize;

/// Bills that the user saved.
pub(super) struct SavedCsv;

impl SavedBill for SavedCsv {
    fn listed(&self, reading: &Reading<'_>, named: Vec<String>) -> Result<Listed, Problems> {
        let Listed { parts, others: totals } = stated_totals::listed(reading, named);
        let mut listed = manifest::listed(reading.root, parts)?;
        listed.others.extend(totals);
        Ok(listed)
    }

    /// Reads as many parts at once as there are threads, and adds them in their order.
    fn read_all(&self, reading: &mut Reading<'_>, files: &[u16]) -> Result<(), Problems> {
        let Reading { root, settings, source, draft, .. } = *reading;
        let bill = &mut *reading.bill;
        if settings.is_open() && !draft {
            return Err(still_open(settings, bill).into());
        }
        let place = || Place::from(&settings.definition);
        let mut figures = FocusFigures::default();
        let mut lengths: Vec<(u16, u64)> = Vec::new();
        let mut problems = Problems::default();
        for batch in files.chunks(rayon::current_num_threads()) {
            let read = |file: &u16| read_part(root, settings, (source, *file), bill.without_rows());
            let parts: Vec<Result<Part, Diagnostic>> = batch.par_iter().map(read).collect();
            for (file, part) in batch.iter().zip(parts) {
                let Some(Part { rows, length, size }) = problems.keep(part) else { continue };
                bill.files[usize::from(*file)].length = size;
                lengths.push((*file, length));
                problems.extend(rows.problems.into_diagnostics(0));
                if bill.row_units.values().len() + rows.bill.row_units.values().len() > MOST
                    || bill.other_periods.values().len() + rows.bill.other_periods.values().len() > MOST
                {
                    return Err(Diagnostic::error("the bill has more than 65535 units or periods").at(place()).into());
                }
                bill.append(rows.bill, 0);
                figures.merge(rows.figures).of_at(SUMS, place)?;
            }
        }
        let path = |file: u16| bill.files[usize::from(file)].path.as_str();
        let lengths: Vec<(&str, u64)> = lengths.iter().map(|(file, length)| (path(*file), *length)).collect();
        problems.extend(parts::copies(root, &lengths));
        problems.extend(overlap::rows_of_two_sources(root, bill, source));
        problems.check()?;
        let totals = stated_totals::path(settings, bill.month);
        let has_totals = bill.files.iter().any(|file| file.source == source && file.path == totals);
        let read = &mut bill.sources[usize::from(source)];
        if has_totals {
            stated_totals::read(root, &totals, &mut read.statement)?;
        }
        read.stated_tax = Some(figures.taxes.sum.total().of_at(SUMS, place)?);
        read.focus = Some(Arc::new(figures));
        Ok(())
    }
}

/// What was read of one file.
struct Part {
    rows: ReadRows,
    /// The length of its decompressed content.
    length: u64,
    /// The length of the file itself.
    size: u64,
}

/// Reads one file into a bill without rows.
fn read_part(root: &Path, settings: &SourceSettings, of: (u16, u16), bill: Bill) -> Result<Part, Diagnostic> {
    let path = bill.files[usize::from(of.1)].path.clone();
    let size = root.join(&path).metadata().with_context(|| cannot("read the file", &path))?.len();
    let (mut table, header) = Table::open(root, &path)?;
    let columns = Columns::find(&header, &settings.focus, &path)?;
    let mut rows = RowReader::new(bill, of, &columns, &settings.focus);
    let (mut record, mut previous) = (ByteRecord::new(), ByteRecord::new());
    while let Some(row) = table.read(&mut record)? {
        rows.read(&record, &previous, row);
        std::mem::swap(&mut record, &mut previous);
    }
    let length = match table.end(root)? {
        End::Whole { length } => length,
        End::WithinQuotes { row, line } => {
            rows.cut_off(row, line);
            0
        }
    };
    Ok(Part { rows: rows.finish(), length, size })
}

/// Error for a month that may still change.
fn still_open(settings: &SourceSettings, bill: &Bill) -> Diagnostic {
    let message = format!("the bill of {} from \"{}\" may still change", bill.month, settings.name);
    let note = "providers change a month until about two weeks after its end, and no column says when they are done";
    Diagnostic::error(message).at(&settings.definition).with_note(note).with_hint(format!(
        "once the provider has issued its invoice, add --final {} or write final = true in its [[source]]; until then build \
         a draft with --draft",
        settings.name
    ))
}
