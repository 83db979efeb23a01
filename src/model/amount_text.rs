//! [`AmountText`]: the text of an amount without allocating.

use super::amount::Amount;

/// Space for the text of an amount, which has at most 63 characters: a sign, a point and `SCALE_LIMIT` decimals behind a
/// digit.
#[derive(Clone, Copy, Debug)]
pub struct AmountText([u8; 64]);

impl Default for AmountText {
    fn default() -> AmountText {
        AmountText([0; 64])
    }
}

impl AmountText {
    /// The amount as [`Amount::to_text`] gives it with all of its decimals and no more, without allocating: a month's files
    /// have ten for each of millions of rows.
    pub fn of(&mut self, amount: Amount) -> &str {
        let scale = amount.scale() as usize;
        let mut start = self.0.len();
        let mut push = |byte: u8| {
            start -= 1;
            self.0[start] = byte;
        };
        let mut digit = |position: usize, digit: u8| {
            if position == scale && scale > 0 {
                push(b'.');
            }
            push(b'0' + digit);
        };
        let mut position = 0;
        let magnitude = amount.coefficient().unsigned_abs();
        // Division of 128 bits is slow, so it ends as soon as the rest fits in 64.
        let mut long = magnitude;
        while u64::try_from(long).is_err() {
            digit(position, (long % 10) as u8);
            long /= 10;
            position += 1;
        }
        let mut short = long as u64;
        while short > 0 || position <= scale {
            digit(position, (short % 10) as u8);
            short /= 10;
            position += 1;
        }
        if amount.is_negative() {
            push(b'-');
        }
        std::str::from_utf8(&self.0[start..]).expect("digits, point and sign are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_amounts_have_room() {
        let most = (1i128 << 119) - 1;
        for (coefficient, scale) in [(0, 0), (-most, 0), (-most, 60), (-1, 60), (10, 1), (-5, 1), (123, 2)] {
            let amount = Amount::new(coefficient, scale).unwrap();
            assert_eq!(AmountText::default().of(amount), amount.to_text(0), "{coefficient} {scale}");
        }
        assert_eq!(AmountText::default().of(Amount::new(-1, 60).unwrap()), format!("-0.{}1", "0".repeat(59)));
    }

    proptest! {
        #[test]
        fn texts_are_the_same_either_way(high in any::<i64>(), low in any::<u64>(), bits in 0u32..70, scale in 0u32..60) {
            let coefficient = (i128::from(high) << 64 | i128::from(low)) >> (10 + bits);
            let amount = Amount::new(coefficient, scale).unwrap();
            let mut text = AmountText::default();
            prop_assert_eq!(text.of(amount), amount.to_text(0));
        }
    }
}
