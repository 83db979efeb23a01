//! [`Unclaimed`]: the charges that no customer claims, by the tag, group or account whose value claims most of them.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::allocation::allocate;
use super::claims::{Claim, Claimed, Claims, RuleIndex};
use super::described;
use super::remainder::Remainders;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, Charge, ChargeId, ChargeKind, EMPTY, NameId, SubjectId};
use crate::model::currency::Currency;
use crate::model::days::MonthDays;
use crate::model::invoice::Status;
use crate::model::matcher::{Glob, Matchable, normalized};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::model::toml_text::{toml_key, toml_text};

/// The charges that no customer claims and no rule shares or keeps.
#[derive(Debug, Default)]
pub struct Unclaimed {
    /// The most rows first, and what only the id of a resource can claim last.
    pub groups: Vec<UnclaimedGroup>,
    /// Number of rows.
    pub rows: usize,
}

/// Charges that one rule would claim.
#[derive(Debug)]
pub struct UnclaimedGroup {
    /// The rule as a table of TOML, to be pasted: `[[match]]` for a customer's file, `[[allocation.share]]` for invoicer.toml.
    pub table: Vec<String>,
    /// Name of the source of the first row.
    pub source: String,
    /// Number of rows.
    pub rows: usize,
    /// Their cost, by currency.
    pub costs: Vec<(Currency, Amount)>,
    /// Number of resources.
    pub resource_count: usize,
    /// The resources, and the items of charges without a resource.
    pub resources: Vec<UnclaimedResource>,
}

/// The unclaimed charges of a resource.
#[derive(Debug)]
pub struct UnclaimedResource {
    /// Id, or the item where the charges have none.
    pub id: String,
    /// Name; empty where it has none.
    pub name: String,
    /// Tags with a value.
    pub tags: Vec<(String, String)>,
    /// Number of rows.
    pub rows: usize,
    /// Their cost.
    pub cost: Amount,
    /// Currency of the cost.
    pub currency: Currency,
}

/// What one rule can name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Tag(NameId, NameId),
    Group(NameId),
    Account(NameId),
}

/// What a value is of, by the name of the tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<T> {
    Account,
    Group,
    Tag(T),
}

/// Finds the charges that nobody claims.
///
/// # Errors
/// When a sum has too many digits.
pub fn unclaimed(bill: &Bill, settings: &Settings) -> Result<Unclaimed, TooLong> {
    let allocation = allocate(bill, settings, Status::Draft);
    let mut charges: Vec<ChargeId> = allocation.unassigned.iter().chain(&allocation.kept_unassigned).copied().collect();
    charges.sort_unstable();
    let rows = charges.len();
    Ok(Unclaimed { groups: groups(bill, settings, &charges, &allocation.remainders)?, rows })
}

