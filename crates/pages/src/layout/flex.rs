//! Flex containers (CSS Flexbox, 9): rows and wrapped rows; columns are in `flex_column`.

use super::{
    boxes::{BoxContent, BoxNode},
    context::Context,
    flex_column,
    fragment::{Content, Fragment},
    space::{Insets, Space},
    style::{Align, BOTTOM, Justify, LEFT, RIGHT, Size, Style, TOP},
    table,
};

const TOLERANCE: f64 = 1.0 / 64.0;

/// Lays out the items; returns them and the height of the container's content.
pub(crate) fn lay_out(
    context: &Context<'_>,
    style: &Style,
    items: &[BoxNode],
    inner: Space,
    insets: Insets,
) -> (Content, f64) {
    if style.flex_column {
        return flex_column::lay_out(context, style, items, inner, insets);
    }
    let gap = style.column_gap.or_zero(inner.width);
    let row_gap = style.row_gap.or_zero(inner.height.unwrap_or(0.0));
    let items: Vec<Item<'_>> = items.iter().map(|node| Item::new(context, node, inner)).collect();
    let mut lines = lines(items, style.flex_wrap.then_some(inner.width), gap);
    for line in &mut lines {
        let room = inner.width - gap * line.len().saturating_sub(1) as f64;
        resolve(line, room);
    }
    let limits = limits(style, insets, inner);
    let crosses = crosses(context, style, &lines, inner, limits, (gap, row_gap));
    let mut rows = Vec::new();
    let (mut y, mut end) = (0.0, 0.0);
    for (line, (before, cross)) in lines.iter().zip(crosses) {
        y += before;
        let (fragments, height) = row(context, style, line, inner, cross, gap);
        let place = |mut fragment: Fragment| {
            fragment.x += insets.left;
            fragment.y += insets.top + y;
            fragment
        };
        rows.push(fragments.into_iter().map(place).collect::<Vec<_>>());
        end = y + height;
        y = end + row_gap;
    }
    if rows.len() == 1 {
        return (Content::Row(rows.pop().unwrap_or_default()), end);
    }
    (Content::Stack(rows.into_iter().map(wrap_row).collect()), end)
}

/// Minimum and maximum height of a container's content.
pub(super) fn limits(style: &Style, insets: Insets, inner: Space) -> (f64, f64) {
    let content = |size: Size| {
        let height = size.resolve(inner.height)?;
        Some(if style.border_box { (height - insets.down()).max(0.0) } else { height })
    };
    (content(style.min_height).unwrap_or(0.0), content(style.max_height).unwrap_or(f64::INFINITY))
}

/// Space before each line and, where the container decides, the line's height (CSS Flexbox, 9.4 and 9.6).
fn crosses(
    context: &Context<'_>,
    style: &Style,
    lines: &[Vec<Item<'_>>],
    inner: Space,
    (least, most): (f64, f64),
    (gap, row_gap): (f64, f64),
) -> Vec<(f64, Option<f64>)> {
    let natural = |line: &Vec<Item<'_>>| row(context, style, line, inner, None, gap).1;
    if !style.flex_wrap {
        // The only line is as high as the container.
        let cross = match (inner.height, lines.first()) {
            (None, Some(line)) if least > 0.0 || most.is_finite() => Some(natural(line).min(most).max(least)),
            (height, _) => height,
        };
        return vec![(0.0, cross); lines.len()];
    }
    if inner.height.is_none() && least == 0.0 {
        return vec![(0.0, None); lines.len()];
    }
    let heights: Vec<f64> = lines.iter().map(natural).collect();
    let used = heights.iter().sum::<f64>() + row_gap * heights.len().saturating_sub(1) as f64;
    let free = inner.height.unwrap_or(used.max(least)) - used;
    let (start, between, more) = share_lines(style.align_content, free, heights.len());
    let before = |index: usize| if index == 0 { start } else { between };
    heights.iter().enumerate().map(|(index, height)| (before(index), Some(height + more))).collect()
}

/// Offset of the first line, space added between lines, and how much each line grows; `None` stretches them.
pub(super) fn share_lines(align: Option<Justify>, free: f64, count: usize) -> (f64, f64, f64) {
    match align {
        Some(align) => {
            let (start, between) = justify(align, free, count);
            (start, between, 0.0)
        }
        None => (0.0, 0.0, free.max(0.0) / count.max(1) as f64),
    }
}

/// Makes a line of a wrapped container one fragment, so that pages may break between lines.
fn wrap_row(mut items: Vec<Fragment>) -> Fragment {
    let top = items.iter().map(|item| item.y).fold(f64::INFINITY, f64::min);
    let top = if top.is_finite() { top } else { 0.0 };
    let bottom = items.iter().map(|item| item.y + item.height).fold(top, f64::max);
    let right = items.iter().map(|item| item.x + item.width).fold(0.0, f64::max);
    for item in &mut items {
        item.y -= top;
    }
    Fragment { y: top, width: right, height: bottom - top, content: Content::Row(items), ..Fragment::default() }
}

/// An item; sizes are those of border boxes along the main axis.
pub(super) struct Item<'i> {
    pub(super) node: &'i BoxNode,
    pub(super) style: &'i Style,
    pub(super) base: f64,
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) size: f64,
    /// Both margins; automatic ones count as zero.
    pub(super) margins: f64,
    /// Border and padding, which never shrink.
    pub(super) inset: f64,
}

