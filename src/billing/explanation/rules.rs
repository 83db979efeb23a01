//! Applies the rules to one charge again: which of them claimed, shared and priced it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rustc_hash::FxHashMap;

/// Prices of a rule per unit of the bill, and what it measures.
#[derive(Clone)]
pub(super) struct UnitPrices {
    /// Units of the bill in one of the rule's.
    pub(super) scale: Amount,
    pub(super) unit_price: Option<Amount>,
    pub(super) tiers: Vec<Tier>,
    /// The units of the month, for tiers by volume.
    pub(super) measured: Option<Amount>,
}

use super::record::*;
use super::{Case, defect};
use crate::billing::category_split::{CategorySplit, CategoryUsage, category_split};
use crate::billing::claims::{Claim, Claimed, Claims, RuleId};
use crate::billing::own_money::rate_for;
use crate::billing::price_choice::{PriceChoice, price_choice};
use crate::billing::rule_finder::RuleFinder;
use crate::billing::rule_prices::RulePrices;
use crate::billing::sharing::{Fate, Sharing};
use crate::billing::tiers::{TierKey, TierPart, TierState};
use crate::billing::timeline::Division;
use crate::diagnostic::Problems;
use crate::model::allocation::{Ratio, ShareBasis};
use crate::model::amount::{Amount, Sum};
use crate::model::charge::{Charge, ChargeKind, NameId, SubjectId};
use crate::model::days::MonthDays;
use crate::model::invoice::{Share, ShareOf};
use crate::model::price::{Price, PriceRule, RoundAt, Tier};
use crate::model::rounding::Rounding;
use crate::model::tax::TaxCategory;
/// The figures of a row.
pub(super) struct PricedRow {
    pub(super) quantity: Option<Amount>,
    pub(super) cost: Amount,
    pub(super) tiers: Vec<TierPart>,
    pub(super) prices: Option<UnitPrices>,
    pub(super) exact: Amount,
    pub(super) amount: Amount,
}

/// Rows that are priced alike: same subject, item and kind.
pub(super) type ChoiceKey = (SubjectId, NameId, ChargeKind);

/// Applies the rules again.
pub(super) struct Rules<'a, 'r> {
    pub(super) case: Case<'a>,
    pub(super) claims: Claims<'r>,
    pub(super) sharing: Sharing<'r>,
    pub(super) price_rules: RuleFinder<'a, PriceRule>,
    pub(super) choices: FxHashMap<ChoiceKey, PriceChoice>,
    pub(super) tiers: BTreeMap<TierKey, TierState>,
    pub(super) prices: RulePrices<'a>,
}

