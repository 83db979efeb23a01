//! Tables as accounting programs read them: cells are checked, encoded and quoted, and documents stay whole where a file
//! may hold only so much.

use std::collections::BTreeSet;

use super::ExportFile;
use super::booking::Booking;
use super::encoding::Encoding;
use crate::diagnostic::{Diagnostic, Problems};
use crate::out::defused;

/// How a table is written.
#[derive(Clone, Copy)]
pub(super) struct Writing {
    /// Encoding.
    pub(super) encoding: Encoding,
    /// Whether free text that a spreadsheet would run as a formula gets an apostrophe.
    pub(super) guard: bool,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// A number, or nothing.
    Number(String),
    /// A name or word that must equal the program's own.
    Text(String),
    /// A text that a spreadsheet must not run as a formula.
    Free(String),
}

impl Cell {
    /// A name or word.
    pub(super) fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// An empty cell.
    pub(super) fn empty() -> Cell {
        Cell::Text(String::new())
    }

    fn as_str(&self) -> &str {
        match self {
            Cell::Number(text) | Cell::Text(text) | Cell::Free(text) => text,
        }
    }
}

/// What lengths are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Half-width columns: an ASCII letter and a half-width kana have one, any other character two, as they have bytes in
    /// code page 932.
    Columns,
    /// Characters.
    Characters,
    /// Digits.
    Digits,
}

/// The most that a column takes.
pub(super) struct Width {
    /// The columns, counted from 0.
    pub(super) columns: &'static [usize],
    /// The most that their cells may have.
    pub(super) most: usize,
    /// Of what.
    pub(super) measure: Measure,
    /// The key that makes such a cell shorter.
    pub(super) way_out: &'static str,
}

impl Width {
    /// The length of a text with that many bytes in its encoding.
    fn length(&self, text: &str, bytes: usize) -> usize {
        match self.measure {
            Measure::Columns => bytes,
            Measure::Characters | Measure::Digits => text.chars().count(),
        }
    }
}

/// What a program reads.
pub(super) struct Layout {
    /// Its name in messages.
    pub(super) program: &'static str,
    /// The columns.
    pub(super) columns: &'static [&'static str],
    /// Whether their names are the first line.
    pub(super) has_header: bool,
    /// Whether every text is in quotes; otherwise those that need them.
    pub(super) quotes_all: bool,
    /// The most that columns take.
    pub(super) widths: &'static [Width],
    /// Most rows of a file.
    pub(super) rows: usize,
    /// Most bytes of a file.
    pub(super) bytes: usize,
}

/// The rows of a document.
pub(super) struct DocumentRows<'a> {
    /// The document.
    pub(super) booking: &'a Booking<'a>,
    /// Its rows, each with a cell for every column.
    pub(super) rows: Vec<Vec<Cell>>,
}

