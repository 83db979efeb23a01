//! Parsers for parts of property values: words, numbers, lengths.

/// Longer lengths are typing errors, and would overflow later.
const LENGTH_MOST: f64 = 1_000_000.0;

/// A length, a percentage of the containing block, or `auto` / `none`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Size {
    Auto,
    Px(f64),
    Percent(f64),
}

impl Size {
    pub(super) const ZERO: Size = Size::Px(0.0);

    /// The length, with `whole` as 100 %; `None` for `auto`, and for a percentage if `whole` is indefinite.
    pub(crate) fn resolve(self, whole: Option<f64>) -> Option<f64> {
        match self {
            Size::Auto => None,
            Size::Px(length) => Some(length),
            Size::Percent(share) => whole.map(|whole| whole * share / 100.0),
        }
    }

    pub(crate) fn or_zero(self, whole: f64) -> f64 {
        self.resolve(Some(whole)).unwrap_or(0.0)
    }
}

/// What relative units refer to.
#[derive(Clone, Copy)]
pub(super) struct Units {
    pub(super) font_size: f64,
    pub(super) root_font_size: f64,
    /// The parent's weight, for `bolder`.
    pub(super) weight: u16,
}

/// Splits at white space outside brackets and strings; `,` and `/` are words of their own.
pub(super) fn words(value: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = None;
    let mut depth = 0_usize;
    let mut quote = None;
    for (index, letter) in value.char_indices() {
        let was_quoted = quote.is_some();
        match letter {
            '"' | '\'' if quote.is_none() => quote = Some(letter),
            _ if quote == Some(letter) => quote = None,
            _ if was_quoted => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let outside = depth == 0 && !was_quoted && quote.is_none();
        let separates = outside && letter != ')' && (letter.is_whitespace() || letter == ',' || letter == '/');
        if separates {
            found.extend(start.take().and_then(|start: usize| value.get(start..index)));
            if !letter.is_whitespace() {
                found.extend(value.get(index..index + 1));
            }
        } else if start.is_none() {
            start = Some(index);
        }
    }
    found.extend(start.and_then(|start| value.get(start..)));
    found
}

/// The arguments of `name(…)`.
pub(super) fn function<'v>(text: &'v str, name: &str) -> Option<&'v str> {
    text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')
}

pub(super) fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    let value: f64 = text.parse().ok().filter(|_| plain)?;
    value.is_finite().then(|| value.clamp(-LENGTH_MOST, LENGTH_MOST))
}

/// Parses a length to px, floored to the 1/64 px that Chromium computes in.
pub(super) fn length(text: &str, units: Units) -> Option<f64> {
    let split = text.find(|letter: char| letter.is_ascii_alphabetic() || letter == '%').unwrap_or(text.len());
    let (amount, unit) = text.split_at_checked(split)?;
    let amount = number(amount)?;
    let px = match unit.to_ascii_lowercase().as_str() {
        "" if amount == 0.0 => 0.0,
        "px" => amount,
        "pt" => amount * 96.0 / 72.0,
        "pc" => amount * 16.0,
        "mm" => amount * 96.0 / 25.4,
        "cm" => amount * 96.0 / 2.54,
        "in" => amount * 96.0,
        "em" => amount * units.font_size,
        "rem" => amount * units.root_font_size,
        _ => return None,
    };
    Some(px.clamp(-LENGTH_MOST, LENGTH_MOST))
}

pub(super) fn snapped_length(text: &str, units: Units) -> Option<f64> {
    length(text, units).map(snap)
}

/// Truncates to the 1/64 px that Chromium computes in.
pub(crate) fn snap(length: f64) -> f64 {
    (length * 64.0).trunc() / 64.0
}

pub(super) fn percentage(text: &str) -> Option<f64> {
    number(text.strip_suffix('%')?)
}

/// Parses a length, a percentage, or the word that means "auto".
pub(super) fn size(text: &str, units: Units, auto: &str) -> Result<Size, String> {
    if text.eq_ignore_ascii_case(auto) {
        return Ok(Size::Auto);
    }
    if let Some(share) = percentage(text) {
        return Ok(Size::Percent(share));
    }
    snapped_length(text, units).map(Size::Px).ok_or_else(|| {
        format!("expected a length in px, pt, mm, cm, in, em or rem, a percentage or {auto}, found {text}")
    })
}

pub(super) fn length_or_fault(text: &str, units: Units) -> Result<f64, String> {
    snapped_length(text, units)
        .ok_or_else(|| format!("expected a length in px, pt, mm, cm, in, em or rem, found {text}"))
}

/// Parses a keyword; the error lists the choices.
pub(super) fn keyword<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    choices.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        format!("expected {}, found {text}", names.join(", "))
    })
}

/// Returns the parser of a property with a list of keywords.
pub(super) fn one_of<T: Copy>(choices: &'static [(&str, T)]) -> impl Fn(&str, Units) -> Result<T, String> {
    |text, _| keyword(text, choices)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: Units = Units { font_size: 10.0, root_font_size: 16.0, weight: 400 };

    #[test]
    fn units_are_converted() {
        assert_eq!(length("72pt", UNITS), Some(96.0));
        assert_eq!(length("25.4mm", UNITS).map(f64::round), Some(96.0));
        assert_eq!(length("1.5em", UNITS), Some(15.0));
        assert_eq!(length("2rem", UNITS), Some(32.0));
        assert_eq!(length("0", UNITS), Some(0.0));
        assert_eq!(length("3", UNITS), None);
        assert_eq!(length("1e9px", UNITS), None);
        assert_eq!(length("9999999999px", UNITS), Some(LENGTH_MOST));
    }

    #[test]
    fn words_keep_functions_and_strings_whole() {
        assert_eq!(words("1px solid rgb(1, 2, 3)"), ["1px", "solid", "rgb(1, 2, 3)"]);
        assert_eq!(words("\"a b\" counter( page )'/ 'x"), ["\"a b\"", "counter( page )'/ 'x"]);
        assert_eq!(words("14px/1.5 a,b"), ["14px", "/", "1.5", "a", ",", "b"]);
    }
}
