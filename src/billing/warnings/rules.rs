//! Warnings about rules that ended or do nothing.

use std::collections::BTreeSet;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::Month;
use crate::billing::CustomerItems;
use crate::billing::rule_finder::{MatchingRule, RuleFinder};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::charge::{Bill, ChargeId, ChargeKind, NameId, SubjectId};
use crate::model::customer::Customer;
use crate::model::definition::Definition;
use crate::model::matcher::Matcher;
use crate::model::price::{Price, PriceRule};
use crate::model::settings::TaxRule;
use crate::model::warning::WarningCode;

/// Fees and pricing rules that ended with the previous month, with nothing in their place.
pub(super) fn ended(month: Month<'_>) -> Vec<Diagnostic> {
    let this = month.bill.month;
    let last = Some(this.previous());
    let mut warnings = Vec::new();
    let mut told: BTreeSet<&Definition> = BTreeSet::new();
    for customer in month.settings.customers.iter().filter(|customer| customer.is_active(this)) {
        for fee in customer.fees.iter().filter(|fee| fee.validity.until == last) {
            if customer.fees.iter().any(|other| other.name == fee.name && other.is_due(this)) {
                continue;
            }
            let message = format!("the fee \"{}\" of \"{}\" ended with {}", fee.name, customer.id, this.previous());
            let facts = format!("{}, {}:{}", fee.name, fee.definition.path, fee.definition.line);
            let warning = Diagnostic::finding(WarningCode::EndedFee, message, facts).concerning(&customer.id);
            let hint = format!(
                "to go on charging it, set a later until, or add a [[fee]] with from = \"{this}\"; if it ended for good, \
                 leave it as it is: months up to {} were billed with it",
                this.previous()
            );
            warnings.push(warning.at(Place::start_of(&fee.definition)).with_hint(hint));
        }
        for rule in customer.pricing.rules.iter().filter(|rule| rule.validity.until == last) {
            let follows = |other: &PriceRule| other.matcher == rule.matcher && other.validity.covers(this);
            if customer.pricing.rules.iter().any(follows) || !told.insert(&rule.definition) {
                continue;
            }
            let message = format!("a [[pricing.rule]] ended with {}", this.previous());
            let warning = Diagnostic::finding(WarningCode::EndedRule, message, facts(&rule.definition));
            let warning = warning.at(Place::start_of(&rule.definition)).with_fact(rule.definition.text.clone());
            let hint = format!(
                "what it priced now follows the next rule that matches, or the markup; to price it otherwise, add a \
                 [[pricing.rule]] with from = \"{this}\", and leave this one: months up to {} were billed with it",
                this.previous()
            );
            warnings.push(of_file(warning, customer, &rule.definition).with_hint(hint));
        }
    }
    warnings
}

/// Rules that match no charge of the month. The allocation checks the customers' `[[match]]` rules.
pub(super) fn unused(month: Month<'_>) -> Vec<Diagnostic> {
    let mut warnings = unused_price_rules(month);
    warnings.extend(unused_tax_rules(month));
    let is_of_absent = |matcher: &Matcher| month.settings.is_of_absent_source(matcher, month.bill.month);
    let shares = month.billed.by_customer().flat_map(|of| of.shares);
    let shared = shares.filter(|share| !share.is_own()).map(|share| share.charge);
    let shared = ChargeSubjects::of(month.bill, shared.chain(month.billed.unassigned.iter().copied()));
    let shares = &month.settings.allocation.shares;
    let used = shared.used(month.bill, shares, |_, _, _| true);
    for (rule, _) in shares.iter().zip(used).filter(|(rule, is_used)| !is_used && !is_of_absent(&rule.matcher)) {
        warnings.push(nothing(month, WarningCode::UnusedShareRule, "[[allocation.share]]", &rule.definition));
    }
    let keeps = month.settings.allocation.keeps.iter().zip(&month.billed.kept_by_rule);
    for (rule, _) in keeps.filter(|(rule, kept)| kept.is_empty() && !is_of_absent(&rule.matcher)) {
        warnings.push(nothing(month, WarningCode::UnusedKeepRule, "[[allocation.keep]]", &rule.definition));
    }
    warnings
}

/// `[[tax.rule]]`s that match no charge of any of their customers.
fn unused_tax_rules(month: Month<'_>) -> Vec<Diagnostic> {
    let rules = &month.settings.tax_rules;
    let used_by = |of: CustomerItems<'_>| {
        let id = &month.settings.customers[of.customer].id;
        let is_own: Vec<bool> = rules.iter().map(|rule| rule.is_for(id)).collect();
        let is_about = |position: usize, rule: &TaxRule| is_own[position] && rule.names_charges;
        let seen = match rules.is_empty() {
            true => ChargeSubjects::default(),
            false => ChargeSubjects::of(month.bill, charges(of)),
        };
        let mut used = seen.used(month.bill, rules, |position, rule, _| is_about(position, rule));
        for (position, rule) in rules.iter().enumerate() {
            used[position] |= is_own[position] && !rule.names_charges;
        }
        used
    };
    let either = |mut one: Vec<bool>, other: Vec<bool>| {
        one.iter_mut().zip(other).for_each(|(one, other)| *one |= other);
        one
    };
    let all: Vec<CustomerItems<'_>> = month.billed.by_customer().collect();
    let used = all.into_par_iter().map(used_by).reduce(|| vec![false; rules.len()], either);
    let is_of_absent = |rule: &TaxRule| month.settings.is_of_absent_source(&rule.matcher, month.bill.month);
    let unused = rules.iter().zip(used).filter(|(rule, is_used)| !is_used && !is_of_absent(rule));
    unused.map(|(rule, _)| nothing(month, WarningCode::UnusedTaxRule, "[[tax.rule]]", &rule.definition)).collect()
}

