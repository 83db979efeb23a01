//! Values of boxes, tables and page breaks.

use super::{
    color::{self, Color},
    computed::{Break, Display, Position},
    value::{Size, Units, length_or_fault, size, words},
};

pub(super) const DISPLAY: &[(&str, Display)] = &[
    ("none", Display::None),
    ("block", Display::Block),
    ("inline", Display::Inline),
    ("inline-block", Display::InlineBlock),
    ("list-item", Display::ListItem),
    ("flex", Display::Flex),
    ("inline-flex", Display::InlineFlex),
    ("table", Display::Table),
    ("table-caption", Display::TableCaption),
    ("table-column-group", Display::TableColumnGroup),
    ("table-column", Display::TableColumn),
    ("table-header-group", Display::TableHeaderGroup),
    ("table-row-group", Display::TableRowGroup),
    ("table-footer-group", Display::TableFooterGroup),
    ("table-row", Display::TableRow),
    ("table-cell", Display::TableCell),
];
pub(super) const POSITION: &[(&str, Position)] = &[
    ("static", Position::Static),
    ("relative", Position::Relative),
    ("absolute", Position::Absolute),
    ("fixed", Position::Fixed),
];
pub(super) const BREAK: &[(&str, Break)] = &[
    ("auto", Break::Auto),
    ("avoid", Break::Avoid),
    ("avoid-page", Break::Avoid),
    ("page", Break::Page),
    ("always", Break::Page),
];

pub(super) fn margin(value: &str, units: Units) -> Result<Size, String> {
    size(value, units, "auto")
}

pub(super) fn padding(value: &str, units: Units) -> Result<Size, String> {
    extent(value, units, "")
}

/// A size of at least zero, or the keyword `auto`.
pub(super) fn extent(value: &str, units: Units, auto: &str) -> Result<Size, String> {
    match size(value, units, auto)? {
        Size::Px(amount) | Size::Percent(amount) if amount < 0.0 => Err(format!("expected at least 0, found {value}")),
        size => Ok(size),
    }
}

/// A shorthand: `top right bottom left` from one to four values.
pub(super) fn four<T: Copy>(
    value: &str,
    units: Units,
    parse: impl Fn(&str, Units) -> Result<T, String>,
) -> Result<[T; 4], String> {
    let values: Vec<T> = words(value).into_iter().map(|word| parse(word, units)).collect::<Result<_, _>>()?;
    match *values.as_slice() {
        [all] => Ok([all; 4]),
        [vertical, horizontal] => Ok([vertical, horizontal, vertical, horizontal]),
        [top, horizontal, bottom] => Ok([top, horizontal, bottom, horizontal]),
        [top, right, bottom, left] => Ok([top, right, bottom, left]),
        _ => Err(format!("expected one to four values, found {value}")),
    }
}

pub(super) fn background(value: &str, _: Units) -> Result<Color, String> {
    if value == "none" { Ok(Color::TRANSPARENT) } else { color::parse(value) }
}

pub(super) fn whole_number(value: &str, _: Units) -> Result<i32, String> {
    value.parse().map_err(|_| format!("expected a whole number, found {value}"))
}

pub(super) fn z_index(value: &str, _: Units) -> Result<i32, String> {
    if value == "auto" {
        Ok(0)
    } else {
        value.parse().map_err(|_| format!("expected a whole number or auto, found {value}"))
    }
}

pub(super) fn count(value: &str, _: Units) -> Result<u32, String> {
    let count = value.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("expected a number of lines, found {value}"))
}

pub(super) fn spacing(value: &str, units: Units) -> Result<[f64; 2], String> {
    let values: Vec<f64> =
        words(value).into_iter().map(|word| length_or_fault(word, units)).collect::<Result<_, _>>()?;
    match *values.as_slice() {
        [both] if both >= 0.0 => Ok([both; 2]),
        [across, down] if across >= 0.0 && down >= 0.0 => Ok([across, down]),
        _ => Err(format!("expected one or two lengths of at least 0, found {value}")),
    }
}

/// `bookmark-level` (CSS Generated Content for Paged Media, 5.1).
pub(super) fn bookmark_level(value: &str, _: Units) -> Result<u8, String> {
    let level = if value == "none" { Some(0) } else { value.parse().ok().filter(|level| (1..=6).contains(level)) };
    level.ok_or_else(|| format!("expected none or a level from 1 to 6, found {value}"))
}