impl Item<'_> {
    /// Weight of an item when space is missing (CSS Flexbox, 9.7).
    fn shrinkage(&self) -> f64 {
        self.style.flex_shrink * (self.base - self.inset).max(0.0)
    }
}

impl<'i> Item<'i> {
    fn new(context: &'i Context<'_>, node: &'i BoxNode, inner: Space) -> Self {
        let style = context.styles.get(node.style);
        let insets = Insets::of(style, inner.width);
        let border_box = |size: Size| {
            size.resolve(Some(inner.width))
                .map(|width| if style.border_box { width.max(insets.across()) } else { width + insets.across() })
        };
        let (narrowest, widest) = match node.content {
            BoxContent::Picture(index) => {
                let width = context.picture_width(index, style, inner, insets);
                (width, width)
            }
            BoxContent::Table(ref table) => table::intrinsic_by_content(context, table, style),
            _ => context.intrinsic_by_content(node),
        };
        // A table gets at least the width its content asks for, whatever its `width` says.
        let is_fixed = style.table_fixed && style.width != Size::Auto;
        let floor = if matches!(node.content, BoxContent::Table(_)) && !is_fixed { narrowest } else { 0.0 };
        let specified = border_box(style.width).map(|width| width.max(floor));
        let base = match style.flex_basis {
            Size::Auto => specified.unwrap_or(widest),
            basis => border_box(basis).unwrap_or(widest),
        };
        // CSS Flexbox, 4.5: items get no narrower than their content unless `min-width` allows it.
        let automatic = specified.map_or(narrowest, |specified| specified.min(narrowest));
        let least = border_box(style.min_width).unwrap_or(automatic).max(floor);
        let most = border_box(style.max_width).unwrap_or(f64::INFINITY).max(floor);
        let margins = style.margin[LEFT].or_zero(inner.width) + style.margin[RIGHT].or_zero(inner.width);
        let size = base.min(most).max(least);
        Item { node, style, base, least, most, size, margins, inset: insets.across() }
    }
}

/// Splits the items into lines of at most `room`; without a limit, one line.
pub(super) fn lines<'i>(items: Vec<Item<'i>>, room: Option<f64>, gap: f64) -> Vec<Vec<Item<'i>>> {
    let mut lines: Vec<Vec<Item<'i>>> = vec![Vec::new()];
    let mut used = 0.0;
    for item in items {
        let outer = item.size + item.margins;
        let starts = lines.last().is_none_or(Vec::is_empty);
        if room.is_some_and(|room| !starts && used + gap + outer > room + TOLERANCE) {
            lines.push(Vec::new());
            used = 0.0;
        } else if !starts {
            used += gap;
        }
        used += outer;
        if let Some(line) = lines.last_mut() {
            line.push(item);
        }
    }
    lines
}

