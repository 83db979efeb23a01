//! Finds the customer that a charge belongs to, by the customers' `[[match]]` rules and the assignments of resources.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::FxHashMap;

use crate::model::charge::{Bill, BillSource, Charge, EMPTY, NameId, SeenSubject, SubjectId};
use crate::model::customer::ClaimRule;
use crate::model::days::MonthDays;
use crate::model::match_index::MatchIndex;
use crate::model::matcher::{Matchable, Matcher, normalized};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;

use super::overlaps::Overlap;
pub(super) use super::timeline::Timeline;
use super::timeline::TimelineBuilder;

/// A rule: index of the customer in the settings and of the rule in the customer, or of a row of assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleId {
    pub(super) customer: u32,
    rule: u32,
}

/// Set in [`RuleId::rule`] where the rest is the index of a row of assignments.
const ASSIGNMENT: u32 = 1 << 31;

impl RuleId {
    /// The `[[match]]` with that index, of the customer with that index.
    pub(super) fn of_match(customer: u32, rule: u32) -> RuleId {
        RuleId { customer, rule }
    }

    /// The row of assignments with that index.
    pub(super) fn of_row(settings: &Settings, row: u32) -> RuleId {
        RuleId { customer: settings.assignments.row(row).customer, rule: ASSIGNMENT | row }
    }

    /// Index of the row of assignments; none for a `[[match]]`.
    pub(super) fn row(self) -> Option<u32> {
        (self.rule & ASSIGNMENT != 0).then_some(self.rule & !ASSIGNMENT)
    }

    /// The `[[match]]`; none for a row of assignments.
    pub(super) fn claim_rule(self, settings: &Settings) -> Option<&ClaimRule> {
        self.row().is_none().then(|| &settings.customers[self.customer as usize].rules[self.rule as usize])
    }

    /// Where two customers claim a charge, the higher priority wins.
    pub(super) fn priority(self, settings: &Settings) -> i64 {
        match (self.claim_rule(settings), self.row()) {
            (Some(rule), _) => rule.priority,
            (None, row) => {
                let row = settings.assignments.row(row.unwrap_or_default());
                settings.sources[usize::from(row.source)].assignments_priority
            }
        }
    }

    /// The days of another month on which it claims charges that the bill of `billed` has. In that month the customer has to be
    /// active, not when the charge arose.
    fn days_of_another(self, settings: &Settings, month: BillingMonth, billed: BillingMonth) -> MonthDays {
        let customer = &settings.customers[self.customer as usize];
        let days = match (self.claim_rule(settings), self.row()) {
            (Some(rule), _) => rule.days,
            (None, row) => settings.assignments.row(row.unwrap_or_default()).days,
        };
        if customer.is_active(billed) { days.in_month(month) } else { MonthDays::NONE }
    }

    /// The days of a month on which it claims.
    pub(super) fn days(self, settings: &Settings, month: BillingMonth) -> MonthDays {
        let customer = &settings.customers[self.customer as usize];
        match (self.claim_rule(settings), self.row()) {
            (Some(rule), _) => customer.days_of(rule, month),
            (None, row) => {
                let row = settings.assignments.row(row.unwrap_or_default());
                row.days.in_month(month).intersection(customer.active.in_month(month))
            }
        }
    }

    /// Path and line.
    pub(super) fn place(self, settings: &Settings) -> (&str, u32) {
        match (self.claim_rule(settings), self.row()) {
            (Some(rule), _) => (&rule.definition.path, rule.definition.line),
            (None, row) => {
                let row = settings.assignments.row(row.unwrap_or_default());
                (settings.assignments.path(row), row.line)
            }
        }
    }

    /// Whether it names days. A row of assignments may leave both open, and still says from when to when.
    pub(super) fn names_days(self, settings: &Settings) -> bool {
        self.claim_rule(settings).is_none_or(|rule| !rule.days.is_always())
    }

    /// `path:line`
    pub(super) fn in_words(self, settings: &Settings) -> String {
        let (path, line) = self.place(settings);
        format!("{path}:{line}")
    }

