//! Values of `font` and its parts.

use super::{
    computed::LineHeight,
    value::{Units, keyword, length, length_or_fault, number, percentage, words},
};

/// Checks the notation only: all families use the same faces.
pub(super) fn family(value: &str, _: Units) -> Result<(), String> {
    if value.trim().eq_ignore_ascii_case("monospace") {
        return Err("expected a face by name, found monospace, which browsers also make smaller".to_owned());
    }
    let well_formed = value.split(',').all(|name| {
        let name = name.trim();
        let quoted = name.len() > 2 && name.starts_with(['"', '\'']) && name.ends_with(['"', '\'']);
        let plain = !name.is_empty() && !name.contains(['"', '\'', '(', '/']);
        quoted || plain
    });
    if well_formed { Ok(()) } else { Err(format!("expected font names with commas between them, found {value}")) }
}

pub(super) fn size(text: &str, units: Units) -> Result<f64, String> {
    let named = [
        ("xx-small", 9.0),
        ("x-small", 10.0),
        ("small", 13.0),
        ("medium", 16.0),
        ("large", 18.0),
        ("x-large", 24.0),
        ("xx-large", 32.0),
        ("smaller", units.font_size / 1.2),
        ("larger", units.font_size * 1.2),
    ];
    let size = keyword(text, &named).ok();
    let size = size.or_else(|| percentage(text).map(|share| units.font_size * share / 100.0));
    size.or_else(|| length(text, units))
        .filter(|size| (0.0..=10_000.0).contains(size))
        .ok_or_else(|| format!("expected a font size like 9pt or 1.2em, found {text}"))
}

/// A font weight; `bolder` is relative to the parent.
pub(super) fn weight(text: &str, units: Units) -> Result<u16, String> {
    match text {
        "normal" => Ok(400),
        "bold" => Ok(700),
        "bolder" if units.weight >= 600 => Ok(900),
        "bolder" => Ok(700),
        "lighter" => Ok(400),
        _ => text
            .parse()
            .ok()
            .filter(|weight| (1..=1000).contains(weight))
            .ok_or_else(|| format!("expected normal, bold or a number from 1 to 1000, found {text}")),
    }
}

pub(super) fn line_height(text: &str, units: Units) -> Result<LineHeight, String> {
    if text == "normal" {
        return Ok(LineHeight::Normal);
    }
    let height = match (number(text), percentage(text)) {
        (Some(factor), _) => LineHeight::Factor(factor),
        (None, Some(share)) => LineHeight::Px(units.font_size * share / 100.0),
        (None, None) => LineHeight::Px(length_or_fault(text, units)?),
    };
    match height {
        LineHeight::Factor(amount) | LineHeight::Px(amount) if amount < 0.0 => {
            Err(format!("expected a line height of at least 0, found {text}"))
        }
        _ => Ok(height),
    }
}

/// `font`: `[weight] size[/line-height] family`.
pub(super) fn shorthand(value: &str, units: Units) -> Result<(u16, f64, LineHeight), String> {
    let parts = words(value);
    let expected = || format!("expected a font like bold 10pt/1.5 sans-serif, found {value}");
    let mut rest = parts.as_slice();
    let mut found = (400, units.font_size, LineHeight::Normal);
    while let [word, tail @ ..] = rest {
        let Ok(weight) = weight(word, units) else { break };
        found.0 = weight;
        rest = tail;
    }
    let [own_size, tail @ ..] = rest else { return Err(expected()) };
    found.1 = size(own_size, units).map_err(|_| expected())?;
    rest = tail;
    if let ["/", height, tail @ ..] = rest {
        found.2 = line_height(height, Units { font_size: found.1, ..units })?;
        rest = tail;
    }
    if rest.is_empty() {
        return Err(expected());
    }
    family(&rest.concat(), units)?;
    Ok(found)
}
