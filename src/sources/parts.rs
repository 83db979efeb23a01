//! Parts of a bill: files in CSV, plain or compressed with gzip, which are read as streams.
//!
//! Whether a file is compressed is seen by its first bytes: browsers and synchronisation tools decompress files and leave
//! them the name `.csv.gz`.

use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::diagnostic::{Diagnostic, Place};
use crate::files;
use crate::staging;

/// The first bytes of a gzip file (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The byte order mark of UTF-8, which is no part of the first cell.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Opens a part; its bytes come decompressed and without byte order mark.
///
/// # Errors
/// When it cannot be opened, or is cut off within its first bytes.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let mut file = BufReader::with_capacity(1 << 16, files::open(path)?);
    let first = beginning(&mut file, GZIP.len())?;
    let is_compressed = first == GZIP;
    let file = Cursor::new(first).chain(file);
    let mut bytes: Box<dyn Read + Send> = match is_compressed {
        true => Box::new(MultiGzDecoder::new(file)),
        false => Box::new(file),
    };
    let first = beginning(&mut bytes, MARK.len())?;
    let rest = if first == MARK { Vec::new() } else { first };
    Ok(Box::new(Cursor::new(rest).chain(bytes)))
}

fn beginning(bytes: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(length);
    bytes.by_ref().take(length as u64).read_to_end(&mut first)?;
    Ok(first)
}

/// What is wrong with a part that cannot be read to its end.
pub(super) fn unreadable(error: &io::Error, path: &str) -> Diagnostic {
    let hint = "the download was probably interrupted: fetch the file again";
    let message = match error.kind() {
        ErrorKind::UnexpectedEof => "the compressed file is cut off",
        ErrorKind::InvalidData | ErrorKind::InvalidInput => "the compressed file is damaged",
        _ => {
            let message = format!("cannot read the file: {}", crate::diagnostic::cause(error));
            return Diagnostic::could_not_run(message).at(Place::file(path));
        }
    };
    Diagnostic::error(message).at(Place::file(path)).with_hint(hint)
}

/// SHA-256 of a part's decompressed bytes: of a file and its compressed copy it is the same.
///
/// # Errors
/// When it cannot be read.
pub(super) fn digest(path: &Path) -> io::Result<(u64, String)> {
    staging::digest_of(open(path)?)
}

/// Refuses files of a source with the same rows: a copy, or a file beside its compressed original. `lengths` are those of
/// the decompressed files; only files of one length are compared.
pub(super) fn copies(root: &Path, parts: &[(&str, u64)]) -> Vec<Diagnostic> {
    let is_same = |one: &str, other: &str| {
        let digest = |path: &str| digest(&root.join(path)).ok();
        digest(one).is_some_and(|one| Some(one) == digest(other))
    };
    let mut problems = Vec::new();
    for (position, (path, length)) in parts.iter().enumerate() {
        let mut earlier = parts[..position].iter().filter(|(_, other)| other == length);
        if let Some((first, _)) = earlier.find(|(other, _)| is_same(other, path)) {
            let diagnostic = Diagnostic::error(format!("the file has the same content as {first}"));
            let hint = "its rows would be billed twice: move one of the files out of the source's path";
            problems.push(diagnostic.at(Place::file(*path)).with_hint(hint));
        }
    }
    problems
}
