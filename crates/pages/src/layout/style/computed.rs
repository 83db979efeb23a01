//! The computed style of one element. Lengths are CSS px, 1/96 inch.

use std::{collections::BTreeMap, rc::Rc};

use super::color::Color;

/// A length, a percentage of the containing block, or `auto` / `none`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Size {
    Auto,
    Px(f64),
    Percent(f64),
}

impl Size {
    /// The length against the containing block's; `None` for `auto`, and for a percentage of nothing definite.
    pub(crate) fn resolve(self, whole: Option<f64>) -> Option<f64> {
        match self {
            Size::Auto => None,
            Size::Px(length) => Some(length),
            Size::Percent(share) => whole.map(|whole| whole * share / 100.0),
        }
    }

    pub(crate) fn or_zero(self, whole: f64) -> f64 {
        self.resolve(Some(whole)).unwrap_or(0.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Display {
    None,
    Block,
    Inline,
    InlineBlock,
    ListItem,
    Flex,
    InlineFlex,
    Table,
    TableCaption,
    TableColumnGroup,
    TableColumn,
    TableHeaderGroup,
    TableRowGroup,
    TableFooterGroup,
    TableRow,
    TableCell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    Static,
    Relative,
    Absolute,
    Fixed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BorderStyle {
    None,
    Hidden,
    Solid,
    Dashed,
    Double,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Border {
    /// As specified; see [`Border::used`].
    pub(crate) width: f64,
    pub(crate) style: BorderStyle,
    /// `None` is `currentcolor`.
    pub(crate) color: Option<Color>,
}

impl Border {
    /// The width that takes up room.
    pub(crate) fn used(&self) -> f64 {
        if matches!(self.style, BorderStyle::None | BorderStyle::Hidden) { 0.0 } else { self.width }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextAlign {
    Start,
    Center,
    End,
    /// From edge to edge, the last line at the start.
    Justify,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LineHeight {
    Normal,
    Factor(f64),
    Px(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhiteSpace {
    Normal,
    NoWrap,
    Pre,
    PreLine,
    PreWrap,
}

impl WhiteSpace {
    pub(crate) fn wraps(self) -> bool {
        !matches!(self, WhiteSpace::NoWrap | WhiteSpace::Pre)
    }

    pub(crate) fn keeps_spaces(self) -> bool {
        matches!(self, WhiteSpace::Pre | WhiteSpace::PreWrap)
    }

    pub(crate) fn keeps_newlines(self) -> bool {
        matches!(self, WhiteSpace::Pre | WhiteSpace::PreWrap | WhiteSpace::PreLine)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum VerticalAlign {
    Baseline,
    Top,
    Middle,
    Bottom,
    Sub,
    Super,
    TextTop,
    TextBottom,
    Px(f64),
    Percent(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    Auto,
    Avoid,
    Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrap {
    Normal,
    /// `overflow-wrap: break-word`: a word too long is broken; narrower columns are not asked for.
    BreakWord,
    /// `overflow-wrap: anywhere`: likewise, and the narrowest width counts single characters.
    Anywhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordBreak {
    Normal,
    BreakAll,
    KeepAll,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListStyle {
    None,
    Disc,
    Circle,
    Square,
    Decimal,
    LowerAlpha,
    UpperAlpha,
    LowerRoman,
    UpperRoman,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Justify {
    Start,
    Center,
    End,
    Between,
    Around,
    Evenly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Only for `align-self`: as the container says.
    Auto,
    Stretch,
    Start,
    Center,
    End,
    Baseline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transform {
    None,
    Upper,
    Lower,
    Capitalize,
}

/// Something for each line that can be drawn along text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Decoration<T> {
    pub(crate) underline: T,
    pub(crate) overline: T,
    pub(crate) strike: T,
}

/// How a line along text is drawn: as the element says that asked for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DecorationLine {
    pub(crate) color: Color,
    /// Thickness and place follow from it.
    pub(crate) font_size: f64,
}

pub(crate) const TOP: usize = 0;
pub(crate) const RIGHT: usize = 1;
pub(crate) const BOTTOM: usize = 2;
pub(crate) const LEFT: usize = 3;

/// Custom properties by name.
pub(crate) type Variables = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Style {
    // Inherited.
    pub(crate) variables: Rc<Variables>,
    pub(crate) font_size: f64,
    pub(crate) weight: u16,
    pub(crate) color: Color,
    pub(crate) text_align: TextAlign,
    pub(crate) text_indent: Size,
    pub(crate) line_height: LineHeight,
    pub(crate) letter_spacing: f64,
    pub(crate) white_space: WhiteSpace,
    pub(crate) wrap: Wrap,
    pub(crate) word_break: WordBreak,
    pub(crate) transform: Transform,
    pub(crate) list_style: ListStyle,
    pub(crate) list_inside: bool,
    pub(crate) border_collapse: bool,
    pub(crate) border_spacing: [f64; 2],
    pub(crate) caption_below: bool,
    pub(crate) orphans: u32,
    pub(crate) widows: u32,
    pub(crate) visible: bool,
    /// What the element asks for itself, and in which colour.
    pub(crate) decoration: Decoration<bool>,
    pub(crate) decoration_color: Option<Color>,
    /// Drawn on this element's text and all text within (CSS: propagated, not inherited).
    pub(crate) lines: Decoration<Option<DecorationLine>>,
    // Not inherited.
    pub(crate) display: Display,
    pub(crate) position: Position,
    pub(crate) inset: [Size; 4],
    pub(crate) z_index: i32,
    pub(crate) margin: [Size; 4],
    pub(crate) padding: [Size; 4],
    pub(crate) border: [Border; 4],
    pub(crate) radius: [Size; 4],
    pub(crate) background: Color,
    pub(crate) width: Size,
    pub(crate) min_width: Size,
    pub(crate) max_width: Size,
    pub(crate) height: Size,
    pub(crate) min_height: Size,
    pub(crate) max_height: Size,
    pub(crate) border_box: bool,
    pub(crate) vertical_align: VerticalAlign,
    pub(crate) table_fixed: bool,
    pub(crate) break_before: Break,
    pub(crate) break_after: Break,
    pub(crate) break_inside_avoid: bool,
    /// Level among the bookmarks, from 1; 0 is none.
    pub(crate) bookmark_level: u8,
    pub(crate) flex_column: bool,
    pub(crate) flex_wrap: bool,
    pub(crate) flex_grow: f64,
    pub(crate) flex_shrink: f64,
    pub(crate) flex_basis: Size,
    pub(crate) order: i32,
    pub(crate) row_gap: Size,
    pub(crate) column_gap: Size,
    pub(crate) justify: Justify,
    /// `None` stretches the lines.
    pub(crate) align_content: Option<Justify>,
    pub(crate) align_items: Align,
    pub(crate) align_self: Align,
}

impl Style {
    pub(crate) fn initial() -> Style {
        let border = Border { width: 3.0, style: BorderStyle::None, color: None };
        Style {
            variables: Rc::new(Variables::new()),
            font_size: 16.0,
            weight: 400,
            color: Color::BLACK,
            text_align: TextAlign::Start,
            text_indent: Size::Px(0.0),
            line_height: LineHeight::Normal,
            letter_spacing: 0.0,
            white_space: WhiteSpace::Normal,
            wrap: Wrap::Normal,
            word_break: WordBreak::Normal,
            transform: Transform::None,
            list_style: ListStyle::Disc,
            list_inside: false,
            border_collapse: false,
            border_spacing: [0.0; 2],
            caption_below: false,
            orphans: 2,
            widows: 2,
            visible: true,
            decoration: Decoration::default(),
            decoration_color: None,
            lines: Decoration::default(),
            display: Display::Inline,
            position: Position::Static,
            inset: [Size::Auto; 4],
            z_index: 0,
            margin: [Size::Px(0.0); 4],
            padding: [Size::Px(0.0); 4],
            border: [border; 4],
            radius: [Size::Px(0.0); 4],
            background: Color::TRANSPARENT,
            width: Size::Auto,
            min_width: Size::Auto,
            max_width: Size::Auto,
            height: Size::Auto,
            min_height: Size::Auto,
            max_height: Size::Auto,
            border_box: false,
            vertical_align: VerticalAlign::Baseline,
            table_fixed: false,
            break_before: Break::Auto,
            break_after: Break::Auto,
            break_inside_avoid: false,
            bookmark_level: 0,
            flex_column: false,
            flex_wrap: false,
            flex_grow: 0.0,
            flex_shrink: 1.0,
            flex_basis: Size::Auto,
            order: 0,
            row_gap: Size::Px(0.0),
            column_gap: Size::Px(0.0),
            justify: Justify::Start,
            align_content: None,
            align_items: Align::Stretch,
            align_self: Align::Auto,
        }
    }

    /// The style an element, or an anonymous box, starts from: what is inherited, and initial values.
    pub(crate) fn inherited(parent: &Style) -> Style {
        let initial = Style::initial();
        Style {
            display: initial.display,
            position: initial.position,
            inset: initial.inset,
            z_index: initial.z_index,
            margin: initial.margin,
            padding: initial.padding,
            border: initial.border,
            radius: initial.radius,
            background: initial.background,
            width: initial.width,
            min_width: initial.min_width,
            max_width: initial.max_width,
            height: initial.height,
            min_height: initial.min_height,
            max_height: initial.max_height,
            border_box: initial.border_box,
            vertical_align: initial.vertical_align,
            table_fixed: initial.table_fixed,
            break_before: initial.break_before,
            break_after: initial.break_after,
            break_inside_avoid: initial.break_inside_avoid,
            bookmark_level: initial.bookmark_level,
            flex_column: initial.flex_column,
            flex_wrap: initial.flex_wrap,
            flex_grow: initial.flex_grow,
            flex_shrink: initial.flex_shrink,
            flex_basis: initial.flex_basis,
            order: initial.order,
            row_gap: initial.row_gap,
            column_gap: initial.column_gap,
            justify: initial.justify,
            align_content: initial.align_content,
            align_items: initial.align_items,
            align_self: initial.align_self,
            decoration: initial.decoration,
            decoration_color: initial.decoration_color,
            lines: initial.lines,
            ..parent.clone()
        }
    }

    /// The font size glyphs are drawn in: Chromium's text engine cuts it to 1/64 px.
    pub(crate) fn glyph_size(&self) -> f64 {
        super::snap(self.font_size)
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
