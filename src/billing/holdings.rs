//! [`holdings`]: who has which resource from when to when, by the tables of assignments and the `[[match]]`es that name
//! days: of one resource, or of the resources of a month's bill. Those without days fill what would else be gaps.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use serde::Serialize;

use super::claims::{RuleId, RuleIndex};
use super::gaps::gap_charges;
use crate::model::amount::{Amount, TooLong};
use crate::model::charge::{Bill, BillSource, EMPTY, SeenSubject, SubjectId};
use crate::model::currency::Currency;
use crate::model::customer::ClaimRule;
use crate::model::days::DayRange;
use crate::model::match_index::MatchIndex;
use crate::model::matcher::{Glob, Matchable, Matcher, normalized};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;

/// A resource and who has it when.
#[derive(Clone, Debug, Serialize)]
pub struct Holding<'a> {
    /// Name of the source; empty where a `[[match]]` names none of several.
    pub source: &'a str,
    /// Id of the resource.
    pub resource: String,
    /// In the order of their days.
    pub spans: Vec<Span<'a>>,
    /// Charges of the month on days on which nobody has the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charges_in_gaps: Option<ChargesInGaps>,
}

/// Consecutive days on which the same customers have a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span<'a> {
    /// One customer, none or several.
    pub state: SpanState,
    /// Ids of the customers.
    pub customers: Vec<&'a str>,
    /// The first day; none where it has no beginning.
    pub from: Option<NaiveDate>,
    /// The last day; none where it has no end.
    pub until: Option<NaiveDate>,
    /// Where that is written: `path:line`.
    pub rules: Vec<String>,
}

/// Whether a resource has one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanState {
    /// One customer has it.
    Held,
    /// Nobody has it, although someone has it before and after.
    Gap,
    /// Several customers have it.
    Overlap,
}

impl SpanState {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            SpanState::Held => "held",
            SpanState::Gap => "gap",
            SpanState::Overlap => "overlap",
        }
    }
}

/// The charges of a month on days on which nobody has a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ChargesInGaps {
    /// Number of rows.
    pub rows: usize,
    /// Their cost, or the part of it of such days.
    pub cost: Amount,
    /// The source's currency.
    pub currency: Currency,
}

/// A rule that gives a resource to a customer.
#[derive(Clone, Copy)]
struct Given {
    id: RuleId,
    days: DayRange,
}

/// The rules that give a resource, by source, none where they name none of several, and id.
type GivenResources<'r> = BTreeMap<(Option<u16>, &'r str), Vec<Given>>;

/// A rule with the source and id of a resource that it gives to its customer.
type ResourceRule = (RuleId, Option<u16>, String, DayRange);

/// Who has which resource when. With the bill of a month, only the days of that month, with the charges in gaps, and also
/// the resources of the bill that a `[[match]]` claims by a pattern, tag or group.
///
/// # Errors
/// When a sum has too many digits.
pub fn holdings<'a>(settings: &'a Settings, bill: Option<&Bill>) -> Result<Vec<Holding<'a>>, TooLong> {
    let month = bill.map(|bill| bill.month);
    let gaps = bill.map(|bill| gap_charges(bill, settings)).transpose()?;
    let mut given = GivenResources::new();
    let assignments = &settings.assignments;
    for (row, index) in assignments.rows().iter().zip(0..) {
        let key = (Some(row.source), assignments.resource(row));
        given.entry(key).or_default().push(Given { id: RuleId::of_row(settings, index), days: row.days });
    }
    let literals: Vec<ResourceRule> = literal_matches(settings).collect();
    for (id, source, resource, days) in &literals {
        given.entry((*source, resource)).or_default().push(Given { id: *id, days: *days });
    }
    let patterns = bill.map_or_else(BTreeSet::new, |bill| pattern_matches(bill, settings));
    for (id, source, resource, days) in &patterns {
        // A `[[match]]` of the same resource may name no source.
        let source = source.filter(|source| {
            let resource = resource.as_str();
            !given.contains_key(&(None, resource)) || given.contains_key(&(Some(*source), resource))
        });
        given.entry((source, resource)).or_default().push(Given { id: *id, days: *days });
    }
    join_sources(settings, &mut given);
    let undated = Undated::find(settings, bill, &given);
    let mut holdings = Vec::new();
    for ((source, resource), given) in &mut given {
        let name = source.map_or("", |source| settings.sources[usize::from(source)].name.as_str());
        given.extend(undated.of(settings, *source, resource).map(|id| Given { id, days: DayRange::default() }));
        let mut spans = spans(settings, given, month);
        let charges_in_gaps = gaps.as_ref().and_then(|gaps| gaps.of(name, resource));
        let charges_in_gaps =
            charges_in_gaps.map(|(rows, cost, currency)| Ok(ChargesInGaps { rows, cost: cost.total()?, currency }));
        let charges_in_gaps = charges_in_gaps.transpose()?;
        if let (Some(month), Some(_)) = (month, &charges_in_gaps) {
            fill(&mut spans, month);
        }
        if !spans.is_empty() {
            holdings.push(Holding { source: name, resource: (*resource).to_owned(), spans, charges_in_gaps });
        }
    }
    Ok(holdings)
}

