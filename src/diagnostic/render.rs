//! Renders a diagnostic as text for the terminal, with the line it is about.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::place::Place;
use super::report::{Diagnostic, Severity};
use super::secrets::masked;
use crate::catalogue::translated;
use crate::model::language::Language;

impl Diagnostic {
    /// The English text for the terminal, ending with a newline.
    pub fn render(&self, color: bool) -> String {
        self.render_in(Language::English, color)
    }

    /// [`render`](Self::render) with message and hint in that language, where the catalogue has them.
    pub fn render_in(&self, language: Language, color: bool) -> String {
        // Cuts generously before masking and to the final length after it, so that no half of a secret is shown.
        let message = masked(&cut(&self.message, 4 * LONGEST));
        let message = shown(&translated(&message, language));
        let paint = |code: &str, text: &str| match color {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        };
        let (label, code) = match self.severity {
            Severity::Error => ("error", "1;31"),
            Severity::Warning => ("warning", "1;33"),
            Severity::Note => ("note", "1;36"),
        };
        let name = self.finding.as_ref().map_or_else(String::new, |finding| format!("[{}]", finding.code.name()));
        let label = translated(label, language);
        let mut out = format!("{}{}\n", paint(code, &format!("{label}{name}")), paint("1", &format!(": {message}")));
        if let Some(place) = &self.place {
            render_place(&mut out, place, &|text| paint("34", text), &|text| paint(code, text));
        }
        for note in &self.notes {
            let _ = writeln!(out, "  {} {}", paint("34", "="), shown(note));
        }
        if let Some(hint) = &self.hint {
            let hint = cut(hint, LONGEST);
            let _ = writeln!(
                out,
                "{}{}",
                paint("1;32", &translated("hint: ", language)),
                shown(&translated(&hint, language))
            );
        }
        out
    }
}

/// Maximum width of an excerpt, in terminal columns.
const EXCERPT_WIDTH: usize = 110;

fn render_place(out: &mut String, place: &Place, frame: &dyn Fn(&str) -> String, mark: &dyn Fn(&str) -> String) {
    let mut position = shown(&place.path);
    for number in [place.line, place.column].into_iter().flatten() {
        let _ = write!(position, ":{number}");
    }
    let line = place.line.map(|line| line.to_string()).unwrap_or_default();
    let gutter = " ".repeat(line.len());
    let _ = writeln!(out, "{gutter}{} {position}", frame("-->"));
    let Some(excerpt) = place.excerpt.as_deref().map(|line| masked(&cut(line, 4 * LONGEST))) else {
        return;
    };
    let column = place.column.map_or(0, |column| column as usize - 1);
    let cut = cut_excerpt(&excerpt, column, place.length);
    let _ = writeln!(out, "{gutter} {}", frame("|"));
    let _ = writeln!(out, "{} {} {}", frame(&line), frame("|"), cut.text);
    if place.column.is_some() {
        let carets = mark(&"^".repeat(cut.width.max(1)));
        let _ = writeln!(out, "{gutter} {} {}{carets}", frame("|"), " ".repeat(cut.indent));
    }
}

struct CutExcerpt {
    text: String,
    indent: usize,
    width: usize,
}

/// The part of a line around the marked characters that fits a terminal, with the mark's position in columns.
fn cut_excerpt(line: &str, column: usize, length: usize) -> CutExcerpt {
    // A line can have millions of characters, so this reads only those that may be shown.
    let first = column.saturating_sub(EXCERPT_WIDTH);
    let mut rest = line.chars().skip(first);
    let cells: Vec<String> =
        rest.by_ref().take(3 * EXCERPT_WIDTH).map(|c| printable(&c.to_string()).into_owned()).collect();
    let width = |cells: &[String]| cells.iter().map(|cell| cell.width()).sum::<usize>();
    let more = rest.next().is_some();
    let column = (column - first).min(cells.len());
    let mut start = 0;
    let mut end = cells.len();
    if first > 0 || more || width(&cells) > EXCERPT_WIDTH {
        while start < column && width(&cells[start..column]) > EXCERPT_WIDTH / 2 {
            start += 1;
        }
        while end > start && width(&cells[start..end]) > EXCERPT_WIDTH {
            end -= 1;
        }
    }
    let before = if first + start > 0 { "…" } else { "" };
    let after = if more || end < cells.len() { "…" } else { "" };
    let marked_end = (column + length).min(end).max(column);
    CutExcerpt {
        text: format!("{before}{}{after}", cells[start..end].concat()),
        indent: before.width() + width(&cells[start..column.max(start)]),
        width: width(&cells[column.min(marked_end)..marked_end]),
    }
}

/// Maximum characters shown of a message, note or hint. The program's own texts are shorter, but text from files may
/// have millions.
pub(super) const LONGEST: usize = 4000;

/// The text, or its beginning if it is too long.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// A text cut to a reasonable length, without characters that a terminal interprets.
fn shown(text: &str) -> String {
    printable(&cut(text, LONGEST)).into_owned()
}

/// Text without control characters, which could move a terminal's cursor or hide text.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let visible = |c: char| match c {
        '\t' => "    ".to_owned(),
        c if is_obeyed(c) => c.escape_default().to_string(),
        c => c.to_string(),
    };
    Cow::Owned(text.chars().map(visible).collect())
}

/// Whether a character has no width and affects display: byte order marks, writing directions, line and paragraph
/// separators, annotations, tags.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether a terminal might interpret a character instead of showing it: C0, C1 or [without width](is_invisible).
pub(crate) fn is_obeyed(c: char) -> bool {
    c.is_control() || is_invisible(c)
}