/// Groups unclaimed charges by what one rule would claim.
///
/// # Errors
/// When a sum has too many digits.
pub(super) fn groups(
    bill: &Bill,
    settings: &Settings,
    charges: &[ChargeId],
    left: &Remainders,
) -> Result<Vec<UnclaimedGroup>, TooLong> {
    let mut by_subject: BTreeMap<SubjectId, Vec<ChargeId>> = BTreeMap::new();
    let mut groups = Vec::new();
    for id in charges {
        by_subject.entry(bill.charge(*id).subject).or_default().push(*id);
    }
    // A value that claimed charges have, too, would claim them for a second customer: also where they have no resource, or are
    // of the same resource on other days. Resources whose charges are all shared or kept by rules stay with these rules.
    let mut taken = Taken::find(bill, settings);
    let mut of_claimed: BTreeSet<(Key<Cow<'_, str>>, Cow<'_, str>)> = BTreeSet::new();
    for (subject, named) in (0..).map(SubjectId).zip(&bill.subjects) {
        if taken.subjects.contains(&subject) || !by_subject.contains_key(&subject) && named.resource != EMPTY {
            of_claimed.extend(values(bill, subject).map(|value| compared(bill, &value)));
        }
    }
    let mut counts: BTreeMap<Value, BTreeSet<SubjectId>> = BTreeMap::new();
    for subject in by_subject.keys() {
        for value in values(bill, *subject).filter(|value| !of_claimed.contains(&compared(bill, value))) {
            counts.entry(value).or_default().insert(*subject);
        }
    }
    let mut open = by_subject;
    let of_subjects = |(value, subjects): (&Value, &BTreeSet<SubjectId>)| {
        let rows: usize = subjects.iter().filter_map(|subject| open.get(subject)).map(Vec::len).sum();
        (value.clone(), rows)
    };
    let mut rows: BTreeMap<Value, usize> = counts.iter().map(of_subjects).collect();
    // The most rows first; of several values with as many, the first by its text.
    let place = |value: &Value, rows: usize| (Reverse(rows), text(bill, value), value.clone());
    let mut queue: BTreeSet<_> = rows.iter().map(|(value, rows)| place(value, *rows)).collect();
    while let Some((_, (name, value), best)) = queue.pop_first() {
        rows.remove(&best);
        let mut claimed: Vec<ChargeId> = Vec::new();
        for subject in counts.remove(&best).unwrap_or_default() {
            let charges = open.remove(&subject).unwrap_or_default();
            for other in values(bill, subject).collect::<BTreeSet<Value>>() {
                let Some(left) = rows.get_mut(&other) else {
                    continue;
                };
                queue.remove(&place(&other, *left));
                *left -= charges.len();
                if *left > 0 {
                    queue.insert(place(&other, *left));
                }
            }
            claimed.extend(charges);
        }
        let table = match name {
            Key::Tag(name) => format!("tag = {{ {} = {} }}", toml_key(name), exactly(value)),
            Key::Group => format!("group = {}", exactly(value)),
            Key::Account => format!("account = {}", exactly(value)),
        };
        taken.measure_all(bill, left, &claimed);
        groups.push(group(bill, left, vec!["[[match]]".to_owned(), table], claimed)?);
    }
    let mut by_resource: BTreeMap<(u16, NameId), Vec<ChargeId>> = BTreeMap::new();
    let mut without: BTreeMap<(u16, NameId), Vec<ChargeId>> = BTreeMap::new();
    for id in open.into_values().flatten() {
        let charge = bill.charge(id);
        let subject = bill.subject(charge);
        match subject.resource {
            EMPTY => without.entry((subject.source, charge.item)).or_default().push(id),
            resource => by_resource.entry((subject.source, resource)).or_default().push(id),
        }
    }
    // In the order of the bill.
    without.values_mut().for_each(|charges| charges.sort_unstable());
    let mut alone: Vec<((u16, NameId), Vec<ChargeId>)> = by_resource.into_iter().collect();
    alone.sort_by_key(|(_, charges)| charges.first().copied());
    for ((_, resource), charges) in alone {
        let table = taken.table(bill, left, resource, &charges);
        taken.measure_all(bill, left, &charges);
        groups.push(group(bill, left, table, charges)?);
    }
    for ((source, item), charges) in without {
        let ratio = taken.ratio(settings, bill.month, source);
        let source = &bill.sources[usize::from(source)].name;
        let item = bill.names.get(item);
        let matched = format!("match = {{ source = {}, item = {} }}", exactly(source), exactly(item));
        groups.push(group(bill, left, vec!["[[allocation.share]]".to_owned(), matched, ratio], charges)?);
    }
    Ok(groups)
}

/// Who has the charges that a printed rule must not claim, too.
struct Taken {
    /// Subjects with a charge that some customer claims on some day.
    subjects: BTreeSet<SubjectId>,
    /// By resource: the days on which some customer claims any of its charges, whatever their tags and item, and the
    /// lowest priority of these claims.
    resources: BTreeMap<NameId, (MonthDays, i64)>,
    /// By source with a charge that a share can be measured by: the signs of the usage among these charges.
    signs: BTreeMap<u16, Signs>,
}

