//! [`Printer`]: the only place that writes to the terminal. Results go to stdout, everything else to stderr.

use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use unicode_width::UnicodeWidthStr;

use crate::diagnostic::{Diagnostic, Severity};

/// How the user wants to be talked to.
#[derive(Clone)]
pub struct Printer {
    /// Only errors and results.
    pub quiet: bool,
    /// Everything.
    pub verbose: bool,
    /// Colours on stderr.
    pub color: bool,
    /// Progress on stderr: it is a terminal and the user did not say no.
    pub progress: bool,
    /// Time since the program began.
    pub clock: fn() -> Duration,
}

/// Work that takes less than this shows no progress.
const PATIENCE: Duration = Duration::from_millis(500);

impl Printer {
    /// A line of the result, on stdout.
    pub fn result(&self, line: &str) {
        // A closed pipe (`invoicer build | head -1`) is the reader's choice, not an error.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// Bytes of the result, on stdout.
    pub fn result_bytes(&self, bytes: &[u8]) {
        let _ = std::io::stdout().lock().write_all(bytes);
    }

    /// A line about what was done, on stderr.
    pub fn status(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }

    /// A line for those who asked for more, on stderr.
    pub fn detail(&self, line: &str) {
        if self.verbose {
            self.status(line);
        }
    }

    /// Diagnostics, on stderr; with `-q` only errors, notes only with `-v` or when they stand alone.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            if self.quiet && diagnostic.severity != Severity::Error {
                continue;
            }
            let _ = writeln!(std::io::stderr().lock(), "{}", diagnostic.render(self.color));
        }
    }

    /// A progress bar over `count` steps.
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
    /// One step is done.
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

    /// All is done; the bar disappears.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Which side of a table's column text stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// Rows of cells as lines, columns two blanks apart, full-width characters counted as two.
pub fn table(rows: &[Vec<String>], align: &[Align]) -> Vec<String> {
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
}