/// What files for spreadsheets and Windows begin with, where they are in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Writes a table, in as many files as it takes.
///
/// # Errors
/// Characters and lengths that the program does not take, all of them.
pub(super) fn files(
    layout: &Layout,
    documents: &[DocumentRows<'_>],
    writing: Writing,
) -> Result<Vec<ExportFile>, Problems> {
    let mut problems = Faults::default();
    let head = head(layout, writing.encoding);
    let mut files: Vec<(ExportFile, usize)> = Vec::new();
    for document in documents {
        let mut lines = Vec::new();
        for row in &document.rows {
            line(layout, document.booking, row, writing, &mut lines, &mut problems);
        }
        let (rows, bytes) = (document.rows.len(), lines.len());
        if rows > layout.rows || head.len() + bytes > layout.bytes {
            problems.add(too_large(layout, document, bytes));
        }
        let fits = |(file, used): &&mut (ExportFile, usize)| {
            used.saturating_add(rows) <= layout.rows && file.bytes.len() + bytes <= layout.bytes
        };
        let number = document.booking.document.number.clone();
        match files.last_mut().filter(fits) {
            Some((file, used)) => {
                file.bytes.append(&mut lines);
                file.numbers.push(number);
                *used += rows;
            }
            None => {
                let bytes = [head.as_slice(), &lines].concat();
                files.push((ExportFile { name: None, bytes, numbers: vec![number] }, rows));
            }
        }
    }
    problems.found.check()?;
    Ok(files.into_iter().map(|(file, _)| file).collect())
}

/// Whether a text fits into a column. One that cannot be written does: that is another fault.
pub(super) fn fits(layout: &Layout, column: usize, text: &str, encoding: Encoding) -> bool {
    let bytes = encoding.encode(text).map_or(0, |bytes| bytes.len());
    let mut widths = layout.widths.iter().filter(|width| width.columns.contains(&column));
    widths.all(|width| width.length(text, bytes) <= width.most)
}

/// The faults found, each once.
#[derive(Default)]
struct Faults {
    found: Problems,
    known: BTreeSet<String>,
}

impl Faults {
    fn add(&mut self, problem: Diagnostic) {
        self.add_once(problem.message.clone(), problem);
    }

    /// Adds a problem unless there is one of that key.
    fn add_once(&mut self, key: String, problem: Diagnostic) {
        if self.known.insert(key) {
            self.found.push(problem);
        }
    }
}

fn head(layout: &Layout, encoding: Encoding) -> Vec<u8> {
    let mut head = if encoding == Encoding::Utf8 { BYTE_ORDER_MARK.to_vec() } else { Vec::new() };
    if layout.has_header {
        let names = layout.columns.iter().map(|name| encoding.encode(name).unwrap_or_default());
        finish(names.map(|name| quoted(name, false)), &mut head);
    }
    head
}

/// Appends a row as a line.
fn line(
    layout: &Layout,
    booking: &Booking<'_>,
    row: &[Cell],
    writing: Writing,
    lines: &mut Vec<u8>,
    faults: &mut Faults,
) {
    let mut cells = Vec::with_capacity(row.len());
    for (index, cell) in row.iter().enumerate() {
        let text = match cell {
            Cell::Free(text) if writing.guard => defused(text.clone()),
            cell => cell.as_str().to_owned(),
        };
        let column = layout.columns.get(index).copied().unwrap_or_default();
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            faults.add(unwritable(booking, column, c));
        }
        match writing.encoding.encode(&text) {
            Ok(bytes) => {
                for width in layout.widths.iter().filter(|width| width.columns.contains(&index)) {
                    faults_of_width(layout, booking, (column, &text, bytes.len()), width, faults);
                }
                let always = layout.quotes_all && !matches!(cell, Cell::Number(_));
                cells.push(quoted(bytes, always));
            }
            Err(c) => faults.add(unwritable(booking, column, c)),
        }
    }
    finish(cells.into_iter(), lines);
}

/// A cell in quotes where it is to have or needs them. No second byte of code page 932 is a quote, comma or line break.
fn quoted(bytes: Vec<u8>, always: bool) -> Vec<u8> {
    if !always && !bytes.iter().any(|byte| b"\",\r\n".contains(byte)) {
        return bytes;
    }
    let mut quoted = vec![b'"'];
    for byte in bytes {
        if byte == b'"' {
            quoted.push(b'"');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    quoted
}

fn finish(cells: impl Iterator<Item = Vec<u8>>, lines: &mut Vec<u8>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            lines.push(b',');
        }
        lines.extend(cell);
    }
    lines.extend(b"\r\n");
}

fn unwritable(booking: &Booking<'_>, column: &str, c: char) -> Diagnostic {
    let customer = &booking.document.customer;
    let code = c as u32;
    let message = match c.is_control() {
        true => format!("the column {column} of \"{customer}\" has the control character U+{code:04X}"),
        false => {
            format!("the column {column} of \"{customer}\" has a character that cp932 lacks: \"{c}\" U+{code:04X}")
        }
    };
    let hint = format!(
        "partner and sub-account in [accounting] of customers/{customer}.toml say how the books call it; memo and accounts are \
         in [accounting] of invoicer.toml"
    );
    Diagnostic::error(message).with_hint(hint)
}

fn faults_of_width(
    layout: &Layout,
    booking: &Booking<'_>,
    (column, text, bytes): (&str, &str, usize),
    width: &Width,
    faults: &mut Faults,
) {
    let Width { most, measure, .. } = width;
    let length = width.length(text, bytes);
    if length <= *most {
        return;
    }
    let has = match measure {
        Measure::Columns => format!("{length} half-width columns"),
        Measure::Characters => format!("{length} characters"),
        Measure::Digits => format!("{length} digits"),
    };
    let (customer, program) = (&booking.document.customer, layout.program);
    let message = format!(
        "the column {column} of \"{customer}\" is too long for {program}: \"{text}\" has {has}, and at most {most} fit"
    );
    // An account is too long for every customer.
    faults.add_once(format!("{column} {text}"), Diagnostic::error(message).with_hint(width.way_out));
}

fn too_large(layout: &Layout, document: &DocumentRows<'_>, bytes: usize) -> Diagnostic {
    let message = format!(
        "{} is too large for {}: it has {} rows and {bytes} bytes",
        document.booking.document.number,
        layout.program,
        document.rows.len()
    );
    Diagnostic::error(message).with_hint("fewer accounts of sales in [accounting] make fewer rows; or enter it by hand")
}

