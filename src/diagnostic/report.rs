//! [`Diagnostic`]: one report.

use std::fmt;

use super::place::Place;
use crate::model::warning::WarningCode;

/// Severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// An error, after which nothing is written.
    Error,
    /// Probably a mistake.
    Warning,
    /// Information.
    Note,
}

/// Why an error stops the program, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Data, configuration or a check is at fault: exit code 1.
    Refused,
    /// The program could not do its work, for example because a disk is full: exit code 2.
    CouldNotRun,
}

/// One message to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its severity.
    pub severity: Severity,
    /// For errors: refused, or could not run.
    pub stop: Stop,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Its place.
    pub place: Option<Place>,
    /// Further facts, a line each.
    pub notes: Vec<String>,
    /// The way out.
    pub hint: Option<String>,
    /// For warnings about a month: their subject. Boxed, because it would make every error that has none larger.
    pub finding: Option<Box<Finding>>,
    /// Whether it is about a figure with too many digits that has no name yet.
    pub is_unnamed_figure: bool,
}

/// Subject of a warning about a month, to list and to ignore such warnings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Kind of the warning.
    pub code: WarningCode,
    /// Id of the customer it concerns.
    pub customer: Option<String>,
    /// Figures and names of the message without words, for readers of any language.
    pub facts: String,
    /// The same of its notes, as far as they have any.
    pub note_facts: Vec<String>,
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

    /// An error of data, configuration or a check.
    pub fn error(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, message)
    }

    /// The program could not do its work.
    pub fn could_not_run(message: impl Into<String>) -> Diagnostic {
        Diagnostic { stop: Stop::CouldNotRun, ..Diagnostic::error(message) }
    }

    /// A warning: probably a mistake, but not refused.
    pub fn warning(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, message)
    }

    /// A warning about a month; `facts` are its figures and names without words.
    pub fn finding(code: WarningCode, message: impl Into<String>, facts: impl Into<String>) -> Diagnostic {
        let finding = Finding { code, customer: None, facts: facts.into(), note_facts: Vec::new() };
        Diagnostic { finding: Some(Box::new(finding)), ..Diagnostic::warning(message) }
    }

    /// A note.
    pub fn note(message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Note, message)
    }

    /// Adds its place.
    #[must_use]
    pub fn at(mut self, place: impl Into<Place>) -> Diagnostic {
        self.place = Some(place.into());
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Adds a note to a warning about a month; `facts` are its figures and names without words.
    #[must_use]
    pub fn with_note_and_facts(mut self, note: impl Into<String>, facts: impl Into<String>) -> Diagnostic {
        if let Some(finding) = &mut self.finding {
            finding.note_facts.push(facts.into());
        }
        self.with_note(note)
    }

    /// Adds a note that is without words itself: a name, a path or a rule.
    #[must_use]
    pub fn with_fact(self, fact: impl Into<String>) -> Diagnostic {
        let fact = fact.into();
        self.with_note_and_facts(fact.clone(), fact)
    }

    /// Adds a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hint = Some(hint.into());
        self
    }

    /// Makes a warning concern a customer.
    #[must_use]
    pub fn concerning(mut self, customer: &str) -> Diagnostic {
        if let Some(finding) = &mut self.finding {
            finding.customer = Some(customer.to_owned());
        }
        self
    }

    /// Changes every text, for example to mask secrets.
    #[must_use]
    pub fn map_text(mut self, change: &dyn Fn(&str) -> String) -> Diagnostic {
        let texts = std::iter::once(&mut self.message)
            .chain(&mut self.notes)
            .chain(&mut self.hint)
            .chain(self.place.iter_mut().flat_map(|place| std::iter::once(&mut place.path).chain(&mut place.excerpt)))
            .chain(self.finding.iter_mut().flat_map(|finding| {
                std::iter::once(&mut finding.facts).chain(&mut finding.customer).chain(&mut finding.note_facts)
            }));
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

/// Prints only the message, as one part of a chain of causes.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}
