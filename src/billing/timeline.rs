//! [`Timeline`]: who claims a resource on which days of a month.

use super::claims::{Claim, RuleId};
use super::overlaps::Overlap;
use crate::model::allocation::MonthOnly;
use crate::model::days::MonthDays;
use crate::model::settings::Settings;

/// Days of the longest month.
const DAYS: usize = 31;

/// The claims on the days of a month, where they are not the same on all of them.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// The different claims, each with its days, by their first days.
    claims: Vec<(Claim, MonthDays)>,
}

/// Who bears a charge without a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Division {
    /// One customer, or nobody.
    Whole(Claim),
    /// Several: customers in the order of the settings with their days, and last the days that nobody claims.
    Parts(Vec<(Option<RuleId>, MonthDays)>),
    /// Two customers have the resource on these days.
    Contested(RuleId, RuleId, MonthDays),
    /// The claims change, which is not allowed for charges without a day.
    Refused,
}

impl Timeline {
    /// The different claims, each with its days.
    pub(super) fn claims(&self) -> &[(Claim, MonthDays)] {
        &self.claims
    }

    /// The claim on a day of the month.
    pub(super) fn on(&self, day: u8) -> Claim {
        self.claims.iter().find(|(_, days)| days.contains(day)).map_or(Claim::Nobody, |(claim, _)| *claim)
    }

    /// The days on which two customers claim by those rules.
    pub(super) fn contested(&self, first: RuleId, second: RuleId) -> MonthDays {
        let found = self.claims.iter().find(|(claim, _)| *claim == Claim::Twice(first, second));
        found.map_or(MonthDays::NONE, |(_, days)| *days)
    }

    /// The days on which two customers have a resource by rules with days.
    pub(super) fn overlaps(&self, settings: &Settings, resource: &str) -> impl Iterator<Item = Overlap> {
        self.claims.iter().filter_map(move |(claim, days)| Overlap::of(settings, *claim, resource, *days))
    }

    /// Who bears a charge without a day.
    pub(super) fn divided(&self, month_only: MonthOnly) -> Division {
        let mut parts: Vec<(Option<RuleId>, MonthDays)> = Vec::new();
        for (claim, days) in &self.claims {
            let rule = match claim {
                Claim::Twice(first, second) => return Division::Contested(*first, *second, *days),
                Claim::Customer(rule) => Some(*rule),
                Claim::Nobody => None,
            };
            let customer = |rule: Option<RuleId>| rule.map(|rule| rule.customer);
            match parts.iter_mut().find(|(known, _)| customer(*known) == customer(rule)) {
                // One customer can have the resource by several rules.
                Some((_, known)) => *known = known.union(*days),
                None => parts.push((rule, *days)),
            }
        }
        if let [(rule, _)] = parts.as_slice() {
            return Division::Whole(rule.map_or(Claim::Nobody, Claim::Customer));
        }
        let claimed = || parts.iter().filter_map(|(rule, days)| Some(((*rule)?, *days)));
        let whole = |rule: Option<(RuleId, MonthDays)>| {
            Division::Whole(rule.map_or(Claim::Nobody, |(rule, _)| Claim::Customer(rule)))
        };
        match month_only {
            MonthOnly::First => whole(claimed().min_by_key(|(_, days)| days.first())),
            MonthOnly::Last => whole(claimed().max_by_key(|(_, days)| days.last())),
            MonthOnly::Error => Division::Refused,
            MonthOnly::Days => {
                parts.sort_by_key(|(rule, _)| rule.map_or(u32::MAX, |rule| rule.customer));
                Division::Parts(parts)
            }
        }
    }
}

/// Collects the rules that match a charge.
pub(super) struct TimelineBuilder {
    month: MonthDays,
    /// The claim on all days so far: most charges have no other.
    all_month: Option<Leading>,
    /// By day, where some rule does not hold all month.
    by_day: Option<[Option<Leading>; DAYS]>,
}

/// The claim of the highest priority so far.
#[derive(Clone, Copy)]
struct Leading {
    priority: i64,
    claim: Claim,
    /// The first rule of this priority that names days. Two of different customers are refused even where nothing is charged,
    /// so such a pair is kept before others.
    dated: Option<RuleId>,
}

impl TimelineBuilder {
    /// A builder for a month, or for these days of it.
    pub(super) fn new(days: MonthDays) -> TimelineBuilder {
        TimelineBuilder { month: days, all_month: None, by_day: None }
    }

    /// Adds a rule that claims on some days. Of a customer's rules with equal priority, the first counts.
    pub(super) fn add(&mut self, settings: &Settings, id: RuleId, priority: i64, days: MonthDays) {
        let days = days.intersection(self.month);
        if days.is_empty() {
            return;
        }
        let alone = Leading { priority, claim: Claim::Customer(id), dated: id.names_days(settings).then_some(id) };
        if days == self.month && self.by_day.is_none() {
            self.all_month = Some(joined(self.all_month, id, alone));
            return;
        }
        let by_day = self.by_day.get_or_insert([self.all_month; DAYS]);
        for day in days.days() {
            let leading = &mut by_day[usize::from(day) - 1];
            *leading = Some(joined(*leading, id, alone));
        }
    }

    /// The claim on every day, or the timeline where the days differ.
    pub(super) fn finish(self) -> Result<Claim, Timeline> {
        let Some(by_day) = self.by_day else {
            return Ok(self.all_month.map_or(Claim::Nobody, |leading| leading.claim));
        };
        let mut claims: Vec<(Claim, MonthDays)> = Vec::new();
        for day in self.month.days() {
            let claim = by_day[usize::from(day) - 1].map_or(Claim::Nobody, |leading| leading.claim);
            match claims.iter_mut().find(|(known, _)| *known == claim) {
                Some((_, days)) => *days = days.union(MonthDays::of(day)),
                None => claims.push((claim, MonthDays::of(day))),
            }
        }
        match claims.as_slice() {
            [(claim, _)] => Ok(*claim),
            _ => Err(Timeline { claims }),
        }
    }
}

/// A day's claim together with one more rule, which claims like this alone.
fn joined(known: Option<Leading>, id: RuleId, alone: Leading) -> Leading {
    let Some(known) = known.filter(|known| known.priority >= alone.priority) else {
        return alone;
    };
    if known.priority > alone.priority {
        return known;
    }
    let of_another = |rule: RuleId| (rule.customer != id.customer).then_some(rule);
    let claim = match (known.dated, alone.dated, known.claim) {
        (Some(first), Some(_), _) if first.customer != id.customer => Claim::Twice(first, id),
        (_, _, Claim::Customer(first)) => of_another(first).map_or(known.claim, |first| Claim::Twice(first, id)),
        (_, _, claim) => claim,
    };
    Leading { claim, dated: known.dated.or(alone.dated), ..known }
}
