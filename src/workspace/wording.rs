//! Reads texts for readers of each language.

use super::toml_reader::Value;
use crate::diagnostic::Diagnostic;
use crate::model::wording::Wording;

/// One text, or `{ ja = "…", en = "…" }`.
pub(super) fn texts(value: &Value<'_, '_>) -> Result<Wording, Diagnostic> {
    each(value, line)
}

/// One text that `read` understands, or `{ ja = "…", en = "…" }` of such.
pub(super) fn each<T: Default>(
    value: &Value<'_, '_>,
    read: fn(&Value<'_, '_>) -> Result<T, Diagnostic>,
) -> Result<Wording<T>, Diagnostic> {
    if value.is_text() {
        return read(value).map(Wording::Only);
    }
    let section = value.section("the texts by language").map_err(|_| {
        value.expected("a text, or one for each language").with_hint("write \"…\" or { ja = \"…\", en = \"…\" }")
    })?;
    let told = section.file.count();
    let texts = (section.read("ja", read), section.read("en", read));
    section.finish();
    match texts {
        (Some(ja), Some(en)) => Ok(Wording::Both { ja, en }),
        (Some(text), None) | (None, Some(text)) => Ok(Wording::Only(text)),
        // What is wrong with it is told already.
        (None, None) if section.file.count() > told => Ok(Wording::Only(T::default())),
        (None, None) => Err(value.expected("a text for each language").with_hint("write { ja = \"…\", en = \"…\" }")),
    }
}

/// A text that is printed on one line.
pub(super) fn line(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    on_one_line(value, value.text()?)
}

/// A text that is printed on one line, or `""`.
pub(super) fn line_or_none(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    on_one_line(value, value.string()?)
}

fn on_one_line(value: &Value<'_, '_>, text: String) -> Result<String, Diagnostic> {
    match text.chars().find(|c| c.is_control()) {
        None => Ok(text),
        // It was issued so.
        Some(_) if value.file.is_kept => Ok(text),
        Some(c) => {
            let diagnostic = Diagnostic::error(format!("expected one line of text, found the control character {c:?}"));
            Err(diagnostic.with_hint("remove it; a long text wraps by itself"))
        }
    }
}

/// A text of sentences, which may be on several lines, or `""`.
pub(super) fn lines(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let text = value.string()?;
    match text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        None => Ok(text),
        Some(_) if value.file.is_kept => Ok(text),
        Some(c) => {
            Err(Diagnostic::error(format!("expected text, found the control character {c:?}")).with_hint("remove it"))
        }
    }
}
