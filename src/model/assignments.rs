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
    /// The key of every [`FENCE`]th row. A search looks here first: these are small enough for a processor's cache, while
    /// each row that is looked at costs two visits to memory, one for it and one for its text.
    fences: Vec<Key>,
}

/// Number of rows from one fence to the next.
const FENCE: usize = 64;

/// Index of the source and the first bytes of the resource: most ids have at most 16 and differ in those.
type Key = (u16, u128);

fn key(source: u16, resource: &str) -> Key {
    let mut bytes = [0; 16];
    let length = resource.len().min(16);
    bytes[..length].copy_from_slice(&resource.as_bytes()[..length]);
    (source, u128::from_be_bytes(bytes))
}

impl Assignments {
    /// Sorts the rows of some files.
    pub fn new(files: Vec<AssignmentFile>, rows: Vec<AssignmentRow>) -> Assignments {
        let mut assignments = Assignments { files, ..Assignments::default() };
        let of_row = |row: &AssignmentRow| key(row.source, assignments.resource(row));
        // Comparing texts costs a visit to the file each.
        let mut keyed: Vec<(Key, AssignmentRow)> = rows.into_iter().map(|row| (of_row(&row), row)).collect();
        let order = |(one_key, one): &(Key, AssignmentRow), (other_key, other): &(Key, AssignmentRow)| {
            let texts = || assignments.resource(one).cmp(assignments.resource(other));
            let rest = |row: &AssignmentRow| (row.days, row.customer, row.file, row.line);
            one_key.cmp(other_key).then_with(texts).then_with(|| rest(one).cmp(&rest(other)))
        };
        if !keyed.is_sorted_by(|one, other| order(one, other) != Ordering::Greater) {
            keyed.par_sort_unstable_by(order);
        }
        assignments.fences = keyed.iter().step_by(FENCE).map(|(key, _)| *key).collect();
        assignments.rows = keyed.into_iter().map(|(_, row)| row).collect();
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
        let order = |row: &AssignmentRow| (row.source, self.resource(row)).cmp(&(source, resource));
        // Of texts with the same key any may come first, so the search ends behind the last fence with a smaller key and at
        // the first with a larger one.
        let wanted = key(source, resource);
        let before = self.fences.partition_point(|fence| *fence < wanted).saturating_sub(1) * FENCE;
        let after = self.fences.partition_point(|fence| *fence <= wanted) * FENCE;
        let between = &self.rows[before..after.min(self.rows.len())];
        let first = before + between.partition_point(|row| order(row) == Ordering::Less);
        let count = self.rows[first..].iter().take_while(|row| order(row) == Ordering::Equal).count();
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

    #[test]
    fn rows_are_found_between_fences() {
        // Ids of three lengths: those of 20 bytes have the first 16 in common, hundreds at a time.
        let ids: Vec<String> = (0..600)
            .map(|index| match index % 3 {
                0 => format!("{index:015}"),
                1 => format!("8981100000000000{index:04}"),
                _ => format!("{index}"),
            })
            .collect();
        let mut text = String::new();
        let mut rows = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            // Every seventh is there three times.
            for _ in 0..if index % 7 == 0 { 3 } else { 1 } {
                let (start, length) = (text.len() as u32, id.len() as u16);
                text += &format!("{id},x,,\n");
                let (line, source) = (rows.len() as u32 + 1, (index % 2) as u16);
                rows.push(AssignmentRow {
                    days: DayRange::default(),
                    customer: 0,
                    line,
                    start,
                    length,
                    file: 0,
                    source,
                });
            }
        }
        let file = AssignmentFile { path: "a.csv".to_owned(), text };
        let assignments = Assignments::new(vec![file], rows);
        let found = |source: u16, id: &str| {
            let rows = assignments.of(source, id);
            assert!(rows.clone().all(|row| assignments.resource(assignments.row(row)) == id), "{id}");
            rows.len()
        };
        for (index, id) in ids.iter().enumerate() {
            let source = (index % 2) as u16;
            assert_eq!(found(source, id), if index % 7 == 0 { 3 } else { 1 }, "{id}");
            assert_eq!(found(1 - source, id), 0, "{id}");
        }
        for absent in ["", "~", "8981100000000000", "89811000000000009999", "000000000000000", "0000000000000000"] {
            assert_eq!(found(1, absent), 0, "{absent}");
        }
    }
}
