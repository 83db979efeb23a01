//! Errors for resources that the assignments give to two customers on one day.

use super::claims::{RuleId, RuleIndex};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::charge::Bill;
use crate::model::days::MonthDays;
use crate::model::settings::Settings;

/// Maximum number of overlaps reported one by one.
const SHOWN: usize = 10;

/// Overlaps within the month, of resources with and without charges: a fee would count their days twice.
pub(super) fn of_assignments(bill: &Bill, settings: &Settings, index: &RuleIndex) -> Vec<Diagnostic> {
    let assignments = &settings.assignments;
    let mut found: Vec<(RuleId, RuleId, MonthDays)> = Vec::new();
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
                    found.push((*other, *id, both));
                }
            }
        }
    }
    let problem = |(first, second, days): &(RuleId, RuleId, MonthDays)| {
        let customer = |id: &RuleId| &settings.customers[id.customer as usize].id;
        let (path, line) = second.place(settings);
        let resource = second.row().map_or("", |row| assignments.resource(assignments.row(row)));
        let days = days.in_words(bill.month);
        let message = format!("\"{}\" and \"{}\" both have {resource} on {days}", customer(first), customer(second));
        Diagnostic::error(message)
            .at(Place::line(path, line).with_excerpt(second.text(settings)))
            .with_note(format!("{}: {}", first.in_words(settings), first.text(settings)))
            .with_hint("end one of the two rows on the day before the other begins")
    };
    let mut problems: Vec<Diagnostic> = found.iter().take(SHOWN).map(problem).collect();
    if let (Some(last), true) = (problems.last_mut(), found.len() > SHOWN) {
        last.notes.push(format!("and {} more pairs of rows", found.len() - SHOWN));
    }
    problems
}
