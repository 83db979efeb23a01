//! A customer's charges as priced details and items (billing-rules §3).
//!
//! Charges of the same subject and item are priced alike, so the rule, tax category and line are looked up once for
//! each such pair (a [`Plan`]) and the rows only multiply and add.

use rustc_hash::FxHashMap;

use super::items::{ItemKey, Items, too_long};
use super::order::Order;
use super::resources::UsedResources;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, Charge, ChargeId, ChargeKind, Interner, NO_PRICE, Subject};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::invoice::{Detail, ItemIndex, ItemKind, LineItem, Share};
use crate::model::matcher::Matcher;
use crate::model::packed::{LongAmounts, Packed};
use crate::model::period::BillingMonth;
use crate::model::price::{DiscountRule, FeePer, Markup, Price, PriceRule, RoundAt, Tier};
use crate::model::settings::{Settings, TaxRule};
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
}

/// Prices what a customer was allocated.
///
/// # Errors
/// A missing exchange rate, a unit price for a row without quantity, a result with too many digits.
pub(crate) fn price(
    bill: &Bill,
    settings: &Settings,
    customer: &Customer,
    order: &Order,
    assigned: Vec<ChargeId>,
    shares: Vec<Share>,
) -> Result<Priced, Diagnostic> {
    let portions = order.sorted(bill, &assigned, &shares);
    drop(assigned);
    let mut pricing = Pricing::new(bill, settings, customer);
    let mut details = Vec::with_capacity(portions.len());
    for portion in portions {
        let share = portion.share.map(|index| &shares[index as usize]);
        let charge = bill.charge(portion.charge);
        let detail = pricing.detail(portion.charge, charge, share)?;
        details.extend(detail.map(|detail| Detail { share: portion.share.map_or(0, |index| index + 1), ..detail }));
    }
    pricing.fees().map_err(|_| too_long(customer))?;
    let by_source = pricing.source_sums().map_err(|_| too_long(customer))?;
    let unit_prices = pricing.unit_prices.values().to_vec();
    let Pricing { items, rates, long_amounts, .. } = pricing;
    let items = items.finish(bill, customer, &rates, &unit_prices, &mut details)?;
    Ok(Priced { items, details, shares, unit_prices, long_amounts, by_source })
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
}

/// A graduated price and how much of the month's quantity it was asked for already.
struct TierState<'a> {
    tiers: &'a [Tier],
    used: Amount,
}

struct Pricing<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    customer: &'a Customer,
    /// Whether a rule speaks of more than source and item's name, so that plans differ by subject.
    by_subject: bool,
    plans: Vec<Plan>,
    known: FxHashMap<PlanKey, u32>,
    /// Plans used lately, by item: rows of a few items alternate, and a look-up in a map would cost more than the price.
    recent: [Option<(PlanKey, u32)>; RECENT],
    tiers: Vec<TierState<'a>>,
    /// By rule, source and item.
    tier_index: FxHashMap<(usize, u16, u32), usize>,
    items: Items,
    unit_prices: Interner<Amount>,
    long_amounts: LongAmounts,
    /// By source: what one unit of its currency is worth in the invoice's, where that was needed.
    rates: Vec<Option<Amount>>,
    /// By source: what the issuer keeps.
    kept: Vec<Sum>,
    /// The customer's own resources, used this month.
    resources: UsedResources<'a>,
}

