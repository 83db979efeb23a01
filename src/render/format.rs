//! Amounts and dates as people read them.

use chrono::{Datelike, NaiveDate};

use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::period::BillingMonth;
use crate::model::settings::Language;

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

/// An amount with its currency's sign: `-¥1,234`, `$1,234.50`.
pub fn money(amount: Amount, currency: Currency, decimals: u32) -> String {
    let digits = grouped(amount, decimals.max(currency.decimals()));
    match digits.strip_prefix('-') {
        Some(digits) => format!("-{}{digits}", currency.symbol()),
        None => format!("{}{digits}", currency.symbol()),
    }
}

/// A unit as it is printed; `hour` and the like are the names in JSON and CSV.
pub(super) fn unit_text(unit: &'static str, language: Language) -> &'static str {
    match (unit, language) {
        ("hour", Language::Japanese) => "時間",
        ("hour", Language::English) => "h",
        _ => unit,
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month_word(date: NaiveDate) -> &'static str {
    MONTHS[date.month0() as usize]
}

/// `2022年9月1日`, `1 September 2022`.
pub fn date_text(date: NaiveDate, language: Language) -> String {
    match language {
        Language::Japanese => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        Language::English => format!("{} {} {}", date.day(), month_word(date), date.year()),
    }
}

/// `2022年8月`, `August 2022`.
pub(super) fn month_text(month: BillingMonth, language: Language) -> String {
    let first = month.first();
    match language {
        Language::Japanese => format!("{}年{}月", first.year(), first.month()),
        Language::English => format!("{} {}", month_word(first), first.year()),
    }
}

/// The days of a month, first to last: the 取引年月日 of what is supplied all month.
pub(super) fn period_text(month: BillingMonth, language: Language) -> String {
    let (first, last) = (month.first(), month.last());
    match language {
        Language::Japanese => format!("{}〜{}", date_text(first, language), date_text(last, language)),
        Language::English => format!("{}–{}", first.day(), date_text(last, language)),
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
        assert_eq!(money(amount, Currency::Usd, 0), "-$1,234.50");
        assert_eq!(money(amount, Currency::Jpy, 4), "-¥1,234.5000");
    }

    #[test]
    fn dates() {
        let month: BillingMonth = "202202".parse().unwrap();
        assert_eq!(period_text(month, Language::Japanese), "2022年2月1日〜2022年2月28日");
        assert_eq!(period_text(month, Language::English), "1–28 February 2022");
    }
}
