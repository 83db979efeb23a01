//! Reads the tables that say who has which resource (`assignments` of a `[[source]]`) as [`Assignments`].

mod changes;
mod faults;

use std::ops::Range;
use std::path::Path;

use anyhow::Context;
use csv::{ByteRecord, ReaderBuilder};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

pub use self::changes::{changed_rows, is_table};
use self::faults::{Fault, Faults};
use super::customer_ids::known_customers;
use super::day_values::days_between;
use crate::diagnostic::{Diagnostic, Place, cannot, nearest};
use crate::files;
use crate::model::assignments::{AssignmentFile, AssignmentRow, Assignments};
use crate::model::customer::Customer;
use crate::model::identifier::is_number_pattern;
use crate::model::matcher::normalized;
use crate::model::settings::SourceSettings;

/// The columns; those after the first four can be left out and are for people.
const COLUMNS: [&str; 6] = ["resource", "customer", "from", "until", "plan", "note"];

/// How the first line looks.
const HEADER: &str = "resource,customer,from,until";

/// Tables with their bytes, for the record of what was read.
pub(super) type ReadFiles = Vec<(String, Vec<u8>)>;

/// Reads the tables of all sources; errors go to `problems`.
pub(super) fn read(
    root: &Path,
    sources: &[SourceSettings],
    customers: &[Customer],
    problems: &mut Vec<Diagnostic>,
) -> (Assignments, ReadFiles) {
    let ids = customers.iter().zip(0..).map(|(customer, index)| (customer.id.as_str(), index)).collect();
    let mut reader = TableReader { ids, files: Vec::new(), rows: Vec::new() };
    let mut read: ReadFiles = Vec::new();
    for (index, source) in (0..).zip(sources) {
        let Some(pattern) = &source.assignments else {
            continue;
        };
        let paths = match paths(root, pattern, source) {
            Ok(paths) => paths,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for path in paths {
            let bytes = files::read(&root.join(&path), files::DATA).with_context(|| cannot("read the file", &path));
            match bytes {
                Ok(bytes) => {
                    problems.extend(reader.file(index, &path, &bytes));
                    if !read.iter().any(|(known, _)| *known == path) {
                        read.push((path, bytes));
                    }
                }
                Err(error) => problems.push(error.into()),
            }
        }
    }
    let assignments = Assignments::new(reader.files, reader.rows);
    problems.extend(faults::repeated(&assignments));
    (assignments, read)
}

/// The tables that a pattern names.
fn paths(root: &Path, pattern: &str, source: &SourceSettings) -> Result<Vec<String>, Diagnostic> {
    let paths = files::expand(root, pattern)?;
    match paths.is_empty() {
        false => Ok(paths),
        true => Err(Diagnostic::error(format!("no table of assignments: no file {pattern}"))
            .at(&source.definition)
            .with_hint(format!("save it as {}, with the first line {HEADER}", path_for(pattern, &source.name)))),
    }
}

/// A path that a pattern matches: `assignments/soracom.csv` for `assignments/soracom*.csv` and, of that source,
/// `assignments/*.csv`.
fn path_for(pattern: &str, source: &str) -> String {
    let component = |component: &str| {
        let plain = component.replace('*', "").replace('?', "1");
        // Hidden files do not match a wildcard.
        let is_named = component.starts_with('.') || !plain.is_empty() && !plain.starts_with('.');
        if is_named { plain } else { format!("{source}{plain}") }
    };
    pattern.split('/').map(component).collect::<Vec<String>>().join("/")
}

struct TableReader<'a> {
    /// Customers by id.
    ids: FxHashMap<&'a str, u32>,
    files: Vec<AssignmentFile>,
    rows: Vec<AssignmentRow>,
}

/// Positions of the columns that are read.
struct Columns([usize; 4]);

