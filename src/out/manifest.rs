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
    /// Files read, from the workspace's root.
    pub inputs: Vec<Written>,
    /// Files that the comparison with earlier months was made from; no invoice depends on them.
    #[serde(default)]
    pub compared: Vec<Written>,
    /// Files written, from the month's directory, this one excepted.
    pub outputs: Vec<Written>,
}

impl Manifest {
    /// The manifest of a build; all lists are put in order.
    pub fn new(month: String, mut inputs: Vec<Written>, mut compared: Vec<Written>, outputs: Vec<Written>) -> Manifest {
        inputs.sort();
        inputs.dedup();
        compared.sort();
        Manifest { tool: tool(), month, inputs, compared, outputs }
    }
}
