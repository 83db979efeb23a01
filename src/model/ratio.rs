//! [`quotient`]: one amount as a share of another, for display only; nothing is billed by it.

use num_bigint::{BigInt, Sign};

use super::amount::{Amount, big_at};

/// `part` ÷ `whole`, the exact quotient rounded to `decimals` by its absolute value, halves up; none where `whole` is
/// zero or the quotient has too many digits.
pub fn quotient(part: Amount, whole: Amount, decimals: u32) -> Option<Amount> {
    if whole.is_zero() {
        return None;
    }
    let scale = part.scale().max(whole.scale());
    let numerator = big_at(part.magnitude(), scale) * BigInt::from(10u8).pow(decimals);
    let denominator = big_at(whole.magnitude(), scale);
    let doubled: BigInt = numerator * 2u8 + &denominator;
    let units: BigInt = doubled / (denominator * 2u8);
    let sign = if part.is_negative() == whole.is_negative() { Sign::Plus } else { Sign::Minus };
    let units = if sign == Sign::Minus { -units } else { units };
    Amount::new(i128::try_from(units).ok()?, decimals).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_rounded_once() {
        for (part, whole, decimals, expected) in [
            ("1", "3", 4, "0.3333"),
            ("2", "3", 4, "0.6667"),
            ("1", "8", 2, "0.13"),
            ("-1", "8", 2, "-0.13"),
            ("1", "-8", 2, "-0.13"),
            ("-0.3", "-0.1", 0, "3"),
            ("0", "7", 3, "0"),
            ("123456789012345678901234567890", "0.000001", 0, "123456789012345678901234567890000000"),
        ] {
            let amount = |text: &str| Amount::parse(text.as_bytes()).unwrap();
            let found = quotient(amount(part), amount(whole), decimals).map(|found| found.to_string());
            assert_eq!(found.as_deref(), Some(expected), "{part} / {whole}");
        }
        assert_eq!(quotient(Amount::whole(1), Amount::ZERO, 2), None);
    }
}
