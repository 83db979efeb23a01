//! Writes files completely or not at all. [`Staging`] is a directory written beside the old one and renamed into its
//! place when it is complete, such as the month's output and fetched bills; [`replace`] does the same for one file.

pub mod interruption;
mod lock;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use anyhow::Context;

use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::files;
use crate::model::plain;
pub use lock::{Lock, is_locked};

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Written<S = String> {
    /// Path with `/`, relative to the directory that the list describes.
    pub path: S,
    /// SHA-256 of its bytes, as lower-case hex.
    pub sha256: S,
}

/// A lock on a list of files is never poisoned; a file that was written but not listed would be a hole in the evidence.
const UNPOISONED: &str = "no thread panics while it adds to the list";

/// What a directory is written for, in the words that messages use.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// The directory's path, as the user would write it.
    pub shown: PathBuf,
    /// "the output"
    pub what: &'static str,
    /// Message for a run that finds the lock held: what the other run is doing.
    pub busy: String,
    /// Extra hint, as the end of a sentence: what to do instead of making the directory writable.
    pub other: &'static str,
}

impl Purpose {
    fn cannot_write(&self, target: &Path) -> Diagnostic {
        cannot(&format!("write {}", self.what), target.display().to_string())
            .with_hint(format!("check the directory's permissions and free space{}", self.other))
    }
}

/// A directory being written. If it is dropped before [`commit`](Staging::commit), nothing is left behind.
#[derive(Debug)]
pub struct Staging {
    partial: PathBuf,
    old: PathBuf,
    target: PathBuf,
    purpose: Purpose,
    /// `None` in a rehearsal.
    hold: Option<Hold>,
    written: Mutex<Vec<Written>>,
}

/// What a run keeps on disk until everything is in place.
#[derive(Debug)]
struct Hold {
    /// Makes other runs stop.
    _lock: Lock,
    /// Declared after the lock, to be dropped after it: the lock file is in the last of these directories.
    _parents: NewDirectories,
}

impl Staging {
    /// Begins writing `target`. The unfinished directory, the replaced one and the lock are at `scratch` with an
    /// ending, on the same disk.
    ///
    /// # Errors
    /// When nothing can be written there, or another run is writing.
    pub fn begin(target: PathBuf, scratch: &Path, purpose: Purpose) -> Result<Staging, Diagnostic> {
        let mut staging = Staging::rehearse(target, scratch, purpose)?;
        let Staging { partial, old, target, purpose, .. } = &staging;
        let failed = || purpose.cannot_write(&purpose.shown);
        let parent = scratch.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let is_gone = || parent.symlink_metadata().is_err_and(|error| is_missing(&error));
        let mut parents = NewDirectories::default();
        let lock = loop {
            parents.make(parent).with_context(failed)?;
            match Lock::take(with_ending(scratch, ".lock"), &purpose.busy)? {
                // Another run has just removed the directory, because it left nothing in it.
                Err(_) if is_gone() => {}
                lock => break lock.with_context(failed)?,
            }
        };
        // Clears up after an interrupted run: puts a complete directory back, removes an incomplete one.
        let stuck = |path: &Path| {
            cannot("clear away what an interrupted run left", path.display().to_string())
                .with_hint("remove it by hand, then run the command again")
        };
        take_back(old, target).with_context(|| stuck(old))?;
        remove(partial).with_context(|| stuck(partial))?;
        // Always created new: an existing directory or link may be somebody else's, and must not be written to.
        fs::create_dir(partial).with_context(failed)?;
        staging.hold = Some(Hold { _lock: lock, _parents: parents });
        Ok(staging)
    }

    /// Like [`begin`](Staging::begin), but writes nothing to disk: files are only hashed, and a commit changes nothing.
    /// `check` uses it to run the code of `build`.
    ///
    /// # Errors
    /// When there is a file in place of a directory.
    pub fn rehearse(target: PathBuf, scratch: &Path, purpose: Purpose) -> Result<Staging, Diagnostic> {
        for (path, shown) in target.ancestors().zip(purpose.shown.ancestors()) {
            // The file belongs to somebody; it is neither replaced nor moved.
            if path.symlink_metadata().is_ok_and(|found| found.is_file()) {
                let message = format!("cannot write {}: {} is a file, not a directory", purpose.what, shown.display());
                let diagnostic = Diagnostic::could_not_run(message).at(Place::file(shown.display().to_string()));
                return Err(diagnostic.with_hint(format!("move the file away{}", purpose.other)));
            }
        }
        let (partial, old) = (with_ending(scratch, ".partial"), with_ending(scratch, ".old"));
        Ok(Staging { partial, old, target, purpose, hold: None, written: Mutex::default() })
    }

