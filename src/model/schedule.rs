//! Dates on which an invoice is issued and due, with the holidays of Japanese banks.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::period::BillingMonth;

/// A date relative to the billing month, or a fixed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateRule {
    /// A fixed date.
    Fixed(NaiveDate),
    /// A day of a month that many months after the billing month: that day, or the month's last when it is shorter.
    Day {
        /// Months after the billing month.
        months: u32,
        /// Day of that month.
        day: u32,
    },
    /// The last day of a month that many months after the billing month.
    End {
        /// Months after the billing month.
        months: u32,
    },
}

impl DateRule {
    /// `month+1-1`: the usual date of issue.
    pub const NEXT_MONTH_FIRST: DateRule = DateRule::Day { months: 1, day: 1 };

    /// `month+1-end`: the usual date of payment.
    pub const NEXT_MONTH_END: DateRule = DateRule::End { months: 1 };

    /// The date for a bill of `month`.
    pub fn date(self, month: BillingMonth) -> NaiveDate {
        match self {
            DateRule::Fixed(date) => date,
            DateRule::Day { months, day } => month.after(months).day(day).unwrap_or(month.after(months).last()),
            DateRule::End { months } => month.after(months).last(),
        }
    }
}

/// When payment is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueRule {
    /// Relative to the billing month.
    Date(DateRule),
    /// That many days after the issue date.
    DaysAfterIssue(u32),
}

/// How a due date on which banks are closed is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnHoliday {
    /// To the next business day (民法142条 where nothing else was agreed).
    Next,
    /// To the previous business day.
    Previous,
    /// Not at all.
    None,
}

/// Issue and due date of a bill.
pub fn dates(month: BillingMonth, issue: DateRule, due: DueRule, on_holiday: OnHoliday) -> (NaiveDate, NaiveDate) {
    let issue_date = issue.date(month);
    let due_date = match due {
        DueRule::Date(rule) => rule.date(month),
        DueRule::DaysAfterIssue(days) => {
            issue_date.checked_add_days(Days::new(u64::from(days))).expect("due dates are at most ten years away")
        }
    };
    (issue_date, business_day(due_date, on_holiday))
}

fn business_day(mut date: NaiveDate, on_holiday: OnHoliday) -> NaiveDate {
    while is_bank_holiday(date) {
        let moved = match on_holiday {
            OnHoliday::Next => date.succ_opt(),
            OnHoliday::Previous => date.pred_opt(),
            OnHoliday::None => None,
        };
        match moved {
            Some(moved) => date = moved,
            None => break,
        }
    }
    date
}

/// Whether Japanese banks are closed: Saturdays, Sundays, national holidays, 31 December to 3 January
/// (銀行法15条, 銀行法施行令5条1項).
pub fn is_bank_holiday(date: NaiveDate) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    let new_year = matches!((date.month(), date.day()), (12, 31) | (1, 1..=3));
    weekend || new_year || yasumi::is_holiday(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The Cabinet Office's list of national holidays, 2014 to 2030.
    #[test]
    fn national_holidays_agree_with_the_official_list() {
        let listed: Vec<NaiveDate> =
            include_str!("../../tests/data/jp-holidays-2014-2030.txt").lines().map(date).collect();
        let mut day = date("2014-01-01");
        while day <= date("2030-12-31") {
            assert_eq!(yasumi::is_holiday(day), listed.contains(&day), "{day}");
            day = day.succ_opt().unwrap();
        }
    }

    /// Expected dates looked up in the years' calendars by hand.
    #[test]
    fn due_dates_avoid_closed_banks() {
        for (month, on_holiday, expected) in [
            ("202208", OnHoliday::Next, "2022-09-30"),
            ("202209", OnHoliday::Next, "2022-10-31"),
            ("202203", OnHoliday::Next, "2022-05-02"),
            ("202203", OnHoliday::Previous, "2022-04-28"),
            ("202203", OnHoliday::None, "2022-04-30"),
            ("202211", OnHoliday::Next, "2023-01-04"),
            ("202211", OnHoliday::Previous, "2022-12-30"),
        ] {
            let month = month.parse().unwrap();
            let due = DueRule::Date(DateRule::NEXT_MONTH_END);
            let (issued, due) = dates(month, DateRule::NEXT_MONTH_FIRST, due, on_holiday);
            assert_eq!(issued, month.next().first());
            assert_eq!(due, date(expected), "{month} {on_holiday:?}");
        }
    }

    #[test]
    fn short_months_end_on_their_last_day() {
        let day = |months, day| DateRule::Day { months, day };
        let end = |months| DateRule::End { months };
        for (rule, month, expected) in [
            (day(1, 31), "202201", "2022-02-28"),
            (end(0), "202402", "2024-02-29"),
            (end(2), "202212", "2023-02-28"),
            (day(2, 30), "202312", "2024-02-29"),
            (day(0, 20), "202208", "2022-08-20"),
            (day(6, 31), "202208", "2023-02-28"),
            (end(6), "202208", "2023-02-28"),
        ] {
            assert_eq!(rule.date(month.parse().unwrap()), date(expected), "{rule:?} of {month}");
        }
    }

    #[test]
    fn days_after_issue() {
        let month = "202208".parse().unwrap();
        let (_, due) = dates(month, DateRule::End { months: 0 }, DueRule::DaysAfterIssue(30), OnHoliday::None);
        assert_eq!(due, date("2022-09-30"));
    }
}
