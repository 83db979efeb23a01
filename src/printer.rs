//! [`Printer`]: the only place that writes to the terminal. Results go to stdout, everything else to stderr.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use unicode_width::UnicodeWidthStr;

use crate::diagnostic::{Diagnostic, Severity, cause, is_obeyed, printable};

/// What to print, and how.
#[derive(Clone)]
pub struct Printer {
    /// Print only errors and results.
    pub quiet: bool,
    /// Print details, too.
    pub verbose: bool,
    /// Colours on stderr.
    pub color: bool,
    /// Whether to show progress on stderr: it is a terminal, and the user allows it.
    pub progress: bool,
    /// Returns the time since the program started.
    pub clock: fn() -> Duration,
    /// The first error in writing a result.
    pub unwritten: Unwritten,
}

/// The first error in writing a result, shared by all copies of a [`Printer`].
#[derive(Clone, Debug, Default)]
pub struct Unwritten(Arc<OnceLock<String>>);

impl Unwritten {
    fn note(&self, result: io::Result<()>) {
        match result {
            // A closed pipe (`invoicer build | head -1`) is the reader's choice, not an error.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.0.get_or_init(|| cause(&error));
            }
            _ => {}
        }
    }
}

/// Work shorter than this shows no progress.
const PATIENCE: Duration = Duration::from_millis(500);

impl Printer {
    /// Prints a line of the result to stdout.
    pub fn result(&self, line: &str) {
        self.unwritten.note(writeln!(io::stdout().lock(), "{}", printable(line)));
    }

    /// Prints a result as JSON to stdout. JSON may contain C1 controls and bidirectional controls unescaped, which a
    /// terminal would obey; here they are escaped, which does not change the value.
    pub fn result_json(&self, json: &[u8]) {
        self.result_bytes(escaped(&String::from_utf8_lossy(json)).as_bytes());
    }

    /// Prints bytes of the result to stdout; they must be made by this program alone.
    pub fn result_bytes(&self, bytes: &[u8]) {
        self.unwritten.note(io::stdout().lock().write_all(bytes));
    }

    /// Flushes the results.
    ///
    /// # Errors
    /// When any result could not be written, such as to a full disk.
    pub fn finish(&self) -> Result<(), Diagnostic> {
        self.unwritten.note(io::stdout().lock().flush());
        match self.unwritten.0.get() {
            None => Ok(()),
            Some(cause) => Err(Diagnostic::could_not_run(format!("cannot write the result to stdout: {cause}"))
                .with_hint("the command itself is done: only what it prints is incomplete")),
        }
    }

    /// Prints a line about what was done to stderr.
    pub fn status(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{}", printable(line));
        }
    }

    /// Prints a line for `-v` to stderr.
    pub fn detail(&self, line: &str) {
        if self.verbose {
            self.status(line);
        }
    }

    /// Prints diagnostics to stderr; with `-q` only errors.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            if self.quiet && diagnostic.severity != Severity::Error {
                continue;
            }
            let _ = writeln!(io::stderr().lock(), "{}", diagnostic.render(self.color));
        }
    }

    /// Starts a progress bar of `count` steps.
    pub fn progress(&self, count: usize, what: &'static str) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        let enabled = self.progress && !self.quiet;
        Progress { bar, clock: self.clock, start: (self.clock)(), shown: Mutex::new(!enabled) }
    }
}

/// A progress bar that appears once the work has taken half a second.
pub struct Progress {
    bar: ProgressBar,
    clock: fn() -> Duration,
    start: Duration,
    shown: Mutex<bool>,
}

impl Progress {
    /// Advances the bar by one step.
    pub fn step(&self) {
        self.bar.inc(1);
        if let Ok(mut shown) = self.shown.lock()
            && !*shown
            && (self.clock)().saturating_sub(self.start) >= PATIENCE
        {
            *shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Finishes the work; the bar disappears.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Escapes every character in JSON that a terminal would obey, except its own line breaks.
fn escaped(json: &str) -> Cow<'_, str> {
    if !json.contains(|c| c != '\n' && is_obeyed(c)) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            c if c != '\n' && is_obeyed(c) => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| text += &format!("\\u{unit:04x}"));
            }
            c => text.push(c),
        }
    }
    Cow::Owned(text)
}

/// Alignment of a table's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// For words.
    Left,
    /// For figures.
    Right,
}

/// Formats rows of cells as lines: columns are two spaces apart, full-width characters count as two.
pub fn table(rows: &[Vec<String>], align: &[Align]) -> Vec<String> {
    // Escaped first: the width is that of the escaped text.
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let widths: Vec<usize> = (0..align.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for ((cell, width), align) in row.iter().zip(&widths).zip(align) {
            let pad = " ".repeat(width - cell.width());
            let separator = if line.is_empty() { "" } else { "  " };
            match align {
                Align::Left => line.extend([separator, cell, &pad]),
                Align::Right => line.extend([separator, &pad, cell]),
            }
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_with_wide_characters() {
        let rows = vec![vec!["customer".to_owned(), "total".to_owned()], vec!["髙橋".to_owned(), "¥1,234".to_owned()]];
        assert_eq!(table(&rows, &[Align::Left, Align::Right]), ["customer   total", "髙橋      ¥1,234"]);
    }

    #[test]
    fn cells_are_as_wide_as_they_are_shown() {
        let rows = vec![vec!["a\u{1b}[2J\nb".to_owned(), "1".to_owned()], vec!["c".to_owned(), "2".to_owned()]];
        assert_eq!(table(&rows, &[Align::Left, Align::Left]), ["a\\u{1b}[2J\\nb  1", "c              2"]);
    }

    #[test]
    fn json_is_the_same_value_without_what_a_terminal_obeys() {
        let names = ["a\u{9b}2Jb", "\u{202e}gnp", "\u{7f}\u{e0041}", "\u{1b}[0m\n", "アクメ"];
        let json = serde_json::to_string_pretty(&names).unwrap();
        let escaped = escaped(&json);
        assert!(!escaped.replace('\n', "").contains(is_obeyed), "{escaped:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), names);
    }
}