    /// Whether this is a rehearsal, which writes nothing.
    pub fn is_rehearsal(&self) -> bool {
        self.hold.is_none()
    }

    /// The path on disk of a file in the unfinished directory; `path` is relative to the directory, with `/`.
    pub fn path(&self, path: &str) -> PathBuf {
        self.partial.join(path)
    }

    /// Writes one file; `path` is relative to the month's directory, with `/`.
    ///
    /// # Errors
    /// When it cannot be written, or when the path leads out of the directory: paths may come from untrusted files.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
        self.write_hashed(path, bytes, hash(bytes))
    }

    /// [`write`](Self::write) for a caller who has hashed the bytes.
    ///
    /// # Errors
    /// As of [`write`](Self::write).
    pub fn write_hashed(&self, path: &str, bytes: &[u8], sha256: String) -> Result<(), Diagnostic> {
        if !plain::is_path(path) {
            let message = format!("cannot write {}: {path:?} is no name of a file", self.purpose.what);
            let place = Place::file(self.purpose.shown.display().to_string());
            return Err(Diagnostic::error(message).at(place).with_hint("give it a plain name, without \\ and such"));
        }
        let full = self.partial.join(path);
        let write = || {
            if let Some(directory) = full.parent() {
                fs::create_dir_all(directory)?;
            }
            interruption::point();
            create_new(&full)?.write_all(bytes)
        };
        if self.hold.is_some() {
            write().with_context(|| self.purpose.cannot_write(&self.purpose.shown.join(path)))?;
        }
        let mut written = self.written.lock().expect(UNPOISONED);
        written.push(Written { path: path.to_owned(), sha256 });
        Ok(())
    }

    /// Whether the directory that will be replaced has a file with that content.
    pub fn has_before(&self, file: &Written) -> bool {
        let path = self.target.join(&file.path);
        // What a link leads to is not this directory's.
        let has_link = || path.ancestors().take_while(|part| part.starts_with(&self.target)).any(Path::is_symlink);
        let is_file = || path.is_file() && !has_link();
        plain::is_path(&file.path) && is_file() && digest(&path).is_ok_and(|(_, sha256)| sha256 == file.sha256)
    }

    /// Takes over a file that the directory [has already](Self::has_before). A second name of the same file costs a
    /// hundredth of making its content again, and goes with the directory that is replaced.
    ///
    /// # Errors
    /// As of [`write`](Self::write).
    pub fn take_over(&self, file: &Written) -> Result<(), Diagnostic> {
        let (before, full) = (self.target.join(&file.path), self.partial.join(&file.path));
        let failed = || self.purpose.cannot_write(&self.purpose.shown.join(&file.path));
        if let Some(directory) = full.parent() {
            fs::create_dir_all(directory).with_context(failed)?;
        }
        interruption::point();
        if fs::hard_link(&before, &full).is_err() {
            // Not every file system gives a file two names.
            let bytes = files::read(&before, files::DATA).with_context(failed)?;
            create_new(&full).and_then(|mut file| file.write_all(&bytes)).with_context(failed)?;
        }
        self.written.lock().expect(UNPOISONED).push(file.clone());
        Ok(())
    }

    /// Creates an empty file for the caller to write; replaces one of that name from an earlier attempt.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(&self, path: &str) -> Result<File, Diagnostic> {
        let full = self.partial.join(path);
        let create = || {
            remove(&full)?;
            create_new(&full)
        };
        Ok(create().with_context(|| self.purpose.cannot_write(&self.purpose.shown.join(path)))?)
    }

    /// The files written so far, by path.
    pub fn written(&self) -> Vec<Written> {
        let mut written = self.written.lock().expect(UNPOISONED).clone();
        written.sort();
        written
    }

    /// Makes sure that what was written survives a power failure, so that the next commit can rely on it.
    ///
    /// # Errors
    /// When a file cannot be synced.
    pub fn sync(&self) -> Result<(), Diagnostic> {
        let on_disk = if self.hold.is_some() { self.written() } else { Vec::new() };
        let sync = |path: &Path, synced: io::Result<()>| -> Result<(), Diagnostic> {
            Ok(synced.with_context(|| self.purpose.cannot_write(&self.purpose.shown.join(path)))?)
        };
        at_once(&on_disk, |written| {
            let path = Path::new(&written.path);
            sync(path, File::open(self.partial.join(path)).and_then(|file| file.sync_all()))
        })?;
        // A file's name is in its directory, which is synced once for all files in it.
        let directories: BTreeSet<&Path> =
            on_disk.iter().flat_map(|written| Path::new(&written.path).ancestors().skip(1)).collect();
        let directories: Vec<&Path> = directories.into_iter().collect();
        at_once(&directories, |directory| sync(directory, sync_parent(&self.partial.join(directory).join("file"))))
    }

    /// Moves the directory into its place; returns the place.
    ///
    /// # Errors
    /// When it cannot be renamed; the old directory is then unchanged.
    pub fn commit(self) -> Result<PathBuf, Diagnostic> {
        if self.hold.is_none() {
            return Ok(self.target.clone());
        }
        let failed = || self.purpose.cannot_write(&self.purpose.shown);
        if let Some(out) = self.target.parent() {
            fs::create_dir_all(out).with_context(failed)?;
        }
        interruption::point();
        let replaced = self.target.exists();
        if replaced && exchange(&self.partial, &self.target) {
            interruption::point();
            sync_parent(&self.target).with_context(failed)?;
            // What was replaced; the next run removes what cannot be removed now.
            let _ = fs::remove_dir_all(&self.partial);
            return Ok(self.target.clone());
        }
        if replaced {
            fs::rename(&self.target, &self.old).with_context(failed)?;
            interruption::point();
        }
        let renamed = fs::rename(&self.partial, &self.target);
        if renamed.is_err() && replaced {
            let _ = fs::rename(&self.old, &self.target);
        }
        renamed.with_context(failed)?;
        interruption::point();
        sync_parent(&self.target).with_context(failed)?;
        if replaced {
            // The new directory is in place; the next run removes what cannot be removed now.
            let _ = fs::remove_dir_all(&self.old);
        }
        Ok(self.target.clone())
    }
}

