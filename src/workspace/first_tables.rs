//! Tables such as `[[item]]`, of which the first that has a key decides.

use super::toml_reader::Section;
use crate::diagnostic::Diagnostic;
use crate::model::definition::Definition;
use crate::model::warning::WarningCode;

/// A table of which the first that has a key decides.
pub(super) trait FirstDecides {
    /// Where it is written.
    fn definition(&self) -> &Definition;

    /// Whether nothing is left for `later` to say, which comes after it.
    fn hides(&self, later: &Self) -> bool;

    /// The warning that `later` is hidden.
    const HIDDEN: (WarningCode, &str);
}

/// Reads the tables of a file; those that an earlier one leaves nothing to say give a warning.
pub(super) fn read<T: FirstDecides>(
    root: &Section<'_, '_>,
    (key, name): (&'static str, &'static str),
    table: impl Fn(&Section<'_, '_>) -> T,
) -> Vec<T> {
    let mut tables: Vec<T> = Vec::new();
    for section in root.sections(key, name) {
        let table = table(&section);
        if let Some(first) = tables.iter().find(|first| first.hides(&table)) {
            section.tell(hidden(T::HIDDEN, first.definition(), table.definition()));
        }
        tables.push(table);
    }
    tables
}

fn hidden((code, message): (WarningCode, &str), first: &Definition, later: &Definition) -> Diagnostic {
    let facts = format!("{}:{}", later.path, later.line);
    Diagnostic::finding(code, message, facts)
        .with_note_and_facts(
            format!("the earlier one is at line {}: {}", first.line, first.text),
            format!("{}:{}: {}", first.path, first.line, first.text),
        )
        .with_hint("the first table that has a key decides: put this one before it, or remove it")
}