impl<'a> Rules<'a, '_> {
    pub(super) fn choice(&mut self, charge: &Charge) -> PriceChoice {
        let Case { bill, settings, invoice } = self.case;
        let key = (charge.subject, charge.item, charge.kind());
        let customer = &settings.customers[invoice.customer];
        *self.choices.entry(key).or_insert_with(|| price_choice(bill, customer, &self.price_rules, charge))
    }

    /// The state of the tiers that price a charge.
    fn state(&mut self, index: usize, charge: &Charge) -> Result<&mut TierState, Problems> {
        let case = self.case;
        let Case { bill, settings, invoice } = case;
        let rule = &settings.customers[invoice.customer].pricing.rules[index];
        let Price::Tiers(tiers) = &rule.price else {
            return Err(defect("a rule without tiers".to_owned()));
        };
        let item = (bill.subject(charge).source, charge.item);
        let key = (index, Some(item).filter(|_| !tiers.together));
        Ok(match self.tiers.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let scale = self.prices.scale(rule, item)?;
                let prices = self.prices.tiers(rule, tiers, own_rate(case, index)?, scale)?;
                new.insert(TierState::new(prices, tiers.tiering))
            }
        })
    }

    /// Counts the units of a row that is priced by the sum of the month.
    pub(super) fn measure(&mut self, charge: &Charge, share: Option<&Share>) -> Result<(), Problems> {
        let Case { bill, settings, invoice } = self.case;
        let rules = &settings.customers[invoice.customer].pricing.rules;
        let Some(index) = self.choice(charge).rule().filter(|index| rules[*index].is_by_volume()) else {
            return Ok(());
        };
        if let Some(quantity) = share.map_or_else(|| bill.quantity(charge), |share| share.quantity) {
            self.state(index, charge)?.measure(quantity)?;
        }
        Ok(())
    }

    /// Computes the figures of a row again.
    pub(super) fn priced(
        &mut self,
        charge: &Charge,
        share: Option<&Share>,
        choice: PriceChoice,
    ) -> Result<PricedRow, Problems> {
        let case = self.case;
        let Case { bill, settings, invoice } = case;
        let pricing = &settings.customers[invoice.customer].pricing;
        let cost = share.map_or_else(|| bill.cost(charge), |share| share.cost);
        let quantity = share.map_or_else(|| bill.quantity(charge), |share| share.quantity);
        let units = || {
            let (file, row) = bill.origin(charge);
            quantity.ok_or_else(|| defect(format!("{file}:{row} is priced by a quantity it does not have")))
        };
        let rate = settings.known_rate(bill.month, bill.source(charge).currency, invoice.currency);
        let (mut tiers, mut prices) = (Vec::new(), None);
        let item = (bill.subject(charge).source, charge.item);
        let exact = match choice {
            PriceChoice::Kept => return Err(defect("the issuer keeps the row".to_owned())),
            PriceChoice::AtCost => cost.times(rate)?,
            PriceChoice::DefaultMarkup => cost.times(pricing.markup.factor().times(rate)?)?,
            PriceChoice::Rule(index) => match &pricing.rules[index].price {
                Price::Markup(markup) => cost.times(markup.factor().times(rate)?)?,
                Price::UnitPrice(price) => {
                    let rule = &pricing.rules[index];
                    let scale = self.prices.scale(rule, item)?;
                    let price = self.prices.price(rule, *price, own_rate(case, index)?, scale)?;
                    prices = Some(UnitPrices { scale, unit_price: Some(price), tiers: Vec::new(), measured: None });
                    units()?.times(price)?
                }
                Price::Tiers(_) => {
                    let scale = self.prices.scale(&pricing.rules[index], item)?;
                    let quantity = units()?;
                    let state = self.state(index, charge)?;
                    let measured = state.volume().map(|(measured, _)| measured);
                    prices = Some(UnitPrices { scale, unit_price: None, tiers: state.tiers().to_vec(), measured });
                    state.price(quantity, |part| tiers.push(part))?
                }
            },
        };
        let amount = match pricing.round_at {
            RoundAt::Line => pricing.rounding.apply(exact, invoice.currency.decimals())?,
            RoundAt::Item | RoundAt::Invoice => exact,
        };
        Ok(PricedRow { quantity, cost, tiers, prices, exact, amount })
    }

    /// The part of a discount that reduces a category.
    pub(super) fn part(
        &self,
        whole: PricedRow,
        usage: &CategoryUsage,
        category: TaxCategory,
    ) -> Result<PricedRow, Problems> {
        let Case { settings, invoice, .. } = self.case;
        let split = category_split(usage, whole.exact, whole.cost, whole.quantity)?;
        let part = split.into_iter().find(|part| part.category == Some(category));
        let CategorySplit { exact, cost, quantity, .. } =
            part.ok_or_else(|| defect(format!("nothing is used in the category {}", category.name())))?;
        let pricing = &settings.customers[invoice.customer].pricing;
        let amount = match pricing.round_at {
            RoundAt::Line => pricing.rounding.apply(exact, invoice.currency.decimals())?,
            RoundAt::Item | RoundAt::Invoice => exact,
        };
        Ok(PricedRow { quantity, cost, tiers: Vec::new(), prices: None, exact, amount })
    }

    /// Explains a row by its rules.
    pub(super) fn row(
        &mut self,
        charge: &Charge,
        share: Option<&Share>,
        priced: PricedRow,
        sharings: &mut Vec<(Option<usize>, SharingExplanation<'a>)>,
    ) -> Result<RowExplanation<'a>, Problems> {
        let Case { bill, settings, .. } = self.case;
        let (file, row) = bill.origin(charge);
        let subject = bill.subject(charge);
        let (claim, share, by_days) = match share {
            Some(share) if share.is_own() => {
                let (rule, days) = self.by_days(charge, share)?;
                (Some(rule), None, Some(days))
            }
            Some(share) => (None, Some(self.share(charge, share, sharings)?), None),
            None => (Some(self.claim(charge)?), None, None),
        };
        let days = match (claim, &by_days) {
            (Some(_), Some(days)) => Some(days.days.clone()),
            // Of a rule's days in another month, those of the charge are on the page.
            (Some(_), None) if bill.own_days(charge).is_some() => None,
            (Some(rule), None) => Some(rule.days(settings, bill.month))
                .filter(|days| *days != MonthDays::all(bill.month))
                .map(|days| days.in_words(bill.month)),
            (None, _) => None,
        };
        let claim = claim.map(|rule| {
            let (file, line) = rule.place(settings);
            Rule { file, line, text: rule.text(settings) }
        });
        let tier = |part: &TierPart| TierUnits {
            tier: part.tier + 1,
            units: part.units,
            unit_price: part.unit_price,
            amount: part.amount,
        };
        Ok(RowExplanation {
            file,
            row,
            date: bill.date_text(charge),
            resource: bill.names.get(subject.resource),
            resource_name: bill.names.get(subject.resource_name),
            item: bill.names.get(charge.item),
            quantity: priced.quantity,
            cost: priced.cost,
            claim,
            days,
            by_days,
            share,
            tiers: priced.tiers.iter().map(tier).collect(),
            exact: priced.exact,
            amount: priced.amount,
        })
    }

    /// The rule by which the customer has a row.
    fn claim(&mut self, charge: &Charge) -> Result<RuleId, Problems> {
        let Case { bill, settings, invoice } = self.case;
        let claim = match self.claims.of(charge) {
            Claimed::Once(claim) => Division::Whole(claim),
            Claimed::ByDay(timeline) => timeline.divided(settings.allocation.month_only),
        };
        match claim {
            Division::Whole(Claim::Customer(id)) if id.customer as usize == invoice.customer => Ok(id),
            _ => {
                let (file, row) = bill.origin(charge);
                Err(defect(format!("no rule of the customer claims {file}:{row}")))
            }
        }
    }

    /// Explains the part of a row without a day that the customer has by days.
    fn by_days(&mut self, charge: &Charge, share: &Share) -> Result<(RuleId, DaysExplanation), Problems> {
        let Case { bill, settings, invoice } = self.case;
        let (file, row) = bill.origin(charge);
        let timeline = self.claims.timeline(charge).map(|timeline| timeline.divided(settings.allocation.month_only));
        let Some(Division::Parts(parts)) = timeline else {
            return Err(defect(format!("{file}:{row} is not divided by days")));
        };
        let own = |rule: &RuleId| rule.customer as usize == invoice.customer;
        let part = parts.iter().find_map(|(rule, days)| Some(((*rule).filter(own)?, *days)));
        let (rule, days) = part.ok_or_else(|| defect(format!("the customer has no day of {file}:{row}")))?;
        let weight = Amount::whole(i64::from(days.count()));
        let total = Amount::whole(parts.iter().map(|(_, days)| i64::from(days.count())).sum());
        let of = bill.cost(charge);
        let (quotient, is_near) = quotient(of, (weight, total), share)?;
        if (weight, total) != share.ratio || !is_near {
            return Err(defect(format!("the part of {file}:{row} is {}, its days give {quotient}", share.cost)));
        }
        let of_quantity = bill.quantity(charge);
        let days = days.in_words(bill.month_of(charge));
        Ok((rule, DaysExplanation { days, of, of_quantity, weight, total, quotient }))
    }

    /// Explains how a row is shared.
    fn share(
        &mut self,
        charge: &Charge,
        share: &Share,
        sharings: &mut Vec<(Option<usize>, SharingExplanation<'a>)>,
    ) -> Result<ShareExplanation, Problems> {
        let Case { bill, settings, invoice } = self.case;
        let (file, row) = bill.origin(charge);
        let ratio = self.sharing.ratio(charge).map_err(|(_, problem)| problem)?;
        let Fate::Shared(ratio) = ratio else {
            return Err(defect(format!("no rule shares {file}:{row}")));
        };
        let own = ratio.weights.iter().find(|(customer, _)| *customer == invoice.customer).map(|(_, weight)| *weight);
        let total = Sum::of(ratio.weights.iter().map(|(_, weight)| *weight))?;
        let (of, of_quantity) = match share.of {
            ShareOf::Charge | ShareOf::Days(_) => (bill.cost(charge), bill.quantity(charge)),
            ShareOf::Unclaimed { cost, quantity } => (cost, quantity),
        };
        let (quotient, near) = quotient(of, (share.ratio.0, total), share)?;
        if own.zip(Some(total)) != Some(share.ratio) || !near {
            return Err(defect(format!("the share of {file}:{row} is {}, the ratio gives {quotient}", share.cost)));
        }
        let known = sharings.iter().position(|(rule, _)| *rule == ratio.rule);
        let position = known.unwrap_or_else(|| {
            let by = ratio.rule.map(|rule| &settings.allocation.shares[rule]);
            let measured = ratio.weights.iter().map(|(customer, weight)| MeasuredExplanation {
                customer: &settings.customers[*customer].id,
                weight: *weight,
            });
            let explanation = SharingExplanation {
                rule: by.and_then(|rule| Rule::at(&rule.definition)),
                by: by.map_or(ShareBasis::Amount.name(), |rule| match &rule.ratio {
                    Ratio::Measured { by, .. } => by.name(),
                    Ratio::Weights(_) => "weights",
                }),
                measured: measured.collect(),
                total,
            };
            sharings.push((ratio.rule, explanation));
            sharings.len() - 1
        });
        Ok(ShareExplanation { sharing: position + 1, of, of_quantity, weight: share.ratio.0, total, quotient })
    }
}

/// The exact share in a ratio, cut off four decimals later than the share, and whether the share is near it.
fn quotient(of: Amount, (weight, total): (Amount, Amount), share: &Share) -> Result<(Amount, bool), Problems> {
    let decimals = of.scale().max(4);
    let quotient = Rounding::Down.quotient(of.times(weight)?, total, decimals + 4)?;
    // A share is the ratio's quotient, cut off, or one unit of its last decimal more.
    let is_near = share.cost.minus(quotient)?.magnitude() < Amount::new(1, decimals)?;
    Ok((quotient, is_near))
}

/// The exchange rate of the customer's rule with that index.
pub(super) fn own_rate(case: Case<'_>, rule: usize) -> Result<Amount, Problems> {
    let Case { bill, settings, invoice } = case;
    let customer = &settings.customers[invoice.customer];
    let rule = &customer.pricing.rules[rule];
    Ok(rate_for(settings, bill.month, customer, rule.currency, &rule.definition)?)
}
