//! The resources of an invoice, in the order in which the appendix lists them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::charge::{Bill, EMPTY, NameId};
use crate::model::invoice::{Detail, Invoice};
use crate::model::natural::natural;

/// A SIM, server or the like; or, without an id, what belongs to none.
pub(super) struct Resource<'a> {
    pub(super) id: &'a str,
    /// Its first name in the month.
    pub(super) name: &'a str,
    is_charged: bool,
}

/// The resources of an invoice: by name, those without a name behind them by id, and last what belongs to none.
pub(super) struct Resources<'a> {
    pub(super) list: Vec<Resource<'a>>,
    places: BTreeMap<NameId, usize>,
    /// How many are left out, because nothing of theirs costs anything and no fee counts them.
    pub(super) without_charges: usize,
}

impl<'a> Resources<'a> {
    /// The resources that an invoice lists: those with charges or in `with_fee`; `shows_zero` keeps all others too.
    pub(super) fn of(
        bill: &'a Bill,
        invoice: &Invoice,
        with_fee: &BTreeSet<NameId>,
        shows_zero: bool,
    ) -> Resources<'a> {
        let mut found: BTreeMap<NameId, Resource<'a>> = BTreeMap::new();
        for detail in &invoice.details {
            let subject = bill.subject(bill.charge(detail.charge));
            let known = found.entry(subject.resource).or_insert_with(|| Resource {
                id: bill.names.get(subject.resource),
                name: "",
                is_charged: with_fee.contains(&subject.resource),
            });
            if known.name.is_empty() {
                known.name = bill.names.get(subject.resource_name);
            }
            known.is_charged |= !invoice.amount(detail).is_zero();
        }
        let all = found.len();
        let mut listed: Vec<(NameId, Resource<'a>)> =
            found.into_iter().filter(|(id, resource)| shows_zero || resource.is_charged || *id == EMPTY).collect();
        let without_charges = all - listed.len();
        listed.sort_by(|(first, one), (second, other)| {
            let last = |id: NameId, resource: &Resource<'_>| (id == EMPTY, resource.name.is_empty());
            let by_name = natural(one.name, other.name).then_with(|| natural(one.id, other.id));
            last(*first, one).cmp(&last(*second, other)).then(by_name)
        });
        let places = listed.iter().enumerate().map(|(place, (id, _))| (*id, place)).collect();
        Resources { list: listed.into_iter().map(|(_, resource)| resource).collect(), places, without_charges }
    }

    /// The position of a detail's resource in the list; none where it is left out.
    pub(super) fn place(&self, bill: &Bill, detail: &Detail) -> Option<usize> {
        self.places.get(&bill.subject(bill.charge(detail.charge)).resource).copied()
    }
}

/// The number of different resources of an invoice.
pub(super) fn count(bill: &Bill, invoice: &Invoice) -> usize {
    let ids = invoice.details.iter().map(|detail| bill.subject(bill.charge(detail.charge)).resource);
    let mut ids: Vec<NameId> = ids.filter(|id| *id != EMPTY).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}