/// Which costs there are.
#[derive(Clone, Copy, Default)]
struct Signs {
    positive: bool,
    negative: bool,
}

impl Taken {
    fn find(bill: &Bill, settings: &Settings) -> Taken {
        let index = RuleIndex::new(bill, settings);
        let mut claims = Claims::new(bill, settings, &index);
        let mut taken = Taken { subjects: BTreeSet::new(), resources: BTreeMap::new(), signs: BTreeMap::new() };
        let all = MonthDays::all(bill.month);
        for charge in &bill.charges {
            let mut is_claimed = false;
            let mut note = |claim: Claim, days: MonthDays| {
                let (Claim::Customer(rule) | Claim::Twice(rule, _)) = claim else {
                    return;
                };
                is_claimed = true;
                taken.subjects.insert(charge.subject);
                let priority = rule.priority(settings);
                let known = taken.resources.entry(bill.subject(charge).resource).or_insert((MonthDays::NONE, priority));
                *known = (known.0.union(days), known.1.min(priority));
            };
            match claims.timeline(charge) {
                Some(timeline) => timeline.claims().iter().for_each(|(claim, days)| note(*claim, *days)),
                None => {
                    if let Claimed::Once(claim) = claims.of(charge) {
                        note(claim, all);
                    }
                }
            }
            if is_claimed {
                taken.measure(bill, charge, bill.cost(charge));
            }
        }
        taken
    }

    /// Notes a charge that has an owner, or gets one by a printed rule.
    fn measure(&mut self, bill: &Bill, charge: &Charge, cost: Amount) {
        let signs = self.signs.entry(bill.subject(charge).source).or_default();
        if charge.kind() == ChargeKind::Usage {
            signs.positive |= cost.is_positive();
            signs.negative |= cost.is_negative();
        }
    }

    /// Notes charges that a printed rule gives an owner.
    fn measure_all(&mut self, bill: &Bill, left: &Remainders, charges: &[ChargeId]) {
        charges.iter().for_each(|id| self.measure(bill, bill.charge(*id), left.cost(bill, *id)));
    }

    /// The line of a share rule that says by what: something that the source's customers have, so that the rule is accepted.
    fn ratio(&self, settings: &Settings, month: BillingMonth, source: u16) -> String {
        match self.signs.get(&source) {
            Some(Signs { positive: true, negative: false }) => "by = \"amount\"".to_owned(),
            // A sum of amounts may be zero or below.
            Some(_) => "by = \"even\"".to_owned(),
            None => {
                let customers = settings.customers.iter().filter(|customer| customer.is_active(month));
                let weights: Vec<String> =
                    customers.map(|customer| format!("{} = 1", toml_key(&customer.id))).collect();
                format!("weights = {{ {} }}", weights.join(", "))
            }
        }
    }

    /// The `[[match]]` of a resource: on the days on which nobody claims it, or, where someone claims others of its charges
    /// on the same days, with a priority below theirs.
    fn table(&self, bill: &Bill, left: &Remainders, resource: NameId, charges: &[ChargeId]) -> Vec<String> {
        let head = ["[[match]]".to_owned(), format!("resource = {}", exactly(bill.names.get(resource)))];
        let Some((taken, priority)) = self.resources.get(&resource) else {
            return head.to_vec();
        };
        let all = MonthDays::all(bill.month);
        let days = |id: &ChargeId| match (left.get(*id), bill.charge(*id).day) {
            (Some(remainder), _) => remainder.days,
            (None, 0) => all,
            (None, day) => MonthDays::of(day),
        };
        let wanted = charges.iter().map(days).fold(MonthDays::NONE, MonthDays::union);
        if !wanted.intersection(*taken).is_empty() {
            let [table, resource] = head;
            return vec![table, resource, format!("priority = {}", priority.saturating_sub(1))];
        }
        let day = |day: u8| format!("{}-{day:02}", bill.month.first().format("%Y-%m"));
        let of_run = |(first, last): (u8, u8)| {
            let [table, resource] = head.clone();
            [table, resource, format!("from = \"{}\"", day(first)), format!("until = \"{}\"", day(last))]
        };
        all.without(*taken).runs().into_iter().flat_map(of_run).collect()
    }
}

