//! [`Printer`]: the only place that writes to the terminal. Results go to stdout, everything else to stderr.

mod activity;
mod table;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::catalogue::translated;
use crate::diagnostic::{Diagnostic, EACH, Severity, cause, first_of_each_kind, is_obeyed, printable};
use crate::model::amount::Amount;
use crate::model::figures::grouped;
use crate::model::language::Language;
pub use activity::{Activity, Progress};
pub use table::{Align, table, table_within, wrapped};

/// What to print, and how.
#[derive(Clone)]
pub struct Printer {
    /// Print only errors and results.
    pub quiet: bool,
    /// Print details, too.
    pub verbose: bool,
    /// Colours on stderr.
    pub color: bool,
    /// Language of tables, messages and hints.
    pub language: Language,
    /// Columns of the terminal that shows the results; none where they go to a file or another program.
    pub columns: Option<usize>,
    /// Columns of the terminal on stderr; none where messages go elsewhere.
    pub status_columns: Option<usize>,
    /// Whether to show progress on stderr: it is a terminal, and the user allows it.
    pub progress: bool,
    /// What the program is doing.
    pub activity: Activity,
    /// Returns the time since the program started.
    pub clock: fn() -> Duration,
    /// The first error in writing a result.
    pub unwritten: Unwritten,
}

/// The first error in writing a result, shared by all copies of a [`Printer`]; `None` for a closed pipe.
#[derive(Clone, Debug, Default)]
pub struct Unwritten(Arc<OnceLock<Option<String>>>);

impl Unwritten {
    fn note(&self, result: io::Result<()>) {
        if let Err(error) = result {
            // A closed pipe (`invoicer build | head -1`) is the reader's choice, not an error.
            self.0.get_or_init(|| (error.kind() != io::ErrorKind::BrokenPipe).then(|| cause(&error)));
        }
    }
}

impl Printer {
    /// A text of the program in the language of the terminal.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        translated(text, self.language)
    }

    /// The heading of a table.
    pub fn heading<'t>(&self, names: impl IntoIterator<Item = &'t str>) -> Vec<String> {
        names.into_iter().map(|name| self.text(name).into_owned()).collect()
    }

    /// Prints a line of the result to stdout.
    pub fn result(&self, line: &str) {
        self.activity.aside(|| self.unwritten.note(writeln!(io::stdout().lock(), "{}", printable(line))));
    }

    /// Prints lines of the result, of which there may be a hundred thousand.
    pub fn results<L: AsRef<str>>(&self, lines: impl IntoIterator<Item = L>) {
        self.activity.aside(|| {
            let mut stdout = BufWriter::new(io::stdout().lock());
            let written = lines.into_iter().try_for_each(|line| writeln!(stdout, "{}", printable(line.as_ref())));
            self.unwritten.note(written.and_then(|()| stdout.flush()));
        });
    }

    /// Prints a line of the result; on a terminal, breaks it between words.
    pub fn result_wrapped(&self, line: &str) {
        match self.columns {
            Some(columns) => wrapped(&printable(line), columns).iter().for_each(|part| self.result(part)),
            None => self.result(line),
        }
    }

    /// Prints the files written, one per line. On a terminal only with `-v`: hundreds of lines would hide what a person
    /// has to read.
    pub fn result_files(&self, files: impl IntoIterator<Item = String>) {
        if self.verbose || self.columns.is_none() {
            self.results(files);
        }
    }

    /// Prints a result as JSON to stdout. JSON may contain C1 controls and bidirectional controls unescaped, which a
    /// terminal would obey; here they are escaped, which does not change the value.
    pub fn result_json(&self, json: &[u8]) {
        self.result_bytes(escaped(&String::from_utf8_lossy(json)).as_bytes());
    }

    /// Prints bytes of the result to stdout; they must be made by this program alone.
    pub fn result_bytes(&self, bytes: &[u8]) {
        self.activity.aside(|| self.unwritten.note(io::stdout().lock().write_all(bytes)));
    }

    /// Flushes the results.
    ///
    /// # Errors
    /// When any result could not be written, such as to a full disk.
    pub fn finish(&self) -> Result<(), Diagnostic> {
        self.unwritten.note(io::stdout().lock().flush());
        match self.unwritten.0.get() {
            None | Some(None) => Ok(()),
            Some(Some(cause)) => Err(Diagnostic::could_not_run(format!("cannot write the result to stdout: {cause}"))
                .with_hint("the command itself succeeded; only its output is incomplete")),
        }
    }

    /// Whether the reader of the results has gone before it had them all. Known after [`finish`](Self::finish).
    pub fn is_cut_off(&self) -> bool {
        self.unwritten.0.get().is_some()
    }

    /// Prints a line about what was done to stderr.
    pub fn status(&self, line: &str) {
        if !self.quiet {
            self.to_stderr(&format!("{}\n", printable(&self.text(line))));
        }
    }

    /// [`status`](Self::status) of a long line, which a terminal gets broken between words.
    pub fn status_wrapped(&self, line: &str) {
        match self.status_columns {
            Some(columns) => wrapped(&printable(&self.text(line)), columns).iter().for_each(|part| self.status(part)),
            None => self.status(line),
        }
    }

    /// Prints a line for `-v` to stderr.
    pub fn detail(&self, line: &str) {
        if self.verbose {
            self.status(line);
        }
    }

    /// Prints diagnostics to stderr; with `-q` only errors. Of many of a kind, the first ones and how many there are besides;
    /// with `-v` all.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        let wanted = diagnostics.iter().filter(|it| !self.quiet || it.severity == Severity::Error);
        let most = if self.verbose { usize::MAX } else { EACH };
        for (diagnostic, more) in first_of_each_kind(wanted, most) {
            self.to_stderr(&format!("{}\n", diagnostic.render_in(self.language, self.color)));
            if more > 0 {
                let count = grouped(Amount::whole(i64::try_from(more).unwrap_or(i64::MAX)), 0);
                let text = format!("… and {count} more of the same kind; -v shows each");
                self.to_stderr(&format!("{}\n\n", self.text(&text)));
            }
        }
    }

    fn to_stderr(&self, text: &str) {
        // Nothing can be done where errors cannot be written.
        self.activity.aside(|| drop(io::stderr().lock().write_all(text.as_bytes())));
    }

    /// Says what is being done, as long as nothing else is: `reading the bills of 202208`.
    pub fn doing(&self, what: &str) {
        if self.shows_progress() {
            self.activity.begin(&printable(&self.text(what)), (self.clock)());
        }
    }

    /// Starts a progress bar of `count` steps.
    pub fn progress(&self, count: usize, what: &str) -> Progress {
        if self.shows_progress() {
            self.activity.begin_steps(&printable(&self.text(what)), count, (self.clock)());
        }
        Progress { activity: self.activity.clone() }
    }

    /// Ends what [`doing`](Self::doing) said; nothing is done any more.
    pub fn idle(&self) {
        self.activity.end();
    }

    fn shows_progress(&self) -> bool {
        self.progress && !self.quiet
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_same_value_without_what_a_terminal_obeys() {
        let names = ["a\u{9b}2Jb", "\u{202e}gnp", "\u{7f}\u{e0041}", "\u{1b}[0m\n", "アクメ"];
        let json = serde_json::to_string_pretty(&names).unwrap();
        let escaped = escaped(&json);
        assert!(!escaped.replace('\n', "").contains(is_obeyed), "{escaped:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), names);
    }
}
