//! Allocates every charge to exactly one of: a customer, several customers, the issuer, or nobody (billing-rules §2,
//! whose step numbers the comments use).

use std::collections::BTreeSet;

use super::gaps;
use super::ownership::{CONTESTED, DIVIDED, HeldDays, Ownership, assign, customer};
use super::remainder::Remainders;
use super::sharing::{self, Fate, Sharing};
use super::unassigned;
use crate::diagnostic::Diagnostic;
use crate::model::allocation::Ratio;
use crate::model::charge::{Bill, ChargeId, ChargeKind, EMPTY};
use crate::model::invoice::{Share, Status};
use crate::model::matcher::Matcher;
use crate::model::settings::Settings;

/// Who bears which charges.
#[derive(Debug)]
pub(crate) struct Allocation {
    /// By customer, in the order of the settings: the charges that are the customer's alone.
    pub(crate) assigned: Vec<Vec<ChargeId>>,
    /// By customer: its parts of shared charges, and of charges without a day whose resource it has on some days.
    pub(crate) shares: Vec<Vec<Share>>,
    /// By `[[allocation.keep]]`: charges the issuer bears on purpose.
    pub(crate) kept: Vec<Vec<ChargeId>>,
    /// Charges without an owner that the issuer bears because of `unassigned = "keep"`.
    pub(crate) kept_unassigned: Vec<ChargeId>,
    /// Charges without an owner.
    pub(crate) unassigned: Vec<ChargeId>,
    /// The parts of kept and unassigned charges that customers bear no part of, where that is not all of a charge.
    pub(crate) remainders: Remainders,
    /// The days on which customers have resources, where they count.
    pub(crate) held: HeldDays,
    /// Warnings about `[[match]]` rules and assignments.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Everything that stops the month: charges that two customers claim, share rules that cannot be computed, and,
    /// except in a draft, charges without an owner. Such charges are set aside, so that later steps can report other
    /// errors.
    pub(crate) problems: Vec<Diagnostic>,
}

/// Allocates a month's charges.
pub(crate) fn allocate(bill: &Bill, settings: &Settings, status: Status) -> Allocation {
    let count = settings.customers.len();
    let mut owned = assign(bill, settings);
    let (warnings, problems) = (std::mem::take(&mut owned.warnings), std::mem::take(&mut owned.problems));
    let mut allocation = Allocation {
        assigned: vec![Vec::new(); count],
        shares: vec![Vec::new(); count],
        kept: vec![Vec::new(); settings.allocation.keeps.len()],
        kept_unassigned: Vec::new(),
        unassigned: Vec::new(),
        remainders: Remainders::default(),
        held: HeldDays::default(),
        warnings,
        problems,
    };
    let mut sharing = Sharing::new(bill, settings, &owned);
    let inactive = sharing::inactive_weights(settings, bill.month);
    let mut refused: BTreeSet<usize> = inactive.iter().map(|(rule, _)| *rule).collect();
    allocation.problems.extend(inactive.into_iter().map(|(_, problem)| problem));
    let mut contested: Vec<ChargeId> = Vec::new();
    let mut unshared: Vec<Unshared> = Vec::new();
    for (index, owner) in owned.owners.iter().enumerate() {
        let id = ChargeId(index as u32);
        if let Some(customer) = customer(*owner) {
            allocation.assigned[customer].push(id);
            continue;
        }
        if *owner == CONTESTED {
            contested.push(id);
            continue;
        }
        if *owner == DIVIDED && !allocation.add_parts(&owned, id) {
            continue;
        }
        match sharing.fate(id) {
            Ok(Fate::Shared(shares)) => {
                for (customer, share) in shares {
                    allocation.shares[customer].push(share);
                }
            }
            Ok(Fate::Kept(rule)) => allocation.kept[rule].push(id),
            Ok(Fate::Nobody) if settings.allocation.keep_unassigned => allocation.kept_unassigned.push(id),
            Ok(Fate::Nobody) => allocation.unassigned.push(id),
            // One message per rule, however many charges it cannot share.
            Err((rule, problem)) => {
                if refused.insert(rule) {
                    unshared.push(Unshared { rule, charge: id, problem });
                }
            }
        }
    }
    allocation.remainders = owned.remainders();
    allocation.warnings.extend(gaps::warnings(bill, settings, &owned, &allocation.remainders));
    let unassigned = if status == Status::Draft { &[] } else { allocation.unassigned.as_slice() };
    // Charges that will have an owner once the other problems are solved.
    let open: Vec<ChargeId> = contested.into_iter().chain(unassigned.iter().copied()).collect();
    let follows = |unshared: &Unshared| open.iter().any(|id| measures(bill, settings, unshared, *id));
    let unshared = unshared.into_iter().filter(|unshared| !follows(unshared));
    allocation.problems.extend(unshared.map(|unshared| unshared.problem));
    let usage: BTreeSet<u16> = open.iter().filter(|id| is_usage(bill, **id)).map(|id| source_of(bill, *id)).collect();
    // A discount on a whole account needs no rule once there is usage to share it by.
    let follows = |id: &ChargeId| {
        let has_resource = bill.subject(bill.charge(*id)).resource != EMPTY;
        !has_resource && !is_usage(bill, *id) && usage.contains(&source_of(bill, *id))
    };
    let unassigned: Vec<ChargeId> = unassigned.iter().copied().filter(|id| !follows(id)).collect();
    allocation.problems.extend(unassigned::refused(bill, settings, &unassigned, &allocation.remainders));
    allocation.held = owned.held;
    allocation
}

impl Allocation {
    /// Adds the parts of a charge that customers have by days; returns whether some days have no owner.
    fn add_parts(&mut self, owned: &Ownership, id: ChargeId) -> bool {
        let parts = owned.parts(id);
        for (customer, share) in parts.iter().filter_map(|part| part.share(id)) {
            self.shares[customer].push(share);
        }
        parts.iter().any(|part| part.customer.is_none())
    }
}

/// A charge that a rule cannot share.
struct Unshared {
    /// Index of the `[[allocation.share]]`; `usize::MAX` where no rule is involved.
    rule: usize,
    charge: ChargeId,
    problem: Diagnostic,
}

/// Whether a rule's ratio would change if that charge had an owner.
fn measures(bill: &Bill, settings: &Settings, unshared: &Unshared, id: ChargeId) -> bool {
    let charge = bill.charge(id);
    match settings.allocation.shares.get(unshared.rule).map(|rule| &rule.ratio) {
        Some(Ratio::Measured { of, .. }) => {
            let fits = |of: &Matcher| of.matches(&bill.seen(charge.subject), bill.names.get(charge.item));
            source_of(bill, id) == source_of(bill, unshared.charge) && of.as_deref().is_none_or(fits)
        }
        Some(Ratio::Weights(_)) | None => false,
    }
}

fn is_usage(bill: &Bill, id: ChargeId) -> bool {
    bill.charge(id).kind() == ChargeKind::Usage
}

fn source_of(bill: &Bill, id: ChargeId) -> u16 {
    bill.subject(bill.charge(id)).source
}
