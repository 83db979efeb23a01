//! [`Assignments`]: who has which resource on which days, as tables of a source say (`assignments` of a `[[source]]`).
//!
//! A table has up to a million rows, so a row is thirty bytes and its texts stay where they are in the file. Rows are
//! sorted by source and resource, and found by binary search.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::days::DayRange;

/// A file of assignments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentFile {
    /// Path from the workspace's root.
    pub path: String,
    /// Its text, in NFC and without byte order mark.
    pub text: String,
}

/// A customer has a resource on some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssignmentRow {
    /// The days.
    pub days: DayRange,
    /// Index of the customer in the settings.
    pub customer: u32,
    /// Line in the file, counted from 1.
    pub line: u32,
    /// Where the resource is in the file's text.
    pub(crate) start: u32,
    pub(crate) length: u16,
    /// Index of its file.
    pub file: u16,
    /// Index of the source in the settings.
    pub source: u16,
}

/// All rows of all tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignments {
    files: Vec<AssignmentFile>,
    /// By source and resource, then by days, customer, file and line.
    rows: Vec<AssignmentRow>,
}

impl Assignments {
    /// Sorts the rows of some files.
    pub fn new(files: Vec<AssignmentFile>, rows: Vec<AssignmentRow>) -> Assignments {
        let mut assignments = Assignments { files, rows: Vec::new() };
        // Comparing texts costs a visit to the file each; most ids have at most 16 bytes and differ in those.
        let key = |row: &AssignmentRow| {
            let mut bytes = [0; 16];
            let resource = assignments.resource(row).as_bytes();
            let length = resource.len().min(16);
            bytes[..length].copy_from_slice(&resource[..length]);
            (row.source, u128::from_be_bytes(bytes))
        };
        let mut keyed: Vec<((u16, u128), AssignmentRow)> = rows.into_iter().map(|row| (key(&row), row)).collect();
        let order = |(one_key, one): &((u16, u128), AssignmentRow),
                     (other_key, other): &((u16, u128), AssignmentRow)| {
            let texts = || assignments.resource(one).cmp(assignments.resource(other));
            let rest = |row: &AssignmentRow| (row.days, row.customer, row.file, row.line);
            one_key.cmp(other_key).then_with(texts).then_with(|| rest(one).cmp(&rest(other)))
        };
        if !keyed.is_sorted_by(|one, other| order(one, other) != Ordering::Greater) {
            keyed.par_sort_unstable_by(order);
        }
        let rows = keyed.into_iter().map(|(_, row)| row).collect();
        assignments.rows = rows;
        assignments
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows, by source and resource.
    pub fn rows(&self) -> &[AssignmentRow] {
        &self.rows
    }

    /// The rows with that index in [`rows`](Self::rows).
    pub fn row(&self, index: u32) -> &AssignmentRow {
        &self.rows[index as usize]
    }

    /// The indices of the rows of a resource of a source.
    pub fn of(&self, source: u16, resource: &str) -> std::ops::Range<u32> {
        let key = |row: &AssignmentRow| (row.source, self.resource(row)).cmp(&(source, resource));
        let first = self.rows.partition_point(|row| key(row) == Ordering::Less);
        let rest = &self.rows[first..];
        let count = rest.iter().take_while(|row| key(row) == Ordering::Equal).count();
        first as u32..(first + count) as u32
    }

    /// The rows, resource by resource, with the index of each resource's first row.
    pub fn by_resource(&self) -> impl Iterator<Item = (u32, &[AssignmentRow])> {
        let same = |one: &AssignmentRow, other: &AssignmentRow| {
            one.source == other.source && self.resource(one) == self.resource(other)
        };
        let mut first = 0;
        self.rows.chunk_by(same).map(move |rows| {
            let index = first;
            first += rows.len() as u32;
            (index, rows)
        })
    }

    /// Id of the resource of a row.
    pub fn resource(&self, row: &AssignmentRow) -> &str {
        let text = &self.files[usize::from(row.file)].text;
        let start = row.start as usize;
        &text[start..start + usize::from(row.length)]
    }

    /// Path of a row's file.
    pub fn path(&self, row: &AssignmentRow) -> &str {
        &self.files[usize::from(row.file)].path
    }

    /// `path:line` of a row.
    pub fn place(&self, row: &AssignmentRow) -> String {
        format!("{}:{}", self.path(row), row.line)
    }

    /// The line of a row's resource, as it is written.
    pub fn text(&self, row: &AssignmentRow) -> &str {
        let text = &self.files[usize::from(row.file)].text;
        let (before, rest) = text.split_at(row.start as usize);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = rest.find('\n').map_or(text.len(), |at| before.len() + at);
        text[start..end].trim_end_matches('\r')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A month of 3 million rows with 1 million assignments may take 64 bytes more for each of its rows.
    #[test]
    fn rows_are_small() {
        assert!(size_of::<AssignmentRow>() <= 36);
    }

    #[test]
    fn rows_are_found_by_source_and_resource() {
        let text =
            "resource,customer,from,until\nb,x,,\naa,x,,\na,x,,\n44010123456789012,x,,\n4401012345678901,x,,\nb,y,,\n";
        let row = |source: u16, resource: &str, line: u32| {
            let start = text.find(&format!("\n{resource},")).unwrap() as u32 + 1;
            let length = resource.len() as u16;
            AssignmentRow { days: DayRange::default(), customer: 0, line, start, length, file: 0, source }
        };
        let file = AssignmentFile { path: "a.csv".to_owned(), text: text.to_owned() };
        let rows = vec![
            row(0, "b", 2),
            row(1, "aa", 3),
            row(0, "a", 4),
            row(0, "44010123456789012", 5),
            row(0, "4401012345678901", 6),
            row(0, "b", 7),
        ];
        let assignments = Assignments::new(vec![file], rows);
        let lines = |source: u16, resource: &str| {
            assignments.of(source, resource).map(|index| assignments.row(index).line).collect::<Vec<u32>>()
        };
        assert_eq!(lines(0, "b"), [2, 7]);
        assert_eq!(lines(0, "aa"), [0; 0]);
        assert_eq!(lines(1, "aa"), [3]);
        assert_eq!(lines(0, "4401012345678901"), [6]);
        assert_eq!(lines(0, "44010123456789012"), [5]);
        assert_eq!(lines(0, "44"), [0; 0]);
        assert_eq!(assignments.by_resource().map(|(first, _)| first).collect::<Vec<u32>>(), [0, 1, 2, 3, 5]);
        assert_eq!(assignments.text(assignments.row(0)), "4401012345678901,x,,");
    }
}
