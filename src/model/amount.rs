//! [`Amount`]: an exact decimal in sixteen bytes, and [`Sum`], which adds many of them.
//!
//! `rust_decimal` holds the numbers people type (rates, prices, fees), but its products and sums silently round
//! once they pass 28 digits. A provider's cost of 28 digits times a markup has more, so computed figures live here:
//! every operation is exact or fails with [`TooLong`], and only [`Rounding`](super::rounding::Rounding) drops digits.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::amount_text::AmountText;
use super::plain::beginning;
use super::text::Text;

/// An exact decimal number: a coefficient of up to 120 bits (36 digits) and a count of decimals.
///
/// Stored without trailing zeros, so that equal numbers are equal bytes. Sixteen bytes, aligned to eight, because a
/// month of millions of rows holds two or three for each row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Amount {
    low: u64,
    /// The upper 56 bits of the coefficient, then eight bits of scale.
    high: u64,
}

/// Error: the result needs more digits than an [`Amount`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the exact result has more than 36 digits")
    }
}

impl std::error::Error for TooLong {}

/// Why text is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// Not of the form `[+-]digits[.digits][e[+-]digits]`.
    Malformed,
    /// More digits than an [`Amount`] holds.
    TooLong,
}

const COEFFICIENT_LIMIT: i128 = 1 << 119;
/// Maximum number of decimals: far more than any price has, so that `1e-30` can still be read.
const SCALE_LIMIT: u32 = 60;

/// 10 to the power of `exponent`, when it fits.
fn power_of_ten(exponent: u32) -> Option<i128> {
    const POWERS: [i128; 39] = {
        let mut powers = [1i128; 39];
        let mut index = 1;
        while index < 39 {
            powers[index] = powers[index - 1] * 10;
            index += 1;
        }
        powers
    };
    POWERS.get(exponent as usize).copied()
}

impl Amount {
    /// Zero.
    pub const ZERO: Amount = Amount { low: 0, high: 0 };

    /// `coefficient` × 10^-`scale`.
    ///
    /// # Errors
    /// When the value needs more than 120 bits or 60 decimals after its trailing zeros are dropped.
    pub fn new(coefficient: i128, scale: u32) -> Result<Amount, TooLong> {
        if let (Ok(short), true) = (i64::try_from(coefficient), scale <= SCALE_LIMIT) {
            return Ok(Amount::short(short, scale));
        }
        let (coefficient, scale) = without_trailing_zeros(coefficient, scale);
        // The limit is the same on both sides, so that every amount can be negated.
        if coefficient.unsigned_abs() >= COEFFICIENT_LIMIT.unsigned_abs() || scale > SCALE_LIMIT {
            return Err(TooLong);
        }
        let bits = coefficient as u128;
        Ok(Amount { low: bits as u64, high: ((bits >> 64) as u64) << 8 | u64::from(scale) })
    }

    /// [`new`](Self::new) for a coefficient of 64 bits, as nearly all are: arithmetic on them is several times faster.
    pub(super) fn short(mut coefficient: i64, mut scale: u32) -> Amount {
        while scale > 0 && coefficient % 10 == 0 {
            if coefficient == 0 {
                return Amount::ZERO;
            }
            coefficient /= 10;
            scale -= 1;
        }
        Amount { low: coefficient as u64, high: ((coefficient >> 63) as u64) << 8 | u64::from(scale) }
    }

    /// The coefficient when it has no more than 64 bits.
    pub(super) fn as_short(self) -> Option<i64> {
        let low = self.low as i64;
        ((self.high as i64) >> 8 == low >> 63).then_some(low)
    }

    /// A whole number.
    pub fn whole(value: i64) -> Amount {
        Amount::short(value, 0)
    }

    /// The digits as one signed integer; the value is this times 10^-[`scale`](Self::scale).
    pub fn coefficient(self) -> i128 {
        // The arithmetic shift brings the sign down from bit 63 of `high`.
        (i128::from((self.high as i64) >> 8) << 64) | i128::from(self.low)
    }

    /// The number of decimals, trailing zeros dropped.
    pub fn scale(self) -> u32 {
        (self.high & 0xff) as u32
    }

    /// Whether the value is zero.
    pub fn is_zero(self) -> bool {
        self.low == 0 && self.high >> 8 == 0
    }

    /// Whether the value is below zero.
    pub fn is_negative(self) -> bool {
        (self.high as i64) < 0
    }

    /// Whether the value is above zero.
    pub fn is_positive(self) -> bool {
        !self.is_negative() && !self.is_zero()
    }

