//! Detects resource ids that a spreadsheet turned into numbers. `440101234500001` is saved as `4.40101E+14`: the last
//! digits are lost and different SIMs become equal, so no rule may see such an id.

/// Characters that a column's ids consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdAlphabet {
    /// Digits alone: imsi, simId, iccid, SAKURA's twelve digits.
    Digits,
    /// Anything, hexadecimal digits among them: `123E45` is a Sigfox device, `02005E10ABCD` a camera.
    Any,
}

/// Significant digits of a long number that spreadsheets show in a column of default width.
const SHOWN_DIGITS: usize = 6;

/// Significant digits that spreadsheets compute with.
const KEPT_DIGITS: usize = 15;

/// The shortest id of digits that spreadsheets show with an exponent.
const SHORTEST: usize = 12;

/// Whether a cell that should hold an id of that alphabet holds a formatted number instead: one with an exponent, or
/// with a decimal point or separators between its digits.
pub fn is_number(cell: &str, alphabet: IdAlphabet) -> bool {
    let Some(number) = NumberFormat::read(cell) else {
        return false;
    };
    let separated_digits = number.separated && !number.has_exponent;
    match alphabet {
        IdAlphabet::Digits => number.has_exponent || number.separated || number.signed,
        // `123E45` may be a hexadecimal id, but no such id has a point or a sign.
        IdAlphabet::Any => {
            number.has_exponent && (number.separated || number.exponent_signed)
                || separated_digits && number.digits >= SHORTEST
        }
    }
}

/// [`is_number`] for a rule's pattern, in which `*` and `?` may stand for digits.
pub fn is_number_pattern(pattern: &str) -> bool {
    let digits = pattern.replace(['*', '?'], "0");
    if is_number(&digits, IdAlphabet::Any) {
        return true;
    }
    // Hexadecimal ids have 6 to 8 digits (Sigfox), 12 (cameras) or 16 (LoRa): 440101E12 has none of these lengths.
    let hexadecimal = digits != pattern || matches!(digits.chars().count(), 0..=8 | 12 | 16);
    !hexadecimal && NumberFormat::read(&digits).is_some_and(|number| number.has_exponent)
}

/// Whether an id looks rounded by a spreadsheet and written out with all digits: `440101000000000`. A single id may
/// look like this by chance, but not every id of a bill.
pub fn is_rounded(id: &str) -> bool {
    if id.len() < SHORTEST || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let significant = id.trim_end_matches('0').len();
    // One or two zeros at the end of an id of 16 or 17 digits prove too little.
    significant > 0 && (significant <= SHOWN_DIGITS || significant <= KEPT_DIGITS && id.len() >= KEPT_DIGITS + 3)
}

/// How a number is written: its digits, signs, separators and exponent.
struct NumberFormat {
    digits: usize,
    signed: bool,
    separated: bool,
    has_exponent: bool,
    exponent_signed: bool,
}

impl NumberFormat {
    /// Reads a number in the style of any locale; none where the text is anything else.
    fn read(text: &str) -> Option<NumberFormat> {
        let plain: String = text.chars().filter_map(ascii).collect();
        // Users force a cell to be text with '4.4E+14 or ="4.4E+14".
        let plain = plain.trim_matches(['\'', '"', '=']);
        let (unsigned, signed) = without_sign(plain);
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
            None => (unsigned, None),
        };
        let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
        if digits == 0 || !mantissa.bytes().all(is_part) {
            return None;
        }
        let (power, exponent_signed) = without_sign(exponent.unwrap_or("0"));
        if power.is_empty() || !power.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let separated = digits < mantissa.len();
        Some(NumberFormat { digits, signed, separated, has_exponent: exponent.is_some(), exponent_signed })
    }
}

fn without_sign(text: &str) -> (&str, bool) {
    text.strip_prefix(['+', '-']).map_or((text, false), |rest| (rest, true))
}

/// The ASCII form of a character in a number; none for spaces, which some locales put between digits.
fn ascii(character: char) -> Option<char> {
    match character {
        c if c.is_whitespace() => None,
        '\u{feff}' => None,
        '−' => Some('-'),
        '！'..='～' => char::from_u32(u32::from(character) - 0xfee0),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_spreadsheets_are_no_ids() {
        for cell in [
            "4.40101E+14",
            "4,40101E+14",
            "440101E+12",
            "4.4010123e14",
            "4.40101e+014",
            " 4.40101E+14 ",
            "4.40101 E+14",
            "4.40101\u{a0}E +14",
            "４．４０１０１Ｅ＋１４",
            "-4.40101E+14",
            "'4.40101E+14",
            "=\"4.40101E+14\"",
            "4.E+14",
            "1.12701E−11",
            "440,101,234,500,001",
            "440101234500001.0",
        ] {
            assert!(is_number(cell, IdAlphabet::Digits), "{cell}");
            assert!(is_number(cell, IdAlphabet::Any), "{cell}");
            assert!(is_number_pattern(cell), "{cell}");
        }
        for cell in ["440101E12", "4e14", "1,127", "-5"] {
            assert!(is_number(cell, IdAlphabet::Digits), "{cell}");
            assert!(!is_number(cell, IdAlphabet::Any), "{cell}");
        }
    }

    #[test]
    fn ids_are_ids() {
        for cell in [
            "",
            "440101234500001",
            "8942310022000012345",
            "000000526782",
            "bucket-a",
            "vpg-1E+2x",
            "HS0000000000000000000000000000001e",
            "E+14",
            "1E",
            "1E+",
        ] {
            assert!(!is_number(cell, IdAlphabet::Digits), "{cell}");
            assert!(!is_number(cell, IdAlphabet::Any), "{cell}");
        }
        for pattern in ["*", "?*", "", "4401012345*", "02005E10*", "02005E10ABCD", "123E45", "0012345678901E23", "*E*"]
        {
            assert!(!is_number_pattern(pattern), "{pattern}");
        }
        for pattern in ["4.40101E+1*", "4.4?101E+14", "440101E+1?", "440101E12", "4.4010123e14"] {
            assert!(is_number_pattern(pattern), "{pattern}");
        }
    }

    #[test]
    fn rounded_ids_end_in_zeros() {
        for (id, expected) in [
            ("440101000000000", true),
            ("440101200000000", false),
            ("440100000000001", false),
            ("112701000000", true),
            ("8942310022000010000", true),
            ("8942310022000012345", false),
            ("000000526782", false),
            ("000000000000", false),
            ("440100", false),
            ("vpg-440101000000000", false),
        ] {
            assert_eq!(is_rounded(id), expected, "{id}");
        }
    }
}
