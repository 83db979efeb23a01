//! [`DateFormat`]: how the rows of a table write days and months, such as `%Y/%m/%d`.

use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use super::period::BillingMonth;

/// A pattern of a date. Its signs are those of strftime: `%Y %y %m %d %b %H %M %S`, and `%%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateFormat {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    /// Two digits of a year from 2000 on.
    ShortYear,
    Month,
    /// `Jan` to `Dec`, in capitals or not.
    MonthName,
    Day,
    /// Hour, minute or second, and how many there are: a day is what counts.
    Time(u32),
    Sign(char),
}

/// Why a text is no pattern of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFormatError {
    /// A sign behind `%` that is none of those known.
    UnknownSign,
    /// It names no year or no month, or one of its parts twice.
    Incomplete,
}

/// What a date of a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowDate {
    /// A day.
    Day(NaiveDate),
    /// A whole month.
    Month(BillingMonth),
    /// The month of the bill, whichever that is: an empty cell that the pattern `""` allows.
    OfTheBill,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

impl FromStr for DateFormat {
    type Err = DateFormatError;

    fn from_str(text: &str) -> Result<DateFormat, DateFormatError> {
        let mut parts = Vec::new();
        let mut signs = text.chars();
        while let Some(sign) = signs.next() {
            parts.push(match sign {
                '%' => match signs.next() {
                    Some('Y') => Part::Year,
                    Some('y') => Part::ShortYear,
                    Some('m') => Part::Month,
                    Some('b') => Part::MonthName,
                    Some('d') => Part::Day,
                    Some('H') => Part::Time(24),
                    // Clocks have a leap second.
                    Some('M') => Part::Time(60),
                    Some('S') => Part::Time(61),
                    Some('%') => Part::Sign('%'),
                    _ => return Err(DateFormatError::UnknownSign),
                },
                sign => Part::Sign(sign),
            });
        }
        let count = |wanted: &[Part]| parts.iter().filter(|part| wanted.contains(part)).count();
        let (years, months) = (count(&[Part::Year, Part::ShortYear]), count(&[Part::Month, Part::MonthName]));
        if !text.is_empty() && (years != 1 || months != 1 || count(&[Part::Day]) > 1) {
            return Err(DateFormatError::Incomplete);
        }
        Ok(DateFormat { text: text.to_owned(), parts })
    }
}

impl DateFormat {
    /// The patterns that are tried where a table names none: all begin with the year, so that no text fits two of them
    /// with different dates.
    pub fn usual() -> Vec<DateFormat> {
        let texts = [
            "%Y-%m-%d",
            "%Y/%m/%d",
            "%Y%m%d",
            "%Y年%m月%d日",
            "%Y-%m",
            "%Y/%m",
            "%Y%m",
            "%Y年%m月",
            "%Y-%m-%d %H:%M:%S",
        ];
        texts.iter().filter_map(|text| text.parse().ok()).collect()
    }

    /// The pattern as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A day as the pattern writes it.
    pub fn example(&self, day: NaiveDate) -> String {
        let part = |part: &Part| match part {
            Part::Year => format!("{:04}", day.year()),
            Part::ShortYear => format!("{:02}", day.year().rem_euclid(100)),
            Part::Month => format!("{:02}", day.month()),
            Part::MonthName => day.format("%b").to_string(),
            Part::Day => format!("{:02}", day.day()),
            Part::Time(_) => "00".to_owned(),
            Part::Sign(sign) => sign.to_string(),
        };
        self.parts.iter().map(part).collect()
    }

