//! Reads times of bills: `2024-09-01T00:00:00Z`, and as some exports write them, `2024-09-01 00:00:00` and without seconds.
//! All are UTC.

use chrono::{NaiveDate, NaiveDateTime};

use super::refused_rows::Refusal;

/// What is written after a time in UTC; nothing is UTC, too.
const UTC: [&[u8]; 5] = [b"", b"Z", b" UTC", b"+00:00", b"+00"];

/// A cell's time; `column` names the column in a message.
pub(super) fn timestamp(cell: &[u8], column: &str) -> Result<NaiveDateTime, Refusal> {
    let shown = || String::from_utf8_lossy(cell).into_owned();
    let Some((time, rest)) = split(cell) else {
        let message = format!("expected a time such as 2024-09-01T00:00:00Z in {column}, found {:?}", shown());
        return Err(("timestamp", message, "use the file as it was exported; a spreadsheet may have changed it"));
    };
    if UTC.contains(&rest) {
        return Ok(time);
    }
    let message = format!("expected a time in UTC in {column}, found {:?}", shown());
    Err(("offset", message, "FOCUS has all times in UTC: export the bill again without a time zone of your own"))
}

/// The time at the beginning of a cell, and what is left.
fn split(cell: &[u8]) -> Option<(NaiveDateTime, &[u8])> {
    let (date, rest) = cell.split_at_checked(10)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return None };
    let date =
        NaiveDate::from_ymd_opt(number(&[*y1, *y2, *y3, *y4])? as i32, number(&[*m1, *m2])?, number(&[*d1, *d2])?)?;
    let ([b'T' | b' ', h1, h2, b':', n1, n2], rest) = rest.split_at_checked(6)? else { return None };
    let (hour, minute) = (number(&[*h1, *h2])?, number(&[*n1, *n2])?);
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (number(&[*s1, *s2])?, rest),
        _ => (0, rest),
    };
    let (nanoseconds, rest) = fraction(rest)?;
    Some((date.and_hms_nano_opt(hour, minute, second, nanoseconds)?, rest))
}

/// The fraction of a second at the beginning, in nanoseconds, and what is left.
fn fraction(rest: &[u8]) -> Option<(u32, &[u8])> {
    let [b'.', rest @ ..] = rest else { return Some((0, rest)) };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(length).filter(|_| (1..=9).contains(&length))?;
    Some((number(digits)? * 10u32.pow(9 - length as u32), rest))
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_utc_are_read() {
        for (text, expected) in [
            ("2024-09-01T00:00:00Z", "2024-09-01 00:00:00"),
            ("2024-09-01 00:00:00", "2024-09-01 00:00:00"),
            ("2024-09-01T13:05Z", "2024-09-01 13:05:00"),
            ("2024-09-01 13:05", "2024-09-01 13:05:00"),
            ("2024-02-29T23:59:59.5Z", "2024-02-29 23:59:59.500"),
            ("2024-09-01 00:00:00 UTC", "2024-09-01 00:00:00"),
            ("2024-09-01T00:00:00+00:00", "2024-09-01 00:00:00"),
        ] {
            assert_eq!(timestamp(text.as_bytes(), "ChargePeriodStart").unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_offsets_and_other_texts_are_refused() {
        for (text, kind) in [
            ("2024-09-01T00:00:00+09:00", "offset"),
            ("2024-09-01T00:00:00-00:30", "offset"),
            ("2024-09-01T00:00:00 JST", "offset"),
            ("2024-09-01", "timestamp"),
            ("2023-02-29T00:00:00Z", "timestamp"),
            ("09/01/2024 00:00", "timestamp"),
            ("2024-09-01T24:00:00Z", "timestamp"),
            ("2024-09-01T00:00:00.Z", "timestamp"),
            ("2024-09-01T00:00:00.0000000001Z", "timestamp"),
            ("２024-09-01T00:00:00Z", "timestamp"),
            ("", "timestamp"),
        ] {
            assert_eq!(timestamp(text.as_bytes(), "ChargePeriodStart").unwrap_err().0, kind, "{text}");
        }
    }
}
