//! `[[section]]`: names and order of the sections of invoices.

use super::first_tables::{self, FirstDecides};
use super::toml_reader::{Section, Value};
use super::wording::texts;
use crate::diagnostic::Diagnostic;
use crate::model::definition::Definition;
use crate::model::matcher::Glob;
use crate::model::section::SectionTable;
use crate::model::warning::WarningCode;

/// Reads the tables of a file.
pub(super) fn read(root: &Section<'_, '_>) -> Vec<SectionTable> {
    first_tables::read(root, ("section", "[[section]]"), table)
}

impl FirstDecides for SectionTable {
    const HIDDEN: (WarningCode, &str) = (
        WarningCode::UnusedSection,
        "an earlier [[section]] matches the same values and leaves this one nothing to say",
    );

    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn hides(&self, later: &SectionTable) -> bool {
        SectionTable::hides(self, later)
    }
}

fn table(section: &Section<'_, '_>) -> SectionTable {
    let table = SectionTable {
        value: section.read("value", |value| value.string().map(|pattern| Glob::new(&pattern))),
        fee: section.read("fee", |value| value.text().map(|pattern| Glob::new(&pattern))),
        minimum: section.read("minimum", Value::boolean).unwrap_or(false),
        name: section.read("name", texts),
        order: section.read("order", Value::integer),
        definition: section.definition(),
    };
    if !section.finish() {
        return table;
    }
    let claims = section.has_any(&["fee"]) || table.minimum;
    let is_one_value = table.value.as_ref().is_some_and(|value| value.literal().is_some());
    if !section.has_any(&["value"]) && !claims {
        let diagnostic = Diagnostic::error("a [[section]] that lists nothing");
        section.tell(diagnostic.with_hint(
            "add value = \"sales\", the tag's or group's; value = \"\" is for charges without one, fee = \"…\" for a fee",
        ));
    } else if claims && !section.has_any(&["name"]) && !is_one_value {
        let diagnostic = Diagnostic::error("a [[section]] that lists fees or the minimum and has no name");
        section.tell(diagnostic.with_hint("add name = \"…\", or the value = \"…\" of one section without * and ?"));
    } else if !claims && !section.has_any(&["name", "order"]) {
        let diagnostic = Diagnostic::error("a [[section]] that says nothing about its values");
        section.tell(diagnostic.with_hint("add name = \"…\" or order = 1"));
    }
    table
}
