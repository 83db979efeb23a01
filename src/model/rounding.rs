//! [`Rounding`]: the only place in the program where a digit is dropped.

use super::amount::{Amount, TooLong};

/// How an amount is brought to a currency's minor unit.
///
/// It works on the absolute value and the sign returns afterwards (billing-rules §3): rounding −172.8 up gives −173.
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
        let away = match self {
            Rounding::Up => rest > 0,
            Rounding::Down => false,
            Rounding::HalfUp => rest >= half,
            Rounding::HalfEven => rest > half || (rest == half && whole % 2 == 1),
        };
        let magnitude = i128::try_from(whole + u128::from(away)).map_err(|_| TooLong)?;
        let signed = if value.is_negative() { -magnitude } else { magnitude };
        Amount::new(signed, decimals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