impl TableReader<'_> {
    /// Reads a table of the source with that index.
    fn file(&mut self, source: u16, path: &str, bytes: &[u8]) -> Vec<Diagnostic> {
        let text = match text(path, bytes) {
            Ok(text) => text,
            Err(problem) => return vec![problem],
        };
        let Ok(file) = u16::try_from(self.files.len()) else {
            return vec![Diagnostic::error("too many tables of assignments").at(Place::file(path))];
        };
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut header = ByteRecord::new();
        // Reading from memory fails for nothing but records of other lengths, which `flexible` allows.
        if !reader.read_byte_record(&mut header).unwrap_or(false) {
            let problem = Diagnostic::error("the table of assignments is empty").at(Place::file(path));
            return vec![problem.with_hint(format!("its first line is {HEADER}"))];
        }
        let columns = match columns_of(&header) {
            Ok(columns) => columns,
            Err(problem) => {
                let first = text.lines().zip(1..).find(|(line, _)| !line.is_empty());
                let (line, number) = first.unwrap_or_default();
                return vec![problem.at(Place::line(path, number).with_excerpt(line))];
            }
        };
        let body = reader.position().byte() as usize;
        let pieces: Vec<(Vec<AssignmentRow>, Faults<'_>)> = pieces(&text, body, PIECE)
            .into_par_iter()
            .map(|(piece, line)| self.rows_of(path, (file, source), &columns, (&text, piece), line))
            .collect();
        let mut faults = Faults::new(path);
        for (rows, others) in pieces {
            self.rows.extend(rows);
            faults.merge(others);
        }
        self.files.push(AssignmentFile { path: path.to_owned(), text });
        faults.into_diagnostics()
    }

    /// Reads the rows of a part of a text, which begins at that line.
    fn rows_of<'p>(
        &self,
        path: &'p str,
        (file, source): (u16, u16),
        columns: &Columns,
        (text, piece): (&str, Range<usize>),
        first_line: u32,
    ) -> (Vec<AssignmentRow>, Faults<'p>) {
        let text = &text[..piece.end];
        let bytes = &text.as_bytes()[piece.start..];
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut record = ByteRecord::new();
        let (mut rows, mut faults) = (Vec::new(), Faults::new(path));
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let (start, line) = record.position().map_or((0, 1), |at| (at.byte() as usize, at.line() as u32));
            let (start, end) = (piece.start + start, piece.start + reader.position().byte() as usize);
            // The position is that of blank lines before the row.
            let written = text.get(start..end).unwrap_or_default();
            let blank = written.len() - written.trim_start_matches(['\r', '\n']).len();
            let (blank, written) = written.split_at(blank);
            let line = first_line + line - 1 + blank.matches('\n').count() as u32;
            match self.row(columns, &record, (start + blank.len(), written)) {
                Ok(row) => rows.push(AssignmentRow { line, file, source, ..row }),
                Err(fault) => faults.add(fault, line, written),
            }
        }
        (rows, faults)
    }

    /// Reads a row, which is written at a byte of the file.
    fn row(
        &self,
        columns: &Columns,
        record: &ByteRecord,
        (start, written): (usize, &str),
    ) -> Result<AssignmentRow, Fault> {
        let cell = |index: usize| std::str::from_utf8(record.get(columns.0[index]).unwrap_or_default()).unwrap_or("");
        if record.get(columns.0[0]).is_none() || record.get(columns.0[1]).is_none() {
            return Err(Fault::new(
                "cells",
                "the row has too few cells".to_owned(),
                format!("its first line is {HEADER}"),
            ));
        }
        if memchr::memchr(b'\n', record.as_slice()).is_some() {
            // A stray quote takes up all rows to the next one.
            let message = "a quote that does not end on the same line".to_owned();
            return Err(Fault::new("quote", message, "close it, or remove the line break".to_owned()));
        }
        let (resource, customer) = (cell(0), cell(1));
        check_resource(resource)?;
        let at = written.find(resource).unwrap_or(0);
        let (Ok(start), Ok(length)) = (u32::try_from(start + at), u16::try_from(resource.len())) else {
            let message = "the id or the table is too long".to_owned();
            return Err(Fault::new("long", message, "split the table into several files".to_owned()));
        };
        let customer = *self.ids.get(customer).ok_or_else(|| self.unknown(customer))?;
        let days = days_between([cell(2), cell(3)]).map_err(|(at, message)| {
            let (column, written) = (COLUMNS[at + 2], cell(at + 2));
            let kind = if message.is_some() { "no day" } else { "day" };
            let message = message.unwrap_or_else(|| {
                format!("expected a day such as 2022-08-11 or a month such as 202208 in {column}, found {written:?}")
            });
            Fault::new(kind, message, "leave the cell empty where the assignment has no beginning or end".to_owned())
        })?;
        if let (Some(from), Some(until)) = (days.from, days.until)
            && until < from
        {
            let message = format!("until {until} is before from {from}");
            return Err(Fault::new("order", message, "both days are included; swap them".to_owned()));
        }
        Ok(AssignmentRow { days, customer, line: 0, start, length, file: 0, source: 0 })
    }

    fn unknown(&self, customer: &str) -> Fault {
        if customer.is_empty() {
            let hint = "write the id of a customer, the name of its file in customers/".to_owned();
            return Fault::new("customer", "the row names no customer".to_owned(), hint);
        }
        let kind = format!("customer {customer}");
        let message = format!("there is no customer {customer:?}: no file customers/{customer}.toml");
        let mut ids: Vec<&str> = self.ids.keys().copied().collect();
        ids.sort_unstable();
        Fault { kind, message, hint: known_customers(customer, &ids) }
    }
}

/// Size of the pieces that are read at once, on all cores: a row of ids and days has some fifty bytes.
const PIECE: usize = 4 << 20;

/// Pieces of a text of whole lines, of at least that size, from a byte on, each with the number of its first line. A row has no line break:
/// one inside quotes is a fault, whichever way it is read.
fn pieces(text: &str, from: usize, size: usize) -> Vec<(Range<usize>, u32)> {
    let mut pieces = Vec::new();
    let lines = |range: Range<usize>| memchr::memchr_iter(b'\n', &text.as_bytes()[range]).count() as u32;
    let (mut start, mut line) = (from, 1 + lines(0..from));
    while start < text.len() {
        let least = start.saturating_add(size).min(text.len());
        let end = memchr::memchr(b'\n', &text.as_bytes()[least..]).map_or(text.len(), |at| least + at + 1);
        pieces.push((start..end, line));
        line += lines(start..end);
        start = end;
    }
    pieces
}

