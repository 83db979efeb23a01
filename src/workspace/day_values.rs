//! Reads days and months as ranges of days: `from` and `until` of rules that can change within a month.

use chrono::NaiveDate;
use toml::de::DeValue;

use super::toml_reader::{Section, Value};
use crate::diagnostic::Diagnostic;
use crate::model::days::DayRange;
use crate::model::period::BillingMonth;

/// A day, or a month that stands for its first or last day.
enum DayOrMonth {
    Day(NaiveDate),
    Month(BillingMonth),
}

impl DayOrMonth {
    fn read(value: &Value<'_, '_>) -> Result<DayOrMonth, Diagnostic> {
        let text = match value.value {
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Datetime(date) => date.to_string(),
            _ => value.string()?,
        };
        day_or_month(&text).map_err(|message| match message {
            Some(message) => Diagnostic::error(message),
            None => value.expected("a day such as \"2022-08-11\" or a month such as \"202208\""),
        })
    }
}

/// Reads a day or a month, or says why there is none; without a message where the text is neither.
fn day_or_month(text: &str) -> Result<DayOrMonth, Option<String>> {
    // Tables have millions of days, and hardly a month.
    if let Some(day) = plain_day(text.as_bytes()) {
        return Ok(DayOrMonth::Day(day));
    }
    if let Ok(month) = text.parse() {
        return Ok(DayOrMonth::Month(month));
    }
    day(text).map(DayOrMonth::Day)
}

/// A day of the usual form that there is; none for anything else, also for a mistake.
fn plain_day(text: &[u8]) -> Option<NaiveDate> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let number = |digits: &[&u8]| {
        digits.iter().try_fold(0_u32, |number, digit| {
            let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
            Some(number * 10 + u32::from(digit))
        })
    };
    let year = number(&[y1, y2, y3, y4]).filter(|year| *year >= 1990)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(&[m1, m2])?, number(&[d1, d2])?)
}

/// `2022-08-11`; an error has a message only where the text looks like a day.
fn day(text: &str) -> Result<NaiveDate, Option<String>> {
    let bytes = text.as_bytes();
    let is_written_so = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !is_written_so {
        return Err(None);
    }
    let month: BillingMonth = text[..7].parse().map_err(|_| Some(format!("there is no month {}", &text[..7])))?;
    let number: u32 = text[8..].parse().map_err(|_| None)?;
    month.day(number).ok_or_else(|| Some(format!("there is no day {text}: the month ends on {}", month.last())))
}

/// The first and the last day that texts name; an absent one is open.
///
/// # Errors
/// A text that is neither a day nor a month, by its place (`from` is 0, `until` 1), with a message where it looks like
/// a day.
pub(super) fn days_between(texts: [&str; 2]) -> Result<DayRange, (usize, Option<String>)> {
    let read = |at: usize| match texts[at] {
        "" => Ok(None),
        text => day_or_month(text).map(Some).map_err(|message| (at, message)),
    };
    Ok(range(read(0)?, read(1)?))
}

fn range(from: Option<DayOrMonth>, until: Option<DayOrMonth>) -> DayRange {
    let end = |end: DayOrMonth, of_month: fn(BillingMonth) -> NaiveDate| match end {
        DayOrMonth::Day(day) => day,
        DayOrMonth::Month(month) => of_month(month),
    };
    DayRange {
        from: from.map(|from| end(from, BillingMonth::first)),
        until: until.map(|until| end(until, BillingMonth::last)),
    }
}

/// `from` and `until` of a section, as days or months.
pub(super) fn day_range(section: &Section<'_, '_>) -> DayRange {
    let (from, until) = (section.read("from", DayOrMonth::read), section.read("until", DayOrMonth::read));
    let are_months = matches!((&from, &until), (Some(DayOrMonth::Month(_)), Some(DayOrMonth::Month(_))));
    let days = range(from, until);
    if let (Some(from), Some(until)) = (days.from, days.until)
        && from > until
    {
        let written = |key| section.get(key).map_or_else(String::new, |value| value.source().replace(['"', '\''], ""));
        let message = format!("from {} is after until {}", written("from"), written("until"));
        let hint = match are_months {
            true => "both months are included; swap them",
            false => "both days are included; swap them",
        };
        section.tell(Diagnostic::error(message).with_hint(hint));
    }
    days
}