#[cfg(test)]
mod tests {
    use super::super::postings::tests::document;
    use super::*;

    const LAYOUT: Layout = Layout {
        program: "the test",
        columns: &["a", "b"],
        has_header: true,
        quotes_all: false,
        widths: &[Width { columns: &[1], most: 3, measure: Measure::Columns, way_out: "shorter" }],
        rows: 3,
        bytes: 60,
    };

    const WRITING: Writing = Writing { encoding: Encoding::Cp932, guard: true };

    /// What is written of documents with those cells in the column `b`, or what is wrong with them.
    fn written(layout: &Layout, documents: &[&[Cell]], writing: Writing) -> Result<Vec<Vec<u8>>, Vec<String>> {
        let document = document(Vec::new(), Vec::new());
        let booking = Booking {
            document: &document,
            stored: None,
            month: "202208".parse().unwrap(),
            rates: None,
            date: document.issue_date,
            code: String::new(),
            partner: String::new(),
            sub_account: String::new(),
            memo: String::new(),
            short_memo: None,
            postings: Vec::new(),
        };
        let row = |cell: &Cell| vec![Cell::Number("1".to_owned()), cell.clone()];
        let documents: Vec<DocumentRows<'_>> = documents
            .iter()
            .map(|cells| DocumentRows { booking: &booking, rows: cells.iter().map(row).collect() })
            .collect();
        match files(layout, &documents, writing) {
            Ok(files) => Ok(files.into_iter().map(|file| file.bytes).collect()),
            Err(problems) => Err(problems.into_iter().map(|problem| problem.message).collect()),
        }
    }

    fn text(text: &str) -> Cell {
        Cell::text(text)
    }

    #[test]
    fn documents_stay_whole_where_files_are_full() {
        let two = [text("x"), text("y")];
        let one = [text("z")];
        let files = written(&LAYOUT, &[&two, &one, &two, &two], WRITING).unwrap();
        let expected: [&[u8]; 3] =
            [b"a,b\r\n1,x\r\n1,y\r\n1,z\r\n", b"a,b\r\n1,x\r\n1,y\r\n", b"a,b\r\n1,x\r\n1,y\r\n"];
        assert_eq!(files, expected);
        // Five bytes of the header, and five for each row: five rows are thirty bytes.
        let narrow = Layout { rows: 100, bytes: 30, ..LAYOUT };
        assert_eq!(written(&narrow, &[&two, &one, &two, &two], WRITING).unwrap().len(), 2);
        assert_eq!(written(&narrow, &[&two, &two, &two], WRITING).unwrap().len(), 2);
        let wrong = written(&LAYOUT, &[&one, &[text("1"), text("2"), text("3"), text("4")]], WRITING).unwrap_err();
        assert_eq!(wrong, ["INV-1 is too large for the test: it has 4 rows and 20 bytes"]);
    }

    #[test]
    fn cells_are_quoted_where_they_need_it() {
        let cells = [text("a,"), text("\"b"), Cell::Free("=1".to_owned()), text("表")];
        let layout = Layout { rows: 9, ..LAYOUT };
        let files = written(&layout, &[&cells], WRITING).unwrap();
        // The second byte of 表 is a backslash.
        assert_eq!(files, [b"a,b\r\n1,\"a,\"\r\n1,\"\"\"b\"\r\n1,'=1\r\n1,\x95\x5c\r\n".to_vec()]);
        let plain = Writing { encoding: Encoding::Utf8, guard: false };
        let layout = Layout { has_header: false, quotes_all: true, ..layout };
        let files =
            written(&layout, &[&[Cell::Free("=1".to_owned()), text(""), Cell::Number("7".to_owned())]], plain).unwrap();
        assert_eq!(files, ["\u{feff}1,\"=1\"\r\n1,\"\"\r\n1,7\r\n".as_bytes()]);
    }

    #[test]
    fn every_fault_is_told_once() {
        let cells = [text("ア1"), text("アイ"), text("アイ"), text("ｱｲｳ"), text("a\tb"), text("é")];
        let layout = Layout { rows: 9, ..LAYOUT };
        let wrong = written(&layout, &[&cells], WRITING).unwrap_err();
        assert_eq!(
            wrong,
            [
                "the column b of \"acme\" is too long for the test: \"アイ\" has 4 half-width columns, and at most 3 fit",
                "the column b of \"acme\" has the control character U+0009",
                "the column b of \"acme\" has a character that cp932 lacks: \"é\" U+00E9",
            ]
        );
    }
}