/// The `[[match]]`es of all customers.
fn rules(settings: &Settings) -> impl Iterator<Item = (RuleId, &ClaimRule)> {
    let customers = (0..).zip(&settings.customers);
    customers.flat_map(|(customer, settings)| {
        (0..).zip(&settings.rules).map(move |(rule, settings)| (RuleId::of_match(customer, rule), settings))
    })
}

/// The `[[match]]`es that name days and one resource, with their source.
fn literal_matches(settings: &Settings) -> impl Iterator<Item = ResourceRule> {
    rules(settings).filter(|(_, rule)| !rule.days.is_always()).filter_map(|(id, rule)| {
        let resource = rule.matcher.resource.as_ref()?.literal()?;
        rule.matcher.sees_only_resources().then(|| (id, source_of(settings, rule), resource, rule.days))
    })
}

/// The other `[[match]]`es that name days and no item, with each resource of a bill that they match.
fn pattern_matches(bill: &Bill, settings: &Settings) -> BTreeSet<ResourceRule> {
    let index = RuleIndex::new(bill, settings);
    let is_of_resource = |matcher: &Matcher| {
        matcher.sees_only_resources() && matcher.resource.as_ref().is_some_and(|glob| glob.literal().is_some())
    };
    let mut found = BTreeSet::new();
    for (source, subject) in subjects(bill, settings) {
        // One that names an item has only some of a resource's charges.
        for id in index.candidates(&subject, None) {
            let Some(rule) = id.claim_rule(settings).filter(|rule| !rule.days.is_always()) else {
                continue;
            };
            if rule.matcher.item.is_none() && !is_of_resource(&rule.matcher) && rule.matcher.matches(&subject, "") {
                found.insert((id, source, normalized(subject.resource()).into_owned(), rule.days));
            }
        }
    }
    found
}

/// The subjects of a bill that have a resource, with their sources in the settings.
fn subjects<'b>(bill: &'b Bill, settings: &Settings) -> impl Iterator<Item = (Option<u16>, SeenSubject<'b>)> {
    let in_settings = |source: &BillSource| {
        (0..).zip(&settings.sources).find(|(_, known)| known.name == source.name).map(|(source, _)| source)
    };
    let sources: Vec<Option<u16>> = bill.sources.iter().map(in_settings).collect();
    let with_resource = (0..).zip(&bill.subjects).filter(|(_, subject)| subject.resource != EMPTY);
    with_resource.map(move |(at, subject)| (sources[usize::from(subject.source)], bill.seen(SubjectId(at))))
}