/// CSS Flexbox, 9.7: grows or shrinks the items until the line is full; each round freezes the items at their limits.
pub(super) fn resolve(items: &mut [Item<'_>], width: f64) {
    let total: f64 = items.iter().map(|item| item.size + item.margins).sum();
    let grows = total < width;
    let factor = |item: &Item<'_>| if grows { item.style.flex_grow } else { item.shrinkage() };
    let mut frozen: Vec<bool> = items
        .iter()
        .map(|item| factor(item) == 0.0 || (if grows { item.base > item.size } else { item.base < item.size }))
        .collect();
    // Every round freezes at least one item.
    for _ in 0..items.len() {
        let used: f64 = items
            .iter()
            .zip(&frozen)
            .map(|(item, frozen)| item.margins + if *frozen { item.size } else { item.base })
            .sum();
        let open = || items.iter().zip(&frozen).filter(|(_, frozen)| !**frozen).map(|(item, _)| item);
        let factors: f64 = open().map(factor).sum();
        if factors <= 0.0 {
            return;
        }
        let mut free = width - used;
        let grow_sum: f64 = open().map(|item| item.style.flex_grow).sum();
        if grows && grow_sum < 1.0 {
            free *= grow_sum;
        }
        let mut violation = 0.0;
        let mut targets = Vec::with_capacity(items.len());
        for (item, frozen) in items.iter().zip(&frozen) {
            if *frozen {
                targets.push(item.size);
                continue;
            }
            let wanted = item.base + free * factor(item) / factors;
            let target = wanted.min(item.most).max(item.least).max(0.0);
            violation += target - wanted;
            targets.push(target);
        }
        let mut all_frozen = true;
        for ((item, frozen), target) in items.iter_mut().zip(&mut frozen).zip(targets) {
            if *frozen {
                continue;
            }
            let wanted = item.base + free * (if grows { item.style.flex_grow } else { item.shrinkage() }) / factors;
            item.size = target;
            let at_limit = (violation > 0.0 && target > wanted) || (violation < 0.0 && target < wanted);
            *frozen = violation == 0.0 || at_limit;
            all_frozen &= *frozen;
        }
        if all_frozen {
            return;
        }
    }
}

/// Places the items of one line; returns its height.
fn row(
    context: &Context<'_>,
    style: &Style,
    items: &[Item<'_>],
    inner: Space,
    cross: Option<f64>,
    gap: f64,
) -> (Vec<Fragment>, f64) {
    let lay_out = |item: &Item<'_>, height: Option<f64>| {
        let space = Space { fixed_width: Some(item.size), fixed_height: height, is_root: true, ..inner };
        context.block(item.node, space).fragment
    };
    let mut fragments: Vec<Fragment> = items.iter().map(|item| lay_out(item, None)).collect();
    let baselines: Vec<f64> = fragments
        .iter()
        .zip(items)
        .map(|(fragment, item)| {
            item.style.margin[TOP].or_zero(inner.width) + fragment.first_baseline().unwrap_or(fragment.height)
        })
        .collect();
    let on_baseline = |item: &Item<'_>| alignment(style, item.style) == Align::Baseline;
    let deepest = baselines.iter().zip(items).filter(|(_, item)| on_baseline(item)).map(|(baseline, _)| *baseline);
    let deepest = deepest.fold(0.0, f64::max);
    let mut height = cross.unwrap_or(0.0);
    if cross.is_none() {
        for ((fragment, item), baseline) in fragments.iter().zip(items).zip(&baselines) {
            let lowered = if on_baseline(item) { deepest - baseline } else { 0.0 };
            height = height.max(outer_height(fragment, item.style, inner) + lowered);
        }
    }
    for ((fragment, item), baseline) in fragments.iter_mut().zip(items).zip(&baselines) {
        let (top, bottom) = (item.style.margin[TOP], item.style.margin[BOTTOM]);
        let stretches = alignment(style, item.style) == Align::Stretch
            && item.style.height == Size::Auto
            && top != Size::Auto
            && bottom != Size::Auto
            && !matches!(item.node.content, BoxContent::Picture(_));
        if stretches {
            let stretched = (height - top.or_zero(inner.width) - bottom.or_zero(inner.width)).max(0.0);
            stretch(context, fragment, stretched, |height| lay_out(item, Some(height)), &item.node.content);
        }
        let free = height - outer_height(fragment, item.style, inner);
        let start = top.or_zero(inner.width);
        fragment.y = match (top, bottom) {
            (Size::Auto, Size::Auto) => free / 2.0,
            (Size::Auto, _) => free,
            (_, Size::Auto) => start,
            _ => match alignment(style, item.style) {
                Align::Center => start + free / 2.0,
                Align::End => start + free,
                Align::Baseline => start + deepest - baseline,
                _ => start,
            },
        };
    }
    place_across(&mut fragments, items, style, inner.width, gap);
    (fragments, height)
}

/// Changes the height of a fragment; only content that depends on the height is laid out again.
pub(super) fn stretch(
    context: &Context<'_>,
    fragment: &mut Fragment,
    height: f64,
    again: impl Fn(f64) -> Fragment,
    content: &BoxContent,
) {
    if fragment.height == height {
        return;
    }
    let depends = match content {
        BoxContent::Flex(_) | BoxContent::Table(_) => true,
        BoxContent::Blocks(children) => {
            children.iter().any(|child| matches!(context.styles.get(child.style).height, Size::Percent(_)))
        }
        BoxContent::Paragraph(_) | BoxContent::Picture(_) => false,
    };
    if depends || !fragment.floating.is_empty() {
        *fragment = again(height);
    } else {
        fragment.height = height;
    }
}

fn outer_height(fragment: &Fragment, style: &Style, inner: Space) -> f64 {
    fragment.height + style.margin[TOP].or_zero(inner.width) + style.margin[BOTTOM].or_zero(inner.width)
}

pub(super) fn alignment(container: &Style, item: &Style) -> Align {
    if item.align_self == Align::Auto { container.align_items } else { item.align_self }
}

/// Distributes free space along the main axis: to automatic margins first, else by `justify-content`.
fn place_across(fragments: &mut [Fragment], items: &[Item<'_>], style: &Style, width: f64, gap: f64) {
    let used: f64 = items.iter().map(|item| item.size + item.margins).sum();
    let free = width - used - gap * items.len().saturating_sub(1) as f64;
    let is_auto = |item: &Item<'_>, side: usize| item.style.margin.get(side) == Some(&Size::Auto);
    let automatic =
        items.iter().map(|item| usize::from(is_auto(item, LEFT)) + usize::from(is_auto(item, RIGHT))).sum::<usize>();
    let share = if automatic > 0 { free.max(0.0) / automatic as f64 } else { 0.0 };
    let (mut x, between) = if automatic > 0 { (0.0, 0.0) } else { justify(style.justify, free, items.len()) };
    for (fragment, item) in fragments.iter_mut().zip(items) {
        let margin = |side: usize| if is_auto(item, side) { share } else { item.style.margin[side].or_zero(width) };
        x += margin(LEFT);
        fragment.x = x;
        x += item.size + margin(RIGHT) + gap + between;
    }
}

/// Offset of the first item, and the space added between items.
pub(super) fn justify(justify: Justify, free: f64, count: usize) -> (f64, f64) {
    let spread = free.max(0.0);
    let count = count as f64;
    match justify {
        Justify::Start => (0.0, 0.0),
        Justify::Center => (free / 2.0, 0.0),
        Justify::End => (free, 0.0),
        Justify::Between if count > 1.0 => (0.0, spread / (count - 1.0)),
        Justify::Between => (0.0, 0.0),
        Justify::Around => (spread / count / 2.0, spread / count),
        Justify::Evenly => (spread / (count + 1.0), spread / (count + 1.0)),
    }
}
