//! [`split`]: divides an amount into parts that add up to it exactly.

use num_bigint::BigInt;

use super::amount::{Amount, TooLong, big_at};

/// Splits `whole` in the ratio of `weights`, exactly: cuts each part toward zero to the larger of the whole's own
/// decimals and 4, then gives the units left over one each to the largest cut-off parts, ties to the earlier index.
///
/// The parts always add up to `whole`. Source of the rule: billing-rules §2.
///
/// # Errors
/// When a part has too many digits, no weight is above zero, or any weight is below zero.
pub fn split(whole: Amount, weights: &[Amount]) -> Result<Vec<Amount>, TooLong> {
    let scale = whole.scale().max(4);
    let weight_scale = weights.iter().map(|weight| weight.scale()).max().unwrap_or(0);
    let parts = match split_short(whole, weights, scale, weight_scale) {
        Some(parts) => parts,
        None => split_long(whole, weights, scale, weight_scale)?,
    };
    let sign = if whole.is_negative() { -1 } else { 1 };
    parts.into_iter().map(|part| Amount::new(sign * part, scale)).collect()
}

/// The parts in units of 10^-`scale`; none in the rare case that a product does not fit in 128 bits.
fn split_short(whole: Amount, weights: &[Amount], scale: u32, weight_scale: u32) -> Option<Vec<i128>> {
    let units = whole.magnitude().coefficient_at(scale).ok()?;
    let mut exact = Vec::with_capacity(weights.len());
    for weight in weights {
        exact.push(weight.coefficient_at(weight_scale).ok().filter(|weight| *weight >= 0)?);
    }
    let total = exact.iter().try_fold(0i128, |total, weight| total.checked_add(*weight)).filter(|total| *total > 0)?;
    units.checked_mul(total)?;
    let parts = exact.iter().map(|weight| (units * weight / total, units * weight % total)).collect();
    Some(with_rest(units, parts))
}

/// [`split_short`] for products of any size.
///
/// # Errors
/// When a part has too many digits, no weight is above zero, or any weight is below zero.
fn split_long(whole: Amount, weights: &[Amount], scale: u32, weight_scale: u32) -> Result<Vec<i128>, TooLong> {
    let weights: Vec<BigInt> = weights.iter().map(|weight| big_at(*weight, weight_scale)).collect();
    let total: BigInt = weights.iter().sum();
    if total <= BigInt::ZERO || weights.iter().any(|weight| *weight < BigInt::ZERO) {
        return Err(TooLong);
    }
    let units = big_at(whole.magnitude(), scale);
    let part = |weight: &BigInt| {
        let product = &units * weight;
        let part = i128::try_from(&product / &total).map_err(|_| TooLong)?;
        Ok((part, product % &total))
    };
    let parts = weights.iter().map(part).collect::<Result<Vec<(i128, BigInt)>, TooLong>>()?;
    Ok(with_rest(i128::try_from(units).map_err(|_| TooLong)?, parts))
}

/// The parts after the units left over went one each to the largest cut-off parts.
fn with_rest<T: Ord>(units: i128, mut parts: Vec<(i128, T)>) -> Vec<i128> {
    let left = units - parts.iter().map(|(part, _)| part).sum::<i128>();
    let mut by_cut_off: Vec<usize> = (0..parts.len()).collect();
    by_cut_off.sort_by(|&a, &b| parts[b].1.cmp(&parts[a].1).then(a.cmp(&b)));
    let left = usize::try_from(left).expect("cutting off leaves less than a unit for each part");
    for index in by_cut_off.into_iter().take(left) {
        parts[index].0 += 1;
    }
    parts.into_iter().map(|(part, _)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::amount::Sum;
    use proptest::prelude::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    /// billing-rules §8.
    #[test]
    fn splits_the_worked_example() {
        let parts = split(amount("-46.5"), &[amount("322.55"), amount("155")]).unwrap();
        assert_eq!(parts, [amount("-31.4073"), amount("-15.0927")]);
    }

    #[test]
    fn split_ties_go_to_the_earlier() {
        let parts = split(amount("0.0001"), &[Amount::whole(1), Amount::whole(1)]).unwrap();
        assert_eq!(parts, [amount("0.0001"), Amount::ZERO]);
        let parts = split(amount("1"), &[Amount::whole(1); 3]).unwrap();
        assert_eq!(parts, [amount("0.3334"), amount("0.3333"), amount("0.3333")]);
    }

    proptest! {
        #[test]
        fn both_ways_agree(whole in any::<i64>(), scale in 0u32..12, weights in proptest::collection::vec((0u32..1_000_000, 0u32..6), 1..30)) {
            let whole = Amount::new(i128::from(whole), scale).unwrap();
            let weights: Vec<Amount> = weights.iter().map(|(weight, scale)| Amount::new(i128::from(*weight), *scale).unwrap()).collect();
            let (scale, weight_scale) = (whole.scale().max(4), 6);
            let short = split_short(whole, &weights, scale, weight_scale);
            let long = split_long(whole, &weights, scale, weight_scale).ok();
            prop_assert!(short == long || short.is_none(), "{short:?} {long:?}");
        }

        #[test]
        fn shares_add_up(whole in any::<i64>(), scale in 0u32..12, weights in proptest::collection::vec(0u32..1_000_000, 1..30)) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let whole = Amount::new(i128::from(whole), scale).unwrap();
            let weights: Vec<Amount> = weights.iter().map(|weight| Amount::whole(i64::from(*weight))).collect();
            let parts = split(whole, &weights).unwrap();
            prop_assert_eq!(Sum::of(parts.iter().copied()).unwrap(), whole);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(!weight.is_zero() || part.is_zero() || weights.len() > 1);
                prop_assert!(part.is_zero() || part.is_negative() == whole.is_negative());
            }
        }
    }
}