/// The text of a table.
fn text(path: &str, bytes: &[u8]) -> Result<String, Diagnostic> {
    let row = |at: usize| {
        let line = memchr::memchr_iter(b'\n', &bytes[..at]).count() + 1;
        Place::line(path, u32::try_from(line).unwrap_or(u32::MAX))
    };
    if let Some(at) = memchr::memchr(0, bytes) {
        // UTF-16 has a zero byte in each character of ASCII.
        let utf_16 = at < 4;
        let message = if utf_16 { "the table is UTF-16, not UTF-8" } else { "a NUL byte in the row" };
        return Err(Diagnostic::error(message).at(row(at)).with_hint("save it as UTF-8"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let problem = Diagnostic::error("the row is not UTF-8").at(row(error.valid_up_to()));
        problem.with_hint("save the table as \"CSV UTF-8\": a spreadsheet's plain CSV may be Shift_JIS")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Looking for what is not in NFC takes longer than all the rest, and ASCII has nothing of it.
    Ok(if text.is_ascii() { text.to_owned() } else { normalized(text).into_owned() })
}

/// The columns by their names.
fn columns_of(header: &ByteRecord) -> Result<Columns, Diagnostic> {
    let names: Vec<&str> = header.iter().map(|name| std::str::from_utf8(name).unwrap_or("").trim()).collect();
    if let [name] = names.as_slice() {
        let separators = [
            (';', "the table is separated by semicolons, not by commas"),
            ('\t', "the table is separated by tabs, not by commas"),
        ];
        for (separator, message) in separators {
            if name.contains(separator) {
                return Err(Diagnostic::error(message).with_hint("save it as \"CSV UTF-8 (comma delimited)\""));
            }
        }
    }
    for (index, name) in names.iter().enumerate() {
        if !COLUMNS.contains(name) {
            let problem = Diagnostic::error(format!("unknown column {name:?} in a table of assignments"));
            return Err(problem.with_hint(match nearest(name, COLUMNS) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("its columns are {}", COLUMNS.join(", ")),
            }));
        }
        if names[..index].contains(name) {
            return Err(Diagnostic::error(format!("two columns {name:?}")).with_hint("keep one of them"));
        }
    }
    let mut columns = [0; 4];
    for (place, name) in columns.iter_mut().zip(COLUMNS) {
        *place = names.iter().position(|known| *known == name).ok_or_else(|| {
            Diagnostic::error(format!("a table of assignments needs a column {name:?}"))
                .with_hint(format!("its first line is {HEADER}"))
        })?;
    }
    Ok(Columns(columns))
}

/// Refuses what is no resource's id: it would match nothing, and nobody would notice.
fn check_resource(resource: &str) -> Result<(), Fault> {
    if !resource.is_empty() && resource.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    if resource.is_empty() {
        return Err(Fault::new("empty", "the row names no resource".to_owned(), "write its id".to_owned()));
    }
    if resource.contains(char::is_whitespace) {
        let message = format!("a space in the resource {resource:?}");
        return Err(Fault::new("space", message, "remove it: ids have no spaces".to_owned()));
    }
    if resource.contains(['*', '?']) {
        let message = format!("a wildcard in the resource {resource:?}");
        let hint = "write each id in a row of its own, or a [[match]] in the customer's file".to_owned();
        return Err(Fault::new("wildcard", message, hint));
    }
    if resource.contains('"') || resource.contains(char::is_control) {
        let message = format!("expected an id in resource, found {resource:?}");
        return Err(Fault::new("id", message, "write the id as the provider's bill has it".to_owned()));
    }
    if is_number_pattern(resource) {
        let message =
            format!("expected an id in resource, found the number {resource:?}: a spreadsheet dropped its digits");
        let hint = "take the id from the provider's list; in a spreadsheet, import this column as text".to_owned();
        return Err(Fault::new("number", message, hint));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{path_for, pieces};

    #[test]
    fn a_missing_table_can_be_saved_where_it_is_looked_for() {
        for (pattern, expected) in [
            ("assignments/*.csv", "assignments/soracom.csv"),
            ("assignments/soracom*.csv", "assignments/soracom.csv"),
            ("./*/sims-??.csv", "./soracom/sims-11.csv"),
            ("sims.csv", "sims.csv"),
        ] {
            assert_eq!(path_for(pattern, "soracom"), expected, "{pattern}");
        }
    }

    #[test]
    fn pieces_are_whole_lines_with_their_numbers() {
        let text = "head\naa\n\nbbbb\nc\ndd";
        for size in 0..20 {
            let found = pieces(text, 5, size);
            let joined: String = found.iter().map(|(piece, _)| &text[piece.clone()]).collect();
            assert_eq!(joined, &text[5..], "{size}");
            for (piece, line) in found {
                assert!(text[..piece.start].ends_with('\n'), "{size}");
                assert_eq!(text[..piece.start].matches('\n').count() as u32 + 1, line, "{size}");
            }
        }
        assert_eq!(pieces("head\n", 5, 4), []);
    }
}
