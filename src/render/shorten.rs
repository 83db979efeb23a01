//! Shortens amounts with more characters than a page has room for and marks them with `…`. JSON and CSV hold all
//! digits.

/// Cuts off decimals or, where the whole part alone is too long, groups of three in the middle: `¥1,234.567…`,
/// `¥1,234,…,678`. An amount that cannot be cut further stays too long.
pub(super) fn shorten(amount: &mut String, limit: usize) {
    if amount.chars().count() <= limit {
        return;
    }
    let (whole, fraction) =
        amount.split_once('.').map_or((amount.as_str(), None), |(whole, fraction)| (whole, Some(fraction)));
    let length = whole.chars().count();
    // A figure with no decimal before the mark would look as if its whole part was cut.
    let decimals = limit.saturating_sub(length + ".…".chars().count());
    let shortened = match fraction {
        Some(fraction) if length + ".…".chars().count() <= limit => {
            format!("{whole}.{}…", fraction.chars().take(decimals).collect::<String>())
        }
        _ => {
            let end = if fraction.is_some() { ".…" } else { "" };
            without_middle(whole, limit.saturating_sub(end.chars().count())) + end
        }
    };
    *amount = shortened;
}

fn without_middle(whole: &str, limit: usize) -> String {
    let groups: Vec<&str> = whole.split(',').collect();
    let [first, middle @ .., last] = groups.as_slice() else {
        return whole.to_owned();
    };
    if middle.is_empty() || whole.chars().count() <= limit {
        return whole.to_owned();
    }
    let mut start = (*first).to_owned();
    let rest = format!(",…,{last}");
    for group in middle.iter().take_while(|group| **group != "…") {
        if start.chars().count() + 1 + group.len() + rest.chars().count() > limit {
            break;
        }
        start = format!("{start},{group}");
    }
    start + &rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted by hand: `¥1,234.567…` has 11 characters.
    #[test]
    fn decimals_go_first_and_then_the_middle() {
        for (amount, limit, expected) in [
            ("¥1,234.5678", 11, "¥1,234.5678"),
            ("¥1,234.56789", 11, "¥1,234.567…"),
            ("-$0.0000000012", 10, "-$0.00000…"),
            ("¥123,456,789.5", 14, "¥123,456,789.5"),
            ("¥123,456,789.25", 14, "¥123,456,789.…"),
            ("¥123,456,789.25", 13, "¥123,…,789.…"),
            ("1,561,728,381,006,172", 15, "1,561,728,…,172"),
            ("1,561,728,381,006,172", 14, "1,561,…,172"),
            ("-¥1,561,728,381,006,172", 10, "-¥1,…,172"),
            ("¥1,561,728", 3, "¥1,…,728"),
            ("¥561,728", 3, "¥561,728"),
            ("", 3, ""),
        ] {
            let mut text = amount.to_owned();
            shorten(&mut text, limit);
            assert_eq!(text, expected, "{amount} in {limit}");
        }
    }

    #[test]
    fn shortening_step_by_step_is_shortening_at_once() {
        for amount in ["¥1,561,728,381,006,172.123456789012", "-12,345,678,901,234", "0.1234567890123456789"] {
            let (mut steps, mut once) = (amount.to_owned(), amount.to_owned());
            for limit in [30, 24, 18, 14, 11] {
                shorten(&mut steps, limit);
            }
            shorten(&mut once, 11);
            assert_eq!(steps, once, "{amount}");
        }
    }
}
