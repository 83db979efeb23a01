//! A customer's charges as priced details and items (billing-rules §3).
//!
//! Charges of the same subject and item are priced alike, so the rule, tax category and line are looked up once for
//! each such pair (a [`Plan`]) and the rows only multiply and add.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::items::{ItemKey, Items, too_long};
use super::order::Order;
use super::own_money::{rate_for, rounded_at, tiers_at};
use super::price_choice::{PriceChoice, own_status, price_choice, tax_rule};
use super::resources::UsedResources;
use super::tiers::TierState;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, Charge, ChargeId, ChargeKind, Interner, NO_PRICE, Subject};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::invoice::{Detail, ItemIndex, ItemKind, LineItem, Share};
use crate::model::matcher::Matcher;
use crate::model::packed::{LongAmounts, Packed};
use crate::model::period::BillingMonth;
use crate::model::price::{Price, RoundAt};
use crate::model::settings::{Definition, Settings};
use crate::model::tax::TaxCategory;

/// A customer's charges, priced.
#[derive(Debug)]
pub(crate) struct Priced {
    pub(crate) items: Vec<LineItem>,
    pub(crate) details: Vec<Detail>,
    pub(crate) shares: Vec<Share>,
    pub(crate) unit_prices: Vec<Amount>,
    pub(crate) long_amounts: LongAmounts,
    /// By source: what the customer bears and what the issuer keeps of it, in the source's currency.
    pub(crate) by_source: Vec<(Amount, Amount)>,
    /// The rates that converted prices of rules, by the prices' currency.
    pub(crate) price_rates: BTreeMap<Currency, Amount>,
}

/// Prices what a customer was allocated.
///
/// # Errors
/// Everything that keeps a charge from being priced: missing exchange rates, unit prices for rows without quantity, tax
/// categories without a rate, results with too many digits.
pub(crate) fn price(
    bill: &Bill,
    settings: &Settings,
    customer: &Customer,
    order: &Order,
    assigned: Vec<ChargeId>,
    shares: Vec<Share>,
) -> Result<Priced, Vec<Diagnostic>> {
    let portions = order.sorted(bill, &assigned, &shares);
    drop(assigned);
    let mut pricing = Pricing::new(bill, settings, customer);
    let mut details = Vec::with_capacity(portions.len());
    for portion in portions {
        let share = portion.share.map(|index| &shares[index as usize]);
        let charge = bill.charge(portion.charge);
        let detail = pricing.detail(portion.charge, charge, share);
        details.extend(detail.map(|detail| Detail { share: portion.share.map_or(0, |index| index + 1), ..detail }));
    }
    let fees = pricing.fees();
    let minimum = pricing.minimum();
    let by_source = pricing.source_sums().map_err(|_| too_long(customer));
    let unit_prices = pricing.unit_prices.values().to_vec();
    let Pricing { items, rates, long_amounts, category, price_rates, mut problems, .. } = pricing;
    let least = minimum.as_ref().ok().copied().flatten().map(|minimum| (minimum, category));
    // What can be priced may still have no tax rate.
    let items = items.finish(bill, customer, least, &rates, &unit_prices, &mut details);
    problems.extend(fees.err().into_iter().chain(minimum.err()));
    match (by_source, items) {
        (Ok(by_source), Ok(items)) if problems.is_empty() => {
            Ok(Priced { items, details, shares, unit_prices, long_amounts, by_source, price_rates })
        }
        (by_source, items) => {
            problems.extend(by_source.err().into_iter().chain(items.err()));
            Err(problems)
        }
    }
}

/// How all charges of a subject and item are priced.
struct Plan {
    method: Method,
    /// Position in [`Items`]; none for what the issuer keeps.
    item: Option<u32>,
    source: u16,
    /// The provider's price last seen and the customer's made of it, both by index: most plans only ever see one.
    unit_price: Option<(u32, u32)>,
}

/// Subject (or source, where rules do not speak of subjects), item and kind.
type PlanKey = (u32, u32, ChargeKind);

const RECENT: usize = 32;

#[derive(Clone, Copy)]
enum Method {
    /// cost × factor, which holds the exchange rate too.
    Factor(Amount),
    /// quantity × price.
    UnitPrice(Amount),
    /// Graduated; index of the state.
    Tiers(usize),
    /// The issuer keeps it.
    Keep,
    /// None: why was reported with the first of its charges.
    Refused,
}

