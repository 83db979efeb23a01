//! Warnings about charges that the issuer bears by default, not by a rule.

use std::collections::BTreeMap;

use super::Month;
use crate::diagnostic::{Diagnostic, Place, row_count};
use crate::model::amount::{Sum, TooLong};
use crate::model::charge::{ChargeId, NameId};
use crate::model::figures::money;
use crate::model::item_label::ItemTables;
use crate::model::plain::beginning;
use crate::model::warning::WarningCode;

/// Maximum number of items named.
const SHOWN: usize = 5;

/// Charges kept by `unassigned = "keep"`, by source: a new SIM that no rule matches looks just like the issuer's own.
pub(super) fn kept(month: Month<'_>) -> Result<Vec<Diagnostic>, TooLong> {
    let bill = month.bill;
    let mut by_source: BTreeMap<u16, Vec<ChargeId>> = BTreeMap::new();
    for id in &month.billed.kept_unassigned {
        by_source.entry(bill.subject(bill.charge(*id)).source).or_default().push(*id);
    }
    by_source.into_iter().map(|(source, charges)| of_source(month, source, &charges)).collect()
}

fn of_source(month: Month<'_>, source: u16, charges: &[ChargeId]) -> Result<Diagnostic, TooLong> {
    let bill = month.bill;
    let source = &bill.sources[usize::from(source)];
    // In the order of the items' first rows.
    let mut items: Vec<(NameId, usize, Sum)> = Vec::new();
    let mut places: BTreeMap<NameId, usize> = BTreeMap::new();
    let mut all = Sum::default();
    for id in charges {
        let charge = bill.charge(*id);
        let place = *places.entry(charge.item).or_insert_with(|| {
            items.push((charge.item, 0, Sum::default()));
            items.len() - 1
        });
        items[place].1 += 1;
        let cost = month.billed.remainders.cost(bill, *id);
        items[place].2.add(cost)?;
        all.add(cost)?;
    }
    let total = money(all.total()?, source.currency, 0);
    let message = format!(
        "{total} of \"{}\" that no rule claims is kept by the issuer: {}",
        source.name,
        row_count(charges.len())
    );
    let tables = ItemTables::of_issuer(month.settings);
    let name = |item: NameId| beginning(&tables.both_names(&source.name, bill.names.get(item)));
    let names: Vec<String> = items.iter().take(SHOWN).map(|(item, ..)| name(*item)).collect();
    let more = items.len().saturating_sub(SHOWN);
    let facts = format!("{}: {total} ({}): {}", source.name, charges.len(), names.join(", "));
    let facts = if more > 0 { format!("{facts}, …") } else { facts };
    let (path, row) = bill.origin(bill.charge(charges[0]));
    let mut warning = Diagnostic::finding(WarningCode::Kept, message, facts).at(Place::line(path, row));
    for (item, count, sum) in items.into_iter().take(SHOWN) {
        let cost = money(sum.total()?, source.currency, 0);
        let name = name(item);
        let facts = format!("{name}: {cost} ({count})");
        warning = warning.with_note_and_facts(format!("{name}: {}, {cost}", row_count(count)), facts);
    }
    if more > 0 {
        warning = warning.with_note_and_facts(format!("and {more} more items"), format!("… (+{more})"));
    }
    Ok(warning.with_hint(
        "give them to customers with [[match]] or [[allocation.share]], or keep them on purpose with [[allocation.keep]]",
    ))
}
