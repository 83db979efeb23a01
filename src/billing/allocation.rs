//! Every charge to exactly one of: a customer, shared over customers, kept by the issuer, unassigned
//! (billing-rules §2).

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::claims::{Claim, Claims, RuleId, RuleIndex, active_rules, rule};
use crate::diagnostic::{Diagnostic, Place, shortened};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, CHUNK, Charge, ChargeId, ChargeKind, EMPTY, NameId};
use crate::model::invoice::Share;
use crate::model::matcher::Matcher;
use crate::model::settings::{Ratio, Settings, ShareBasis, ShareRule};
use crate::model::split::split;
use crate::model::warning::WarningCode;

/// Who bears what.
#[derive(Debug)]
pub(crate) struct Allocation {
    /// By customer, as in the settings: the charges that are the customer's alone.
    pub(crate) assigned: Vec<Vec<ChargeId>>,
    /// By customer: parts of charges.
    pub(crate) shares: Vec<Vec<Share>>,
    /// Charges the issuer bears.
    pub(crate) kept: Vec<ChargeId>,
    /// Charges of nobody.
    pub(crate) unassigned: Vec<ChargeId>,
    /// `[[match]]` rules that matched nothing.
    pub(crate) warnings: Vec<Diagnostic>,
}

const NOBODY: u32 = u32::MAX;

/// Allocates a month's charges.
///
/// # Errors
/// Charges that two customers claim, and share rules that cannot be computed.
pub(crate) fn allocate(bill: &Bill, settings: &Settings) -> Result<Allocation, Vec<Diagnostic>> {
    let count = settings.customers.len();
    let mut allocation = Allocation {
        assigned: vec![Vec::new(); count],
        shares: vec![Vec::new(); count],
        kept: Vec::new(),
        unassigned: Vec::new(),
        warnings: Vec::new(),
    };
    let owners = assign(bill, settings, &mut allocation)?;
    let mut measures = Measures { bill, settings, owners: &owners, known: BTreeMap::new() };
    let mut problems: Vec<Diagnostic> = Vec::new();
    let mut refused: BTreeSet<usize> = BTreeSet::new();
    for (index, charge) in bill.charges.iter().enumerate().filter(|(index, _)| owners[*index] == NOBODY) {
        let id = ChargeId(index as u32);
        match share(bill, settings, &mut measures, charge, id) {
            Ok(Some(shares)) => {
                for (customer, share) in shares {
                    allocation.shares[customer].push(share);
                }
            }
            Ok(None) if settings.allocation.keep_unassigned => allocation.kept.push(id),
            Ok(None) => allocation.unassigned.push(id),
            // One message for a rule, however many charges it cannot share.
            Err((rule, diagnostic)) => {
                if refused.insert(rule) {
                    problems.push(diagnostic);
                }
            }
        }
    }
    if problems.is_empty() { Ok(allocation) } else { Err(problems) }
}

/// Step 1: customers' rules. Gives the owner of each charge.
fn assign(bill: &Bill, settings: &Settings, allocation: &mut Allocation) -> Result<Vec<u32>, Vec<Diagnostic>> {
    let index = RuleIndex::new(settings, bill.month);
    let chunks: Vec<Assigned> =
        bill.charges.par_chunks(CHUNK).map(|charges| Assigned::of(bill, settings, &index, charges)).collect();
    let mut owners = Vec::with_capacity(bill.charges.len());
    let mut used = BTreeSet::new();
    let mut twice: BTreeMap<(RuleId, RuleId), (ChargeId, usize)> = BTreeMap::new();
    for chunk in chunks {
        let first = owners.len() as u32;
        for (index, owner) in chunk.owners.iter().enumerate().filter(|(_, owner)| **owner != NOBODY) {
            allocation.assigned[*owner as usize].push(ChargeId(first + index as u32));
        }
        owners.extend(chunk.owners);
        used.extend(chunk.used);
        for (rules, (index, count)) in chunk.twice {
            twice.entry(rules).or_insert((ChargeId(first + index), 0)).1 += count;
        }
    }
    let unused = active_rules(settings, bill.month).filter(|(id, _)| !used.contains(id));
    allocation.warnings = unused
        .map(|(id, rule)| {
            let place = Place {
                column: Some(rule.definition.column),
                length: 1,
                ..Place::line(&rule.definition.path, rule.definition.line)
            };
            let message = format!("the [[match]] matches nothing in {}", bill.month);
            let facts = format!("{}:{}", rule.definition.path, rule.definition.line);
            let customer = &settings.customers[id.customer as usize].id;
            Diagnostic::finding(WarningCode::UnusedMatch, message, facts).concerning(customer).at(place)
        })
        .collect();
    if twice.is_empty() {
        return Ok(owners);
    }
    Err(twice.into_iter().map(|(rules, (charge, count))| claimed_twice(bill, settings, rules, charge, count)).collect())
}

