//! The data of an explanation of the issuer's own lines: fees, adjustments, the minimum, and what follows from other lines.

use serde::{Serialize, Serializer};

use super::record::{ConversionExplanation, LineAmount, Rule};
use crate::model::amount::Amount;
use crate::model::tax::TaxRate;

/// A fee: price × count.
#[derive(Clone, Debug, Serialize)]
pub struct FeeExplanation<'a> {
    /// The `[[fee]]`.
    pub rule: Option<Rule<'a>>,
    /// `month` or `resource`.
    pub per: &'static str,
    /// Price of one, in the invoice's currency.
    pub price: Amount,
    /// Conversion of a fee in another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionExplanation<'a>>,
    /// How many each month or resource has, where that is not one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Amount>,
    /// Number of months or resources, times that quantity.
    pub count: Amount,
    /// The counted resources.
    pub resources: Vec<FeeResource<'a>>,
    /// The part of the month it is charged for; none for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prorated: Option<ProratedExplanation>,
}

/// The part of a month that a fee is charged for: its quantity × `full` × `charged` ÷ `of`, rounded.
#[derive(Clone, Debug, Serialize)]
pub struct ProratedExplanation {
    /// `days` or `thirty`.
    pub method: &'static str,
    /// The days.
    pub days: String,
    /// Price of a full month before rounding, in the invoice's currency.
    pub full: Amount,
    /// Number of days charged.
    pub charged: u32,
    /// Number of days of a full month.
    pub of: u32,
}

/// A resource that a fee is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FeeResource<'a> {
    /// The source's name.
    pub source: &'a str,
    /// Its id.
    pub resource: &'a str,
}

/// A percentage of other lines of one tax category and rate: base × share.
#[derive(Clone, Debug, Serialize)]
pub struct PercentageExplanation<'a> {
    /// Where it is set.
    pub rule: Option<Rule<'a>>,
    /// 0.03 for 3 %.
    pub share: Amount,
    /// The lines it is of.
    pub lines: Vec<LineAmount>,
    /// Their sum.
    pub base: Amount,
}

/// An adjustment of the month: an amount, quantity × price, or a percentage.
#[derive(Clone, Debug, Serialize)]
pub struct AdjustedExplanation<'a> {
    /// Its id.
    pub id: &'a str,
    /// The `[[adjustment]]`, or the row of a CSV file.
    pub rule: Option<Rule<'a>>,
    /// Day of supply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// An earlier month of supply, whose tax rate applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supply: Option<String>,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Amount>,
    /// The amount or the price of one, in the invoice's currency; none for a percentage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Amount>,
    /// Conversion of money in another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionExplanation<'a>>,
    /// For a percentage, what it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage: Option<PercentageExplanation<'a>>,
    /// What it cost the issuer, in the invoice's currency.
    pub cost: Amount,
}

/// The minimum minus the sum of the other lines.
#[derive(Clone, Debug, Serialize)]
pub struct MinimumExplanation<'a> {
    /// Where it is set.
    pub rule: Option<Rule<'a>>,
    /// The minimum, in the invoice's currency.
    pub minimum: Amount,
    /// Conversion of a minimum in another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<ConversionExplanation<'a>>,
    /// The minimum, rounded.
    pub rounded: Amount,
    /// The sum of the other lines.
    pub others: Amount,
}

/// The rounded sum of a tax category's lines minus the exact sum.
#[derive(Clone, Debug, Serialize)]
pub struct AdjustmentExplanation {
    /// The lines of the category.
    pub lines: Vec<LineAmount>,
    /// Their sum.
    pub sum: Amount,
    /// Their sum, rounded.
    pub rounded: Amount,
}

/// Rests of the category from earlier months, as under `carried` in the month's record or summary.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CarriedExplanation {
    /// The sum of the rests.
    pub rest: Amount,
}

/// The tax in prices that include it: rate / (100 + rate) of their sum, rounded as tax is.
#[derive(Clone, Debug, Serialize)]
pub struct IncludedTaxExplanation {
    /// The lines whose prices include it.
    pub lines: Vec<LineAmount>,
    /// Their sum.
    pub prices: Amount,
    /// The rate in percent.
    pub percent: Percent,
    /// The mode in which tax is rounded.
    pub rounding: &'static str,
}

/// A rate in percent: an integer in JSON where it is whole, else a string, as exact numbers are.
#[derive(Clone, Copy, Debug)]
pub struct Percent(pub TaxRate);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.whole_percent() {
            Some(percent) => serializer.serialize_u32(percent),
            None => serializer.collect_str(&self.0.percent()),
        }
    }
}

/// Zero minus the sum of the other lines, which is negative by rounding alone.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LiftExplanation {
    /// The sum of the other lines.
    pub others: Amount,
}
