//! The data of an explanation: everything a person needs to recompute an invoice with a calculator.

use std::borrow::Cow;

use serde::Serialize;

use super::own_record::*;
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::definition::Definition;
use crate::model::invoice::{ItemKind, Status};
use crate::model::tax::{TaxCategory, TaxRate};

/// Explanation of an invoice, or of some of its lines.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation<'a> {
    /// Invoice number.
    pub number: &'a str,
    /// Billing month, `202208`.
    pub month: String,
    /// Draft, built or issued.
    pub status: Status,
    /// Customer id.
    pub customer: &'a str,
    /// Currency of the invoice's amounts.
    pub currency: Currency,
    /// Directory of the kept copies of its rules, when it was made from those; the rules' paths are relative to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_directory: Option<String>,
    /// How the amounts before tax are rounded.
    pub rounding: RoundingExplanation<'a>,
    /// The lines asked for.
    pub lines: Vec<LineExplanation<'a>>,
    /// Steps from the lines to the total; only where the whole invoice is explained.
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
    /// Its text.
    pub text: &'a str,
}

impl<'a> Rule<'a> {
    /// The rule at a definition; none for a default, which has no place.
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

/// Explanation of a line of an invoice.
#[derive(Clone, Debug, Serialize)]
pub struct LineExplanation<'a> {
    /// Its number on the invoice.
    pub line: usize,
    /// Kind of the line.
    pub kind: ItemKind,
    /// The source's name; empty for fees, the minimum and rounding.
    pub source: &'a str,
    /// Bill item or fee.
    pub name: &'a str,
    /// What is printed after the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<&'a str>,
    /// What the customer reads instead, with the qualifier.
    pub label: Cow<'a, str>,
    /// Unit of the quantities, empty when the provider names none.
    pub unit: &'a str,
    /// Tax category.
    pub tax_category: TaxCategory,
    /// Tax rate.
    pub tax_rate: TaxRate,
    /// Whether the amount includes the tax.
    #[serde(skip_serializing_if = "is_false")]
    pub tax_included: bool,
    /// What set the category: `[[tax.rule]]`s, or the customer's `[tax] category`; none where it is the default or a
    /// fee's own.
    pub tax_rules: Vec<Rule<'a>>,
    /// The section that lists it, where the invoice has sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<SectionExplanation<'a>>,
    /// What the line consists of.
    #[serde(flatten)]
    pub origin: LineOrigin<'a>,
    /// Sum before the line's rounding.
    pub exact: Amount,
    /// Printed amount.
    pub amount: Amount,
}

pub(super) fn is_false(value: &bool) -> bool {
    !value
}

/// The section of an invoice that lists a line.
#[derive(Clone, Debug, Serialize)]
pub struct SectionExplanation<'a> {
    /// Its printed name.
    pub name: &'a str,
    /// The value of the tag or group that all its charges have; none where it has several, or no charges.
    pub value: Option<&'a str>,
    /// The `[[section]]` that names it.
    pub rule: Option<Rule<'a>>,
}

