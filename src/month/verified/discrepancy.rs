//! [`Discrepancy`]: one thing that is no longer as it was issued.

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::month::evidence::{ChangedFile, FileChange};

/// Kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum DiscrepancyKind {
    /// A provider's bill, or adjustments of the month.
    #[serde(rename = "inputs-changed")]
    Inputs,
    /// A file of the workspace; a finding only where it changes figures.
    #[serde(rename = "rules-changed")]
    Rules,
    /// The result of the inputs and rules.
    #[serde(rename = "result-changed")]
    Result,
    /// A file in `out/`.
    #[serde(rename = "document-changed")]
    Document,
    /// A record, a copy kept beside it or the list of records.
    #[serde(rename = "lock-changed")]
    Lock,
}

impl DiscrepancyKind {
    /// `inputs changed`
    pub fn words(self) -> &'static str {
        match self {
            DiscrepancyKind::Inputs => "inputs changed",
            DiscrepancyKind::Rules => "rules changed",
            DiscrepancyKind::Result => "result changed",
            DiscrepancyKind::Document => "document changed",
            DiscrepancyKind::Lock => "lock changed",
        }
    }
}

/// A change since a month was issued.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Discrepancy {
    /// What it is about.
    pub kind: DiscrepancyKind,
    /// The file, from the workspace's root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The document's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What differs.
    pub message: String,
}

impl Discrepancy {
    pub(super) fn of_problem(kind: DiscrepancyKind, problem: &Diagnostic) -> Discrepancy {
        let file = problem.place.as_ref().map(|place| place.path.clone());
        Discrepancy { kind, file, number: None, message: problem.message.clone() }
    }

    pub(super) fn of_file(kind: DiscrepancyKind, file: &ChangedFile) -> Discrepancy {
        let what = match file.change {
            FileChange::Changed => "the file changed",
            FileChange::Missing => "the file is gone",
            FileChange::New => "the file is new",
        };
        let message = format!("{what}{}", file.rows_in_words());
        Discrepancy { kind, file: Some(file.path.clone()), number: None, message }
    }
}
