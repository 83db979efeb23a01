//! Backgrounds and borders of boxes.

use super::{
    fragment::Edge,
    page::Shape,
    picture::{Outline, Rgb},
    place::{POINTS, Sheets, rounded},
    style::{BOTTOM, BorderStyle, Display, LEFT, RIGHT, Size, Style, TOP},
};

/// The part of a box on one page, in px of the page's content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) page: usize,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// The box starts or ends on this page, not on another.
    pub(crate) first: bool,
    pub(crate) last: bool,
    /// The same for the left and right side, for inline boxes over several lines.
    pub(crate) opens: bool,
    pub(crate) closes: bool,
}

impl Style {
    /// Whether the box paints a background or border.
    pub(crate) fn is_decorated(&self) -> bool {
        self.background.0.is_some() || [TOP, RIGHT, BOTTOM, LEFT].iter().any(|side| self.border_color(*side).is_some())
    }

    /// The colour of a visible border.
    fn border_color(&self, side: usize) -> Option<Rgb> {
        let border = self.border.get(side).filter(|border| border.used() > 0.0)?;
        border.color.unwrap_or(self.color).0
    }
}

impl Sheets<'_, '_> {
    /// Paints a box's background and borders.
    pub(crate) fn decorate_box(&mut self, style: &Style, slice: Slice) {
        let [x, y, width, height] = self.snapped(slice.page, slice.x, slice.y, slice.width, slice.height);
        let slice = Slice { x, y, width, height, ..slice };
        // The borders of such a table are drawn with its cells', and have no corners (CSS Backgrounds, 4.3).
        let collapsed = style.display == Display::Table && style.border_collapse;
        let radii = if collapsed { [0.0; 4] } else { radii(style, &slice) };
        if radii != [0.0; 4] {
            return self.rounded_box(style, slice, radii);
        }
        if let Some(color) = style.background.0 {
            self.rectangle(slice.page, slice.x, slice.y, slice.width, slice.height, color);
        }
        if !collapsed {
            self.borders(style, slice);
        }
    }

    fn borders(&mut self, style: &Style, slice: Slice) {
        let Slice { page, x, y, width, height, first, last, opens, closes } = slice;
        let top = if first { style.border_width(TOP) } else { 0.0 };
        let bottom = if last { style.border_width(BOTTOM) } else { 0.0 };
        let right = if closes { style.border_width(RIGHT) } else { 0.0 };
        let left = if opens { style.border_width(LEFT) } else { 0.0 };
        let sides = [
            (TOP, x, y, width, top),
            (BOTTOM, x, y + height - bottom, width, bottom),
            (LEFT, x, y + top, left, height - top - bottom),
            (RIGHT, x + width - right, y + top, right, height - top - bottom),
        ];
        for (side, x, y, width, height) in sides {
            let Some(color) = style.border_color(side) else { continue };
            if width <= 0.0 || height <= 0.0 {
                continue;
            }
            let kind = style.border[side].style;
            let dashed = kind == BorderStyle::Dashed;
            let thick = style.border_width(side);
            // Vertical dashes start in the corners, as the horizontal ones do.
            let (y, height) =
                if dashed && (side == LEFT || side == RIGHT) { (slice.y, slice.height) } else { (y, height) };
            let edge = Edge { x: 0.0, y: 0.0, width, height, color, dashed, down: false };
            if kind == BorderStyle::Double && thick >= 3.0 {
                self.double(page, side, edge, x, y);
            } else {
                self.edge(page, &edge, x, y);
            }
        }
    }

    /// Draws a double border: two lines, each a third of its thickness.
    fn double(&mut self, page: usize, side: usize, edge: Edge, x: f64, y: f64) {
        let across = side == TOP || side == BOTTOM;
        let thick = if across { edge.height } else { edge.width };
        let line = (thick / 3.0).round().max(1.0);
        for start in [0.0, thick - line] {
            let one =
                if across { Edge { height: line, y: start, ..edge } } else { Edge { width: line, x: start, ..edge } };
            self.edge(page, &one, x, y);
        }
    }

    /// Paints a box with rounded corners; the border is the area between two outlines.
    fn rounded_box(&mut self, style: &Style, slice: Slice, radii: [f64; 4]) {
        let outer = self.area(slice.page, slice.x, slice.y, slice.width, slice.height);
        let points = radii.map(|radius| (radius * POINTS) as f32);
        if let Some(color) = style.background.0 {
            self.shape(
                slice.page,
                Shape::Outline(Outline { paths: vec![rounded(outer, points)], color, even_odd: true }),
            );
        }
        let widths = [TOP, RIGHT, BOTTOM, LEFT].map(|side| {
            let shown = (side != TOP || slice.first) && (side != BOTTOM || slice.last);
            if shown { style.border_width(side) } else { 0.0 }
        });
        let Some(color) = [TOP, RIGHT, BOTTOM, LEFT].iter().find_map(|side| style.border_color(*side)) else { return };
        let inner = self.area(
            slice.page,
            slice.x + widths[LEFT],
            slice.y + widths[TOP],
            (slice.width - widths[LEFT] - widths[RIGHT]).max(0.0),
            (slice.height - widths[TOP] - widths[BOTTOM]).max(0.0),
        );
        let shrink = |radius: f64, one: usize, other: usize| {
            ((radius - widths[one].max(widths[other])).max(0.0) * POINTS) as f32
        };
        let inner_radii = [
            shrink(radii[0], TOP, LEFT),
            shrink(radii[1], TOP, RIGHT),
            shrink(radii[2], BOTTOM, RIGHT),
            shrink(radii[3], BOTTOM, LEFT),
        ];
        let paths = vec![rounded(outer, points), rounded(inner, inner_radii)];
        self.shape(slice.page, Shape::Outline(Outline { paths, color, even_odd: true }));
    }
}

/// Corner radii in px, scaled down where they would overlap (CSS Backgrounds, 4.5).
fn radii(style: &Style, slice: &Slice) -> [f64; 4] {
    let radius = |corner: usize, shown: bool| match style.radius.get(corner) {
        Some(size) if shown && *size != Size::Px(0.0) => size.or_zero(slice.width.min(slice.height)),
        _ => 0.0,
    };
    let (first, last) = (slice.first, slice.last);
    let radii = [radius(0, first), radius(1, first), radius(2, last), radius(3, last)];
    let [a, b, c, d] = radii;
    let scale = [(slice.width, a + b), (slice.width, c + d), (slice.height, a + d), (slice.height, b + c)]
        .into_iter()
        .filter(|(_, sum)| *sum > 0.0)
        .map(|(side, sum)| side / sum)
        .fold(1.0, f64::min);
    radii.map(|radius| radius * scale)
}