/// `[[pricing.rule]]`s of each file that match no charge of any of their customers.
fn unused_price_rules(month: Month<'_>) -> Vec<Diagnostic> {
    let this = month.bill.month;
    let holds =
        |rule: &&PriceRule| rule.validity.covers(this) && !month.settings.is_of_absent_source(&rule.matcher, this);
    let used = |of: CustomerItems<'_>| -> (&Customer, Vec<&Definition>) {
        let customer = &month.settings.customers[of.customer];
        let seen = match customer.pricing.rules.is_empty() {
            true => ChargeSubjects::default(),
            false => ChargeSubjects::of(month.bill, charges(of)),
        };
        let rules = &customer.pricing.rules;
        // Unit prices and tiers never apply to discounts.
        let applies = |_, rule: &PriceRule, kind| kind == ChargeKind::Usage || matches!(rule.price, Price::Markup(_));
        let used = seen.used(month.bill, rules, applies);
        let used = rules.iter().zip(used).filter(|(rule, is_used)| *is_used && holds(rule));
        (customer, used.map(|(rule, _)| &rule.definition).collect())
    };
    let all: Vec<CustomerItems<'_>> = month.billed.by_customer().collect();
    let used: Vec<(&Customer, Vec<&Definition>)> = all.into_par_iter().map(used).collect();
    let mut known: BTreeSet<&Definition> = used.iter().flat_map(|(_, used)| used.iter().copied()).collect();
    let mut warnings = Vec::new();
    for (customer, _) in &used {
        for rule in customer.pricing.rules.iter().filter(holds) {
            if known.insert(&rule.definition) {
                let warning = nothing(month, WarningCode::UnusedPriceRule, "[[pricing.rule]]", &rule.definition);
                warnings.push(of_file(warning, customer, &rule.definition));
            }
        }
    }
    warnings
}

/// The distinct subjects, items and kinds of some charges.
#[derive(Default)]
struct ChargeSubjects(FxHashSet<(SubjectId, NameId, ChargeKind)>);

impl ChargeSubjects {
    fn of(bill: &Bill, charges: impl Iterator<Item = ChargeId>) -> ChargeSubjects {
        ChargeSubjects(
            charges.map(|id| bill.charge(id)).map(|charge| (charge.subject, charge.item, charge.kind())).collect(),
        )
    }

    /// By rule, whether it matches any of them; `applies` says whether a rule at that position is about charges of a kind.
    #[expect(clippy::iter_over_hash_type, reason = "the rules are marked, in any order")]
    fn used<R: MatchingRule>(
        &self,
        bill: &Bill,
        rules: &[R],
        applies: impl Fn(usize, &R, ChargeKind) -> bool,
    ) -> Vec<bool> {
        let finder = RuleFinder::new(rules);
        let mut used = vec![false; rules.len()];
        let mut left = rules.len();
        let mut found = Vec::new();
        for (subject, item, kind) in &self.0 {
            if left == 0 {
                break;
            }
            let (seen, item) = (bill.seen(*subject), bill.names.get(*item));
            let is_new = |position: usize, rule: &R| !used[position] && applies(position, rule, *kind);
            finder.each(&seen, item, is_new, |position| found.push(position));
            left -= found.len();
            found.drain(..).for_each(|position| used[position] = true);
        }
        used
    }
}

fn charges(of: CustomerItems<'_>) -> impl Iterator<Item = ChargeId> {
    of.details.iter().map(|detail| detail.charge)
}

pub(super) fn nothing(month: Month<'_>, code: WarningCode, heading: &str, definition: &Definition) -> Diagnostic {
    let message = format!("the {heading} matches nothing in {}", month.bill.month);
    let warning = Diagnostic::finding(code, message, facts(definition)).at(Place::start_of(definition));
    let hint = format!(
        "correct it; if earlier months were billed with it, {}; if that is usual, set ignore = [\"{}\"] in [warnings]",
        match code {
            WarningCode::UnusedPriceRule => format!("end it with until = \"{}\"", month.bill.month.previous()),
            _ => "leave it as it is".to_owned(),
        },
        code.name()
    );
    warning.with_fact(definition.text.clone()).with_hint(hint)
}

/// Makes a warning concern the customer when the rule is in its file.
pub(super) fn of_file(warning: Diagnostic, customer: &Customer, definition: &Definition) -> Diagnostic {
    if definition.path == customer.path { warning.concerning(&customer.id) } else { warning }
}

fn facts(definition: &Definition) -> String {
    format!("{}:{}", definition.path, definition.line)
}
