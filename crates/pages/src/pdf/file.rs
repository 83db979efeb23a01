//! Writes the bytes of a PDF 1.7 file: objects, most of them in compressed object streams, and the cross-reference
//! stream (ISO 32000-1, 7.5.7 and 7.5.8).

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress, Status};
use lopdf::{Dictionary, Object, ObjectId, StringFormat, dictionary};
use sha2::{Digest, Sha256};

use super::error::Error;

/// Level 5 is within a few percent of the best level's size in half the time.
const LEVEL: u32 = 5;
/// Objects in a stream: readers must decompress all of them to read one.
const OBJECTS_IN_STREAM: usize = 400;
/// Bytes in a row of the cross-reference stream: type, position, index in the object stream.
const ROW: usize = 7;

/// Location of an object.
#[derive(Clone, Copy)]
enum Place {
    Nowhere,
    /// Offset in the file.
    At(u32),
    /// Number of the object stream, and the object's index in it.
    In(u32, u16),
}

/// A file under construction.
pub(super) struct File {
    bytes: Vec<u8>,
    /// Locations by object number.
    places: Vec<Place>,
    /// Objects of the next object stream, and the start of each.
    waiting: Vec<u8>,
    starts: Vec<(u32, usize)>,
}

impl File {
    /// Starts a file whose object numbers go up to `last`.
    pub(super) fn new(last: u32) -> File {
        // Four bytes beyond ASCII mark the file as binary (PDF/A, 6.1.2).
        let bytes = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
        let places = vec![Place::Nowhere; last as usize + 1];
        File { bytes, places, waiting: Vec::new(), starts: Vec::new() }
    }

    /// Adds an object as bytes.
    pub(super) fn object(&mut self, number: u32, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        self.starts.push((number, self.waiting.len()));
        write(&mut self.waiting);
        self.waiting.push(b'\n');
        if self.starts.len() == OBJECTS_IN_STREAM { self.flush() } else { Ok(()) }
    }

    /// Adds an object from a document.
    pub(super) fn add(&mut self, (number, _): ObjectId, object: &Object) -> Result<(), Error> {
        match object {
            Object::Stream(stream) => self.stream(number, &stream.dict, &stream.content),
            _ => self.object(number, |bytes| write_object(bytes, object)),
        }
    }

    /// Adds an encoded stream with its length.
    pub(super) fn stream(&mut self, number: u32, dict: &Dictionary, content: &[u8]) -> Result<(), Error> {
        let offset = u32::try_from(self.bytes.len()).map_err(|_| Error::new("the PDF is larger than 4 GB"))?;
        if let Some(place) = self.places.get_mut(number as usize) {
            *place = Place::At(offset);
        }
        let mut dict = dict.clone();
        dict.set("Length", Object::Integer(i64::try_from(content.len()).unwrap_or(i64::MAX)));
        let bytes = &mut self.bytes;
        push_number(bytes, number);
        bytes.extend_from_slice(b" 0 obj\n");
        write_dictionary(bytes, &dict);
        bytes.extend_from_slice(b"\nstream\n");
        bytes.extend_from_slice(content);
        bytes.extend_from_slice(b"\nendstream\nendobj\n");
        Ok(())
    }

    fn next_number(&mut self) -> u32 {
        self.places.push(Place::Nowhere);
        u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
    }

    /// Writes the waiting objects as an object stream.
    fn flush(&mut self) -> Result<(), Error> {
        if self.starts.is_empty() {
            return Ok(());
        }
        let container = self.next_number();
        let mut content = Vec::with_capacity(self.starts.len() * 12 + self.waiting.len());
        for (index, (number, start)) in self.starts.iter().enumerate() {
            push_number(&mut content, *number);
            content.push(b' ');
            push_number(&mut content, u32::try_from(*start).unwrap_or(u32::MAX));
            content.push(b' ');
            if let Some(place) = self.places.get_mut(*number as usize) {
                *place = Place::In(container, u16::try_from(index).unwrap_or(u16::MAX));
            }
        }
        let dict = dictionary! {
            "Type" => "ObjStm",
            "N" => Object::Integer(i64::try_from(self.starts.len()).unwrap_or(0)),
            "First" => Object::Integer(i64::try_from(content.len()).unwrap_or(0)),
            "Filter" => "FlateDecode",
        };
        content.extend_from_slice(&self.waiting);
        self.waiting.clear();
        self.starts.clear();
        self.stream(container, &dict, &deflated(&content)?)
    }

    /// Writes the cross-reference stream with the trailer's entries; `/ID` depends on the content only.
    pub(super) fn finish(mut self, trailer: &Dictionary) -> Result<Vec<u8>, Error> {
        self.flush()?;
        let id: Vec<u8> = Sha256::digest(&self.bytes).iter().take(16).copied().collect();
        let id = Object::String(id, StringFormat::Hexadecimal);
        let table = self.next_number();
        let start = u32::try_from(self.bytes.len()).map_err(|_| Error::new("the PDF is larger than 4 GB"))?;
        if let Some(place) = self.places.last_mut() {
            *place = Place::At(start);
        }
        let size = i64::try_from(self.places.len()).unwrap_or(i64::MAX);
        let columns = i64::try_from(ROW).unwrap_or(0);
        let mut dict = dictionary! {
            "Type" => "XRef",
            "Size" => Object::Integer(size),
            "W" => [1_i64, 4, 2].map(Object::Integer).to_vec(),
            "Filter" => "FlateDecode",
            "DecodeParms" => dictionary! { "Predictor" => 12, "Columns" => Object::Integer(columns) },
            "ID" => vec![id.clone(), id],
        };
        for key in [&b"Root"[..], b"Info"] {
            if let Ok(value) = trailer.get(key) {
                dict.set(key, value.clone());
            }
        }
        let rows = deflated(&self.rows())?;
        self.stream(table, &dict, &rows)?;
        self.bytes.extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
        Ok(self.bytes)
    }

