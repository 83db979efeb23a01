//! The logical structure of a document: what its text and pictures are, in the order they are read.

use std::collections::BTreeMap;

/// Elements with their roles, beside the pages that show their content.
#[derive(Debug, Default)]
pub struct Structure {
    /// Parents before their children, siblings in reading order; the first is the document itself.
    pub elements: Vec<Element>,
    /// Text that stands for a picture, by index of its element.
    pub alternatives: BTreeMap<u32, String>,
    /// Languages other than the document's, by index of the element.
    pub languages: BTreeMap<u32, String>,
}

/// A part of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// What it is.
    pub role: Role,
    /// Index of the element it belongs to; the document's is its own.
    pub parent: u32,
    /// How many columns and rows a cell spans.
    pub span: (u16, u16),
}

/// What a part of the document is (ISO 32000-2, 14.8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// All of it.
    Document,
    /// A part with a theme of its own.
    Section,
    /// A part without.
    Division,
    /// A quotation of its own.
    Quotation,
    /// A heading of a level from 1 to 6.
    Heading(u8),
    /// A paragraph.
    Paragraph,
    /// Text in another language.
    Span,
    /// A list.
    List,
    /// An item of a list.
    ListItem,
    /// What stands before an item.
    Label,
    /// What an item says.
    ListBody,
    /// A table.
    Table,
    /// A table's or figure's title.
    Caption,
    /// The rows of a table's head.
    TableHead,
    /// A group of rows.
    TableBody,
    /// The rows of a table's foot.
    TableFoot,
    /// A row.
    TableRow,
    /// A cell that says what its column holds.
    ColumnHeader,
    /// A cell that says what its row holds.
    RowHeader,
    /// A cell.
    TableCell,
    /// A picture.
    Figure,
    /// Text or a picture that leads somewhere.
    Link,
}

/// From an item of a layer on, to which element the items belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Index of the first item.
    pub first: u32,
    /// Index into [`Structure::elements`], or [`Mark::ARTIFACT`].
    pub element: u32,
}

impl Mark {
    /// Repeated or decorative: no part of what is read.
    pub const ARTIFACT: u32 = u32::MAX;

    /// Whether the items belong to no element.
    pub fn is_artifact(self) -> bool {
        self.element == Self::ARTIFACT
    }
}
