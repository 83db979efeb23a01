//! [`Subjects`]: finds the subject of a row by the cells that identify it.

use csv::ByteRecord;
use rustc_hash::FxHashMap;

use super::cells::cell;
use crate::model::charge::SubjectId;

/// The subjects of a file's rows so far. Rows of one subject stand together or come again, so each is compared with the row
/// before it first.
#[derive(Default)]
pub(super) struct Subjects {
    /// The identity cells of the row that was looked up last, each preceded by its length.
    key: Vec<u8>,
    known: FxHashMap<Box<[u8]>, SubjectId>,
    last: Option<SubjectId>,
}

impl Subjects {
    /// The subject of a row, if that of the previous row or of an earlier one is the same; otherwise it is to be
    /// [added](Self::add). `identity` are the columns that identify it.
    pub(super) fn find(&mut self, identity: &[usize], record: &ByteRecord, previous: &ByteRecord) -> Option<SubjectId> {
        if self.last.is_some() && identity.iter().all(|index| record.get(*index) == previous.get(*index)) {
            return self.last;
        }
        self.key.clear();
        for index in identity {
            let cell = cell(record, *index);
            // The length distinguishes "a","b" from "ab","".
            self.key.extend_from_slice(&(cell.len() as u32).to_le_bytes());
            self.key.extend_from_slice(cell);
        }
        self.last = self.known.get(self.key.as_slice()).copied();
        self.last
    }

    /// Adds the subject of the row that was looked up last.
    pub(super) fn add(&mut self, subject: SubjectId) {
        self.known.insert(self.key.as_slice().into(), subject);
        self.last = Some(subject);
    }

    /// Compares the next row with no previous one: that has no subject.
    pub(super) fn forget_last(&mut self) {
        self.last = None;
    }
}