    /// What is written there.
    pub(super) fn text(self, settings: &Settings) -> &str {
        match (self.claim_rule(settings), self.row()) {
            (Some(rule), _) => &rule.definition.text,
            (None, row) => settings.assignments.text(settings.assignments.row(row.unwrap_or_default())),
        }
    }
}

/// The customer that claims a charge on one day, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Nobody,
    /// One customer, by the first of its rules with the highest priority.
    Customer(RuleId),
    /// Two customers, by rules of equal priority.
    Twice(RuleId, RuleId),
}

/// The claims on a charge.
#[derive(Clone, Copy, Debug)]
pub(super) enum Claimed<'c> {
    /// The claim on its day, or on every day of a charge without one.
    Once(Claim),
    /// The claims on the days of the month, of a charge without a day.
    ByDay(&'c Timeline),
}

/// The claims on all charges of a subject and item.
#[derive(Clone, Copy, Debug)]
enum Known {
    AllMonth(Claim),
    /// Index in [`Claims::timelines`].
    ByDay(u32),
}

/// Finds claims, trying each rule once per distinct subject (and item, where rules match items).
pub(super) struct Claims<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    index: &'a RuleIndex,
    by_item: bool,
    known: FxHashMap<(SubjectId, NameId), Known>,
    last: Option<((SubjectId, NameId), Known)>,
    /// Those on charges with days of their own, by [`Charge::other_period`].
    of_other_days: FxHashMap<(SubjectId, NameId, u16), Known>,
    timelines: Vec<Timeline>,
    /// Rules that matched some charge.
    pub(super) used: BTreeSet<RuleId>,
}

impl<'a> Claims<'a> {
    pub(super) fn new(bill: &'a Bill, settings: &'a Settings, index: &'a RuleIndex) -> Claims<'a> {
        Claims {
            bill,
            settings,
            index,
            by_item: index.rules.iter().any(|id| rule(settings, *id).matcher.item.is_some()),
            known: FxHashMap::default(),
            last: None,
            of_other_days: FxHashMap::default(),
            timelines: Vec::new(),
            used: BTreeSet::new(),
        }
    }

    /// The claims on a charge.
    pub(super) fn of(&mut self, charge: &Charge) -> Claimed<'_> {
        match self.known(charge) {
            Known::AllMonth(claim) => Claimed::Once(claim),
            Known::ByDay(index) => {
                let timeline = &self.timelines[index as usize];
                match charge.day {
                    0 => Claimed::ByDay(timeline),
                    day => Claimed::Once(timeline.on(day)),
                }
            }
        }
    }

    /// The claims on a charge's subject and item, day by day; none where they are the same on every day.
    pub(super) fn timeline(&mut self, charge: &Charge) -> Option<&Timeline> {
        match self.known(charge) {
            Known::AllMonth(_) => None,
            Known::ByDay(index) => Some(&self.timelines[index as usize]),
        }
    }

    fn known(&mut self, charge: &Charge) -> Known {
        let item = if self.by_item { charge.item } else { NameId(0) };
        let key = (charge.subject, item);
        if let Some((month, days)) = self.bill.own_days(charge) {
            let key = (charge.subject, item, charge.other_period);
            if let Some(known) = self.of_other_days.get(&key) {
                return *known;
            }
            // Who has the resource in the month that is billed matters for fees.
            self.of_month(charge, (charge.subject, item));
            let known = self.find(charge, month, days);
            self.of_other_days.insert(key, known);
            return known;
        }
        self.of_month(charge, key)
    }

    /// The claims on the days of the month that is billed.
    fn of_month(&mut self, charge: &Charge, key: (SubjectId, NameId)) -> Known {
        if let Some((last, known)) = self.last
            && last == key
        {
            return known;
        }
        let known = match self.known.get(&key) {
            Some(known) => *known,
            None => {
                let month = self.bill.month;
                let known = self.find(charge, month, MonthDays::all(month));
                self.known.insert(key, known);
                known
            }
        };
        self.last = Some((key, known));
        known
    }

