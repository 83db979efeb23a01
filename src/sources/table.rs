//! [`Table`]: a part of a bill as a stream of records, each with the line it begins at.

use std::io::{self, Read};
use std::path::Path;

use csv::ByteRecord;

use super::cells::{QuoteState, cell, first_line, is_blank, reader_of, shown};
use super::decoded::{Decoded, NotEncoded};
use super::parts;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::mapping::TextEncoding;

/// Most bytes of a row. Those of clouds have some 2,000; but a few kilobytes of gzip can hold a quoted cell that never ends,
/// and a row is kept in memory as a whole.
const LONGEST_ROW: u64 = 16 << 20;

/// How a part is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// The sign between cells.
    pub(super) separator: u8,
    /// The encoding; none where each cell is checked as it is read.
    pub(super) encoding: Option<TextEncoding>,
}

impl Form {
    /// Commas and UTF-8, as clouds write their bills.
    pub(super) const USUAL: Form = Form { separator: b',', encoding: None };

    /// Opens a part, whose bytes come as UTF-8 if it is in the encoding.
    fn open(self, root: &Path, path: &str) -> Result<Box<dyn Read + Send>, Diagnostic> {
        let bytes = parts::open(&root.join(path)).map_err(|error| parts::unreadable(&error, path))?;
        Ok(match self.encoding {
            None => bytes,
            Some(encoding) => Box::new(Decoded::new(bytes, encoding)),
        })
    }

    /// What is wrong with a part that cannot be read to its end.
    fn unreadable(self, error: &io::Error, path: &str) -> Diagnostic {
        let place = error.get_ref().and_then(|error| error.downcast_ref::<NotEncoded>());
        let (Some(place), Some(encoding)) = (place, self.encoding) else {
            return parts::unreadable(error, path);
        };
        if place.is_utf16 {
            return utf16().at(Place::file(path));
        }
        let hint = match encoding {
            TextEncoding::Utf8 => "write encoding = \"cp932\" in its [[source]] where the provider writes Shift_JIS",
            TextEncoding::Cp932 => "leave out encoding in its [[source]] where the provider writes UTF-8",
        };
        let message = format!("byte {} of the line is not {}", place.byte, encoding.name());
        Diagnostic::error(message).at(Place::line(path, place.line)).with_hint(hint)
    }
}

/// A part being read.
pub(super) struct Table<'p> {
    path: &'p str,
    form: Form,
    reader: csv::Reader<Counted<Box<dyn Read + Send>>>,
    /// The line after the last record.
    line: u64,
    /// The last record's first line, and whether it has no other.
    last: (u32, bool),
}

impl<'p> Table<'p> {
    /// Opens a part and reads its header, the first row that is not blank.
    ///
    /// # Errors
    /// A file that cannot be read, is empty, or is no CSV in UTF-8.
    pub(super) fn open(root: &Path, path: &'p str) -> Result<(Table<'p>, ByteRecord), Diagnostic> {
        let mut table = Table::begin(root, path, Form::USUAL)?;
        let mut header = ByteRecord::new();
        if table.read(&mut header)?.is_none() {
            let diagnostic = Diagnostic::error("the file is empty").at(Place::file(path));
            let hint = "a bill begins with a header row even when nothing was used; fetch the file again";
            return Err(diagnostic.with_hint(hint));
        }
        check_encoding(&header).map_err(|problem| problem.at(Place::file(path)))?;
        Ok((table, header))
    }

