//! Reads `of`: the items that a percentage is of.

use super::toml_reader::Value;
use crate::diagnostic::Diagnostic;
use crate::model::adjustment::ItemMatch;
use crate::model::item_kind::ItemKind;
use crate::model::matcher::Glob;

/// The kinds of items that a percentage can be of: the others are made after it.
const KINDS: [(&str, ItemKind); 4] = [
    ("usage", ItemKind::Usage),
    ("discount", ItemKind::Discount),
    ("fee", ItemKind::Fee),
    ("adjustment", ItemKind::Adjustment),
];

/// `{ item = "*", kind = "usage" }`: the items that a percentage is of.
pub(super) fn item_match(value: &Value<'_, '_>) -> Result<ItemMatch, Diagnostic> {
    let hint = "write of = { item = \"*\" } for everything, or narrow it by item, source and kind";
    let keys = value.section("of").map_err(|problem| problem.with_hint(hint))?;
    let glob = |key| keys.read(key, |value| value.string().map(|pattern| Glob::new(&pattern)));
    let of =
        ItemMatch { item: glob("item"), source: glob("source"), kind: keys.read("kind", |value| value.one_of(&KINDS)) };
    if keys.finish() && !keys.has_any(&["item", "source", "kind"]) {
        return Err(Diagnostic::error("`of` names no items").with_hint(hint));
    }
    Ok(of)
}
