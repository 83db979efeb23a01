//! Prices a customer's charges as details and items (billing-rules §3).
//!
//! Charges of the same subject and item are priced alike, so the rule, tax category and line are looked up once for
//! each such pair (a [`Plan`]) and the rows only multiply and add.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::category_split::{CategorySplit, category_split};
use super::items::{FinishedLines, ItemKey, Items, LineContext};
use super::order::{self, Order};
use super::own_money::{rate_for, rounded_at};
use super::own_units::OwnUnits;
use super::price_choice::{PriceChoice, own_status, price_choice, tax_rule};
use super::prorating::{ChargedFee, HeldBy};
use super::resources::UsedResources;
use super::rule_finder::RuleFinder;
use super::rule_prices::{BillItem, RulePrices};
use super::sections::Sections;
use super::tiers::{TierKey, TierState};
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, Charge, ChargeId, ChargeKind, EMPTY, Interner, NO_PRICE, Subject};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::definition::Definition;
use crate::model::invoice::{CategoryPart, Detail, ItemIndex, ItemKind, LineItem, Portion, Share};
use crate::model::matcher::Matcher;
use crate::model::packed::{LongAmounts, Packed};
use crate::model::period::BillingMonth;
use crate::model::price::{Fee, FeePrice, Price, PriceRule, RoundAt};
use crate::model::settings::{Settings, TaxRule};
use crate::model::tax::TaxCategory;

/// A customer's priced charges.
#[derive(Debug)]
pub(crate) struct PricedCustomer {
    pub(crate) items: Vec<LineItem>,
    pub(crate) details: Vec<Detail>,
    pub(crate) shares: Vec<Share>,
    pub(crate) category_parts: Vec<CategoryPart>,
    pub(crate) unit_prices: Vec<Amount>,
    pub(crate) long_amounts: LongAmounts,
    /// Per source, what the customer bears and what the issuer keeps of it, in the source's currency.
    pub(crate) by_source: Vec<(Amount, Amount)>,
    /// The rates at which rules' prices were converted, by the prices' currency.
    pub(crate) price_rates: BTreeMap<Currency, Amount>,
    /// Sum of charges, fees and adjustments before any rounding.
    pub(crate) exact_sum: Amount,
}

/// Prices the charges allocated to a customer.
///
/// # Errors
/// Everything that prevents a charge from being priced: missing exchange rates, unit prices for rows without quantity,
/// tax
/// categories without a rate, results with too many digits.
pub(crate) fn price(
    bill: &Bill,
    settings: &Settings,
    customer: &Customer,
    order: &Order,
    held: HeldBy<'_>,
    assigned: Vec<ChargeId>,
    shares: Vec<Share>,
) -> Result<PricedCustomer, Problems> {
    let of_shares = shares.iter().map(|share| share.charge);
    let units = OwnUnits::of(bill, assigned.iter().copied().chain(of_shares).map(|id| bill.charge(id)));
    let mut pricing = CustomerPricer::new(bill, settings, customer, held, units);
    if customer.pricing.rules.iter().any(PriceRule::is_by_volume) {
        for portion in order.sorted(bill, &assigned, &shares) {
            pricing.measure(bill.charge(portion.charge), portion.share.map(|index| &shares[index as usize]));
        }
    }
    let portions = order.sorted(bill, &assigned, &shares);
    drop(assigned);
    let mut details = Vec::with_capacity(portions.len());
    let mut discounts = Vec::new();
    for portion in portions {
        let share = portion.share.map(|index| &shares[index as usize]);
        let charge = bill.charge(portion.charge);
        match pricing.detail(portion, charge, share) {
            None | Some(Outcome::Kept) => {}
            Some(Outcome::Detail(detail)) => details.push(detail),
            Some(Outcome::WholeBill(discount)) => discounts.push((details.len(), discount)),
        }
    }
    let (mut details, category_parts) = match pricing.spread(details, discounts) {
        Ok(spread) => spread,
        Err(error) => {
            pricing.refuse(error.into());
            return Err(pricing.problems);
        }
    };
    let charged_fees = pricing.resources.charged_fees(bill.month);
    pricing.convert_own_money(&charged_fees);
    let minimum = pricing.minimum(&charged_fees).unwrap_or_else(|problem| {
        pricing.refuse(problem);
        None
    });
    let by_source = pricing.source_sums();
    let unit_prices = pricing.unit_prices.values().to_vec();
    let least = minimum.map(|minimum| (minimum, pricing.category));
    // Priced items may still lack a tax rate.
    let CustomerPricer { items, rates, rule_prices, long_amounts, price_rates, mut problems, .. } = pricing;
    let context = LineContext {
        bill,
        settings,
        customer,
        charged_fees: &charged_fees,
        rates: &rates,
        unit_prices: &unit_prices,
        units: rule_prices.units(),
    };
    let finished = items.finish(context, least, &mut details).map_err(|found| {
        found.into_iter().for_each(|problem| push_once(&mut problems, problem));
    });
    match (problems.keep(by_source), finished) {
        (Some(by_source), Ok(FinishedLines { lines: items, exact_sum })) if problems.is_empty() => Ok(PricedCustomer {
            items,
            details,
            shares,
            category_parts,
            unit_prices,
            long_amounts,
            by_source,
            price_rates,
            exact_sum,
        }),
        _ => Err(problems),
    }
}

