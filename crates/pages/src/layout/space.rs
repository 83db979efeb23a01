//! Space and insets: the space a box is laid out in, and the edges around its content.

use super::style::{BOTTOM, LEFT, RIGHT, Size, Style, TOP, snap};

/// Unlimited space, small enough for sums to stay exact.
pub(crate) const UNBOUNDED: f64 = 10_000_000.0;

/// The space a box is laid out in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Space {
    /// Width of the containing block's content.
    pub(crate) width: f64,
    /// Its height, where definite: percentages refer to it.
    pub(crate) height: Option<f64>,
    /// The border box's size where the container decides (flex items, cells).
    pub(crate) fixed_width: Option<f64>,
    pub(crate) fixed_height: Option<f64>,
    /// The box keeps its children's margins inside, as flex items do.
    pub(crate) is_root: bool,
    /// The box is laid out this once, as all are that no flex container, cell or line of text is around.
    pub(crate) is_last: bool,
}

impl Space {
    pub(crate) fn of_width(width: f64) -> Space {
        Space { width, height: None, fixed_width: None, fixed_height: None, is_root: false, is_last: false }
    }
}

/// Adjoining margins: the largest positive and the most negative one count.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Strut {
    positive: f64,
    negative: f64,
}

impl Strut {
    pub(crate) fn of(margin: f64) -> Strut {
        Strut { positive: margin.max(0.0), negative: margin.min(0.0) }
    }

    pub(crate) fn join(self, other: Strut) -> Strut {
        Strut { positive: self.positive.max(other.positive), negative: self.negative.min(other.negative) }
    }

    pub(crate) fn sum(self) -> f64 {
        self.positive + self.negative
    }
}

/// Border and padding of a box.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Insets {
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
    pub(crate) left: f64,
}

impl Insets {
    /// The insets of a style; percentages on all sides refer to the containing block's width.
    pub(crate) fn of(style: &Style, width: f64) -> Insets {
        let side = |side: usize| {
            style.border_width(side) + style.padding.get(side).map_or(0.0, |padding| snap(padding.or_zero(width)))
        };
        Insets { top: side(TOP), right: side(RIGHT), bottom: side(BOTTOM), left: side(LEFT) }
    }

    pub(crate) fn across(&self) -> f64 {
        self.left + self.right
    }

    pub(crate) fn down(&self) -> f64 {
        self.top + self.bottom
    }
}

/// Margin, border and padding of an inline element on one side.
pub(crate) fn edge_width(style: &Style, side: usize) -> f64 {
    let padding = style.padding.get(side).map_or(0.0, |padding| padding.or_zero(0.0));
    let margin = style.margin.get(side).map_or(0.0, |margin| margin.or_zero(0.0));
    margin + padding + style.border_width(side)
}

pub(super) fn with_insets(style: &Style, length: f64, inset: f64) -> f64 {
    if style.border_box { length.max(inset) } else { length + inset }
}

/// Applies `min-width` and `max-width` to the width of a border box.
pub(crate) fn clamp_width(style: &Style, insets: Insets, whole: f64, width: f64) -> f64 {
    let limit = |size: Size| size.resolve(Some(whole)).map(|limit| with_insets(style, limit, insets.across()));
    let width = limit(style.max_width).map_or(width, |most| width.min(most));
    limit(style.min_width).map_or(width, |least| width.max(least))
}

pub(super) fn clamp_height(style: &Style, insets: Insets, space: Space, height: f64) -> f64 {
    let limit = |size: Size| size.resolve(space.height).map(|limit| with_insets(style, limit, insets.down()));
    let height = limit(style.max_height).map_or(height, |most| height.min(most));
    limit(style.min_height).map_or(height, |least| height.max(least))
}

/// Height of the border box, where it is specified.
pub(super) fn definite_height(style: &Style, insets: Insets, space: Space) -> Option<f64> {
    let height = style.height.resolve(space.height)?;
    Some(clamp_height(style, insets, space, with_insets(style, height, insets.down())))
}
