//! Splits a bill's CSV into cells.
//!
//! The provider puts every cell in quotes, but quotes inside a resource's name are not always doubled; the provider's
//! own client reads the file leniently. The name is the last cell of a line, so its quotes end with the line.

use std::borrow::Cow;

use crate::diagnostic::{Diagnostic, Place};

/// The columns the provider documents.
pub(super) const COLUMNS: usize = 16;

/// A row of the bill.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// Its line, counted from 1.
    pub(super) line: u32,
    /// The line's text.
    pub(super) text: &'a str,
    /// Its cells; none when the line ends within the quotes of one.
    pub(super) cells: Option<Vec<Cow<'a, str>>>,
    /// Number of cells it should have.
    pub(super) expected: usize,
}

/// The rows of a bill.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) records: Vec<Record<'a>>,
    /// Names of columns after the documented ones.
    pub(super) extra_columns: Vec<String>,
}

/// Why a text is not a bill.
pub(super) struct NoBill {
    line: Option<(u32, String)>,
    diagnostic: Diagnostic,
}

impl NoBill {
    pub(super) fn at(self, path: &str) -> Diagnostic {
        self.diagnostic.at(match self.line {
            None => Place::file(path),
            Some((line, text)) => Place::line(path, line).with_excerpt(text),
        })
    }
}

impl<'a> Table<'a> {
    /// Splits a CSV into rows; a first line that does not begin with a number is a header.
    pub(super) fn split(csv: &'a str) -> Result<Table<'a>, NoBill> {
        let lines =
            csv.split('\n').enumerate().map(|(index, line)| (index + 1, line.strip_suffix('\r').unwrap_or(line)));
        let mut lines = lines.filter(|(_, line)| !line.is_empty()).peekable();
        let Some((number, first)) = lines.peek().copied() else {
            let diagnostic = Diagnostic::error("the file is empty");
            let hint = "a bill begins with a header row even when nothing was used; fetch the file again";
            return Err(NoBill { line: None, diagnostic: diagnostic.with_hint(hint) });
        };
        let header = cells(first, usize::MAX).unwrap_or_default();
        let is_row =
            header.first().is_some_and(|cell| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()));
        let mut extra_columns = Vec::new();
        if !is_row {
            if header.len() < COLUMNS {
                let found = header.len();
                let diagnostic = Diagnostic::error(format!("expected the {COLUMNS} columns of a bill, found {found}"));
                return Err(NoBill {
                    line: Some((number as u32, first.to_owned())),
                    diagnostic: told(diagnostic, first),
                });
            }
            extra_columns = header[COLUMNS..].iter().map(|name| name.clone().into_owned()).collect();
            lines.next();
        }
        let expected = COLUMNS + extra_columns.len();
        let record = |(number, text): (usize, &'a str)| Record {
            line: u32::try_from(number).unwrap_or(u32::MAX),
            text,
            cells: cells(text, expected - 1),
            expected,
        };
        Ok(Table { records: lines.map(record).collect(), extra_columns })
    }
}

/// Error for a first line that is not a bill's header.
fn told(diagnostic: Diagnostic, line: &str) -> Diagnostic {
    let start = line.trim_start().to_ascii_lowercase();
    diagnostic.with_hint(if start.starts_with("<!doctype") || start.starts_with("<html") {
        "this is a web page, perhaps that of an expired session: save the CSV again after signing in"
    } else if line.contains(['\t', ';']) && !line.contains(',') {
        "expected commas between the cells; a spreadsheet may have changed them: fetch the file again"
    } else {
        "expected SAKURA Cloud's bill details as CSV, saved from the control panel's page of bills"
    })
}

/// The cells of a line, of which the one at `last` reaches to the line's end; none when the line ends within quotes.
fn cells(line: &str, last: usize) -> Option<Vec<Cow<'_, str>>> {
    let mut cells = Vec::with_capacity(COLUMNS);
    let mut rest = line;
    loop {
        let (cell, next) = match rest.strip_prefix('"') {
            None => match rest.split_once(',') {
                Some((cell, next)) => (Cow::Borrowed(cell), Some(next)),
                None => (Cow::Borrowed(rest), None),
            },
            // Text that looks like another cell is reported as one cell too many.
            Some(quoted) if cells.len() == last && !quoted.contains("\",\"") => {
                (unescaped(quoted.strip_suffix('"')?), None)
            }
            Some(quoted) => {
                let end = closing_quote(quoted)?;
                (unescaped(&quoted[..end]), quoted[end + 1..].strip_prefix(','))
            }
        };
        cells.push(cell);
        match next {
            Some(next) => rest = next,
            None => return Some(cells),
        }
    }
}

/// The position of a cell's closing quote: the first that is followed by a comma or the line's end and does not belong
/// to a doubled pair. Other quotes belong to the text.
fn closing_quote(quoted: &str) -> Option<usize> {
    let bytes = quoted.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr(b'"', bytes.get(at..)?)?;
        match bytes.get(at + 1) {
            None | Some(b',') => return Some(at),
            Some(b'"') => at += 2,
            Some(_) => at += 1,
        }
    }
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if text.contains("\"\"") { text.replace("\"\"", "\"").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every text with properly doubled quotes is read back unchanged.
        #[test]
        fn doubled_quotes_come_back(texts in proptest::collection::vec("[\"\",,a髙 ]{0,6}", 3)) {
            let quoted: Vec<String> = texts.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
            prop_assert_eq!(split(&quoted.join(","), 2), Some(texts));
        }
    }

    fn split(line: &str, last: usize) -> Option<Vec<String>> {
        Some(cells(line, last)?.into_iter().map(Cow::into_owned).collect())
    }

    #[test]
    fn quotes_are_read_leniently() {
        for (line, expected) in [
            (r#""1","a,b","x""#, Some(vec!["1", "a,b", "x"])),
            (r#""1","a ""b"" c","x""#, Some(vec!["1", r#"a "b" c"#, "x"])),
            (r#""1","a "b" c","x""#, Some(vec!["1", r#"a "b" c"#, "x"])),
            (r#""1","a","24" monitor""#, Some(vec!["1", "a", r#"24" monitor"#])),
            (r#""1","a","monitor 24"""#, Some(vec!["1", "a", r#"monitor 24""#])),
            (r#""1","a","monitor 24""""#, Some(vec!["1", "a", r#"monitor 24""#])),
            (r#""1","a","24", wide""#, Some(vec!["1", "a", r#"24", wide"#])),
            (r#""1","a","""#, Some(vec!["1", "a", ""])),
            (r#"1,a,x"#, Some(vec!["1", "a", "x"])),
            (r#"1,"a, b",x"#, Some(vec!["1", "a, b", "x"])),
            (r#""1","a","x","y""#, Some(vec!["1", "a", "x", "y"])),
            (r#""1","a","cut o"#, None),
            (r#""1","cut o"#, None),
            (r#""1","a","x","#, None),
        ] {
            let found = split(line, 2);
            let expected = expected.map(|cells| cells.into_iter().map(str::to_owned).collect::<Vec<String>>());
            assert_eq!(found, expected, "{line}");
        }
    }
}
