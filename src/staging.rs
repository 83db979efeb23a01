//! Files that are written whole or not at all. [`Staging`] is a directory written beside the old one and renamed into its
//! place when it is complete, as the month's output and the bills that are fetched are; [`replace`] does it for one file.

pub mod interruption;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Place, cause};

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Written {
    /// Path with `/`, from the directory that the list is about.
    pub path: String,
    /// SHA-256 of its bytes, as lower-case hex.
    pub sha256: String,
}

/// Why a lock on a list of files is never poisoned; a file that was written and is not listed would be a hole in the evidence.
const UNPOISONED: &str = "no thread panics while it adds to the list";

/// What a directory is written for, in the words of messages.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// The directory as the user would write it.
    pub shown: PathBuf,
    /// "the output"
    pub what: &'static str,
    /// What another run that holds the lock is doing.
    pub busy: String,
    /// Another way out than a writable directory, as the end of a sentence.
    pub other: &'static str,
}

impl Purpose {
    fn cannot_write(&self, target: &Path, error: &io::Error) -> Diagnostic {
        Diagnostic::could_not_run(format!("cannot write {}: {}", self.what, cause(error)))
            .at(Place::file(target.display().to_string()))
            .with_hint(format!("check the directory's permissions and free space{}", self.other))
    }
}

/// A directory being written. Dropped before [`commit`](Staging::commit), it leaves nothing behind.
#[derive(Debug)]
pub struct Staging {
    partial: PathBuf,
    old: PathBuf,
    target: PathBuf,
    purpose: Purpose,
    /// None in a rehearsal.
    hold: Option<Hold>,
    written: Mutex<Vec<Written>>,
}

/// What a run holds on disk until everything is in place.
#[derive(Debug)]
struct Hold {
    /// Another run finds it locked.
    _lock: Lock,
    /// Dropped after the lock, which lies in the last of them.
    _parents: NewDirectories,
}

impl Staging {
    /// Begins writing `target`; `scratch` with an ending is where the unfinished directory, the replaced one and the lock
    /// are meanwhile: on the same disk.
    ///
    /// # Errors
    /// When nothing can be written there, or another run is at it.
    pub fn begin(target: PathBuf, scratch: &Path, purpose: Purpose) -> Result<Staging, Diagnostic> {
        let mut staging = Staging::rehearse(target, scratch, purpose)?;
        let Staging { partial, old, target, purpose, .. } = &staging;
        let failed = |error: io::Error| purpose.cannot_write(&purpose.shown, &error);
        let parent = scratch.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let is_gone = || parent.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let mut parents = NewDirectories::default();
        let lock = loop {
            parents.make(parent).map_err(failed)?;
            match Lock::take(with_ending(scratch, ".lock"), &purpose.busy)? {
                // Another run that left nothing in the directory has removed it meanwhile.
                Err(_) if is_gone() => {}
                lock => break lock.map_err(failed)?,
            }
        };
        // What an interrupted run left: a complete directory goes back into its place, an incomplete one goes.
        if old.exists() {
            if target.exists() { fs::remove_dir_all(old) } else { fs::rename(old, target) }.map_err(failed)?;
        }
        if partial.exists() {
            fs::remove_dir_all(partial).map_err(failed)?;
        }
        fs::create_dir_all(partial).map_err(failed)?;
        staging.hold = Some(Hold { _lock: lock, _parents: parents });
        Ok(staging)
    }

    /// Like [`begin`](Staging::begin), but nothing reaches the disk: files are only hashed, and a commit changes nothing.
    /// `check` runs the code of `build` on this.
    ///
    /// # Errors
    /// When a file stands where a directory must be.
    pub fn rehearse(target: PathBuf, scratch: &Path, purpose: Purpose) -> Result<Staging, Diagnostic> {
        for (path, shown) in target.ancestors().zip(purpose.shown.ancestors()) {
            // A file where a directory must be is somebody's; it is neither replaced nor moved.
            if path.symlink_metadata().is_ok_and(|found| found.is_file()) {
                let message = format!("cannot write {}: {} is a file, not a directory", purpose.what, shown.display());
                let diagnostic = Diagnostic::could_not_run(message).at(Place::file(shown.display().to_string()));
                return Err(diagnostic.with_hint(format!("move the file away{}", purpose.other)));
            }
        }
        let (partial, old) = (with_ending(scratch, ".partial"), with_ending(scratch, ".old"));
        Ok(Staging { partial, old, target, purpose, hold: None, written: Mutex::default() })
    }

    /// Whether nothing is written.
    pub fn is_rehearsal(&self) -> bool {
        self.hold.is_none()
    }

    /// Where a file of the unfinished directory is; `path` is from the directory, with `/`.
    pub fn path(&self, path: &str) -> PathBuf {
        self.partial.join(path)
    }

