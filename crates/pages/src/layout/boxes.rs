//! The boxes of a document (blocks, paragraphs, tables) before their sizes are known.

use std::cell::{Cell, OnceCell, RefCell};

use super::{
    few::Few,
    html::NodeId,
    kern::Kern,
    style::{Size, StyleId},
    table_borders::Borders,
};

/// A box and its content.
pub(crate) struct BoxNode {
    pub(crate) style: StyleId,
    /// The element; none for anonymous boxes.
    pub(crate) node: NodeId,
    pub(crate) content: BoxContent,
    /// The marker of a list item.
    pub(crate) marker: Option<Marker>,
    /// Absolutely positioned boxes whose containing block this is.
    pub(crate) floating: Few<BoxNode>,
    /// Narrowest and widest border box, computed on first use.
    pub(crate) intrinsic: Cell<Option<(f64, f64)>>,
}

impl BoxNode {
    pub(crate) fn new(style: StyleId, node: NodeId, content: BoxContent) -> BoxNode {
        BoxNode { style, node, content, marker: None, floating: Few::new(), intrinsic: Cell::new(None) }
    }
}

pub(crate) enum Marker {
    Text(Box<BoxNode>),
    /// A disc, circle or square in this style; its size follows the font.
    Symbol(StyleId),
}

pub(crate) enum BoxContent {
    Blocks(Vec<BoxNode>),
    Paragraph(Box<Paragraph>),
    Flex(Vec<BoxNode>),
    Table(Box<TableBox>),
    /// Index into the document's pictures.
    Picture(usize),
}

/// The whole document: the boxes in flow and those fixed to every page.
pub(crate) struct BoxTree {
    pub(crate) root: BoxNode,
    pub(crate) fixed: Vec<BoxNode>,
}

/// One paragraph; lines are broken later, when the width is known.
pub(crate) struct Paragraph {
    pub(crate) text: String,
    pub(crate) items: Vec<Item>,
    /// The style of the block the paragraph is in.
    pub(crate) style: StyleId,
    /// Computed on first use.
    pub(super) kerns: OnceCell<Vec<Kern>>,
}

impl Paragraph {
    pub(crate) fn has_atoms(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Atom(_)))
    }
}

pub(crate) enum Item {
    /// The next `length` bytes of the text.
    Text {
        length: u32,
        style: StyleId,
        node: NodeId,
    },
    Open {
        style: StyleId,
    },
    Close {
        style: StyleId,
    },
    Atom(Box<BoxNode>),
}

/// A table's boxes, before sizes are known.
pub(crate) struct TableBox {
    pub(crate) captions: Vec<BoxNode>,
    /// Widths from `col` and `colgroup`.
    pub(crate) column_widths: Vec<Size>,
    pub(crate) columns: usize,
    /// Head, body, foot: the order on the page.
    pub(crate) rows: Vec<TableRow>,
    /// Present where borders collapse.
    pub(crate) borders: Option<Borders>,
    /// What the columns ask for; measured on first use.
    pub(crate) measured: RefCell<Option<Vec<Column>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Head,
    Body,
    Foot,
}

pub(crate) struct TableRow {
    pub(crate) node: NodeId,
    pub(crate) style: StyleId,
    pub(crate) group: StyleId,
    pub(crate) part: Part,
    pub(crate) first_of_group: bool,
    /// Dropped once they are laid out for the last time: a long table's are as large as the rest of its document.
    pub(crate) cells: RefCell<Vec<TableCell>>,
}

pub(crate) struct TableCell {
    pub(crate) node: BoxNode,
    pub(crate) column: usize,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// What the cells of a column ask for, borders and padding included.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Column {
    pub(crate) narrowest: f64,
    pub(crate) widest: f64,
    pub(crate) percent: Option<f64>,
    /// Some cell or `col` specifies a length.
    pub(crate) is_fixed: bool,
}
