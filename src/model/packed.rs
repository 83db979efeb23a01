//! [`Packed`]: an amount in eight bytes, for tables of millions of rows.

use super::amount::Amount;

/// An optional [`Amount`] in one word: 58 bits of coefficient and 6 of scale. The few amounts that need more are in a
/// list beside the table, and the word holds their position. Half an [`Amount`]'s size saves a quarter of the memory
/// per row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed(i64);

/// Amounts that do not fit in a [`Packed`].
pub(crate) type LongAmounts = Vec<Amount>;

const SCALE_BITS: u32 = 6;
const SCALE_MASK: i64 = (1 << SCALE_BITS) - 1;
/// Scale that marks a long amount: the coefficient is its position in the list plus one, with the amount's sign, so
/// that the sign can be read without the list.
const LONG: i64 = 62;
/// Scale that marks an absent amount.
const ABSENT: i64 = 63;

impl Packed {
    /// No amount.
    pub(crate) const NONE: Packed = Packed(ABSENT);

    /// Packs an amount, putting it into `long` where it does not fit.
    pub(crate) fn new(amount: Amount, long: &mut LongAmounts) -> Packed {
        let scale = i64::from(amount.scale());
        match amount.as_short() {
            Some(short) if short << SCALE_BITS >> SCALE_BITS == short && scale < LONG => {
                Packed(short << SCALE_BITS | scale)
            }
            _ => {
                long.push(amount);
                let position = long.len() as i64;
                Packed((if amount.is_negative() { -position } else { position }) << SCALE_BITS | LONG)
            }
        }
    }

    /// The amount; `long` must be the list it was packed with.
    pub(crate) fn get(self, long: &[Amount]) -> Option<Amount> {
        let coefficient = self.0 >> SCALE_BITS;
        match self.0 & SCALE_MASK {
            ABSENT => None,
            // Indexing panics on a wrong list: an amount must never turn into an absent one.
            LONG => Some(long[coefficient.unsigned_abs() as usize - 1]),
            scale => Some(Amount::short(coefficient, scale as u32)),
        }
    }

    /// Whether the amount is below zero.
    pub(crate) fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The same amount after `count` amounts were inserted at the front of its list.
    #[must_use]
    pub(crate) fn moved(self, count: usize) -> Packed {
        let count = (count as i64) << SCALE_BITS;
        match self.0 & SCALE_MASK {
            LONG if self.0 < 0 => Packed(self.0 - count),
            LONG => Packed(self.0 + count),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn amounts_come_back_as_they_were(coefficient in any::<i64>(), shift in 0u32..64, scale in 0u32..60, more in 0usize..3) {
            let amount = Amount::new(i128::from(coefficient >> shift) * 10i128.pow(shift / 8), scale).unwrap();
            let mut long = Vec::new();
            let packed = Packed::new(amount, &mut long);
            prop_assert_eq!(packed.get(&long), Some(amount));
            prop_assert_eq!(packed.is_negative(), amount.is_negative());
            let mut together = vec![Amount::ZERO; more];
            together.extend(&long);
            prop_assert_eq!(packed.moved(more).get(&together), Some(amount));
        }
    }

    #[test]
    fn none_is_none() {
        assert_eq!(Packed::NONE.get(&[]), None);
        assert_eq!(Packed::NONE.moved(5), Packed::NONE);
        assert!(!Packed::NONE.is_negative());
    }
}
