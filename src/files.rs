//! Reads files and directories: the only module that opens them.
//!
//! Other people may have put anything into a workspace. A named pipe instead of a file would block forever, and a
//! device would never end, so everything but regular files is refused at once, and no file is read beyond the size that
//! its kind can need.

mod expansion;

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

pub use expansion::expand;

/// Size limit of texts that people write: TOML, templates, credentials.
pub const TEXT: u64 = 16 << 20;

/// Size limit of typefaces and pictures. The largest CJK collections have some 120 MiB.
pub const ASSET: u64 = 256 << 20;

/// Size limit of data that programs write and that is read whole: providers' answers, records, a month's figures.
pub const DATA: u64 = 1 << 30;

/// Opens a file for reading.
///
/// # Errors
/// When it cannot be opened, or is a directory, named pipe, socket or device.
pub fn open(path: &Path) -> io::Result<File> {
    // Checked before opening, because merely opening some devices has effects, and again after, in case it was
    // replaced.
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

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// As [`open`]; when the file is larger.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_opened(open(path)?, most)
}

/// Reads a file that the caller [opened](open), for example to check its permissions first.
///
/// # Errors
/// When it cannot be read, or is larger than `most` bytes.
pub fn read_opened(file: File, most: u64) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::other(format!("it is larger than {} MiB", most >> 20));
    let length = file.metadata()?.len();
    if length > most {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    // The file may grow while it is read.
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

/// The place of `path` from a directory, where `..` behind a directory that is not there yet goes back from it: as it stands, the
/// path would lead elsewhere, once the directory is made, than it did when it was checked.
pub fn place(from: &Path, path: &Path) -> PathBuf {
    let mut place = from.to_path_buf();
    for component in path.components() {
        match component {
            Component::ParentDir if place.symlink_metadata().is_err() => drop(place.pop()),
            component => place.push(component),
        }
    }
    place
}

/// Whether a file is hidden or a copy that Emacs or Vim leaves beside an edited file: nobody means it.
pub fn is_unmeant(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

/// Something below a directory that is no directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Path with `/`, relative to the directory.
    pub path: String,
    /// Whether it is a file, not a link, named pipe, socket or device.
    pub is_file: bool,
}

/// Everything below a directory but directories, by path. Follows no links.
///
/// # Errors
/// When the directory, or one below it, cannot be read or is no directory.
pub fn below(directory: &Path) -> io::Result<Vec<Entry>> {
    if !directory.symlink_metadata()?.is_dir() {
        return Err(io::Error::other("it is a link or a file, not a directory"));
    }
    let mut entries = Vec::new();
    let mut open = vec![String::new()];
    while let Some(parent) = open.pop() {
        for name in names(&directory.join(&parent))? {
            let found = directory.join(&parent).join(&name).symlink_metadata()?;
            let path = format!("{parent}{}", name.to_string_lossy());
            match found.is_dir() {
                true => open.push(format!("{path}/")),
                false => entries.push(Entry { path, is_file: found.is_file() }),
            }
        }
    }
    entries.sort();
    Ok(entries)
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
