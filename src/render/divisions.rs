//! Where the sections of an invoice (`[invoice] sections`) stand on it; templates call them divisions.

use std::collections::BTreeMap;

use crate::model::invoice::Invoice;

/// Whether an invoice has sections.
pub(super) fn has_sections(invoice: &Invoice) -> bool {
    invoice.items.iter().any(|item| item.section.is_some())
}

/// By item, where its section stands: at its first item, as items are in the order of their sections, or behind all
/// sections.
pub(super) fn divisions(invoice: &Invoice) -> Vec<usize> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let mut divisions = Vec::with_capacity(invoice.items.len());
    for (index, item) in invoice.items.iter().enumerate() {
        divisions.push(match &item.section {
            Some(section) => *first.entry(&section.name).or_insert(index),
            None => usize::MAX,
        });
    }
    divisions
}
