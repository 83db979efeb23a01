//! Warnings to look at before a month is issued: figures, items and resources that changed, and rules that do nothing.

mod accounts;
mod amounts;
mod commitments;
mod items;
mod kept;
mod prices;
mod rules;
mod sections;
mod usage;

use std::collections::BTreeSet;

use super::BilledMonth;
use crate::diagnostic::{Diagnostic, Figure, Finding};
use crate::model::amount::TooLong;
use crate::model::charge::Bill;
use crate::model::history::History;
use crate::model::settings::Settings;
use crate::model::warning::WarningCode;

/// A month with everything it is compared with.
#[derive(Clone, Copy)]
struct Month<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    billed: &'a BilledMonth,
    history: &'a History,
}

/// The warnings about a month, including `others` found before it was computed, filtered and sorted by [`wanted`].
///
/// # Errors
/// Sums with more digits than an amount has.
pub fn warnings(
    bill: &Bill,
    settings: &Settings,
    billed: &BilledMonth,
    history: &History,
    others: Vec<Diagnostic>,
) -> Result<Vec<Diagnostic>, Diagnostic> {
    let month = Month { bill, settings, billed, history };
    let found = || -> Result<Vec<Diagnostic>, TooLong> {
        let mut found = others;
        found.extend(billed.remarks.iter().cloned());
        found.extend(amounts::below_cost(month)?);
        found.extend(amounts::unusual_totals(month)?);
        found.extend(prices::unusual_prices(month)?);
        found.extend(amounts::not_reconciled(month)?);
        found.extend(accounts::without_account(month));
        found.extend(commitments::split(month)?);
        found.extend(kept::kept(month)?);
        found.extend(usage::no_charges(month));
        found.extend(usage::changes(month));
        found.extend(rules::ended(month));
        found.extend(rules::unused(month));
        found.extend(items::unnamed(month));
        found.extend(items::unused(month));
        found.extend(sections::unused(month));
        Ok(found)
    };
    Ok(wanted(settings, found().of("the comparison with earlier months")?))
}

/// Removes warnings that `[warnings]` ignores or that follow from others, and sorts by code and then by customer.
pub fn wanted(settings: &Settings, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let idle: BTreeSet<String> =
        findings(&found).filter(|finding| finding.code == WarningCode::NoCharges).filter_map(concerned).collect();
    // Without charges, every rule of a customer matches nothing.
    let follows = |finding: &Finding| {
        let of_rule = matches!(
            finding.code,
            WarningCode::UnusedMatch
                | WarningCode::UnusedPriceRule
                | WarningCode::UnusedItem
                | WarningCode::UnusedSection
        );
        of_rule && finding.customer.as_ref().is_some_and(|customer| idle.contains(customer))
    };
    found.retain(|warning| {
        warning.finding.as_ref().is_none_or(|finding| !follows(finding) && !is_ignored(settings, finding))
    });
    found.sort_by_key(|warning| {
        let finding = warning.finding.as_deref();
        let place = warning.place.as_ref().map(|place| (place.path.clone(), place.line));
        (finding.map(|finding| finding.code), finding.and_then(concerned), place, warning.message.clone())
    });
    found.dedup();
    found
}

fn findings(warnings: &[Diagnostic]) -> impl Iterator<Item = &Finding> {
    warnings.iter().filter_map(|warning| warning.finding.as_deref())
}

fn concerned(finding: &Finding) -> Option<String> {
    finding.customer.clone()
}

fn is_ignored(settings: &Settings, finding: &Finding) -> bool {
    let customer = finding.customer.as_ref().and_then(|id| settings.customer(id));
    customer.map_or(&settings.warnings, |customer| &customer.warnings).ignore.contains(&finding.code)
}