/// What the rules say of some charges in a row.
struct Assigned {
    owners: Vec<u32>,
    used: BTreeSet<RuleId>,
    /// The index of the first charge that two rules claim, and how many there are.
    twice: BTreeMap<(RuleId, RuleId), (u32, usize)>,
}

impl Assigned {
    fn of(bill: &Bill, settings: &Settings, index: &RuleIndex, charges: &[Charge]) -> Assigned {
        let mut claims = Claims::new(bill, settings, index);
        let mut twice = BTreeMap::new();
        let owner = |(index, charge)| match claims.of(charge) {
            Claim::Nobody => NOBODY,
            Claim::Customer(customer) => customer,
            Claim::Twice(first, second) => {
                twice.entry((first, second)).or_insert((index as u32, 0)).1 += 1;
                NOBODY
            }
        };
        let owners = charges.iter().enumerate().map(owner).collect();
        Assigned { owners, used: claims.used, twice }
    }
}

fn claimed_twice(
    bill: &Bill,
    settings: &Settings,
    rules: (RuleId, RuleId),
    charge: ChargeId,
    count: usize,
) -> Diagnostic {
    let charge = bill.charge(charge);
    let (path, row) = bill.origin(charge);
    let customer = |id: RuleId| &settings.customers[id.customer as usize];
    let (first, second) = (customer(rules.0), customer(rules.1));
    let at = |id: RuleId| {
        let definition = &rule(settings, id).definition;
        format!("{}:{}", definition.path, definition.line)
    };
    let rows = if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    let higher = rule(settings, rules.0).priority.saturating_add(1);
    Diagnostic::error(format!("two customers claim the charge: \"{}\" and \"{}\"", first.id, second.id))
        .at(Place::line(path, row))
        .with_note(format!("{rows}; {}", describe(bill, charge)))
        .with_note(format!("{} and {} both match", at(rules.0), at(rules.1)))
        .with_hint(format!(
            "narrow one of the two [[match]] tables, or give the one that should win priority = {higher}"
        ))
}

/// The most tags of a charge that are told.
const SHOWN_TAGS: usize = 8;

/// What a rule could match a charge by.
pub(crate) fn describe(bill: &Bill, charge: &Charge) -> String {
    let subject = bill.subject(charge);
    let name = |id| shortened(bill.names.get(id));
    let mut parts = vec![format!("item {:?}", name(charge.item))];
    if subject.resource != EMPTY {
        parts.push(format!("resource {:?}", name(subject.resource)));
    }
    let is_tag = subject.tags.iter().any(|(tag, _)| bill.names.get(*tag) == "name");
    if subject.resource_name != EMPTY && !is_tag {
        parts.push(format!("name {:?}", name(subject.resource_name)));
    }
    let tag = |(tag, value): &(NameId, NameId)| format!("{}={:?}", name(*tag), name(*value));
    let mut tags: Vec<String> = subject.tags.iter().take(SHOWN_TAGS).map(tag).collect();
    if subject.tags.len() > SHOWN_TAGS {
        tags.push("…".to_owned());
    }
    if !tags.is_empty() {
        parts.push(format!("tags: {}", tags.join(", ")));
    }
    for group in &subject.groups {
        parts.push(format!("group {:?}", name(*group)));
    }
    parts.join(", ")
}

