//! Collects refused rows by kind, so that one mistake in ten thousand rows is one message.

use crate::diagnostic::{Diagnostic, Place};
use crate::model::amount::{Amount, NumberError, TooLong};
use crate::model::identifier::{IdAlphabet, is_number};
use crate::model::plain::beginning;

/// Why a row is refused: kind of mistake, message (only the first of a kind is shown) and hint.
pub(super) type Refusal = (&'static str, String, &'static str);

/// The refused rows of a file: each kind of mistake once, with its first row and the number of rows.
pub(super) struct RefusedRows {
    path: String,
    found: Vec<Problem>,
}

struct Problem {
    kind: &'static str,
    message: String,
    hint: &'static str,
    excerpt: Option<String>,
    /// The first rows.
    rows: Vec<u32>,
    count: usize,
}

impl RefusedRows {
    pub(super) fn new(path: String) -> RefusedRows {
        RefusedRows { path, found: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds a refused row; `excerpt` is the row on one line.
    pub(super) fn add(&mut self, (kind, message, hint): Refusal, row: u32, excerpt: impl FnOnce() -> String) {
        match self.found.iter_mut().find(|problem| problem.kind == kind) {
            Some(problem) => {
                problem.count += 1;
                if problem.rows.len() < 6 {
                    problem.rows.push(row);
                }
            }
            None => {
                let excerpt = Some(excerpt());
                self.found.push(Problem { kind, message, hint, excerpt, rows: vec![row], count: 1 });
            }
        }
    }

    /// Reports that the file ends inside quotes of the record at `line`, which was added as `row`. The quotes swallowed
    /// the rest of the file, so any other error of that row is dropped.
    pub(super) fn cut_off(&mut self, row: u32, line: u32) {
        self.found.retain(|problem| problem.rows != [row]);
        let message = "the row is cut off inside quotes".to_owned();
        let hint = "the download was probably interrupted: fetch the file again";
        self.found.push(Problem { kind: "cut", message, hint, excerpt: None, rows: vec![line], count: 1 });
    }

    /// Converts them to diagnostics; `lines` is the number of lines before the first row.
    pub(super) fn into_diagnostics(self, lines: u32) -> Vec<Diagnostic> {
        let path = self.path;
        let finish = |problem: Problem| {
            let rows: Vec<u32> = problem.rows.iter().map(|row| lines + row).collect();
            let place = Place { excerpt: problem.excerpt, ..Place::line(&path, rows[0]) };
            let diagnostic = Diagnostic::error(problem.message).at(place).with_hint(problem.hint);
            if problem.count == 1 {
                return diagnostic;
            }
            let more: Vec<String> = rows[1..].iter().map(u32::to_string).collect();
            let end = if problem.count > rows.len() { ", …" } else { "" };
            diagnostic.with_note(format!("{} rows like this: also {}{end}", problem.count, more.join(", ")))
        };
        self.found.into_iter().map(finish).collect()
    }
}

/// A cell's text.
pub(super) fn text(cell: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(cell).map_err(|_| {
        let message = "expected UTF-8 text".to_owned();
        ("utf8", message, "use the file as it was downloaded; a spreadsheet may have changed its encoding (Shift_JIS)")
    })
}

/// A cell's number; `column` names the column in a message.
pub(super) fn number(cell: &[u8], column: &str) -> Result<Amount, Refusal> {
    Amount::parse(cell).map_err(|error| {
        let shown = String::from_utf8_lossy(cell);
        match error {
            NumberError::Malformed => (
                "number",
                match shown.is_empty() {
                    true => format!("expected a number in {column}, found an empty cell"),
                    false => format!("expected a number in {column}, found {shown:?}"),
                },
                "plain digits such as 12.5 or 1.9E-7; a spreadsheet may have changed it: fetch the file again",
            ),
            NumberError::TooLong => (
                "digits",
                format!("the number in {column} has more digits than can be computed with exactly: {shown}"),
                TOO_LONG,
            ),
        }
    })
}

/// A number with more digits than can be computed with.
pub(super) const TOO_LONG: &str = "numbers of up to 36 digits can be read; no provider is known to write longer ones";

/// Refuses a row whose figures have too many digits to be added up.
pub(super) fn too_long(_: TooLong) -> Refusal {
    ("sum", "the sums up to this row have more digits than can be computed with exactly".to_owned(), TOO_LONG)
}

/// The index plus 1 of one of few values of a column, of which a charge has sixteen bits.
pub(super) fn small(index: u32, column: &str) -> Result<u16, Refusal> {
    u16::try_from(index + 1).map_err(|_| {
        let message = format!("more than 65535 different values in {column}");
        ("many", message, "export the bill again; no provider is known to have so many")
    })
}

/// Hint for ids that a spreadsheet changed.
pub(super) const RUINED_IDS: &str =
    "fetch the file again and keep it as it is; to look at it in a spreadsheet, import this column as text";

/// Refuses an id that a spreadsheet turned into a number; each column is a separate kind of mistake.
pub(super) fn id(cell: &str, column: &'static str, alphabet: IdAlphabet) -> Result<(), Refusal> {
    id_in(column, cell, column, alphabet)
}

/// [`id`] where the bill names the column; `kind` is the kind of mistake.
pub(super) fn id_in(kind: &'static str, cell: &str, column: &str, alphabet: IdAlphabet) -> Result<(), Refusal> {
    if !is_number(cell, alphabet) {
        return Ok(());
    }
    let shown = beginning(cell);
    let message = format!("expected an id in {column}, found the number {shown:?}: a spreadsheet dropped its digits");
    Err((kind, message, RUINED_IDS))
}

/// Maximum number of resources listed in a message.
const LISTED: usize = 10;

/// Adds a note for each of several resources to a diagnostic.
pub(super) fn listing(diagnostic: Diagnostic, resources: &[String]) -> Diagnostic {
    let listed = resources.iter().take(LISTED).cloned().fold(diagnostic, Diagnostic::with_note);
    match resources.len().checked_sub(LISTED) {
        Some(more) if more > 0 => listed.with_note(format!("and {more} more")),
        _ => listed,
    }
}
