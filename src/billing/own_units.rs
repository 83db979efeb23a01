//! [`OwnUnits`]: the units in which a customer's quantities are, where the bill has several for an item.

use std::collections::BTreeMap;

use super::rule_prices::BillItem;
use crate::model::charge::{Bill, Charge, NameId};

/// The units of a customer's items. An item that the bill has in gigabytes and in hours has one unit on the invoice of who
/// used only gigabytes: what others use changes nobody's invoice.
pub(super) struct OwnUnits<'a> {
    bill: &'a Bill,
    /// The unit of each item of which the bill has several; none where the customer has several, too.
    own: BTreeMap<BillItem, Option<NameId>>,
}

impl<'a> OwnUnits<'a> {
    /// The units of a customer with these charges.
    pub(super) fn of<'c>(bill: &'a Bill, charges: impl IntoIterator<Item = &'c Charge>) -> OwnUnits<'a> {
        let mut own: BTreeMap<BillItem, Option<NameId>> = BTreeMap::new();
        if bill.has_items_of_several_units() {
            for charge in charges.into_iter().filter(|charge| bill.quantity(charge).is_some()) {
                let item = (bill.subject(charge).source, charge.item);
                if bill.has_several_units(item.0, item.1) {
                    let unit = bill.row_unit(charge);
                    let known = own.entry(item).or_insert(unit);
                    *known = known.filter(|known| Some(*known) == unit);
                }
            }
        }
        OwnUnits { bill, own }
    }

    /// The unit of an item, empty where nobody names one; none where its quantities have several, which cannot be added up.
    pub(super) fn unit(&self, item: BillItem) -> Option<&'a str> {
        match self.own.get(&item) {
            Some(unit) => unit.map(|unit| self.bill.names.get(unit)),
            None => Some(self.bill.unit(item.0, item.1)),
        }
    }
}