/// Gives the rules of a resource that name none of several sources to each source that others name for it.
fn join_sources(settings: &Settings, given: &mut GivenResources<'_>) {
    let mut sources: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    for (source, resource) in given.keys() {
        if let Some(source) = source {
            sources.entry(resource).or_default().push(*source);
        }
    }
    for (resource, sources) in sources {
        for rule in given.remove(&(None, resource)).into_iter().flatten() {
            for source in &sources {
                let name = &settings.sources[usize::from(*source)].name;
                let is_of_source =
                    rule.id.claim_rule(settings).is_some_and(|known| known.matcher.fits_resource(name, resource));
                if let (true, Some(of_source)) = (is_of_source, given.get_mut(&(Some(*source), resource))) {
                    of_source.push(rule);
                }
            }
        }
    }
}

/// The `[[match]]`es that name no days. A day on which one of them claims a resource is in no gap.
struct Undated {
    /// Of one resource, by its id.
    by_resource: BTreeMap<String, Vec<RuleId>>,
    /// Of all resources, or those of a pattern or a source, with their index.
    of_several: (Vec<RuleId>, MatchIndex),
    /// By tags, groups and whatever else a bill has: those that claim each charge of a resource.
    of_bill: BTreeMap<(Option<u16>, String), BTreeSet<RuleId>>,
}

impl Undated {
    /// Finds those that may claim one of the given resources.
    fn find(settings: &Settings, bill: Option<&Bill>, given: &GivenResources<'_>) -> Undated {
        let mut by_resource: BTreeMap<String, Vec<RuleId>> = BTreeMap::new();
        let (mut of_several, mut matchers) = (Vec::new(), Vec::new());
        for (id, rule) in rules(settings) {
            if !rule.days.is_always() || !rule.matcher.sees_only_resources() {
                continue;
            }
            match rule.matcher.resource.as_ref().and_then(Glob::literal) {
                Some(resource) => by_resource.entry(resource).or_default().push(id),
                None => {
                    of_several.push(id);
                    matchers.push(&rule.matcher);
                }
            }
        }
        let of_several = (of_several, MatchIndex::new(&matchers));
        let mut undated = Undated { by_resource, of_several, of_bill: BTreeMap::new() };
        let Some(bill) = bill else {
            return undated;
        };
        let index = RuleIndex::new(bill, settings);
        for (source, subject) in subjects(bill, settings) {
            let resource = normalized(subject.resource());
            let keys = [source, None].into_iter().filter(|source| given.contains_key(&(*source, resource.as_ref())));
            for key in keys {
                let claims = |id: &RuleId| {
                    let rule = id.claim_rule(settings).filter(|rule| rule.days.is_always());
                    // One that names an item has only some of a resource's charges.
                    rule.is_some_and(|rule| rule.matcher.item.is_none() && rule.matcher.matches(&subject, ""))
                };
                let found: BTreeSet<RuleId> = index.candidates(&subject, None).filter(claims).collect();
                match undated.of_bill.entry((key, resource.clone().into_owned())) {
                    Entry::Vacant(entry) => {
                        entry.insert(found);
                    }
                    Entry::Occupied(mut known) => known.get_mut().retain(|id| found.contains(id)),
                }
            }
        }
        undated
    }

    /// Those that claim all charges of a resource.
    fn of(&self, settings: &Settings, source: Option<u16>, resource: &str) -> impl Iterator<Item = RuleId> {
        let literal = self.by_resource.get(resource).into_iter().flatten();
        let name = source.map_or("", |source| settings.sources[usize::from(source)].name.as_str());
        let fits = |id: &&RuleId| {
            id.claim_rule(settings).is_some_and(|rule| match source {
                Some(_) => rule.matcher.fits_resource(name, resource),
                None => rule.matcher.source.is_none() && rule.matcher.fits_resource("", resource),
            })
        };
        let (rules, index) = &self.of_several;
        let of_several = index.of_resource(name, resource).into_iter().map(|position| &rules[position as usize]);
        let mut found: BTreeSet<RuleId> = literal.chain(of_several).filter(fits).copied().collect();
        found.extend(self.of_bill.get(&(source, resource.to_owned())).into_iter().flatten());
        found.into_iter()
    }
}