/// The pattern of a value, as TOML.
fn exactly(value: &str) -> String {
    toml_text(&Glob::exactly(value))
}

/// The tags and groups of a subject, and its account where each customer has accounts of its own; a resource's own name is in
/// no other.
fn values(bill: &Bill, subject: SubjectId) -> impl Iterator<Item = Value> {
    let subject = &bill.subjects[subject.0 as usize];
    let tags = subject.tags.iter().map(|(tag, value)| Value::Tag(*tag, *value));
    let account = described::account(bill, subject).map(Value::Account);
    tags.chain(subject.groups.iter().map(|group| Value::Group(*group))).chain(account)
}

/// What a value is of, and its text.
fn text<'b>(bill: &'b Bill, value: &Value) -> (Key<&'b str>, &'b str) {
    match value {
        Value::Tag(name, value) => (Key::Tag(bill.names.get(*name)), bill.names.get(*value)),
        Value::Group(group) => (Key::Group, bill.names.get(*group)),
        Value::Account(account) => (Key::Account, bill.names.get(*account)),
    }
}

/// The same in the form in which rules compare it.
fn compared<'b>(bill: &'b Bill, value: &Value) -> (Key<Cow<'b, str>>, Cow<'b, str>) {
    let (key, value) = text(bill, value);
    let key = match key {
        Key::Tag(name) => Key::Tag(normalized(name)),
        Key::Group => Key::Group,
        Key::Account => Key::Account,
    };
    (key, normalized(value))
}

fn group(
    bill: &Bill,
    left: &Remainders,
    table: Vec<String>,
    mut charges: Vec<ChargeId>,
) -> Result<UnclaimedGroup, TooLong> {
    charges.sort_unstable();
    let mut resources: Vec<(UnclaimedResource, Sum)> = Vec::new();
    // By source and resource, or by source and item.
    let mut places: BTreeMap<(u16, NameId, NameId), usize> = BTreeMap::new();
    let mut costs: BTreeMap<&'static str, (Currency, Sum)> = BTreeMap::new();
    for id in &charges {
        let charge = bill.charge(*id);
        let subject = bill.subject(charge);
        let currency = bill.source(charge).currency;
        let cost = left.cost(bill, *id);
        costs.entry(currency.code()).or_insert((currency, Sum::default())).1.add(cost)?;
        let item = if subject.resource == EMPTY { charge.item } else { EMPTY };
        let place = *places.entry((subject.source, subject.resource, item)).or_insert_with(|| {
            let seen = bill.seen(charge.subject);
            let id = if subject.resource == EMPTY { charge.item } else { subject.resource };
            let resource = UnclaimedResource {
                id: bill.names.get(id).to_owned(),
                name: seen.resource_name().to_owned(),
                tags: seen.tags().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
                rows: 0,
                cost: Amount::ZERO,
                currency,
            };
            resources.push((resource, Sum::default()));
            resources.len() - 1
        });
        resources[place].0.rows += 1;
        resources[place].1.add(cost)?;
    }
    let source = charges.first().map_or_else(String::new, |id| bill.source(bill.charge(*id)).name.clone());
    let resources =
        resources.into_iter().map(|(resource, sum)| Ok(UnclaimedResource { cost: sum.total()?, ..resource }));
    Ok(UnclaimedGroup {
        table,
        source,
        rows: charges.len(),
        resource_count: places.keys().filter(|(_, resource, _)| *resource != EMPTY).count(),
        costs: costs
            .into_values()
            .map(|(currency, sum)| Ok((currency, sum.total()?)))
            .collect::<Result<_, TooLong>>()?,
        resources: resources.collect::<Result<_, TooLong>>()?,
    })
}
