//! Adjustments as CSV: a header with the keys of `[[adjustment]]`, then a row each. A row becomes a table of TOML whose
//! values have their places in the CSV, so that one reader checks both forms and every message points at its cell.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, nearest};
use crate::model::definition::Definition;
use crate::workspace::toml_reader::{Section, TomlFile};

/// The columns, as documented; a file need not have those that none of its rows uses.
pub(super) const COLUMNS: [&str; 16] = [
    "id",
    "customer",
    "name",
    "quantity",
    "unit",
    "unit-price",
    "amount",
    "percent",
    "of",
    "tax-category",
    "date",
    "supply",
    "cost",
    "note",
    "currency",
    "tax",
];

/// A cell with its place in the text.
struct Cell<'a> {
    text: Cow<'a, str>,
    span: Range<usize>,
}

/// Reads a file, and passes each row as a section of keys with its place. Mistakes are reported to the file.
pub(super) fn read(file: &TomlFile<'_>, mut add: impl FnMut(&Section<'_, '_>, Definition)) {
    let Some(rows) = split(file) else {
        return;
    };
    let mut rows = rows.into_iter();
    let Some(header) = rows.next() else {
        file.tell(Diagnostic::error("the file has no header").with_hint(header_hint()), 0..0);
        return;
    };
    if !check_header(file, &header) {
        return;
    }
    for row in rows {
        let span = row.first().map_or(0, |cell| cell.span.start)..row.last().map_or(0, |cell| cell.span.end);
        if row.len() != header.len() {
            let message = format!("expected {} cells as in the header, found {}", header.len(), row.len());
            let hint = "put text with commas into quotes: \"…\"";
            file.tell(Diagnostic::error(message).with_hint(hint), span);
            continue;
        }
        let text = file.text.get(span.clone()).unwrap_or_default();
        let place = file.place(span.clone());
        let line = place.line.unwrap_or(1);
        let definition = Definition { path: place.path, line, column: 1, text: one_line(text) };
        let table = table(file, &header, row);
        add(&Section::of(file, "this row", &table, span), definition);
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

fn header_hint() -> String {
    format!("the first line names the columns: `{}`", COLUMNS[..14].join(","))
}

/// Whether the header has the columns that every row needs, and only such as are known, each once.
fn check_header(file: &TomlFile<'_>, header: &[Cell<'_>]) -> bool {
    let told = file.count();
    for (index, cell) in header.iter().enumerate() {
        let name = cell.text.as_ref();
        if !COLUMNS.contains(&name) {
            let diagnostic = Diagnostic::error(format!("unknown column {name:?}"));
            let hint = match nearest(name, COLUMNS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => header_hint(),
            };
            file.tell(diagnostic.with_hint(hint), cell.span.clone());
        } else if header[..index].iter().any(|other| other.text == cell.text) {
            let diagnostic = Diagnostic::error(format!("two columns are named {name:?}"));
            file.tell(diagnostic.with_hint("keep one of them"), cell.span.clone());
        }
    }
    if file.count() == told {
        for needed in ["id", "customer", "name"] {
            if !header.iter().any(|cell| cell.text == needed) {
                let diagnostic = Diagnostic::error(format!("the header has no column {needed:?}"));
                let span =
                    header.first().map_or(0, |cell| cell.span.start)..header.last().map_or(0, |cell| cell.span.end);
                file.tell(diagnostic.with_hint(header_hint()), span);
            }
        }
    }
    file.count() == told
}

/// A row as a table. An empty cell is an absent key.
fn table<'a>(file: &TomlFile<'_>, header: &[Cell<'a>], row: Vec<Cell<'a>>) -> DeTable<'a> {
    let mut table = DeTable::new();
    for (name, cell) in header.iter().zip(row).filter(|(_, cell)| !cell.text.trim().is_empty()) {
        let Cell { text, span } = cell;
        let value = match name.text.as_ref() {
            "of" => of(file, &text, &span),
            _ => DeValue::String(text),
        };
        table.insert(Spanned::new(span.clone(), name.text.clone()), Spanned::new(span, value));
    }
    table
}

/// `*`, a pattern of items, or `item=*; kind=usage`, the keys one by one.
fn of<'a>(file: &TomlFile<'_>, text: &str, span: &Range<usize>) -> DeValue<'a> {
    let mut table = DeTable::new();
    for part in text.split(';') {
        let (key, value) = part.split_once('=').unwrap_or(("item", part));
        let spanned = |text: &str| Cow::<'a, str>::Owned(text.trim().to_owned());
        let value = Spanned::new(span.clone(), DeValue::String(spanned(value)));
        if table.insert(Spanned::new(span.clone(), spanned(key)), value).is_some() {
            let diagnostic = Diagnostic::error(format!("`of` has the key {:?} twice", key.trim()));
            file.tell(diagnostic.with_hint("keep one of them"), span.clone());
        }
    }
    DeValue::Table(table)
}

/// The rows that are not blank, cell by cell (RFC 4180), the header among them; none where the quotes are wrong. The csv
/// crate tells where a row begins and not where its cells are.
fn split<'a>(file: &TomlFile<'a>) -> Option<Vec<Vec<Cell<'a>>>> {
    let text: &'a str = file.text;
    let mut rows: Vec<Vec<Cell<'a>>> = Vec::new();
    let mut row: Vec<Cell<'a>> = Vec::new();
    let mut at = 0;
    loop {
        let (cell, end) = match text[at..].starts_with('"') {
            true => quoted(file, at)?,
            false => {
                let end = text[at..].find([',', '\n']).map_or(text.len(), |length| at + length);
                let plain = text[at..end].strip_suffix('\r').unwrap_or(&text[at..end]);
                let trimmed = plain.trim();
                let start = at + (plain.len() - plain.trim_start().len());
                (Cell { text: Cow::Borrowed(trimmed), span: start..start + trimmed.len() }, end)
            }
        };
        row.push(cell);
        match text.as_bytes().get(end) {
            Some(b',') => at = end + 1,
            found => {
                let done = std::mem::take(&mut row);
                if done.iter().any(|cell| !cell.text.is_empty()) {
                    rows.push(done);
                }
                if found.is_none() {
                    return Some(rows);
                }
                at = end + 1;
            }
        }
    }
}

/// The quoted cell that begins at a byte, and where it ends: at a comma, a line break or the end of the text.
fn quoted<'a>(file: &TomlFile<'a>, start: usize) -> Option<(Cell<'a>, usize)> {
    let text: &'a str = file.text;
    let mut content = String::new();
    let mut at = start + 1;
    loop {
        let Some(length) = text[at..].find('"') else {
            let diagnostic = Diagnostic::error("a quote without its end");
            file.tell(
                diagnostic.with_hint("close it with \"; a quote inside is written twice: \"\""),
                start..start + 1,
            );
            return None;
        };
        content.push_str(&text[at..at + length]);
        at += length + 1;
        if text[at..].starts_with('"') {
            content.push('"');
            at += 1;
            continue;
        }
        let end = if text[at..].starts_with("\r\n") { at + 1 } else { at };
        return match text.as_bytes().get(end) {
            None | Some(b',' | b'\n') => Some((Cell { text: Cow::Owned(content), span: start..at }, end)),
            Some(_) => {
                let diagnostic = Diagnostic::error("text behind a closing quote");
                let hint = "a quote inside a quoted cell is written twice: \"\"";
                file.tell(diagnostic.with_hint(hint), at..at + 1);
                None
            }
        };
    }
}
