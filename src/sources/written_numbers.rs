//! Reads numbers as tables for people write them: `1,234`, `▲1,234円`, `(12,50 €)`, `￥１２３`. What a number may look like is
//! what its table is said to write; anything else is refused, never guessed.

use crate::model::amount::{Amount, NumberError};
use crate::model::currency::Currency;
use crate::model::mapping::NumberSigns;
use crate::model::plain::beginning;
use crate::sources::refused_rows::{Refusal, TOO_LONG};

/// What stands before or behind an amount of a currency, the longest first, besides its code. In Shift_JIS a backslash is
/// printed as the sign of the yen.
const MONEY_SIGNS: [(&str, &[&str]); 5] =
    [("JPY", &["円", "¥", "\\"]), ("USD", &["US$", "$"]), ("EUR", &["€"]), ("GBP", &["£"]), ("CNY", &["元", "¥"])];

/// Signs before a number below zero.
const MINUS: [char; 3] = ['-', '▲', '△'];

/// Reads the numbers of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenNumbers {
    signs: NumberSigns,
    currency: Currency,
}

impl WrittenNumbers {
    pub(super) fn new(signs: NumberSigns, currency: Currency) -> WrittenNumbers {
        WrittenNumbers { signs, currency }
    }

    /// An amount of money or a price, which may have a sign of the currency.
    pub(super) fn money(self, cell: &str, column: &str) -> Result<Amount, Refusal> {
        self.number(cell, column, true)
    }

    /// A number that is no money.
    pub(super) fn quantity(self, cell: &str, column: &str) -> Result<Amount, Refusal> {
        self.number(cell, column, false)
    }

    fn number(self, cell: &str, column: &str, is_money: bool) -> Result<Amount, Refusal> {
        // Most cells are plain digits.
        let is_plain = self.signs.decimal == '.' && self.signs.thousands != Some('.');
        if is_plain && let Ok(amount) = Amount::parse(cell.as_bytes()) {
            return Ok(amount);
        }
        let wide = half_width(cell);
        match self.parse(wide.trim(), is_money) {
            Ok(amount) => Ok(amount),
            Err(NumberError::TooLong) => {
                let shown = beginning(cell);
                let message =
                    format!("the number in {column} has more digits than can be computed with exactly: {shown}");
                Err(("digits", message, TOO_LONG))
            }
            Err(NumberError::Malformed) => Err(self.refused(cell, column)),
        }
    }

    fn refused(self, cell: &str, column: &str) -> Refusal {
        let message = match cell.is_empty() {
            true => format!("expected a number in {column}, found an empty cell"),
            false => format!("expected a number in {column}, found {:?}", beginning(cell)),
        };
        let hint = match (self.signs.thousands, self.signs.decimal) {
            _ if cell.is_empty() => "name a column that every row fills, or leave such rows out with skip",
            (None, '.') if cell.contains(',') => {
                "write thousands = \",\" for 1,234, or decimal = \",\" for 12,50, in its [[source]]"
            }
            _ => {
                "write decimal and thousands in its [[source]] as the table has them, or leave such rows out with skip"
            }
        };
        ("number", message, hint)
    }

    /// Reads a number without spaces around it: minus, parentheses and signs of the currency come off, and then digits
    /// are left.
    fn parse(self, text: &str, is_money: bool) -> Result<Amount, NumberError> {
        let (mut rest, mut is_negative, mut has_sign, mut has_money) = (text, false, false, !is_money);
        loop {
            let before = rest;
            let inside = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            if !has_sign && let Some(inside) = inside {
                (rest, is_negative, has_sign) = (inside.trim(), true, true);
            }
            if !has_sign && let Some(behind) = rest.strip_prefix([MINUS[0], MINUS[1], MINUS[2], '+']) {
                (is_negative, has_sign) = (!rest.starts_with('+'), true);
                rest = behind.trim_start();
            }
            if !has_money && let Some(bare) = self.without_money(rest) {
                (rest, has_money) = (bare, true);
            }
            if rest == before {
                break;
            }
        }
        let amount = Amount::parse(self.digits(rest)?.as_bytes())?;
        Ok(if is_negative { amount.negated() } else { amount })
    }

