//! Formats units, dates and months for people.

use chrono::{Datelike, NaiveDate};

pub use crate::model::figures::{grouped, money};
use crate::model::period::BillingMonth;
use crate::model::settings::Language;

/// A unit as printed; `hour` and so on are the names in JSON and CSV.
pub(super) fn unit_text(unit: &str, language: Language) -> &str {
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
pub fn month_text(month: BillingMonth, language: Language) -> String {
    let first = month.first();
    match language {
        Language::Japanese => format!("{}年{}月", first.year(), first.month()),
        Language::English => format!("{} {}", month_word(first), first.year()),
    }
}

/// `8月`, `Aug`: a month below its bar.
pub(super) fn short_month_text(month: BillingMonth, language: Language) -> String {
    match language {
        Language::Japanese => format!("{}月", month.first().month()),
        Language::English => month_word(month.first()).chars().take(3).collect(),
    }
}

/// The first and last day of a month: the 取引年月日 of what is supplied all month.
pub(super) fn period_text(month: BillingMonth, language: Language) -> String {
    let (first, last) = (month.first(), month.last());
    match language {
        Language::Japanese => format!("{}〜{}", date_text(first, language), date_text(last, language)),
        Language::English => format!("{}–{}", first.day(), date_text(last, language)),
    }
}

/// Names, each once, in one text.
pub(super) fn distinct<'n>(all: impl Iterator<Item = &'n str>) -> String {
    let mut names = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let month: BillingMonth = "202202".parse().unwrap();
        assert_eq!(period_text(month, Language::Japanese), "2022年2月1日〜2022年2月28日");
        assert_eq!(period_text(month, Language::English), "1–28 February 2022");
        assert_eq!(short_month_text(month, Language::Japanese), "2月");
        assert_eq!(short_month_text(month, Language::English), "Feb");
    }
}