type Shares = Vec<(usize, Share)>;

/// Steps 2 and 3: the parts of a charge without an owner, by customer; none when no rule and no default shares it.
fn share(
    bill: &Bill,
    settings: &Settings,
    measures: &mut Measures<'_>,
    charge: &Charge,
    id: ChargeId,
) -> Result<Option<Shares>, (usize, Diagnostic)> {
    let subject = bill.seen(charge.subject);
    let item = bill.names.get(charge.item);
    let source = bill.subject(charge).source;
    let rules = &settings.allocation.shares;
    let rule = rules.iter().position(|rule| rule.matcher.matches(&subject, item));
    let too_long = |_: TooLong| (usize::MAX, too_long(bill, charge));
    let weights = match rule {
        None if charge.kind() == ChargeKind::Usage => return Ok(None),
        None => measures.of(None, ShareBasis::Amount, None, source).map_err(too_long)?,
        Some(rule) => match &rules[rule].ratio {
            Ratio::Measured { by, of } => measures.of(Some(rule), *by, of.as_ref(), source).map_err(too_long)?,
            Ratio::Weights(weights) => given_weights(settings, bill, weights),
        },
    };
    let weights: Weights = weights.into_iter().filter(|(_, weight)| !weight.is_zero()).collect();
    if let (Some(rule), Some((customer, weight))) = (rule, weights.iter().find(|(_, weight)| weight.is_negative())) {
        let customer = &settings.customers[*customer].id;
        return Err((
            rule,
            refused_share(
                &rules[rule],
                &format!("the measure of \"{customer}\" is {weight}, below zero"),
                bill,
                charge,
            ),
        ));
    }
    match (weights.is_empty(), rule) {
        (false, _) => divide(bill, charge, id, &weights).map(Some).map_err(too_long),
        // A discount that nobody's usage can bear is left unassigned.
        (true, None) => Ok(None),
        (true, Some(rule)) => Err((rule, refused_share(&rules[rule], "the ratio adds up to zero", bill, charge))),
    }
}

fn refused_share(rule: &ShareRule, what: &str, bill: &Bill, charge: &Charge) -> Diagnostic {
    let (path, row) = bill.origin(charge);
    let place = Place {
        column: Some(rule.definition.column),
        length: 1,
        ..Place::line(&rule.definition.path, rule.definition.line)
    };
    let source = &bill.source(charge).name;
    Diagnostic::error(format!("the charge cannot be shared: {what}"))
        .at(place)
        .with_note(format!("{path}:{row}: {}", describe(bill, charge)))
        .with_note(format!("measured is what customers were assigned from the source \"{source}\""))
        .with_hint("measure something customers have in this month, or give weights = { … }")
}

fn too_long(bill: &Bill, charge: &Charge) -> Diagnostic {
    let (path, row) = bill.origin(charge);
    Diagnostic::error("the charge cannot be shared exactly: the result has too many digits").at(Place::line(path, row))
}

fn given_weights(settings: &Settings, bill: &Bill, weights: &BTreeMap<String, Amount>) -> Weights {
    let active = settings.customers.iter().enumerate().filter(|(_, customer)| customer.is_active(bill.month));
    active.filter_map(|(index, customer)| Some((index, *weights.get(&customer.id)?))).collect()
}

fn divide(bill: &Bill, charge: &Charge, id: ChargeId, weights: &[(usize, Amount)]) -> Result<Shares, TooLong> {
    let only: Vec<Amount> = weights.iter().map(|(_, weight)| *weight).collect();
    let total = Sum::of(only.iter().copied())?;
    let costs = split(bill.cost(charge), &only)?;
    let quantities = bill.quantity(charge).map(|quantity| split(quantity, &only)).transpose()?;
    let share = |(position, (customer, weight)): (usize, &(usize, Amount))| {
        let quantity = quantities.as_ref().map(|quantities| quantities[position]);
        (*customer, Share { charge: id, cost: costs[position], quantity, ratio: (*weight, total) })
    };
    Ok(weights.iter().enumerate().map(share).collect())
}

