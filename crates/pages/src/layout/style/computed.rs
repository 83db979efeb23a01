//! What values properties compute to.

use std::collections::BTreeMap;

use super::color::Color;

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
    pub(super) const INITIAL: Border = Border { width: 3.0, style: BorderStyle::None, color: None };

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
