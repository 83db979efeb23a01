//! Finds the owners of all charges by the customers' rules and the assignments (billing-rules §2, step 1), and divides
//! charges without a day between those who have the resource in turn.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::claims::{Claim, Claimed, Claims, RuleId, RuleIndex, active_rules};
use super::described::describe;
use super::gaps;
use super::near_match::NearValues;
use super::overlaps::{self, Overlap};
use super::remainder::{Remainder, Remainders};
use super::timeline::Division;
use crate::diagnostic::{Diagnostic, MayBeUnnamed, Place, row_count};
use crate::model::allocation::{Ratio, ShareBasis};
use crate::model::amount::{Amount, TooLong};
use crate::model::charge::{Bill, CHUNK, Charge, ChargeId, NameId};
use crate::model::customer::Customer;
use crate::model::days::MonthDays;
use crate::model::invoice::{Share, ShareOf};
use crate::model::period::BillingMonth;
use crate::model::price::{FeePer, Prorate};
use crate::model::settings::Settings;
use crate::model::split::split;
use crate::model::warning::WarningCode;

/// Owner of a charge that no `[[match]]` claims.
pub(super) const NOBODY: u32 = u32::MAX;

/// Owner of a charge that two customers claim: it is neither billed nor shared nor measured.
pub(super) const CONTESTED: u32 = u32::MAX - 1;

/// Owner of a charge without a day that is divided by days: [`Ownership::parts`] says between whom.
pub(super) const DIVIDED: u32 = u32::MAX - 2;

/// Index in the settings of the customer that owns a charge alone.
pub(super) fn customer(owner: u32) -> Option<usize> {
    (owner < DIVIDED).then_some(owner as usize)
}

/// A part of a charge without a day.
#[derive(Clone, Debug)]
pub(super) struct DayPart {
    /// Index in the settings of the customer that has the resource; none where nobody has it.
    pub(super) customer: Option<usize>,
    /// The days.
    pub(super) days: MonthDays,
    pub(super) cost: Amount,
    pub(super) quantity: Option<Amount>,
    /// The days' number and that of all days of the charge.
    ratio: (Amount, Amount),
}

impl DayPart {
    /// The part as a share of its customer; none where it has none.
    pub(super) fn share(&self, charge: ChargeId) -> Option<(usize, Share)> {
        let of = ShareOf::Days(self.days);
        let share = Share { charge, cost: self.cost, quantity: self.quantity, ratio: self.ratio, of };
        Some((self.customer?, share))
    }
}

/// The days of a month on which customers have resources; all, unless something else is known.
#[derive(Debug, Default)]
pub(crate) struct HeldDays(FxHashMap<(u32, u16, NameId), MonthDays>);

impl HeldDays {
    /// The days on which the customer (index in the settings) has a resource of a source that it used.
    pub(super) fn of(&self, month: BillingMonth, customer: usize, (source, resource): (u16, NameId)) -> MonthDays {
        let known = self.0.get(&(customer as u32, source, resource));
        known.copied().unwrap_or_else(|| MonthDays::all(month))
    }
}

/// Result of the customers' rules.
#[derive(Default)]
pub(super) struct Ownership {
    /// By charge: the owner's index in the settings, [`NOBODY`], [`CONTESTED`] or [`DIVIDED`].
    pub(super) owners: Vec<u32>,
    divided: BTreeMap<ChargeId, Vec<DayPart>>,
    pub(super) held: HeldDays,
    /// Charges of days on which nobody has a resource that someone has on other days of the month.
    pub(super) in_gaps: Vec<ChargeId>,
    /// Warnings about `[[match]]` rules that matched nothing, and about assignments.
    pub(super) warnings: Vec<Diagnostic>,
    /// Charges that two customers claim, and those that cannot be divided.
    pub(super) problems: Vec<Diagnostic>,
}

