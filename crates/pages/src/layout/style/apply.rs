//! One property onto a style. What is not listed here is a fault.

use super::{
    border, color,
    computed::*,
    flexible,
    value::{Units, four, keyword, length_or_fault, number, percentage, size, snapped_length, words},
};

/// Sets `name` from `value`, which holds no variables any more.
pub(super) fn apply(style: &mut Style, name: &str, value: &str, units: Units) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!("expected a value for {name}"));
    }
    let lower = value.to_ascii_lowercase();
    let groups = [font, text, box_size, edges, layout, fragmentation];
    for group in groups {
        if let Some(result) = group(style, name, value, &lower, units) {
            return result;
        }
    }
    if let Some(result) = border::apply(style, name, &lower, units) {
        return result;
    }
    flexible::apply(style, name, &lower, units).unwrap_or_else(|| Err(format!("the property {name} is not supported")))
}

/// Properties that only a browser reads.
pub(super) fn is_for_browsers(name: &str) -> bool {
    let prefixed = name.starts_with('-') && !name.starts_with("--");
    prefixed || matches!(name, "print-color-adjust" | "color-adjust" | "color-scheme" | "text-size-adjust")
}

/// Properties that others are computed from; they are set first.
pub(super) fn is_font_size(name: &str) -> bool {
    name == "font-size" || name == "font"
}

type Outcome = Option<Result<(), String>>;

fn set<T>(slot: &mut T, value: Result<T, String>) -> Outcome {
    Some(value.map(|value| *slot = value))
}

fn font(style: &mut Style, name: &str, value: &str, lower: &str, units: Units) -> Outcome {
    match name {
        "font" => Some(font_shorthand(style, value, units)),
        "font-family" => Some(family(value)),
        "font-size" => set(&mut style.font_size, font_size(lower, units)),
        "font-weight" => {
            let inherited = style.weight;
            set(&mut style.weight, weight(lower, inherited))
        }
        // A face has no italics; slanting it would not be what the type designer drew.
        // Of the ligatures of a face only those that change no letter's meaning would be wanted; none are set.
        "font-variant-ligatures" => Some(keyword(lower, &[("none", ())])),
        "font-style" | "font-variant" | "font-stretch" => Some(keyword(lower, &[("normal", ())])),
        "font-variant-numeric" => Some(keyword(lower, &[("normal", ()), ("tabular-nums", ())])),
        "font-kerning" => Some(keyword(lower, &[("auto", ()), ("normal", ()), ("none", ())])),
        "line-height" => set(&mut style.line_height, line_height(lower, units)),
        "color" if lower == "currentcolor" => Some(Ok(())),
        "color" => set(&mut style.color, color::parse(value)),
        _ => None,
    }
}

