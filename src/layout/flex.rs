//! Flex containers (CSS Flexbox, 9): rows, wrapped rows and columns.

use super::{
    block::{Insets, Space, clamp_width},
    boxes::{BoxContent, BoxNode},
    context::Context,
    fragment::{Content, Fragment},
    style::{Align, BOTTOM, Justify, LEFT, RIGHT, Size, Style, TOP},
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
        return column(context, style, items, inner, insets);
    }
    let gap = style.column_gap.or_zero(inner.width);
    let row_gap = style.row_gap.or_zero(inner.height.unwrap_or(0.0));
    let items: Vec<Item<'_>> = items.iter().map(|node| Item::new(context, node, inner)).collect();
    let mut rows = Vec::new();
    let mut y = 0.0;
    let lines = lines(items, style.flex_wrap, inner.width, gap);
    let single = lines.len() == 1 && !style.flex_wrap;
    for (index, mut line) in lines.into_iter().enumerate() {
        if index > 0 {
            y += row_gap;
        }
        let room = inner.width - gap * line.len().saturating_sub(1) as f64;
        resolve(&mut line, room);
        let cross = if single { inner.height } else { None };
        let (fragments, height) = row(context, style, &line, inner, cross, gap);
        let place = |mut fragment: Fragment| {
            fragment.x += insets.left;
            fragment.y += insets.top + y;
            fragment
        };
        rows.push(fragments.into_iter().map(place).collect::<Vec<_>>());
        y += height;
    }
    if rows.len() == 1 {
        return (Content::Row(rows.pop().unwrap_or_default()), y);
    }
    (Content::Stack(rows.into_iter().map(wrap_row).collect()), y)
}

/// One line of a wrapped container as a fragment of its own, so that pages may break between lines.
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

/// An item of a row; widths are of border boxes.
struct Item<'i> {
    node: &'i BoxNode,
    style: &'i Style,
    base: f64,
    least: f64,
    most: f64,
    width: f64,
    /// The two margins; automatic ones count nothing.
    margins: f64,
}

impl<'i> Item<'i> {
    fn new(context: &'i Context<'_>, node: &'i BoxNode, inner: Space) -> Self {
        let style = context.styles.get(node.style);
        let insets = Insets::of(style, inner.width);
        let border_box = |size: Size| {
            size.resolve(Some(inner.width))
                .map(|width| if style.border_box { width.max(insets.across()) } else { width + insets.across() })
        };
        let specified = border_box(style.width);
        let (narrowest, widest) = match node.content {
            BoxContent::Picture(index) => {
                let width = context.picture_width(index, style, inner, insets);
                (width, width)
            }
            _ => context.intrinsic_by_content(node),
        };
        let base = match style.flex_basis {
            Size::Auto => specified.unwrap_or(widest),
            basis => border_box(basis).unwrap_or(widest),
        };
        // CSS Flexbox, 4.5: items do not get narrower than their content unless they say so.
        let automatic = specified.map_or(narrowest, |specified| specified.min(narrowest));
        let least = border_box(style.min_width).unwrap_or(automatic);
        let most = border_box(style.max_width).unwrap_or(f64::INFINITY);
        let margins = style.margin[LEFT].or_zero(inner.width) + style.margin[RIGHT].or_zero(inner.width);
        let width = base.min(most).max(least);
        Item { node, style, base, least, most, width, margins }
    }
}

