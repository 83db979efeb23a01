//! Min-content and max-content widths of border boxes.

use super::{
    boxes::{BoxContent, BoxNode, Paragraph},
    breaking::{Measured, measure},
    context::Context,
    fragment::Fragment,
    space::{Insets, Space, UNBOUNDED},
    style::{LEFT, RIGHT, Size, Style},
    table,
};

impl Context<'_> {
    /// The narrowest and widest border box, without margins.
    pub(crate) fn intrinsic(&self, node: &BoxNode) -> (f64, f64) {
        let style = self.styles.get(node.style);
        if let (Size::Px(width), false) = (style.width, matches!(node.content, BoxContent::Table(_))) {
            let insets = Insets::of(style, 0.0);
            let width = if style.border_box { width.max(insets.across()) } else { width + insets.across() };
            return (limit(style, insets, width), limit(style, insets, width));
        }
        self.intrinsic_by_content(node)
    }

    /// The same by content alone, whatever width is specified; cached, because nested boxes ask repeatedly.
    pub(crate) fn intrinsic_by_content(&self, node: &BoxNode) -> (f64, f64) {
        if let Some(known) = node.intrinsic.get() {
            return known;
        }
        let style = self.styles.get(node.style);
        let insets = Insets::of(style, 0.0);
        let (narrowest, widest) = self.intrinsic_content(node, style);
        let widths =
            (limit(style, insets, narrowest + insets.across()), limit(style, insets, widest + insets.across()));
        node.intrinsic.set(Some(widths));
        widths
    }

    /// Measures a paragraph; `width` gives the widths of the boxes within its text.
    fn measure_with(&self, paragraph: &Paragraph, width: impl Fn(&BoxNode) -> f64) -> Measured {
        measure(self, paragraph, |atom| Fragment { width: width(atom), ..Fragment::default() })
    }

    /// The narrowest and widest box, with margins.
    pub(crate) fn outer_intrinsic(&self, node: &BoxNode) -> (f64, f64) {
        let style = self.styles.get(node.style);
        let margins = style.margin[LEFT].or_zero(0.0) + style.margin[RIGHT].or_zero(0.0);
        let (narrowest, widest) = self.intrinsic(node);
        (narrowest + margins, widest + margins)
    }

    fn intrinsic_content(&self, node: &BoxNode, style: &Style) -> (f64, f64) {
        let widest_child = |children: &[BoxNode]| {
            children
                .iter()
                .map(|child| self.outer_intrinsic(child))
                .fold((0.0_f64, 0.0_f64), |all, child| (all.0.max(child.0), all.1.max(child.1)))
        };
        match &node.content {
            BoxContent::Paragraph(paragraph) => {
                let (narrowest, widest) = self.measure_with(paragraph, |atom| self.intrinsic(atom).0).widths();
                let widest = if paragraph.has_atoms() {
                    self.measure_with(paragraph, |atom| self.intrinsic(atom).1).widths().1
                } else {
                    widest
                };
                (whole_units(narrowest), whole_units(widest))
            }
            BoxContent::Blocks(children) => widest_child(children),
            BoxContent::Flex(items) if style.flex_column => widest_child(items),
            BoxContent::Flex(items) => {
                let gap = style.column_gap.or_zero(0.0);
                let gaps = gap * items.len().saturating_sub(1) as f64;
                let each: Vec<(f64, f64)> = items.iter().map(|item| self.outer_intrinsic(item)).collect();
                let widest: f64 = each.iter().map(|item| item.1).sum();
                let narrowest = if style.flex_wrap {
                    each.iter().map(|item| item.0).fold(0.0, f64::max)
                } else {
                    each.iter().map(|item| item.0).sum::<f64>() + gaps
                };
                (narrowest, widest + gaps)
            }
            BoxContent::Table(table) => {
                let insets = Insets::of(style, 0.0);
                let (narrowest, widest) = table::intrinsic(self, table, style);
                (narrowest - insets.across(), widest - insets.across())
            }
            BoxContent::Picture(index) => {
                let space = Space::of_width(UNBOUNDED);
                let insets = Insets::of(style, 0.0);
                let width = self.picture_width(*index, style, space, insets) - insets.across();
                (width, width)
            }
        }
    }
}

/// Rounds up to the 1/64 px that Chromium computes in, so that the text fits.
fn whole_units(width: f64) -> f64 {
    (width * 64.0 - 0.001).ceil() / 64.0
}

fn limit(style: &Style, insets: Insets, width: f64) -> f64 {
    let length = |size: Size| match size {
        Size::Px(length) if style.border_box => Some(length.max(insets.across())),
        Size::Px(length) => Some(length + insets.across()),
        _ => None,
    };
    let width = length(style.max_width).map_or(width, |most| width.min(most));
    length(style.min_width).map_or(width, |least| width.max(least))
}
