//! [`ItemMatch`]: selects items, for an `[[item]]` and for a percentage of them.

use super::item_kind::ItemKind;
use super::matcher::Glob;

/// Selects items; all keys that are present must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemMatch {
    /// `item`: the item's name, that of a fee included.
    pub item: Option<Glob>,
    /// `source`
    pub source: Option<Glob>,
    /// `kind`
    pub kind: Option<ItemKind>,
}

impl ItemMatch {
    /// Whether it selects an item.
    pub fn matches(&self, source: &str, name: &str, kind: ItemKind) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
            && self.item.as_ref().is_none_or(|glob| glob.matches(name))
            && self.source.as_ref().is_none_or(|glob| glob.matches(source))
    }

    /// Whether it selects every item that `other` does.
    pub fn covers(&self, other: &ItemMatch) -> bool {
        let covers = |own: &Option<Glob>, other: &Option<Glob>| match (own, other) {
            (None, _) => true,
            (Some(own), None) => own.covers(&Glob::new("*")),
            (Some(own), Some(other)) => own.covers(other),
        };
        covers(&self.item, &other.item)
            && covers(&self.source, &other.source)
            && self.kind.is_none_or(|kind| other.kind == Some(kind))
    }
}
