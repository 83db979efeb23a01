//! Reports charges without an owner, in a form from which users can write the missing rule at once.

use std::collections::BTreeMap;

use super::described::{self, describe};
use super::gaps;
use super::remainder::Remainders;
use super::unclaimed;
use crate::diagnostic::{Diagnostic, Place, row_count};
use crate::model::amount::{Sum, TooLong};
use crate::model::charge::{Bill, ChargeDate, ChargeId, EMPTY, NameId};
use crate::model::customer::ClaimRule;
use crate::model::matcher::Glob;
use crate::model::settings::Settings;
use crate::model::toml_text::toml_text;

/// Maximum number of resources reported one by one.
const SHOWN: usize = 10;

/// One message per resource, or per item without a resource, in the order of their first rows.
pub(super) fn refused(bill: &Bill, settings: &Settings, unassigned: &[ChargeId], left: &Remainders) -> Vec<Diagnostic> {
    let mut groups: BTreeMap<(u16, NameId, NameId), Vec<ChargeId>> = BTreeMap::new();
    for id in unassigned {
        let charge = bill.charge(*id);
        let subject = bill.subject(charge);
        let item = if subject.resource == EMPTY { charge.item } else { EMPTY };
        groups.entry((subject.source, subject.resource, item)).or_default().push(*id);
    }
    let mut groups: Vec<Vec<ChargeId>> = groups.into_values().collect();
    groups.sort_by_key(|charges| charges.first().copied());
    let more: usize = groups.iter().skip(SHOWN).map(Vec::len).sum();
    let mut told: Vec<Diagnostic> =
        groups.iter().take(SHOWN).map(|charges| tell(bill, settings, charges, left)).collect();
    if let (Some(last), Some(next)) = (told.last_mut(), groups.get(SHOWN)) {
        let others = groups.len() - SHOWN;
        let (path, row) = bill.origin(bill.charge(next[0]));
        last.notes.push(format!("and {more} more rows of {others} other resources or items, the next at {path}:{row}"));
    }
    if let (Some(last), true) = (told.last_mut(), groups.len() > 1)
        && let Ok(Some(note)) = widest(bill, settings, unassigned, left)
    {
        last.notes.push(note);
    }
    told
}

/// The one rule that would claim most of the charges, where there is a tag or group for it.
fn widest(
    bill: &Bill,
    settings: &Settings,
    unassigned: &[ChargeId],
    left: &Remainders,
) -> Result<Option<String>, TooLong> {
    let groups = unclaimed::groups(bill, settings, unassigned, left)?;
    let widest = groups.first().filter(|group| group.resources.len() > 1);
    Ok(widest.map(|group| {
        let rule = group.table.last().map_or("", String::as_str);
        format!(
            "a [[match]] with {rule} would claim {} of {} rows; invoicer check {} --unclaimed lists all",
            group.rows,
            unassigned.len(),
            bill.month
        )
    }))
}

fn tell(bill: &Bill, settings: &Settings, charges: &[ChargeId], left: &Remainders) -> Diagnostic {
    let first = bill.charge(charges[0]);
    let (path, row) = bill.origin(first);
    let rows = row_count(charges.len());
    let cost =
        Sum::of(charges.iter().map(|id| left.cost(bill, *id))).map_or_else(|_| "?".to_owned(), |sum| sum.to_string());
    let currency = bill.source(first).currency;
    let resource = bill.names.get(bill.subject(first).resource);
    let item = bill.names.get(first.item);
    let exactly = |value: &str| toml_text(&Glob::exactly(value));
    let keep = "or set unassigned = \"keep\" in [allocation]";
    let account = described::account(bill, bill.subject(first)).map(|account| bill.names.get(account));
    let hint = match (account, resource) {
        (Some(account), _) => {
            let rule = format!("account = {}", exactly(account));
            format!("add a [[match]] with {rule}, or a narrower one, to a file in customers/, {keep}")
        }
        (None, "") => {
            format!("add [[allocation.share]] with match = {{ item = {} }} to invoicer.toml, {keep}", exactly(item))
        }
        (None, resource) => {
            format!("add a [[match]] for resource {} to a file in customers/, {keep}", exactly(resource))
        }
    };
    let diagnostic = Diagnostic::error("charge matches no customer")
        .at(Place::line(path, row))
        .with_note(format!("{rows}, {cost} {currency}, {}", describe(bill, first)));
    let diagnostic = match bill.date(first) {
        ChargeDate::Other(other) => diagnostic.with_note(format!("it is of {other}: rules that hold then claim it")),
        ChargeDate::Month | ChargeDate::Day(_) => diagnostic,
    };
    let in_gap = gaps::timeline_in_words(bill, settings, first);
    if !in_gap.is_empty() {
        let hint = match first.day {
            0 => {
                "let the rules cover the whole month, or give such charges to who has the resource last: month-only = \"last\""
            }
            _ => "let one of the rules cover these days, or add a [[match]] with from and until for them",
        };
        return in_gap.into_iter().fold(diagnostic, Diagnostic::with_note).with_hint(hint);
    }
    let subject = bill.seen(first.subject);
    let inactive = settings.customers.iter().find(|customer| {
        !customer.is_active(bill.month) && customer.rules.iter().any(|rule| rule.matcher.matches(&subject, item))
    });
    let of_other_days = settings.customers.iter().find_map(|customer| {
        let ended = |rule: &&ClaimRule| rule.days.in_month(bill.month).is_empty();
        customer.rules.iter().filter(ended).find(|rule| rule.matcher.matches(&subject, item))
    });
    match inactive {
        None => match of_other_days {
            None => diagnostic.with_hint(hint),
            Some(rule) => {
                let (path, line) = (&rule.definition.path, rule.definition.line);
                let hint = format!("change from or until there, or add a [[match]] for resource {}", exactly(resource));
                diagnostic.with_note(format!("{path}:{line} matches, but not in {}", bill.month)).with_hint(hint)
            }
        },
        Some(customer) => diagnostic
            .with_note(format!("{} matches, but \"{}\" is not active in {}", customer.path, customer.id, bill.month))
            .with_hint(format!("change `active` in {}, or add a [[match]] to another customer", customer.path)),
    }
}