impl Ownership {
    /// The parts of a charge that is [`DIVIDED`].
    pub(super) fn parts(&self, id: ChargeId) -> &[DayPart] {
        self.divided.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The part of a divided charge that nobody claims.
    pub(super) fn remainder(&self, id: ChargeId) -> Option<Remainder> {
        remainder(self.parts(id))
    }

    /// The parts of divided charges that nobody claims.
    pub(super) fn remainders(&self) -> Remainders {
        Remainders(self.divided.iter().filter_map(|(id, parts)| Some((*id, remainder(parts)?))).collect())
    }
}

fn remainder(parts: &[DayPart]) -> Option<Remainder> {
    let part = parts.iter().find(|part| part.customer.is_none())?;
    Some(Remainder { days: part.days, cost: part.cost, quantity: part.quantity })
}

/// Applies the customers' rules.
pub(super) fn assign(bill: &Bill, settings: &Settings) -> Ownership {
    let index = RuleIndex::new(bill, settings);
    let wanted = wanted_days(settings);
    let chunks: Vec<Assigned> =
        bill.charges.par_chunks(CHUNK).map(|charges| Assigned::of(bill, settings, &index, &wanted, charges)).collect();
    let mut owned = Ownership { owners: Vec::with_capacity(bill.charges.len()), ..Ownership::default() };
    let mut used = BTreeSet::new();
    let mut twice: BTreeMap<(RuleId, RuleId), Contested> = BTreeMap::new();
    let mut refused: Option<(ChargeId, usize)> = None;
    let mut overlapping: Vec<Overlap> = Vec::new();
    for chunk in chunks {
        let first = owned.owners.len() as u32;
        let id = |index: u32| ChargeId(first + index);
        owned.owners.extend(chunk.owners);
        used.extend(chunk.used);
        for (rules, found) in chunk.twice {
            let known = twice.entry(rules).or_insert(Contested { first: first + found.first, ..Contested::default() });
            known.count += found.count;
            known.days = known.days.union(found.days);
        }
        for (index, parts) in chunk.divided {
            match parts {
                Ok(parts) => {
                    owned.divided.insert(id(index), parts);
                }
                Err(error) => {
                    let (path, row) = bill.origin(bill.charge(id(index)));
                    owned.problems.push(error.named(&"the parts of a charge", Some(Place::line(path, row))));
                }
            }
        }
        for (key, days) in chunk.held {
            let known = owned.held.0.entry(key).or_default();
            *known = known.union(days);
        }
        owned.in_gaps.extend(chunk.in_gaps.into_iter().map(id));
        overlapping.extend(chunk.overlapping);
        if let Some((index, count)) = chunk.refused {
            refused.get_or_insert((id(index), 0)).1 += count;
        }
    }
    owned.warnings = unused_matches(bill, settings, &used);
    owned.warnings.extend(gaps::without_charges(bill, settings, &index));
    overlapping.extend(overlaps::of_assignments(bill, settings, &index));
    overlapping.extend(overlaps::of_matches(bill, settings, &index));
    // Rules with days that overlap are an error whether or not there are charges; those of charges name these, unless the
    // resource is in a table twice.
    overlapping.retain(|overlap| overlap.is_of_rows() || !twice.contains_key(&overlap.rules()));
    owned.problems.extend(overlaps::problems(bill, settings, overlapping));
    let contested = twice.into_iter().filter(|((first, second), _)| first.row().is_none() || second.row().is_none());
    owned.problems.extend(contested.map(|(rules, found)| claimed_twice(bill, settings, rules, &found)));
    owned.problems.extend(refused.map(|(id, count)| changing_claims(bill, settings, &index, id, count)));
    owned
}

/// By customer: whether it matters on which days it has a resource.
fn wanted_days(settings: &Settings) -> Vec<bool> {
    let measures = |ratio: &Ratio| matches!(ratio, Ratio::Measured { by: ShareBasis::ResourceDays, .. });
    let by_days = settings.allocation.shares.iter().any(|rule| measures(&rule.ratio));
    let has_fee = |customer: &Customer| {
        customer.fees.iter().any(|fee| fee.per == FeePer::Resource && fee.prorate != Prorate::None)
    };
    settings.customers.iter().map(|customer| by_days || has_fee(customer)).collect()
}

fn unused_matches(bill: &Bill, settings: &Settings, used: &BTreeSet<RuleId>) -> Vec<Diagnostic> {
    let unused = active_rules(settings, bill.month)
        .filter(|(id, rule)| !used.contains(id) && !settings.is_of_absent_source(&rule.matcher, bill.month));
    let mut near = NearValues::new(bill);
    let warning = |(id, rule): (RuleId, &crate::model::customer::ClaimRule)| {
        let place = Place {
            column: Some(rule.definition.column),
            length: 1,
            ..Place::line(&rule.definition.path, rule.definition.line)
        };
        let message = format!("the [[match]] matches nothing in {}", bill.month);
        let near = near.of(&rule.matcher);
        let facts = format!("{}:{}", rule.definition.path, rule.definition.line);
        let facts = near.iter().fold(facts, |facts, written| format!("{facts} ≈ {written}"));
        let customer = &settings.customers[id.customer as usize].id;
        let warning = Diagnostic::finding(WarningCode::UnusedMatch, message, facts).concerning(customer).at(place);
        match near {
            Some(written) => warning.with_hint(format!("did you mean {written}?")),
            None => warning,
        }
    };
    unused.map(warning).collect()
}

/// Charges that two rules claim.
#[derive(Clone, Copy, Default)]
struct Contested {
    /// Index of the first.
    first: u32,
    count: usize,
    /// The days; none where the rules hold all month.
    days: MonthDays,
}

/// Result of the rules for consecutive charges.
#[derive(Default)]
struct Assigned {
    owners: Vec<u32>,
    used: BTreeSet<RuleId>,
    /// By pair of rules: the charges that both claim.
    twice: BTreeMap<(RuleId, RuleId), Contested>,
    /// Parts of charges, by their indices.
    divided: Vec<(u32, Result<Vec<DayPart>, TooLong>)>,
    held: Vec<((u32, u16, NameId), MonthDays)>,
    in_gaps: Vec<u32>,
    overlapping: Vec<Overlap>,
    /// The first charge that must not be divided, and their number.
    refused: Option<(u32, usize)>,
}

impl Assigned {
    fn of(bill: &Bill, settings: &Settings, index: &RuleIndex, wanted: &[bool], charges: &[Charge]) -> Assigned {
        let mut claims = Claims::new(bill, settings, index);
        let mut assigned = Assigned { owners: Vec::with_capacity(charges.len()), ..Assigned::default() };
        for (index, charge) in (0..).zip(charges) {
            let claimed = claims.of(charge);
            // Nearly every charge of millions.
            if let Claimed::Once(Claim::Customer(rule)) = claimed {
                assigned.owners.push(rule.customer);
                continue;
            }
            let division = match claimed {
                Claimed::Once(claim) => Division::Whole(claim),
                Claimed::ByDay(timeline) => timeline.divided(settings.allocation.month_only),
            };
            let owner = match division {
                Division::Whole(Claim::Customer(rule)) => rule.customer,
                Division::Whole(Claim::Nobody) => {
                    if claims.timeline(charge).is_some() {
                        assigned.in_gaps.push(index);
                    }
                    NOBODY
                }
                Division::Whole(Claim::Twice(first, second)) => {
                    let timeline = claims.timeline(charge);
                    let days = timeline.map_or(MonthDays::NONE, |timeline| timeline.contested(first, second));
                    assigned.contest((first, second), index, days)
                }
                Division::Contested(first, second, days) => assigned.contest((first, second), index, days),
                Division::Refused => {
                    assigned.refused.get_or_insert((index, 0)).1 += 1;
                    CONTESTED
                }
                Division::Parts(parts) => {
                    let parts = parts_of(bill, charge, &parts);
                    let is_in_gap = |parts: &Vec<DayPart>| parts.iter().any(|part| part.customer.is_none());
                    if parts.as_ref().is_ok_and(is_in_gap) {
                        assigned.in_gaps.push(index);
                    }
                    assigned.divided.push((index, parts));
                    DIVIDED
                }
            };
            assigned.owners.push(owner);
        }
        if wanted.contains(&true) {
            assigned.held = claims.held(wanted);
        }
        assigned.overlapping = claims.overlaps();
        assigned.used = claims.used;
        assigned
    }

