//! Prices by the quantity of a month: each unit by the tier it falls in, or all units by the tier of their sum.

use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::NameId;
use crate::model::price::{Tier, Tiering};

/// What tiers measure in one sum: a rule, by its index, and the source and item unless it measures all of its items.
pub(super) type TierKey = (usize, Option<(u16, NameId)>);

/// A price by quantity, and how much of the month's quantity is already measured and priced.
pub(super) struct TierState {
    tiers: Vec<Tier>,
    tiering: Tiering,
    measured: Amount,
    used: Amount,
}

/// The units of a charge that fall in one tier.
#[derive(Clone, Copy, Debug)]
pub(super) struct TierPart {
    /// Index of the tier.
    pub(super) tier: usize,
    /// Number of units.
    pub(super) units: Amount,
    /// Price of each.
    pub(super) unit_price: Amount,
    /// Their price.
    pub(super) amount: Amount,
}

impl TierState {
    /// The state at the beginning of the month. Tiers by volume need the whole quantity of the month before any of it is
    /// priced: see [`measure`](Self::measure).
    pub(super) fn new(tiers: Vec<Tier>, tiering: Tiering) -> TierState {
        TierState { tiers, tiering, measured: Amount::ZERO, used: Amount::ZERO }
    }

    /// The tiers.
    pub(super) fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// Counts units of the month, for tiers by volume.
    ///
    /// # Errors
    /// When the sum has too many digits.
    pub(super) fn measure(&mut self, quantity: Amount) -> Result<(), TooLong> {
        self.measured = self.measured.plus(quantity)?;
        Ok(())
    }

    /// The whole quantity of the month, and the index of the tier that it falls in; none for graduated tiers.
    pub(super) fn volume(&self) -> Option<(Amount, usize)> {
        let holds = |tier: &Tier| tier.up_to.is_none_or(|up_to| self.measured <= up_to);
        let tier = self.tiers.iter().position(holds)?;
        (self.tiering == Tiering::Volume).then_some((self.measured, tier))
    }

    /// The price of every unit of the month; none for graduated tiers.
    pub(super) fn flat_price(&self) -> Option<Amount> {
        self.volume().map(|(_, tier)| self.tiers[tier].unit_price)
    }

    /// The price of the next `quantity` units of the month; calls `part` with the units that fall in each tier. Units that are
    /// given back, of a quantity below zero, are the last ones, so that the prices of a month add up to that of what it has in
    /// the end; below zero, all units are of the first tier.
    ///
    /// # Errors
    /// When a result has too many digits.
    pub(super) fn price(&mut self, quantity: Amount, mut part: impl FnMut(TierPart)) -> Result<Amount, TooLong> {
        if let Some((_, tier)) = self.volume() {
            let unit_price = self.tiers[tier].unit_price;
            let amount = quantity.times(unit_price)?;
            part(TierPart { tier, units: quantity, unit_price, amount });
            return Ok(amount);
        }
        let used = self.used.plus(quantity)?;
        let (start, end) = (self.used.min(used), self.used.max(used));
        let mut price = Sum::default();
        let mut floor = start;
        for (index, tier) in self.tiers.iter().enumerate() {
            let ceiling = tier.up_to.map_or(end, |up_to| up_to.min(end));
            let from = floor.max(start);
            if ceiling > from {
                let units = ceiling.minus(from)?;
                let units = if quantity.is_negative() { units.negated() } else { units };
                let unit_price = tier.unit_price;
                let amount = units.times(unit_price)?;
                price.add(amount)?;
                part(TierPart { tier: index, units, unit_price, amount });
            }
            floor = tier.up_to.unwrap_or(end);
        }
        self.used = used;
        price.total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    /// 600,000 + 600,000 units: the first million at 0.2, the rest at 0.1 — 120,000, then 80,000 + 20,000.
    #[test]
    fn tiers_are_graduated_over_the_month() {
        let tiers = [
            Tier { up_to: Some(amount("1000000")), unit_price: amount("0.2") },
            Tier { up_to: None, unit_price: amount("0.1") },
        ];
        let mut state = TierState::new(tiers.to_vec(), Tiering::Graduated);
        assert_eq!(state.price(amount("600000"), |_| {}).unwrap(), amount("120000"));
        assert_eq!(state.price(amount("600000"), |_| {}).unwrap(), amount("100000"));
        assert_eq!(state.price(amount("0"), |_| {}).unwrap(), Amount::ZERO);
        assert_eq!(state.price(amount("10.5"), |_| {}).unwrap(), amount("1.05"));
    }

    /// 24 units and 12 given back are 12 units, whenever: 10 × 1 + 2 × 0.1. And −12 are −12 × 1, of which 20 take back all.
    #[test]
    fn units_given_back_are_the_last_ones() {
        let tiers = [
            Tier { up_to: Some(amount("10")), unit_price: amount("1") },
            Tier { up_to: None, unit_price: amount("0.1") },
        ];
        for (quantities, prices) in
            [(["24", "-12"], ["11.4", "-1.2"]), (["-12", "24"], ["-12", "22.2"]), (["5", "-12"], ["5", "-12"])]
        {
            let mut state = TierState::new(tiers.to_vec(), Tiering::Graduated);
            let mut parts = Sum::default();
            let found = quantities.map(|quantity| {
                let price = state.price(amount(quantity), |part| parts.add(part.amount).unwrap()).unwrap();
                price.to_string()
            });
            assert_eq!(found, prices, "{quantities:?}");
            assert_eq!(parts.total(), Sum::of(prices.map(amount)), "{quantities:?}");
        }
    }

    /// 25 units over three tiers: 10 × 3 + 10 × 2 + 5 × 1.
    #[test]
    fn one_charge_can_span_tiers() {
        let tiers = [
            Tier { up_to: Some(amount("10")), unit_price: amount("3") },
            Tier { up_to: Some(amount("20")), unit_price: amount("2") },
            Tier { up_to: None, unit_price: amount("1") },
        ];
        let mut parts = Vec::new();
        let price = TierState::new(tiers.to_vec(), Tiering::Graduated)
            .price(amount("25"), |part| parts.push((part.tier, part.units, part.amount)));
        assert_eq!(price.unwrap(), amount("55"));
        let expected = [(0, "10", "30"), (1, "10", "20"), (2, "5", "5")];
        assert_eq!(parts, expected.map(|(tier, units, price)| (tier, amount(units), amount(price))));
    }

    /// Up to 10 units 3 each, up to 20 units 2, beyond 1: 10 units are 30, 11 are 22, 20 are 40, and 20.5 are 20.5.
    #[test]
    fn volume_prices_all_units_by_their_sum() {
        let tiers = [
            Tier { up_to: Some(amount("10")), unit_price: amount("3") },
            Tier { up_to: Some(amount("20")), unit_price: amount("2") },
            Tier { up_to: None, unit_price: amount("1") },
        ];
        for (quantities, expected) in
            [(&["4", "6"][..], "30"), (&["4", "7"], "22"), (&["20"], "40"), (&["20", "0.5"], "20.5"), (&["0"], "0")]
        {
            let mut state = TierState::new(tiers.to_vec(), Tiering::Volume);
            quantities.iter().for_each(|quantity| state.measure(amount(quantity)).unwrap());
            let prices = quantities.iter().map(|quantity| state.price(amount(quantity), |_| {}).unwrap());
            assert_eq!(Sum::of(prices), Ok(amount(expected)), "{quantities:?}");
        }
    }
}
