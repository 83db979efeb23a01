//! The closed list of properties, in one table: names, field, initial value, inheritance, parser.
//!
//! [`Style`], the style that elements start from, `inherit`, `initial` and `unset` are all generated from the table, so
//! none of them can miss a property.

use std::{collections::HashMap, rc::Rc, sync::LazyLock};

use rustc_hash::FxBuildHasher;

use super::{
    border, boxes,
    color::{self, Color},
    computed::*,
    flexible, font, text,
    value::{Size, Units, one_of, size, snap},
};

/// A property: how to set its fields, or copy them from another style.
pub(super) struct Property {
    /// The name and its aliases.
    pub(super) names: &'static [&'static str],
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Longhand {
        inherits: bool,
        /// Sets the field from a value in lower case.
        set: fn(&mut Style, &str, Units) -> Result<(), String>,
        copy: fn(&mut Style, &Style),
    },
    /// Names of its longhands, and the function that sets them all.
    Shorthand(&'static [&'static str], fn(&mut Style, &str, Units) -> Result<(), String>),
}

/// `field: type = initial value { "name" | "alias" [part of the field] = parser }`; a field without a name is not a
/// property of its own. Properties under `checked` have no field: only one value of theirs is supported.
macro_rules! properties {
    (
        inherited { $($(#[$own_doc:meta])* $own:ident: $own_type:ty = $own_initial:expr
            => { $($($own_name:literal)|+ = $own_parse:expr),* };)* }
        reset { $($(#[$doc:meta])* $field:ident: $type:ty = $initial:expr
            => { $($($name:literal)|+ $(($($part:tt)+))? = $parse:expr),* };)* }
        checked { $($($checked:literal)|+ = $check:expr;)* }
        shorthand { $($short:literal of [$($long:literal),+] = $set:expr;)* }
    ) => {
        /// The computed style of one element. Lengths are CSS px, 1/96 inch.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct Style {
            $($(#[$own_doc])* pub(crate) $own: $own_type,)*
            $($(#[$doc])* pub(crate) $field: $type,)*
        }

        impl Style {
            pub(crate) fn initial() -> Style {
                Style { $($own: $own_initial,)* $($field: $initial,)* }
            }

            /// The initial style of an element or anonymous box: inherited values, and initial values for the rest.
            pub(crate) fn inherited(parent: &Style) -> Style {
                Style { $($field: $initial,)* ..parent.clone() }
            }
        }

        pub(super) static PROPERTIES: &[Property] = &[
            $($(Property {
                names: &[$($own_name),+],
                kind: Kind::Longhand {
                    inherits: true,
                    set: |style, value, units| ($own_parse)(value, units).map(|value| style.$own = value),
                    copy: |style, from| style.$own = from.$own,
                },
            },)*)*
            $($(Property {
                names: &[$($name),+],
                kind: Kind::Longhand {
                    inherits: false,
                    set: |style, value, units| ($parse)(value, units).map(|value| style.$field $($($part)+)? = value),
                    copy: |style, from| style.$field $($($part)+)? = from.$field $($($part)+)?,
                },
            },)*)*
            $(Property {
                names: &[$($checked),+],
                kind: Kind::Longhand { inherits: true, set: |_, value, units| ($check)(value, units), copy: |_, _| {} },
            },)*
            $(Property { names: &[$short], kind: Kind::Shorthand(&[$($long),+], $set) },)*
        ];
    };
}

properties! {
    inherited {
        /// Custom properties.
        variables: Rc<Variables> = Rc::default() => {};
        font_size: f64 = 16.0 => { "font-size" = font::size };
        weight: u16 = 400 => { "font-weight" = font::weight };
        line_height: LineHeight = LineHeight::Normal => { "line-height" = font::line_height };
        color: Color = Color::BLACK => { "color" = color::parse_one };
        text_align: TextAlign = TextAlign::Start => { "text-align" = one_of(text::ALIGN) };
        text_indent: Size = Size::ZERO => { "text-indent" = |value, units| size(value, units, "") };
        transform: Transform = Transform::None => { "text-transform" = one_of(text::TRANSFORM) };
        letter_spacing: f64 = 0.0 => { "letter-spacing" = text::letter_spacing };
        white_space: WhiteSpace = WhiteSpace::Normal => { "white-space" = one_of(text::WHITE_SPACE) };
        wrap: Wrap = Wrap::Normal => { "overflow-wrap" = one_of(text::WRAP) };
        word_break: WordBreak = WordBreak::Normal => { "word-break" = one_of(text::WORD_BREAK) };
        list_style: ListStyle = ListStyle::Disc => { "list-style-type" = one_of(text::LIST_STYLE) };
        list_inside: bool = false => { "list-style-position" = one_of(&[("outside", false), ("inside", true)]) };
        border_collapse: bool = false => { "border-collapse" = one_of(&[("separate", false), ("collapse", true)]) };
        border_spacing: [f64; 2] = [0.0; 2] => { "border-spacing" = boxes::spacing };
        caption_below: bool = false => { "caption-side" = one_of(&[("top", false), ("bottom", true)]) };
        orphans: u32 = 2 => { "orphans" = boxes::count };
        widows: u32 = 2 => { "widows" = boxes::count };
    }
    reset {
        /// Lines drawn along this element's text and all text within (CSS: propagated, not inherited).
        lines: Decoration<Option<DecorationLine>> = Decoration::default() => {};
        /// Lines that the element itself declares.
        decoration: Decoration<bool> = Decoration::default() => { "text-decoration-line" = text::decoration_line };
        /// `None` is `currentcolor`.
        decoration_color: Option<Color> = None => { "text-decoration-color" = color::parse_current };
        vertical_align: VerticalAlign = VerticalAlign::Baseline => { "vertical-align" = text::vertical_align };
        display: Display = Display::Inline => { "display" = one_of(boxes::DISPLAY) };
        position: Position = Position::Static => { "position" = one_of(boxes::POSITION) };
        inset: [Size; 4] = [Size::Auto; 4] => {
            "top" ([TOP]) = boxes::margin,
            "right" ([RIGHT]) = boxes::margin,
            "bottom" ([BOTTOM]) = boxes::margin,
            "left" ([LEFT]) = boxes::margin
        };
        z_index: i32 = 0 => { "z-index" = boxes::z_index };
        margin: [Size; 4] = [Size::ZERO; 4] => {
            "margin-top" ([TOP]) = boxes::margin,
            "margin-right" ([RIGHT]) = boxes::margin,
            "margin-bottom" ([BOTTOM]) = boxes::margin,
            "margin-left" ([LEFT]) = boxes::margin
        };
        padding: [Size; 4] = [Size::ZERO; 4] => {
            "padding-top" ([TOP]) = boxes::padding,
            "padding-right" ([RIGHT]) = boxes::padding,
            "padding-bottom" ([BOTTOM]) = boxes::padding,
            "padding-left" ([LEFT]) = boxes::padding
        };
        border: [Border; 4] = [Border::INITIAL; 4] => {
            "border-top-width" ([TOP].width) = border::width,
            "border-right-width" ([RIGHT].width) = border::width,
            "border-bottom-width" ([BOTTOM].width) = border::width,
            "border-left-width" ([LEFT].width) = border::width,
            "border-top-style" ([TOP].style) = one_of(border::STYLES),
            "border-right-style" ([RIGHT].style) = one_of(border::STYLES),
            "border-bottom-style" ([BOTTOM].style) = one_of(border::STYLES),
            "border-left-style" ([LEFT].style) = one_of(border::STYLES),
            "border-top-color" ([TOP].color) = color::parse_current,
            "border-right-color" ([RIGHT].color) = color::parse_current,
            "border-bottom-color" ([BOTTOM].color) = color::parse_current,
            "border-left-color" ([LEFT].color) = color::parse_current
        };
        /// Clockwise from the top left.
        radius: [Size; 4] = [Size::ZERO; 4] => {
            "border-top-left-radius" ([0]) = border::radius,
            "border-top-right-radius" ([1]) = border::radius,
            "border-bottom-right-radius" ([2]) = border::radius,
            "border-bottom-left-radius" ([3]) = border::radius
        };
        background: Color = Color::TRANSPARENT => { "background" | "background-color" = boxes::background };
        width: Size = Size::Auto => { "width" = |value, units| boxes::extent(value, units, "auto") };
        height: Size = Size::Auto => { "height" = |value, units| boxes::extent(value, units, "auto") };
        min_width: Size = Size::Auto => { "min-width" = |value, units| boxes::extent(value, units, "auto") };
        min_height: Size = Size::Auto => { "min-height" = |value, units| boxes::extent(value, units, "auto") };
        max_width: Size = Size::Auto => { "max-width" = |value, units| boxes::extent(value, units, "none") };
        max_height: Size = Size::Auto => { "max-height" = |value, units| boxes::extent(value, units, "none") };
        border_box: bool = false => { "box-sizing" = one_of(&[("content-box", false), ("border-box", true)]) };
        table_fixed: bool = false => { "table-layout" = one_of(&[("auto", false), ("fixed", true)]) };
        break_before: Break = Break::Auto => { "break-before" = one_of(boxes::BREAK) };
        break_after: Break = Break::Auto => { "break-after" = one_of(boxes::BREAK) };
        break_inside_avoid: bool = false => {
            "break-inside" = one_of(&[("auto", false), ("avoid", true), ("avoid-page", true)])
        };
        /// Level of the bookmark, from 1; 0 for none.
        bookmark_level: u8 = 0 => { "bookmark-level" = boxes::bookmark_level };
        flex_column: bool = false => { "flex-direction" = one_of(&[("row", false), ("column", true)]) };
        flex_wrap: bool = false => { "flex-wrap" = one_of(&[("nowrap", false), ("wrap", true)]) };
        flex_grow: f64 = 0.0 => { "flex-grow" = flexible::factor };
        flex_shrink: f64 = 1.0 => { "flex-shrink" = flexible::factor };
        flex_basis: Size = Size::Auto => { "flex-basis" = flexible::basis };
        order: i32 = 0 => { "order" = boxes::whole_number };
        row_gap: Size = Size::ZERO => { "row-gap" = flexible::one_gap };
        column_gap: Size = Size::ZERO => { "column-gap" = flexible::one_gap };
        justify: Justify = Justify::Start => { "justify-content" = one_of(flexible::JUSTIFY) };
        /// `None` stretches the lines.
        align_content: Option<Justify> = None => { "align-content" = flexible::align_content };
        align_items: Align = Align::Stretch => { "align-items" = one_of(flexible::ALIGN) };
        align_self: Align = Align::Auto => { "align-self" = flexible::align_self };
    }
    checked {
        "font-family" = font::family;
        // The faces have no italics, and a slanted upright face is not what its designer drew.
        "font-style" = one_of(&[("normal", ())]);
        // Ligatures are never set.
        "font-variant-ligatures" = one_of(&[("none", ())]);
        // The engine always breaks by strict rules; the declaration makes browsers agree.
        "line-break" = one_of(&[("strict", ())]);
        "text-spacing-trim" = one_of(&[("space-all", ())]);
        "text-autospace" = one_of(&[("no-autospace", ())]);
    }
    shorthand {
        "font" of ["font-size", "font-weight", "line-height", "font-family"] = |style, value, units| {
            (style.weight, style.font_size, style.line_height) = font::shorthand(value, units)?;
            Ok(())
        };
        "text-decoration" of ["text-decoration-line", "text-decoration-color"] = |style, value, units| {
            (style.decoration, style.decoration_color) = text::decoration(value, units)?;
            Ok(())
        };
        "list-style" of ["list-style-type", "list-style-position"] = |style, value, _| {
            (style.list_style, style.list_inside) = text::list_style(value)?;
            Ok(())
        };
        "margin" of ["margin-top", "margin-right", "margin-bottom", "margin-left"]
            = |style, value, units| boxes::four(value, units, boxes::margin).map(|margin| style.margin = margin);
        "padding" of ["padding-top", "padding-right", "padding-bottom", "padding-left"]
            = |style, value, units| boxes::four(value, units, boxes::padding).map(|padding| style.padding = padding);
        "border" of ["border-width", "border-style", "border-color"]
            = |style, value, units| border::whole(value, units).map(|border| style.border = [border; 4]);
        "border-top" of ["border-top-width", "border-top-style", "border-top-color"]
            = |style, value, units| border::whole(value, units).map(|border| style.border[TOP] = border);
        "border-right" of ["border-right-width", "border-right-style", "border-right-color"]
            = |style, value, units| border::whole(value, units).map(|border| style.border[RIGHT] = border);
        "border-bottom" of ["border-bottom-width", "border-bottom-style", "border-bottom-color"]
            = |style, value, units| border::whole(value, units).map(|border| style.border[BOTTOM] = border);
        "border-left" of ["border-left-width", "border-left-style", "border-left-color"]
            = |style, value, units| border::whole(value, units).map(|border| style.border[LEFT] = border);
        "border-width" of ["border-top-width", "border-right-width", "border-bottom-width", "border-left-width"]
            = |style, value, units| each(style, boxes::four(value, units, border::width)?, |border| &mut border.width);
        "border-style" of ["border-top-style", "border-right-style", "border-bottom-style", "border-left-style"]
            = |style, value, units| {
                each(style, boxes::four(value, units, one_of(border::STYLES))?, |border| &mut border.style)
            };
        "border-color" of ["border-top-color", "border-right-color", "border-bottom-color", "border-left-color"]
            = |style, value, units| {
                each(style, boxes::four(value, units, color::parse_current)?, |border| &mut border.color)
            };
        "border-radius" of ["border-top-left-radius", "border-top-right-radius", "border-bottom-right-radius",
            "border-bottom-left-radius"]
            = |style, value, units| boxes::four(value, units, border::radius).map(|radius| style.radius = radius);
        "flex" of ["flex-grow", "flex-shrink", "flex-basis"] = |style, value, units| {
            (style.flex_grow, style.flex_shrink, style.flex_basis) = flexible::flex(value, units)?;
            Ok(())
        };
        "flex-flow" of ["flex-direction", "flex-wrap"] = |style, value, _| {
            (style.flex_column, style.flex_wrap) = flexible::flow(value)?;
            Ok(())
        };
        "gap" of ["row-gap", "column-gap"] = |style, value, units| {
            (style.row_gap, style.column_gap) = flexible::gap(value, units)?;
            Ok(())
        };
    }
}

static BY_NAME: LazyLock<HashMap<&str, &Property, FxBuildHasher>> = LazyLock::new(|| {
    PROPERTIES.iter().flat_map(|property| property.names.iter().map(move |name| (*name, property))).collect()
});

/// Sets `name` from `value`, whose variables are already substituted. `em` is the parent's font size for the font size
/// itself, and the element's own for everything else.
pub(super) fn apply(
    style: &mut Style,
    parent: &Style,
    name: &str,
    value: &str,
    root_font_size: f64,
) -> Result<(), String> {
    let Some(property) = BY_NAME.get(name) else { return Err(format!("the property {name} is not supported")) };
    let lower = value.to_ascii_lowercase();
    match lower.as_str() {
        "" => return Err(format!("expected a value for {name}")),
        "inherit" => property.copy(style, |_| parent),
        // CSS Color 4, 6.2: `color: currentcolor` is the inherited colour.
        "currentcolor" if name == "color" => property.copy(style, |_| parent),
        word @ ("initial" | "unset") => {
            let initial = Style::initial();
            property.copy(style, |inherits| if inherits && word == "unset" { parent } else { &initial });
        }
        _ => {
            let font_size = if is_font_size(name) { parent.font_size } else { style.font_size };
            let units = Units { font_size, root_font_size, weight: parent.weight };
            return match property.kind {
                Kind::Longhand { set, .. } | Kind::Shorthand(_, set) => set(style, &lower, units),
            };
        }
    }
    Ok(())
}

impl Property {
    /// Copies the fields of its longhands from a style, which depends on whether the longhand inherits.
    fn copy<'f>(&self, style: &mut Style, from: impl Fn(bool) -> &'f Style + Copy) {
        match self.kind {
            Kind::Longhand { inherits, copy, .. } => copy(style, from(inherits)),
            Kind::Shorthand(names, _) => {
                names.iter().filter_map(|name| BY_NAME.get(name)).for_each(|longhand| longhand.copy(style, from));
            }
        }
    }
}

impl Style {
    /// Font size in which glyphs are drawn: Chromium's text engine truncates it to 1/64 px.
    pub(crate) fn glyph_size(&self) -> f64 {
        snap(self.font_size)
    }

    pub(crate) fn bold(&self) -> bool {
        self.weight >= 600
    }

    pub(crate) fn border_width(&self, side: usize) -> f64 {
        self.border.get(side).map_or(0.0, Border::used)
    }

    pub(crate) fn is_positioned(&self) -> bool {
        self.position != Position::Static
    }
}

/// Properties that have no effect here and are only for browsers.
pub(super) fn is_for_browsers(name: &str) -> bool {
    let prefixed = name.starts_with('-') && !name.starts_with("--");
    prefixed || matches!(name, "print-color-adjust" | "color-adjust" | "color-scheme" | "text-size-adjust")
}

/// Properties that set the font size, which others are computed from.
pub(super) fn is_font_size(name: &str) -> bool {
    name == "font-size" || name == "font"
}

fn each<T>(style: &mut Style, values: [T; 4], field: impl Fn(&mut Border) -> &mut T) -> Result<(), String> {
    for (border, value) in style.border.iter_mut().zip(values) {
        *field(border) = value;
    }
    Ok(())
}
