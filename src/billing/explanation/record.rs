//! The record of an explanation: everything a person needs to compute an invoice again with a calculator.

use serde::Serialize;

use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::definition::Definition;
use crate::model::invoice::{ItemKind, Status};
use crate::model::tax::{TaxCategory, TaxRate};

/// How an invoice, or some of its lines, came about.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation<'a> {
    /// Invoice number.
    pub number: &'a str,
    /// Billing month, `202208`.
    pub month: String,
    /// How final the invoice is.
    pub status: Status,
    /// Customer id.
    pub customer: &'a str,
    /// Currency of the invoice's amounts.
    pub currency: Currency,
    /// Where the rules are that it was made from, when those are copies that were kept: their paths begin there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_directory: Option<String>,
    /// How the amounts before tax are rounded.
    pub rounding: RoundingExplanation<'a>,
    /// The lines asked for.
    pub lines: Vec<LineExplanation<'a>>,
    /// From the lines to the total; only where the whole invoice is explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<TotalsExplanation<'a>>,
}

/// A rule or key of the workspace's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rule<'a> {
    /// Path from the workspace's root.
    pub file: &'a str,
    /// Line, counted from 1.
    pub line: u32,
    /// What is written there.
    pub text: &'a str,
}

impl<'a> Rule<'a> {
    /// The rule that stands there; none for a default, which stands nowhere.
    pub(super) fn at(definition: &'a Definition) -> Option<Rule<'a>> {
        let Definition { path, line, text, .. } = definition;
        (!path.is_empty()).then_some(Rule { file: path, line: *line, text })
    }
}

/// How amounts before tax are rounded.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RoundingExplanation<'a> {
    /// `up`, `down`, `half-up` or `half-even`.
    pub mode: &'static str,
    /// Where the mode is set; none when it is the default.
    pub mode_rule: Option<Rule<'a>>,
    /// `line`, `item` or `invoice`.
    pub at: &'static str,
    /// Where that is set; none when it is the default.
    pub at_rule: Option<Rule<'a>>,
    /// Decimals of the currency.
    pub decimals: u32,
}

/// How a line of an invoice came about.
#[derive(Clone, Debug, Serialize)]
pub struct LineExplanation<'a> {
    /// Its number on the invoice.
    pub line: usize,
    /// What it stands for.
    pub kind: ItemKind,
    /// The source's name; empty for fees, the minimum and rounding.
    pub source: &'a str,
    /// Bill item or fee.
    pub name: &'a str,
    /// Unit of the quantities, empty when the provider names none.
    pub unit: &'static str,
    /// Tax category.
    pub tax_category: TaxCategory,
    /// Tax rate.
    pub tax_rate: TaxRate,
    /// What gave the category: `[[tax.rule]]`s, or the customer's `[tax] category`; none where it is the standard one or a
    /// fee's own.
    pub tax_rules: Vec<Rule<'a>>,
    /// What it is made of.
    #[serde(flatten)]
    pub origin: LineOrigin<'a>,
    /// The sum before the line is rounded.
    pub exact: Amount,
    /// What is printed.
    pub amount: Amount,
}

/// What a line is made of.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineOrigin<'a> {
    /// Rows of a provider's bill.
    Charges(ChargesExplanation<'a>),
    /// The issuer's own charge.
    Fee(FeeExplanation<'a>),
    /// What was missing to the minimum.
    Minimum(MinimumExplanation<'a>),
    /// 端数調整.
    Adjustment(AdjustmentExplanation),
    /// What earlier months left below zero.
    Carried(CarriedExplanation),
    /// 端数調整 that lifts to zero what rounding alone made negative.
    Lift(LiftExplanation),
}

/// The rows of a line.
#[derive(Clone, Debug, Serialize)]
pub struct ChargesExplanation<'a> {
    /// Currency of costs and shares.
    pub currency: Currency,
    /// The rate from there to the invoice's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeExplanation<'a>>,
    /// In which ratios rows are shared; rows name them by their position, counted from 1.
    pub sharings: Vec<SharingExplanation<'a>>,
    /// The rows, by what prices them.
    pub parts: Vec<PartExplanation<'a>>,
}

/// An exchange rate.
#[derive(Clone, Debug, Serialize)]
pub struct ExchangeExplanation<'a> {
    /// One unit of this
    pub from: Currency,
    /// is worth that many of this.
    pub to: Currency,
    /// The rate.
    pub rate: Amount,
    /// Where it is given.
    pub rule: Option<Rule<'a>>,
}