    fn contest(&mut self, rules: (RuleId, RuleId), index: u32, days: MonthDays) -> u32 {
        let known = self.twice.entry(rules).or_insert(Contested { first: index, ..Contested::default() });
        known.count += 1;
        known.days = known.days.union(days);
        CONTESTED
    }
}

/// Divides a charge in the ratio of the days, exactly as shares are split.
fn parts_of(bill: &Bill, charge: &Charge, parts: &[(Option<RuleId>, MonthDays)]) -> Result<Vec<DayPart>, TooLong> {
    let weights: Vec<Amount> = parts.iter().map(|(_, days)| Amount::whole(i64::from(days.count()))).collect();
    let total = Amount::whole(parts.iter().map(|(_, days)| i64::from(days.count())).sum());
    let costs = split(bill.cost(charge), &weights)?;
    let quantities = bill.quantity(charge).map(|quantity| split(quantity, &weights)).transpose()?;
    let part = |(index, (rule, days)): (usize, &(Option<RuleId>, MonthDays))| DayPart {
        customer: rule.map(|rule| rule.customer as usize),
        days: *days,
        cost: costs[index],
        quantity: quantities.as_ref().map(|quantities| quantities[index]),
        ratio: (weights[index], total),
    };
    Ok(parts.iter().enumerate().map(part).collect())
}

fn claimed_twice(bill: &Bill, settings: &Settings, rules: (RuleId, RuleId), found: &Contested) -> Diagnostic {
    let charge = bill.charge(ChargeId(found.first));
    let (path, row) = bill.origin(charge);
    let customer = |id: RuleId| &settings.customers[id.customer as usize];
    let (first, second) = (customer(rules.0), customer(rules.1));
    let at = |id: RuleId| id.in_words(settings);
    let rows = row_count(found.count);
    let higher = rules.0.priority(settings).saturating_add(1);
    let diagnostic =
        Diagnostic::error(format!("two customers claim the charge: \"{}\" and \"{}\"", first.id, second.id))
            .at(Place::line(path, row))
            .with_note(format!("{rows}; {}", describe(bill, charge)));
    if found.days.is_empty() {
        return diagnostic.with_note(format!("{} and {} both match", at(rules.0), at(rules.1))).with_hint(format!(
            "narrow one of the two [[match]] tables, or give the one that should win priority = {higher}"
        ));
    }
    let days = found.days.in_words(bill.month_of(charge));
    diagnostic.with_note(format!("{} and {} both match on {days}", at(rules.0), at(rules.1))).with_hint(format!(
        "end one of the two before the other begins (from, until), or give the one that should win priority = {higher}"
    ))
}

/// Error for charges without a day, where claims change and `month-only = "error"`.
fn changing_claims(bill: &Bill, settings: &Settings, index: &RuleIndex, id: ChargeId, count: usize) -> Diagnostic {
    let charge = bill.charge(id);
    let (path, row) = bill.origin(charge);
    let rows = row_count(count);
    let message = "the charge has no day, and its resource changes hands within the month";
    let diagnostic =
        Diagnostic::error(message).at(Place::line(path, row)).with_note(format!("{rows}; {}", describe(bill, charge)));
    let mut claims = Claims::new(bill, settings, index);
    let timeline = claims.timeline(charge);
    let claims = timeline.iter().flat_map(|timeline| timeline.claims());
    let notes = claims.map(|(claim, days)| gaps::claim_in_words(settings, bill.month_of(charge), *claim, *days));
    notes.fold(diagnostic, Diagnostic::with_note).with_hint(
        "set month-only in [allocation] to \"days\" (divided by days), \"first\" or \"last\" (who has it on that day)",
    )
}
