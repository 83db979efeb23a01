//! The resources a customer used, counted for fees that are charged for each of them.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::model::charge::{Bill, Charge, ChargeKind, EMPTY, NameId, SubjectId};
use crate::model::customer::Customer;
use crate::model::price::FeePer;

/// Source and resource.
type Resource = (u16, NameId);

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

    /// How many of them the fee with that index is charged for.
    pub(super) fn count(&self, fee: usize) -> usize {
        self.by_fee[fee].len()
    }
}
