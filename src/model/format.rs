//! [`Format`]: the kinds of files that a document is made as.

use serde::{Deserialize, Serialize};

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For printing and sending.
    Pdf,
    /// For reading in a browser.
    Html,
    /// The record everything else is made from.
    Json,
    /// Every row, for a spreadsheet.
    Csv,
}

impl Format {
    /// All kinds.
    pub const ALL: [Format; 4] = [Format::Pdf, Format::Html, Format::Json, Format::Csv];

    /// The names in TOML.
    pub const NAMES: [(&'static str, Format); 4] =
        [("pdf", Format::Pdf), ("html", Format::Html), ("json", Format::Json), ("csv", Format::Csv)];

    /// The file extension.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Pdf => "pdf",
            Format::Html => "html",
            Format::Json => "json",
            Format::Csv => "csv",
        }
    }
}