    /// The rows of the cross-reference stream, each as its difference from the one before (PNG's predictor "up"),
    /// because neighbours are similar.
    fn rows(&self) -> Vec<u8> {
        let mut rows = Vec::with_capacity(self.places.len() * (ROW + 1));
        let mut before = [0_u8; ROW];
        for (number, place) in self.places.iter().enumerate() {
            let (kind, where_, which) = match *place {
                Place::Nowhere => (0, 0, if number == 0 { u16::MAX } else { 0 }),
                Place::At(offset) => (1, offset, 0),
                Place::In(container, index) => (2, container, index),
            };
            let mut row = [kind; ROW];
            row[1..5].copy_from_slice(&where_.to_be_bytes());
            row[5..].copy_from_slice(&which.to_be_bytes());
            rows.push(2);
            rows.extend(row.iter().zip(before).map(|(now, before)| now.wrapping_sub(before)));
            before = row;
        }
        rows
    }
}

thread_local! {
    /// Its tables are larger than most streams, so each thread reuses one.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(LEVEL), true));
}

/// Compresses for the filter `FlateDecode`.
pub(super) fn deflated(content: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |problem: String| Error::new(format!("the PDF cannot be compressed: {problem}"));
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        // More space than needed, because running out of it and continuing would change the compressed bytes.
        let mut compressed = Vec::with_capacity(content.len() + content.len() / 64 + 64);
        let status = compress.compress_vec(content, &mut compressed, FlushCompress::Finish);
        match status.map_err(|error| failed(error.to_string()))? {
            Status::StreamEnd => {
                compressed.shrink_to_fit();
                Ok(compressed)
            }
            Status::Ok | Status::BufError => Err(failed("it grew".to_owned())),
        }
    })
}

/// Appends a number in decimal digits.
pub(super) fn push_number(bytes: &mut Vec<u8>, number: u32) {
    let mut digits = [0_u8; 10];
    let mut start = digits.len();
    let mut rest = number;
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    bytes.extend_from_slice(&digits[start..]);
}

/// Appends an object that is not a stream.
fn write_object(bytes: &mut Vec<u8>, object: &Object) {
    match object {
        Object::Null | Object::Stream(_) => bytes.extend_from_slice(b"null"),
        Object::Boolean(value) => bytes.extend_from_slice(if *value { b"true" } else { b"false" }),
        Object::Integer(value) => bytes.extend_from_slice(value.to_string().as_bytes()),
        Object::Real(value) => bytes.extend_from_slice(value.to_string().as_bytes()),
        Object::Name(name) => write_name(bytes, name),
        Object::String(text, format) => write_string(bytes, text, format),
        Object::Array(items) => {
            bytes.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    bytes.push(b' ');
                }
                write_object(bytes, item);
            }
            bytes.push(b']');
        }
        Object::Dictionary(dict) => write_dictionary(bytes, dict),
        Object::Reference((number, _)) => {
            push_number(bytes, *number);
            bytes.extend_from_slice(b" 0 R");
        }
    }
}

fn write_dictionary(bytes: &mut Vec<u8>, dict: &Dictionary) {
    bytes.extend_from_slice(b"<<");
    for (key, value) in dict {
        write_name(bytes, key);
        if !matches!(value, Object::Name(_) | Object::String(..) | Object::Array(_) | Object::Dictionary(_)) {
            bytes.push(b' ');
        }
        write_object(bytes, value);
    }
    bytes.extend_from_slice(b">>");
}

fn write_name(bytes: &mut Vec<u8>, name: &[u8]) {
    bytes.push(b'/');
    for byte in name {
        if byte.is_ascii_graphic() && !b"()<>[]{}/%#".contains(byte) {
            bytes.push(*byte);
        } else {
            bytes.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}

/// Appends a string.
pub(super) fn write_string(bytes: &mut Vec<u8>, text: &[u8], format: &StringFormat) {
    if *format == StringFormat::Hexadecimal {
        bytes.push(b'<');
        for byte in text {
            bytes.extend_from_slice(format!("{byte:02X}").as_bytes());
        }
        return bytes.push(b'>');
    }
    bytes.push(b'(');
    for byte in text {
        match byte {
            b'(' | b')' | b'\\' => bytes.extend_from_slice(&[b'\\', *byte]),
            b'\r' => bytes.extend_from_slice(b"\\r"),
            _ => bytes.push(*byte),
        }
    }
    bytes.push(b')');
}

/// Appends a text string, in any script.
pub(super) fn write_text(bytes: &mut Vec<u8>, text: &str) {
    if let Object::String(text, format) = lopdf::text_string(text) {
        write_string(bytes, &text, &format);
    }
}
