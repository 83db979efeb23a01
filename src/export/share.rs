//! [`share`]: divides an amount in the ratio of amounts of either sign.

use num_bigint::BigInt;

use crate::model::amount::{Amount, TooLong};

/// Divides `whole` in the ratio of `weights`, in units of 10^-`decimals`: the floor of each part's absolute value, then the
/// units that are missing one each to the largest remainders, ties to the earlier. The parts add up to `whole`.
///
/// Weights of different signs give parts of different signs; the floors may then add up to more than `whole`, and units
/// are taken where the remainders are largest on that side. Where the weights add up to nothing, the first part is the
/// whole.
///
/// # Errors
/// When a part has too many digits, or `whole` has more decimals than that.
pub(super) fn share(whole: Amount, weights: &[Amount], decimals: u32) -> Result<Vec<Amount>, TooLong> {
    let units = BigInt::from(whole.coefficient_at(decimals)?);
    let (weights, _) = integers(weights)?;
    let total: BigInt = weights.iter().sum();
    if total == BigInt::ZERO {
        let first = |index: usize| if index == 0 { Ok(whole) } else { Ok(Amount::ZERO) };
        return (0..weights.len()).map(first).collect();
    }
    let sign = BigInt::from(if total < BigInt::ZERO { -1 } else { 1 });
    let exact: Vec<BigInt> = weights.iter().map(|weight| &units * weight * &sign).collect();
    settled(&exact, &(total * sign), decimals)
}

/// Amounts that are finer than units of 10^-`decimals` in such units, by the same rule. They must add up to whole units.
///
/// # Errors
/// When they do not, or have too many digits.
pub(super) fn in_units(amounts: &[Amount], decimals: u32) -> Result<Vec<Amount>, TooLong> {
    let (exact, scale) = integers(amounts)?;
    let Some(finer) = scale.checked_sub(decimals).filter(|finer| *finer > 0) else {
        return Ok(amounts.to_vec());
    };
    settled(&exact, &BigInt::from(10u8).pow(finer), decimals)
}

/// Amounts as integers of one scale.
fn integers(amounts: &[Amount]) -> Result<(Vec<BigInt>, u32), TooLong> {
    let scale = amounts.iter().map(|amount| amount.scale()).max().unwrap_or(0);
    let integers = amounts.iter().map(|amount| amount.coefficient_at(scale).map(BigInt::from));
    Ok((integers.collect::<Result<_, _>>()?, scale))
}

