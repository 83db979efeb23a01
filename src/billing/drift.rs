//! Compares two readings of the same bill, row by row.

use std::collections::BTreeMap;

use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::Bill;
use crate::model::drift::RowChange;

/// Rows of a source that changed between the bill and a newer reading of that source alone, by resource, day and item.
///
/// # Errors
/// Sums with more digits than an amount has.
pub fn drift(before: &Bill, source: u16, now: &Bill) -> Result<Vec<RowChange>, TooLong> {
    let (old, new) = (rows(before, source)?, rows(now, 0)?);
    let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let change = |key: &&RowKey<'_>| {
        let (before, now) = (old.get(*key).copied(), new.get(*key).copied());
        let (resource, day, item) = **key;
        (before != now).then(|| RowChange { resource: resource.to_owned(), day, item: item.to_owned(), before, now })
    };
    Ok(keys.iter().filter_map(change).collect())
}

type RowKey<'b> = (&'b str, u8, &'b str);

fn rows(bill: &Bill, source: u16) -> Result<BTreeMap<RowKey<'_>, Amount>, TooLong> {
    let mut rows: BTreeMap<RowKey<'_>, Sum> = BTreeMap::new();
    for charge in &bill.charges {
        let subject = bill.subject(charge);
        if subject.source == source {
            let key = (bill.names.get(subject.resource), charge.day, bill.names.get(charge.item));
            rows.entry(key).or_default().add(bill.cost(charge))?;
        }
    }
    rows.into_iter().map(|(key, sum)| Ok((key, sum.total()?))).collect()
}
