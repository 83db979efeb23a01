//! [`BillingMonth`]: the month a bill is for; its days are the provider's (UTC).

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};

use super::text::Text;

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillingMonth {
    /// The first day of the month.
    first: NaiveDate,
}

/// The text is not a month of the form `202208` or `2022-08`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAMonth;

impl fmt::Display for NotAMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a month such as 202208 or 2022-08")
    }
}

impl std::error::Error for NotAMonth {}

impl BillingMonth {
    /// The month of a day; none in years that are typing mistakes, such as 0: billing by SIM began long after 1990.
    pub fn of(day: NaiveDate) -> Option<BillingMonth> {
        let first = day.with_day(1)?;
        (1990..=9999).contains(&day.year()).then_some(BillingMonth { first })
    }

    /// The first day.
    pub fn first(self) -> NaiveDate {
        self.first
    }

    /// The last day.
    pub fn last(self) -> NaiveDate {
        self.next().first.checked_sub_days(Days::new(1)).expect("months have years of four digits")
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> BillingMonth {
        self.after(1)
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> BillingMonth {
        let first = self.first.checked_sub_months(Months::new(1)).expect("months have years of four digits");
        BillingMonth { first }
    }

    /// That many months before this one, the newest first.
    pub fn earlier(self, count: usize) -> impl Iterator<Item = BillingMonth> {
        std::iter::successors(Some(self.previous()), |month| Some(month.previous())).take(count)
    }

    /// The calendar year.
    pub fn year(self) -> i32 {
        self.first.year()
    }

    /// The month's number in its year, 1 to 12.
    pub fn number(self) -> u32 {
        self.first.month()
    }

    /// The month that many months later.
    #[must_use]
    pub fn after(self, months: u32) -> BillingMonth {
        let first = self.first.checked_add_months(Months::new(months)).expect("months have years of four digits");
        BillingMonth { first }
    }

    /// The day of the month with that number, when the month has it.
    pub fn day(self, day: u32) -> Option<NaiveDate> {
        self.first.with_day(day)
    }
}

impl FromStr for BillingMonth {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<BillingMonth, NotAMonth> {
        let digits: String = match text.as_bytes() {
            [_, _, _, _, b'-', _, _] => text.replacen('-', "", 1),
            _ => text.to_owned(),
        };
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAMonth);
        }
        let year = digits[..4].parse().map_err(|_| NotAMonth)?;
        let month = digits[4..].parse().map_err(|_| NotAMonth)?;
        NaiveDate::from_ymd_opt(year, month, 1).and_then(BillingMonth::of).ok_or(NotAMonth)
    }
}

impl fmt::Display for BillingMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.first.year(), self.first.month())
    }
}

impl serde::Serialize for BillingMonth {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for BillingMonth {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<BillingMonth, D::Error> {
        Text::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Consecutive months: `202208`, or `202205..202208` including both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthRange {
    /// The first month.
    pub from: BillingMonth,
    /// The last month, never before the first.
    pub until: BillingMonth,
}

/// The text is not a month or two with `..` between them, the earlier first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotMonths;

impl fmt::Display for NotMonths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a month such as 202208, or months such as 202205..202208, the earlier first")
    }
}

impl std::error::Error for NotMonths {}

impl MonthRange {
    /// All months of the range.
    pub fn months(self) -> impl Iterator<Item = BillingMonth> {
        std::iter::successors(Some(self.from), |month| Some(month.next())).take_while(move |month| *month <= self.until)
    }
}

impl FromStr for MonthRange {
    type Err = NotMonths;

    fn from_str(text: &str) -> Result<MonthRange, NotMonths> {
        let (from, until) = text.split_once("..").unwrap_or((text, text));
        let month = |text: &str| text.parse::<BillingMonth>().map_err(|_| NotMonths);
        let range = MonthRange { from: month(from)?, until: month(until)? };
        if range.from <= range.until { Ok(range) } else { Err(NotMonths) }
    }
}

/// An inclusive range of months, open where an end is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// The first month it applies to.
    pub from: Option<BillingMonth>,
    /// The last month it applies to.
    pub until: Option<BillingMonth>,
}

impl Validity {
    /// Whether it applies to `month`.
    pub fn covers(self, month: BillingMonth) -> bool {
        self.from.is_none_or(|from| from <= month) && self.until.is_none_or(|until| month <= until)
    }

    /// Whether both apply to any one month.
    pub fn overlaps(self, other: Validity) -> bool {
        let ends_before =
            |one: Validity, next: Validity| matches!((one.until, next.from), (Some(until), Some(from)) if until < from);
        !ends_before(self, other) && !ends_before(other, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_and_nothing_else() {
        assert_eq!("202208".parse::<BillingMonth>().unwrap().to_string(), "202208");
        assert_eq!("2022-08".parse::<BillingMonth>().unwrap().to_string(), "202208");
        for text in
            ["", "2022", "202213", "202200", "2022-8", "2022/08", "20220801", "２０２２０８", "000008", "-20228"]
        {
            assert_eq!(text.parse::<BillingMonth>(), Err(NotAMonth), "{text}");
        }
    }

    #[test]
    fn earlier_months_are_the_newest_first() {
        let earlier = |count| "202302".parse::<BillingMonth>().unwrap().earlier(count);
        let months: Vec<String> = earlier(3).map(|month| month.to_string()).collect();
        assert_eq!(months, ["202301", "202212", "202211"]);
        assert_eq!(earlier(0).count(), 0);
    }

    #[test]
    fn ranges_hold_both_ends() {
        let months = |text: &str| {
            let range = text.parse::<MonthRange>()?;
            Ok(range.months().map(|month| month.to_string()).collect::<Vec<String>>().join(" "))
        };
        assert_eq!(months("202211..2023-02"), Ok("202211 202212 202301 202302".to_owned()));
        assert_eq!(months("202208"), Ok("202208".to_owned()));
        for text in ["202209..202208", "202208..", "..202208", "202208...202209", "202208-202209", ""] {
            assert_eq!(months(text), Err(NotMonths), "{text}");
        }
    }

    #[test]
    fn knows_its_last_day() {
        for (month, last) in [("202202", "2022-02-28"), ("202402", "2024-02-29"), ("202212", "2022-12-31")] {
            assert_eq!(month.parse::<BillingMonth>().unwrap().last().to_string(), last);
        }
    }
}
