//! Formats amounts for people.

use super::amount::Amount;
use super::currency::Currency;

/// Digits in groups of three, with at least `decimals` decimals: `-12,345.60`.
pub fn grouped(amount: Amount, decimals: u32) -> String {
    let text = amount.to_text(decimals);
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, ""), |(whole, fraction)| (whole, fraction));
    let mut out = String::with_capacity(text.len() + whole.len() / 3 + 1);
    out.push_str(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// An amount with its currency's sign or code: `-¥1,234`, `$1,234.50`, `CHF -1,234.50`. Behind a minus a line may end before
/// letters, but not before digits.
pub fn money(amount: Amount, currency: Currency, decimals: u32) -> String {
    let digits = grouped(amount, decimals.max(currency.decimals()));
    let symbol = currency.symbol();
    match digits.strip_prefix('-').filter(|_| !symbol.ends_with('\u{a0}')) {
        Some(digits) => format!("-{symbol}{digits}"),
        None => format!("{symbol}{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_three() {
        for (text, decimals, expected) in [
            ("0", 0, "0"),
            ("999", 0, "999"),
            ("1000", 0, "1,000"),
            ("-1234567.891", 2, "-1,234,567.891"),
            ("-100", 2, "-100.00"),
            ("0.00000019", 0, "0.00000019"),
        ] {
            assert_eq!(grouped(Amount::parse(text.as_bytes()).unwrap(), decimals), expected);
        }
    }

    #[test]
    fn signs_come_before_symbols() {
        let amount = Amount::parse(b"-1234.5").unwrap();
        assert_eq!(money(amount, Currency::USD, 0), "-$1,234.50");
        assert_eq!(money(amount, Currency::JPY, 4), "-¥1,234.5000");
        assert_eq!(money(amount, Currency::of("CHF").unwrap(), 0), "CHF\u{a0}-1,234.50");
        assert_eq!(money(amount.negated(), Currency::of("KWD").unwrap(), 0), "KWD\u{a0}1,234.500");
    }
}
