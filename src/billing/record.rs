//! Records a month's figures, with which later months are compared.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::model::amount::{Amount, TooLong};
use crate::model::charge::{Bill, EMPTY, NameId};
use crate::model::history::{BilledCustomer, BilledCustomers, BilledLine, Used};
use crate::model::invoice::Invoice;
use crate::model::settings::Settings;

/// What each customer with an invoice was billed and used.
///
/// # Errors
/// When the costs of items of one name cannot be added exactly.
pub(super) fn billed_customers(
    bill: &Bill,
    settings: &Settings,
    invoices: &[Invoice],
) -> Result<BilledCustomers, TooLong> {
    let one = |invoice: &Invoice| {
        let customer = BilledCustomer {
            currency: invoice.currency,
            cost: invoice.cost,
            subtotal: invoice.subtotal,
            total: invoice.total,
            used: Some(used(bill, invoice)?),
            lines: Some(BilledLine::of(invoice)),
        };
        Ok((settings.customers[invoice.customer].id.clone(), customer))
    };
    invoices.par_iter().map(one).collect()
}

fn used(bill: &Bill, invoice: &Invoice) -> Result<Used, TooLong> {
    let mut items: BTreeMap<String, BTreeMap<String, Amount>> = BTreeMap::new();
    for item in invoice.items.iter().filter(|item| item.is_provided()) {
        // An item of usage and a discount can have one name, and so can items of two tax categories.
        let cost = items.entry(item.source.clone()).or_default().entry(item.name.clone()).or_default();
        *cost = cost.plus(item.cost)?;
    }
    let whole = invoice.details.iter().filter(|detail| invoice.is_own(detail));
    let ids: FxHashSet<(u16, NameId)> = whole
        .map(|detail| bill.subject(bill.charge(detail.charge)))
        .filter(|subject| subject.resource != EMPTY)
        .map(|subject| (subject.source, subject.resource))
        .collect();
    let mut sorted: Vec<(u16, NameId)> = ids.into_iter().collect();
    sorted.sort_unstable();
    let mut resources: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (source, id) in sorted {
        let source = bill.sources[usize::from(source)].name.clone();
        resources.entry(source).or_default().insert(bill.names.get(id).to_owned());
    }
    Ok(Used { items, resources })
}
