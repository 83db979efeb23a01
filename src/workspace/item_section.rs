//! `[[item]]`: what customers read of items.

use super::first_tables::{self, FirstDecides};
use super::item_match::{self, item_match};
use super::toml_reader::{Section, Value};
use super::values;
use super::wording::texts;
use crate::diagnostic::Diagnostic;
use crate::model::amount::Amount;
use crate::model::definition::Definition;
use crate::model::invoice::ItemKind;
use crate::model::item_table::{DECIMALS_MOST, ItemTable, PrintedUnit, QuantityDisplay};
use crate::model::warning::WarningCode;

/// The keys that say something about items.
const KEYS: [&str; 8] = ["name", "unit", "scale", "decimals", "heading", "order", "quantity", "note"];

/// Reads the tables of a file.
pub(super) fn read(root: &Section<'_, '_>) -> Vec<ItemTable> {
    first_tables::read(root, ("item", "[[item]]"), table)
}

impl FirstDecides for ItemTable {
    const HIDDEN: (WarningCode, &str) =
        (WarningCode::UnusedItem, "an earlier [[item]] matches the same items and leaves this one nothing to say");

    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn hides(&self, later: &ItemTable) -> bool {
        ItemTable::hides(self, later)
    }
}

fn table(section: &Section<'_, '_>) -> ItemTable {
    let table = ItemTable {
        of: item_match(section, &ItemKind::NAMES),
        name: section.read("name", texts),
        measure: measure(section),
        decimals: section.read("decimals", decimals),
        heading: section.read("heading", texts),
        order: section.read("order", Value::integer),
        quantity: section.read("quantity", |value| value.one_of(&QuantityDisplay::NAMES)),
        note: section.read("note", texts),
        definition: section.definition(),
    };
    if section.has_any(&["resource"]) {
        let diagnostic =
            Diagnostic::error("an [[item]] cannot be narrowed to a resource: an item is one line of an invoice");
        section
            .tell(diagnostic.with_hint("remove `resource`; in a customer's file the table is for that customer alone"));
    } else if section.finish() {
        if !section.has_any(&item_match::KEYS) {
            let diagnostic = Diagnostic::error("an [[item]] that names no items");
            section.tell(
                diagnostic.with_hint("add item = \"basicCharge\", or source or kind; item = \"*\" is every item"),
            );
        } else if !section.has_any(&KEYS) {
            let diagnostic = Diagnostic::error("an [[item]] that says nothing about its items");
            section.tell(diagnostic.with_hint(format!("add one of {}", KEYS.join(", "))));
        }
    }
    table
}

/// `unit`, and `scale` with it.
fn measure(section: &Section<'_, '_>) -> Option<PrintedUnit> {
    let unit = section.read("unit", texts);
    let scale = section.read("scale", scale);
    if let (Some(value), false) = (section.get("scale"), section.has_any(&["unit"])) {
        let diagnostic =
            Diagnostic::error("`scale` without `unit`: the printed quantity would count something unnamed");
        value.told::<()>(Err(diagnostic.with_hint("add what the scaled quantity counts, such as unit = \"MB\"")));
    }
    let has_scale = section.has_any(&["scale"]);
    let scale = if has_scale { scale? } else { Amount::whole(1) };
    Some(PrintedUnit { unit: unit?, scale })
}

fn scale(value: &Value<'_, '_>) -> Result<Amount, Diagnostic> {
    const EXPECTED: &str = "a number above zero such as \"1048576\"";
    let scale = values::quantity(value, EXPECTED)?;
    if scale.is_positive() { Ok(scale) } else { Err(value.expected(EXPECTED)) }
}

fn decimals(value: &Value<'_, '_>) -> Result<u32, Diagnostic> {
    let decimals = u32::try_from(value.integer()?).ok().filter(|decimals| *decimals <= DECIMALS_MOST);
    decimals.ok_or_else(|| value.expected(&format!("a number of decimals from 0 to {DECIMALS_MOST}")))
}
