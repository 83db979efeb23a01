//! Counts the resources a customer used, for fees per resource.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::prorating::{ChargedFee, HeldBy};
use super::rule_finder::RuleFinder;
use crate::model::charge::{Bill, Charge, ChargeKind, EMPTY, NameId, SubjectId};
use crate::model::customer::Customer;
use crate::model::days::MonthDays;
use crate::model::invoice::Invoice;
use crate::model::period::BillingMonth;
use crate::model::price::{Fee, FeePer, Prorate};

/// Source and resource.
pub(super) type Resource = (u16, NameId);

/// The distinct resources used, by fee of the customer.
pub(super) struct UsedResources<'a> {
    customer: &'a Customer,
    held: HeldBy<'a>,
    /// Whether the customer has any fee per resource.
    wanted: bool,
    fees: RuleFinder<'a, Fee>,
    /// Subjects and items already counted: their further charges change nothing.
    seen: FxHashSet<(SubjectId, NameId)>,
    by_fee: Vec<BTreeSet<Resource>>,
}

impl<'a> UsedResources<'a> {
    pub(super) fn new(customer: &'a Customer, held: HeldBy<'a>) -> UsedResources<'a> {
        UsedResources {
            customer,
            held,
            fees: RuleFinder::new(&customer.fees),
            wanted: customer.fees.iter().any(|fee| fee.per == FeePer::Resource),
            seen: FxHashSet::default(),
            by_fee: vec![BTreeSet::new(); customer.fees.len()],
        }
    }

    /// Adds a charge that is the customer's alone, at least on some days.
    pub(super) fn add(&mut self, bill: &Bill, charge: &Charge) {
        if !self.wanted || charge.kind() != ChargeKind::Usage || !self.seen.insert((charge.subject, charge.item)) {
            return;
        }
        let subject = bill.subject(charge);
        if subject.resource == EMPTY {
            return;
        }
        let (seen, item) = (bill.seen(charge.subject), bill.names.get(charge.item));
        let is_of_resources = |_, fee: &Fee| fee.per == FeePer::Resource;
        self.fees.each(&seen, item, is_of_resources, |fee| {
            self.by_fee[fee].insert((subject.source, subject.resource));
        });
    }

    /// The fees charged in the month, line by line.
    pub(super) fn charged_fees(&self, month: BillingMonth) -> Vec<ChargedFee> {
        let all = MonthDays::all(month);
        let mut charged = Vec::new();
        for (index, fee) in self.customer.fees.iter().enumerate().filter(|(_, fee)| fee.is_due(month)) {
            let mut counts: BTreeMap<MonthDays, i64> = BTreeMap::new();
            match fee.per {
                FeePer::Month => {
                    let active = self.customer.active.in_month(month);
                    counts.insert(if fee.prorate == Prorate::None { all } else { active }, 1);
                }
                FeePer::Resource => {
                    for resource in &self.by_fee[index] {
                        *counts.entry(self.days(fee, month, *resource)).or_default() += 1;
                    }
                }
            }
            // The resource of a late charge that the customer has on no day of the month.
            counts.remove(&MonthDays::NONE);
            let mut counts: Vec<(MonthDays, i64)> = counts.into_iter().collect();
            // Full months first, then by the days.
            counts.sort_by_key(|(days, _)| (*days != all, days.first(), days.last(), *days));
            charged.extend(counts.into_iter().map(|(days, count)| ChargedFee { fee: index, count, days }));
        }
        charged
    }

    /// The resources of a line of a fee: source and id.
    pub(super) fn of_fee(&self, charged: ChargedFee, month: BillingMonth) -> impl Iterator<Item = &Resource> {
        let fee = &self.customer.fees[charged.fee];
        self.by_fee[charged.fee].iter().filter(move |resource| self.days(fee, month, **resource) == charged.days)
    }

    /// The days for which a fee is charged for a resource.
    fn days(&self, fee: &Fee, month: BillingMonth, resource: Resource) -> MonthDays {
        if fee.prorate == Prorate::None { MonthDays::all(month) } else { self.held.days(month, resource) }
    }
}

/// The ids of the resources of an invoice for which its customer pays a fee in the month.
pub(crate) fn with_fee(bill: &Bill, customer: &Customer, invoice: &Invoice) -> BTreeSet<NameId> {
    let is_charged = |fee: &Fee| fee.per == FeePer::Resource && fee.is_due(bill.month);
    let mut resources = BTreeSet::new();
    if !customer.fees.iter().any(is_charged) {
        return resources;
    }
    let fees = RuleFinder::new(&customer.fees);
    for detail in invoice.details.iter().filter(|detail| invoice.is_own(detail)) {
        let charge = bill.charge(detail.charge);
        let (seen, item) = (bill.seen(charge.subject), bill.names.get(charge.item));
        if charge.kind() == ChargeKind::Usage && fees.first(&seen, item, is_charged).is_some() {
            resources.insert(bill.subject(charge).resource);
        }
    }
    resources
}
