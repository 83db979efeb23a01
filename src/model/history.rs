//! [`History`]: what was billed for earlier months, to compare this month with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::currency::Currency;
use super::invoice::{Invoice, ItemKind, LineItem};
use super::period::BillingMonth;

/// Number of earlier months that a month is compared with: together with the month itself, a year.
pub const EARLIER_MONTHS: usize = 11;

/// What one customer was billed in a month, as far as later months are compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilledCustomer {
    /// Currency of the amounts.
    pub currency: Currency,
    /// What the provider charged.
    pub cost: Amount,
    /// Total before tax.
    pub subtotal: Amount,
    /// Total with tax.
    pub total: Amount,
    /// Items and resources used; absent where the month's record lacks them.
    pub used: Option<Used>,
    /// The lines of the invoice as it was made; absent where the month's record lacks them.
    pub lines: Option<Vec<BilledLine>>,
}

/// A line of an invoice, as far as later months are compared with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledLine {
    /// The source's name; empty for fees, the minimum and rounding.
    pub source: String,
    /// Bill item or fee.
    pub name: String,
    /// Kind of the line.
    pub kind: ItemKind,
    /// Units used, where the invoice has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Amount>,
    /// Price per unit in the invoice's currency, where one is the same for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Amount>,
    /// What the customer pays, before tax.
    pub amount: Amount,
}

impl BilledLine {
    /// The lines of an invoice.
    pub fn of(invoice: &Invoice) -> Vec<BilledLine> {
        let line = |item: &LineItem| BilledLine {
            source: item.source.clone(),
            name: item.name.clone(),
            kind: item.kind,
            quantity: item.quantity,
            unit_price: item.unit_price,
            amount: item.amount,
        };
        invoice.items.iter().map(line).collect()
    }
}

/// Items and resources a customer used in a month, whatever they cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Items of usage and discounts, by source and name, with what they cost the issuer in the invoice's currency.
    pub items: BTreeMap<String, BTreeMap<String, Amount>>,
    /// Ids of the resources with a charge that is the customer's alone, by source.
    pub resources: BTreeMap<String, BTreeSet<String>>,
}

impl Used {
    /// Source and name of every item.
    pub fn items(&self) -> impl Iterator<Item = (&str, &str)> {
        self.items.iter().flat_map(|(source, items)| items.keys().map(|name| (source.as_str(), name.as_str())))
    }

    /// Source and id of every resource.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.resources.iter().flat_map(|(source, ids)| ids.iter().map(|id| (source.as_str(), id.as_str())))
    }

    /// Whether the source has an item of that name.
    pub fn has_item(&self, source: &str, name: &str) -> bool {
        self.items.get(source).is_some_and(|items| items.contains_key(name))
    }

    /// Whether the source has a resource with that id.
    pub fn has_resource(&self, source: &str, id: &str) -> bool {
        self.resources.get(source).is_some_and(|ids| ids.contains(id))
    }
}

/// A month's customers by id.
pub type BilledCustomers = BTreeMap<String, BilledCustomer>;

/// The billed months, each with its customers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    months: BTreeMap<BillingMonth, Arc<BilledCustomers>>,
}

impl History {
    /// Adds a month, or replaces it.
    pub fn insert(&mut self, month: BillingMonth, customers: impl Into<Arc<BilledCustomers>>) {
        self.months.insert(month, customers.into());
    }

    /// The customers of a month, when the month is known.
    pub fn month(&self, month: BillingMonth) -> Option<&BilledCustomers> {
        self.months.get(&month).map(Arc::as_ref)
    }

    /// What a customer was billed in a month; none where the month or the customer in it is not known.
    pub fn customer(&self, month: BillingMonth, id: &str) -> Option<&BilledCustomer> {
        self.months.get(&month)?.get(id)
    }

    /// The customer in every known month before `month`, newest first.
    pub fn before<'h>(&'h self, month: BillingMonth, id: &'h str) -> impl Iterator<Item = &'h BilledCustomer> {
        self.months.range(..month).rev().filter_map(move |(_, customers)| customers.get(id))
    }

    /// The customer in every known month between two, without these.
    pub fn between<'h>(
        &'h self,
        after: BillingMonth,
        before: BillingMonth,
        id: &'h str,
    ) -> impl Iterator<Item = &'h BilledCustomer> {
        let between = self.months.iter().filter(move |(month, _)| after < **month && **month < before);
        between.filter_map(move |(_, customers)| customers.get(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn billed(total: i64) -> BilledCustomers {
        let total = Amount::whole(total);
        let customer = BilledCustomer {
            currency: Currency::JPY,
            cost: Amount::ZERO,
            subtotal: total,
            total,
            used: None,
            lines: None,
        };
        BTreeMap::from([("acme".to_owned(), customer)])
    }

    #[test]
    fn months_are_found_by_their_place() {
        let month = |text: &str| text.parse::<BillingMonth>().unwrap();
        let mut history = History::default();
        for (text, total) in [("202205", 1), ("202206", 2), ("202207", 3), ("202208", 4)] {
            history.insert(month(text), billed(total));
        }
        let total = |text| history.customer(month(text), "acme").map(|customer| customer.total);
        assert_eq!(total("202206"), Some(Amount::whole(2)));
        assert_eq!(total("202209"), None);
        let totals = |found: Vec<&BilledCustomer>| found.iter().map(|customer| customer.total).collect::<Vec<Amount>>();
        let before = totals(history.before(month("202207"), "acme").collect());
        assert_eq!(before, [Amount::whole(2), Amount::whole(1)]);
        let between = |after, before| totals(history.between(month(after), month(before), "acme").collect());
        assert_eq!(between("202205", "202208"), [Amount::whole(2), Amount::whole(3)]);
        assert_eq!(between("202207", "202208"), []);
        assert_eq!(between("202208", "202205"), []);
    }
}
