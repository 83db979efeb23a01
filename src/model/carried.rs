//! Rests below zero that a month leaves to the next one (`below-zero = "carry"`): recorded with the month, taken once.

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::currency::Currency;
use super::period::BillingMonth;
use super::plain::is_name;
use super::tax::{TaxCategory, TaxRate};

/// What one tax category leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryRest {
    /// Category.
    pub category: TaxCategory,
    /// Rate of the month of supply, which the rest keeps.
    pub rate: TaxRate,
    /// Sum of what was not billed, before tax: below zero, or above it where other categories outweigh it.
    pub amount: Amount,
    /// What the provider charges for it, which no month's margin counted yet.
    pub cost: Amount,
}

/// What a month leaves of a customer, in place of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRest {
    /// Customer id.
    pub customer: String,
    /// The month that leaves it.
    pub month: BillingMonth,
    /// Currency of the amounts.
    pub currency: Currency,
    /// By category and rate.
    pub rests: Vec<CategoryRest>,
}

/// What a month takes from earlier ones and leaves to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Rests of earlier months, each taken by this month and by no other.
    pub taken: Vec<CustomerRest>,
    /// Rests of this month, with what was taken and still is below zero.
    pub left: Vec<CustomerRest>,
}

impl Carried {
    /// Whether nothing is carried.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.left.is_empty()
    }

    /// Whether it can be what a month carries: rests of customers, from earlier months and from itself.
    pub fn is_of(&self, month: BillingMonth) -> bool {
        let is_known = |rest: &CustomerRest| is_name(&rest.customer);
        self.taken.iter().all(|rest| is_known(rest) && rest.month < month)
            && self.left.iter().all(|rest| is_known(rest) && rest.month == month)
    }
}
