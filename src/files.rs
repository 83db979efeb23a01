//! Reading files and directories: the only place that opens them.
//!
//! A workspace can hold what other people put there. Where a file is expected, a named pipe would block for ever and a
//! device would never end, so whatever is no regular file is refused at once; and no file is read beyond what one of its
//! kind can need.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// The most bytes of a text that people write: TOML, templates, credentials.
pub const TEXT: u64 = 16 << 20;

/// The most bytes of a typeface or picture. The largest CJK collections have some 120 MiB.
pub const ASSET: u64 = 256 << 20;

/// The most bytes of what programs write and is read whole: answers of a provider, records, a month's figures.
pub const DATA: u64 = 1 << 30;

/// Opens a file for reading.
///
/// # Errors
/// When it cannot be opened, or is a directory, named pipe, socket or device.
pub fn open(path: &Path) -> io::Result<File> {
    // Looked at first, as merely opening some devices has effects, and again when it is open: it may have been replaced.
    check(&path.metadata()?)?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// The bytes of a file of at most `most` bytes.
///
/// # Errors
/// As [`open`]; when it is larger.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_opened(open(path)?, most)
}

/// Likewise of a file that was [opened](open) to look at its permissions first.
///
/// # Errors
/// When it cannot be read; when it is larger.
pub fn read_opened(file: File, most: u64) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::other(format!("it is larger than {} MiB", most >> 20));
    let length = file.metadata()?.len();
    if length > most {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    // It may grow while it is read.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

/// The names in a directory, sorted.
///
/// # Errors
/// When it cannot be read to its end.
pub fn names(directory: &Path) -> io::Result<Vec<OsString>> {
    let names = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names = names.collect::<io::Result<Vec<OsString>>>()?;
    names.sort();
    Ok(names)
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Err(io::Error::other(format!("it is {}, not a file", kind(metadata))))
}

#[cfg(unix)]
fn kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    match () {
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn kind(_: &Metadata) -> &'static str {
    "something else"
}