    /// The customers that have the charges' resources, with the days: of claims that are the same all month only where
    /// `wanted` names the customer.
    #[expect(clippy::iter_over_hash_type, reason = "the days are joined, in any order")]
    pub(super) fn held(&self, wanted: &[bool]) -> Vec<((u32, u16, NameId), MonthDays)> {
        let month = MonthDays::all(self.bill.month);
        let mut held = Vec::new();
        for ((subject, _), known) in &self.known {
            let subject = &self.bill.subjects[subject.0 as usize];
            if subject.resource == EMPTY {
                continue;
            }
            let mut add = |customer: u32, days| {
                if wanted[customer as usize] {
                    held.push(((customer, subject.source, subject.resource), days));
                }
            };
            match known {
                Known::AllMonth(Claim::Customer(id)) => add(id.customer, month),
                Known::AllMonth(_) => {}
                Known::ByDay(index) => {
                    for (claim, days) in self.timelines[*index as usize].claims() {
                        if let Claim::Customer(id) = claim {
                            add(id.customer, *days);
                        }
                    }
                }
            }
        }
        // Who had a resource when a late charge arose, and not since, has it on no day.
        for ((subject, ..), known) in &self.of_other_days {
            let subject = &self.bill.subjects[subject.0 as usize];
            let mut add = |claim: &Claim| match claim {
                Claim::Customer(id) if wanted[id.customer as usize] && subject.resource != EMPTY => {
                    held.push(((id.customer, subject.source, subject.resource), MonthDays::NONE));
                }
                _ => {}
            };
            match known {
                Known::AllMonth(claim) => add(claim),
                Known::ByDay(index) => {
                    self.timelines[*index as usize].claims().iter().for_each(|(claim, _)| add(claim));
                }
            }
        }
        held
    }

    /// The resources that two rules with days give to two customers on the same days, whether or not they have charges
    /// on these.
    #[expect(clippy::iter_over_hash_type, reason = "the overlaps are sorted by whoever asks")]
    pub(super) fn overlaps(&self) -> Vec<Overlap> {
        let mut overlaps = Vec::new();
        for ((subject, _), known) in &self.known {
            let resource = self.bill.subjects[subject.0 as usize].resource;
            let Known::ByDay(index) = known else {
                continue;
            };
            if resource != EMPTY {
                let name = normalized(self.bill.names.get(resource));
                overlaps.extend(self.timelines[*index as usize].overlaps(self.settings, &name));
            }
        }
        overlaps
    }

    fn find(&mut self, charge: &Charge, month: BillingMonth, days: MonthDays) -> Known {
        let subject = self.bill.seen(charge.subject);
        let item = self.bill.names.get(charge.item);
        let mut timeline = TimelineBuilder::new(days);
        let billed = self.bill.month;
        let days_of = |id: RuleId| match month == billed {
            true => id.days(self.settings, month),
            false => id.days_of_another(self.settings, month, billed),
        };
        for id in self.index.candidates(&subject, Some(item)) {
            let rule = rule(self.settings, id);
            if !rule.matcher.matches(&subject, item) {
                continue;
            }
            self.used.insert(id);
            timeline.add(self.settings, id, rule.priority, days_of(id));
        }
        let source = self.bill.subjects[charge.subject.0 as usize].source;
        for row in self.index.rows(source, subject.resource(), self.settings) {
            let id = RuleId::of_row(self.settings, row);
            timeline.add(self.settings, id, id.priority(self.settings), days_of(id));
        }
        match timeline.finish() {
            Ok(claim) => Known::AllMonth(claim),
            Err(timeline) => {
                self.timelines.push(timeline);
                Known::ByDay(self.timelines.len() as u32 - 1)
            }
        }
    }
}

/// The rules of the customers that hold on any day of the month, in the order of the customers.
pub(super) fn active_rules(settings: &Settings, month: BillingMonth) -> impl Iterator<Item = (RuleId, &ClaimRule)> {
    let active = settings.customers.iter().enumerate().filter(move |(_, customer)| customer.is_active(month));
    active.flat_map(move |(customer, settings)| {
        let id = move |rule: usize| RuleId { customer: customer as u32, rule: rule as u32 };
        let rules =
            settings.rules.iter().enumerate().filter(move |(_, rule)| !settings.days_of(rule, month).is_empty());
        rules.map(move |(rule, settings)| (id(rule), settings))
    })
}

