//! Reports rows of assignments that cannot be used, each kind once for each file.

use crate::diagnostic::{Diagnostic, Place};
use crate::model::assignments::{AssignmentRow, Assignments};

/// Most kinds of mistakes reported for a file.
const SHOWN: usize = 10;
/// Most rows named of a kind.
const NAMED: usize = 6;

/// Why a row is refused.
pub(super) struct Fault {
    /// Rows with the same kind are reported together.
    pub(super) kind: String,
    pub(super) message: String,
    pub(super) hint: String,
}

impl Fault {
    pub(super) fn new(kind: &str, message: String, hint: String) -> Fault {
        Fault { kind: kind.to_owned(), message, hint }
    }
}

struct Kind {
    fault: Fault,
    excerpt: String,
    /// The first rows.
    rows: Vec<u32>,
    count: usize,
}

/// The faults of a file.
pub(super) struct Faults<'p> {
    path: &'p str,
    kinds: Vec<Kind>,
    /// Rows of kinds beyond the first.
    more: usize,
}

impl<'p> Faults<'p> {
    pub(super) fn new(path: &'p str) -> Faults<'p> {
        Faults { path, kinds: Vec::new(), more: 0 }
    }

    /// Adds a refused row and how it is written.
    pub(super) fn add(&mut self, fault: Fault, row: u32, written: &str) {
        if let Some(known) = self.kinds.iter_mut().find(|known| known.fault.kind == fault.kind) {
            known.count += 1;
            if known.rows.len() < NAMED {
                known.rows.push(row);
            }
        } else if self.kinds.len() < SHOWN {
            let excerpt = written.lines().next().unwrap_or_default().to_owned();
            self.kinds.push(Kind { fault, excerpt, rows: vec![row], count: 1 });
        } else {
            self.more += 1;
        }
    }

    /// Adds those of a later part of the file.
    pub(super) fn merge(&mut self, later: Faults<'_>) {
        self.more += later.more;
        for kind in later.kinds {
            if let Some(known) = self.kinds.iter_mut().find(|known| known.fault.kind == kind.fault.kind) {
                let missing = NAMED.saturating_sub(known.rows.len());
                known.rows.extend(kind.rows.iter().take(missing));
                known.count += kind.count;
            } else if self.kinds.len() < SHOWN {
                self.kinds.push(kind);
            } else {
                self.more += kind.count;
            }
        }
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let Faults { path, kinds, more } = self;
        let finish = |kind: Kind| {
            let place = Place::line(path, kind.rows[0]).with_excerpt(kind.excerpt);
            let diagnostic = Diagnostic::error(kind.fault.message).at(place).with_hint(kind.fault.hint);
            if kind.count == 1 {
                return diagnostic;
            }
            let also: Vec<String> = kind.rows[1..].iter().map(u32::to_string).collect();
            let end = if kind.count > kind.rows.len() { ", …" } else { "" };
            diagnostic.with_note(format!("{} rows like this: also {}{end}", kind.count, also.join(", ")))
        };
        let mut diagnostics: Vec<Diagnostic> = kinds.into_iter().map(finish).collect();
        if let (Some(last), true) = (diagnostics.last_mut(), more > 0) {
            last.notes.push(format!("and {more} more rows with mistakes"));
        }
        diagnostics
    }
}

/// Errors for rows that say the same twice: usually one of the two was to be changed.
pub(super) fn repeated(assignments: &Assignments) -> Vec<Diagnostic> {
    let same = |one: &AssignmentRow, other: &AssignmentRow| {
        (one.source, one.customer, one.days) == (other.source, other.customer, other.days)
            && assignments.resource(one) == assignments.resource(other)
    };
    let pairs = assignments.rows().windows(2).filter(|pair| same(&pair[0], &pair[1]));
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut more = 0;
    for pair in pairs {
        if found.len() == SHOWN {
            more += 1;
            continue;
        }
        let [first, second] = [&pair[0], &pair[1]];
        let place = Place::line(assignments.path(second), second.line).with_excerpt(assignments.text(second));
        let problem = Diagnostic::error("the row repeats an earlier one").at(place);
        let note = format!("the same resource, customer and days are in {}", assignments.place(first));
        found.push(problem.with_note(note).with_hint("remove one of the two rows"));
    }
    if let (Some(last), true) = (found.last_mut(), more > 0) {
        last.notes.push(format!("and {more} more rows that repeat others"));
    }
    found
}
