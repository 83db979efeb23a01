//! Allocates every charge to exactly one of: a customer, several customers, the issuer, or nobody (billing-rules §2,
//! whose step numbers the comments use).

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::claims::{Claim, Claims, RuleId, RuleIndex, active_rules, rule};
use super::sharing::{self, Fate, Sharing};
use super::unassigned;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::charge::{Bill, CHUNK, Charge, ChargeId, ChargeKind, EMPTY, NameId};
use crate::model::invoice::{Share, Status};
use crate::model::matcher::Matcher;
use crate::model::plain::beginning;
use crate::model::settings::{Ratio, Settings};
use crate::model::warning::WarningCode;

/// Who bears which charges.
#[derive(Debug)]
pub(crate) struct Allocation {
    /// By customer, in the order of the settings: the charges that are the customer's alone.
    pub(crate) assigned: Vec<Vec<ChargeId>>,
    /// By customer: its parts of shared charges.
    pub(crate) shares: Vec<Vec<Share>>,
    /// By `[[allocation.keep]]`: charges the issuer bears on purpose.
    pub(crate) kept: Vec<Vec<ChargeId>>,
    /// Charges without an owner that the issuer bears because of `unassigned = "keep"`.
    pub(crate) kept_unassigned: Vec<ChargeId>,
    /// Charges without an owner.
    pub(crate) unassigned: Vec<ChargeId>,
    /// Warnings about `[[match]]` rules that matched nothing.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Everything that stops the month: charges that two customers claim, share rules that cannot be computed, and,
    /// except in a draft, charges without an owner. Such charges are set aside, so that later steps can report other
    /// errors.
    pub(crate) problems: Vec<Diagnostic>,
}

/// Owner of a charge that no `[[match]]` claims.
pub(super) const NOBODY: u32 = u32::MAX;

/// Owner of a charge that two customers claim: it is neither billed nor shared nor measured.
const CONTESTED: u32 = u32::MAX - 1;

/// Index in the settings of the customer that owns a charge alone.
pub(super) fn customer(owner: u32) -> Option<usize> {
    (owner < CONTESTED).then_some(owner as usize)
}

