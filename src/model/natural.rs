//! The order in which names are listed: numbers within them by their value, so that meter 2 comes before meter 10.

use std::cmp::Ordering;

/// Compares two names piece by piece; names that differ only in zeros before numbers compare as texts.
pub fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    while !left.is_empty() && !right.is_empty() {
        let ((a, left_rest), (b, right_rest)) = (piece(left), piece(right));
        let is_number = |piece: &str| piece.starts_with(|letter: char| letter.is_ascii_digit());
        let order = match is_number(a) && is_number(b) {
            true => {
                let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
                a.len().cmp(&b.len()).then_with(|| a.cmp(b))
            }
            false => a.cmp(b),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// The digits, or what is before the next digit, and the rest.
fn piece(text: &str) -> (&str, &str) {
    let starts_as_number = text.starts_with(|letter: char| letter.is_ascii_digit());
    let end = text.find(|letter: char| letter.is_ascii_digit() != starts_as_number);
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let sorted = ["", "101号車", "102号車", "1101号車", "bus10", "bus 2", "bus 2a", "bus 007", "bus 10", "バス"];
        for (index, one) in sorted.iter().enumerate() {
            for (place, other) in sorted.iter().enumerate() {
                assert_eq!(natural(one, other), index.cmp(&place), "{one} {other}");
            }
        }
        assert_eq!(natural("a01", "a1"), Ordering::Less);
        let long = "9".repeat(60);
        assert_eq!(natural(&long, &format!("1{}", "0".repeat(60))), Ordering::Less);
    }
}
