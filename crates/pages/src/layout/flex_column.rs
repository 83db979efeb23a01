//! Flex containers in column direction; they wrap where the height is limited.

use super::{
    boxes::{BoxContent, BoxNode},
    context::Context,
    flex::{Item, alignment, justify, limits, lines, resolve, share_lines, stretch},
    fragment::{Content, Fragment},
    space::{Insets, Space, clamp_width},
    style::{Align, BOTTOM, LEFT, RIGHT, Size, Style, TOP},
};

/// Lays out the items; returns them and the height of the container's content.
pub(super) fn lay_out(
    context: &Context<'_>,
    style: &Style,
    items: &[BoxNode],
    inner: Space,
    insets: Insets,
) -> (Content, f64) {
    let gap = style.row_gap.or_zero(inner.height.unwrap_or(0.0));
    let (least, most) = limits(style, insets, inner);
    let column = Column { context, style, inner, wraps: style.flex_wrap };
    let items: Vec<Item<'_>> = items.iter().map(|node| column.item(node)).collect();
    let room = inner.height.unwrap_or(most);
    let mut lines = lines(items, (style.flex_wrap && room.is_finite()).then_some(room), gap);
    let longest = lines.iter().map(|line| used(line, gap)).fold(0.0, f64::max);
    let height = inner.height.unwrap_or(longest.min(most).max(least));
    for line in &mut lines {
        let room = height - gap * line.len().saturating_sub(1) as f64;
        resolve(line, room);
    }
    if !style.flex_wrap {
        let fragments = lines.first().map(|line| column.place(line, inner.width, height, gap)).unwrap_or_default();
        return (Content::Stack(moved(fragments, insets.left, insets.top)), height);
    }
    let column_gap = style.column_gap.or_zero(inner.width);
    let widths: Vec<f64> = lines.iter().map(|line| column.width(line)).collect();
    let free = inner.width - widths.iter().sum::<f64>() - column_gap * lines.len().saturating_sub(1) as f64;
    let (mut x, between, more) = share_lines(style.align_content, free, lines.len());
    let mut columns = Vec::new();
    for (line, width) in lines.iter().zip(widths) {
        let fragments = column.place(line, width + more, height, gap);
        let content = Content::Stack(fragments);
        let (width, y) = (width + more, insets.top);
        columns.push(Fragment { x: insets.left + x, y, width, height, content, ..Fragment::default() });
        x += width + column_gap + between;
    }
    (Content::Row(columns), height)
}

fn moved(mut fragments: Vec<Fragment>, x: f64, y: f64) -> Vec<Fragment> {
    for fragment in &mut fragments {
        fragment.x += x;
        fragment.y += y;
    }
    fragments
}

fn used(line: &[Item<'_>], gap: f64) -> f64 {
    line.iter().map(|item| item.size + item.margins).sum::<f64>() + gap * line.len().saturating_sub(1) as f64
}

struct Column<'c> {
    context: &'c Context<'c>,
    style: &'c Style,
    inner: Space,
    wraps: bool,
}