    /// The value with the other sign.
    #[must_use]
    pub fn negated(self) -> Amount {
        Amount::new(-self.coefficient(), self.scale()).expect("the range of amounts is symmetric")
    }

    /// The sum.
    ///
    /// # Errors
    /// When the exact sum has too many digits.
    pub fn plus(self, other: Amount) -> Result<Amount, TooLong> {
        let mut sum = Sum::default();
        sum.add(self)?;
        sum.add(other)?;
        sum.total()
    }

    /// The difference.
    ///
    /// # Errors
    /// When the exact difference has too many digits.
    pub fn minus(self, other: Amount) -> Result<Amount, TooLong> {
        self.plus(other.negated())
    }

    /// The product.
    ///
    /// # Errors
    /// When the exact product has too many digits.
    pub fn times(self, other: Amount) -> Result<Amount, TooLong> {
        let scale = self.scale() + other.scale();
        if let (Some(left), Some(right), true) = (self.as_short(), other.as_short(), scale <= SCALE_LIMIT)
            && let Some(product) = left.checked_mul(right)
        {
            return Ok(Amount::short(product, scale));
        }
        let coefficient = self.coefficient().checked_mul(other.coefficient());
        Amount::new(coefficient.ok_or(TooLong)?, scale)
    }

    /// The coefficient of the value written with exactly `scale` decimals; an error when it has more than those.
    pub fn coefficient_at(self, scale: u32) -> Result<i128, TooLong> {
        let up = scale.checked_sub(self.scale()).ok_or(TooLong)?;
        let power = power_of_ten(up).ok_or(TooLong)?;
        if let (Some(short), true) = (self.as_short(), up <= 18) {
            return Ok(i128::from(short) * power);
        }
        self.coefficient().checked_mul(power).ok_or(TooLong)
    }

    /// The value as a whole number of units of 10^-`decimals`, the rest of the coefficient, and the size of one unit in
    /// the coefficient. For [`Rounding`](super::rounding::Rounding).
    pub(super) fn units(self, decimals: u32) -> Units {
        let drop = self.scale().saturating_sub(decimals);
        match power_of_ten(drop) {
            Some(unit) if drop > 0 => Units { whole: self.coefficient() / unit, rest: self.coefficient() % unit, unit },
            Some(_) => Units { whole: self.coefficient(), rest: 0, unit: 1 },
            // More decimals than an i128 has digits: the value is smaller than any unit and any half of one.
            None => Units { whole: 0, rest: self.coefficient().signum(), unit: 10 },
        }
    }

    /// Reads a provider's number: plain (`-12.50`) or with an exponent (`1.9E-7`).
    ///
    /// # Errors
    /// When the text is not a number, or has more digits than an amount holds.
    #[inline]
    pub fn parse(text: &[u8]) -> Result<Amount, NumberError> {
        match parse_short(text) {
            Some(amount) => Ok(amount),
            None => Amount::parse_any(text),
        }
    }

    fn parse_any(text: &[u8]) -> Result<Amount, NumberError> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let (magnitude, scale) = parse_unsigned(digits)?;
        let coefficient = if negative { -magnitude } else { magnitude };
        let (coefficient, scale) = if scale < 0 {
            let power = power_of_ten(scale.unsigned_abs()).ok_or(NumberError::TooLong);
            let power = if coefficient == 0 { Ok(1) } else { power }?;
            (coefficient.checked_mul(power).ok_or(NumberError::TooLong)?, 0)
        } else {
            (coefficient, scale.unsigned_abs())
        };
        Amount::new(coefficient, scale).map_err(|_| NumberError::TooLong)
    }

    /// The value as plain text with all its decimals, padded with zeros to `decimals`: `-31.4073`, `12.50`.
    pub fn to_text(self, decimals: u32) -> String {
        let scale = self.scale().max(decimals) as usize;
        let mut digits = self.coefficient().unsigned_abs().to_string();
        let pad = scale - self.scale() as usize;
        if self.coefficient() != 0 {
            digits.extend(std::iter::repeat_n('0', pad));
        }
        if digits.len() <= scale {
            digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
        }
        if scale > 0 {
            digits.insert(digits.len() - scale, '.');
        }
        if self.is_negative() {
            digits.insert(0, '-');
        }
        digits
    }
}

/// An amount as whole units and a remainder; see [`Amount::units`].
pub(super) struct Units {
    pub(super) whole: i128,
    pub(super) rest: i128,
    pub(super) unit: i128,
}

