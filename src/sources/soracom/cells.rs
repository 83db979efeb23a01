//! Records of a billing CSV, cell by cell.

use std::io::Read;

use csv::ByteRecord;

/// A reader of records that end with a line feed. It leaves a carriage return before it in the last cell, for [`cell`]
/// to drop: with the crate's own handling, line numbers of lines that end with both are one too low.
pub(super) fn reader<R: Read>(bytes: R) -> csv::Reader<R> {
    let mut builder = csv::ReaderBuilder::new();
    // The row reader reports ragged rows, so that one bad row does not hide the next.
    builder
        .flexible(true)
        .has_headers(false)
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(1 << 15)
        .from_reader(bytes)
}

/// A cell of a record.
pub(super) fn cell(record: &ByteRecord, index: usize) -> &[u8] {
    let cell = record.get(index).unwrap_or_default();
    match cell {
        [rest @ .., b'\r'] if index + 1 == record.len() => rest,
        _ => cell,
    }
}

/// Whether a line is empty.
pub(super) fn is_blank(record: &ByteRecord) -> bool {
    record.len() == 1 && cell(record, 0).is_empty()
}

/// A row as written in the file, on one line.
pub(super) fn shown(record: &ByteRecord) -> String {
    let quoted = |cell: &[u8]| {
        let text = String::from_utf8_lossy(cell);
        match text.contains([',', '"', '\n']) {
            true => format!("\"{}\"", text.replace('"', "\"\"").replace('\n', "\\n")),
            false => text.into_owned(),
        }
    };
    // No excerpt is wide enough for more than the first few dozen cells.
    (0..record.len().min(100)).map(|index| quoted(cell(record, index))).collect::<Vec<String>>().join(",")
}
