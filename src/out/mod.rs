//! The files that a build writes: an invoice's record as JSON and CSV, the month's manifest, and the directory that is
//! replaced as a whole or not at all.

mod directory;
mod invoice_csv;
mod invoice_json;
mod manifest;

use anyhow::Context;

use crate::diagnostic::Diagnostic;
pub use directory::{Mode, begin, check_target, months_in, not_replaced};
pub(crate) use invoice_csv::defused;
pub use invoice_csv::invoice_csv;
pub use invoice_json::invoice_json;
pub use manifest::{Manifest, tool};

/// JSON without the blanks between its parts: two thirds as long for many short values.
pub fn without_blanks(json: &[u8]) -> Vec<u8> {
    let mut compact = Vec::with_capacity(json.len());
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in json {
        if !is_text && byte.is_ascii_whitespace() {
            continue;
        }
        compact.push(*byte);
        is_text ^= *byte == b'"' && !is_escaped;
        is_escaped = is_text && *byte == b'\\' && !is_escaped;
    }
    compact
}

/// A value as pretty JSON with a final newline.
///
/// # Errors
/// When it cannot be serialised, which no value of this program does.
pub fn to_json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = serde_json::to_vec_pretty(value).context("cannot write JSON")?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn blanks_go_outside_of_texts_alone() {
        let value = serde_json::json!({
            "a b": ["x  y", "\"", "\\", " \\\" ", "\t\n"], "c": [], "d": { "e": null, "f": [1, true, ""] },
        });
        let pretty = super::to_json(&value).unwrap();
        assert_eq!(super::without_blanks(&pretty), serde_json::to_vec(&value).unwrap());
    }
}
