//! Block layout (CSS 2, 9.4.1 and 10): widths from the outside in, heights from the inside out, margins collapsing.

use super::{
    boxes::{BoxContent, BoxNode, Marker, Paragraph},
    breaking::{Measured, measure},
    context::Context,
    few::Few,
    flex,
    fragment::{Content, Fragment, Laid},
    lines,
    markers::Symbol,
    space::{Insets, Space, Strut, UNBOUNDED, clamp_height, clamp_width, definite_height},
    style::{BOTTOM, LEFT, Position, RIGHT, Size, Style, StyleId, TOP, snap},
    table,
};

impl Context<'_> {
    /// Lays out a box in the normal flow.
    pub(crate) fn block(&self, node: &BoxNode, space: Space) -> Laid {
        let style = self.styles.get(node.style);
        let insets = Insets::of(style, space.width);
        let (x, width) = self.horizontal(node, style, insets, space);
        let inner_width = (width - insets.across()).max(0.0);
        let height = space.fixed_height.or_else(|| definite_height(style, insets, space));
        let inner_height = height.map(|height| (height - insets.down()).max(0.0));
        let inner = Space { height: inner_height, ..Space::of_width(inner_width) };
        let mut flow = Flow {
            content: Content::Empty,
            height: 0.0,
            top: Strut::default(),
            bottom: Strut::default(),
            through: false,
        };
        match &node.content {
            BoxContent::Paragraph(paragraph) => {
                let measured = self.measure(paragraph, inner_width);
                let (lines, height) = lines::lay_out(self, paragraph, measured, inner_width, insets.left, insets.top);
                flow.through = lines.is_empty();
                flow.content = Content::Lines(lines);
                flow.height = height;
            }
            BoxContent::Blocks(children) => {
                let inner = Space { is_last: space.is_last, ..inner };
                flow = self.stack(children, inner, insets, !space.is_root && !self.is_root(node, style))
            }
            BoxContent::Flex(items) => {
                let (content, height) = flex::lay_out(self, style, items, inner, insets);
                (flow.content, flow.height) = (content, height);
            }
            BoxContent::Table(table) => return table::lay_out(self, node, table, style, space),
            BoxContent::Picture(index) => {
                let size = self.picture_size(*index, style, space, insets);
                flow.content = Content::Picture(*index);
                flow.height = (size.1 - insets.down()).max(0.0);
            }
        }
        self.close(node, style, insets, space, flow, (x, width), height)
    }

    #[expect(clippy::too_many_arguments, reason = "one place where all that was computed comes together")]
    fn close(
        &self,
        node: &BoxNode,
        style: &Style,
        insets: Insets,
        space: Space,
        flow: Flow,
        (x, width): (f64, f64),
        height: Option<f64>,
    ) -> Laid {
        let natural = flow.height + insets.down();
        let full = space.fixed_height.unwrap_or_else(|| {
            // A cell's specified height is a minimum.
            let is_cell = style.display == super::style::Display::TableCell;
            let height = height.map_or(natural, |height| if is_cell { height.max(natural) } else { height });
            clamp_height(style, insets, space, height)
        });
        let margin = |side: usize| Strut::of(style.margin.get(side).map_or(0.0, |margin| margin.or_zero(space.width)));
        let (mut top, mut bottom) = (margin(TOP), margin(BOTTOM));
        if insets.top == 0.0 {
            top = top.join(flow.top);
        }
        if insets.bottom == 0.0 && height.is_none() {
            bottom = bottom.join(flow.bottom);
        }
        let through = flow.through && full == 0.0 && insets.down() == 0.0;
        let mut fragment = Fragment {
            x,
            y: 0.0,
            width,
            height: full,
            style: node.style,
            node: node.node.is_some().then_some(node.node),
            content: flow.content,
            floating: Few::new(),
        };
        self.place_marker(node, insets, &mut fragment);
        self.place_floating(&node.floating, &mut fragment);
        Laid { fragment, top, bottom, through }
    }

    /// Whether the box keeps its children's margins inside: roots of a formatting context do.
    fn is_root(&self, node: &BoxNode, style: &Style) -> bool {
        use super::style::Display::{Block, ListItem};
        let is_html = self.tree.tag(node.node) == Some(super::html::Tag::Html);
        let is_flow = matches!(style.display, Block | ListItem) || !node.node.is_some();
        is_html || !is_flow || matches!(style.position, Position::Absolute | Position::Fixed)
    }

    pub(crate) fn measure(&self, paragraph: &Paragraph, width: f64) -> Measured {
        measure(self, paragraph, |atom| self.shrunk(atom, width))
    }

    /// Lays out a box at its preferred width, at most `width`.
    pub(crate) fn shrunk(&self, node: &BoxNode, width: f64) -> Fragment {
        let mut space = Space::of_width(width);
        let style = self.styles.get(node.style);
        let margins = style.margin[LEFT].or_zero(width) + style.margin[RIGHT].or_zero(width);
        let is_picture = matches!(node.content, BoxContent::Picture(_));
        if style.width == Size::Auto && !is_picture {
            let (narrowest, widest) = self.intrinsic(node);
            let wanted = widest.min((width - margins).max(narrowest));
            space.fixed_width = Some(clamp_width(style, Insets::of(style, width), width, wanted));
        }
        self.block(node, space).fragment
    }

    /// Left edge and width of the border box (CSS 2, 10.3.3).
    fn horizontal(&self, node: &BoxNode, style: &Style, insets: Insets, space: Space) -> (f64, f64) {
        let margin = |side: usize| style.margin.get(side).copied().unwrap_or(Size::Auto);
        let (left, right) = (margin(LEFT), margin(RIGHT));
        let fixed = left.or_zero(space.width) + right.or_zero(space.width);
        let width = match (&node.content, space.fixed_width) {
            (_, Some(width)) => width,
            (BoxContent::Picture(index), None) => self.picture_size(*index, style, space, insets).0,
            _ => {
                let specified = style
                    .width
                    .resolve(Some(space.width))
                    .map(|width| if style.border_box { width.max(insets.across()) } else { width + insets.across() });
                let width = specified.unwrap_or((space.width - fixed).max(insets.across()));
                clamp_width(style, insets, space.width, width)
            }
        };
        let free = (space.width - width - fixed).max(0.0);
        let x = match (left, right) {
            (Size::Auto, Size::Auto) => free / 2.0,
            (Size::Auto, _) => free,
            _ => left.or_zero(space.width),
        };
        (x, snap(width))
    }

    /// Stacks the children and collapses their margins.
    fn stack(&self, children: &[BoxNode], inner: Space, insets: Insets, collapses: bool) -> Flow {
        let mut fragments = Vec::with_capacity(children.len());
        let mut flow = Flow {
            content: Content::Empty,
            height: 0.0,
            top: Strut::default(),
            bottom: Strut::default(),
            through: true,
        };
        let top_open = collapses && insets.top == 0.0;
        let bottom_open = collapses && insets.bottom == 0.0;
        let mut y = 0.0;
        let mut pending = Strut::default();
        for child in children {
            let mut laid = self.block(child, inner);
            pending = pending.join(laid.top);
            if laid.through {
                pending = pending.join(laid.bottom);
                laid.fragment.y = insets.top + y + if flow.through && top_open { 0.0 } else { pending.sum() };
            } else {
                if flow.through && top_open {
                    flow.top = pending;
                } else {
                    y += pending.sum();
                }
                flow.through = false;
                laid.fragment.y = insets.top + y;
                y += laid.fragment.height;
                pending = laid.bottom;
            }
            laid.fragment.x += insets.left;
            fragments.push(laid.fragment);
        }
        if flow.through && top_open {
            flow.top = pending;
        } else if bottom_open && inner.height.is_none() {
            flow.bottom = pending;
        } else {
            y += pending.sum();
        }
        flow.height = y.max(0.0);
        flow.content = Content::Stack(fragments);
        flow
    }

    fn place_marker(&self, node: &BoxNode, insets: Insets, fragment: &mut Fragment) {
        let first_baseline = fragment.first_baseline();
        let marker = match &node.marker {
            None => return,
            Some(Marker::Text(marker)) => {
                let mut laid = self.shrunk(marker, UNBOUNDED);
                laid.x = -laid.width;
                let baseline = first_baseline.unwrap_or(insets.top);
                laid.y = laid.first_baseline().map_or(insets.top, |own| baseline - own);
                laid
            }
            Some(Marker::Symbol(style)) => self.symbol(*style, insets, first_baseline),
        };
        fragment.floating.push(marker);
    }

    /// Draws a disc, circle or square where Chromium does: its size follows the ascent in whole px.
    fn symbol(&self, id: StyleId, insets: Insets, baseline: Option<f64>) -> Fragment {
        let style = self.styles.get(id);
        let ascent = self.faces.line_metrics(self.faces.primary(style.bold()), style.font_size).ascent;
        let Symbol { two_thirds, size, top: below, .. } = Symbol::of(ascent);
        let top = baseline.map_or(insets.top, |baseline| baseline - ascent);
        Fragment { x: -two_thirds - 7.0, y: top + below, width: size, height: size, style: id, ..Fragment::default() }
    }

    /// Places absolutely positioned boxes against the padding box of their containing block.
    pub(crate) fn place_floating(&self, nodes: &[BoxNode], around: &mut Fragment) {
        let style = self.styles.get(around.style);
        let border = |side: usize| style.border_width(side);
        let width = around.width - border(LEFT) - border(RIGHT);
        let height = around.height - border(TOP) - border(BOTTOM);
        for node in nodes {
            let mut laid = self.positioned(node, width, height);
            laid.x += border(LEFT);
            laid.y += border(TOP);
            around.floating.push(laid);
        }
    }

    /// Lays out an absolutely positioned box in a containing block of this size (CSS 2, 10.3.7 and 10.6.4).
    pub(crate) fn positioned(&self, node: &BoxNode, width: f64, height: f64) -> Fragment {
        let style = self.styles.get(node.style);
        let inset = |side: usize, whole: f64| style.inset.get(side).and_then(|inset| inset.resolve(Some(whole)));
        let margin = |side: usize| style.margin.get(side).map_or(0.0, |margin| margin.or_zero(width));
        let (left, right) = (inset(LEFT, width), inset(RIGHT, width));
        let (top, bottom) = (inset(TOP, height), inset(BOTTOM, height));
        let room = width - left.unwrap_or(0.0) - right.unwrap_or(0.0) - margin(LEFT) - margin(RIGHT);
        let is_picture = matches!(node.content, BoxContent::Picture(_));
        let mut space = Space { height: Some(height), is_root: true, ..Space::of_width(width) };
        if style.width == Size::Auto && !is_picture {
            let (narrowest, widest) = self.intrinsic(node);
            let stretched = left.is_some() && right.is_some();
            let wanted = if stretched { room } else { widest.min(room.max(narrowest)) };
            space.fixed_width = Some(clamp_width(style, Insets::of(style, width), width, wanted.max(0.0)));
        }
        if let (Size::Auto, Some(top), Some(bottom)) = (style.height, top, bottom) {
            let stretched = height - top - bottom - margin(TOP) - margin(BOTTOM);
            space.fixed_height = (!is_picture).then_some(stretched.max(0.0));
        }
        let mut laid = self.block(node, space).fragment;
        laid.x = match (left, right) {
            (Some(left), _) => left + margin(LEFT),
            (None, Some(right)) => width - right - laid.width - margin(RIGHT),
            (None, None) => margin(LEFT),
        };
        laid.y = match (top, bottom) {
            (Some(top), _) => top + margin(TOP),
            (None, Some(bottom)) => height - bottom - laid.height - margin(BOTTOM),
            (None, None) => margin(TOP),
        };
        laid
    }

    pub(crate) fn picture_width(&self, index: usize, style: &Style, space: Space, insets: Insets) -> f64 {
        self.picture_size(index, style, space, insets).0
    }

    /// Size of a picture's border box: its own, or in proportion to the side that is specified (CSS 2, 10.3.2).
    fn picture_size(&self, index: usize, style: &Style, space: Space, insets: Insets) -> (f64, f64) {
        let (natural_width, natural_height) = self.pictures.size(index);
        let ratio = if natural_height > 0.0 { natural_width / natural_height } else { 1.0 };
        let content = |size: Size, whole: Option<f64>, inset: f64| {
            size.resolve(whole).map(|length| if style.border_box { (length - inset).max(0.0) } else { length })
        };
        let width = content(style.width, Some(space.width), insets.across());
        let height = content(style.height, space.height, insets.down());
        let (mut width, mut height) = match (width, height) {
            (Some(width), Some(height)) => (width, height),
            (Some(width), None) => (width, width / ratio),
            (None, Some(height)) => (height * ratio, height),
            (None, None) => (natural_width, natural_height),
        };
        let most = content(style.max_width, Some(space.width), insets.across());
        if let Some(most) = most.filter(|most| width > *most) {
            if style.height.resolve(space.height).is_none() {
                height *= most / width;
            }
            width = most;
        }
        let most = content(style.max_height, space.height, insets.down());
        if let Some(most) = most.filter(|most| height > *most) {
            if style.width.resolve(Some(space.width)).is_none() {
                width *= most / height;
            }
            height = most;
        }
        let width = space.fixed_width.unwrap_or(width + insets.across());
        (width, space.fixed_height.unwrap_or(height + insets.down()))
    }
}

struct Flow {
    content: Content,
    height: f64,
    top: Strut,
    bottom: Strut,
    through: bool,
}
