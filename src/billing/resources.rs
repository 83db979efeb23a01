//! Counts the resources a customer used, for fees per resource.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::model::charge::{Bill, Charge, ChargeKind, EMPTY, NameId, SubjectId};
use crate::model::customer::Customer;
use crate::model::invoice::Invoice;
use crate::model::period::BillingMonth;
use crate::model::price::FeePer;

/// Source and resource.
pub(super) type Resource = (u16, NameId);

/// The distinct resources used, by fee of the customer.
pub(super) struct UsedResources<'a> {
    customer: &'a Customer,
    /// Whether the customer has any fee per resource.
    wanted: bool,
    /// Subjects and items already counted: their further charges change nothing.
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

    /// Adds a charge that is the customer's alone.
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

    /// The fees charged in the month: index, and number of months or resources.
    pub(super) fn charged_fees(&self, month: BillingMonth) -> impl Iterator<Item = (usize, i64)> {
        let due = self.customer.fees.iter().enumerate().filter(move |(_, fee)| fee.is_due(month));
        let counted = due.map(|(index, fee)| match fee.per {
            FeePer::Month => (index, 1),
            FeePer::Resource => (index, self.by_fee[index].len() as i64),
        });
        counted.filter(|(_, count)| *count > 0)
    }

    /// Adds what an invoice was made from.
    fn add_details(&mut self, bill: &Bill, invoice: &Invoice) {
        for detail in invoice.details.iter().filter(|detail| invoice.share(detail).is_none()) {
            self.add(bill, bill.charge(detail.charge));
        }
    }

    /// The resources for which the fee with that index is charged: source and id.
    pub(super) fn of_fee(&self, fee: usize) -> &BTreeSet<Resource> {
        &self.by_fee[fee]
    }
}

/// The ids of the resources of an invoice for which its customer pays a fee in the month.
pub(crate) fn with_fee(bill: &Bill, customer: &Customer, invoice: &Invoice) -> BTreeSet<NameId> {
    let mut used = UsedResources::new(customer);
    used.add_details(bill, invoice);
    let fees = used.charged_fees(bill.month).map(|(fee, _)| fee);
    fees.flat_map(|fee| used.of_fee(fee)).map(|(_, resource)| *resource).collect()
}
