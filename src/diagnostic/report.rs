//! [`Diagnostic`]: one report.

use std::fmt;

use super::place::Place;
use crate::model::warning::WarningCode;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Something that is probably a mistake.
    Warning,
    /// Good to know.
    Note,
}

/// Why an error stops the program; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Data, configuration or a check said no: exit code 1.
    Refused,
    /// The program could not do its work, as when a disk is full: exit code 2.
    CouldNotRun,
}

/// One thing to tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// For errors: refused, or could not run.
    pub stop: Stop,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// Further facts, a line each.
    pub notes: Vec<String>,
    /// The way out.
    pub hint: Option<String>,
    /// For warnings about a month: what about.
    pub finding: Option<Finding>,
    /// It is about a figure with too many digits that nobody has named yet.
    pub is_unnamed_figure: bool,
}

/// What a warning about a month is about, for lists of them and to find those that are not wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What about.
    pub code: WarningCode,
    /// Id of the customer it concerns.
    pub customer: Option<String>,
    /// The figures and names of the message without its words, for readers of any language.
    pub facts: String,
}

impl Diagnostic {
    fn new(severity: Severity, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity,
            stop: Stop::Refused,
            message: message.into(),
            place: None,
            notes: Vec::new(),
            hint: None,
            finding: None,
            is_unnamed_figure: false,
        }
    }

    /// Data, configuration or a check says no.
    pub fn error(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, message)
    }

    /// The program could not do its work.
    pub fn could_not_run(message: impl Into<String>) -> Diagnostic {
        Diagnostic { stop: Stop::CouldNotRun, ..Diagnostic::error(message) }
    }

    /// Probably a mistake, but not refused.
    pub fn warning(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, message)
    }

    /// A warning about a month; `facts` are its figures and names without words.
    pub fn finding(code: WarningCode, message: impl Into<String>, facts: impl Into<String>) -> Diagnostic {
        let finding = Finding { code, customer: None, facts: facts.into() };
        Diagnostic { finding: Some(finding), ..Diagnostic::warning(message) }
    }

    /// Good to know.
    pub fn note(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Note, message)
    }

    /// With its place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Diagnostic {
        self.place = Some(place);
        self
    }

    /// With a further fact.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// With the way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hint = Some(hint.into());
        self
    }

    /// Concerning that customer.
    #[must_use]
    pub fn concerning(mut self, customer: &str) -> Diagnostic {
        if let Some(finding) = &mut self.finding {
            finding.customer = Some(customer.to_owned());
        }
        self
    }

    /// With every text of it changed, as to mask what must not be shown.
    #[must_use]
    pub fn map_text(mut self, change: &dyn Fn(&str) -> String) -> Diagnostic {
        let texts = std::iter::once(&mut self.message)
            .chain(&mut self.notes)
            .chain(&mut self.hint)
            .chain(self.place.iter_mut().flat_map(|place| std::iter::once(&mut place.path).chain(&mut place.excerpt)))
            .chain(
                self.finding
                    .iter_mut()
                    .flat_map(|finding| std::iter::once(&mut finding.facts).chain(&mut finding.customer)),
            );
        for text in texts {
            *text = change(text);
        }
        self
    }

    /// Whether it stops the program.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The message alone, as one part of a chain of causes.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}