    /// Opens a part in that form, without a header.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn begin(root: &Path, path: &'p str, form: Form) -> Result<Table<'p>, Diagnostic> {
        let source = form.open(root, path)?;
        let counted = Counted { source, length: 0, quotes: 0, last: b'\n', of_row: 0 };
        Ok(Table { path, form, reader: reader_of(counted, form.separator), line: 1, last: (1, true) })
    }

    /// Reads the next record that is not blank; returns the line it begins at, and none at the end.
    ///
    /// # Errors
    /// When the file cannot be read, or a compressed file is damaged.
    pub(super) fn read(&mut self, record: &mut ByteRecord) -> Result<Option<u32>, Diagnostic> {
        loop {
            self.reader.get_mut().of_row = 0;
            let more = self.reader.read_byte_record(record).map_err(|error| match error.into_kind() {
                csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => self.endless_row(),
                csv::ErrorKind::Io(error) => self.form.unreadable(&error, self.path),
                other => parts::unreadable(&io::Error::other(format!("{other:?}")), self.path),
            })?;
            if !more {
                return Ok(None);
            }
            let after = self.reader.position();
            let before = std::mem::replace(&mut self.line, after.line());
            if is_blank(record) {
                continue;
            }
            let counted = self.reader.get_ref();
            // Only the last record may end without a line feed.
            let is_unfinished = after.byte() == counted.length && counted.last != b'\n';
            let first = first_line(record, before, after, if is_unfinished { after.byte() } else { u64::MAX });
            self.last = (first, after.line() == before + 1);
            return Ok(Some(first));
        }
    }

    fn endless_row(&self) -> Diagnostic {
        let message = format!("the row is longer than {} MiB", LONGEST_ROW >> 20);
        let hint = "a stray quote has made one cell of several rows: fetch the file again, or correct the quote";
        Diagnostic::error(message)
            .at(Place::line(self.path, u32::try_from(self.line).unwrap_or(u32::MAX)))
            .with_hint(hint)
    }

    /// How the part ends, which was read to its end.
    ///
    /// # Errors
    /// When the file cannot be read again.
    pub(super) fn end(self, root: &Path) -> Result<End, Diagnostic> {
        let Counted { length, quotes, last, .. } = *self.reader.get_ref();
        // Quotes are in pairs, unless one stands inside a cell without quotes.
        if quotes % 2 == 0 || !self.ends_in_quotes(root)? {
            return Ok(End::Whole { length });
        }
        let (row, is_one_line) = self.last;
        // The last line feed turned out to be inside the quotes, not after the record as it was counted.
        Ok(End::WithinQuotes { row, line: row + u32::from(last == b'\n' && !is_one_line) })
    }

    /// Whether the last record ends within quotes.
    fn ends_in_quotes(&self, root: &Path) -> Result<bool, Diagnostic> {
        let mut state = QuoteState::CellStart;
        let mut buffer = [0; 1 << 14];
        let mut bytes = self.form.open(root, self.path)?;
        loop {
            let count = bytes.read(&mut buffer).map_err(|error| self.form.unreadable(&error, self.path))?;
            if count == 0 {
                return Ok(state == QuoteState::Quoted);
            }
            state = buffer[..count].iter().fold(state, |state, byte| state.after(*byte, self.form.separator));
        }
    }
}

/// How a part ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Behind a record.
    Whole {
        /// The length of its decompressed content.
        length: u64,
    },
    /// Within quotes of the last record.
    WithinQuotes {
        /// The line that was returned for the record.
        row: u32,
        /// The line it begins at.
        line: u32,
    },
}

/// Refuses files that a spreadsheet or an old program saved in another form.
pub(super) fn check_encoding(header: &ByteRecord) -> Result<(), Diagnostic> {
    let first = header.get(0).unwrap_or_default();
    if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") || first.contains(&0) {
        return Err(utf16());
    }
    // Within a cell a line may break with both.
    let is_alone = |cell: &[u8]| memchr::memchr_iter(b'\r', cell).any(|at| cell.get(at + 1) != Some(&b'\n'));
    if (0..header.len()).any(|index| is_alone(cell(header, index))) {
        let diagnostic = Diagnostic::error("the file's lines end with a carriage return alone, expected a line feed");
        let hint = "use the file as it was downloaded; a program for old Macintosh computers may have changed it";
        return Err(diagnostic.with_hint(hint));
    }
    Ok(())
}

fn utf16() -> Diagnostic {
    Diagnostic::error("the file is UTF-16, expected UTF-8")
        .with_hint("use the file as it was downloaded; a spreadsheet may have saved it as \"Unicode text\"")
}