/// Reports a problem, unless the same was reported.
fn push_once(problems: &mut Problems, problem: Diagnostic) {
    if problems.iter().all(|known| known.message != problem.message) {
        problems.push(problem);
    }
}

/// How all charges of a subject and item are priced.
struct Plan {
    method: Method,
    key: ItemKey,
    /// Position in [`Items`]; none until the first detail.
    item: Option<u32>,
    /// Whether it is a discount that no rule gives a tax category: on a whole bill it takes that of the usage it
    /// reduces.
    follows_usage: bool,
    /// The provider's last price and the customer's price made from it, both by index: most plans see only one.
    unit_price: Option<(u32, u32)>,
}

/// Subject (or source, where no rule matches on subjects), item and kind.
type PlanKey = (u32, u32, ChargeKind);

const RECENT: usize = 32;

#[derive(Clone, Copy)]
enum Method {
    /// cost × factor, which includes the exchange rate.
    Factor(Amount),
    /// quantity × price.
    UnitPrice(Amount),
    /// Graduated prices, by index of their state.
    Tiers(usize),
    /// The issuer keeps it.
    Keep,
    /// No price; the reason was reported with the first of its charges.
    Refused,
}

struct CustomerPricer<'a> {
    bill: &'a Bill,
    settings: &'a Settings,
    customer: &'a Customer,
    /// The category of charges that no rule matches.
    category: TaxCategory,
    /// Whether a rule or section depends on more than source and item, so that plans differ by subject.
    by_subject: bool,
    plans: Vec<Plan>,
    known: FxHashMap<PlanKey, u32>,
    /// Cache of recent plans by item: rows of a few items alternate, and a map look-up would cost more than pricing a
    /// row.
    recent: [Option<(PlanKey, u32)>; RECENT],
    tiers: Vec<TierState>,
    /// The index of each state, with the first item that it measures.
    tier_index: FxHashMap<TierKey, (usize, BillItem)>,
    price_rules: RuleFinder<'a, PriceRule>,
    tax_rules: RuleFinder<'a, TaxRule>,
    rule_prices: RulePrices<'a>,
    items: Items<'a>,
    unit_prices: Interner<Amount>,
    long_amounts: LongAmounts,
    /// Per source, the exchange rate from its currency to the invoice's, filled in when needed.
    rates: Vec<Option<Amount>>,
    /// The exchange rate from each currency of rules' money to the invoice's, filled in when needed.
    price_rates: BTreeMap<Currency, Amount>,
    /// Per source, what the issuer keeps.
    kept: Vec<Sum>,
    /// The customer's own resources used this month.
    resources: UsedResources<'a>,
    /// Errors that prevent charges from being priced, each kind once.
    problems: Problems,
}