/// Number of threads that wait for a disk. Waiting is most of the work, whatever the number of cores, and file systems write
/// what many wait for together: 6,000 files in 2,000 directories took 4.6 s with two threads, 0.7 s with 16 and 0.6 s with 64.
const WAITING: usize = 32;

/// Does work that is mostly waiting on many things at once.
fn at_once<T: Sync>(all: &[T], work: impl Fn(&T) -> Result<(), Diagnostic> + Sync) -> Result<(), Diagnostic> {
    let work = &work;
    std::thread::scope(|scope| {
        let parts = all.chunks(all.len().div_ceil(WAITING).max(1));
        let mut threads = Vec::new();
        for part in parts {
            let builder = std::thread::Builder::new();
            match builder.spawn_scoped(scope, move || part.iter().try_for_each(work)) {
                Ok(thread) => threads.push(thread),
                // A container may allow only so many.
                Err(_) => part.iter().try_for_each(work)?,
            }
        }
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics while it waits for a disk"))
    })
}

/// A path with `ending` after its last name.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

/// Writes one file so that a power failure leaves either the old one or the new one; `shown` is its path as the user
/// would write it.
///
/// # Errors
/// When it cannot be written; the old file is then unchanged.
pub fn replace(path: &Path, shown: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
    let write = || {
        let directory = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let partial = directory.join(format!(".{name}.partial"));
        interruption::point();
        remove(&partial)?;
        let mut file = create_new(&partial)?;
        let mut put = || {
            file.write_all(bytes)?;
            file.sync_all()?;
            interruption::point();
            fs::rename(&partial, path)
        };
        if let Err(error) = put() {
            let _ = fs::remove_file(&partial);
            return Err(error);
        }
        interruption::point();
        sync_parent(path)
    };
    Ok(write().with_context(|| cannot_write(shown))?)
}

/// Writes to a named pipe or a device, as far as whoever reads there takes it; `shown` is its path as the user would write
/// it.
///
/// # Errors
/// When not all of it could be written.
pub fn write_through(path: &Path, shown: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
    let write = || File::options().write(true).open(path)?.write_all(bytes);
    Ok(write().with_context(|| cannot_write(shown))?)
}

fn cannot_write(shown: &str) -> Diagnostic {
    cannot("write the file", shown).with_hint("check the directory's permissions and free space")
}

