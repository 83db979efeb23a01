//! Warnings about resources that nobody has on days on which they have charges, and about assigned resources without
//! charges.

use std::collections::BTreeMap;

use super::claims::{Claim, Claims, RuleIndex};
use super::ownership::{Ownership, assign};
use super::remainder::Remainders;
use crate::diagnostic::{Diagnostic, Place, row_count};
use crate::model::amount::{Sum, TooLong};
use crate::model::assignments::AssignmentRow;
use crate::model::charge::{Bill, Charge, ChargeId, NameId};
use crate::model::currency::Currency;
use crate::model::days::MonthDays;
use crate::model::figures::money;
use crate::model::matcher::normalized;
use crate::model::period::BillingMonth;
use crate::model::plain::beginning;
use crate::model::settings::Settings;
use crate::model::warning::WarningCode;

/// Maximum number of resources reported one by one, or named in a warning.
const SHOWN: usize = 10;

/// Who has a resource on some days, and by which rule: `"acme" on 2022-08-11..2022-08-31 (customers/acme.toml:3)`.
pub(super) fn claim_in_words(settings: &Settings, month: BillingMonth, claim: Claim, days: MonthDays) -> String {
    let days = days.in_words(month);
    match claim {
        Claim::Nobody => format!("nobody on {days}"),
        Claim::Customer(rule) => {
            let customer = &settings.customers[rule.customer as usize].id;
            format!("\"{customer}\" on {days} ({})", rule.in_words(settings))
        }
        Claim::Twice(first, second) => {
            format!("two customers on {days} ({} and {})", first.in_words(settings), second.in_words(settings))
        }
    }
}

/// Who has a charge's resource when; nothing where that is the same all month.
pub(super) fn timeline_in_words(bill: &Bill, settings: &Settings, charge: &Charge) -> Vec<String> {
    let index = RuleIndex::new(bill, settings);
    let mut claims = Claims::new(bill, settings, &index);
    let timeline = claims.timeline(charge);
    let claims = timeline.iter().flat_map(|timeline| timeline.claims());
    claims.map(|(claim, days)| claim_in_words(settings, bill.month_of(charge), *claim, *days)).collect()
}

/// The charges of a month on days on which nobody has their resource, although someone has it on others: rows, cost and
/// currency by name of the source and resource.
#[derive(Debug, Default)]
pub(super) struct GapCharges(BTreeMap<(String, String), (usize, Sum, Currency)>);

impl GapCharges {
    /// Number, cost and currency of the charges of a resource; of any source, where none is named.
    pub(super) fn of(&self, source: &str, resource: &str) -> Option<(usize, Sum, Currency)> {
        match source {
            "" => self.0.iter().find(|((_, known), _)| known == resource).map(|(_, found)| *found),
            source => self.0.get(&(source.to_owned(), resource.to_owned())).copied(),
        }
    }
}

/// Finds the charges in gaps.
///
/// # Errors
/// When a sum has too many digits.
pub(super) fn gap_charges(bill: &Bill, settings: &Settings) -> Result<GapCharges, TooLong> {
    let owned = assign(bill, settings);
    let left = owned.remainders();
    let mut found = GapCharges::default();
    for id in &owned.in_gaps {
        let charge = bill.charge(*id);
        let source = bill.source(charge);
        let resource = normalized(bill.names.get(bill.subject(charge).resource)).into_owned();
        let zero = (0, Sum::default(), source.currency);
        let known = found.0.entry((source.name.clone(), resource)).or_insert(zero);
        known.0 += 1;
        known.1.add(left.cost(bill, *id))?;
    }
    Ok(found)
}

