//! Amounts of the appendix, split at their points so that they align, and the room that figures take.

use serde::Serialize;

use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::figures::money;

/// Tenths of points that a text takes at 8 pt: digits of the built-in face are up to 0.76 em wide.
pub(super) fn text_width(text: &str) -> usize {
    let width = |letter| match letter {
        '0'..='9' => 61,
        ',' | '.' => 27,
        _ => 80,
    };
    text.chars().map(width).sum()
}

/// The same of an id, whose letters are mostly narrow.
pub(super) fn id_width(text: &str) -> usize {
    let width = |letter| match letter {
        '0'..='9' | 'A'..='L' | 'N'..='V' | 'X'..='Z' => 64,
        'm' | 'w' | 'M' | 'W' => 82,
        'a'..='z' => 54,
        '-' | '_' | '.' | ':' | '/' => 50,
        _ => 80,
    };
    text.chars().map(width).sum()
}

/// An amount split at its point, so that templates can align figures with many decimals.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Split {
    pub whole: String,
    pub fraction: String,
}

impl Split {
    /// An amount as it is printed; see [`printed::amount`].
    pub(super) fn new(printed: Amount, currency: Currency) -> Split {
        let text = money(printed, currency, 0);
        match text.split_once('.') {
            Some((whole, fraction)) => Split { whole: whole.to_owned(), fraction: format!(".{fraction}") },
            None => Split { whole: text, fraction: String::new() },
        }
    }
}

/// CSS width of a column for fractions of that many characters at 8 pt: digits of the built-in face are up to 0.76 em
/// wide, and the cell's padding fits into what the point is narrower.
pub(crate) fn fraction_width(characters: usize) -> String {
    let tenths_of_points = characters * 61 + 20;
    format!("{}.{}pt", tenths_of_points / 10, tenths_of_points % 10)
}

/// CSS width, in em of the surrounding text, for the longest fraction of these amounts; empty where all have the same
/// number of decimals and so align without it.
pub(crate) fn shared_fraction_width<'a>(amounts: impl Iterator<Item = &'a str>) -> String {
    let amounts = amounts.filter(|amount| !amount.is_empty());
    let lengths = amounts.map(|amount| amount.find('.').map_or(0, |point| amount.len() - point));
    let (least, most) = lengths.fold((usize::MAX, 0), |(least, most), length| (least.min(length), most.max(length)));
    if least >= most {
        return String::new();
    }
    // The point of the built-in faces is up to 0.33 em wide, a digit 0.76 em.
    let hundredths = 33 + (most - 1) * 76;
    format!("{}.{:02}em", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The point and four digits: 0.33 + 4 × 0.76 em.
    #[test]
    fn only_amounts_with_different_decimals_need_room() {
        let width = |amounts: &[&str]| shared_fraction_width(amounts.iter().copied());
        assert_eq!(width(&["¥356.5", "-¥14.4325", "¥115", ""]), "3.37em");
        for alike in [&["$1.50", "", "-$1,234.00"][..], &["¥1", "¥1,234"], &[]] {
            assert_eq!(width(alike), "");
        }
    }
}
