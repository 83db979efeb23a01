//! The resources a customer used, counted for fees that are charged for each of them.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::model::charge::{Bill, Charge, ChargeKind, EMPTY, NameId, SubjectId};
use crate::model::customer::Customer;
use crate::model::period::BillingMonth;
use crate::model::price::FeePer;

/// Source and resource.
pub(super) type Resource = (u16, NameId);

/// By fee of the customer: the distinct resources used.
pub(super) struct UsedResources<'a> {
    customer: &'a Customer,
    /// Whether any fee is charged for each resource.
    wanted: bool,
    /// What was looked at already: charges of the same subject and item count alike.
    seen: FxHashSet<(SubjectId, NameId)>,
    by_fee: Vec<BTreeSet<Resource>>,
}

impl<'a> UsedResources<'a> {
    pub(super) fn new(customer: &'a Customer) -> UsedResources<'a> {
        UsedResources {
            customer,
            wanted: customer.fees.iter().any(|fee| fee.per == FeePer::Resource),
            seen: FxHashSet::default(),
            by_fee: vec![BTreeSet::new(); customer.fees.len()],
        }
    }

    /// Takes a charge that is the customer's alone.
    pub(super) fn add(&mut self, bill: &Bill, charge: &Charge) {
        if !self.wanted || charge.kind() != ChargeKind::Usage || !self.seen.insert((charge.subject, charge.item)) {
            return;
        }
        let subject = bill.subject(charge);
        if subject.resource == EMPTY {
            return;
        }
        let (seen, item) = (bill.seen(charge.subject), bill.names.get(charge.item));
        for (fee, resources) in self.customer.fees.iter().zip(&mut self.by_fee) {
            if fee.per == FeePer::Resource && fee.matcher.matches(&seen, item) {
                resources.insert((subject.source, subject.resource));
            }
        }
    }

    /// The fees that are charged in the month: index, and how many months or resources.
    pub(super) fn charged_fees(&self, month: BillingMonth) -> impl Iterator<Item = (usize, i64)> {
        let due = self.customer.fees.iter().enumerate().filter(move |(_, fee)| fee.is_due(month));
        let counted = due.map(|(index, fee)| match fee.per {
            FeePer::Month => (index, 1),
            FeePer::Resource => (index, self.by_fee[index].len() as i64),
        });
        counted.filter(|(_, count)| *count > 0)
    }

    /// The resources that the fee with that index is charged for: source and id.
    pub(super) fn of_fee(&self, fee: usize) -> &BTreeSet<Resource> {
        &self.by_fee[fee]
    }
}