/// Reads up to 18 digits with an optional sign and point; none for any other text, valid or not.
#[inline]
fn parse_short(text: &[u8]) -> Option<Amount> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value: i64 = 0;
    let mut point = digits.len();
    for (index, &byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value * 10 + i64::from(digit);
        } else if byte == b'.' && point == digits.len() && index + 1 < digits.len() {
            point = index;
        } else {
            return None;
        }
    }
    let scale = digits.len().saturating_sub(point + 1) as u32;
    Some(Amount::short(if negative { -value } else { value }, scale))
}

fn without_trailing_zeros(mut coefficient: i128, mut scale: u32) -> (i128, u32) {
    if coefficient == 0 {
        return (0, 0);
    }
    // Division of 128 bits is slow, so this loop ends as soon as the rest fits in 64.
    while scale > 0 && i64::try_from(coefficient).is_err() && coefficient % 10 == 0 {
        coefficient /= 10;
        scale -= 1;
    }
    if let Ok(mut short) = i64::try_from(coefficient) {
        while scale > 0 && short % 10 == 0 {
            short /= 10;
            scale -= 1;
        }
        coefficient = i128::from(short);
    }
    (coefficient, scale)
}

/// Reads digits, point and exponent without a sign: the coefficient and its (possibly negative) scale.
fn parse_unsigned(text: &[u8]) -> Result<(i128, i32), NumberError> {
    let mut coefficient: i128 = 0;
    let mut decimals: i32 = 0;
    let mut point = false;
    let mut any = false;
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                any = true;
                decimals += i32::from(point);
                let shifted = coefficient.checked_mul(10);
                let shifted = shifted.and_then(|value| value.checked_add(i128::from(byte - b'0')));
                coefficient = shifted.ok_or(NumberError::TooLong)?;
            }
            b'.' if !point => point = true,
            b'e' | b'E' if any => {
                let exponent = parse_exponent(&text[index + 1..])?;
                return Ok((coefficient, decimals.saturating_sub(exponent)));
            }
            _ => return Err(NumberError::Malformed),
        }
    }
    // "." and "1." are typing mistakes, not numbers.
    if !any || text.last() == Some(&b'.') {
        return Err(NumberError::Malformed);
    }
    Ok((coefficient, decimals))
}

fn parse_exponent(text: &[u8]) -> Result<i32, NumberError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumberError::Malformed);
    }
    let value = digits
        .iter()
        .fold(0i32, |value, digit| value.saturating_mul(10).saturating_add(i32::from(digit - b'0')).min(1_000_000));
    Ok(if negative { -value } else { value })
}

impl Ord for Amount {
    fn cmp(&self, other: &Amount) -> Ordering {
        let scale = self.scale().max(other.scale());
        match (self.coefficient_at(scale), other.coefficient_at(scale)) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            _ => big_at(*self, scale).cmp(&big_at(*other, scale)),
        }
    }
}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Amount) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

pub(super) fn big_at(amount: Amount, scale: u32) -> BigInt {
    BigInt::from(amount.coefficient()) * BigInt::from(10u8).pow(scale - amount.scale())
}

impl From<Decimal> for Amount {
    fn from(value: Decimal) -> Amount {
        // A rust_decimal has 96 bits and at most 28 decimals, so it always fits.
        Amount::new(value.mantissa(), value.scale()).expect("96 bits and 28 decimals fit")
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(AmountText::default().of(*self))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Amount {
    /// A JSON string: readers that parse JSON numbers as floats would lose digits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(AmountText::default().of(*self))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        let text = Text::deserialize(deserializer)?;
        let unusable =
            |_| D::Error::custom(format!("expected an amount such as \"1234\", found {:?}", beginning(&text)));
        Amount::parse(text.as_bytes()).map_err(unusable)
    }
}

/// Adds many amounts; trailing zeros are dropped only at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    coefficient: i128,
    scale: u32,
}

impl Sum {
    /// Adds one amount.
    ///
    /// # Errors
    /// When the exact sum has too many digits.
    pub fn add(&mut self, amount: Amount) -> Result<(), TooLong> {
        let scale = amount.scale();
        if scale > self.scale {
            let power = power_of_ten(scale - self.scale).ok_or(TooLong)?;
            self.coefficient = self.coefficient.checked_mul(power).ok_or(TooLong)?;
            self.scale = scale;
        }
        let addend = amount.coefficient_at(self.scale)?;
        self.coefficient = self.coefficient.checked_add(addend).ok_or(TooLong)?;
        Ok(())
    }