/// Money of a rule in another currency than the invoice's.
#[derive(Clone, Debug, Serialize)]
pub struct ConversionExplanation<'a> {
    /// What the rule says.
    pub given: Amount,
    /// The rate.
    pub exchange: ExchangeExplanation<'a>,
    /// Given × rate.
    pub exact: Amount,
}

/// In which ratio charges are shared.
#[derive(Clone, Debug, Serialize)]
pub struct SharingExplanation<'a> {
    /// The `[[allocation.share]]`; none for discounts that no rule shares.
    pub rule: Option<Rule<'a>>,
    /// `amount`, `quantity`, `resources`, `even` or `weights`.
    pub by: &'static str,
    /// Every customer that bears a part, by id.
    pub measured: Vec<MeasuredExplanation<'a>>,
    /// The sum of what was measured.
    pub total: Amount,
}

/// A customer's weight in a ratio.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredExplanation<'a> {
    /// Customer id.
    pub customer: &'a str,
    /// What was measured of it, or given.
    pub weight: Amount,
}

/// Rows of a line that are priced alike.
#[derive(Clone, Debug, Serialize)]
pub struct PartExplanation<'a> {
    /// How they are priced.
    pub price: PriceExplanation<'a>,
    /// Where they are discounts that are split over tax categories: by what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitExplanation>,
    /// Each row; where only a resource's are asked for, only those.
    pub rows: Vec<RowExplanation<'a>>,
    /// The sums of the rows shown.
    pub shown: RowSums,
    /// The sums of all rows, shown or not.
    pub all: RowSums,
}

/// Discounts on a whole bill, split over the tax categories of the usage that they reduce. Price, cost and quantity of each
/// row are split like shares.
#[derive(Clone, Debug, Serialize)]
pub struct SplitExplanation {
    /// The exact amounts of usage, by category.
    pub usage: Vec<CategoryWeight>,
    /// This line's category.
    pub weight: Amount,
    /// Their sum.
    pub total: Amount,
    /// What the rows cost before they are split, in the source's currency.
    pub of_cost: Amount,
    /// Prices before they are split.
    pub of_exact: Amount,
}

/// The usage of a tax category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryWeight {
    /// Category.
    pub category: TaxCategory,
    /// Exact amount.
    pub amount: Amount,
}

/// What rows add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RowSums {
    /// How many rows.
    pub rows: usize,
    /// Units; none where a row gives none.
    pub quantity: Option<Amount>,
    /// What the customer bears of the provider's charges, in the source's currency.
    pub cost: Amount,
    /// Prices before rounding.
    pub exact: Amount,
    /// Prices, rounded where every row is.
    pub amount: Amount,
}

/// How rows are priced.
#[derive(Clone, Debug, Serialize)]
pub struct PriceExplanation<'a> {
    /// `markup`, `unit-price`, `tiers` or `at-cost`.
    pub method: &'static str,
    /// The `[[pricing.rule]]` or key of `[pricing]`; none for the default markup of nought.
    pub rule: Option<Rule<'a>>,
    /// What a cost is multiplied by, an exchange rate apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<Amount>,
    /// Price of a unit, in the invoice's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Amount>,
    /// Where the rule's unit price is in another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionExplanation<'a>>,
    /// The tiers, with what fell in each of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierExplanation<'a>>,
}

/// A tier with the units of the part that fell in it.
#[derive(Clone, Debug, Serialize)]
pub struct TierExplanation<'a> {
    /// The last unit of the month it is for; none for the last tier.
    pub up_to: Option<Amount>,
    /// Price of a unit, in the invoice's currency.
    pub unit_price: Amount,
    /// Where the rule's price is in another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionExplanation<'a>>,
    /// How many units fell in it.
    pub units: Amount,
    /// Their price.
    pub amount: Amount,
}

/// A row of a provider's bill, or a customer's share of it.
#[derive(Clone, Debug, Serialize)]
pub struct RowExplanation<'a> {
    /// File it stands in, from the workspace's root.
    pub file: &'a str,
    /// Its line there.
    pub row: u32,
    /// Day or month.
    pub date: String,
    /// Id of the resource, empty when it is of none.
    pub resource: &'a str,
    /// Name of the resource.
    pub resource_name: &'a str,
    /// Bill item.
    pub item: &'a str,
    /// Units the customer bears.
    pub quantity: Option<Amount>,
    /// Cost the customer bears, in the source's currency.
    pub cost: Amount,
    /// The `[[match]]` that claimed it; none for a shared row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Rule<'a>>,
    /// How it is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareExplanation>,
    /// The units that fell in each tier, for graduated prices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierUnits>,
    /// The price before rounding.
    pub exact: Amount,
    /// The price, rounded where every row is.
    pub amount: Amount,
}