    /// Reads a date, in ASCII digits; none where the text does not fit, or the calendar has no such day.
    ///
    /// A number may lack its leading zero, unless another number follows it at once, as in `%Y%m%d`.
    pub fn read(&self, text: &str) -> Option<RowDate> {
        if self.parts.is_empty() {
            return text.is_empty().then_some(RowDate::OfTheBill);
        }
        let (mut year, mut month, mut day, mut rest) = (0, 0, None, text);
        for (index, part) in self.parts.iter().enumerate() {
            let width = if matches!(part, Part::Year) { 4 } else { 2 };
            let before_a_sign = matches!(self.parts.get(index + 1), None | Some(Part::Sign(_)));
            let after_a_sign = index == 0 || matches!(self.parts.get(index - 1), Some(Part::Sign(_)));
            let least = if before_a_sign && after_a_sign && width == 2 { 1 } else { width };
            match part {
                Part::Year => year = number(&mut rest, width, width)?,
                Part::ShortYear => year = 2000 + number(&mut rest, width, width)?,
                Part::Month => month = number(&mut rest, least, width)?,
                Part::Day => day = Some(number(&mut rest, least, width)?),
                Part::Time(most) => _ = number(&mut rest, least, width).filter(|time| time < most)?,
                Part::MonthName => {
                    let (name, behind) = rest.split_at_checked(3)?;
                    month = MONTHS.iter().position(|known| name.eq_ignore_ascii_case(known))? as u32 + 1;
                    rest = behind;
                }
                Part::Sign(sign) => rest = rest.strip_prefix(*sign)?,
            }
        }
        if !rest.is_empty() {
            return None;
        }
        let first = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day.unwrap_or(1))?;
        match day {
            Some(_) => Some(RowDate::Day(first)),
            None => first.format("%Y%m").to_string().parse().ok().map(RowDate::Month),
        }
    }
}

/// The number of `least` to `most` digits at the beginning, which is taken off.
fn number(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, behind) = rest.split_at_checked(length).filter(|_| length >= least)?;
    *rest = behind;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, text: &str) -> Option<String> {
        Some(match format.parse::<DateFormat>().unwrap().read(text)? {
            RowDate::Day(day) => day.to_string(),
            RowDate::Month(month) => month.to_string(),
            RowDate::OfTheBill => "-".to_owned(),
        })
    }

    #[test]
    fn dates_are_read_as_their_pattern_says() {
        for (format, text, expected) in [
            ("%Y/%m/%d", "2024/9/1", Some("2024-09-01")),
            ("%Y/%m/%d", "2024/09/01", Some("2024-09-01")),
            ("%Y年%m月%d日", "2024年9月30日", Some("2024-09-30")),
            ("%Y%m%d", "20240901", Some("2024-09-01")),
            ("%Y-%m", "2024-09", Some("202409")),
            ("%Y%m", "202409", Some("202409")),
            ("%d.%m.%y", "01.09.24", Some("2024-09-01")),
            ("%d %b %Y", "1 SEP 2024", Some("2024-09-01")),
            ("%m/%d/%Y %H:%M", "9/30/2024 23:59", Some("2024-09-30")),
            ("", "", Some("-")),
            ("", " ", None),
            // 1 may be January with a day 12, or November with a day 2.
            ("%Y%m%d", "2024112", None),
            ("%Y/%m/%d", "2024/9/31", None),
            ("%Y/%m/%d", "2024/13/1", None),
            ("%Y/%m/%d", "2024/9/1 ", None),
            ("%Y/%m/%d", "24/9/1", None),
            ("%Y/%m/%d", "2024/9", None),
            ("%Y/%m/%d", "", None),
            ("%Y-%m", "1989-01", None),
            ("%m/%d/%Y %H:%M", "9/30/2024 24:00", None),
            ("%d %b %Y", "1 九月 2024", None),
        ] {
            assert_eq!(read(format, text).as_deref(), expected, "{format} {text:?}");
        }
    }

    #[test]
    fn other_patterns_are_refused() {
        for (format, expected) in [
            ("%d/%m", DateFormatError::Incomplete),
            ("yyyy/mm/dd", DateFormatError::Incomplete),
            ("%Y/%m/%d %d", DateFormatError::Incomplete),
            ("%Y %y %m", DateFormatError::Incomplete),
            ("%Y/%m/%e", DateFormatError::UnknownSign),
            ("%Y/%m%", DateFormatError::UnknownSign),
        ] {
            assert_eq!(format.parse::<DateFormat>(), Err(expected), "{format}");
        }
    }

    #[test]
    fn every_usual_pattern_reads_what_it_writes() {
        let day = NaiveDate::from_ymd_opt(2024, 9, 5).unwrap();
        assert_eq!(DateFormat::usual().len(), 9);
        for format in DateFormat::usual() {
            let read = format.read(&format.example(day));
            let month = "202409".parse().unwrap();
            assert_eq!(read, Some(if format.text().contains('d') { RowDate::Day(day) } else { RowDate::Month(month) }));
        }
    }
}
