//! Parts of a file that are read in parallel.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use csv::ByteRecord;

use super::columns::Columns;
use super::rows::RowReader;
use crate::files;
use crate::model::charge::Bill;
use crate::sources::cells::{QuoteState, first_line, is_blank, reader};
use crate::sources::refused_rows::RefusedRows;

/// A range of a file's bytes that begins and ends between records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Minimum size of a region: a smaller one is not worth a thread.
const SMALLEST: u64 = 4 << 20;

/// Cuts the rows of a file into as many regions as there are threads, each ending after a line feed.
///
/// A line feed may be inside quotes. A region cut there has an odd number of quotes, which [`Part::is_doubtful`]
/// checks.
pub(super) fn regions(path: &Path, start: u64, length: u64) -> io::Result<Vec<Region>> {
    let size = length.saturating_sub(start);
    let count = (rayon::current_num_threads() as u64).min(size / SMALLEST).max(1);
    let mut file = files::open(path)?;
    let mut bounds = vec![start];
    for index in 1..count {
        bounds.push(after_line_feed(&mut file, start + size / count * index, length)?);
    }
    bounds.push(length);
    bounds.dedup();
    if bounds.len() == 1 {
        // A file with only a header is one region without rows.
        bounds.push(length);
    }
    Ok(bounds.windows(2).map(|pair| Region { start: pair[0], end: pair[1] }).collect())
}

fn after_line_feed(file: &mut File, from: u64, length: u64) -> io::Result<u64> {
    let mut at = from;
    let mut buffer = [0; 4096];
    file.seek(SeekFrom::Start(from))?;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(length);
        }
        if let Some(index) = buffer[..count].iter().position(|byte| *byte == b'\n') {
            return Ok(at + index as u64 + 1);
        }
        at += count as u64;
    }
}

/// Content of a region; rows are counted from its first line.
pub(super) struct Part {
    pub(super) bill: Bill,
    pub(super) problems: RefusedRows,
    /// Number of lines.
    pub(super) lines: u32,
    quotes: u64,
}

impl Part {
    /// Whether the region may have been cut inside a record, or has any problem to report.
    pub(super) fn is_doubtful(&self) -> bool {
        self.quotes % 2 == 1 || !self.problems.is_empty()
    }
}

impl Region {
    /// Reads the region's rows into `bill`.
    pub(super) fn read(self, path: &Path, bill: Bill, source: u16, file: u16, columns: &Columns) -> io::Result<Part> {
        let mut opened = files::open(path)?;
        opened.seek(SeekFrom::Start(self.start))?;
        let counted = QuoteCounter { source: opened.take(self.end - self.start), quotes: 0 };
        let mut reader = reader(counted);
        let unfinished_at = if ends_with_line_feed(path, self)? { u64::MAX } else { self.end - self.start };
        let mut rows = RowReader::new(bill, source, file, columns);
        let (mut record, mut previous) = (ByteRecord::new(), ByteRecord::new());
        let mut last = None;
        let mut line = 1;
        while reader.read_byte_record(&mut record).map_err(io::Error::other)? {
            let before = std::mem::replace(&mut line, reader.position().line());
            if is_blank(&record) {
                continue;
            }
            let byte = record.position().map_or(0, csv::Position::byte);
            let row = first_line(&record, before, reader.position(), unfinished_at);
            last = Some((byte, row, line == before + 1));
            rows.read(&record, &previous, row);
            std::mem::swap(&mut record, &mut previous);
        }
        let lines = u32::try_from(reader.position().line() - 1).unwrap_or(u32::MAX);
        let quotes = reader.into_inner().quotes;
        let (bill, mut problems) = rows.finish();
        if let Some((byte, row, one_line)) = last
            && ends_in_quotes(path, self.start + byte, self.end)?
        {
            // The last line feed turned out to be inside the quotes, not after the record as it was counted.
            problems.cut_off(row, row + u32::from(unfinished_at == u64::MAX && !one_line));
        }
        Ok(Part { bill, problems, lines, quotes })
    }
}

fn ends_with_line_feed(path: &Path, region: Region) -> io::Result<bool> {
    if region.start == region.end {
        return Ok(false);
    }
    let mut file = files::open(path)?;
    file.seek(SeekFrom::Start(region.end - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}

/// A reader that counts the quotes in what it reads.
struct QuoteCounter<R> {
    source: R,
    quotes: u64,
}

impl<R: Read> Read for QuoteCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.quotes += memchr::memchr_iter(b'"', &buffer[..count]).count() as u64;
        Ok(count)
    }
}

/// Whether the bytes from a record's beginning to `end` stop within a quoted cell.
fn ends_in_quotes(path: &Path, start: u64, end: u64) -> io::Result<bool> {
    let mut file = files::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut rest = Vec::new();
    file.take(end.saturating_sub(start)).read_to_end(&mut rest)?;
    Ok(rest.iter().fold(QuoteState::CellStart, |state, byte| state.after(*byte, b',')) == QuoteState::Quoted)
}
