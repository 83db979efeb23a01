//! Pricing of a customer's charges: markups, unit prices, tiers, fees and the minimum.

use super::adjustment::PercentOf;
use super::amount::Amount;
use super::currency::Currency;
use super::definition::Definition;
use super::matcher::Matcher;
use super::period::{BillingMonth, Validity};
use super::rounding::Rounding;
use super::tax::TaxCategory;

/// An amount of money in a rule, with its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// The amount.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
}

/// One of a customer's `[[pricing.rule]]`s.
#[derive(Clone, Debug)]
pub struct PriceRule {
    /// The charges it prices.
    pub matcher: Matcher,
    /// How it prices them.
    pub price: Price,
    /// Currency of its unit price or tiers.
    pub currency: Currency,
    /// Whether its unit price or tiers include the tax.
    pub tax_included: bool,
    /// The printed unit of its items that its prices and limits are for; the bill's own where absent.
    pub per: Option<String>,
    /// The months it applies to.
    pub validity: Validity,
    /// Where it is written.
    pub definition: Definition,
}

impl PriceRule {
    /// Whether it prices by the sum of the month, which must be known first.
    pub fn is_by_volume(&self) -> bool {
        matches!(&self.price, Price::Tiers(tiers) if tiers.tiering == Tiering::Volume)
    }
}

/// How a rule prices a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Price {
    /// cost × (1 + markup).
    Markup(Markup),
    /// quantity × price, whatever the provider charged.
    UnitPrice(Amount),
    /// Prices by the month's total quantity.
    Tiers(Tiers),
}

/// Prices by the quantity of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers {
    /// The tiers, in rising order.
    pub tiers: Vec<Tier>,
    /// What they price.
    pub tiering: Tiering,
    /// Whether they measure all items that the rule matches in one sum, and not each item for itself.
    pub together: bool,
}

/// What tiers price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiering {
    /// Each unit by the tier that it falls in.
    Graduated,
    /// All units of the month by the tier that their sum falls in.
    Volume,
}

impl Tiering {
    /// The names in TOML.
    pub const NAMES: [(&'static str, Tiering); 2] = [("graduated", Tiering::Graduated), ("volume", Tiering::Volume)];

    /// The name in TOML.
    pub fn name(self) -> &'static str {
        Tiering::NAMES.iter().find(|(_, tiering)| *tiering == self).map_or("", |(name, _)| name)
    }
}

/// A share added to a cost: 0.15 for 15 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Markup(pub Amount);

impl Markup {
    /// Factor of the cost: 1.15 for 15 %.
    pub fn factor(self) -> Amount {
        self.0.plus(Amount::whole(1)).expect("a markup has at most 30 digits, and one more fits")
    }
}

/// A range of quantities with a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The last unit of the month at this price; none on the last tier.
    pub up_to: Option<Amount>,
    /// Price per unit.
    pub unit_price: Amount,
}

/// Level at which amounts are rounded to the currency's minor unit.
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

/// How the provider's discounts are passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscountRule {
    /// Marked up like usage: the customer pays the markup on the net cost.
    MarkedUp,
    /// Passed on without markup.
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
    /// Level at which they are rounded.
    pub round_at: RoundAt,
    /// How discounts are passed on.
    pub discounts: DiscountRule,
    /// Minimum a customer pays per month, before tax.
    pub minimum: Option<Money>,
    /// Whether adjustments come on top of the minimum, or below it.
    pub minimum_excludes_adjustments: bool,
    /// The customer's rules, then the workspace's; the first match wins.
    pub rules: Vec<PriceRule>,
    /// Where this customer's keys are set.
    pub definitions: PricingDefinitions,
}

/// Where the keys of a [`Pricing`] are set, in the customer's file or the workspace's; the path is empty for a
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

/// Unit that a [`Fee`] is charged per.
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

/// How much of a fee is charged for a part of the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prorate {
    /// All of it.
    None,
    /// Amount × days held ÷ days of the month.
    Days,
    /// Amount × days held ÷ 30: every month counts 30 days.
    Thirty,
}

impl Prorate {
    /// The names in TOML.
    pub const NAMES: [(&'static str, Prorate); 3] =
        [("none", Prorate::None), ("days", Prorate::Days), ("thirty", Prorate::Thirty)];

    /// The name in TOML.
    pub fn name(self) -> &'static str {
        Prorate::NAMES.iter().find(|(_, prorate)| *prorate == self).map_or("", |(name, _)| name)
    }
}

/// How a [`Fee`] is computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeePrice {
    /// A price, and how many of it a month or resource has.
    Amount {
        /// The price of one.
        price: Money,
        /// `quantity`: how many, for each month or resource.
        quantity: Amount,
    },
    /// A percentage of the month's other items.
    Percent(PercentOf),
}

/// The issuer's own charge.
#[derive(Clone, Debug)]
pub struct Fee {
    /// Name printed on the invoice.
    pub name: String,
    /// What is charged.
    pub price: FeePrice,
    /// Whether the price includes the tax.
    pub tax_included: bool,
    /// Unit it is charged per.
    pub per: FeePer,
    /// How much of it is charged for a part of the month.
    pub prorate: Prorate,
    /// For a fee per resource: the charges whose resources count.
    pub matcher: Matcher,
    /// Its tax category; the customer's where absent.
    pub tax_category: Option<TaxCategory>,
    /// The months it applies to.
    pub validity: Validity,
    /// Where it is written.
    pub definition: Definition,
}

impl Fee {
    /// Whether it is charged in `month`.
    pub fn is_due(&self, month: BillingMonth) -> bool {
        self.validity.covers(month)
    }
}