/// The names in a header.
///
/// # Errors
/// A header that is not UTF-8.
pub(super) fn names<'h>(header: &'h ByteRecord, path: &str) -> Result<Vec<&'h str>, Diagnostic> {
    let names: Result<Vec<&str>, _> = (0..header.len()).map(|index| std::str::from_utf8(cell(header, index))).collect();
    names.map_err(|_| {
        let hint = "save the file as it was downloaded; a spreadsheet may have changed its encoding";
        let place = Place::line(path, 1).with_excerpt(shown(header));
        Diagnostic::error("the header is not UTF-8").at(place).with_hint(hint)
    })
}

/// A reader that counts what it reads.
struct Counted<R> {
    source: R,
    length: u64,
    quotes: u64,
    last: u8,
    /// Bytes since the last row.
    of_row: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.length += count as u64;
        self.of_row += count as u64;
        if self.of_row > LONGEST_ROW {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.quotes += memchr::memchr_iter(b'"', &buffer[..count]).count() as u64;
        if let Some(last) = buffer[..count].last() {
            self.last = *last;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// The lines at which the records of a file begin, and how it ends.
    fn read(name: &str, bytes: &[u8]) -> (Vec<(u32, usize)>, End) {
        let root = std::env::temp_dir();
        let name = format!("invoicer-table-{}-{name}", std::process::id());
        std::fs::write(root.join(&name), bytes).unwrap();
        let (mut table, header) = Table::open(&root, &name).unwrap();
        assert_eq!(names(&header, &name).unwrap(), ["a", "b"]);
        let (mut record, mut lines) = (ByteRecord::new(), Vec::new());
        while let Some(line) = table.read(&mut record).unwrap() {
            lines.push((line, record.len()));
        }
        let end = table.end(&root).unwrap();
        std::fs::remove_file(root.join(&name)).unwrap();
        (lines, end)
    }

    #[test]
    fn records_have_the_lines_they_begin_at() {
        let text = b"\xef\xbb\xbfa,b\r\n1,\"x\r\ny\"\r\n\r\n2,\"say \"\"no\"\"\"\r\n3,z";
        let length = text.len() as u64 - 3;
        let plain = (vec![(2, 2), (5, 2), (6, 2)], End::Whole { length });
        assert_eq!(read("plain", text), plain);
        let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        compressed.write_all(text).unwrap();
        let mut two = compressed.finish().unwrap();
        assert_eq!(read("compressed", &two), plain);
        // Members of a gzip file follow each other as if they were one.
        let mut more = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        more.write_all(b"\n4,w\n").unwrap();
        two.extend(more.finish().unwrap());
        assert_eq!(read("members", &two), (vec![(2, 2), (5, 2), (6, 2), (7, 2)], End::Whole { length: length + 5 }));
    }

    /// 17 MiB of blanks in quotes are some 17 KB of gzip.
    #[test]
    fn a_row_without_end_is_refused_at_its_line() {
        let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        compressed.write_all(b"a,b\n1,x\n2,\"").unwrap();
        (0..17).for_each(|_| compressed.write_all(&vec![b' '; 1 << 20]).unwrap());
        let (root, name) = (std::env::temp_dir(), format!("invoicer-table-{}-endless", std::process::id()));
        std::fs::write(root.join(&name), compressed.finish().unwrap()).unwrap();
        let (mut table, _) = Table::open(&root, &name).unwrap();
        let mut record = ByteRecord::new();
        assert_eq!(table.read(&mut record).unwrap(), Some(2));
        let told = table.read(&mut record).unwrap_err().render(false);
        std::fs::remove_file(root.join(&name)).unwrap();
        assert!(told.contains("the row is longer than 16 MiB") && told.contains(&format!("{name}:3")), "{told}");
    }

    #[test]
    fn a_file_may_end_within_quotes() {
        assert_eq!(read("cut", b"a,b\n1,x\n2,\"y\n3,z\n").1, End::WithinQuotes { row: 2, line: 3 });
        assert_eq!(read("cut-off", b"a,b\n1,x\n2,\"y\n").1, End::WithinQuotes { row: 3, line: 3 });
        assert_eq!(read("cut-within", b"a,b\n1,x\n2,\"y\nz").1, End::WithinQuotes { row: 3, line: 3 });
        // A quote within a cell without quotes is one of its characters.
        assert_eq!(read("inch", b"a,b\n1,5\" disk\n2,y\n").1, End::Whole { length: 18 });
    }
}