/// The rules that hold on any day of which the month's bill has charges, in the order of the customers.
fn rules_of_bill<'s>(bill: &'s Bill, settings: &'s Settings) -> impl Iterator<Item = (RuleId, &'s ClaimRule)> {
    let billed = bill.month;
    let others: BTreeSet<BillingMonth> = bill.months_of_charges().filter(|month| *month != billed).collect();
    let active = (0..).zip(&settings.customers).filter(move |(_, customer)| customer.is_active(billed));
    let rules = active.flat_map(|(customer, settings)| {
        (0..).zip(&settings.rules).map(move |(rule, claims)| (RuleId { customer, rule }, claims))
    });
    rules.filter(move |(id, rule)| {
        !id.days(settings, billed).is_empty() || others.iter().any(|month| !rule.days.in_month(*month).is_empty())
    })
}

/// The `[[match]]` of an id that is no row of assignments.
fn rule(settings: &Settings, id: RuleId) -> &ClaimRule {
    &settings.customers[id.customer as usize].rules[id.rule as usize]
}

/// The customers' rules, so indexed that most need not be tried on most subjects.
pub(super) struct RuleIndex {
    /// The rules that hold when charges of the bill arose, in the order of the customers.
    rules: Vec<RuleId>,
    matches: MatchIndex,
    /// By source of the bill: its index in the settings, where it has assignments.
    assigned: Vec<Option<u16>>,
    /// By row of assignments: whether the month has a charge of its resource.
    charged: Vec<AtomicBool>,
}

impl RuleIndex {
    pub(super) fn new(bill: &Bill, settings: &Settings) -> RuleIndex {
        let assigned = |source: &BillSource| {
            let mut known = (0..).zip(&settings.sources);
            known.find(|(_, known)| known.name == source.name && known.assignments.is_some()).map(|(index, _)| index)
        };
        let rows = settings.assignments.rows().len();
        let (rules, matchers): (Vec<RuleId>, Vec<&Matcher>) =
            rules_of_bill(bill, settings).map(|(id, rule)| (id, &rule.matcher)).unzip();
        RuleIndex {
            rules,
            matches: MatchIndex::new(&matchers),
            assigned: bill.sources.iter().map(assigned).collect(),
            charged: std::iter::repeat_with(AtomicBool::default).take(rows).collect(),
        }
    }

    /// The rows of assignments of a resource; notes that it has a charge.
    fn rows(&self, source: u16, resource: &str, settings: &Settings) -> Range<u32> {
        let rows = self.assigned_rows(source, resource, settings);
        // Every thread writes the same, so the order does not matter.
        let charged = &self.charged[rows.start as usize..rows.end as usize];
        charged.iter().for_each(|charged| charged.store(true, Ordering::Relaxed));
        rows
    }

    /// The rows of assignments of a resource of a source of the bill.
    pub(super) fn assigned_rows(&self, source: u16, resource: &str, settings: &Settings) -> Range<u32> {
        match self.assigned[usize::from(source)] {
            Some(source) if !resource.is_empty() => settings.assignments.of(source, &normalized(resource)),
            _ => 0..0,
        }
    }

    /// Whether some charge tried so far is of the resource of that row.
    pub(super) fn has_charge(&self, row: u32) -> bool {
        self.charged[row as usize].load(Ordering::Relaxed)
    }

    /// Whether that source of the settings is in the bill.
    pub(super) fn has_source(&self, source: u16) -> bool {
        self.assigned.contains(&Some(source))
    }

    /// The rules that may match a charge of a subject, in the order of the customers; without an item, some of those that
    /// name items may be left out.
    pub(super) fn candidates(&self, subject: &SeenSubject<'_>, item: Option<&str>) -> impl Iterator<Item = RuleId> {
        self.matches.candidates(subject, item).into_iter().map(|position| self.rules[position as usize])
    }
}