/// What a line consists of.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineOrigin<'a> {
    /// Rows of a provider's bill.
    Charges(ChargesExplanation<'a>),
    /// The issuer's own charge.
    Fee(FeeExplanation<'a>),
    /// The difference up to the minimum.
    Minimum(MinimumExplanation<'a>),
    /// The issuer's own charge in percent of other lines.
    FeePercentage(PercentageExplanation<'a>),
    /// What this month alone has.
    Adjusted(AdjustedExplanation<'a>),
    /// 端数調整.
    Adjustment(AdjustmentExplanation),
    /// Rests below zero from earlier months.
    Carried(CarriedExplanation),
    /// The tax in prices that include it.
    IncludedTax(IncludedTaxExplanation),
    /// 端数調整 that lifts to zero a subtotal that is negative by rounding alone.
    Lift(LiftExplanation),
}

/// The rows of a line.
#[derive(Clone, Debug, Serialize)]
pub struct ChargesExplanation<'a> {
    /// Currency of costs and shares.
    pub currency: Currency,
    /// The rate from that currency to the invoice's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeExplanation<'a>>,
    /// Ratios in which rows are shared; rows refer to them by position, counted from 1.
    pub sharings: Vec<SharingExplanation<'a>>,
    /// The rows, by what prices them.
    pub parts: Vec<PartExplanation<'a>>,
}

/// An exchange rate.
#[derive(Clone, Debug, Serialize)]
pub struct ExchangeExplanation<'a> {
    /// Currency converted from.
    pub from: Currency,
    /// Currency converted to.
    pub to: Currency,
    /// Units of `to` for one unit of `from`.
    pub rate: Amount,
    /// Where it is set.
    pub rule: Option<Rule<'a>>,
}

/// Conversion of a rule's money to the invoice's currency.
#[derive(Clone, Debug, Serialize)]
pub struct ConversionExplanation<'a> {
    /// The rule's amount.
    pub given: Amount,
    /// The rate.
    pub exchange: ExchangeExplanation<'a>,
    /// Given × rate.
    pub exact: Amount,
}

/// Ratio in which charges are shared.
#[derive(Clone, Debug, Serialize)]
pub struct SharingExplanation<'a> {
    /// The `[[allocation.share]]`; none for discounts that no rule shares.
    pub rule: Option<Rule<'a>>,
    /// `amount`, `quantity`, `resources`, `even` or `weights`.
    pub by: &'static str,
    /// Every customer that bears a part, by id.
    pub measured: Vec<MeasuredExplanation<'a>>,
    /// Sum of the weights.
    pub total: Amount,
}

/// A customer's weight in a ratio.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredExplanation<'a> {
    /// Customer id.
    pub customer: &'a str,
    /// Measured or given weight.
    pub weight: Amount,
}

/// Rows of a line that are priced alike.
#[derive(Clone, Debug, Serialize)]
pub struct PartExplanation<'a> {
    /// How they are priced.
    pub price: PriceExplanation<'a>,
    /// How they are split, for discounts that are split over tax categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitExplanation>,
    /// The rows; only a resource's rows where only those were requested.
    pub rows: Vec<RowExplanation<'a>>,
    /// The sums of the rows shown.
    pub shown: RowSums,
    /// The sums of all rows, shown or not.
    pub all: RowSums,
}

/// Split of discounts on a whole bill over the tax categories of the usage they reduce. Price, cost and quantity of
/// each row are split like shares.
#[derive(Clone, Debug, Serialize)]
pub struct SplitExplanation {
    /// The exact amounts of usage, by category.
    pub usage: Vec<CategoryWeight>,
    /// Usage in this line's category.
    pub weight: Amount,
    /// Usage in all categories.
    pub total: Amount,
    /// Cost of the rows before the split, in the source's currency.
    pub of_cost: Amount,
    /// Prices before the split.
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

/// Sums of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RowSums {
    /// Number of rows.
    pub rows: usize,
    /// Units; none where a row gives none.
    pub quantity: Option<Amount>,
    /// Cost the customer bears, in the source's currency.
    pub cost: Amount,
    /// Prices before rounding.
    pub exact: Amount,
    /// Prices, rounded where every row is rounded.
    pub amount: Amount,
}

/// How rows are priced.
#[derive(Clone, Debug, Serialize)]
pub struct PriceExplanation<'a> {
    /// `markup`, `unit-price`, `tiers` or `at-cost`.
    pub method: &'static str,
    /// The `[[pricing.rule]]` or key of `[pricing]`; none for the default markup of zero.
    pub rule: Option<Rule<'a>>,
    /// Factor of the cost, without exchange rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<Amount>,
    /// Price of a unit, in the invoice's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Amount>,
    /// Conversion of the rule's unit price from another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionExplanation<'a>>,
    /// The printed unit of the rule's prices, where it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<PerExplanation<'a>>,
    /// `volume`, where tiers price all units by their sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiering: Option<&'static str>,
    /// Whether the tiers measure all items of the rule in one sum.
    #[serde(skip_serializing_if = "is_false")]
    pub together: bool,
    /// The units of the month, where tiers price all units by their sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Amount>,
    /// The tiers, with the units that fell in each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierExplanation<'a>>,
}

