//! How a customer is charged for what the provider billed: markups, prices, tiers, fees and the minimum.

use super::amount::Amount;
use super::currency::Currency;
use super::definition::Definition;
use super::matcher::Matcher;
use super::period::{BillingMonth, Validity};
use super::rounding::Rounding;
use super::tax::TaxCategory;

/// An amount of money that a rule sets, with the currency it is meant in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// How much.
    pub amount: Amount,
    /// Of which currency.
    pub currency: Currency,
}

/// One of a customer's `[[pricing.rule]]`s.
#[derive(Clone, Debug)]
pub struct PriceRule {
    /// The charges it prices.
    pub matcher: Matcher,
    /// What it does with them.
    pub price: Price,
    /// Currency of its unit price or tiers.
    pub currency: Currency,
    /// The months it holds for.
    pub validity: Validity,
    /// Where it stands.
    pub definition: Definition,
}

/// What a rule makes of a cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Price {
    /// cost × (1 + markup).
    Markup(Markup),
    /// quantity × price, whatever the provider charged.
    UnitPrice(Amount),
    /// Graduated prices over the month's total quantity.
    Tiers(Vec<Tier>),
}

/// A share added to a cost: 0.15 for 15 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Markup(pub Amount);

impl Markup {
    /// What a cost is multiplied by: 1.15 for 15 %.
    pub fn factor(self) -> Amount {
        self.0.plus(Amount::whole(1)).expect("a markup has at most 30 digits, and one more fits")
    }
}

/// A range of a graduated price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The last unit of the month this price is for; none on the last tier.
    pub up_to: Option<Amount>,
    /// Price per unit.
    pub unit_price: Amount,
}

/// Where amounts are rounded to the currency's minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundAt {
    /// Every detail.
    Line,
    /// Every item of the invoice.
    Item,
    /// The sum per tax category and rate.
    Invoice,
}

impl RoundAt {
    /// The names in TOML.
    pub const NAMES: [(&'static str, RoundAt); 3] =
        [("line", RoundAt::Line), ("item", RoundAt::Item), ("invoice", RoundAt::Invoice)];

    /// The name in TOML.
    pub fn name(self) -> &'static str {
        RoundAt::NAMES.iter().find(|(_, at)| *at == self).map_or("", |(name, _)| name)
    }
}

/// What becomes of the provider's discounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscountRule {
    /// The customer pays the markup on the net cost.
    MarkedUp,
    /// Passed on as they are.
    AtCost,
    /// The issuer keeps them.
    Keep,
}

/// How one customer is priced.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// For charges that no rule matches.
    pub markup: Markup,
    /// How amounts are rounded.
    pub rounding: Rounding,
    /// Where they are rounded.
    pub round_at: RoundAt,
    /// What becomes of discounts.
    pub discounts: DiscountRule,
    /// The least a customer pays a month before tax.
    pub minimum: Option<Money>,
    /// The customer's rules, then the workspace's; the first match wins.
    pub rules: Vec<PriceRule>,
    /// Where the keys are set that hold for this customer.
    pub definitions: PricingDefinitions,
}

/// Where the keys of a [`Pricing`] are set, in the customer's file or the workspace's; of no path where a key is the
/// default.
#[derive(Clone, Debug, Default)]
pub struct PricingDefinitions {
    /// `markup`
    pub markup: Definition,
    /// `rounding`
    pub rounding: Definition,
    /// `round-at`
    pub round_at: Definition,
    /// `discounts`
    pub discounts: Definition,
    /// `minimum`
    pub minimum: Definition,
}

/// What a [`Fee`] is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeePer {
    /// Once a month.
    Month,
    /// For every distinct resource used in the month.
    Resource,
}

impl FeePer {
    /// The names in TOML.
    pub const NAMES: [(&'static str, FeePer); 2] = [("month", FeePer::Month), ("resource", FeePer::Resource)];

    /// The name in TOML.
    pub fn name(self) -> &'static str {
        FeePer::NAMES.iter().find(|(_, per)| *per == self).map_or("", |(name, _)| name)
    }
}

/// A charge of the issuer's own.
#[derive(Clone, Debug)]
pub struct Fee {
    /// What the invoice calls it.
    pub name: String,
    /// Price of one.
    pub amount: Money,
    /// What it is charged for.
    pub per: FeePer,
    /// For a fee per resource: the charges whose resources count.
    pub matcher: Matcher,
    /// Its own tax category; the customer's where absent.
    pub tax_category: Option<TaxCategory>,
    /// The months it holds for.
    pub validity: Validity,
    /// Where it stands.
    pub definition: Definition,
}

impl Fee {
    /// Whether it is charged in `month`.
    pub fn is_due(&self, month: BillingMonth) -> bool {
        self.validity.covers(month)
    }
}
