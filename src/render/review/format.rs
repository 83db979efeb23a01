//! Formats amounts, shares and links for the review page.

use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::figures::money;
use crate::model::ratio::quotient;
use crate::model::rounding::Rounding;

/// An amount rounded to minor units for an overview; the page shows the exact amount elsewhere.
pub(super) fn glance(amount: Amount, currency: Currency) -> String {
    money(Rounding::HalfUp.apply(amount, currency.decimals()).expect("a rounded amount has fewer digits"), currency, 0)
}

/// [`glance`] with the sign, also of a positive amount.
pub(super) fn signed(amount: Amount, currency: Currency) -> String {
    let text = glance(amount, currency);
    if amount.is_positive() { format!("+{text}") } else { text }
}

/// A share of a whole: `12.3%`.
pub(super) fn percent(part: Amount, whole: Amount) -> Option<String> {
    let share = quotient(part, whole, 3)?.times(Amount::whole(100)).ok()?;
    Some(format!("{}%", share.to_text(1)))
}

/// A change relative to `before`: `+12.3%`; none unless `before` is above zero.
pub(super) fn percent_change(change: Amount, before: Amount) -> Option<String> {
    let text = percent(change, before).filter(|_| before.is_positive())?;
    Some(if change.is_positive() { format!("+{text}") } else { text })
}

/// Thousandths of a whole, as a whole number for a drawing.
pub(super) fn thousandths(part: Amount, whole: Amount) -> String {
    let share =
        quotient(part.magnitude(), whole.magnitude(), 3).and_then(|share| share.times(Amount::whole(1000)).ok());
    share.unwrap_or_default().to_string()
}

/// A path as a link, with every character that has a meaning in one percent-encoded.
pub fn link(path: &str) -> String {
    let mut link = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => link.push(char::from(byte)),
            _ => link.push_str(&format!("%{byte:02X}")),
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn shares_are_told_with_one_decimal() {
        assert_eq!(percent(amount("1"), amount("3")).as_deref(), Some("33.3%"));
        assert_eq!(percent(amount("-2"), amount("3")).as_deref(), Some("-66.7%"));
        assert_eq!(percent(amount("1"), Amount::ZERO), None);
        assert_eq!(percent_change(amount("5"), amount("10")).as_deref(), Some("+50.0%"));
        assert_eq!(percent_change(amount("5"), amount("-10")), None);
        assert_eq!(thousandths(amount("-1"), amount("8")), "125");
    }

    #[test]
    fn links_hold_any_name() {
        assert_eq!(link("acme/INV #1 100%.pdf"), "acme/INV%20%231%20100%25.pdf");
        assert_eq!(link("髙/a?b"), "%E9%AB%99/a%3Fb");
    }
}