impl<'a> CustomerPricer<'a> {
    fn new(
        bill: &'a Bill,
        settings: &'a Settings,
        customer: &'a Customer,
        held: HeldBy<'a>,
        units: OwnUnits<'a>,
    ) -> CustomerPricer<'a> {
        let has_products = bill.sources.iter().any(|source| source.kind.has_product_ids());
        let sees_subjects = |matcher: &Matcher| !matcher.sees_only_items() || has_products && matcher.item.is_some();
        let prices = customer.pricing.rules.iter().map(|rule| &rule.matcher);
        let taxes = settings.tax_rules.iter().map(|rule| &rule.matcher);
        let sections = Sections::new(settings, customer);
        CustomerPricer {
            bill,
            settings,
            customer,
            category: own_status(settings, customer).0,
            by_subject: sections.are_set() || prices.chain(taxes).any(sees_subjects),
            plans: Vec::new(),
            known: FxHashMap::default(),
            recent: [None; RECENT],
            tiers: Vec::new(),
            tier_index: FxHashMap::default(),
            price_rules: RuleFinder::new(&customer.pricing.rules),
            tax_rules: RuleFinder::new(&settings.tax_rules),
            rule_prices: RulePrices::new(bill, settings, customer, units),
            items: Items::new(sections),
            unit_prices: Interner::default(),
            long_amounts: LongAmounts::new(),
            rates: vec![None; bill.sources.len()],
            price_rates: BTreeMap::new(),
            kept: vec![Sum::default(); bill.sources.len()],
            resources: UsedResources::new(customer, held),
            problems: Problems::default(),
        }
    }

    /// Reports why a charge cannot be priced, unless the same was reported for another.
    fn refuse(&mut self, problem: Diagnostic) {
        push_once(&mut self.problems, problem);
    }

    /// Counts the units of a charge that is priced by the sum of the month.
    fn measure(&mut self, charge: &Charge, share: Option<&Share>) {
        let plan = self.plan(charge);
        let Method::Tiers(state) = self.plans[plan as usize].method else {
            return;
        };
        // A charge without a quantity is refused when it is priced.
        let quantity = share.map_or_else(|| self.bill.quantity(charge), |share| share.quantity);
        if let Some(Err(error)) = quantity.map(|quantity| self.tiers[state].measure(quantity)) {
            self.refuse(self.refused(charge, error.into()));
        }
    }

    /// Prices a charge or a share of it; none when it cannot be priced.
    fn detail(&mut self, portion: order::ChargePortion, charge: &Charge, share: Option<&Share>) -> Option<Outcome> {
        let plan = self.plan(charge);
        let cost = share.map_or_else(|| self.bill.cost(charge), |share| share.cost);
        let quantity = share.map_or_else(|| self.bill.quantity(charge), |share| share.quantity);
        if share.is_none_or(Share::is_own) {
            self.resources.add(self.bill, charge);
        }
        let is_shared = share.is_some_and(|share| !share.is_own());
        match self.outcome(plan, portion, (charge, is_shared), cost, quantity) {
            Ok(outcome) => outcome,
            Err(error) => {
                self.refuse(self.refused(charge, error));
                // All rows of a plan fail in the same way.
                self.plans[plan as usize].method = Method::Refused;
                None
            }
        }
    }

    fn outcome(
        &mut self,
        plan: u32,
        portion: order::ChargePortion,
        (charge, is_shared): (&Charge, bool),
        cost: Amount,
        quantity: Option<Amount>,
    ) -> Result<Option<Outcome>, PriceError> {
        let Plan { method, mut key, item, follows_usage, .. } = self.plans[plan as usize];
        // The tags of what several customers share, or had one after the other, may be those of others: a row of the month has
        // those of whoever had the resource when the bill was made.
        let is_outside = portion.share.is_some() && key.section.is_some();
        if is_outside {
            key.section = None;
        }
        let exact = match method {
            Method::Factor(factor) => cost.times(factor)?,
            Method::UnitPrice(_) | Method::Tiers(_) if self.has_opposite_signs(charge) => {
                return Err(PriceError::OppositeSigns);
            }
            Method::UnitPrice(price) => quantity.ok_or(PriceError::NoQuantity)?.times(price)?,
            Method::Tiers(state) => self.tiers[state].price(quantity.ok_or(PriceError::NoQuantity)?, |_| {})?,
            Method::Keep => {
                self.kept[usize::from(key.source)].add(cost)?;
                return Ok(Some(Outcome::Kept));
            }
            Method::Refused => return Ok(None),
        };
        let unit_price = self.unit_price(plan, charge)?;
        let of_no_resource = || self.bill.subject(charge).resource == EMPTY;
        if follows_usage && (is_shared || of_no_resource()) {
            let discount = WholeBillDiscount { portion, key, exact, cost, quantity, unit_price };
            return Ok(Some(Outcome::WholeBill(discount)));
        }
        let item = item.filter(|_| !is_outside).unwrap_or_else(|| self.items.position(key));
        if !is_outside {
            self.plans[plan as usize].item = Some(item);
        }
        let amount = self.add(item, exact, cost, quantity, unit_price)?;
        let of_charge = portion.share.map_or(Portion::Whole, Portion::Share).packed();
        let (charge, item) = (portion.charge, ItemIndex(item));
        Ok(Some(Outcome::Detail(Detail { amount, charge, item, portion: of_charge, unit_price })))
    }

    /// Adds a detail to its item and packs its amount, rounded where every detail is rounded.
    fn add(
        &mut self,
        item: u32,
        exact: Amount,
        cost: Amount,
        quantity: Option<Amount>,
        unit_price: u32,
    ) -> Result<Packed, TooLong> {
        let pricing = &self.customer.pricing;
        let amount = match pricing.round_at {
            RoundAt::Line => pricing.rounding.apply(exact, self.customer.invoice.currency.decimals())?,
            RoundAt::Item | RoundAt::Invoice => exact,
        };
        self.items.add(item, (exact, amount), cost, quantity, unit_price)?;
        Ok(Packed::new(amount, &mut self.long_amounts))
    }

    /// Inserts discounts on whole bills into the details, in the tax categories of the usage they reduce. Each is split
    /// in the ratio of the exact amounts of the customer's usage of the same source, so that a discount on everything
    /// never makes one category negative while another pays (NTA Q&A on 一括値引).
    fn spread(
        &mut self,
        details: Vec<Detail>,
        discounts: Vec<(usize, WholeBillDiscount)>,
    ) -> Result<(Vec<Detail>, Vec<CategoryPart>), TooLong> {
        if discounts.is_empty() {
            return Ok((details, Vec::new()));
        }
        let usage = self.items.usage_by_category(self.kept.len(), &self.settings.taxes, self.bill.month)?;
        let mut all = Vec::with_capacity(details.len() + 2 * discounts.len());
        let mut parts = Vec::new();
        let mut rest = details.into_iter();
        let mut taken = 0;
        for (place, discount) in discounts {
            all.extend(rest.by_ref().take(place - taken));
            taken = place;
            let WholeBillDiscount { portion, key, exact, cost, quantity, unit_price } = discount;
            let portion_charge = portion.charge;
            let split = category_split(&usage[usize::from(key.source)], exact, cost, quantity)?;
            let is_split = split.len() > 1;
            for CategorySplit { category, exact, cost, quantity } in split {
                let item = self.items.position(ItemKey { category: category.unwrap_or(key.category), ..key });
                let amount = self.add(item, exact, cost, quantity, unit_price)?;
                let of_charge = match is_split {
                    true => {
                        parts.push(CategoryPart { share: portion.share, cost, quantity });
                        Portion::CategoryPart(parts.len() as u32 - 1)
                    }
                    false => portion.share.map_or(Portion::Whole, Portion::Share),
                };
                let (item, portion) = (ItemIndex(item), of_charge.packed());
                all.push(Detail { amount, charge: portion_charge, item, portion, unit_price });
            }
        }
        all.extend(rest);
        Ok((all, parts))
    }

    /// Index of the customer's price per unit: the provider's with exchange rate and markup, or the rule's.
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
            Method::Tiers(state) => self.tiers[state].flat_price(),
            Method::Keep | Method::Refused => None,
        };
        let index = price.map_or(NO_PRICE, |price| self.unit_prices.intern(price));
        self.plans[plan as usize].unit_price = Some((charge.unit_price, index));
        Ok(index)
    }

    /// Whether the provider gives money back for a quantity above zero, or the other way round: providers state what they correct
    /// in both ways, so nobody knows whether the quantity is given back, too.
    fn has_opposite_signs(&self, charge: &Charge) -> bool {
        let cost = self.bill.cost(charge);
        let is_opposite = |quantity: Amount| {
            cost.is_negative() && quantity.is_positive() || cost.is_positive() && quantity.is_negative()
        };
        self.bill.quantity(charge).is_some_and(is_opposite)
    }

    /// Where the rule that prices a charge is written, or else the customer's file.
    fn place_of_rule(&self, charge: &Charge) -> String {
        match price_choice(self.bill, self.customer, &self.price_rules, charge) {
            PriceChoice::Rule(index) => {
                let Definition { path, line, .. } = &self.customer.pricing.rules[index].definition;
                format!("{path}:{line}")
            }
            PriceChoice::Kept | PriceChoice::AtCost | PriceChoice::DefaultMarkup => self.customer.path.clone(),
        }
    }

    fn refused(&self, charge: &Charge, error: PriceError) -> Diagnostic {
        let (path, row) = self.bill.origin(charge);
        let customer = &self.customer.id;
        let item = self.bill.names.get(charge.item);
        match error {
            PriceError::TooLong => {
                Diagnostic::error(format!("the price for customer \"{customer}\" has too many digits to be exact"))
            }
            PriceError::OppositeSigns => {
                let (cost, quantity) = (self.bill.cost(charge), self.bill.quantity(charge).unwrap_or(Amount::ZERO));
                let message = format!(
                    "the row costs {cost} for a quantity of {quantity}, but \"{customer}\" pays for {item} by quantity"
                );
                let rule = self.place_of_rule(charge);
                Diagnostic::error(message).with_hint(match self.bill.source(charge).kind.is_focus() {
                    true => format!(
                        "price what is given back by its cost: before {rule}, add a [[pricing.rule]] with a markup and \
                         tag = {{ \"focus:ChargeClass\" = \"Correction\" }}"
                    ),
                    false => format!("use a markup for {item} in {rule}, or narrow the rule's item"),
                })
            }
            PriceError::NoQuantity => {
                let message = match &self.bill.source(charge).quantity_column {
                    Some(column) => {
                        format!("the row gives no quantity in {column}, but \"{customer}\" pays for {item} by quantity")
                    }
                    None => format!("the row gives no quantity, but \"{customer}\" pays for {item} by quantity"),
                };
                let rule = self.place_of_rule(charge);
                Diagnostic::error(message)
                    .with_hint(format!("use a markup for {item} in {rule}, or narrow the rule's item"))
            }
        }
        .at(Place::line(path, row))
    }

    /// The plan for a charge, which is made when it is new.
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
                    let (kind, category) = (ItemKind::Usage, self.category);
                    let (source, name) = (subject.source, charge.item);
                    let key = ItemKey { kind, source, name, category, tax_included: false, section: None };
                    Plan { method: Method::Refused, key, item: None, follows_usage: false, unit_price: None }
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
        // Looks up the rule's rate first: the same rate can be missing for the cost, but the message should name the
        // rule.
        let choice = price_choice(self.bill, self.customer, &self.price_rules, charge);
        let method = self.method(choice, charge, subject.source)?;
        let rate = self.rate(subject.source)?;
        let method = match method {
            Method::Factor(factor) => Method::Factor(factor.times(rate)?),
            method => method,
        };
        let rule = tax_rule(self.bill, &self.tax_rules, self.customer, charge);
        let category = rule.map_or(self.category, |rule| rule.category);
        let is_named = rule.is_some_and(|rule| rule.names_charges);
        let kind = match charge.kind() {
            ChargeKind::Usage => ItemKind::Usage,
            ChargeKind::Discount => ItemKind::Discount,
        };
        let section = self.items.sections.of_charge(self.bill, charge);
        let tax_included = category.is_taxed() && self.price_includes_tax(choice);
        let (source, name) = (subject.source, charge.item);
        let key = ItemKey { kind, source, name, category, tax_included, section };
        let follows_usage = kind == ItemKind::Discount && !is_named;
        Ok(Plan { method, key, item: None, follows_usage, unit_price: None })
    }

    fn price_includes_tax(&self, choice: PriceChoice) -> bool {
        match choice {
            PriceChoice::Rule(index) => self.customer.pricing.rules[index].tax_included,
            PriceChoice::Kept | PriceChoice::AtCost | PriceChoice::DefaultMarkup => false,
        }
    }

    fn rate(&mut self, source: u16) -> Result<Amount, Diagnostic> {
        let from = self.bill.sources[usize::from(source)].currency;
        let (to, month) = (self.customer.invoice.currency, self.bill.month);
        let rate = self.settings.fx_rate(month, from, to);
        self.rates[usize::from(source)] = rate;
        rate.ok_or_else(|| missing_rate(month, from, to, &format!("\"{}\" needs it", self.customer.id)))
    }

    fn method(&mut self, choice: PriceChoice, charge: &Charge, source: u16) -> Result<Method, Diagnostic> {
        let pricing = &self.customer.pricing;
        Ok(match choice {
            PriceChoice::Kept => Method::Keep,
            PriceChoice::AtCost => Method::Factor(Amount::whole(1)),
            PriceChoice::DefaultMarkup => Method::Factor(pricing.markup.factor()),
            PriceChoice::Rule(index) => {
                let rule = &pricing.rules[index];
                let item = (source, charge.item);
                match &rule.price {
                    Price::UnitPrice(price) => {
                        let rate = self.price_rate(rule.currency, &rule.definition)?;
                        let scale = self.rule_prices.scale(rule, item)?;
                        Method::UnitPrice(self.rule_prices.price(rule, *price, rate, scale)?)
                    }
                    Price::Tiers(tiers) => {
                        let key = (index, Some(item).filter(|_| !tiers.together));
                        let scale = self.rule_prices.scale(rule, item)?;
                        Method::Tiers(match self.tier_index.get(&key).copied() {
                            Some((state, first)) => {
                                self.rule_prices.check_together(rule, first, item)?;
                                state
                            }
                            None => {
                                let rate = self.price_rate(rule.currency, &rule.definition)?;
                                let prices = self.rule_prices.tiers(rule, tiers, rate, scale)?;
                                self.tiers.push(TierState::new(prices, tiers.tiering));
                                self.tier_index.insert(key, (self.tiers.len() - 1, item));
                                self.tiers.len() - 1
                            }
                        })
                    }
                    Price::Markup(markup) => Method::Factor(markup.factor()),
                }
            }
        })
    }

    /// The exchange rate of a rule's money.
    fn price_rate(&mut self, from: Currency, definition: &Definition) -> Result<Amount, Diagnostic> {
        let rate = rate_for(self.settings, self.bill.month, self.customer, from, definition)?;
        if from != self.customer.invoice.currency {
            self.price_rates.insert(from, rate);
        }
        Ok(rate)
    }

    /// Looks up the exchange rates of fees and adjustments.
    fn convert_own_money(&mut self, charged_fees: &[ChargedFee]) {
        let customer = self.customer;
        let fees = charged_fees.iter().filter_map(|charged| match &customer.fees[charged.fee] {
            fee @ Fee { price: FeePrice::Amount { price, .. }, .. } => Some((price.currency, &fee.definition)),
            _ => None,
        });
        let adjustments = self.settings.adjustments_of(self.bill.month, customer);
        let adjustments = adjustments.iter().filter_map(|own| Some((own.currency()?, &own.definition)));
        for (currency, definition) in fees.chain(adjustments).collect::<Vec<_>>() {
            if let Err(problem) = self.price_rate(currency, definition) {
                self.refuse(problem);
            }
        }
    }

    /// The minimum in the invoice's currency; none for a customer who is charged for nothing that it counts.
    fn minimum(&mut self, charged_fees: &[ChargedFee]) -> Result<Option<Amount>, Diagnostic> {
        let pricing = &self.customer.pricing;
        let is_of_amount =
            |charged: &ChargedFee| matches!(self.customer.fees[charged.fee].price, FeePrice::Amount { .. });
        let counts_adjustments = !pricing.minimum_excludes_adjustments;
        let has_any = self.items.has_any()
            || charged_fees.iter().any(is_of_amount)
            || counts_adjustments && !self.settings.adjustments_of(self.bill.month, self.customer).is_empty();
        let Some(minimum) = pricing.minimum.filter(|_| has_any) else {
            return Ok(None);
        };
        let rate = self.price_rate(minimum.currency, &pricing.definitions.minimum)?;
        Ok(Some(rounded_at(minimum, rate, self.customer)?))
    }

    fn source_sums(&self) -> Result<Vec<(Amount, Amount)>, TooLong> {
        let allocated = self.items.costs(self.kept.len())?;
        allocated.iter().zip(&self.kept).map(|(allocated, kept)| Ok((allocated.total()?, kept.total()?))).collect()
    }
}