fn lines<'i>(items: Vec<Item<'i>>, wraps: bool, width: f64, gap: f64) -> Vec<Vec<Item<'i>>> {
    let mut lines: Vec<Vec<Item<'i>>> = vec![Vec::new()];
    let mut used = 0.0;
    for item in items {
        let outer = item.width + item.margins;
        let starts = lines.last().is_none_or(Vec::is_empty);
        if wraps && !starts && used + gap + outer > width + TOLERANCE {
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

/// CSS Flexbox, 9.7: grows or shrinks the items until the line is full; items at a limit are frozen in each round.
fn resolve(items: &mut [Item<'_>], width: f64) {
    let total: f64 = items.iter().map(|item| item.width + item.margins).sum();
    let grows = total < width;
    let factor = |item: &Item<'_>| if grows { item.style.flex_grow } else { item.style.flex_shrink * item.base };
    let mut frozen: Vec<bool> = items
        .iter()
        .map(|item| factor(item) == 0.0 || (if grows { item.base > item.width } else { item.base < item.width }))
        .collect();
    // Every round freezes at least one item.
    for _ in 0..items.len() {
        let used: f64 = items
            .iter()
            .zip(&frozen)
            .map(|(item, frozen)| item.margins + if *frozen { item.width } else { item.base })
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
                targets.push(item.width);
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
            let wanted = item.base
                + free * (if grows { item.style.flex_grow } else { item.style.flex_shrink * item.base }) / factors;
            item.width = target;
            let at_limit = (violation > 0.0 && target > wanted) || (violation < 0.0 && target < wanted);
            *frozen = violation == 0.0 || at_limit;
            all_frozen &= *frozen;
        }
        if all_frozen {
            return;
        }
    }
}

/// Places the items of one line; its height comes back.
fn row(
    context: &Context<'_>,
    style: &Style,
    items: &[Item<'_>],
    inner: Space,
    cross: Option<f64>,
    gap: f64,
) -> (Vec<Fragment>, f64) {
    let lay_out = |item: &Item<'_>, height: Option<f64>| {
        let space = Space { fixed_width: Some(item.width), fixed_height: height, is_root: true, ..inner };
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
            stretch(fragment, stretched, |height| lay_out(item, Some(height)), &item.node.content);
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

/// Gives a fragment the height of its line; only content that depends on the height is laid out again.
fn stretch(fragment: &mut Fragment, height: f64, again: impl Fn(f64) -> Fragment, content: &BoxContent) {
    if fragment.height == height {
        return;
    }
    if matches!(content, BoxContent::Flex(_) | BoxContent::Table(_)) || !fragment.floating.is_empty() {
        *fragment = again(height);
    } else {
        fragment.height = height;
    }
}

fn outer_height(fragment: &Fragment, style: &Style, inner: Space) -> f64 {
    fragment.height + style.margin[TOP].or_zero(inner.width) + style.margin[BOTTOM].or_zero(inner.width)
}

fn alignment(container: &Style, item: &Style) -> Align {
    if item.align_self == Align::Auto { container.align_items } else { item.align_self }
}

/// Automatic margins take the free room first, then `justify-content` does.
fn place_across(fragments: &mut [Fragment], items: &[Item<'_>], style: &Style, width: f64, gap: f64) {
    let used: f64 = items.iter().map(|item| item.width + item.margins).sum();
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
        x += item.width + margin(RIGHT) + gap + between;
    }
}

/// Where the first item starts, and what is added between items.
fn justify(justify: Justify, free: f64, count: usize) -> (f64, f64) {
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

/// Items one under another; margins do not collapse.
fn column(context: &Context<'_>, style: &Style, items: &[BoxNode], inner: Space, insets: Insets) -> (Content, f64) {
    let gap = style.row_gap.or_zero(inner.height.unwrap_or(0.0));
    let lay_out = |node: &BoxNode, height: Option<f64>| {
        let own = context.styles.get(node.style);
        let mut space = Space { fixed_height: height, is_root: true, ..inner };
        let margins = own.margin[LEFT].or_zero(inner.width) + own.margin[RIGHT].or_zero(inner.width);
        let automatic = own.margin[LEFT] == Size::Auto || own.margin[RIGHT] == Size::Auto;
        let is_picture = matches!(node.content, BoxContent::Picture(_));
        let shrinks = alignment(style, own) != Align::Stretch || automatic;
        if own.width == Size::Auto && !is_picture {
            let width = if shrinks {
                let (narrowest, widest) = context.intrinsic(node);
                widest.min((inner.width - margins).max(narrowest))
            } else {
                inner.width - margins
            };
            space.fixed_width = Some(clamp_width(own, Insets::of(own, inner.width), inner.width, width.max(0.0)));
        }
        context.block(node, space).fragment
    };
    let mut fragments: Vec<Fragment> = items.iter().map(|node| lay_out(node, None)).collect();
    let styles: Vec<&Style> = items.iter().map(|node| context.styles.get(node.style)).collect();
    for (fragment, own) in fragments.iter_mut().zip(&styles) {
        if let Size::Px(basis) = own.flex_basis {
            fragment.height = fragment.height.max(basis);
        }
    }
    let gaps = gap * items.len().saturating_sub(1) as f64;
    let natural: f64 =
        fragments.iter().zip(&styles).map(|(one, own)| outer_height(one, own, inner)).sum::<f64>() + gaps;
    let least = style
        .min_height
        .resolve(None)
        .map_or(0.0, |least| if style.border_box { least - insets.down() } else { least });
    let height = inner.height.unwrap_or(natural.max(least));
    let free = height - natural;
    let grow: f64 = styles.iter().map(|own| own.flex_grow).sum();
    let mut rest = free;
    if free > 0.0 && grow > 0.0 {
        for ((fragment, own), node) in fragments.iter_mut().zip(&styles).zip(items) {
            if own.flex_grow > 0.0 {
                let share = free * own.flex_grow / grow.max(1.0);
                let target = fragment.height + share;
                stretch(fragment, target, |height| lay_out(node, Some(height)), &node.content);
                rest -= share;
            }
        }
    }
    let automatic = styles
        .iter()
        .map(|own| usize::from(own.margin[TOP] == Size::Auto) + usize::from(own.margin[BOTTOM] == Size::Auto))
        .sum::<usize>();
    let share = if automatic > 0 { rest.max(0.0) / automatic as f64 } else { 0.0 };
    let (mut y, between) = if automatic > 0 { (0.0, 0.0) } else { justify(style.justify, rest, items.len()) };
    for (fragment, own) in fragments.iter_mut().zip(&styles) {
        let margin =
            |side: usize| if own.margin[side] == Size::Auto { share } else { own.margin[side].or_zero(inner.width) };
        y += margin(TOP);
        fragment.y = insets.top + y;
        y += fragment.height + margin(BOTTOM) + gap + between;
        fragment.x = insets.left + across(fragment, style, own, inner.width);
    }
    (Content::Stack(fragments), height)
}

/// Where an item of a column starts from the left.
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
