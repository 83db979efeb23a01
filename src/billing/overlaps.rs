//! Errors for resources that rules with days give to two customers on one day: rows of assignments and `[[match]]`es with
//! `from` or `until`.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::{Claim, RuleId, RuleIndex, active_rules};
use super::timeline::TimelineBuilder;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::charge::Bill;
use crate::model::days::MonthDays;
use crate::model::match_index::MatchIndex;
use crate::model::matcher::Glob;
use crate::model::settings::Settings;

/// Maximum number of overlaps reported one by one.
const SHOWN: usize = 10;

/// A resource that two customers have on some days, with and without charges: a fee would count the days twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Overlap {
    first: RuleId,
    second: RuleId,
    resource: String,
    days: MonthDays,
}

impl Overlap {
    /// The overlap that a claim of a resource is, if both of its rules name days. Rules that name none have always been
    /// compared charge by charge, and one that names an item has only some of a resource's charges.
    pub(super) fn of(settings: &Settings, claim: Claim, resource: &str, days: MonthDays) -> Option<Overlap> {
        let Claim::Twice(first, second) = claim else {
            return None;
        };
        let is_of_resource = |id: RuleId| {
            id.names_days(settings) && id.claim_rule(settings).is_none_or(|rule| rule.matcher.item.is_none())
        };
        let both = is_of_resource(first) && is_of_resource(second);
        both.then(|| Overlap { first, second, resource: resource.to_owned(), days })
    }

    /// Its two rules.
    pub(super) fn rules(&self) -> (RuleId, RuleId) {
        (self.first, self.second)
    }

    /// Whether both are rows of assignments.
    pub(super) fn is_of_rows(&self) -> bool {
        self.first.row().is_some() && self.second.row().is_some()
    }
}

/// Overlaps of rows of assignments within the month.
pub(super) fn of_assignments(bill: &Bill, settings: &Settings, index: &RuleIndex) -> Vec<Overlap> {
    let assignments = &settings.assignments;
    let mut found: Vec<Overlap> = Vec::new();
    for (first, rows) in assignments.by_resource().filter(|(_, rows)| rows.len() > 1) {
        if !index.has_source(rows[0].source) {
            continue;
        }
        let ids: Vec<RuleId> = (first..).zip(rows).map(|(row, _)| RuleId::of_row(settings, row)).collect();
        let days: Vec<MonthDays> = ids.iter().map(|id| id.days(settings, bill.month)).collect();
        for (at, (id, own)) in ids.iter().zip(&days).enumerate() {
            for (other, others) in ids[..at].iter().zip(&days) {
                let both = own.intersection(*others);
                if other.customer != id.customer && !both.is_empty() {
                    let resource = assignments.resource(&rows[0]).to_owned();
                    found.push(Overlap { first: *other, second: *id, resource, days: both });
                }
            }
        }
    }
    found
}

/// Overlaps of the `[[match]]`es that name one resource, with each other and with rows of assignments. The bill need not have
/// the resource.
pub(super) fn of_matches(bill: &Bill, settings: &Settings, index: &RuleIndex) -> Vec<Overlap> {
    let mut by_resource: BTreeMap<String, Vec<RuleId>> = BTreeMap::new();
    let (mut of_several, mut matchers) = (Vec::new(), Vec::new());
    for (id, rule) in active_rules(settings, bill.month).filter(|(_, rule)| rule.matcher.sees_only_resources()) {
        match rule.matcher.resource.as_ref().and_then(Glob::literal) {
            Some(resource) => by_resource.entry(resource).or_default().push(id),
            None => {
                of_several.push(id);
                matchers.push(&rule.matcher);
            }
        }
    }
    let several = MatchIndex::new(&matchers);
    let mut found = Vec::new();
    for (resource, rules) in by_resource {
        if !rules.iter().any(|id| id.names_days(settings)) {
            continue;
        }
        for (source, known) in (0..).zip(&bill.sources) {
            let fits = |id: &&RuleId| {
                id.claim_rule(settings).is_some_and(|rule| rule.matcher.fits_resource(&known.name, &resource))
            };
            let rows = index.assigned_rows(source, &resource, settings).map(|row| RuleId::of_row(settings, row));
            let several = several.of_resource(&known.name, &resource);
            let several = several.into_iter().map(|position| &of_several[position as usize]);
            let mut fitting: Vec<RuleId> = rules.iter().chain(several).filter(fits).copied().chain(rows).collect();
            fitting.sort_unstable();
            let mut timeline = TimelineBuilder::new(MonthDays::all(bill.month));
            for id in fitting {
                timeline.add(settings, id, id.priority(settings), id.days(settings, bill.month));
            }
            match timeline.finish() {
                Ok(claim) => found.extend(Overlap::of(settings, claim, &resource, MonthDays::all(bill.month))),
                Err(timeline) => found.extend(timeline.overlaps(settings, &resource)),
            }
        }
    }
    found
}

/// The errors about overlaps, two rules at a time.
pub(super) fn problems(bill: &Bill, settings: &Settings, overlaps: Vec<Overlap>) -> Vec<Diagnostic> {
    let mut by_rules: BTreeMap<(RuleId, RuleId), BTreeSet<Overlap>> = BTreeMap::new();
    for overlap in overlaps {
        by_rules.entry(overlap.rules()).or_default().insert(overlap);
    }
    let found: Vec<BTreeSet<Overlap>> = by_rules.into_values().collect();
    let problems = found.iter().take(SHOWN).filter_map(|of_rules| problem(bill, settings, of_rules));
    let mut problems: Vec<Diagnostic> = problems.collect();
    if let Some(last) = problems.last_mut() {
        match found.len().saturating_sub(SHOWN) {
            0 => {}
            1 => last.notes.push("and 1 more pair of rules".to_owned()),
            more => last.notes.push(format!("and {more} more pairs of rules")),
        }
    }
    problems
}

/// The error about the resources that two rules overlap on.
fn problem(bill: &Bill, settings: &Settings, overlaps: &BTreeSet<Overlap>) -> Option<Diagnostic> {
    let overlap = overlaps.first()?;
    let Overlap { first, second, resource, days } = overlap;
    let customer = |id: &RuleId| &settings.customers[id.customer as usize].id;
    let (path, line) = second.place(settings);
    let days = days.in_words(bill.month);
    let message = format!("\"{}\" and \"{}\" both have {resource} on {days}", customer(first), customer(second));
    let diagnostic = Diagnostic::error(message)
        .at(Place::line(path, line).with_excerpt(second.text(settings)))
        .with_note(format!("{}: {}", first.in_words(settings), first.text(settings)));
    let resources: BTreeSet<&String> = overlaps.iter().map(|overlap| &overlap.resource).collect();
    let diagnostic = match resources.len() {
        0 | 1 => diagnostic,
        2 => diagnostic.with_note("and 1 more resource"),
        count => diagnostic.with_note(format!("and {} more resources", count - 1)),
    };
    Some(match overlap.is_of_rows() {
        true => diagnostic.with_hint("end one of the two rows on the day before the other begins"),
        false => {
            let higher = first.priority(settings).saturating_add(1);
            diagnostic.with_hint(format!(
                "end one of the two before the other begins (from, until), or give the one that should win priority = {higher}"
            ))
        }
    })
}
