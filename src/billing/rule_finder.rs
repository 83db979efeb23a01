//! [`RuleFinder`]: finds the rules of a list that match charges. Where few charges ask, or there are few rules, it tries each
//! rule; else it makes an index of them, so that thousands of rules cost no more than a few.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::model::allocation::{KeepRule, ShareRule};
use crate::model::charge::SeenSubject;
use crate::model::match_index::MatchIndex;
use crate::model::matcher::Matcher;
use crate::model::price::{Fee, PriceRule};
use crate::model::settings::TaxRule;

/// Number of rules up to which each is tried.
const FEW_RULES: usize = 8;

/// Number of charges for which each rule is tried: an index costs about as much as trying its rules on so many.
const FEW_CHARGES: u32 = 32;

/// A rule about charges.
pub(super) trait MatchingRule {
    /// The charges it is about.
    fn matcher(&self) -> &Matcher;
}

impl MatchingRule for PriceRule {
    fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}

impl MatchingRule for TaxRule {
    fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}

impl MatchingRule for ShareRule {
    fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}

impl MatchingRule for KeepRule {
    fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}

impl MatchingRule for Fee {
    fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}

/// Finds rules of a list.
pub(super) struct RuleFinder<'r, R> {
    pub(super) rules: &'r [R],
    asked: AtomicU32,
    index: OnceLock<MatchIndex>,
}

impl<'r, R: MatchingRule> RuleFinder<'r, R> {
    pub(super) fn new(rules: &'r [R]) -> RuleFinder<'r, R> {
        RuleFinder { rules, asked: AtomicU32::new(0), index: OnceLock::new() }
    }

    /// The position of the first rule that matches a charge of `subject` for `item`, of those to which `applies` agrees.
    pub(super) fn first(&self, subject: &SeenSubject<'_>, item: &str, applies: impl Fn(&R) -> bool) -> Option<usize> {
        let fits = |rule: &R| applies(rule) && rule.matcher().matches(subject, item);
        match self.index() {
            None => self.rules.iter().position(fits),
            Some(index) => {
                let candidates = index.candidates(subject, Some(item));
                candidates.into_iter().map(|position| position as usize).find(|position| fits(&self.rules[*position]))
            }
        }
    }

    /// Calls `found` with the positions of all rules that match a charge of `subject` for `item`, of those to which `applies`
    /// agrees, in their order.
    pub(super) fn each(
        &self,
        subject: &SeenSubject<'_>,
        item: &str,
        applies: impl Fn(usize, &R) -> bool,
        mut found: impl FnMut(usize),
    ) {
        let fits = |position: &usize| {
            let rule = &self.rules[*position];
            applies(*position, rule) && rule.matcher().matches(subject, item)
        };
        match self.index() {
            None => (0..self.rules.len()).filter(fits).for_each(&mut found),
            Some(index) => {
                let candidates = index.candidates(subject, Some(item));
                candidates.into_iter().map(|position| position as usize).filter(fits).for_each(&mut found);
            }
        }
    }

    /// The index, where it is worth making one.
    fn index(&self) -> Option<&MatchIndex> {
        if self.rules.len() <= FEW_RULES {
            return None;
        }
        // Several threads may ask; which of them is the first makes no difference to what is found.
        if self.index.get().is_none() && self.asked.fetch_add(1, Ordering::Relaxed) < FEW_CHARGES {
            return None;
        }
        let matchers = || self.rules.iter().map(MatchingRule::matcher).collect::<Vec<&Matcher>>();
        Some(self.index.get_or_init(|| MatchIndex::new(&matchers())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::charge::{Bill, BillSource, Subject, SubjectId};
    use crate::model::currency::Currency;
    use crate::model::definition::Definition;
    use crate::model::matcher::Glob;
    use crate::model::settings::SourceKind;
    use crate::model::statement::Statement;

    /// A bill with a hundred resources, `r-00` to `r-99`.
    fn bill() -> Bill {
        let mut bill = Bill::new("202208".parse().unwrap());
        let (kind, currency, statement) = (SourceKind::SoracomCsv, Currency::JPY, Statement::default());
        bill.sources.push(BillSource {
            name: "s".to_owned(),
            kind,
            currency,
            quantity_column: None,
            stated_tax: None,
            statement,
            focus: None,
            mapped: None,
        });
        let none = bill.names.intern("");
        for number in 0..100 {
            let resource = bill.names.intern(&format!("r-{number:02}"));
            let (groups, tags) = (Box::default(), Box::default());
            let names = (none, none, none);
            let (account, resource_name, product) = names;
            bill.subjects.push(Subject { source: 0, account, resource, resource_name, product, groups, tags });
        }
        bill
    }

    /// The first of these rules matches the resources of a ten, the second those of a last digit, the last all.
    #[test]
    fn rules_are_found_alike_before_and_after_there_is_an_index() {
        let tens = (0..9).map(|ten| format!("r-{ten}*"));
        let digits = (0..9).map(|digit| format!("r-?{digit}"));
        let patterns = tens.chain(digits).chain(["*".to_owned()]);
        let rule = |pattern: String| KeepRule {
            matcher: Matcher { resource: Some(Glob::new(&pattern)), ..Matcher::default() },
            definition: Definition::default(),
        };
        let rules: Vec<KeepRule> = patterns.map(rule).collect();
        let (bill, finder) = (bill(), RuleFinder::new(&rules));
        for number in 0..100 {
            let seen = bill.seen(SubjectId(number));
            let (ten, digit) = (number as usize / 10, number as usize % 10);
            let matching: Vec<usize> = [(ten, 0), (digit, 9)]
                .into_iter()
                .filter(|(one, _)| *one < 9)
                .map(|(one, first)| first + one)
                .chain([18])
                .collect();
            assert_eq!(finder.first(&seen, "x", |_| true), Some(matching[0]), "{number}");
            let mut found = Vec::new();
            finder.each(&seen, "x", |position, _| position != 18, |position| found.push(position));
            assert_eq!(found, matching[..matching.len() - 1], "{number}");
        }
        assert!(finder.index.get().is_some());
    }
}