impl<'a> Pricing<'a> {
    fn new(bill: &'a Bill, settings: &'a Settings, customer: &'a Customer) -> Pricing<'a> {
        let has_products = bill.sources.iter().any(|source| source.kind.has_product_ids());
        let sees_subjects = |matcher: &Matcher| !matcher.sees_only_items() || has_products && matcher.item.is_some();
        let prices = customer.pricing.rules.iter().map(|rule| &rule.matcher);
        let taxes = settings.tax.rules.iter().map(|rule| &rule.matcher);
        Pricing {
            bill,
            settings,
            customer,
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
            kept: vec![Sum::default(); bill.sources.len()],
            resources: UsedResources::new(customer),
        }
    }

    /// A charge or a share of it, priced; none when the issuer keeps it.
    fn detail(&mut self, id: ChargeId, charge: &Charge, share: Option<&Share>) -> Result<Option<Detail>, Diagnostic> {
        let plan = self.plan(charge)?;
        let cost = share.map_or_else(|| self.bill.cost(charge), |share| share.cost);
        let quantity = share.map_or_else(|| self.bill.quantity(charge), |share| share.quantity);
        if share.is_none() {
            self.resources.add(self.bill, charge);
        }
        let priced = self.amount(plan, charge, cost, quantity);
        let priced = priced.map_err(|error| self.refused(charge, error))?;
        Ok(priced.map(|(item, amount, unit_price)| {
            let amount = Packed::new(amount, &mut self.long_amounts);
            Detail { amount, charge: id, item, share: 0, unit_price }
        }))
    }

    fn amount(
        &mut self,
        plan: u32,
        charge: &Charge,
        cost: Amount,
        quantity: Option<Amount>,
    ) -> Result<Option<(ItemIndex, Amount, u32)>, PriceError> {
        let Plan { method, item, source, .. } = self.plans[plan as usize];
        let Some(item) = item else {
            self.kept[usize::from(source)].add(cost)?;
            return Ok(None);
        };
        let exact = match method {
            Method::Factor(factor) => cost.times(factor)?,
            Method::UnitPrice(price) => quantity.ok_or(PriceError::NoQuantity)?.times(price)?,
            Method::Tiers(state) => graduated(&mut self.tiers[state], quantity.ok_or(PriceError::NoQuantity)?)?,
            Method::Keep => Amount::ZERO,
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
            Method::Tiers(_) | Method::Keep => None,
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
    fn plan(&mut self, charge: &Charge) -> Result<u32, Diagnostic> {
        let subject = self.bill.subject(charge);
        let scope = if self.by_subject { charge.subject.0 } else { u32::from(subject.source) };
        let key = (scope, charge.item.0, charge.kind());
        let slot = charge.item.0 as usize % RECENT;
        if let Some((recent, plan)) = self.recent[slot]
            && recent == key
        {
            return Ok(plan);
        }
        let plan = match self.known.get(&key) {
            Some(plan) => *plan,
            None => {
                let plan = self.new_plan(charge, subject)?;
                self.plans.push(plan);
                let index = self.plans.len() as u32 - 1;
                self.known.insert(key, index);
                index
            }
        };
        self.recent[slot] = Some((key, plan));
        Ok(plan)
    }

    fn new_plan(&mut self, charge: &Charge, subject: &Subject) -> Result<Plan, Diagnostic> {
        let rate = self.rate(subject.source)?;
        let method = match self.method(charge, subject.source) {
            Method::Factor(factor) => Method::Factor(factor.times(rate).map_err(|_| too_long(self.customer))?),
            method => method,
        };
        let category = tax_category(self.bill, &self.settings.tax.rules, charge);
        let kind = match charge.kind() {
            ChargeKind::Usage => ItemKind::Usage,
            ChargeKind::Discount => ItemKind::Discount,
        };
        let item = match method {
            Method::Keep => None,
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

    fn method(&mut self, charge: &Charge, source: u16) -> Method {
        let pricing = &self.customer.pricing;
        let discount = charge.kind() == ChargeKind::Discount;
        if discount && pricing.discounts == DiscountRule::Keep {
            return Method::Keep;
        }
        if discount && pricing.discounts == DiscountRule::AtCost {
            return Method::Factor(Amount::whole(1));
        }
        let subject = self.bill.seen(charge.subject);
        let item = self.bill.names.get(charge.item);
        let fits = |(_, rule): &(usize, &PriceRule)| {
            // Unit prices and tiers never apply to discounts: a discount has a cost, not a use.
            let applies = !discount || matches!(rule.price, Price::Markup(_));
            applies && rule.validity.covers(self.bill.month) && rule.matcher.matches(&subject, item)
        };
        let factor = |markup: Markup| Method::Factor(markup.0.plus(Amount::whole(1)).unwrap_or(Amount::whole(1)));
        match pricing.rules.iter().enumerate().find(fits) {
            None => factor(pricing.markup),
            Some((index, rule)) => match &rule.price {
                Price::UnitPrice(price) => Method::UnitPrice(*price),
                Price::Tiers(tiers) => {
                    let state = self.tiers.len();
                    let states = &mut self.tiers;
                    let index = *self.tier_index.entry((index, source, charge.item.0)).or_insert_with(|| {
                        states.push(TierState { tiers, used: Amount::ZERO });
                        state
                    });
                    Method::Tiers(index)
                }
                Price::Markup(markup) => factor(*markup),
            },
        }
    }

    /// The issuer's own charges.
    fn fees(&mut self) -> Result<(), TooLong> {
        let fees = self.customer.fees.iter().enumerate();
        for (index, fee) in fees.filter(|(_, fee)| fee.is_due(self.bill.month)) {
            let count = match fee.per {
                FeePer::Month => 1,
                FeePer::Resource => self.resources.count(index) as i64,
            };
            if count > 0 {
                self.items.add_fee(fee, Amount::whole(count))?;
            }
        }
        Ok(())
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

fn tax_category(bill: &Bill, rules: &[TaxRule], charge: &Charge) -> TaxCategory {
    let subject = bill.seen(charge.subject);
    let item = bill.names.get(charge.item);
    let rule = rules.iter().find(|rule| rule.matcher.matches(&subject, item));
    rule.map_or(TaxCategory::Standard, |rule| rule.category)
}

/// The price of the next `quantity` units of the month.
fn graduated(state: &mut TierState<'_>, quantity: Amount) -> Result<Amount, TooLong> {
    let start = state.used;
    let end = start.plus(quantity)?;
    let mut price = Sum::default();
    let mut floor = Amount::ZERO;
    for tier in state.tiers {
        let ceiling = tier.up_to.map_or(end, |up_to| up_to.min(end));
        let from = floor.max(start);
        if ceiling > from {
            price.add(ceiling.minus(from)?.times(tier.unit_price)?)?;
        }
        floor = tier.up_to.unwrap_or(end);
    }
    state.used = end;
    price.total()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    /// 600,000 + 600,000 units: the first million at 0.2, the rest at 0.1 — 120,000, then 80,000 + 20,000.
    #[test]
    fn tiers_are_graduated_over_the_month() {
        let tiers = [
            Tier { up_to: Some(amount("1000000")), unit_price: amount("0.2") },
            Tier { up_to: None, unit_price: amount("0.1") },
        ];
        let mut state = TierState { tiers: &tiers, used: Amount::ZERO };
        assert_eq!(graduated(&mut state, amount("600000")).unwrap(), amount("120000"));
        assert_eq!(graduated(&mut state, amount("600000")).unwrap(), amount("100000"));
        assert_eq!(graduated(&mut state, amount("0")).unwrap(), Amount::ZERO);
        assert_eq!(graduated(&mut state, amount("10.5")).unwrap(), amount("1.05"));
    }

    /// 25 units over three tiers: 10 × 3 + 10 × 2 + 5 × 1.
    #[test]
    fn one_charge_can_span_tiers() {
        let tiers = [
            Tier { up_to: Some(amount("10")), unit_price: amount("3") },
            Tier { up_to: Some(amount("20")), unit_price: amount("2") },
            Tier { up_to: None, unit_price: amount("1") },
        ];
        let mut state = TierState { tiers: &tiers, used: Amount::ZERO };
        assert_eq!(graduated(&mut state, amount("25")).unwrap(), amount("55"));
    }
}
