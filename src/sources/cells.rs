//! Records of a billing CSV, cell by cell.

use std::io::Read;

use csv::ByteRecord;

use super::refused_rows::Refusal;

/// A reader of records that end with a line feed. It leaves a carriage return before it in the last cell, for [`cell`]
/// to drop: with the crate's own handling, line numbers of lines that end with both are one too low.
pub(super) fn reader<R: Read>(bytes: R) -> csv::Reader<R> {
    reader_of(bytes, b',')
}

/// [`reader`] for cells with another separator between them.
pub(super) fn reader_of<R: Read>(bytes: R, separator: u8) -> csv::Reader<R> {
    let mut builder = csv::ReaderBuilder::new();
    // The row reader reports ragged rows, so that one bad row does not hide the next.
    builder
        .delimiter(separator)
        .flexible(true)
        .has_headers(false)
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(1 << 16)
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
    shown_with(record, b',')
}

/// [`shown`] with another separator.
pub(super) fn shown_with(record: &ByteRecord, separator: u8) -> String {
    let separator = char::from(separator);
    let quoted = |cell: &[u8]| {
        let text = String::from_utf8_lossy(cell);
        match text.contains([separator, '"', '\n']) {
            true => format!("\"{}\"", text.replace('"', "\"\"").replace('\n', "\\n")),
            false => text.into_owned(),
        }
    };
    // No excerpt is wide enough for more than the first few dozen cells.
    (0..record.len().min(100))
        .map(|index| quoted(cell(record, index)))
        .collect::<Vec<String>>()
        .join(&separator.to_string())
}

/// The line a record begins at, computed from the reader's position after it, because the record's own position is that
/// of blank lines before it. A record that ends at `unfinished_at` has no line feed after it.
pub(super) fn first_line(record: &ByteRecord, before: u64, after: &csv::Position, unfinished_at: u64) -> u32 {
    if after.line() == before + 1 && after.byte() < unfinished_at {
        // The usual case: the reader passed exactly one line.
        return u32::try_from(before).unwrap_or(u32::MAX);
    }
    let inside = memchr::memchr_iter(b'\n', record.as_slice()).count() as u64;
    let line = after.line() - inside - u64::from(after.byte() < unfinished_at);
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// The cell, if any, in which a stray quote merged several rows.
///
/// The quote opens in the middle of a row and closes in a later one. So the text before the cell's first line break has
/// the separators missing from the first row, and the text after its last line break has those of the later row up to
/// the closing quote; whole rows may lie between. A name with line breaks and commas hardly has just these numbers.
fn swallowing_cell(record: &ByteRecord, separator: u8) -> Option<usize> {
    // Most rows have no line break at all, which one search of their bytes shows.
    memchr::memchr(b'\n', record.as_slice())?;
    let separators = record.len().checked_sub(1).filter(|separators| *separators > 0)?;
    let count = |line: &[u8]| memchr::memchr_iter(separator, line).count();
    record.iter().enumerate().position(|(index, cell)| {
        let counts: Vec<usize> = cell.split(|byte| *byte == b'\n').map(count).collect();
        let [first, .., last] = counts.as_slice() else {
            return false;
        };
        (*first, *last) == (separators - index, index) || counts.iter().any(|count| *count >= separators)
    })
}

/// Refuses a row that has not the cells of the header, or of which one holds several rows.
pub(super) fn check_cells(record: &ByteRecord, count: usize, separator: u8) -> Result<(), Refusal> {
    if record.len() != count {
        let message = format!("expected {count} cells as in the header, found {}", record.len());
        let hint = "a cell with a comma must be in quotes; fetch the file again if it was edited or cut off";
        return Err(("ragged", message, hint));
    }
    match swallowing_cell(record, separator) {
        None => Ok(()),
        Some(index) => {
            let message =
                format!("cell {} holds line breaks with the separators of whole rows between them", index + 1);
            let hint = "a stray quote has made one cell of several rows: fetch the file again, or correct the quote";
            Err(("swallowed", message, hint))
        }
    }
}

/// Where the bytes of a CSV so far end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteState {
    /// Before a cell.
    CellStart,
    /// In a cell without quotes.
    Plain,
    /// Within quotes.
    Quoted,
    /// Behind quotes, which the next byte may double.
    AfterQuote,
}

impl QuoteState {
    /// The state after one more byte.
    #[must_use]
    pub(super) fn after(self, byte: u8, separator: u8) -> QuoteState {
        match (self, byte) {
            (QuoteState::CellStart | QuoteState::AfterQuote, b'"') => QuoteState::Quoted,
            (QuoteState::Quoted, b'"') => QuoteState::AfterQuote,
            (QuoteState::Quoted, _) => QuoteState::Quoted,
            (_, b'\n' | b'\r') => QuoteState::CellStart,
            (_, byte) if byte == separator => QuoteState::CellStart,
            _ => QuoteState::Plain,
        }
    }
}

/// A cell's bytes; none where it is absent: empty, or the word NULL that databases export for it.
pub(super) fn present(cell: &[u8]) -> Option<&[u8]> {
    if cell.is_empty() || cell == b"NULL" { None } else { Some(cell) }
}

/// The last cell of a column with what was read from it: most columns of a bill have long runs of equal cells.
pub(super) struct LastCell<T> {
    cell: Vec<u8>,
    value: Option<T>,
}

impl<T> Default for LastCell<T> {
    fn default() -> LastCell<T> {
        LastCell { cell: Vec::new(), value: None }
    }
}

impl<T: Copy> LastCell<T> {
    /// The cell's value, which `read` gives unless the cell is that of the row before.
    #[inline]
    pub(super) fn of(&mut self, cell: &[u8], read: impl FnOnce(&[u8]) -> Result<T, Refusal>) -> Result<T, Refusal> {
        if let Some(value) = self.value
            && self.cell == cell
        {
            return Ok(value);
        }
        self.value = None;
        let value = read(cell)?;
        self.cell.clear();
        self.cell.extend_from_slice(cell);
        self.value = Some(value);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::swallowing_cell;
    use csv::ByteRecord;

    #[test]
    fn cells_of_several_rows_are_found() {
        for (cells, expected) in [
            // 440,0801,basic,"10,acme\n441,0802,basic,10",x: the quote opens before the price of one row and closes after
            // that of the next.
            (&["440", "0801", "basic", "10,acme\n441,0802,basic,10", "x"][..], Some(3)),
            // A whole row between.
            (&["440", "a\n441,0801,basic,10,acme\nb", "basic", "10", "acme"], Some(1)),
            // A quote that opens a row and closes the next.
            (&["440,0801,basic,10,acme\n441", "0802", "basic", "10", "acme"], Some(0)),
            // In the last cell.
            (&["440", "0801", "basic", "10", "acme\n441,0802,basic,10,bravo"], Some(4)),
            // Addresses and notes of people.
            (&["440", "0801", "basic", "10", "Building 1\nRoom 2"], None),
            (&["440", "0801", "basic", "10", "Tokyo, Japan\nRoom 2, left"], None),
            (&["440", "0801", "Tokyo, Japan\nRoom 2", "10", "acme"], None),
            (&["440", "0801", "basic", "10", "acme"], None),
        ] {
            assert_eq!(swallowing_cell(&ByteRecord::from(cells.to_vec()), b','), expected, "{cells:?}");
        }
    }
}
