//! [`ColumnText`]: a text made of the cells of a row, such as `{ServiceName} {RegionId}`.

use super::matcher::normalized;

/// The parts of the text in their order.
pub type ColumnText = Vec<TextPart>;

/// A part of a text that is made of the cells of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPart {
    /// Text as it is written.
    Text(String),
    /// The cell of a column.
    Column(String),
}

/// The names of the columns in a text.
pub fn columns_of(text: &ColumnText) -> impl Iterator<Item = &str> {
    text.iter().filter_map(|part| match part {
        TextPart::Column(name) => Some(name.as_str()),
        TextPart::Text(_) => None,
    })
}

/// A column's name as it is compared: in NFC, with one space where the header has several or breaks a line.
pub fn column_name(name: &str) -> String {
    normalized(name).split_whitespace().collect::<Vec<&str>>().join(" ")
}