/// What each customer bears of a whole, by index in the settings.
type Weights = Vec<(usize, Amount)>;

/// What customers were assigned in step 1, measured once for each rule and source.
struct Measures<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    owners: &'a [u32],
    /// By rule (none for discounts that no rule shares) and source.
    known: BTreeMap<(Option<usize>, u16), Weights>,
}

impl Measures<'_> {
    /// Weights by customer, in the order of their ids.
    fn of(
        &mut self,
        rule: Option<usize>,
        by: ShareBasis,
        of: Option<&Matcher>,
        source: u16,
    ) -> Result<Weights, TooLong> {
        if let Some(known) = self.known.get(&(rule, source)) {
            return Ok(known.clone());
        }
        let measured = self.measure(by, of, source)?;
        self.known.insert((rule, source), measured.clone());
        Ok(measured)
    }

    fn measure(&self, by: ShareBasis, of: Option<&Matcher>, source: u16) -> Result<Weights, TooLong> {
        let parts: Vec<Result<Measured, TooLong>> = self
            .bill
            .charges
            .par_chunks(CHUNK)
            .zip(self.owners.par_chunks(CHUNK))
            .map(|(charges, owners)| self.measure_part(charges, owners, by, of, source))
            .collect();
        let mut all = Measured::new(self.settings.customers.len());
        for part in parts {
            all.merge(part?)?;
        }
        let Measured { sums, resources, has_any } = all;
        let weight = |customer: usize| match by {
            ShareBasis::Amount | ShareBasis::Quantity => sums[customer].total(),
            ShareBasis::Resources => Ok(Amount::whole(resources[customer].len() as i64)),
            ShareBasis::Even => Ok(Amount::whole(i64::from(has_any[customer]))),
        };
        (0..sums.len()).map(|customer| Ok((customer, weight(customer)?))).collect()
    }

    fn measure_part(
        &self,
        charges: &[Charge],
        owners: &[u32],
        by: ShareBasis,
        of: Option<&Matcher>,
        source: u16,
    ) -> Result<Measured, TooLong> {
        let mut measured = Measured::new(self.settings.customers.len());
        let mut matched: FxHashMap<(u32, u32), bool> = FxHashMap::default();
        for (charge, owner) in charges.iter().zip(owners) {
            let subject = self.bill.subject(charge);
            if *owner == NOBODY || subject.source != source {
                continue;
            }
            let fits = of.is_none_or(|of| {
                *matched
                    .entry((charge.subject.0, charge.item.0))
                    .or_insert_with(|| of.matches(&self.bill.seen(charge.subject), self.bill.names.get(charge.item)))
            });
            if !fits {
                continue;
            }
            let owner = *owner as usize;
            measured.has_any[owner] = true;
            match by {
                ShareBasis::Amount if !charge.cost.is_negative() => measured.sums[owner].add(self.bill.cost(charge))?,
                ShareBasis::Quantity => measured.sums[owner].add(self.bill.quantity(charge).unwrap_or_default())?,
                ShareBasis::Resources if subject.resource != EMPTY => {
                    measured.resources[owner].insert(subject.resource.0);
                }
                _ => {}
            }
        }
        Ok(measured)
    }
}

/// By customer: what was measured.
struct Measured {
    sums: Vec<Sum>,
    resources: Vec<BTreeSet<u32>>,
    has_any: Vec<bool>,
}

impl Measured {
    fn new(customers: usize) -> Measured {
        let resources = vec![BTreeSet::new(); customers];
        Measured { sums: vec![Sum::default(); customers], resources, has_any: vec![false; customers] }
    }

    fn merge(&mut self, other: Measured) -> Result<(), TooLong> {
        for (sum, other) in self.sums.iter_mut().zip(other.sums) {
            sum.merge(other)?;
        }
        for (resources, other) in self.resources.iter_mut().zip(other.resources) {
            resources.extend(other);
        }
        for (has_any, other) in self.has_any.iter_mut().zip(other.has_any) {
            *has_any |= other;
        }
        Ok(())
    }
}
