//! Values of text properties.

use super::{
    color::{self, Color},
    computed::*,
    value::{Units, keyword, length, percentage, snapped_length, words},
};

pub(super) const ALIGN: &[(&str, TextAlign)] = &[
    ("left", TextAlign::Start),
    ("start", TextAlign::Start),
    ("center", TextAlign::Center),
    ("right", TextAlign::End),
    ("end", TextAlign::End),
    ("justify", TextAlign::Justify),
];
pub(super) const TRANSFORM: &[(&str, Transform)] = &[
    ("none", Transform::None),
    ("uppercase", Transform::Upper),
    ("lowercase", Transform::Lower),
    ("capitalize", Transform::Capitalize),
];
pub(super) const WHITE_SPACE: &[(&str, WhiteSpace)] = &[
    ("normal", WhiteSpace::Normal),
    ("nowrap", WhiteSpace::NoWrap),
    ("pre", WhiteSpace::Pre),
    ("pre-line", WhiteSpace::PreLine),
    ("pre-wrap", WhiteSpace::PreWrap),
];
pub(super) const WRAP: &[(&str, Wrap)] =
    &[("normal", Wrap::Normal), ("break-word", Wrap::BreakWord), ("anywhere", Wrap::Anywhere)];
pub(super) const WORD_BREAK: &[(&str, WordBreak)] =
    &[("normal", WordBreak::Normal), ("break-all", WordBreak::BreakAll), ("keep-all", WordBreak::KeepAll)];
pub(super) const LIST_STYLE: &[(&str, ListStyle)] = &[
    ("none", ListStyle::None),
    ("disc", ListStyle::Disc),
    ("circle", ListStyle::Circle),
    ("square", ListStyle::Square),
    ("decimal", ListStyle::Decimal),
    ("lower-alpha", ListStyle::LowerAlpha),
    ("lower-latin", ListStyle::LowerAlpha),
    ("upper-alpha", ListStyle::UpperAlpha),
    ("upper-latin", ListStyle::UpperAlpha),
    ("lower-roman", ListStyle::LowerRoman),
    ("upper-roman", ListStyle::UpperRoman),
];

pub(super) fn letter_spacing(value: &str, units: Units) -> Result<f64, String> {
    let spacing = if value == "normal" { Some(0.0) } else { length(value, units) };
    spacing.ok_or_else(|| format!("expected a length or normal, found {value}"))
}

pub(super) fn decoration_line(value: &str, _: Units) -> Result<Decoration<bool>, String> {
    let mut lines = Decoration::default();
    words(value).into_iter().try_for_each(|word| add_line(&mut lines, word))?;
    Ok(lines)
}

fn add_line(lines: &mut Decoration<bool>, word: &str) -> Result<(), String> {
    match word {
        "none" => {}
        "underline" => lines.underline = true,
        "overline" => lines.overline = true,
        "line-through" => lines.strike = true,
        _ => return Err(format!("expected none, underline, overline or line-through, found {word}")),
    }
    Ok(())
}

/// `text-decoration`: lines and their colour, in any order; the only style is solid.
pub(super) fn decoration(value: &str, units: Units) -> Result<(Decoration<bool>, Option<Color>), String> {
    let (mut lines, mut line_color) = (Decoration::default(), None);
    for word in words(value).into_iter().filter(|word| *word != "solid") {
        match color::parse_current(word, units) {
            Ok(color) => line_color = color,
            Err(_) => add_line(&mut lines, word)?,
        }
    }
    Ok((lines, line_color))
}

/// `list-style`. CSS Lists, 3.5: omitted values are initial.
pub(super) fn list_style(value: &str) -> Result<(ListStyle, bool), String> {
    let mut found = (ListStyle::Disc, false);
    for word in words(value) {
        match word {
            "inside" => found.1 = true,
            "outside" => found.1 = false,
            _ => found.0 = keyword(word, LIST_STYLE)?,
        }
    }
    Ok(found)
}

pub(super) fn vertical_align(lower: &str, units: Units) -> Result<VerticalAlign, String> {
    let named = [
        ("baseline", VerticalAlign::Baseline),
        ("top", VerticalAlign::Top),
        ("middle", VerticalAlign::Middle),
        ("bottom", VerticalAlign::Bottom),
        ("sub", VerticalAlign::Sub),
        ("super", VerticalAlign::Super),
        ("text-top", VerticalAlign::TextTop),
        ("text-bottom", VerticalAlign::TextBottom),
    ];
    keyword(lower, &named).or_else(|message| {
        let length = snapped_length(lower, units).map(VerticalAlign::Px);
        length.or_else(|| percentage(lower).map(VerticalAlign::Percent)).ok_or(message)
    })
}