/// Error for a rate missing from `[[fx]]` that `who` needs.
pub(crate) fn missing_rate(month: BillingMonth, from: Currency, to: Currency, who: &str) -> Diagnostic {
    Diagnostic::error(format!("no exchange rate from {from} to {to} for {month}"))
        .at(Place::file("invoicer.toml"))
        .with_note(who)
        .with_hint(format!("add [[fx]] with month = \"{month}\", from = \"{from}\", to = \"{to}\", rate = \"…\""))
}

/// Result of pricing a charge or share.
enum Outcome {
    /// The issuer keeps it.
    Kept,
    /// A detail.
    Detail(Detail),
    /// A discount whose tax category is known only after all usage is priced.
    WholeBill(WholeBillDiscount),
}

/// A priced discount that is shared or has no resource, and that no rule gives a tax category.
struct WholeBillDiscount {
    portion: order::ChargePortion,
    /// Its item, with the category it has where there is no usage to reduce.
    key: ItemKey,
    exact: Amount,
    cost: Amount,
    quantity: Option<Amount>,
    unit_price: u32,
}

enum PriceError {
    TooLong,
    NoQuantity,
    OppositeSigns,
}

impl From<TooLong> for PriceError {
    fn from(_: TooLong) -> PriceError {
        PriceError::TooLong
    }
}