    /// Adds another sum.
    ///
    /// # Errors
    /// When the exact sum has too many digits.
    pub fn merge(&mut self, other: Sum) -> Result<(), TooLong> {
        self.add(other.total()?)
    }

    /// The sum so far.
    ///
    /// # Errors
    /// When the exact sum has too many digits.
    pub fn total(self) -> Result<Amount, TooLong> {
        Amount::new(self.coefficient, self.scale)
    }

    /// The sum of `amounts`.
    ///
    /// # Errors
    /// When the exact sum has too many digits.
    pub fn of(amounts: impl IntoIterator<Item = Amount>) -> Result<Amount, TooLong> {
        let mut sum = Sum::default();
        for amount in amounts {
            sum.add(amount)?;
        }
        sum.total()
    }
}

impl Amount {
    /// The value without its sign.
    #[must_use]
    pub fn magnitude(self) -> Amount {
        if self.is_negative() { self.negated() } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 120 bits hold -2^119 but not its negative: negating it once returned -2^119 itself.
    #[test]
    fn every_amount_has_its_negative() {
        let most = (1i128 << 119) - 1;
        assert_eq!(Amount::new(-1 - most, 0), Err(TooLong));
        assert_eq!(Amount::new(-most, 0).unwrap().negated(), Amount::new(most, 0).unwrap());
        // With one decimal that is not zero, as amounts near the limit have.
        assert_eq!(Amount::new(-most, 1).unwrap().negated().minus(Amount::new(most, 1).unwrap()), Ok(Amount::ZERO));
    }

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn reads_plain_and_exponent_forms() {
        for (text, expected) in [
            ("0", "0"),
            ("-0.00", "0"),
            ("+12.50", "12.5"),
            ("007", "7"),
            (".5", "0.5"),
            ("1.9E-7", "0.00000019"),
            ("1e3", "1000"),
            ("-2.5e+2", "-250"),
            ("0e99999999999", "0"),
            ("1234567890123456789012345678", "1234567890123456789012345678"),
            ("0.1234567890123456789012345678", "0.1234567890123456789012345678"),
        ] {
            assert_eq!(amount(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_number() {
        for text in ["", "-", ".", "1.", "1,234", "１２", "0x10", "1e", "1e+", "e5", "NaN", "inf", "1.2.3", " 1", "--1"]
        {
            assert_eq!(Amount::parse(text.as_bytes()), Err(NumberError::Malformed), "{text:?}");
        }
        for text in ["1e40", "1e-70", "1234567890123456789012345678901234567890", "1e2147483648"] {
            assert_eq!(Amount::parse(text.as_bytes()), Err(NumberError::TooLong), "{text:?}");
        }
    }

    #[test]
    fn products_beyond_28_digits_stay_exact() {
        let product = amount("0.1234567890123456789012345678").times(amount("1.15")).unwrap();
        assert_eq!(product.to_string(), "0.14197530736419753073641975297");
        assert_eq!(amount("1e30").times(amount("1e30")), Err(TooLong));
    }

    #[test]
    fn compares_across_scales() {
        assert!(amount("1e35") > amount("1e-30"));
        assert!(amount("-1e35") < amount("1e-30"));
        assert_eq!(amount("1.50"), amount("1.5"));
        assert!(amount("-2") < amount("-1.999"));
    }

    #[test]
    fn prints_with_at_least_the_decimals_asked_for() {
        assert_eq!(amount("12").to_text(2), "12.00");
        assert_eq!(amount("0").to_text(2), "0.00");
        assert_eq!(amount("-0.5").to_text(2), "-0.50");
        assert_eq!(amount("1.2345").to_text(2), "1.2345");
    }

    proptest! {
        #[test]
        fn any_bytes_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let _ = Amount::parse(&bytes);
        }

        #[test]
        fn text_round_trips(coefficient in any::<i64>(), scale in 0u32..20) {
            let value = Amount::new(i128::from(coefficient), scale).unwrap();
            prop_assert_eq!(Amount::parse(value.to_string().as_bytes()), Ok(value));
        }

        #[test]
        fn sums_do_not_depend_on_order(mut values in proptest::collection::vec((any::<i32>(), 0u32..15), 0..40)) {
            let sum = |values: &[(i32, u32)]| Sum::of(values.iter().map(|(c, s)| Amount::new(i128::from(*c), *s).unwrap())).unwrap();
            let forward = sum(&values);
            values.reverse();
            prop_assert_eq!(forward, sum(&values));
        }
    }
}
