//! Rests: subtotals below zero that a month carries to the next (`below-zero = "carry"`), recorded with the month and
//! taken once.

use serde::{Deserialize, Serialize};

use super::amount::{Amount, Sum, TooLong};
use super::currency::Currency;
use super::period::BillingMonth;
use super::plain::is_name;
use super::tax::{TaxCategory, TaxRate};

/// The rest of one tax category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryRest {
    /// Category.
    pub category: TaxCategory,
    /// Rate of the month of supply, which the rest keeps in later months.
    pub rate: TaxRate,
    /// Sum of what was not billed, before tax unless it is included: below zero, or above it where other categories bring the sum below zero.
    pub amount: Amount,
    /// Whether the amount includes the tax.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tax_included: bool,
    /// What the provider charges for it, which no month's margin has counted yet.
    pub cost: Amount,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl CategoryRest {
    /// `standard 10% -300`
    pub fn in_words(&self) -> String {
        let included = if self.tax_included { " incl. tax" } else { "" };
        format!("{} {}{included} {}", self.category.name(), self.rate, self.amount)
    }
}

/// A customer's rest, which a month leaves in place of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRest {
    /// Customer id.
    pub customer: String,
    /// The month that leaves it.
    pub month: BillingMonth,
    /// Currency of the amounts.
    pub currency: Currency,
    /// The rests by category and rate.
    pub rests: Vec<CategoryRest>,
}

impl CustomerRest {
    /// The sum; none where prices with and without tax cannot be added up.
    ///
    /// # Errors
    /// When it has too many digits.
    pub fn sum(&self) -> Result<Option<Amount>, TooLong> {
        let is_mixed = self.rests.windows(2).any(|two| two[0].tax_included != two[1].tax_included);
        if is_mixed { Ok(None) } else { Sum::of(self.rests.iter().map(|rest| rest.amount)).map(Some) }
    }

    /// `standard 10% -300, exempt 0% 20`
    pub fn by_category(&self) -> String {
        self.rests.iter().map(CategoryRest::in_words).collect::<Vec<String>>().join(", ")
    }
}

/// The rests that a month takes from earlier months and leaves to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Rests of earlier months, each taken by this month and by no other.
    pub taken: Vec<CustomerRest>,
    /// Rests of this month, including what was taken and is still below zero.
    pub left: Vec<CustomerRest>,
}

impl Carried {
    /// Whether nothing is carried.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.left.is_empty()
    }

    /// Whether this can belong to `month`: rests of customers, taken from earlier months and left by the month itself.
    pub fn is_of(&self, month: BillingMonth) -> bool {
        let is_known = |rest: &CustomerRest| is_name(&rest.customer);
        self.taken.iter().all(|rest| is_known(rest) && rest.month < month)
            && self.left.iter().all(|rest| is_known(rest) && rest.month == month)
    }
}
