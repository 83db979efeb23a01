//! [`DayRange`]: from one day to another, and [`MonthDays`]: some days of a month.

use std::fmt::Write as _;

use chrono::{Datelike, NaiveDate};

use super::period::BillingMonth;

/// An inclusive range of days, open where an end is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayRange {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub until: Option<NaiveDate>,
}

impl DayRange {
    /// Its days of a month.
    pub fn in_month(self, month: BillingMonth) -> MonthDays {
        let (first, last) = (month.first(), month.last());
        let from = self.from.map_or(first, |from| from.max(first));
        let until = self.until.map_or(last, |until| until.min(last));
        if from > until { MonthDays::NONE } else { MonthDays::between(from.day() as u8, until.day() as u8) }
    }

    /// Whether both ends are open.
    pub fn is_always(self) -> bool {
        self.from.is_none() && self.until.is_none()
    }
}

/// A set of days of one month. Claims change from day to day for few resources of many, so a set is one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthDays(u32);

impl MonthDays {
    /// No day.
    pub const NONE: MonthDays = MonthDays(0);

    /// Every day of a month.
    pub fn all(month: BillingMonth) -> MonthDays {
        MonthDays::between(1, month.last().day() as u8)
    }

    /// The days from one to another, both included, counted from 1.
    pub(crate) fn between(first: u8, last: u8) -> MonthDays {
        let up_to = |day: u8| u32::MAX >> (32 - u32::from(day));
        let before = if first > 1 { up_to(first - 1) } else { 0 };
        MonthDays(up_to(last) & !before)
    }

    /// One day, counted from 1.
    pub fn of(day: u8) -> MonthDays {
        MonthDays(1 << (u32::from(day) - 1))
    }

    /// The days of either set.
    #[must_use]
    pub fn union(self, other: MonthDays) -> MonthDays {
        MonthDays(self.0 | other.0)
    }

    /// The days of both sets.
    #[must_use]
    pub fn intersection(self, other: MonthDays) -> MonthDays {
        MonthDays(self.0 & other.0)
    }

    /// The days of this set that the other does not have.
    #[must_use]
    pub fn without(self, other: MonthDays) -> MonthDays {
        MonthDays(self.0 & !other.0)
    }

    /// Whether the set has a day.
    pub fn contains(self, day: u8) -> bool {
        !self.intersection(MonthDays::of(day)).is_empty()
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Number of days.
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The days, in their order.
    pub fn days(self) -> impl Iterator<Item = u8> {
        (1..=31).filter(move |day| self.contains(*day))
    }

    /// The first day.
    pub fn first(self) -> Option<u8> {
        self.days().next()
    }

    /// The last day.
    pub fn last(self) -> Option<u8> {
        self.days().last()
    }

    /// First and last day of each run of consecutive days.
    pub fn runs(self) -> Vec<(u8, u8)> {
        let mut runs: Vec<(u8, u8)> = Vec::new();
        for day in self.days() {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == day => *last = day,
                _ => runs.push((day, day)),
            }
        }
        runs
    }

    /// The days as messages name them, in any language: `2022-08-11..2022-08-31`.
    pub fn in_words(self, month: BillingMonth) -> String {
        let mut words = String::new();
        for (first, last) in self.runs() {
            let separator = if words.is_empty() { "" } else { ", " };
            let day = |day: u8| format!("{}-{day:02}", month.first().format("%Y-%m"));
            let _ = match first == last {
                true => write!(words, "{separator}{}", day(first)),
                false => write!(words, "{separator}{}..{}", day(first), day(last)),
            };
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> BillingMonth {
        text.parse().unwrap()
    }

    fn range(from: &str, until: &str) -> DayRange {
        DayRange { from: from.parse().ok(), until: until.parse().ok() }
    }

    #[test]
    fn a_range_is_cut_to_the_month() {
        for (from, until, of, expected) in [
            ("", "", "202208", "2022-08-01..2022-08-31"),
            ("2022-08-11", "", "202208", "2022-08-11..2022-08-31"),
            ("2022-07-20", "2022-08-10", "202208", "2022-08-01..2022-08-10"),
            ("2022-08-31", "2022-12-31", "202208", "2022-08-31"),
            ("2022-09-01", "", "202208", ""),
            ("", "2022-07-31", "202208", ""),
            ("", "", "202202", "2022-02-01..2022-02-28"),
            ("2024-02-29", "", "202402", "2024-02-29"),
            // A day of another year with the same month.
            ("2021-08-11", "2021-08-20", "202208", ""),
        ] {
            assert_eq!(range(from, until).in_month(month(of)).in_words(month(of)), expected, "{from} {until} {of}");
        }
    }

    #[test]
    fn runs_are_the_consecutive_days() {
        let days = MonthDays::between(1, 3).union(MonthDays::of(5)).union(MonthDays::between(30, 31));
        assert_eq!(days.runs(), [(1, 3), (5, 5), (30, 31)]);
        assert_eq!((days.count(), days.first(), days.last()), (6, Some(1), Some(31)));
        assert_eq!(MonthDays::NONE.runs(), []);
    }
}
