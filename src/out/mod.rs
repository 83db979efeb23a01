//! The files that a build writes: an invoice's record as JSON and CSV, the month's manifest, and the directory that is
//! replaced as a whole or not at all.

mod csv_rows;
mod directory;
mod invoice_csv;
mod invoice_json;
mod manifest;

use anyhow::Context;

use crate::diagnostic::Diagnostic;
pub(crate) use csv_rows::defused;
pub use directory::{Mode, begin, check_target, months_in, not_replaced};
pub use invoice_csv::invoice_csv;
pub use invoice_json::invoice_json;
pub use manifest::{Manifest, tool};

/// A value as pretty JSON with a final newline.
///
/// # Errors
/// When it cannot be serialised, which no value of this program does.
pub fn to_json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = serde_json::to_vec_pretty(value).context("cannot write JSON")?;
    bytes.push(b'\n');
    Ok(bytes)
}
