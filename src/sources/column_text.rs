//! [`CellText`]: a text that is made of the cells of a row, with the positions of its columns.

use csv::ByteRecord;

use super::cells::{cell, present};
use crate::model::column_text::{ColumnText, TextPart};

/// The parts of a text in their order.
pub(super) struct CellText(Vec<CellPart>);

enum CellPart {
    Text(String),
    Cell(usize),
}

impl CellText {
    /// The text with the positions of its columns, which `position` finds.
    pub(super) fn of(text: &ColumnText, position: impl Fn(&str) -> usize) -> CellText {
        let part = |part: &TextPart| match part {
            TextPart::Text(text) => CellPart::Text(text.clone()),
            TextPart::Column(name) => CellPart::Cell(position(name)),
        };
        CellText(text.iter().map(part).collect())
    }

    /// The positions of its columns.
    pub(super) fn positions(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|part| if let CellPart::Cell(at) = part { Some(*at) } else { None })
    }

    /// Writes the text of a row in the place of another; the spaces that absent cells leave are still there.
    pub(super) fn write(&self, record: &ByteRecord, text: &mut Vec<u8>) {
        text.clear();
        for part in &self.0 {
            match part {
                CellPart::Text(part) => text.extend_from_slice(part.as_bytes()),
                CellPart::Cell(at) => text.extend_from_slice(present(cell(record, *at)).unwrap_or_default()),
            }
        }
    }
}