/// Every family means the chain of faces; only the notation is checked.
fn family(value: &str) -> Result<(), String> {
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

fn font_size(text: &str, units: Units) -> Result<f64, String> {
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
    size.or_else(|| super::value::length(text, units))
        .filter(|size| (0.0..=10_000.0).contains(size))
        .ok_or_else(|| format!("expected a font size like 9pt or 1.2em, found {text}"))
}

fn weight(text: &str, inherited: u16) -> Result<u16, String> {
    match text {
        "normal" => Ok(400),
        "bold" => Ok(700),
        "bolder" if inherited >= 600 => Ok(900),
        "bolder" => Ok(700),
        "lighter" => Ok(400),
        _ => text
            .parse()
            .ok()
            .filter(|weight| (1..=1000).contains(weight))
            .ok_or_else(|| format!("expected normal, bold or a number from 1 to 1000, found {text}")),
    }
}

fn line_height(text: &str, units: Units) -> Result<LineHeight, String> {
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

/// `[weight] size[/line-height] family`.
fn font_shorthand(style: &mut Style, value: &str, units: Units) -> Result<(), String> {
    let parts = words(value);
    let expected = || format!("expected a font like bold 10pt/1.5 sans-serif, found {value}");
    let mut rest = parts.as_slice();
    style.weight = 400;
    style.line_height = LineHeight::Normal;
    while let [word, tail @ ..] = rest {
        match weight(&word.to_ascii_lowercase(), style.weight) {
            Ok(weight) => style.weight = weight,
            Err(_) => break,
        }
        rest = tail;
    }
    let [size, tail @ ..] = rest else { return Err(expected()) };
    style.font_size = font_size(&size.to_ascii_lowercase(), units).map_err(|_| expected())?;
    rest = tail;
    if let ["/", height, tail @ ..] = rest {
        let own = Units { font_size: style.font_size, ..units };
        style.line_height = line_height(&height.to_ascii_lowercase(), own)?;
        rest = tail;
    }
    if rest.is_empty() { Err(expected()) } else { family(&rest.concat()) }
}

fn text(style: &mut Style, name: &str, value: &str, lower: &str, units: Units) -> Outcome {
    match name {
        "text-align" => set(&mut style.text_align, keyword(lower, TEXT_ALIGN)),
        "text-indent" => set(&mut style.text_indent, size(lower, units, "")),
        "text-transform" => set(&mut style.transform, keyword(lower, TRANSFORM)),
        "text-decoration" | "text-decoration-line" => Some(decoration(style, lower)),
        "text-decoration-color" => set(&mut style.decoration_color, color::parse(value).map(Some)),
        "letter-spacing" if lower == "normal" => set(&mut style.letter_spacing, Ok(0.0)),
        "letter-spacing" => set(
            &mut style.letter_spacing,
            super::value::length(lower, units).ok_or_else(|| format!("expected a length or normal, found {lower}")),
        ),
        "white-space" => set(&mut style.white_space, keyword(lower, WHITE_SPACE)),
        "overflow-wrap" | "word-wrap" => set(&mut style.wrap, keyword(lower, WRAP)),
        "word-break" if lower == "break-word" => set(&mut style.wrap, Ok(Wrap::Anywhere)),
        "word-break" => set(&mut style.word_break, keyword(lower, WORD_BREAK)),
        // The engine's rule; browsers need it spelled out to agree.
        "line-break" => Some(keyword(lower, &[("strict", ())])),
        "hyphens" => Some(keyword(lower, &[("none", ()), ("manual", ())])),
        "direction" => Some(keyword(lower, &[("ltr", ())])),
        "text-spacing-trim" => Some(keyword(lower, &[("space-all", ())])),
        "text-autospace" => Some(keyword(lower, &[("no-autospace", ())])),
        "vertical-align" => set(&mut style.vertical_align, vertical_align(lower, units)),
        "list-style" => Some(list_style(style, lower)),
        "list-style-type" => set(&mut style.list_style, keyword(lower, LIST_STYLE)),
        "list-style-position" => set(&mut style.list_inside, keyword(lower, &[("outside", false), ("inside", true)])),
        "visibility" => set(&mut style.visible, keyword(lower, &[("visible", true), ("hidden", false)])),
        _ => None,
    }
}

const TEXT_ALIGN: &[(&str, TextAlign)] = &[
    ("left", TextAlign::Start),
    ("start", TextAlign::Start),
    ("center", TextAlign::Center),
    ("right", TextAlign::End),
    ("end", TextAlign::End),
    ("justify", TextAlign::Justify),
];
const TRANSFORM: &[(&str, Transform)] = &[
    ("none", Transform::None),
    ("uppercase", Transform::Upper),
    ("lowercase", Transform::Lower),
    ("capitalize", Transform::Capitalize),
];
const WHITE_SPACE: &[(&str, WhiteSpace)] = &[
    ("normal", WhiteSpace::Normal),
    ("nowrap", WhiteSpace::NoWrap),
    ("pre", WhiteSpace::Pre),
    ("pre-line", WhiteSpace::PreLine),
    ("pre-wrap", WhiteSpace::PreWrap),
];
const WRAP: &[(&str, Wrap)] =
    &[("normal", Wrap::Normal), ("break-word", Wrap::BreakWord), ("anywhere", Wrap::Anywhere)];
const WORD_BREAK: &[(&str, WordBreak)] =
    &[("normal", WordBreak::Normal), ("break-all", WordBreak::BreakAll), ("keep-all", WordBreak::KeepAll)];
const LIST_STYLE: &[(&str, ListStyle)] = &[
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

fn decoration(style: &mut Style, lower: &str) -> Result<(), String> {
    let mut lines = Decoration::<bool>::default();
    let mut line_color = None;
    for word in words(lower) {
        match word {
            "none" | "solid" => {}
            "underline" => lines.underline = true,
            "overline" => lines.overline = true,
            "line-through" => lines.strike = true,
            _ => match color::parse(word) {
                Ok(color) => line_color = Some(color),
                Err(_) => return Err(format!("expected none, underline, overline or line-through, found {word}")),
            },
        }
    }
    style.decoration = lines;
    style.decoration_color = line_color;
    Ok(())
}

fn list_style(style: &mut Style, lower: &str) -> Result<(), String> {
    for word in words(lower) {
        match word {
            "inside" => style.list_inside = true,
            "outside" => style.list_inside = false,
            _ => style.list_style = keyword(word, LIST_STYLE)?,
        }
    }
    Ok(())
}

fn vertical_align(lower: &str, units: Units) -> Result<VerticalAlign, String> {
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

fn box_size(style: &mut Style, name: &str, _: &str, lower: &str, units: Units) -> Outcome {
    let (slot, auto) = match name {
        "width" => (&mut style.width, "auto"),
        "height" => (&mut style.height, "auto"),
        "min-width" => (&mut style.min_width, "auto"),
        "min-height" => (&mut style.min_height, "auto"),
        "max-width" => (&mut style.max_width, "none"),
        "max-height" => (&mut style.max_height, "none"),
        "box-sizing" => {
            return set(&mut style.border_box, keyword(lower, &[("content-box", false), ("border-box", true)]));
        }
        _ => return None,
    };
    set(slot, size(lower, units, auto).and_then(|size| at_least_zero(size, lower)))
}

fn at_least_zero(size: Size, text: &str) -> Result<Size, String> {
    match size {
        Size::Px(amount) | Size::Percent(amount) if amount < 0.0 => Err(format!("expected at least 0, found {text}")),
        _ => Ok(size),
    }
}

fn edges(style: &mut Style, name: &str, _: &str, lower: &str, units: Units) -> Outcome {
    let margin = |word: &str| size(word, units, "auto");
    let padding = |word: &str| size(word, units, "").and_then(|size| at_least_zero(size, word));
    if let Some(rest) = name.strip_prefix("margin") {
        return sides(&mut style.margin, rest, lower, margin);
    }
    if let Some(rest) = name.strip_prefix("padding") {
        return sides(&mut style.padding, rest, lower, padding);
    }
    match name {
        "inset" => sides(&mut style.inset, "", lower, margin),
        "top" | "right" | "bottom" | "left" => sides(&mut style.inset, &format!("-{name}"), lower, margin),
        _ => None,
    }
}

/// The whole property, one side or one axis of it.
fn sides(slots: &mut [Size; 4], rest: &str, lower: &str, parse: impl Fn(&str) -> Result<Size, String>) -> Outcome {
    let wanted: &[usize] = match rest {
        "" => &[TOP, RIGHT, BOTTOM, LEFT],
        "-top" | "-block-start" => &[TOP],
        "-right" | "-inline-end" => &[RIGHT],
        "-bottom" | "-block-end" => &[BOTTOM],
        "-left" | "-inline-start" => &[LEFT],
        "-block" => &[TOP, BOTTOM],
        "-inline" => &[LEFT, RIGHT],
        _ => return None,
    };
    let values: Result<Vec<Size>, String> = words(lower).into_iter().map(parse).collect();
    Some(values.and_then(|values| {
        let all = match (wanted.len(), values.as_slice()) {
            (4, values) => four(values),
            (2, [start, end]) => Some([*start, *end, *end, *start]),
            (_, [one]) => Some([*one; 4]),
            _ => None,
        };
        // For an axis, the first value is the side that comes first in `wanted`.
        let all = all.ok_or_else(|| format!("expected fewer values, found {lower}"))?;
        for (place, side) in wanted.iter().enumerate() {
            slots[*side] = if wanted.len() == 4 { all[*side] } else { all[place] };
        }
        Ok(())
    }))
}

fn layout(style: &mut Style, name: &str, value: &str, lower: &str, units: Units) -> Outcome {
    match name {
        "display" => set(&mut style.display, keyword(lower, DISPLAY)),
        "position" => set(&mut style.position, keyword(lower, POSITION)),
        "z-index" if lower == "auto" => set(&mut style.z_index, Ok(0)),
        "z-index" => set(
            &mut style.z_index,
            lower.parse().map_err(|_| format!("expected a whole number or auto, found {lower}")),
        ),
        "background" | "background-color" => set(
            &mut style.background,
            if lower == "none" { Ok(color::Color::TRANSPARENT) } else { color::parse(value) },
        ),
        "overflow" => Some(keyword(lower, &[("visible", ())])),
        "table-layout" => set(&mut style.table_fixed, keyword(lower, &[("auto", false), ("fixed", true)])),
        "border-collapse" => {
            set(&mut style.border_collapse, keyword(lower, &[("separate", false), ("collapse", true)]))
        }
        "border-spacing" => set(&mut style.border_spacing, spacing(lower, units)),
        "caption-side" => set(&mut style.caption_below, keyword(lower, &[("top", false), ("bottom", true)])),
        _ => None,
    }
}

const DISPLAY: &[(&str, Display)] = &[
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
const POSITION: &[(&str, Position)] = &[
    ("static", Position::Static),
    ("relative", Position::Relative),
    ("absolute", Position::Absolute),
    ("fixed", Position::Fixed),
];

fn spacing(lower: &str, units: Units) -> Result<[f64; 2], String> {
    let values: Vec<f64> =
        words(lower).into_iter().map(|word| length_or_fault(word, units)).collect::<Result<_, _>>()?;
    match values.as_slice() {
        [both] if *both >= 0.0 => Ok([*both; 2]),
        [across, down] if *across >= 0.0 && *down >= 0.0 => Ok([*across, *down]),
        _ => Err(format!("expected one or two lengths of at least 0, found {lower}")),
    }
}

fn fragmentation(style: &mut Style, name: &str, _: &str, lower: &str, _: Units) -> Outcome {
    let count = |text: &str| {
        text.parse::<u32>()
            .ok()
            .filter(|count| *count > 0)
            .ok_or_else(|| format!("expected a number of lines, found {text}"))
    };
    match name {
        "break-before" | "page-break-before" => set(&mut style.break_before, keyword(lower, BREAK)),
        "break-after" | "page-break-after" => set(&mut style.break_after, keyword(lower, BREAK)),
        "break-inside" | "page-break-inside" => set(
            &mut style.break_inside_avoid,
            keyword(lower, &[("auto", false), ("avoid", true), ("avoid-page", true)]),
        ),
        "bookmark-level" => set(&mut style.bookmark_level, bookmark_level(lower)),
        "orphans" => set(&mut style.orphans, count(lower)),
        "widows" => set(&mut style.widows, count(lower)),
        _ => None,
    }
}

/// CSS Generated Content for Paged Media, 5.1.
fn bookmark_level(lower: &str) -> Result<u8, String> {
    let level = if lower == "none" { Some(0) } else { lower.parse().ok().filter(|level| (1..=6).contains(level)) };
    level.ok_or_else(|| format!("expected none or a level from 1 to 6, found {lower}"))
}

const BREAK: &[(&str, Break)] = &[
    ("auto", Break::Auto),
    ("avoid", Break::Avoid),
    ("avoid-page", Break::Avoid),
    ("page", Break::Page),
    ("always", Break::Page),
];

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: Units = Units { font_size: 10.0, root_font_size: 16.0 };

    fn styled(declarations: &[(&str, &str)]) -> Style {
        let mut style = Style::initial();
        for (name, value) in declarations {
            apply(&mut style, name, value, UNITS).expect(name);
        }
        style
    }

    #[test]
    fn shorthands_set_their_sides() {
        let style = styled(&[("margin", "1px 2px 3px"), ("margin-inline", "auto"), ("padding-block", "4px 5px")]);
        assert_eq!(style.margin, [Size::Px(1.0), Size::Auto, Size::Px(3.0), Size::Auto]);
        assert_eq!(style.padding, [Size::Px(4.0), Size::Px(0.0), Size::Px(5.0), Size::Px(0.0)]);
        let style = styled(&[("border-bottom", "1.5px dashed #f00"), ("font", "bold 12px/2 'A B', serif")]);
        assert_eq!(style.border[BOTTOM].width, 1.0);
        assert_eq!((style.font_size, style.weight, style.line_height), (12.0, 700, LineHeight::Factor(2.0)));
    }

    #[test]
    fn unknown_properties_and_values_are_faults() {
        let mut style = Style::initial();
        let fault = |style: &mut Style, name, value| apply(style, name, value, UNITS).expect_err(name);
        assert_eq!(fault(&mut style, "float", "left"), "the property float is not supported");
        assert_eq!(fault(&mut style, "padding", "-1px"), "expected at least 0, found -1px");
        assert!(fault(&mut style, "width", "calc(1px + 2px)").starts_with("expected a length"));
        assert!(fault(&mut style, "display", "grid").ends_with("found grid"));
    }
}
