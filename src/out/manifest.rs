//! `manifest.json`: every input and output with its hash, so that anyone can see what an invoice was made from.

use serde::{Deserialize, Serialize};

use crate::staging::Written;

/// Name and version of this program.
pub fn tool() -> String {
    format!("invoicer {}", env!("CARGO_PKG_VERSION"))
}

/// The manifest of a month.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Name and version of the program.
    pub tool: String,
    /// The month.
    #[serde(default)]
    pub month: String,
    /// Files read, relative to the workspace's root.
    pub inputs: Vec<Written>,
    /// Files read to compare with earlier months; no invoice depends on them.
    #[serde(default)]
    pub compared: Vec<Written>,
    /// Records and summaries of issued months that the stories of invoices were made from; empty without stories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub story: Vec<Written>,
    /// Files written, relative to the month's directory, except this one.
    pub outputs: Vec<Written>,
}

impl Manifest {
    /// The manifest of a build, with all lists sorted.
    pub fn new(month: String, mut inputs: Vec<Written>, mut compared: Vec<Written>, outputs: Vec<Written>) -> Manifest {
        inputs.sort();
        inputs.dedup();
        compared.sort();
        Manifest { tool: tool(), month, inputs, compared, story: Vec::new(), outputs }
    }
}
