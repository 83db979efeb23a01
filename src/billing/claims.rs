//! Finds the customer that a charge belongs to, by the customers' `[[match]]` rules.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::model::charge::{Bill, Charge, NameId, SeenSubject, SubjectId};
use crate::model::customer::ClaimRule;
use crate::model::matcher::{Matchable, Matcher, normalized};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;

/// A rule: index of the customer in the settings and of the rule in the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleId {
    pub(super) customer: u32,
    pub(super) rule: u32,
}

/// The customer that claims a charge, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Nobody,
    /// One customer, by the first of its rules with the highest priority.
    Customer(RuleId),
    /// Two customers, by rules of equal priority.
    Twice(RuleId, RuleId),
}

/// Finds claims, trying each rule once per distinct subject (and item, where rules match items).
pub(super) struct Claims<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    index: &'a RuleIndex,
    by_item: bool,
    known: FxHashMap<(SubjectId, NameId), Claim>,
    last: Option<((SubjectId, NameId), Claim)>,
    /// Rules that matched some charge.
    pub(super) used: BTreeSet<RuleId>,
}

impl<'a> Claims<'a> {
    pub(super) fn new(bill: &'a Bill, settings: &'a Settings, index: &'a RuleIndex) -> Claims<'a> {
        Claims {
            bill,
            settings,
            index,
            by_item: active_rules(settings, bill.month).any(|(_, rule)| rule.matcher.item.is_some()),
            known: FxHashMap::default(),
            last: None,
            used: BTreeSet::new(),
        }
    }

    /// The claim on a charge.
    pub(super) fn of(&mut self, charge: &Charge) -> Claim {
        let item = if self.by_item { charge.item } else { NameId(0) };
        let key = (charge.subject, item);
        if let Some((last, claim)) = self.last
            && last == key
        {
            return claim;
        }
        let claim = match self.known.get(&key) {
            Some(claim) => *claim,
            None => {
                let claim = self.find(charge);
                self.known.insert(key, claim);
                claim
            }
        };
        self.last = Some((key, claim));
        claim
    }

    fn find(&mut self, charge: &Charge) -> Claim {
        let subject = self.bill.seen(charge.subject);
        let item = self.bill.names.get(charge.item);
        let mut best: Option<(i64, RuleId)> = None;
        let mut claim = Claim::Nobody;
        for id in self.index.candidates(&subject) {
            let rule = rule(self.settings, id);
            if !rule.matcher.matches(&subject, item) {
                continue;
            }
            self.used.insert(id);
            match best {
                Some((priority, first))
                    if priority > rule.priority || first.customer == id.customer && priority == rule.priority => {}
                Some((priority, first)) if priority == rule.priority => claim = Claim::Twice(first, id),
                _ => {
                    best = Some((rule.priority, id));
                    claim = Claim::Customer(id);
                }
            }
        }
        claim
    }
}

/// The rules of the customers that are active in the month, in the order of the customers.
pub(super) fn active_rules(settings: &Settings, month: BillingMonth) -> impl Iterator<Item = (RuleId, &ClaimRule)> {
    let active = settings.customers.iter().enumerate().filter(move |(_, customer)| customer.is_active(month));
    active.flat_map(|(customer, settings)| {
        let id = move |rule: usize| RuleId { customer: customer as u32, rule: rule as u32 };
        settings.rules.iter().enumerate().map(move |(rule, settings)| (id(rule), settings))
    })
}

pub(super) fn rule(settings: &Settings, id: RuleId) -> &ClaimRule {
    &settings.customers[id.customer as usize].rules[id.rule as usize]
}

/// Index of rules by a text they name without wildcards. Customers list tens of thousands of SIMs one by one; with the
/// index, most rules need not be tried on most subjects.
pub(super) struct RuleIndex {
    by_resource: FxHashMap<String, Vec<RuleId>>,
    by_group: FxHashMap<String, Vec<RuleId>>,
    by_tag: FxHashMap<(String, String), Vec<RuleId>>,
    others: Vec<RuleId>,
}

impl RuleIndex {
    pub(super) fn new(settings: &Settings, month: BillingMonth) -> RuleIndex {
        let mut index = RuleIndex {
            by_resource: FxHashMap::default(),
            by_group: FxHashMap::default(),
            by_tag: FxHashMap::default(),
            others: Vec::new(),
        };
        for (id, rule) in active_rules(settings, month) {
            index.place_of(&rule.matcher).push(id);
        }
        index
    }

    fn place_of(&mut self, matcher: &Matcher) -> &mut Vec<RuleId> {
        if let Some(resource) = matcher.resource.as_ref().and_then(|glob| glob.literal()) {
            return self.by_resource.entry(resource).or_default();
        }
        let tag = matcher.tags.iter().find_map(|(name, glob)| Some((name.clone(), glob.literal()?)));
        if let Some(tag) = tag {
            return self.by_tag.entry(tag).or_default();
        }
        match matcher.group.as_ref().and_then(|glob| glob.literal()) {
            Some(group) => self.by_group.entry(group).or_default(),
            None => &mut self.others,
        }
    }

    /// The rules that may match a subject, in the order of the customers.
    fn candidates(&self, subject: &SeenSubject<'_>) -> Vec<RuleId> {
        let mut found = self.others.clone();
        found.extend(self.by_resource.get(normalized(subject.resource()).as_ref()).into_iter().flatten());
        for group in subject.groups() {
            found.extend(self.by_group.get(normalized(group).as_ref()).into_iter().flatten());
        }
        for (name, value) in subject.tags() {
            let key = (normalized(name).into_owned(), normalized(value).into_owned());
            found.extend(self.by_tag.get(&key).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
