//! [`Discrepancy`]: one thing that is no longer as it was issued.

use serde::{Serialize, Serializer};

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
    /// A document kept beside a record.
    #[serde(rename = "kept-document-changed")]
    Kept,
    /// A document kept beside a record, or a message that was sent, that is gone.
    #[serde(rename = "kept-document-missing")]
    KeptMissing,
    /// A journal of what was sent or exported.
    #[serde(rename = "journal-changed")]
    Journal,
    /// A record, a copy of the rules kept beside it or the list of records.
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
            DiscrepancyKind::Kept => "kept document changed",
            DiscrepancyKind::KeptMissing => "kept document missing",
            DiscrepancyKind::Journal => "journal changed",
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
    pub message: Difference,
}

impl Discrepancy {
    /// A problem as a finding.
    pub fn of_problem(kind: DiscrepancyKind, problem: &Diagnostic) -> Discrepancy {
        let file = problem.place.as_ref().map(|place| place.path.clone());
        Discrepancy { kind, file, number: None, message: Difference::of(problem.message.clone()) }
    }

    pub(super) fn of_file(kind: DiscrepancyKind, file: &ChangedFile) -> Discrepancy {
        let what = match file.change {
            FileChange::Changed => "the file changed",
            FileChange::Missing => "the file is gone",
            FileChange::New => "the file is new",
        };
        let message = Difference { rows: file.named_rows(), ..Difference::of(what) };
        Discrepancy { kind, file: Some(file.path.clone()), number: None, message }
    }
}

/// What differs, in parts that a terminal translates one by one. JSON has them in one sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The customer, where no document has a number.
    pub customer: Option<String>,
    /// What the problem prevents; the problem follows.
    pub prevented: Option<&'static str>,
    /// What it is, or the message of the problem.
    pub what: String,
    /// The notes of the problem.
    pub notes: Vec<String>,
    /// The rows of the file that changed.
    pub rows: Vec<String>,
    /// The version that issued the document and this one, where they differ.
    pub versions: Option<String>,
}

impl Difference {
    pub(super) fn of(what: impl Into<String>) -> Difference {
        Difference { what: what.into(), ..Difference::default() }
    }

    /// The parts in one sentence, each as `text` gives it.
    pub fn sentence(&self, text: &dyn Fn(&str) -> String) -> String {
        let all = |parts: &[String]| parts.iter().map(|part| text(part)).collect::<Vec<String>>().join("; ");
        let customer = self.customer.iter().map(|customer| format!("\"{customer}\":"));
        let what = match self.notes.is_empty() {
            true => text(&self.what),
            false => format!("{}: {}", text(&self.what), all(&self.notes)),
        };
        let rows = (!self.rows.is_empty()).then(|| format!("({})", all(&self.rows)));
        let versions = self.versions.iter().map(|versions| text(versions));
        let parts = customer.chain(self.prevented.map(text)).chain([what]).chain(rows).chain(versions);
        parts.collect::<Vec<String>>().join(" ")
    }
}

impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.sentence(&str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_translated_by_itself() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let all = Difference {
            customer: Some("a: (issued by x".to_owned()),
            prevented: Some("prevented:"),
            what: "what".to_owned(),
            notes: words(&["one", "two: three"]),
            rows: words(&["line 3: 1,acme", "no longer: 1,bravo"]),
            versions: Some("(versions)".to_owned()),
        };
        let expected = "\"a: (issued by x\": <prevented:> <what>: <one>; <two: three> (<line 3: 1,acme>; <no longer: \
                        1,bravo>) <(versions)>";
        assert_eq!(all.sentence(&|part| format!("<{part}>")), expected);
        assert_eq!(serde_json::to_value(Difference::of("what")).unwrap(), "what");
    }
}
