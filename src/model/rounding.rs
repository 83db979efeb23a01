//! [`Rounding`]: the only place in the program that drops digits.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint};

use super::amount::{Amount, TooLong, big_at};

/// How an amount is rounded to a currency's minor unit.
///
/// Rounds the absolute value and keeps the sign (billing-rules §3): rounding −172.8 up gives −173.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Away from zero (切上げ).
    Up,
    /// Toward zero (切捨て).
    Down,
    /// To the nearest, halves away from zero (四捨五入).
    HalfUp,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
}

impl Rounding {
    /// The names of the modes in TOML.
    pub const NAMES: [(&'static str, Rounding); 4] = [
        ("up", Rounding::Up),
        ("down", Rounding::Down),
        ("half-up", Rounding::HalfUp),
        ("half-even", Rounding::HalfEven),
    ];

    /// The name of the mode in TOML.
    pub fn name(self) -> &'static str {
        Rounding::NAMES.iter().find(|(_, mode)| *mode == self).map_or("", |(name, _)| name)
    }

    /// The value with at most `decimals` decimals.
    ///
    /// # Errors
    /// When rounding up adds a digit to a number that had the most digits possible.
    pub fn apply(self, value: Amount, decimals: u32) -> Result<Amount, TooLong> {
        if value.scale() <= decimals {
            return Ok(value);
        }
        let units = value.units(decimals);
        let (whole, rest) = (units.whole.unsigned_abs(), units.rest.unsigned_abs());
        let half = units.unit.unsigned_abs() / 2;
        let away = self.goes_away(rest > 0, rest.cmp(&half), whole % 2 == 1);
        let magnitude = i128::try_from(whole + u128::from(away)).map_err(|_| TooLong)?;
        let signed = if value.is_negative() { -magnitude } else { magnitude };
        Amount::new(signed, decimals)
    }

    /// `numerator` ÷ `denominator` with at most `decimals` decimals.
    ///
    /// # Errors
    /// When the result has too many digits, or the denominator is zero.
    pub fn quotient(self, numerator: Amount, denominator: Amount, decimals: u32) -> Result<Amount, TooLong> {
        if denominator.is_zero() {
            return Err(TooLong);
        }
        let scale = numerator.scale().max(denominator.scale());
        let units = big_at(numerator, scale) * BigInt::from(10u8).pow(decimals);
        let (units, divisor) = (units.magnitude().clone(), big_at(denominator, scale).magnitude().clone());
        let (whole, rest) = (&units / &divisor, &units % &divisor);
        let odd = whole.bit(0);
        let away = self.goes_away(rest > BigUint::ZERO, (&rest * 2u8).cmp(&divisor), odd);
        let magnitude = i128::try_from(whole + u8::from(away)).map_err(|_| TooLong)?;
        let negative = numerator.is_negative() != denominator.is_negative();
        Amount::new(if negative { -magnitude } else { magnitude }, decimals)
    }

    /// Whether to round away from zero, given whether any digit is cut off, how the cut-off part compares with a half,
    /// and whether the last kept digit is odd.
    fn goes_away(self, any_cut_off: bool, against_half: Ordering, odd: bool) -> bool {
        match self {
            Rounding::Up => any_cut_off,
            Rounding::Down => false,
            Rounding::HalfUp => against_half.is_ge(),
            Rounding::HalfEven => against_half.is_gt() || against_half.is_eq() && odd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2 ÷ 3 = 0.666…; 1 ÷ 8 = 0.125, whose half goes to the even 0.12; −46.5 × 322.55 ÷ 477.55 of billing-rules §8.
    #[test]
    fn quotients() {
        let amount = |text: &str| Amount::parse(text.as_bytes()).unwrap();
        for (numerator, denominator, decimals, mode, expected) in [
            ("2", "3", 4, Rounding::Down, "0.6666"),
            ("2", "-3", 4, Rounding::Up, "-0.6667"),
            ("1", "8", 2, Rounding::HalfEven, "0.12"),
            ("1", "8", 2, Rounding::HalfUp, "0.13"),
            ("-14998.575", "477.55", 8, Rounding::Down, "-31.40733954"),
            ("0", "0.001", 2, Rounding::Up, "0"),
            ("1", "0.001", 0, Rounding::Up, "1000"),
        ] {
            let quotient = mode.quotient(amount(numerator), amount(denominator), decimals).unwrap();
            assert_eq!(quotient, amount(expected), "{numerator} / {denominator}");
        }
        assert_eq!(Rounding::Up.quotient(amount("1"), Amount::ZERO, 2), Err(TooLong));
    }

    /// Each row worked out by hand: value, decimals, then up, down, half-up, half-even.
    #[test]
    fn every_mode_at_every_edge() {
        for (value, decimals, expected) in [
            ("0", 0, ["0", "0", "0", "0"]),
            ("0.1", 0, ["1", "0", "0", "0"]),
            ("0.5", 0, ["1", "0", "1", "0"]),
            ("1.5", 0, ["2", "1", "2", "2"]),
            ("2.5", 0, ["3", "2", "3", "2"]),
            ("2.5000000000000000000000000001", 0, ["3", "2", "3", "3"]),
            ("-0.5", 0, ["-1", "0", "-1", "0"]),
            ("-2.5", 0, ["-3", "-2", "-3", "-2"]),
            ("-172.8", 0, ["-173", "-172", "-173", "-173"]),
            ("1.005", 2, ["1.01", "1", "1.01", "1"]),
            ("1.015", 2, ["1.02", "1.01", "1.02", "1.02"]),
            ("-36.118395", 0, ["-37", "-36", "-36", "-36"]),
            ("12", 2, ["12", "12", "12", "12"]),
            ("1e-60", 0, ["1", "0", "0", "0"]),
            ("1e-60", 2, ["0.01", "0", "0", "0"]),
        ] {
            let value = Amount::parse(value.as_bytes()).unwrap();
            for ((name, mode), expected) in Rounding::NAMES.iter().zip(expected) {
                let rounded = mode.apply(value, decimals).unwrap();
                assert_eq!(rounded.to_string(), expected, "{value} {name}");
            }
        }
    }
}
