//! [`Staging`]: a directory written beside the old one and renamed into its place when it is complete. The month's output
//! and the bills that are fetched are written so: whole, or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Place, cause};

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Written {
    /// Path from the month's directory, with `/`.
    pub path: String,
    /// SHA-256 of its bytes, as lower-case hex.
    pub sha256: String,
}

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
    /// Held until everything is in place: another run finds it locked.
    _lock: Lock,
    written: Mutex<Vec<Written>>,
}

impl Staging {
    /// Begins writing `target`; `scratch` with an ending is where the unfinished directory, the replaced one and the lock
    /// are meanwhile: on the same disk.
    ///
    /// # Errors
    /// When nothing can be written there, or another run is at it.
    pub fn begin(target: PathBuf, scratch: &Path, purpose: Purpose) -> Result<Staging, Diagnostic> {
        let with = |ending: &str| {
            let mut path = scratch.as_os_str().to_owned();
            path.push(ending);
            PathBuf::from(path)
        };
        let (partial, old) = (with(".partial"), with(".old"));
        let failed = |error: io::Error| purpose.cannot_write(&purpose.shown, &error);
        for (path, shown) in target.ancestors().zip(purpose.shown.ancestors()) {
            // A file where a directory must be is somebody's; it is neither replaced nor moved.
            if path.symlink_metadata().is_ok_and(|found| found.is_file()) {
                let message = format!("cannot write {}: {} is a file, not a directory", purpose.what, shown.display());
                let diagnostic = Diagnostic::could_not_run(message).at(Place::file(shown.display().to_string()));
                return Err(diagnostic.with_hint(format!("move the file away{}", purpose.other)));
            }
        }
        if let Some(parent) = scratch.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let lock = Lock::take(with(".lock"), &purpose.busy).map_err(|error| match error {
            LockError::Taken(diagnostic) => diagnostic,
            LockError::Failed(error) => failed(error),
        })?;
        // What an interrupted run left: a complete directory goes back into its place, an incomplete one goes.
        if old.exists() {
            if target.exists() { fs::remove_dir_all(&old) } else { fs::rename(&old, &target) }.map_err(failed)?;
        }
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(failed)?;
        }
        fs::create_dir_all(&partial).map_err(failed)?;
        Ok(Staging { partial, old, target, purpose, _lock: lock, written: Mutex::default() })
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
            fs::write(&full, bytes)
        };
        write().map_err(|error| self.purpose.cannot_write(&self.purpose.shown.join(path), &error))?;
        if let Ok(mut written) = self.written.lock() {
            written.push(Written { path: path.to_owned(), sha256: hash(bytes) });
        }
        Ok(())
    }

    /// The files written so far, by path.
    pub fn written(&self) -> Vec<Written> {
        let mut written = self.written.lock().map(|written| written.clone()).unwrap_or_default();
        written.sort();
        written
    }

    /// Puts the directory in its place; gives the place.
    ///
    /// # Errors
    /// When it cannot be renamed; the old directory is then as it was.
    pub fn commit(self) -> Result<PathBuf, Diagnostic> {
        let failed = |error: io::Error| self.purpose.cannot_write(&self.purpose.shown, &error);
        if let Some(out) = self.target.parent() {
            fs::create_dir_all(out).map_err(failed)?;
        }
        let replaced = self.target.exists();
        if replaced {
            fs::rename(&self.target, &self.old).map_err(failed)?;
        }
        if let Err(error) = fs::rename(&self.partial, &self.target) {
            if replaced {
                let _ = fs::rename(&self.old, &self.target);
            }
            return Err(self.purpose.cannot_write(&self.purpose.shown, &error));
        }
        if replaced {
            // The new directory is in place; what cannot be removed now is removed by the next run.
            let _ = fs::remove_dir_all(&self.old);
        }
        Ok(self.target.clone())
    }
}

/// A locked file, removed when it is unlocked.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    file: File,
}

enum LockError {
    Taken(Diagnostic),
    Failed(io::Error),
}

impl Lock {
    fn take(path: PathBuf, busy: &str) -> Result<Lock, LockError> {
        loop {
            let file = File::create(&path).map_err(LockError::Failed)?;
            if file.try_lock().is_err() {
                let diagnostic = Diagnostic::could_not_run(busy);
                let diagnostic = diagnostic.at(Place::file(path.display().to_string()));
                return Err(LockError::Taken(diagnostic.with_hint("wait for it to end")));
            }
            // The run before may have removed the file between its opening and its locking here.
            if is_same_file(&file, &path) {
                return Ok(Lock { path, file });
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
        // After a commit there is nothing at this path any more.
        let _ = fs::remove_dir_all(&self.partial);
    }
}

/// SHA-256 of bytes, as lower-case hex.
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
