//! `flex*`, `justify-content`, `align-*` and gaps.

use super::{
    computed::{Align, Justify, Size, Style},
    value::{Units, keyword, number, size, words},
};

const JUSTIFY: &[(&str, Justify)] = &[
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

const ALIGN: &[(&str, Align)] = &[
    ("stretch", Align::Stretch),
    ("normal", Align::Stretch),
    ("flex-start", Align::Start),
    ("start", Align::Start),
    ("center", Align::Center),
    ("flex-end", Align::End),
    ("end", Align::End),
    ("baseline", Align::Baseline),
];

fn factor(text: &str) -> Result<f64, String> {
    number(text).filter(|value| *value >= 0.0).ok_or_else(|| format!("expected a number of at least 0, found {text}"))
}

/// Sets a flex property; `None` if there is none of that name.
pub(super) fn apply(style: &mut Style, name: &str, value: &str, units: Units) -> Option<Result<(), String>> {
    Some(match name {
        "flex" => flex(style, value, units),
        "flex-direction" => {
            keyword(value, &[("row", false), ("column", true)]).map(|column| style.flex_column = column)
        }
        "flex-wrap" => keyword(value, &[("nowrap", false), ("wrap", true)]).map(|wrap| style.flex_wrap = wrap),
        "flex-flow" => flow(style, value),
        "flex-grow" => factor(value).map(|grow| style.flex_grow = grow),
        "flex-shrink" => factor(value).map(|shrink| style.flex_shrink = shrink),
        "flex-basis" => basis(value, units).map(|basis| style.flex_basis = basis),
        "order" => match value.parse() {
            Ok(order) => {
                style.order = order;
                Ok(())
            }
            Err(_) => Err(format!("expected a whole number, found {value}")),
        },
        "gap" => gap(style, value, units),
        "row-gap" => size(value, units, "normal").map(|gap| style.row_gap = gap_or_zero(gap)),
        "column-gap" => size(value, units, "normal").map(|gap| style.column_gap = gap_or_zero(gap)),
        "justify-content" => keyword(value, JUSTIFY).map(|justify| style.justify = justify),
        "align-content" if value.eq_ignore_ascii_case("stretch") || value.eq_ignore_ascii_case("normal") => {
            style.align_content = None;
            Ok(())
        }
        "align-content" => keyword(value, JUSTIFY).map(|align| style.align_content = Some(align)),
        "align-items" => keyword(value, ALIGN).map(|align| style.align_items = align),
        "align-self" if value.eq_ignore_ascii_case("auto") => {
            style.align_self = Align::Auto;
            Ok(())
        }
        "align-self" => keyword(value, ALIGN).map(|align| style.align_self = align),
        _ => return None,
    })
}

fn gap_or_zero(gap: Size) -> Size {
    if gap == Size::Auto { Size::Px(0.0) } else { gap }
}

fn basis(value: &str, units: Units) -> Result<Size, String> {
    // `content` differs from `auto` only where a width is set, too.
    if value == "content" { Ok(Size::Auto) } else { size(value, units, "auto") }
}

fn flow(style: &mut Style, value: &str) -> Result<(), String> {
    for word in words(value) {
        match word {
            "row" => style.flex_column = false,
            "column" => style.flex_column = true,
            "nowrap" => style.flex_wrap = false,
            "wrap" => style.flex_wrap = true,
            _ => return Err(format!("expected row, column, wrap or nowrap, found {word}")),
        }
    }
    Ok(())
}

fn gap(style: &mut Style, value: &str, units: Units) -> Result<(), String> {
    let parse = |word: &str| size(word, units, "normal").map(gap_or_zero);
    match words(value).as_slice() {
        [both] => {
            style.row_gap = parse(both)?;
            style.column_gap = style.row_gap;
        }
        [row, column] => {
            style.row_gap = parse(row)?;
            style.column_gap = parse(column)?;
        }
        _ => return Err(format!("expected one or two lengths, found {value}")),
    }
    Ok(())
}

/// CSS Flexbox, 7.1: the shorthand resets what it does not name.
fn flex(style: &mut Style, value: &str, units: Units) -> Result<(), String> {
    let (grow, shrink, basis_size) = match words(value).as_slice() {
        ["none"] => (0.0, 0.0, Size::Auto),
        ["auto"] => (1.0, 1.0, Size::Auto),
        ["initial"] => (0.0, 1.0, Size::Auto),
        [one] => match number(one) {
            Some(_) => (factor(one)?, 1.0, Size::Percent(0.0)),
            None => (1.0, 1.0, basis(one, units)?),
        },
        [grow, second] => match number(second) {
            Some(_) => (factor(grow)?, factor(second)?, Size::Percent(0.0)),
            None => (factor(grow)?, 1.0, basis(second, units)?),
        },
        [grow, shrink, last] => (factor(grow)?, factor(shrink)?, basis(last, units)?),
        _ => return Err(format!("expected a value like 1 1 auto, found {value}")),
    };
    (style.flex_grow, style.flex_shrink, style.flex_basis) = (grow, shrink, basis_size);
    Ok(())
}