impl<'c> Column<'c> {
    fn item(&self, node: &'c BoxNode) -> Item<'c> {
        let style = self.context.styles.get(node.style);
        let insets = Insets::of(style, self.inner.width);
        let border_box = |size: Size| {
            let height = size.resolve(self.inner.height)?;
            Some(if style.border_box { height.max(insets.down()) } else { height + insets.down() })
        };
        let natural = self.fragment(node, style, self.inner.width, None);
        let content = natural.content_height(insets);
        let base = match style.flex_basis {
            Size::Auto => natural.height,
            basis => border_box(basis).unwrap_or(content),
        };
        // CSS Flexbox, 4.5: items get no lower than their content unless `min-height` allows it.
        let automatic = border_box(style.height).map_or(content, |height| height.min(content));
        let least = border_box(style.min_height).unwrap_or(automatic);
        let most = border_box(style.max_height).unwrap_or(f64::INFINITY);
        let margins = style.margin[TOP].or_zero(self.inner.width) + style.margin[BOTTOM].or_zero(self.inner.width);
        let size = base.min(most).max(least);
        Item { node, style, base, least, most, size, margins, inset: insets.down() }
    }

    fn fragment(&self, node: &BoxNode, own: &Style, cross: f64, height: Option<f64>) -> Fragment {
        let inner = self.inner;
        let mut space = Space { fixed_height: height, is_root: true, ..inner };
        if own.width == Size::Auto && !matches!(node.content, BoxContent::Picture(_)) {
            let margins = own.margin[LEFT].or_zero(inner.width) + own.margin[RIGHT].or_zero(inner.width);
            let automatic = own.margin[LEFT] == Size::Auto || own.margin[RIGHT] == Size::Auto;
            let fills = alignment(self.style, own) == Align::Stretch && !automatic;
            let width = if fills && !(self.wraps && height.is_none()) {
                cross - margins
            } else {
                let (narrowest, widest) = self.context.intrinsic(node);
                widest.min((inner.width - margins).max(narrowest))
            };
            space.fixed_width = Some(clamp_width(own, Insets::of(own, inner.width), inner.width, width.max(0.0)));
        }
        self.context.block(node, space).fragment
    }

    /// Width of one column of a wrapped container.
    fn width(&self, line: &[Item<'_>]) -> f64 {
        let outer = |item: &Item<'_>| {
            let margins =
                item.style.margin[LEFT].or_zero(self.inner.width) + item.style.margin[RIGHT].or_zero(self.inner.width);
            self.fragment(item.node, item.style, self.inner.width, None).width + margins
        };
        line.iter().map(outer).fold(0.0, f64::max)
    }

    /// Places one column from (0, 0); free space goes to automatic margins first, else by `justify-content`.
    fn place(&self, line: &[Item<'_>], width: f64, height: f64, gap: f64) -> Vec<Fragment> {
        let free = height - used(line, gap);
        let is_auto = |item: &Item<'_>, side: usize| item.style.margin.get(side) == Some(&Size::Auto);
        let automatic: usize =
            line.iter().map(|item| usize::from(is_auto(item, TOP)) + usize::from(is_auto(item, BOTTOM))).sum();
        let share = if automatic > 0 { free.max(0.0) / automatic as f64 } else { 0.0 };
        let (mut y, between) = if automatic > 0 { (0.0, 0.0) } else { justify(self.style.justify, free, line.len()) };
        let mut fragments = Vec::with_capacity(line.len());
        for item in line {
            let lay_out = |height: f64| self.fragment(item.node, item.style, width, Some(height));
            let mut fragment =
                if self.wraps { lay_out(item.size) } else { self.fragment(item.node, item.style, width, None) };
            stretch(self.context, &mut fragment, item.size, lay_out, &item.node.content);
            let margin = |side: usize| {
                if is_auto(item, side) { share } else { item.style.margin[side].or_zero(self.inner.width) }
            };
            y += margin(TOP);
            fragment.y = y;
            fragment.x = across(&fragment, self.style, item.style, width);
            y += fragment.height + margin(BOTTOM) + gap + between;
            fragments.push(fragment);
        }
        fragments
    }
}

/// Left offset of an item in its column.
fn across(fragment: &Fragment, container: &Style, own: &Style, width: f64) -> f64 {
    let (left, right) = (own.margin[LEFT], own.margin[RIGHT]);
    let free = width - fragment.width - left.or_zero(width) - right.or_zero(width);
    match (left, right) {
        (Size::Auto, Size::Auto) => free / 2.0,
        (Size::Auto, _) => free,
        (_, Size::Auto) => left.or_zero(width),
        _ => match alignment(container, own) {
            Align::Center => left.or_zero(width) + free / 2.0,
            Align::End => left.or_zero(width) + free,
            _ => left.or_zero(width),
        },
    }
}