/// A customer's share of a row.
#[derive(Clone, Debug, Serialize)]
pub struct ShareExplanation {
    /// Position in [`ChargesExplanation::sharings`], counted from 1.
    pub sharing: usize,
    /// Cost of the whole row.
    pub of: Amount,
    /// Units of the whole row.
    pub of_quantity: Option<Amount>,
    /// The customer's weight.
    pub weight: Amount,
    /// Everyone's weight.
    pub total: Amount,
    /// `of` × `weight` ÷ `total`, cut four decimals later than the share.
    pub quotient: Amount,
}

/// Units of a row in a tier.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TierUnits {
    /// The tier, counted from 1.
    pub tier: usize,
    /// How many units.
    pub units: Amount,
    /// Price of a unit.
    pub unit_price: Amount,
    /// Their price.
    pub amount: Amount,
}

/// A fee: price × count.
#[derive(Clone, Debug, Serialize)]
pub struct FeeExplanation<'a> {
    /// The `[[fee]]`.
    pub rule: Option<Rule<'a>>,
    /// `month` or `resource`.
    pub per: &'static str,
    /// Price of one, in the invoice's currency.
    pub price: Amount,
    /// Where the fee is in another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionExplanation<'a>>,
    /// How many.
    pub count: Amount,
    /// The resources that were counted.
    pub resources: Vec<FeeResource<'a>>,
}

/// A resource that a fee is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FeeResource<'a> {
    /// The source's name.
    pub source: &'a str,
    /// Its id.
    pub resource: &'a str,
}

/// The minimum less what the other lines add up to.
#[derive(Clone, Debug, Serialize)]
pub struct MinimumExplanation<'a> {
    /// Where it is set.
    pub rule: Option<Rule<'a>>,
    /// The minimum, in the invoice's currency.
    pub minimum: Amount,
    /// Where it is set in another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionExplanation<'a>>,
    /// The minimum, rounded.
    pub rounded: Amount,
    /// The sum of the other lines.
    pub others: Amount,
}

/// The rounded sum of the lines of a tax category less the sum itself.
#[derive(Clone, Debug, Serialize)]
pub struct AdjustmentExplanation {
    /// The lines of the category.
    pub lines: Vec<LineAmount>,
    /// Their sum.
    pub sum: Amount,
    /// Their sum, rounded.
    pub rounded: Amount,
}

/// What earlier months left of the category, as the record of the month or its summary holds it under `carried`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CarriedExplanation {
    /// The sum of the rests.
    pub rest: Amount,
}

/// Zero less the sum of the other lines, which is negative by rounding alone.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LiftExplanation {
    /// The sum of the other lines.
    pub others: Amount,
}

/// A line's number and amount.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LineAmount {
    /// Its number on the invoice.
    pub line: usize,
    /// What is printed.
    pub amount: Amount,
}

/// From the lines to the total.
#[derive(Clone, Debug, Serialize)]
pub struct TotalsExplanation<'a> {
    /// How tax is rounded, once per category and rate.
    pub tax_rounding: &'static str,
    /// Where that is set; none when it is the default.
    pub tax_rounding_rule: Option<Rule<'a>>,
    /// The taxes.
    pub taxes: Vec<TaxExplanation<'a>>,
    /// Sum of the lines.
    pub subtotal: Amount,
    /// Sum of the taxes.
    pub tax: Amount,
    /// Both together.
    pub total: Amount,
}

/// The tax of a category and rate.
#[derive(Clone, Debug, Serialize)]
pub struct TaxExplanation<'a> {
    /// Category.
    pub category: TaxCategory,
    /// Rate.
    pub rate: TaxRate,
    /// The lines of it.
    pub lines: Vec<LineAmount>,
    /// Their sum.
    pub taxable: Amount,
    /// taxable × rate.
    pub exact: Amount,
    /// Rounded.
    pub tax: Amount,
    /// On an invoice in another currency: the tax in yen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yen: Option<YenExplanation<'a>>,
}

/// A tax in yen.
#[derive(Clone, Debug, Serialize)]
pub struct YenExplanation<'a> {
    /// The rate.
    pub exchange: ExchangeExplanation<'a>,
    /// Exact tax × rate.
    pub exact: Amount,
    /// Rounded.
    pub tax: Amount,
}
