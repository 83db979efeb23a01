//! Splits charges that no customer's rule claims over several customers, or leaves them to the issuer (billing-rules
//! §2, steps 2 to 4).

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::described::describe;
use super::ownership::{DIVIDED, Ownership, customer};
use super::remainder::Remainder;
use super::rule_finder::RuleFinder;
use crate::diagnostic::{Diagnostic, MayBeUnnamed, Place};
use crate::model::allocation::{KeepRule, Ratio, ShareBasis, ShareRule};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, CHUNK, Charge, ChargeId, ChargeKind, EMPTY, NameId, Subject};
use crate::model::customer::Customer;
use crate::model::invoice::{Share, ShareOf};
use crate::model::matcher::Matcher;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::model::split::split;

/// Parts of a charge, by index of the customer.
type Shares = Vec<(usize, Share)>;

/// Who bears a charge that no customer's rule claims.
pub(super) enum Fate<S> {
    /// Several customers together.
    Shared(S),
    /// The issuer, by the `[[allocation.keep]]` with that index.
    Kept(usize),
    /// Nobody: no rule or default applies.
    Nobody,
}

/// The ratio in which a charge is shared, and its rule.
pub(super) struct SharingRatio {
    /// Index of the `[[allocation.share]]`; none for a discount that no rule shares.
    pub(super) rule: Option<usize>,
    /// Customers with a weight above zero.
    pub(super) weights: Weights,
}

/// Shares charges that no customer's rule claims.
pub(super) struct Sharing<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    rules: RuleFinder<'a, ShareRule>,
    keeps: RuleFinder<'a, KeepRule>,
    measures: Measures<'a>,
}

