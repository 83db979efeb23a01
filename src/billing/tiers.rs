//! Graduated prices over a month.

use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::price::Tier;

/// A graduated price, and how much of the month's quantity is already priced.
pub(super) struct TierState {
    tiers: Vec<Tier>,
    used: Amount,
}

/// The units of a charge that fall in one tier.
#[derive(Clone, Copy, Debug)]
pub(super) struct TierPart {
    /// Index of the tier.
    pub(super) tier: usize,
    /// Number of units.
    pub(super) units: Amount,
    /// Their price.
    pub(super) amount: Amount,
}

impl TierState {
    /// The state at the beginning of the month.
    pub(super) fn new(tiers: Vec<Tier>) -> TierState {
        TierState { tiers, used: Amount::ZERO }
    }

    /// The price of the next `quantity` units of the month; calls `part` with the units that fall in each tier.
    ///
    /// # Errors
    /// When a result has too many digits.
    pub(super) fn price(&mut self, quantity: Amount, mut part: impl FnMut(TierPart)) -> Result<Amount, TooLong> {
        let start = self.used;
        let end = start.plus(quantity)?;
        let mut price = Sum::default();
        let mut floor = Amount::ZERO;
        for (index, tier) in self.tiers.iter().enumerate() {
            let ceiling = tier.up_to.map_or(end, |up_to| up_to.min(end));
            let from = floor.max(start);
            if ceiling > from {
                let units = ceiling.minus(from)?;
                let amount = units.times(tier.unit_price)?;
                price.add(amount)?;
                part(TierPart { tier: index, units, amount });
            }
            floor = tier.up_to.unwrap_or(end);
        }
        self.used = end;
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
        let mut state = TierState::new(tiers.to_vec());
        assert_eq!(state.price(amount("600000"), |_| {}).unwrap(), amount("120000"));
        assert_eq!(state.price(amount("600000"), |_| {}).unwrap(), amount("100000"));
        assert_eq!(state.price(amount("0"), |_| {}).unwrap(), Amount::ZERO);
        assert_eq!(state.price(amount("10.5"), |_| {}).unwrap(), amount("1.05"));
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
        let price =
            TierState::new(tiers.to_vec()).price(amount("25"), |part| parts.push((part.tier, part.units, part.amount)));
        assert_eq!(price.unwrap(), amount("55"));
        let expected = [(0, "10", "30"), (1, "10", "20"), (2, "5", "5")];
        assert_eq!(parts, expected.map(|(tier, units, price)| (tier, amount(units), amount(price))));
    }
}