/// The unit that a rule's prices are for.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PerExplanation<'a> {
    /// Unit as it is printed.
    pub unit: &'a str,
    /// Units of the bill in one of it.
    pub scale: Amount,
}

/// A tier with the units of the part that fell in it.
#[derive(Clone, Debug, Serialize)]
pub struct TierExplanation<'a> {
    /// The last unit of the month it is for; none for the last tier.
    pub up_to: Option<Amount>,
    /// Price of a unit, in the invoice's currency.
    pub unit_price: Amount,
    /// Conversion of the rule's price from another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionExplanation<'a>>,
    /// Units that fell in it.
    pub units: Amount,
    /// Their price.
    pub amount: Amount,
}

/// A row of a provider's bill, or a customer's share of it.
#[derive(Clone, Debug, Serialize)]
pub struct RowExplanation<'a> {
    /// Its file, relative to the workspace's root.
    pub file: &'a str,
    /// Its line in the file.
    pub row: u32,
    /// Day or month.
    pub date: String,
    /// Id of the resource, empty when it has none.
    pub resource: &'a str,
    /// Name of the resource.
    pub resource_name: &'a str,
    /// Bill item.
    pub item: &'a str,
    /// Units the customer bears.
    pub quantity: Option<Amount>,
    /// Cost the customer bears, in the source's currency.
    pub cost: Amount,
    /// The `[[match]]` or row of assignments that claimed it; none for a shared row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Rule<'a>>,
    /// The days on which that claim holds, where they are not all of the month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<String>,
    /// How it is divided by days, for a row without a day whose resource changes hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_days: Option<DaysExplanation>,
    /// How it is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<ShareExplanation>,
    /// The units that fell in each tier, for graduated prices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierUnits>,
    /// The price before rounding.
    pub exact: Amount,
    /// The price, rounded where every row is rounded.
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
    /// `of` × `weight` ÷ `total`, cut off four decimals later than the share.
    pub quotient: Amount,
}

/// A customer's part of a row without a day.
#[derive(Clone, Debug, Serialize)]
pub struct DaysExplanation {
    /// The days on which the customer has the resource.
    pub days: String,
    /// Cost of the whole row.
    pub of: Amount,
    /// Units of the whole row.
    pub of_quantity: Option<Amount>,
    /// Number of the days.
    pub weight: Amount,
    /// Number of all days of the row.
    pub total: Amount,
    /// `of` × `weight` ÷ `total`, cut off four decimals later than the part.
    pub quotient: Amount,
}

/// Units of a row in a tier.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TierUnits {
    /// The tier, counted from 1.
    pub tier: usize,
    /// Units in the tier.
    pub units: Amount,
    /// Price of a unit.
    pub unit_price: Amount,
    /// Their price.
    pub amount: Amount,
}

/// A line's number and amount.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LineAmount {
    /// The number printed before it; none where none is.
    pub line: Option<usize>,
    /// Printed amount.
    pub amount: Amount,
}

/// Steps from the lines to the total.
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
    /// Subtotal plus tax.
    pub total: Amount,
}

/// The tax of a category and rate.
#[derive(Clone, Debug, Serialize)]
pub struct TaxExplanation<'a> {
    /// Category.
    pub category: TaxCategory,
    /// Rate.
    pub rate: TaxRate,
    /// Whether it is of prices that include the tax.
    #[serde(skip_serializing_if = "is_false")]
    pub tax_included: bool,
    /// The lines of that category and rate.
    pub lines: Vec<LineAmount>,
    /// Their sum; without the tax where their prices include it.
    pub taxable: Amount,
    /// taxable × rate; where prices include the tax, their sum × rate / (100 + rate), cut to eight decimals.
    pub exact: Amount,
    /// Rounded.
    pub tax: Amount,
    /// The tax in yen, for an invoice in another currency.
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
