//! [`Basis`]: what a machine computed a month from. Shards are put together only where all machines had the same.

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::carried::Carried;
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::month::computed::ComputedMonth;
use crate::out;
use crate::staging::{Written, hash};

/// Program, month and inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Name and version of the program.
    pub tool: String,
    /// The month.
    pub month: BillingMonth,
    /// Draft or built.
    pub status: Status,
    /// SHA-256 over the month, its status, what it carries over from earlier months, and all inputs.
    pub inputs_sha256: String,
    /// Every file read, relative to the workspace's root: also those that only warnings depend on.
    pub inputs: Vec<Written>,
}

/// Everything in [`Basis::inputs_sha256`].
#[derive(Serialize)]
struct Hashed<'a> {
    month: BillingMonth,
    status: Status,
    carried: &'a Carried,
    inputs: &'a [Written],
}

/// Maximum number of different files named.
const SHOWN: usize = 5;

impl Basis {
    /// What a month was computed from here.
    ///
    /// # Errors
    /// When a bill cannot be read again.
    pub fn of(computed: &ComputedMonth) -> Result<Basis, Problems> {
        let (month, status) = (computed.bill.month, computed.status);
        let mut inputs = computed.inputs()?.written();
        inputs.extend(computed.compared.iter().chain(&computed.story_files).cloned());
        inputs.sort();
        inputs.dedup();
        let hashed = Hashed { month, status, carried: &computed.billed.carried, inputs: &inputs };
        let inputs_sha256 = hash(&out::to_json(&hashed)?);
        Ok(Basis { tool: out::tool(), month, status, inputs_sha256, inputs })
    }

    /// Refuses what was made from other inputs than are here; `told` is the message, for a file at `path`.
    pub(super) fn check(&self, here: &Basis, told: String, path: &str, hint: &str) -> Result<(), Diagnostic> {
        if self.inputs_sha256 == here.inputs_sha256 {
            return Ok(());
        }
        let diagnostic = Diagnostic::error(told).at(Place::file(path)).with_hint(hint);
        let notes = self.differences(here);
        let more = notes.len().saturating_sub(SHOWN);
        let diagnostic = notes.into_iter().take(SHOWN).fold(diagnostic, Diagnostic::with_note);
        Err(if more > 0 { diagnostic.with_note(format!("and {more} more")) } else { diagnostic })
    }

    fn of_what(&self) -> String {
        let is_draft = self.status == Status::Draft;
        format!("{} ({})", self.month, if is_draft { "draft" } else { "built" })
    }

    /// What differs from what is here, in words.
    fn differences(&self, here: &Basis) -> Vec<String> {
        if self.month != here.month || self.status != here.status {
            return vec![format!("it is of {}, not of {}", self.of_what(), here.of_what())];
        }
        let find = |list: &[Written], path: &str| list.iter().find(|file| file.path == path).cloned();
        let mut notes: Vec<(String, &str)> = Vec::new();
        for file in &self.inputs {
            match find(&here.inputs, &file.path) {
                None => notes.push((file.path.clone(), "is not read here")),
                Some(other) if other.sha256 != file.sha256 => {
                    notes.push((file.path.clone(), "has another content here"))
                }
                Some(_) => {}
            }
        }
        let only_here = here.inputs.iter().filter(|file| find(&self.inputs, &file.path).is_none());
        notes.extend(only_here.map(|file| (file.path.clone(), "is read only here")));
        notes.sort();
        if notes.is_empty() {
            return vec!["what the month carries over from earlier months differs".to_owned()];
        }
        notes.into_iter().map(|(path, what)| format!("{path} {what}")).collect()
    }
}