/// Allocates a month's charges.
pub(crate) fn allocate(bill: &Bill, settings: &Settings, status: Status) -> Allocation {
    let count = settings.customers.len();
    let Assignment { owners, warnings, problems } = assign(bill, settings);
    let mut allocation = Allocation {
        assigned: vec![Vec::new(); count],
        shares: vec![Vec::new(); count],
        kept: vec![Vec::new(); settings.allocation.keeps.len()],
        kept_unassigned: Vec::new(),
        unassigned: Vec::new(),
        warnings,
        problems,
    };
    let mut sharing = Sharing::new(bill, settings, &owners);
    let inactive = sharing::inactive_weights(settings, bill.month);
    let mut refused: BTreeSet<usize> = inactive.iter().map(|(rule, _)| *rule).collect();
    allocation.problems.extend(inactive.into_iter().map(|(_, problem)| problem));
    let mut contested: Vec<ChargeId> = Vec::new();
    let mut unshared: Vec<Unshared> = Vec::new();
    for (index, owner) in owners.iter().enumerate() {
        let id = ChargeId(index as u32);
        if let Some(customer) = customer(*owner) {
            allocation.assigned[customer].push(id);
            continue;
        }
        if *owner == CONTESTED {
            contested.push(id);
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
    allocation.problems.extend(unassigned::refused(bill, settings, &unassigned));
    allocation
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
            source_of(bill, id) == source_of(bill, unshared.charge) && of.as_ref().is_none_or(fits)
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

/// Result of the customers' rules.
pub(super) struct Assignment {
    /// By charge: the owner's index in the settings, [`NOBODY`], or [`CONTESTED`].
    pub(super) owners: Vec<u32>,
    /// Warnings about `[[match]]` rules that matched nothing.
    warnings: Vec<Diagnostic>,
    /// Charges that two customers claim.
    problems: Vec<Diagnostic>,
}

/// Step 1: applies the customers' rules.
pub(super) fn assign(bill: &Bill, settings: &Settings) -> Assignment {
    let index = RuleIndex::new(settings, bill.month);
    let chunks: Vec<Assigned> =
        bill.charges.par_chunks(CHUNK).map(|charges| Assigned::of(bill, settings, &index, charges)).collect();
    let mut owners = Vec::with_capacity(bill.charges.len());
    let mut used = BTreeSet::new();
    let mut twice: BTreeMap<(RuleId, RuleId), (ChargeId, usize)> = BTreeMap::new();
    for chunk in chunks {
        let first = owners.len() as u32;
        owners.extend(chunk.owners);
        used.extend(chunk.used);
        for (rules, (index, count)) in chunk.twice {
            twice.entry(rules).or_insert((ChargeId(first + index), 0)).1 += count;
        }
    }
    let unused = active_rules(settings, bill.month)
        .filter(|(id, rule)| !used.contains(id) && !settings.is_of_absent_source(&rule.matcher, bill.month));
    let warnings = unused
        .map(|(id, rule)| {
            let place = Place {
                column: Some(rule.definition.column),
                length: 1,
                ..Place::line(&rule.definition.path, rule.definition.line)
            };
            let message = format!("the [[match]] matches nothing in {}", bill.month);
            let facts = format!("{}:{}", rule.definition.path, rule.definition.line);
            let customer = &settings.customers[id.customer as usize].id;
            Diagnostic::finding(WarningCode::UnusedMatch, message, facts).concerning(customer).at(place)
        })
        .collect();
    let contested = twice.into_iter();
    let problems =
        contested.map(|(rules, (charge, count))| claimed_twice(bill, settings, rules, charge, count)).collect();
    Assignment { owners, warnings, problems }
}

/// Result of the rules for consecutive charges.
struct Assigned {
    owners: Vec<u32>,
    used: BTreeSet<RuleId>,
    /// By pair of rules: the index of the first charge that both claim, and the number of such charges.
    twice: BTreeMap<(RuleId, RuleId), (u32, usize)>,
}

impl Assigned {
    fn of(bill: &Bill, settings: &Settings, index: &RuleIndex, charges: &[Charge]) -> Assigned {
        let mut claims = Claims::new(bill, settings, index);
        let mut twice = BTreeMap::new();
        let owner = |(index, charge)| match claims.of(charge) {
            Claim::Nobody => NOBODY,
            Claim::Customer(rule) => rule.customer,
            Claim::Twice(first, second) => {
                twice.entry((first, second)).or_insert((index as u32, 0)).1 += 1;
                CONTESTED
            }
        };
        let owners = charges.iter().enumerate().map(owner).collect();
        Assigned { owners, used: claims.used, twice }
    }
}

fn claimed_twice(
    bill: &Bill,
    settings: &Settings,
    rules: (RuleId, RuleId),
    charge: ChargeId,
    count: usize,
) -> Diagnostic {
    let charge = bill.charge(charge);
    let (path, row) = bill.origin(charge);
    let customer = |id: RuleId| &settings.customers[id.customer as usize];
    let (first, second) = (customer(rules.0), customer(rules.1));
    let at = |id: RuleId| {
        let definition = &rule(settings, id).definition;
        format!("{}:{}", definition.path, definition.line)
    };
    let rows = if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    let higher = rule(settings, rules.0).priority.saturating_add(1);
    Diagnostic::error(format!("two customers claim the charge: \"{}\" and \"{}\"", first.id, second.id))
        .at(Place::line(path, row))
        .with_note(format!("{rows}; {}", describe(bill, charge)))
        .with_note(format!("{} and {} both match", at(rules.0), at(rules.1)))
        .with_hint(format!(
            "narrow one of the two [[match]] tables, or give the one that should win priority = {higher}"
        ))
}

/// Maximum number of tags shown of a charge.
const SHOWN_TAGS: usize = 8;

/// Describes a charge by what rules can match.
pub(crate) fn describe(bill: &Bill, charge: &Charge) -> String {
    let subject = bill.subject(charge);
    let name = |id| beginning(bill.names.get(id));
    let mut parts = vec![format!("item {:?}", name(charge.item))];
    if subject.resource != EMPTY {
        parts.push(format!("resource {:?}", name(subject.resource)));
    }
    let is_tag = subject.tags.iter().any(|(tag, _)| bill.names.get(*tag) == "name");
    if subject.resource_name != EMPTY && !is_tag {
        parts.push(format!("name {:?}", name(subject.resource_name)));
    }
    let tag = |(tag, value): &(NameId, NameId)| format!("{}={:?}", name(*tag), name(*value));
    let mut tags: Vec<String> = subject.tags.iter().take(SHOWN_TAGS).map(tag).collect();
    if subject.tags.len() > SHOWN_TAGS {
        tags.push("…".to_owned());
    }
    if !tags.is_empty() {
        parts.push(format!("tags: {}", tags.join(", ")));
    }
    for group in &subject.groups {
        parts.push(format!("group {:?}", name(*group)));
    }
    parts.join(", ")
}
