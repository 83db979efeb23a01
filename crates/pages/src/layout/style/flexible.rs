//! Values of `flex*`, `justify-content`, `align-*` and gaps.

use super::{
    computed::{Align, Justify},
    value::{Size, Units, keyword, number, size, words},
};

pub(super) const JUSTIFY: &[(&str, Justify)] = &[
    ("flex-start", Justify::Start),
    ("start", Justify::Start),
    ("left", Justify::Start),
    ("normal", Justify::Start),
    ("center", Justify::Center),
    ("flex-end", Justify::End),
    ("end", Justify::End),
    ("right", Justify::End),
    ("space-between", Justify::Between),
    ("space-around", Justify::Around),
    ("space-evenly", Justify::Evenly),
];

pub(super) const ALIGN: &[(&str, Align)] = &[
    ("stretch", Align::Stretch),
    ("normal", Align::Stretch),
    ("flex-start", Align::Start),
    ("start", Align::Start),
    ("center", Align::Center),
    ("flex-end", Align::End),
    ("end", Align::End),
    ("baseline", Align::Baseline),
];

pub(super) fn factor(text: &str, _: Units) -> Result<f64, String> {
    number(text).filter(|value| *value >= 0.0).ok_or_else(|| format!("expected a number of at least 0, found {text}"))
}

pub(super) fn align_content(value: &str, _: Units) -> Result<Option<Justify>, String> {
    if matches!(value, "stretch" | "normal") { Ok(None) } else { keyword(value, JUSTIFY).map(Some) }
}

pub(super) fn align_self(value: &str, _: Units) -> Result<Align, String> {
    if value == "auto" { Ok(Align::Auto) } else { keyword(value, ALIGN) }
}

pub(super) fn one_gap(value: &str, units: Units) -> Result<Size, String> {
    size(value, units, "normal").map(|gap| if gap == Size::Auto { Size::ZERO } else { gap })
}

pub(super) fn basis(value: &str, units: Units) -> Result<Size, String> {
    // `content` differs from `auto` only if a width is set, too.
    if value == "content" { Ok(Size::Auto) } else { size(value, units, "auto") }
}

/// Direction (whether column) and wrap. CSS Flexbox, 5.3: omitted values are initial.
pub(super) fn flow(value: &str) -> Result<(bool, bool), String> {
    let mut found = (false, false);
    for word in words(value) {
        match word {
            "row" => found.0 = false,
            "column" => found.0 = true,
            "nowrap" => found.1 = false,
            "wrap" => found.1 = true,
            _ => return Err(format!("expected row, column, wrap or nowrap, found {word}")),
        }
    }
    Ok(found)
}

/// Row gap and column gap.
pub(super) fn gap(value: &str, units: Units) -> Result<(Size, Size), String> {
    match words(value).as_slice() {
        [both] => one_gap(both, units).map(|gap| (gap, gap)),
        [row, column] => Ok((one_gap(row, units)?, one_gap(column, units)?)),
        _ => Err(format!("expected one or two lengths, found {value}")),
    }
}

/// `flex`. CSS Flexbox, 7.1: the shorthand resets omitted values.
pub(super) fn flex(value: &str, units: Units) -> Result<(f64, f64, Size), String> {
    Ok(match words(value).as_slice() {
        ["none"] => (0.0, 0.0, Size::Auto),
        ["auto"] => (1.0, 1.0, Size::Auto),
        [one] => match number(one) {
            Some(_) => (factor(one, units)?, 1.0, Size::Percent(0.0)),
            None => (1.0, 1.0, basis(one, units)?),
        },
        [grow, second] => match number(second) {
            Some(_) => (factor(grow, units)?, factor(second, units)?, Size::Percent(0.0)),
            None => (factor(grow, units)?, 1.0, basis(second, units)?),
        },
        [grow, shrink, last] => (factor(grow, units)?, factor(shrink, units)?, basis(last, units)?),
        _ => return Err(format!("expected a value like 1 1 auto, found {value}")),
    })
}