    /// What is left of an amount without the sign of its currency; none where it has none.
    fn without_money(self, text: &str) -> Option<&str> {
        let code = self.currency.code();
        let signs = MONEY_SIGNS.iter().find(|(known, _)| *known == code).map_or(&[][..], |(_, signs)| *signs);
        std::iter::once(&code).chain(signs).find_map(|sign| {
            let bare = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign))?;
            Some(bare.trim())
        })
    }

    /// The number with a point and without signs between thousands, which must be where they belong.
    fn digits(self, text: &str) -> Result<String, NumberError> {
        if !text.starts_with(|c: char| c.is_ascii_digit() || c == self.signs.decimal) {
            return Err(NumberError::Malformed);
        }
        let (whole, decimals) = match text.split_once(self.signs.decimal) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        let is_thousands = |c: char| {
            let is_space = self.signs.thousands == Some(' ') && matches!(c, '\u{a0}' | '\u{202f}');
            is_space || self.signs.thousands == Some(c)
        };
        let mut groups = whole.split(is_thousands);
        let first = groups.next().unwrap_or_default();
        let mut digits = first.to_owned();
        for group in groups {
            let is_group = |group: &str, least| {
                (least..=3).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit())
            };
            if !is_group(group, 3) || !is_group(first, 1) {
                return Err(NumberError::Malformed);
            }
            digits.push_str(group);
        }
        // With decimals behind a comma, a point has no place.
        if digits.contains('.') || decimals.is_some_and(|decimals| decimals.contains('.')) {
            return Err(NumberError::Malformed);
        }
        if let Some(decimals) = decimals {
            digits.push('.');
            digits.push_str(decimals);
        }
        Ok(digits)
    }
}

/// A text with full-width ASCII as ASCII, and with one kind of minus, space and yen.
pub(super) fn half_width(text: &str) -> String {
    let narrow = |c: char| match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        // The minus sign, and the hyphens that fonts have for it.
        '\u{2212}' | '\u{2010}' | '\u{2011}' => '-',
        '\u{3000}' => ' ',
        '￥' => '¥',
        c => c,
    };
    text.chars().map(narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, decimal: char, thousands: Option<char>, code: &str) -> Option<String> {
        let currency = Currency::of(code).unwrap();
        let numbers = WrittenNumbers::new(NumberSigns { decimal, thousands }, currency);
        numbers.money(text, "金額").ok().map(|amount| amount.to_string())
    }

    #[test]
    fn amounts_of_yen_are_read_as_people_write_them() {
        for (text, expected) in [
            ("1234", "1234"),
            ("1,234", "1234"),
            ("1,234,567.5", "1234567.5"),
            ("¥1,234", "1234"),
            ("￥１，２３４", "1234"),
            ("\\1,234", "1234"),
            ("1,234円", "1234"),
            (" 1,234 円 ", "1234"),
            ("JPY 1,234", "1234"),
            ("-1,234", "-1234"),
            ("−1,234", "-1234"),
            ("－１２３４", "-1234"),
            ("▲1,234", "-1234"),
            ("△ 1,234円", "-1234"),
            ("¥-1,234", "-1234"),
            ("-¥1,234", "-1234"),
            ("(1,234)", "-1234"),
            ("（¥1,234）", "-1234"),
            ("¥(1,234)", "-1234"),
            ("+12", "12"),
            ("1.9E-7", "0.00000019"),
            ("0", "0"),
            ("▲0", "0"),
        ] {
            let found = read(text, '.', Some(','), "JPY");
            assert_eq!(found.as_deref().or(Some("refused")), Some(expected), "{text}");
        }
    }

    #[test]
    fn points_and_commas_are_what_the_table_says() {
        for (text, decimal, thousands, expected) in [
            ("1.234,50", ',', Some('.'), Some("1234.5")),
            ("1.234", ',', Some('.'), Some("1234")),
            ("0,05", ',', None, Some("0.05")),
            ("12,50 €", ',', None, Some("12.5")),
            ("€ -12,50", ',', None, Some("-12.5")),
            ("1 234,5", ',', Some(' '), Some("1234.5")),
            ("1\u{a0}234\u{202f}567", ',', Some(' '), Some("1234567")),
            ("1'234.5", '.', Some('\''), Some("1234.5")),
            // With decimals by a comma a point is a mistake, and never the other way round.
            ("1.5", ',', None, None),
            ("1.23", ',', Some('.'), None),
            ("1,234", '.', None, None),
            ("1 234", '.', None, None),
            ("$5", '.', None, None),
        ] {
            assert_eq!(read(text, decimal, thousands, "EUR").as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "-",
            "円",
            "1,23",
            "12,34,567",
            "1234,567",
            ",123",
            "1,,234",
            "1,234.",
            "1.2.3",
            "1.234,5",
            "--1",
            "-(1)",
            "(-1)",
            "¥1円円",
            "1円2",
            "5GB",
            "12%",
            "1E",
            "0x10",
            "一",
            "$12",
            "1-",
            "NaN",
            "1 2",
        ] {
            assert_eq!(read(text, '.', Some(','), "JPY"), None, "{text}");
        }
        let numbers = WrittenNumbers::new(NumberSigns::default(), Currency::JPY);
        assert_eq!(numbers.quantity("¥5", "数量").unwrap_err().0, "number");
        assert_eq!(numbers.money(&"9".repeat(40), "金額").unwrap_err().0, "digits");
    }
}
