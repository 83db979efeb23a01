//! The types of computed values.

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

    /// Width that takes up space.
    pub(crate) fn used(&self) -> f64 {
        if matches!(self.style, BorderStyle::None | BorderStyle::Hidden) { 0.0 } else { self.width }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextAlign {
    Start,
    Center,
    End,
    /// Both edges aligned, the last line at the start.
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
    /// `overflow-wrap: break-word`: breaks words that are too long, but does not make the narrowest width smaller.
    BreakWord,
    /// `overflow-wrap: anywhere`: breaks the same words, and the narrowest width counts single characters.
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
    /// Only for `align-self`: the container's value.
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

/// One value for each line that can be drawn along text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Decoration<T> {
    pub(crate) underline: T,
    pub(crate) overline: T,
    pub(crate) strike: T,
}

/// A line along text, as styled by the element that declares it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DecorationLine {
    pub(crate) color: Color,
    /// Determines thickness and position.
    pub(crate) font_size: f64,
}

pub(crate) const TOP: usize = 0;
pub(crate) const RIGHT: usize = 1;
pub(crate) const BOTTOM: usize = 2;
pub(crate) const LEFT: usize = 3;

/// Custom properties by name.
pub(crate) type Variables = BTreeMap<String, String>;
