//! Character references.

use std::borrow::Cow;

/// The named references that an invoice may use; numeric references cover everything else.
fn named(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "iexcl" => '¡',
        "cent" => '¢',
        "pound" => '£',
        "yen" => '¥',
        "euro" => '€',
        "sect" => '§',
        "uml" => '¨',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "deg" => '°',
        "plusmn" => '±',
        "micro" => 'µ',
        "para" => '¶',
        "middot" => '·',
        "laquo" => '«',
        "raquo" => '»',
        "frac12" => '½',
        "frac14" => '¼',
        "frac34" => '¾',
        "sup2" => '²',
        "sup3" => '³',
        "times" => '×',
        "divide" => '÷',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "bull" => '•',
        "hellip" => '…',
        "dagger" => '†',
        "permil" => '‰',
        "larr" => '←',
        "uarr" => '↑',
        "rarr" => '→',
        "darr" => '↓',
        "minus" => '−',
        "le" => '≤',
        "ge" => '≥',
        "ne" => '≠',
        "infin" => '∞',
        "ensp" => '\u{2002}',
        "emsp" => '\u{2003}',
        "thinsp" => '\u{2009}',
        "zwnj" => '\u{200c}',
        "zwj" => '\u{200d}',
        "shy" => '\u{ad}',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "ccedil" => 'ç',
        _ => return None,
    })
}

/// Replaces the references in `text`; calls `fault` for each invalid one, with its offset in `text`.
pub(super) fn decode<'a>(text: &'a str, mut fault: impl FnMut(usize, &str)) -> Cow<'a, str> {
    if !text.contains(['&', '\r', '\0']) {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '\r', '\0']) {
        let (before, from) = rest.split_at(at);
        decoded.push_str(before);
        let offset = text.len() - from.len();
        let used = match from.as_bytes().first() {
            Some(b'&') => reference(from, &mut decoded).unwrap_or_else(|end| {
                fault(offset, from.get(..end).unwrap_or("&"));
                decoded.push('&');
                1
            }),
            // HTML, 13.2.3.5: newlines are normalised; null bytes are dropped.
            Some(b'\r') => {
                decoded.push('\n');
                if from.starts_with("\r\n") { 2 } else { 1 }
            }
            _ => 1,
        };
        rest = from.get(used..).unwrap_or_default();
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// Decodes the reference at the start of `text`; returns its length, or the end of an invalid one.
fn reference(text: &str, decoded: &mut String) -> Result<usize, usize> {
    let body = text.get(1..).unwrap_or_default();
    let name_end = body.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '#').unwrap_or(body.len());
    let name = body.get(..name_end).unwrap_or_default();
    if name.is_empty() {
        // A lone ampersand is text, as in HTML.
        decoded.push('&');
        return Ok(1);
    }
    let closed = body.get(name_end..).is_some_and(|rest| rest.starts_with(';'));
    let character = match name.strip_prefix('#') {
        Some(number) => numbered(number),
        None => named(name),
    };
    match character {
        Some(character) if closed => {
            decoded.push(character);
            Ok(name_end + 2)
        }
        None if !closed && !name.starts_with('#') => {
            decoded.push('&');
            Ok(1)
        }
        _ => Err(name_end + 1 + usize::from(closed)),
    }
}

fn numbered(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|character| !character.is_control() || character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> (String, Vec<(usize, String)>) {
        let mut faults = Vec::new();
        let decoded = decode(text, |offset, fragment| faults.push((offset, fragment.to_owned()))).into_owned();
        (decoded, faults)
    }

    #[test]
    fn references_by_name_and_number() {
        assert_eq!(decoded("a&amp;b &yen;1&#44;0 &#x20B9F;\r\n&").0, "a&b ¥1,0 𠮟\n&");
        assert_eq!(decoded("A&B co. R&D;").0, "A&B co. R&D;");
    }

    #[test]
    fn unknown_references_are_named() {
        assert_eq!(decoded("x &bogus; y").1, [(2, "&bogus;".to_owned())]);
        assert_eq!(decoded("&#xD800;").1, [(0, "&#xD800;".to_owned())]);
    }
}
