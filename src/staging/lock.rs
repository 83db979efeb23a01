//! [`Lock`]: a file by which one run at a time writes to a place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{is_missing, open_to_write};
use crate::diagnostic::{Diagnostic, Place};
use crate::files;

/// How often a lock's file is looked for again that other runs may have removed: they never do it so often in a row.
const ATTEMPTS: u32 = 1000;

/// A locked file, which is removed when it is unlocked.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Creates and locks a file; `busy` is the message if another run holds the lock.
    ///
    /// # Errors
    /// When another run holds the lock; the inner error is that of creating the file.
    pub fn take(path: PathBuf, busy: &str) -> Result<io::Result<Lock>, Diagnostic> {
        let mut attempts = 0..ATTEMPTS;
        loop {
            let file = match open_to_write(&path) {
                Ok(file) => file,
                // The run that held it has just removed it; or else the directory takes no files, as that of processes,
                // or a current directory that was removed.
                Err(error) if is_missing(&error) && has_parent(&path) && attempts.next().is_some() => continue,
                Err(error) => return Ok(Err(error)),
            };
            if file.try_lock().is_err() {
                let diagnostic = Diagnostic::could_not_run(busy);
                let diagnostic = diagnostic.at(Place::file(path.display().to_string()));
                return Err(diagnostic.with_hint("wait for it to end"));
            }
            // The previous run may have removed the file after we opened it and before we locked it.
            if is_same_file(&file, &path) {
                return Ok(Ok(Lock { path, file }));
            }
        }
    }
}

/// Whether another run holds a lock. Looks only, and leaves no file.
pub fn is_locked(path: &Path) -> bool {
    files::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
}

fn has_parent(path: &Path) -> bool {
    path.parent().is_some_and(|parent| parent.as_os_str().is_empty() || parent.is_dir())
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
    // An open file cannot be removed on this system.
    path.exists()
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}
