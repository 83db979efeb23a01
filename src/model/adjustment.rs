//! [`Adjustment`]: what a customer is charged or given back in one month alone, written in `adjustments/` beside the
//! month's bills.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::amount::Amount;
use super::currency::Currency;
use super::definition::Definition;
use super::item_match::ItemMatch;
use super::period::BillingMonth;
use super::price::Money;
use super::tax::TaxCategory;
use super::wording::Wording;

/// Directory of the files, relative to the workspace's root.
pub const DIRECTORY: &str = "adjustments";

/// One `[[adjustment]]`, or a row of a CSV file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Its id, unique in all months.
    pub id: String,
    /// Id of the customer.
    pub customer: String,
    /// The name that is printed.
    pub name: Wording,
    /// What is charged, or given back.
    pub value: AdjustmentValue,
    /// Its tax category; the customer's where absent. None for a percentage, which has those of what it is of.
    pub tax_category: Option<TaxCategory>,
    /// `tax = "included"`: whether its money was agreed with tax.
    pub tax_included: bool,
    /// Day of supply, inside the month.
    pub date: Option<NaiveDate>,
    /// An earlier month of supply, whose tax rate applies.
    pub supply: Option<BillingMonth>,
    /// What it cost the issuer, in the currency of its money.
    pub cost: Amount,
    /// Small print under the name.
    pub note: Option<Wording>,
    /// Where it is written.
    pub definition: Definition,
}

/// What an [`Adjustment`] charges or gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdjustmentValue {
    /// `amount`
    Amount(Money),
    /// `quantity` × `unit-price`
    Units {
        /// How many.
        quantity: Amount,
        /// Of what.
        unit: Option<Wording>,
        /// Price of each.
        unit_price: Money,
    },
    /// `percent` of some of the month's items.
    Percent(PercentOf),
}

/// A percentage of some of a month's items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PercentOf {
    /// 0.03 for 3 %.
    pub share: Amount,
    /// What it is of.
    pub of: ItemMatch,
}

impl Adjustment {
    /// The currency of its money; none for a percentage.
    pub fn currency(&self) -> Option<Currency> {
        match &self.value {
            AdjustmentValue::Amount(money) | AdjustmentValue::Units { unit_price: money, .. } => Some(money.currency),
            AdjustmentValue::Percent(_) => None,
        }
    }

    /// The order of adjustments on an invoice: by date, then id. Whatever is of the month as a whole comes with its last
    /// day.
    pub fn order(&self, month: BillingMonth) -> (NaiveDate, &str) {
        (self.date.unwrap_or_else(|| self.supply.unwrap_or(month).last()), &self.id)
    }
}

/// What the documents of one customer hold in one month alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentNotes {
    /// `order-number`: the customer's order.
    pub order_number: Option<String>,
    /// `note`: a sentence at the foot of the first page.
    pub note: Option<String>,
    /// `hold`: why no invoice may be issued.
    pub hold: Option<String>,
    /// Where `hold` is written.
    pub hold_definition: Definition,
}

/// Everything in `adjustments/` that is of one month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonthAdjustments {
    /// The adjustments, in the order of [`Adjustment::order`].
    pub adjustments: Vec<Adjustment>,
    /// `[customer.ID]` by id.
    pub customers: BTreeMap<String, DocumentNotes>,
}

impl MonthAdjustments {
    /// The adjustments of a customer.
    pub fn of_customer<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Adjustment> {
        self.adjustments.iter().filter(move |adjustment| adjustment.customer == id)
    }
}
