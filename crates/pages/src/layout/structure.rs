//! The logical structure of a document: the roles of its text and pictures, in reading order.

use std::collections::BTreeMap;

/// Structure elements with their roles; the pages' marks refer to them.
#[derive(Debug, Default)]
pub struct Structure {
    /// Parents before their children, siblings in reading order; the first is the document itself.
    pub elements: Vec<Element>,
    /// Alternative text of pictures, by element index.
    pub alternatives: BTreeMap<u32, String>,
    /// Languages that differ from the document's, by element index.
    pub languages: BTreeMap<u32, String>,
}

/// A structure element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// Its role.
    pub role: Role,
    /// Index of its parent; the document is its own parent.
    pub parent: u32,
    /// Columns and rows that a cell spans.
    pub span: (u16, u16),
}

/// Roles of elements (ISO 32000-2, 14.8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The whole document.
    Document,
    /// A thematic section.
    Section,
    /// A division without a theme.
    Division,
    /// A block quotation.
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
    /// The marker of a list item.
    Label,
    /// The content of a list item.
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
    /// A header cell of a column.
    ColumnHeader,
    /// A header cell of a row.
    RowHeader,
    /// A cell.
    TableCell,
    /// A picture.
    Figure,
    /// A link.
    Link,
}

/// Assigns the items of a layer, from `first` on, to a structure element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Index of the first item.
    pub first: u32,
    /// Index into [`Structure::elements`], or [`Mark::ARTIFACT`].
    pub element: u32,
}

impl Mark {
    /// Repeated or decorative content, outside the reading order.
    pub const ARTIFACT: u32 = u32::MAX;

    /// Whether the items belong to no element.
    pub fn is_artifact(self) -> bool {
        self.element == Self::ARTIFACT
    }
}
