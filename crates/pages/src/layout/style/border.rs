//! Values of `border-*`.

use super::{
    color,
    computed::{Border, BorderStyle},
    value::{Size, Units, keyword, length_or_fault, size, words},
};

pub(super) const STYLES: &[(&str, BorderStyle)] = &[
    ("none", BorderStyle::None),
    ("hidden", BorderStyle::Hidden),
    ("solid", BorderStyle::Solid),
    ("dashed", BorderStyle::Dashed),
    ("double", BorderStyle::Double),
];

pub(super) fn width(text: &str, units: Units) -> Result<f64, String> {
    let thickness = match text {
        "thin" => 1.0,
        "medium" => 3.0,
        "thick" => 5.0,
        _ => length_or_fault(text, units)?,
    };
    if thickness < 0.0 {
        return Err(format!("expected a width of at least 0, found {text}"));
    }
    // CSS Backgrounds floors to whole device pixels, but never to zero. In Chromium's print these are CSS px.
    Ok(if thickness > 0.0 && thickness < 1.0 { 1.0 } else { thickness.floor() })
}

/// A shorthand: `width style color` in any order.
pub(super) fn whole(value: &str, units: Units) -> Result<Border, String> {
    let mut border = Border::INITIAL;
    for word in words(value) {
        if let Ok(style) = keyword(word, STYLES) {
            border.style = style;
        } else if let Ok(width) = width(word, units) {
            border.width = width;
        } else {
            border.color = color::parse_current(word, units)
                .map_err(|_| format!("expected a border like 1px solid black, found {word}"))?;
        }
    }
    Ok(border)
}

pub(super) fn radius(value: &str, units: Units) -> Result<Size, String> {
    size(value, units, "")
}