/// Charges on days on which nobody has their resource, although someone has it on others: by resource.
pub(super) fn warnings(
    bill: &Bill,
    settings: &Settings,
    owned: &Ownership,
    remainders: &Remainders,
) -> Vec<Diagnostic> {
    let mut by_resource: BTreeMap<(u16, NameId), Vec<ChargeId>> = BTreeMap::new();
    for id in &owned.in_gaps {
        let subject = bill.subject(bill.charge(*id));
        by_resource.entry((subject.source, subject.resource)).or_default().push(*id);
    }
    let mut by_resource: Vec<Vec<ChargeId>> = by_resource.into_values().collect();
    by_resource.sort_by_key(|charges| charges.first().copied());
    let warning = |charges: &Vec<ChargeId>| {
        let first = bill.charge(charges[0]);
        let (path, row) = bill.origin(first);
        let resource = beginning(bill.names.get(bill.subject(first).resource));
        let cost = Sum::of(charges.iter().map(|id| remainders.cost(bill, *id)));
        let currency = bill.source(first).currency;
        let cost = cost.map_or_else(|_| "?".to_owned(), |cost| money(cost, currency, 0));
        let rows = row_count(charges.len());
        let days = charges.iter().fold(MonthDays::NONE, |days, id| {
            let left = remainders.get(*id).map(|remainder| remainder.days);
            days.union(left.unwrap_or_else(|| MonthDays::of(bill.charge(*id).day)))
        });
        let days = days.in_words(bill.month_of(first));
        let (message, name) = match resource.is_empty() {
            true => {
                let message = format!("nobody has the charges without a resource on {days}: {rows}, {cost}");
                (message, "charges without a resource")
            }
            false => {
                let message =
                    format!("nobody has the resource {resource} on {days}, when it has charges: {rows}, {cost}");
                (message, resource.as_ref())
            }
        };
        let facts = format!("{name} ({days}): {cost} ({})", charges.len());
        let warning = Diagnostic::finding(WarningCode::ChargesInGap, message, facts).at(Place::line(path, row));
        let notes = timeline_in_words(bill, settings, first);
        let warning = notes.into_iter().fold(warning, Diagnostic::with_note);
        warning.with_hint(
            "extend `until` of the rule before the gap or `from` of the one after it, or add one for these days",
        )
    };
    let mut warnings: Vec<Diagnostic> = by_resource.iter().take(SHOWN).map(warning).collect();
    if let (Some(last), true) = (warnings.last_mut(), by_resource.len() > SHOWN) {
        last.notes.push(format!("and {} more resources", by_resource.len() - SHOWN));
    }
    warnings
}

/// Resources that are assigned to a customer all month and have no charge: by customer and table.
pub(super) fn without_charges(bill: &Bill, settings: &Settings, index: &RuleIndex) -> Vec<Diagnostic> {
    let assignments = &settings.assignments;
    let all = MonthDays::all(bill.month);
    let mut idle: BTreeMap<(u32, u16), Vec<&AssignmentRow>> = BTreeMap::new();
    for (first, rows) in assignments.by_resource() {
        if index.has_charge(first) || !index.has_source(rows[0].source) {
            continue;
        }
        let days = rows.iter().fold(MonthDays::NONE, |days, row| days.union(row.days.in_month(bill.month)));
        if days != all {
            continue;
        }
        for customer in rows.iter().map(|row| row.customer).collect::<std::collections::BTreeSet<u32>>() {
            let of_customer = || rows.iter().filter(|row| row.customer == customer);
            let active = settings.customers[customer as usize].active.in_month(bill.month);
            let days = of_customer().map(|row| row.days.in_month(bill.month).intersection(active));
            if days.fold(MonthDays::NONE, MonthDays::union) == all
                && let Some(row) = of_customer().next()
            {
                idle.entry((customer, row.file)).or_default().push(row);
            }
        }
    }
    let warning = |((customer, _), rows): ((u32, u16), Vec<&AssignmentRow>)| {
        let customer = &settings.customers[customer as usize].id;
        let count = if rows.len() == 1 { "1 resource".to_owned() } else { format!("{} resources", rows.len()) };
        let message = format!("{count} assigned to \"{customer}\" all month without charges in {}", bill.month);
        let named = rows.iter().take(SHOWN).map(|row| beginning(assignments.resource(row)));
        let mut named: Vec<String> = named.collect();
        if rows.len() > SHOWN {
            named.push("…".to_owned());
        }
        let place = Place::line(assignments.path(rows[0]), rows[0].line);
        let warning = Diagnostic::finding(WarningCode::AssignmentWithoutCharges, message, named.join(", "));
        let warning = warning.concerning(customer).at(place).with_note(named.join(", "));
        warning.with_hint("end the rows of what the customer no longer has with `until`")
    };
    idle.into_iter().map(warning).collect()
}
