//! `border-*` and `outline`-free box edges.

use super::{
    color::{self, Color},
    computed::{Border, BorderStyle, Style},
    value::{Units, four, keyword, length_or_fault, size, words},
};

const STYLES: &[(&str, BorderStyle)] = &[
    ("none", BorderStyle::None),
    ("hidden", BorderStyle::Hidden),
    ("solid", BorderStyle::Solid),
    ("dashed", BorderStyle::Dashed),
    ("double", BorderStyle::Double),
];
const SIDES: [&str; 4] = ["top", "right", "bottom", "left"];
const CORNERS: [&str; 4] = ["top-left", "top-right", "bottom-right", "bottom-left"];

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
    // CSS Backgrounds: snapped down to whole device pixels, but never to nothing. Chromium prints with one device
    // pixel per CSS px.
    Ok(if thickness > 0.0 && thickness < 1.0 { 1.0 } else { thickness.floor() })
}

fn border_color(text: &str) -> Result<Option<Color>, String> {
    if text.eq_ignore_ascii_case("currentcolor") { Ok(None) } else { color::parse(text).map(Some) }
}

/// `width style color` in any order.
fn whole(value: &str, units: Units) -> Result<Border, String> {
    let mut border = Border { width: 3.0, style: BorderStyle::None, color: None };
    for word in words(value) {
        if let Ok(style) = keyword(word, STYLES) {
            border.style = style;
        } else if let Ok(width) = width(word, units) {
            border.width = width;
        } else {
            border.color =
                border_color(word).map_err(|_| format!("expected a border like 1px solid black, found {word}"))?;
        }
    }
    Ok(border)
}

fn each<T: Copy>(
    style: &mut Style,
    value: &str,
    parse: impl Fn(&str) -> Result<T, String>,
    set: impl Fn(&mut Border, T),
) -> Result<(), String> {
    let values: Vec<T> = words(value).into_iter().map(parse).collect::<Result<_, _>>()?;
    let values = four(&values).ok_or_else(|| format!("expected one to four values, found {value}"))?;
    for (border, value) in style.border.iter_mut().zip(values) {
        set(border, value);
    }
    Ok(())
}

/// Sets a property whose name starts with `border`; `None` if there is none of that name.
pub(super) fn apply(style: &mut Style, name: &str, value: &str, units: Units) -> Option<Result<(), String>> {
    let set_color = |border: &mut Border, color: Option<Color>| border.color = color;
    Some(match name {
        "border" => whole(value, units).map(|border| style.border = [border; 4]),
        "border-width" => each(style, value, |word| width(word, units), |border, width| border.width = width),
        "border-style" => each(style, value, |word| keyword(word, STYLES), |border, kind| border.style = kind),
        "border-color" => each(style, value, border_color, set_color),
        "border-radius" => radii(value, units).map(|radius| style.radius = radius),
        _ => return side(style, name, value, units),
    })
}

fn side(style: &mut Style, name: &str, value: &str, units: Units) -> Option<Result<(), String>> {
    let rest = name.strip_prefix("border-")?;
    if let Some(corner) = CORNERS.iter().position(|corner| rest.strip_suffix("-radius") == Some(corner)) {
        let radius = style.radius.get_mut(corner)?;
        return Some(radii(value, units).map(|radii| *radius = radii[0]));
    }
    let side = SIDES.iter().position(|side| rest.starts_with(side))?;
    let border = style.border.get_mut(side)?;
    let result = match rest.strip_prefix(SIDES[side])? {
        "" => whole(value, units).map(|whole| *border = whole),
        "-width" => width(value, units).map(|width| border.width = width),
        "-style" => keyword(value, STYLES).map(|style| border.style = style),
        "-color" => border_color(value).map(|color| border.color = color),
        _ => return None,
    };
    Some(result)
}

fn radii(value: &str, units: Units) -> Result<[super::computed::Size; 4], String> {
    let values: Vec<_> = words(value).into_iter().map(|word| size(word, units, "")).collect::<Result<_, _>>()?;
    four(&values).ok_or_else(|| format!("expected one to four radii, found {value}"))
}