struct Pricing<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    customer: &'a Customer,
    /// The category of what no rule speaks of.
    category: TaxCategory,
    /// Whether a rule speaks of more than source and item's name, so that plans differ by subject.
    by_subject: bool,
    plans: Vec<Plan>,
    known: FxHashMap<PlanKey, u32>,
    /// Plans used lately, by item: rows of a few items alternate, and a look-up in a map would cost more than the price.
    recent: [Option<(PlanKey, u32)>; RECENT],
    tiers: Vec<TierState>,
    /// By rule, source and item.
    tier_index: FxHashMap<(usize, u16, u32), usize>,
    items: Items,
    unit_prices: Interner<Amount>,
    long_amounts: LongAmounts,
    /// By source: what one unit of its currency is worth in the invoice's, where that was needed.
    rates: Vec<Option<Amount>>,
    /// What one unit of a currency that rules have money in is worth in the invoice's, where that was needed.
    price_rates: BTreeMap<Currency, Amount>,
    /// By source: what the issuer keeps.
    kept: Vec<Sum>,
    /// The customer's own resources, used this month.
    resources: UsedResources<'a>,
    /// What keeps charges from being priced, each kind once.
    problems: Vec<Diagnostic>,
}

impl<'a> Pricing<'a> {
    fn new(bill: &'a Bill, settings: &'a Settings, customer: &'a Customer) -> Pricing<'a> {
        let has_products = bill.sources.iter().any(|source| source.kind.has_product_ids());
        let sees_subjects = |matcher: &Matcher| !matcher.sees_only_items() || has_products && matcher.item.is_some();
        let prices = customer.pricing.rules.iter().map(|rule| &rule.matcher);
        let taxes = settings.tax_rules.iter().map(|rule| &rule.matcher);
        Pricing {
            bill,
            settings,
            customer,
            category: own_status(settings, customer).0,
            by_subject: prices.chain(taxes).any(sees_subjects),
            plans: Vec::new(),
            known: FxHashMap::default(),
            recent: [None; RECENT],
            tiers: Vec::new(),
            tier_index: FxHashMap::default(),
            items: Items::default(),
            unit_prices: Interner::default(),
            long_amounts: LongAmounts::new(),
            rates: vec![None; bill.sources.len()],
            price_rates: BTreeMap::new(),
            kept: vec![Sum::default(); bill.sources.len()],
            resources: UsedResources::new(customer),
            problems: Vec::new(),
        }
    }

    /// Reports what keeps a charge from being priced, unless the same was reported of another.
    fn refuse(&mut self, problem: Diagnostic) {
        if self.problems.iter().all(|known| known.message != problem.message) {
            self.problems.push(problem);
        }
    }

    /// A charge or a share of it, priced; none when the issuer keeps it or it cannot be priced.
    fn detail(&mut self, id: ChargeId, charge: &Charge, share: Option<&Share>) -> Option<Detail> {
        let plan = self.plan(charge);
        let cost = share.map_or_else(|| self.bill.cost(charge), |share| share.cost);
        let quantity = share.map_or_else(|| self.bill.quantity(charge), |share| share.quantity);
        if share.is_none() {
            self.resources.add(self.bill, charge);
        }
        let priced = self.amount(plan, charge, cost, quantity).unwrap_or_else(|error| {
            self.refuse(self.refused(charge, error));
            // The rows that are priced in the same way fail in the same way.
            self.plans[plan as usize].method = Method::Refused;
            None
        });
        let (item, amount, unit_price) = priced?;
        let amount = Packed::new(amount, &mut self.long_amounts);
        Some(Detail { amount, charge: id, item, share: 0, unit_price })
    }

    fn amount(
        &mut self,
        plan: u32,
        charge: &Charge,
        cost: Amount,
        quantity: Option<Amount>,
    ) -> Result<Option<(ItemIndex, Amount, u32)>, PriceError> {
        let Plan { method, item, source, .. } = self.plans[plan as usize];
        if let Method::Refused = method {
            return Ok(None);
        }
        let Some(item) = item else {
            self.kept[usize::from(source)].add(cost)?;
            return Ok(None);
        };
        let exact = match method {
            Method::Factor(factor) => cost.times(factor)?,
            Method::UnitPrice(price) => quantity.ok_or(PriceError::NoQuantity)?.times(price)?,
            Method::Tiers(state) => self.tiers[state].price(quantity.ok_or(PriceError::NoQuantity)?, |_| {})?,
            Method::Keep | Method::Refused => Amount::ZERO,
        };
        let pricing = &self.customer.pricing;
        let amount = match pricing.round_at {
            RoundAt::Line => pricing.rounding.apply(exact, self.customer.invoice.currency.decimals())?,
            RoundAt::Item | RoundAt::Invoice => exact,
        };
        let unit_price = self.unit_price(plan, charge)?;
        self.items.add(item, amount, cost, quantity, unit_price)?;
        Ok(Some((ItemIndex(item), amount, unit_price)))
    }

    /// Index of the customer's price per unit: the provider's with rate and markup, or the customer's own.
    fn unit_price(&mut self, plan: u32, charge: &Charge) -> Result<u32, TooLong> {
        let Plan { method, unit_price, .. } = self.plans[plan as usize];
        if let Some((provider, index)) = unit_price
            && provider == charge.unit_price
        {
            return Ok(index);
        }
        let price = match method {
            Method::UnitPrice(price) => Some(price),
            Method::Factor(factor) => match self.bill.unit_price(charge) {
                Some(price) => Some(price.times(factor)?),
                None => None,
            },
            Method::Tiers(_) | Method::Keep | Method::Refused => None,
        };
        let index = price.map_or(NO_PRICE, |price| self.unit_prices.intern(price));
        self.plans[plan as usize].unit_price = Some((charge.unit_price, index));
        Ok(index)
    }

    fn refused(&self, charge: &Charge, error: PriceError) -> Diagnostic {
        let (path, row) = self.bill.origin(charge);
        let customer = &self.customer.id;
        let item = self.bill.names.get(charge.item);
        match error {
            PriceError::TooLong => {
                Diagnostic::error(format!("the price for customer \"{customer}\" has too many digits to be exact"))
            }
            PriceError::NoQuantity => {
                Diagnostic::error(format!("the row gives no quantity, but \"{customer}\" pays for {item} by quantity"))
                    .with_hint(format!("use a markup for {item} in {}, or narrow the rule's item", self.customer.path))
            }
        }
        .at(Place::line(path, row))
    }

    /// The plan for a charge, known or new.
    fn plan(&mut self, charge: &Charge) -> u32 {
        let subject = self.bill.subject(charge);
        let scope = if self.by_subject { charge.subject.0 } else { u32::from(subject.source) };
        let key = (scope, charge.item.0, charge.kind());
        let slot = charge.item.0 as usize % RECENT;
        if let Some((recent, plan)) = self.recent[slot]
            && recent == key
        {
            return plan;
        }
        let plan = match self.known.get(&key) {
            Some(plan) => *plan,
            None => {
                let plan = self.new_plan(charge, subject).unwrap_or_else(|problem| {
                    self.refuse(problem);
                    Plan { method: Method::Refused, item: None, source: subject.source, unit_price: None }
                });
                self.plans.push(plan);
                let index = self.plans.len() as u32 - 1;
                self.known.insert(key, index);
                index
            }
        };
        self.recent[slot] = Some((key, plan));
        plan
    }

    fn new_plan(&mut self, charge: &Charge, subject: &Subject) -> Result<Plan, Diagnostic> {
        // The rule's rate first: the same rate can be missing for the cost, and the rule is what needs a look.
        let method = self.method(charge, subject.source)?;
        let rate = self.rate(subject.source)?;
        let method = match method {
            Method::Factor(factor) => Method::Factor(factor.times(rate).map_err(|_| too_long(self.customer))?),
            method => method,
        };
        let rule = tax_rule(self.bill, self.settings, self.customer, charge);
        let category = rule.map_or(self.category, |rule| rule.category);
        let kind = match charge.kind() {
            ChargeKind::Usage => ItemKind::Usage,
            ChargeKind::Discount => ItemKind::Discount,
        };
        let item = match method {
            Method::Keep | Method::Refused => None,
            _ => Some(self.items.position(ItemKey { kind, source: subject.source, name: charge.item, category })),
        };
        Ok(Plan { method, item, source: subject.source, unit_price: None })
    }

    fn rate(&mut self, source: u16) -> Result<Amount, Diagnostic> {
        let from = self.bill.sources[usize::from(source)].currency;
        let (to, month) = (self.customer.invoice.currency, self.bill.month);
        let rate = self.settings.fx_rate(month, from, to);
        self.rates[usize::from(source)] = rate;
        rate.ok_or_else(|| missing_rate(month, from, to, &format!("\"{}\" needs it", self.customer.id)))
    }

    fn method(&mut self, charge: &Charge, source: u16) -> Result<Method, Diagnostic> {
        let pricing = &self.customer.pricing;
        let too_long = |_: TooLong| too_long(self.customer);
        Ok(match price_choice(self.bill, self.customer, charge) {
            PriceChoice::Kept => Method::Keep,
            PriceChoice::AtCost => Method::Factor(Amount::whole(1)),
            PriceChoice::DefaultMarkup => Method::Factor(pricing.markup.factor()),
            PriceChoice::Rule(index) => {
                let rule = &pricing.rules[index];
                match &rule.price {
                    Price::UnitPrice(price) => {
                        let rate = self.price_rate(rule.currency, &rule.definition)?;
                        Method::UnitPrice(price.times(rate).map_err(too_long)?)
                    }
                    Price::Tiers(tiers) => {
                        let key = (index, source, charge.item.0);
                        let known = self.tier_index.get(&key).copied();
                        Method::Tiers(match known {
                            Some(state) => state,
                            None => {
                                let rate = self.price_rate(rule.currency, &rule.definition)?;
                                self.tiers.push(TierState::new(tiers_at(tiers, rate).map_err(too_long)?));
                                self.tier_index.insert(key, self.tiers.len() - 1);
                                self.tiers.len() - 1
                            }
                        })
                    }
                    Price::Markup(markup) => Method::Factor(markup.factor()),
                }
            }
        })
    }

    /// What a rule's money is multiplied by.
    fn price_rate(&mut self, from: Currency, definition: &Definition) -> Result<Amount, Diagnostic> {
        let rate = rate_for(self.settings, self.bill.month, self.customer, from, definition)?;
        if from != self.customer.invoice.currency {
            self.price_rates.insert(from, rate);
        }
        Ok(rate)
    }

    /// The issuer's own charges.
    fn fees(&mut self) -> Result<(), Diagnostic> {
        let charged: Vec<(usize, i64)> = self.resources.charged_fees(self.bill.month).collect();
        for (index, count) in charged {
            let fee = &self.customer.fees[index];
            let rate = self.price_rate(fee.amount.currency, &fee.definition)?;
            let price = rounded_at(fee.amount, rate, self.customer).map_err(|_| too_long(self.customer))?;
            let category = fee.tax_category.unwrap_or(self.category);
            self.items.add_fee(fee, price, category, Amount::whole(count)).map_err(|_| too_long(self.customer))?;
        }
        Ok(())
    }

    /// The minimum in the invoice's currency; none for a customer that was charged for nothing.
    fn minimum(&mut self) -> Result<Option<Amount>, Diagnostic> {
        let pricing = &self.customer.pricing;
        let Some(minimum) = pricing.minimum.filter(|_| self.items.has_any()) else {
            return Ok(None);
        };
        let rate = self.price_rate(minimum.currency, &pricing.definitions.minimum)?;
        rounded_at(minimum, rate, self.customer).map(Some).map_err(|_| too_long(self.customer))
    }

    fn source_sums(&self) -> Result<Vec<(Amount, Amount)>, TooLong> {
        let allocated = self.items.costs(self.kept.len())?;
        allocated.iter().zip(&self.kept).map(|(allocated, kept)| Ok((allocated.total()?, kept.total()?))).collect()
    }
}

/// A rate that `[[fx]]` lacks; `who` needs it.
pub(crate) fn missing_rate(month: BillingMonth, from: Currency, to: Currency, who: &str) -> Diagnostic {
    Diagnostic::error(format!("no exchange rate from {from} to {to} for {month}"))
        .at(Place::file("invoicer.toml"))
        .with_note(who)
        .with_hint(format!("add [[fx]] with month = \"{month}\", from = \"{from}\", to = \"{to}\", rate = \"…\""))
}

enum PriceError {
    TooLong,
    NoQuantity,
}

impl From<TooLong> for PriceError {
    fn from(_: TooLong) -> PriceError {
        PriceError::TooLong
    }
}
