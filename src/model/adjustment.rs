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
    /// By customer: a month has thousands of both, and each customer asks for its own several times.
    adjustments: BTreeMap<String, Vec<Adjustment>>,
    /// `[customer.ID]` by id.
    pub customers: BTreeMap<String, DocumentNotes>,
}

impl MonthAdjustments {
    /// The adjustments of a month, read in any order.
    pub fn new(
        month: BillingMonth,
        adjustments: Vec<Adjustment>,
        customers: BTreeMap<String, DocumentNotes>,
    ) -> MonthAdjustments {
        let mut by_customer: BTreeMap<String, Vec<Adjustment>> = BTreeMap::new();
        for adjustment in adjustments {
            by_customer.entry(adjustment.customer.clone()).or_default().push(adjustment);
        }
        for own in by_customer.values_mut() {
            own.sort_by(|one, other| one.order(month).cmp(&other.order(month)));
        }
        MonthAdjustments { adjustments: by_customer, customers }
    }

    /// The adjustments of a customer, in the order of [`Adjustment::order`].
    pub fn of_customer(&self, id: &str) -> &[Adjustment] {
        self.adjustments.get(id).map_or(&[], Vec::as_slice)
    }

    /// Those of all customers.
    pub fn all(&self) -> impl Iterator<Item = &Adjustment> {
        self.adjustments.values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is looked at for all customers together is what there is, however many share the month: a slice has nothing
    /// to pass over.
    #[test]
    fn each_adjustment_is_looked_at_for_its_own_customer_alone() {
        let month: BillingMonth = "202208".parse().unwrap();
        let adjustment = |number: usize| Adjustment {
            id: format!("{:05}", 99_999 - number),
            customer: format!("c{}", number / 2),
            name: Wording::Only("x".to_owned()),
            value: AdjustmentValue::Amount(Money { amount: Amount::whole(1), currency: Currency::JPY }),
            tax_category: None,
            tax_included: false,
            date: None,
            supply: None,
            cost: Amount::ZERO,
            note: None,
            definition: Definition::default(),
        };
        for customers in [10, 1000] {
            let all = (0..2 * customers).map(adjustment).collect();
            let adjustments = MonthAdjustments::new(month, all, BTreeMap::new());
            let of = |customer: usize| adjustments.of_customer(&format!("c{customer}"));
            assert_eq!((0..customers).map(|customer| of(customer).len()).sum::<usize>(), 2 * customers);
            assert_eq!(of(3).iter().map(|own| own.id.as_str()).collect::<Vec<&str>>(), ["99992", "99993"]);
            assert_eq!((of(customers).len(), adjustments.all().count()), (0, 2 * customers));
        }
    }
}
