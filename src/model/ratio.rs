//! [`quotient`]: one amount as a share of another, for display only, and [`exact_quotient`]; nothing is billed by them.

use num_bigint::{BigInt, Sign};

use super::amount::{Amount, big_at};
use super::rounding::Rounding;

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

/// `numerator` ÷ `denominator`, where the quotient's decimals end and fit into an amount; the denominator is above zero.
pub fn exact_quotient(numerator: Amount, denominator: Amount) -> Option<Amount> {
    if denominator == Amount::whole(1) {
        return Some(numerator);
    }
    let mut rest = denominator.coefficient();
    if rest <= 0 {
        return None;
    }
    // What has no factor in common with ten divides some power of ten times the numerator only if it divides the numerator.
    // Each factor of two or five that the numerator does not have itself takes one decimal.
    let mut given = numerator.coefficient();
    let mut decimals = 0;
    for prime in [2, 5] {
        let mut missing = 0;
        while rest % prime == 0 {
            rest /= prime;
            match given % prime {
                0 => given /= prime,
                _ => missing += 1,
            }
        }
        decimals = decimals.max(missing);
    }
    if given % rest != 0 {
        return None;
    }
    Rounding::Down.quotient(numerator, denominator, numerator.scale() + decimals).ok()
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

    /// 1 / 2^20 = 9.5367431640625 × 10^-7, with 20 decimals; 3 / 7 has no end, 21 / 7 = 3.
    #[test]
    fn quotients_that_end_are_exact() {
        for (numerator, denominator, expected) in [
            ("1", "1048576", Some("0.00000095367431640625")),
            ("1048576", "1048576", Some("1")),
            ("3", "7", None),
            ("21", "7", Some("3")),
            ("-0.75", "0.5", Some("-1.5")),
            ("1", "0.08", Some("12.5")),
            ("0", "3", Some("0")),
            ("10", "3.2", Some("3.125")),
            // 2^-100 has 100 decimals.
            ("1", "1267650600228229401496703205376", None),
        ] {
            let amount = |text: &str| Amount::parse(text.as_bytes()).unwrap();
            let found = exact_quotient(amount(numerator), amount(denominator)).map(|found| found.to_string());
            assert_eq!(found.as_deref(), expected, "{numerator} / {denominator}");
        }
    }
}