/// The only source that a rule can be about.
fn source_of(settings: &Settings, rule: &ClaimRule) -> Option<u16> {
    let fits = |name: &str| rule.matcher.source.as_ref().is_none_or(|glob| glob.matches(name));
    let mut fitting = (0..).zip(&settings.sources).filter(|(_, source)| fits(&source.name));
    let (first, _) = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// The days of a rule, cut to those of its customer and of the month; none where nothing is left.
fn ends(settings: &Settings, given: &Given, month: Option<BillingMonth>) -> Option<(NaiveDate, NaiveDate)> {
    let active = settings.customers[given.id.customer as usize].active;
    let month =
        month.map_or(DayRange::default(), |month| DayRange { from: Some(month.first()), until: Some(month.last()) });
    let ranges = [given.days, active, month];
    let from = ranges.iter().filter_map(|range| range.from).max().unwrap_or(NaiveDate::MIN);
    let until = ranges.iter().filter_map(|range| range.until).min().unwrap_or(NaiveDate::MAX);
    (from <= until).then_some((from, until))
}

/// Adds the days before and after the spans of a month: nobody has the resource then, and it may have charges.
fn fill(spans: &mut Vec<Span<'_>>, month: BillingMonth) {
    let gap = |from: Option<NaiveDate>, until: Option<NaiveDate>| Span {
        state: SpanState::Gap,
        customers: Vec::new(),
        from,
        until,
        rules: Vec::new(),
    };
    let first = spans.first().and_then(|first| first.from).filter(|from| *from > month.first());
    if let Some(from) = first {
        spans.insert(0, gap(Some(month.first()), from.checked_sub_days(Days::new(1))));
    }
    let last = spans.last().and_then(|last| last.until).filter(|until| *until < month.last());
    if let Some(until) = last {
        spans.push(gap(until.checked_add_days(Days::new(1)), Some(month.last())));
    }
}

fn spans<'a>(settings: &'a Settings, given: &[Given], month: Option<BillingMonth>) -> Vec<Span<'a>> {
    let given: Vec<(RuleId, (NaiveDate, NaiveDate))> =
        given.iter().filter_map(|given| Some((given.id, ends(settings, given, month)?))).collect();
    let after = |day: NaiveDate| day.checked_add_days(Days::new(1));
    let mut starts: BTreeSet<NaiveDate> = BTreeSet::new();
    for (_, (from, until)) in &given {
        starts.insert(*from);
        starts.extend(after(*until));
    }
    let last = given.iter().map(|(_, (_, until))| *until).max();
    let starts: Vec<NaiveDate> = starts.into_iter().filter(|start| last.is_some_and(|last| *start <= last)).collect();
    let mut spans: Vec<Span<'a>> = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let next = starts.get(index + 1).and_then(|next| next.checked_sub_days(Days::new(1)));
        let Some(end) = next.or(last) else {
            continue;
        };
        let holds = given.iter().filter(|(_, (from, until))| from <= start && start <= until);
        let highest = holds.clone().map(|(id, _)| id.priority(settings)).max();
        let mut rules: Vec<RuleId> =
            holds.map(|(id, _)| *id).filter(|id| Some(id.priority(settings)) == highest).collect();
        rules.sort_unstable();
        let mut customers: Vec<&str> =
            rules.iter().map(|id| settings.customers[id.customer as usize].id.as_str()).collect();
        customers.dedup();
        let state = match customers.len() {
            0 => SpanState::Gap,
            1 => SpanState::Held,
            _ => SpanState::Overlap,
        };
        let from = Some(*start).filter(|start| *start != NaiveDate::MIN);
        let until = Some(end).filter(|end| *end != NaiveDate::MAX);
        let rules: Vec<String> = rules.iter().map(|id| id.in_words(settings)).collect();
        match spans.last_mut() {
            // What changed is a rule of a lower priority.
            Some(last) if last.rules == rules => last.until = until,
            _ => spans.push(Span { state, customers, from, until, rules }),
        }
    }
    spans
}
