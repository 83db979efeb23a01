//! Boxes with size and position, on a canvas without pages. Lengths are CSS px; positions are relative to the border
//! box of the enclosing fragment.

use super::{
    few::Few,
    html::NodeId,
    kern::Kern,
    space::{Insets, Strut},
    style::StyleId,
};

/// A laid-out box.
#[derive(Default)]
pub(crate) struct Fragment {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Width of the border box.
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) style: StyleId,
    pub(crate) node: Option<NodeId>,
    pub(crate) content: Content,
    /// Absolutely positioned boxes, and list markers.
    pub(crate) floating: Few<Fragment>,
}

#[derive(Default)]
pub(crate) enum Content {
    #[default]
    Empty,
    /// One below another.
    Stack(Vec<Fragment>),
    /// Side by side.
    Row(Vec<Fragment>),
    Lines(Vec<Line>),
    Table(Box<TableFragment>),
    Picture(usize),
}

/// A table: its rows are stacked; head and foot repeat on every page.
#[derive(Default)]
pub(crate) struct TableFragment {
    pub(crate) head: Section,
    pub(crate) body: Vec<RowFragment>,
    pub(crate) foot: Section,
    /// Height above the rows: captions, the table's border and spacing.
    pub(crate) before: f64,
    pub(crate) after: f64,
    pub(crate) captions: Vec<Fragment>,
    /// Top of the table's own border box, without captions.
    pub(crate) grid_top: f64,
    pub(crate) grid_height: f64,
    pub(crate) spacing: f64,
}

#[derive(Default)]
pub(crate) struct Section {
    pub(crate) rows: Vec<RowFragment>,
    pub(crate) repeats: bool,
}

/// A row with its cells; `y` is relative to the table.
#[derive(Default)]
pub(crate) struct RowFragment {
    pub(crate) fragment: Fragment,
    /// The row group's style.
    pub(crate) group: StyleId,
    /// A cell spans from this row into the next.
    pub(crate) joined_to_next: bool,
    /// Collapsed borders along the row's top, then all others; relative to the row.
    pub(crate) top_edges: Vec<Edge>,
    pub(crate) edges: Vec<Edge>,
    /// The row is the first of its group, so the group's `break-*` apply here.
    pub(crate) first_of_group: bool,
}

/// A collapsed border: a filled rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) color: [u8; 3],
    pub(crate) dashed: bool,
    /// Vertical, between cells of a row, rather than along its top or bottom.
    pub(crate) down: bool,
}

/// A line of text; `y` is relative to the fragment.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) y: f64,
    pub(crate) height: f64,
    /// Distance from the line's top to its baseline.
    pub(crate) baseline: f64,
    pub(crate) runs: Vec<Run>,
    /// Backgrounds and borders of inline elements.
    pub(crate) boxes: Few<InlineBox>,
    /// Boxes within the text; positions are relative to the line.
    pub(crate) atoms: Few<Fragment>,
}

/// Text of one face and style.
pub(crate) struct Run {
    /// Distance from the fragment's left edge.
    pub(crate) x: f64,
    /// Distance of the baseline from the line's top.
    pub(crate) y: f32,
    /// Distance from the baseline down to that of the element which underlines this text.
    pub(crate) underline: f32,
    pub(crate) width: f64,
    pub(crate) face: u8,
    pub(crate) style: StyleId,
    /// The innermost element, for links.
    pub(crate) node: NodeId,
    pub(crate) text: Box<str>,
    /// Space after every letter, in addition to the style's `letter-spacing`.
    pub(crate) spacing: f32,
    pub(crate) kerns: Box<[Kern]>,
}

/// The part of an inline element on one line.
pub(crate) struct InlineBox {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) style: StyleId,
    /// Whether the element starts or ends on this line, and so has its border on that side.
    pub(crate) opens: bool,
    pub(crate) closes: bool,
}

/// A fragment with its margins, which may still collapse with its neighbours'.
pub(crate) struct Laid {
    pub(crate) fragment: Fragment,
    pub(crate) top: Strut,
    pub(crate) bottom: Strut,
    /// Nothing separates the two margins: they collapse through the box.
    pub(crate) through: bool,
}

impl RowFragment {
    /// Drops what the row has on its page already.
    pub(crate) fn spend(&mut self) {
        self.fragment.content = Content::Empty;
        self.fragment.floating = Few::new();
        (self.top_edges, self.edges) = (Vec::new(), Vec::new());
    }
}

impl Fragment {
    /// Height of the content with border and padding, whatever the height of the box.
    pub(crate) fn content_height(&self, insets: Insets) -> f64 {
        let end =
            |children: &[Fragment]| children.iter().map(|child| child.y + child.height).fold(insets.top, f64::max);
        match &self.content {
            Content::Empty => insets.down(),
            Content::Lines(lines) => lines.last().map_or(insets.top, |line| line.y + line.height) + insets.bottom,
            Content::Stack(children) | Content::Row(children) => end(children) + insets.bottom,
            Content::Table(_) | Content::Picture(_) => self.height,
        }
    }

    /// The first baseline, from the top of the border box.
    pub(crate) fn first_baseline(&self) -> Option<f64> {
        match &self.content {
            Content::Empty | Content::Picture(_) => None,
            Content::Lines(lines) => lines.first().map(|line| line.y + line.baseline),
            Content::Stack(children) => children.iter().find_map(|child| Some(child.y + child.first_baseline()?)),
            Content::Row(children) => children.iter().find_map(|child| Some(child.y + child.first_baseline()?)),
            Content::Table(table) => {
                let rows = table.head.rows.iter().chain(&table.body);
                rows.map(|row| &row.fragment).find_map(|row| Some(row.y + row.first_baseline()?))
            }
        }
    }

    /// The last baseline, on which an inline block is placed.
    pub(crate) fn last_baseline(&self) -> Option<f64> {
        match &self.content {
            Content::Lines(lines) => lines.last().map(|line| line.y + line.baseline),
            Content::Stack(children) => children.iter().rev().find_map(|child| Some(child.y + child.last_baseline()?)),
            _ => self.first_baseline(),
        }
    }
}