/// Writes bytes to a file from `start` on, and cuts off what follows them; they survive a power failure. `start` is what
/// the caller has read of the file: one that is shorter was changed by somebody else. `shown` is its path as the user
/// would write it.
///
/// # Errors
/// When it cannot be written or is no regular file; what was before `start` is then unchanged.
pub fn append(path: &Path, shown: &str, start: u64, bytes: &[u8]) -> Result<(), Diagnostic> {
    let write = || {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        interruption::point();
        let mut file = open_to_write(path)?;
        let length = file.metadata()?.len();
        if length < start {
            return Err(io::Error::other("another program has shortened it meanwhile"));
        }
        if length > start {
            file.set_len(start)?;
        }
        file.seek(io::SeekFrom::Start(start))?;
        let written = file.write_all(bytes).and_then(|()| {
            interruption::point();
            file.sync_all()
        });
        if written.is_err() {
            // Half a line at the end would only have to be cut off by the next run.
            let _ = file.set_len(start);
        }
        written?;
        if start == 0 {
            // The file may be new.
            sync_parent(path)?;
        }
        interruption::point();
        Ok(())
    };
    Ok(write().with_context(|| cannot_write(shown))?)
}

/// Creates a file that does not exist; a link of that name is neither followed nor truncated.
fn create_new(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(path)
}

/// Removes a directory with everything in it, a file, or a link, but not the link's target.
fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Exchanges two directories in one step, so that there is one in the place at every moment; false where the system or the file
/// system cannot.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

/// Moves a directory back into its place if an interrupted run had moved it away; removes it if that run had already
/// replaced it.
fn take_back(old: &Path, target: &Path) -> io::Result<()> {
    match old.symlink_metadata() {
        Err(error) if is_missing(&error) => return Ok(()),
        Err(error) => return Err(error),
        // Not ours: no run leaves a file or a link of that name.
        Ok(found) if !found.is_dir() => return remove(old),
        Ok(_) if target.symlink_metadata().is_ok() => return remove(old),
        Ok(_) => {}
    }
    // Its parent directory may be gone: `rm -rf out` is always allowed.
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::rename(old, target)
}

/// Syncs the parent directory: until then, a new name may not survive a power failure.
#[cfg(unix)]
fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_parent(_: &Path) -> io::Result<()> {
    // Directories cannot be opened here; the file system's journal keeps the order of names.
    Ok(())
}

/// Directories that were created to write another one in, outermost first. Drop removes the empty ones.
#[derive(Debug, Default)]
pub struct NewDirectories(Vec<PathBuf>);

impl NewDirectories {
    /// Creates a directory and its parents.
    ///
    /// # Errors
    /// When one cannot be created.
    pub fn make(&mut self, directory: &Path) -> io::Result<()> {
        let is_new = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let new: Vec<&Path> = directory.ancestors().take_while(is_new).collect();
        for path in new.into_iter().rev() {
            match fs::create_dir(path) {
                Ok(()) => self.0.push(path.to_owned()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for NewDirectories {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // This does not remove a directory that is not empty.
            let _ = fs::remove_dir(path);
        }
    }
}

/// Opens a file to write to: a new one, or one that is there. It is never truncated and must be a regular file, because
/// anybody who may write to the directory could have put a link there.
fn open_to_write(path: &Path) -> io::Result<File> {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if !path.symlink_metadata()?.is_file() {
        let message = format!("{} is not the file that this program makes: remove it", path.display());
        return Err(io::Error::other(message));
    }
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options.open(path)
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After a commit, nothing is left at this path. A rehearsal must not remove another run's directory.
        if self.hold.is_some() {
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// Length and SHA-256 of a file, as lower-case hex; reads it in blocks.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path) -> io::Result<(u64, String)> {
    let file = files::open(path)?;
    // A month has tens of thousands of small files, which need no large buffer.
    let buffer = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX).clamp(1 << 12, LARGEST_BUFFER);
    digest_by(file, buffer)
}

/// Most bytes that are read at once.
const LARGEST_BUFFER: usize = 1 << 16;

/// [`digest`] of bytes that are read to their end.
///
/// # Errors
/// When they cannot be read.
pub fn digest_of(bytes: impl Read) -> io::Result<(u64, String)> {
    digest_by(bytes, LARGEST_BUFFER)
}

fn digest_by(mut bytes: impl Read, buffer: usize) -> io::Result<(u64, String)> {
    let mut digest = Sha256::new();
    let (mut length, mut buffer) = (0, vec![0; buffer]);
    loop {
        match bytes.read(&mut buffer)? {
            0 => return Ok((length, hex(&digest.finalize()))),
            count => {
                digest.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}

/// SHA-256 of bytes, as lower-case hex.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}