/// Fractions of one denominator, above zero, as whole units that have the same sum.
fn settled(exact: &[BigInt], denominator: &BigInt, decimals: u32) -> Result<Vec<Amount>, TooLong> {
    // Division cuts toward zero, and the remainder has the sign of what was divided.
    let (mut parts, remainders): (Vec<BigInt>, Vec<BigInt>) =
        exact.iter().map(|it| (it / denominator, it % denominator)).unzip();
    let rest: BigInt = remainders.iter().sum();
    if &rest % denominator != BigInt::ZERO {
        return Err(TooLong);
    }
    let missing = rest / denominator;
    let is_less = missing < BigInt::ZERO;
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|&a, &b| match is_less {
        true => remainders[a].cmp(&remainders[b]).then(a.cmp(&b)),
        false => remainders[b].cmp(&remainders[a]).then(a.cmp(&b)),
    });
    let unit = BigInt::from(if is_less { -1 } else { 1 });
    // The remainders add up to what is missing and each is less than a unit, so more parts have one than units are missing.
    let count = usize::try_from(missing.magnitude()).map_err(|_| TooLong)?;
    for index in order.into_iter().take(count) {
        parts[index] += &unit;
    }
    parts.into_iter().map(|part| Amount::new(i128::try_from(part).map_err(|_| TooLong)?, decimals)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::amount::Sum;
    use proptest::prelude::*;

    fn amounts(texts: &[&str]) -> Vec<Amount> {
        texts.iter().map(|text| Amount::parse(text.as_bytes()).unwrap()).collect()
    }

    /// Worked out by hand. 34 over 200 and 135: 20.298… and 13.701…, floors 20 and 13, the yen that is missing to .701.
    /// 10 over 1, 1, 1: 3.33… thrice, the yen that is missing to the first. 9 over 100 and −10: 10 and −1, no rest.
    /// 10 over 95 and −2: 950 ÷ 93 = 10.215… and −20 ÷ 93 = −0.215…: 10 and 0. 10 over 205, −3, −3: 2050 ÷ 199 = 10.301…,
    /// −30 ÷ 199 = −0.150… twice: 10, 0, 0. 20 over 27, −5, −2: 540 ÷ 20 = 27, −5, −2. 6 over 10, 10, −7: 60 ÷ 13 = 4.615…
    /// twice, −42 ÷ 13 = −3.230…: 4, 4 and −3 are 5, the yen goes to the first. −7 over 3, 1, 1, −1 (total 4): −5.25,
    /// −1.75, −1.75, 1.75: −5, −1, −1 and 1 are −6; −1 to the first of the two −.75.
    #[test]
    fn by_hand() {
        for (whole, weights, decimals, expected) in [
            ("34", vec!["200", "135"], 0, vec!["20", "14"]),
            ("10", vec!["1", "1", "1"], 0, vec!["4", "3", "3"]),
            ("9", vec!["100", "-10"], 0, vec!["10", "-1"]),
            ("10", vec!["95", "-2"], 0, vec!["10", "0"]),
            ("10", vec!["205", "-3", "-3"], 0, vec!["10", "0", "0"]),
            ("20", vec!["27", "-5", "-2"], 0, vec!["27", "-5", "-2"]),
            ("6", vec!["10", "10", "-7"], 0, vec!["5", "4", "-3"]),
            ("-7", vec!["3", "1", "1", "-1"], 0, vec!["-5", "-2", "-1", "1"]),
            // A credit note: both are below zero, and the parts mirror those of the invoice.
            ("-34", vec!["-200", "-135"], 0, vec!["-20", "-14"]),
            ("-10", vec!["-1", "-1", "-1"], 0, vec!["-4", "-3", "-3"]),
            ("0.05", vec!["10.5", "0.01"], 2, vec!["0.05", "0"]),
            ("0", vec!["5", "5"], 0, vec!["0", "0"]),
            ("3", vec!["5", "-5"], 0, vec!["3", "0"]),
        ] {
            let amount = amounts(&[whole])[0];
            assert_eq!(share(amount, &amounts(&weights), decimals), Ok(amounts(&expected)), "{whole} over {weights:?}");
        }
    }

    /// 10.8 and 21.2: floors 10 and 21, the yen that is missing to the .8. −0.7 and 2.7: 0 and 2 are 2, nothing is missing.
    /// −0.6, −0.7 and 3.3: 0, 0 and 3 are one more than 2: it is taken where most was cut off below zero.
    #[test]
    fn amounts_finer_than_a_unit() {
        for (exact, decimals, expected) in [
            (vec!["10.8", "21.2"], 0, vec!["11", "21"]),
            (vec!["-0.7", "2.7"], 0, vec!["0", "2"]),
            (vec!["-0.6", "-0.7", "3.3"], 0, vec!["0", "-1", "3"]),
            (vec!["100", "-100"], 0, vec!["100", "-100"]),
            (vec!["0.005", "0.005"], 2, vec!["0.01", "0"]),
        ] {
            assert_eq!(in_units(&amounts(&exact), decimals), Ok(amounts(&expected)), "{exact:?}");
        }
        assert_eq!(in_units(&amounts(&["0.5", "0.2"]), 0), Err(TooLong));
    }

    proptest! {
        /// The parts add up, each is less than a unit from its exact value, and a whole of the other sign mirrors them.
        #[test]
        fn parts_add_up(whole in -1_000_000i64..1_000_000, weights in proptest::collection::vec(-100_000i64..100_000, 1..8)) {
            let total: i64 = weights.iter().sum();
            let amounts: Vec<Amount> = weights.iter().map(|weight| Amount::whole(*weight)).collect();
            let parts = share(Amount::whole(whole), &amounts, 0).unwrap();
            prop_assert_eq!(Sum::of(parts.iter().copied()).unwrap(), Amount::whole(whole));
            if total != 0 {
                for (part, weight) in parts.iter().zip(&weights) {
                    let off = part.coefficient() * i128::from(total) - i128::from(whole) * i128::from(*weight);
                    prop_assert!(off.abs() < i128::from(total).abs(), "{whole} {weights:?} {parts:?}");
                }
            }
            let mirrored: Vec<Amount> = share(Amount::whole(-whole), &amounts, 0).unwrap();
            prop_assert!(mirrored.iter().zip(&parts).all(|(one, other)| *one == other.negated()));
        }
    }
}
