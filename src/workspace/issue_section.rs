//! Reads `[issue]`: what `issue` and `credit` keep.

use super::toml_reader::Section;
use crate::diagnostic::Diagnostic;
use crate::model::definition::Definition;
use crate::model::format::Format;

/// The kinds of documents to keep, in the order of [`Format::ALL`]; all where the section does not say.
/// Also returns where the section says it.
pub(super) fn kept_formats(section: Option<Section<'_, '_>>) -> (Vec<Format>, Option<Definition>) {
    let Some(section) = section else {
        return (Format::ALL.to_vec(), None);
    };
    let definition = section.get("keep").map(|value| value.definition());
    let named = section.list("keep", |value| value.one_of(&Format::NAMES));
    if let (Some(named), Some(value)) = (&named, section.get("keep"))
        && let Some((name, _)) =
            Format::NAMES.into_iter().find(|(_, format)| named.iter().filter(|named| *named == format).count() > 1)
    {
        let diagnostic = Diagnostic::error(format!("keep names \"{name}\" twice"));
        value.told::<()>(Err(diagnostic.with_hint("name each kind of document once")));
    }
    section.finish();
    match named {
        Some(named) => (Format::ALL.into_iter().filter(|format| named.contains(format)).collect(), definition),
        None => (Format::ALL.to_vec(), definition),
    }
}