    /// Writes one file; `path` is from the month's directory, with `/`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
        let full = self.partial.join(path);
        let write = || {
            if let Some(directory) = full.parent() {
                fs::create_dir_all(directory)?;
            }
            interruption::point();
            fs::write(&full, bytes)
        };
        if self.hold.is_some() {
            write().map_err(|error| self.purpose.cannot_write(&self.purpose.shown.join(path), &error))?;
        }
        let mut written = self.written.lock().expect(UNPOISONED);
        written.push(Written { path: path.to_owned(), sha256: hash(bytes) });
        Ok(())
    }

    /// The files written so far, by path.
    pub fn written(&self) -> Vec<Written> {
        let mut written = self.written.lock().expect(UNPOISONED).clone();
        written.sort();
        written
    }

    /// Makes sure that what was written outlives a power failure: what is committed next may rely on it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), Diagnostic> {
        let on_disk = if self.hold.is_some() { self.written() } else { Vec::new() };
        for file in on_disk {
            let path = self.partial.join(&file.path);
            let synced = File::open(&path).and_then(|file| file.sync_all()).and_then(|()| sync_parent(&path));
            synced.map_err(|error| self.purpose.cannot_write(&self.purpose.shown.join(&file.path), &error))?;
        }
        Ok(())
    }

    /// Puts the directory in its place; gives the place.
    ///
    /// # Errors
    /// When it cannot be renamed; the old directory is then as it was.
    pub fn commit(self) -> Result<PathBuf, Diagnostic> {
        if self.hold.is_none() {
            return Ok(self.target.clone());
        }
        let failed = |error: io::Error| self.purpose.cannot_write(&self.purpose.shown, &error);
        if let Some(out) = self.target.parent() {
            fs::create_dir_all(out).map_err(failed)?;
        }
        interruption::point();
        let replaced = self.target.exists();
        if replaced {
            fs::rename(&self.target, &self.old).map_err(failed)?;
            interruption::point();
        }
        if let Err(error) = fs::rename(&self.partial, &self.target) {
            if replaced {
                let _ = fs::rename(&self.old, &self.target);
            }
            return Err(self.purpose.cannot_write(&self.purpose.shown, &error));
        }
        interruption::point();
        sync_parent(&self.target).map_err(failed)?;
        if replaced {
            // The new directory is in place; what cannot be removed now is removed by the next run.
            let _ = fs::remove_dir_all(&self.old);
        }
        Ok(self.target.clone())
    }
}

/// A path with something after its last name.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

/// Writes one file so that after a power failure there is either the old one or the new one; `shown` is its path as the
/// user would write it.
///
/// # Errors
/// When it cannot be written; the old file is then as it was.
pub fn replace(path: &Path, shown: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
    let write = || {
        let directory = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let partial = directory.join(format!(".{name}.partial"));
        interruption::point();
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        interruption::point();
        fs::rename(&partial, path)?;
        interruption::point();
        sync_parent(path)
    };
    write().map_err(|error| {
        Diagnostic::could_not_run(format!("cannot write the file: {}", cause(&error)))
            .at(Place::file(shown))
            .with_hint("check the directory's permissions and free space")
    })
}

/// A new name is on the disk for good only once its directory is.
#[cfg(unix)]
fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_parent(_: &Path) -> io::Result<()> {
    // Directories cannot be opened there; the file system's journal orders the names.
    Ok(())
}

/// Directories that were made for one to be written in, outermost first. Those that are empty in the end are removed.
#[derive(Debug, Default)]
struct NewDirectories(Vec<PathBuf>);

impl NewDirectories {
    /// Makes a directory and those it lies in.
    fn make(&mut self, directory: &Path) -> io::Result<()> {
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
            // One that holds anything is not removed by this.
            let _ = fs::remove_dir(path);
        }
    }
}

/// A locked file, removed when it is unlocked.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Locks a file, which is made for it; `busy` says what another run that holds the lock is doing.
    ///
    /// # Errors
    /// When another run holds it; the inner error is that of making the file.
    pub fn take(path: PathBuf, busy: &str) -> Result<io::Result<Lock>, Diagnostic> {
        loop {
            let file = match File::create(&path) {
                Ok(file) => file,
                Err(error) => return Ok(Err(error)),
            };
            if file.try_lock().is_err() {
                let diagnostic = Diagnostic::could_not_run(busy);
                let diagnostic = diagnostic.at(Place::file(path.display().to_string()));
                return Err(diagnostic.with_hint("wait for it to end"));
            }
            // The run before may have removed the file between its opening and its locking here.
            if is_same_file(&file, &path) {
                return Ok(Ok(Lock { path, file }));
            }
        }
    }
}

#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: io::Result<fs::Metadata>| metadata.map(|metadata| (metadata.dev(), metadata.ino())).ok();
    let opened = identity(file.metadata());
    opened.is_some() && opened == identity(path.metadata())
}

#[cfg(not(unix))]
fn is_same_file(_: &File, path: &Path) -> bool {
    // An open file cannot be removed there.
    path.exists()
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After a commit there is nothing at this path any more. A rehearsal must not touch another run's.
        if self.hold.is_some() {
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// SHA-256 of bytes, as lower-case hex.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