impl<'a> Sharing<'a> {
    /// A sharing step after the customers' rules gave charges their owners.
    pub(super) fn new(bill: &'a Bill, settings: &'a Settings, owned: &'a Ownership) -> Sharing<'a> {
        Sharing {
            bill,
            settings,
            rules: RuleFinder::new(&settings.allocation.shares),
            keeps: RuleFinder::new(&settings.allocation.keeps),
            measures: Measures { bill, settings, owned, known: BTreeMap::new() },
        }
    }

    /// Applies steps 2 to 4 to a charge without an owner; returns the parts by customer where it is shared.
    ///
    /// # Errors
    /// A ratio that cannot be computed, with the index of its rule.
    pub(super) fn fate(&mut self, id: ChargeId) -> Result<Fate<Shares>, (usize, Diagnostic)> {
        let charge = self.bill.charge(id);
        match self.ratio(charge)? {
            Fate::Shared(ratio) => {
                let shares = divide(self.bill, charge, id, self.measures.owned, &ratio.weights);
                shares.map(Fate::Shared).map_err(|error| (usize::MAX, too_long(error, self.bill, charge)))
            }
            Fate::Kept(rule) => Ok(Fate::Kept(rule)),
            Fate::Nobody => Ok(Fate::Nobody),
        }
    }

    /// [`fate`](Self::fate) with the ratio instead of the parts.
    ///
    /// # Errors
    /// As of [`fate`](Self::fate).
    pub(super) fn ratio(&mut self, charge: &Charge) -> Result<Fate<SharingRatio>, (usize, Diagnostic)> {
        let (bill, settings) = (self.bill, self.settings);
        let subject = bill.seen(charge.subject);
        let item = bill.names.get(charge.item);
        let source = bill.subject(charge).source;
        let rules = &settings.allocation.shares;
        let rule = self.rules.first(&subject, item, |_| true);
        let too_long = |error: TooLong| (usize::MAX, too_long(error, bill, charge));
        let weights = match rule {
            None => {
                if let Some(keep) = self.keeps.first(&subject, item, |_| true) {
                    return Ok(Fate::Kept(keep));
                }
                if charge.kind() == ChargeKind::Usage {
                    return Ok(Fate::Nobody);
                }
                self.measures.of(None, ShareBasis::Amount, None, source).map_err(too_long)?
            }
            Some(rule) => match &rules[rule].ratio {
                Ratio::Measured { by, of } => {
                    self.measures.of(Some(rule), *by, of.as_deref(), source).map_err(too_long)?
                }
                Ratio::Weights(weights) => given_weights(settings, weights),
            },
        };
        let weights: Weights = weights.into_iter().filter(|(_, weight)| !weight.is_zero()).collect();
        if let (Some(rule), Some((customer, weight))) = (rule, weights.iter().find(|(_, weight)| weight.is_negative()))
        {
            let customer = &settings.customers[*customer].id;
            let what = format!("the measure of \"{customer}\" is {weight}, below zero");
            return Err((rule, refused_share(&rules[rule], &what, bill, charge)));
        }
        match (weights.is_empty(), rule) {
            (false, _) => Ok(Fate::Shared(SharingRatio { rule, weights })),
            // Without usage to share it by, a discount stays unassigned.
            (true, None) => Ok(Fate::Nobody),
            (true, Some(rule)) => Err((rule, refused_share(&rules[rule], "the ratio adds up to zero", bill, charge))),
        }
    }
}

fn refused_share(rule: &ShareRule, what: &str, bill: &Bill, charge: &Charge) -> Diagnostic {
    let (path, row) = bill.origin(charge);
    let source = &bill.source(charge).name;
    Diagnostic::error(format!("the charge cannot be shared: {what}"))
        .at(Place::start_of(&rule.definition))
        .with_note(format!("{path}:{row}: {}", describe(bill, charge)))
        .with_note(format!("measured is what customers were assigned from the source \"{source}\""))
        .with_hint("measure something customers have in this month, or give weights = { … }")
}

/// Errors for weights of customers that are not active in the month, each with the index of its rule. Leaving such a
/// customer out silently would make the others pay its part, now or as soon as the rule matches something.
pub(super) fn inactive_weights(settings: &Settings, month: BillingMonth) -> Vec<(usize, Diagnostic)> {
    let mut problems = Vec::new();
    for (index, rule) in settings.allocation.shares.iter().enumerate() {
        let Ratio::Weights(weights) = &rule.ratio else { continue };
        if settings.is_of_absent_source(&rule.matcher, month) {
            continue;
        }
        let inactive = settings.customers.iter().filter(|customer| !customer.is_active(month));
        for Customer { id, path, .. } in inactive.filter(|customer| weights.contains_key(&customer.id)) {
            let message = format!("the weights name \"{id}\", which is not active in {month}");
            let hint = format!("remove {id} from the weights, or change `active` in {path}");
            problems.push((index, Diagnostic::error(message).at(Place::start_of(&rule.definition)).with_hint(hint)));
        }
    }
    problems
}

fn too_long(error: TooLong, bill: &Bill, charge: &Charge) -> Diagnostic {
    let (path, row) = bill.origin(charge);
    error.named(&"the shares of a charge", Some(Place::line(path, row)))
}

/// The weights by customer.
fn given_weights(settings: &Settings, weights: &BTreeMap<String, Amount>) -> Weights {
    let customers = settings.customers.iter().enumerate();
    customers.filter_map(|(index, customer)| Some((index, *weights.get(&customer.id)?))).collect()
}

/// Divides a charge, or what is left of one that customers have on some days.
fn divide(
    bill: &Bill,
    charge: &Charge,
    id: ChargeId,
    owned: &Ownership,
    weights: &[(usize, Amount)],
) -> Result<Shares, TooLong> {
    let (cost, quantity, of) = match owned.remainder(id) {
        None => (bill.cost(charge), bill.quantity(charge), ShareOf::Charge),
        Some(Remainder { cost, quantity, .. }) => (cost, quantity, ShareOf::Unclaimed { cost, quantity }),
    };
    let only: Vec<Amount> = weights.iter().map(|(_, weight)| *weight).collect();
    let total = Sum::of(only.iter().copied())?;
    let costs = split(cost, &only)?;
    let quantities = quantity.map(|quantity| split(quantity, &only)).transpose()?;
    let share = |(position, (customer, weight)): (usize, &(usize, Amount))| {
        let quantity = quantities.as_ref().map(|quantities| quantities[position]);
        (*customer, Share { charge: id, cost: costs[position], quantity, ratio: (*weight, total), of: of.clone() })
    };
    Ok(weights.iter().enumerate().map(share).collect())
}

/// Weight of each customer, by index in the settings.
pub(super) type Weights = Vec<(usize, Amount)>;

/// Measures the charges that step 1 assigned to customers, once per rule and source.
struct Measures<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    owned: &'a Ownership,
    /// Weights by rule (none for discounts that no rule shares) and source.
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
            .zip(self.owned.owners.par_chunks(CHUNK))
            .enumerate()
            .map(|(chunk, part)| self.measure_part(chunk * CHUNK, part, by, of, source))
            .collect();
        let mut all = Measured::new(self.settings.customers.len());
        for part in parts {
            all.merge(part?)?;
        }
        let Measured { sums, resources, has_any } = all;
        let weight = |customer: usize| match by {
            // Who got back more than was used has no positive cost.
            ShareBasis::Amount => sums[customer].total().map(|cost| cost.max(Amount::ZERO)),
            ShareBasis::Quantity => sums[customer].total(),
            ShareBasis::Resources => Ok(Amount::whole(resources[customer].len() as i64)),
            ShareBasis::ResourceDays => {
                let days = |resource: &u32| {
                    let days = self.owned.held.of(self.bill.month, customer, (source, NameId(*resource)));
                    i64::from(days.count())
                };
                Ok(Amount::whole(resources[customer].iter().map(days).sum()))
            }
            ShareBasis::Even => Ok(Amount::whole(i64::from(has_any[customer]))),
        };
        (0..sums.len()).map(|customer| Ok((customer, weight(customer)?))).collect()
    }

    fn measure_part(
        &self,
        first: usize,
        (charges, owners): (&[Charge], &[u32]),
        by: ShareBasis,
        of: Option<&Matcher>,
        source: u16,
    ) -> Result<Measured, TooLong> {
        let mut measured = Measured::new(self.settings.customers.len());
        let mut matched: FxHashMap<(u32, u32), bool> = FxHashMap::default();
        for (index, (charge, owner)) in charges.iter().zip(owners).enumerate() {
            let subject = self.bill.subject(charge);
            let is_divided = *owner == DIVIDED;
            let owner = customer(*owner);
            if subject.source != source || owner.is_none() && !is_divided {
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
            match owner {
                Some(owner) => {
                    measured.add(owner, by, charge, self.bill.cost(charge), self.bill.quantity(charge), subject)?;
                }
                None => {
                    for part in self.owned.parts(ChargeId((first + index) as u32)) {
                        if let Some(owner) = part.customer {
                            measured.add(owner, by, charge, part.cost, part.quantity, subject)?;
                        }
                    }
                }
            }
        }
        Ok(measured)
    }
}

/// Measured values by customer.
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

    /// Adds a charge, or a part of one, of a customer.
    fn add(
        &mut self,
        owner: usize,
        by: ShareBasis,
        charge: &Charge,
        cost: Amount,
        quantity: Option<Amount>,
        subject: &Subject,
    ) -> Result<(), TooLong> {
        self.has_any[owner] = true;
        if charge.kind() == ChargeKind::Discount {
            // A free tier is no usage: its quantity repeats that of rows already measured.
            return Ok(());
        }
        match by {
            ShareBasis::Amount => self.sums[owner].add(cost)?,
            // A row without a quantity adds nothing.
            ShareBasis::Quantity => {
                if let Some(quantity) = quantity {
                    self.sums[owner].add(quantity)?;
                }
            }
            ShareBasis::Resources | ShareBasis::ResourceDays if subject.resource != EMPTY => {
                self.resources[owner].insert(subject.resource.0);
            }
            ShareBasis::Resources | ShareBasis::ResourceDays | ShareBasis::Even => {}
        }
        Ok(())
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
