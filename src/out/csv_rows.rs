//! [`CsvRows`]: rows of CSV in memory, as the csv crate writes them with lines that end in CR and LF. A large invoice has
//! hundreds of thousands of rows; most of their cells are numbers, or the same in all rows of an item, and need no looking at.

use crate::diagnostic::is_invisible;
use crate::model::amount::Amount;

/// Rows of at least two cells. Each cell ends in a comma until its row [ends](Self::end_row).
pub(super) struct CsvRows(Vec<u8>);

impl CsvRows {
    /// No rows, after a byte order mark, without which Excel garbles Japanese.
    pub(super) fn new() -> CsvRows {
        CsvRows(b"\xef\xbb\xbf".to_vec())
    }

    /// Cells to be [repeated](Self::repeat) in many rows.
    pub(super) fn cells<'c>(cells: impl IntoIterator<Item = &'c str>) -> Vec<u8> {
        let mut rows = CsvRows(Vec::new());
        cells.into_iter().for_each(|cell| rows.text(cell));
        rows.0
    }

    /// Adds any cell, which no spreadsheet runs as a formula then.
    pub(super) fn text(&mut self, cell: &str) {
        let is_formula = is_formula(cell);
        if cell.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
            self.0.push(b'"');
            if is_formula {
                self.0.push(b'\'');
            }
            self.0.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            self.0.push(b'"');
        } else {
            if is_formula {
                self.0.push(b'\'');
            }
            self.0.extend_from_slice(cell.as_bytes());
        }
        self.0.push(b',');
    }

    /// Adds a cell of digits, points and hyphens: a number or a date.
    pub(super) fn plain(&mut self, cell: &str) {
        self.0.extend_from_slice(cell.as_bytes());
        self.0.push(b',');
    }

    /// Adds cells that were made before.
    pub(super) fn repeat(&mut self, cells: &[u8]) {
        self.0.extend_from_slice(cells);
    }

    /// Ends a row.
    pub(super) fn end_row(&mut self) {
        self.0.pop();
        self.0.extend_from_slice(b"\r\n");
    }

    /// The bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Puts an apostrophe before a cell that a spreadsheet would run as a formula; numbers keep their sign.
pub(crate) fn defused(cell: String) -> String {
    if is_formula(&cell) { format!("'{cell}") } else { cell }
}

/// Whether a spreadsheet would run a cell as a formula.
///
/// Spreadsheets skip blanks and zero-width characters before a formula, and some programs split cells at tabs and line
/// breaks on import (OWASP, CSV injection).
fn is_formula(cell: &str) -> bool {
    // Nearly every cell begins with a letter or a digit.
    if cell.bytes().next().is_none_or(|first| first.is_ascii_alphanumeric()) {
        return false;
    }
    let is_skipped = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
    let starts = cell.trim_start_matches(is_skipped);
    let is_split = cell.starts_with(['\t', '\r', '\n']);
    let is_formula = starts.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    (is_split || is_formula) && Amount::parse(cell.as_bytes()).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_defused_and_numbers_are_not() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+81-3", "'+81-3"),
            ("-meter", "'-meter"),
            ("-12.5", "-12.5"),
            ("+1", "+1"),
            ("\t=1", "'\t=1"),
            ("\n=1+1", "'\n=1+1"),
            ("\r\n=1+1", "'\r\n=1+1"),
            (" \n =1", "' \n =1"),
            ("\u{feff}=1", "'\u{feff}=1"),
            ("\u{200b}@a", "'\u{200b}@a"),
            ("\u{3000}＝1", "'\u{3000}＝1"),
            ("\u{b}+1a", "'\u{b}+1a"),
            ("\ntext", "'\ntext"),
            ("two\nlines", "two\nlines"),
            (" plain", " plain"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(defused(cell.to_owned()), expected);
        }
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_csv_crate(rows in prop::collection::vec(prop::collection::vec("[-=',\"\r\n\t a1あ]{0,5}", 2..4), 0..4)) {
            let mut ours = CsvRows::new();
            let mut theirs = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(b"\xef\xbb\xbf".to_vec());
            for row in &rows {
                ours.repeat(&CsvRows::cells(row.iter().map(String::as_str)));
                ours.end_row();
                theirs.write_record(row.iter().cloned().map(defused)).unwrap();
            }
            prop_assert_eq!(ours.into_bytes(), theirs.into_inner().unwrap());
        }
    }
}
