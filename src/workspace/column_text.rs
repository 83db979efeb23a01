//! Reads texts that are made of the cells of a row: a column, or a text with columns in braces.

use super::toml_reader::Value;
use crate::diagnostic::Diagnostic;
use crate::model::column_text::{ColumnText, TextPart};

/// Reads a text; `example` is one, for the error about braces.
pub(super) fn read(value: &Value<'_, '_>, example: &str) -> Result<ColumnText, Diagnostic> {
    let text = value.text()?;
    if !text.contains(['{', '}']) {
        return Ok(vec![TextPart::Column(text)]);
    }
    let unbalanced = || {
        let diagnostic = Diagnostic::error(format!("expected the name of a column between {{ and }}, found {text:?}"));
        diagnostic.with_hint(format!("write {example}"))
    };
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once('{') {
        let column = behind.split_once('}').filter(|(column, _)| !column.is_empty() && !column.contains('{'));
        let (column, behind) = column.filter(|_| !before.contains('}')).ok_or_else(unbalanced)?;
        if !before.is_empty() {
            parts.push(TextPart::Text(before.to_owned()));
        }
        parts.push(TextPart::Column(column.to_owned()));
        rest = behind;
    }
    if rest.contains('}') || parts.is_empty() {
        return Err(unbalanced());
    }
    if !rest.is_empty() {
        parts.push(TextPart::Text(rest.to_owned()));
    }
    Ok(parts)
}
