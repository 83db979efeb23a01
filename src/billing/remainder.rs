//! [`Remainders`]: parts of charges without a day on days on which nobody has their resources.

use std::collections::BTreeMap;

use crate::model::amount::Amount;
use crate::model::charge::{Bill, ChargeId};
use crate::model::days::MonthDays;

/// The part of a charge that nobody claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// Its days.
    pub days: MonthDays,
    /// Its cost, in the source's currency.
    pub cost: Amount,
    /// Its quantity.
    pub quantity: Option<Amount>,
}

/// The charges of which customers bear a part, with what is left of them.
#[derive(Clone, Debug, Default)]
pub struct Remainders(pub(super) BTreeMap<ChargeId, Remainder>);

impl Remainders {
    /// What is left of a charge of which customers bear a part; none for others.
    pub fn get(&self, id: ChargeId) -> Option<&Remainder> {
        self.0.get(&id)
    }

    /// Cost of a kept or unassigned charge, or of what is left of it.
    pub fn cost(&self, bill: &Bill, id: ChargeId) -> Amount {
        self.get(id).map_or_else(|| bill.cost(bill.charge(id)), |remainder| remainder.cost)
    }
}
