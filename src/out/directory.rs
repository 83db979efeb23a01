//! A month's output directory, written beside the old one and renamed into its place when it is complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::manifest::hash;
use crate::diagnostic::{Diagnostic, Place, cause};

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Written {
    /// Path from the month's directory, with `/`.
    pub path: String,
    /// SHA-256 of its bytes, as lower-case hex.
    pub sha256: String,
}

/// A directory being written. Dropped before [`commit`](Staging::commit), it leaves nothing behind.
#[derive(Debug)]
pub struct Staging {
    partial: PathBuf,
    old: PathBuf,
    target: PathBuf,
    /// The target as the user would write it.
    shown: PathBuf,
    /// Held as long as this build runs; another build of the month finds it locked.
    lock: Option<File>,
    written: Mutex<Vec<Written>>,
}

const LOCK: &str = ".lock";

impl Staging {
    /// Begins writing `out`/`month`; `shown` is `out` as the user would write it.
    ///
    /// # Errors
    /// When nothing can be written there, or another build is at it.
    pub fn begin(out: &Path, shown: &Path, month: &str) -> Result<Staging, Diagnostic> {
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = out.file_name().unwrap_or(out.as_os_str()).to_string_lossy();
        let partial = parent.join(format!(".{name}-{month}.partial"));
        let target = out.join(month);
        let old = parent.join(format!(".{name}-{month}.old"));
        let shown = shown.join(month);
        let failed = |error: io::Error| cannot_write(&shown, &error);
        for (path, shown) in target.ancestors().zip(shown.ancestors()) {
            // A file where a directory must be is somebody's; it is neither replaced nor moved.
            if path.symlink_metadata().is_ok_and(|found| found.is_file()) {
                let message = format!("cannot write the output: {} is a file, not a directory", shown.display());
                let diagnostic = Diagnostic::could_not_run(message).at(Place::file(shown.display().to_string()));
                return Err(diagnostic.with_hint("move the file away, or name another directory with --out DIR"));
            }
        }
        // What an interrupted run left: the complete directory goes back, the incomplete one is emptied.
        if old.exists() {
            if target.exists() { fs::remove_dir_all(&old) } else { fs::rename(&old, &target) }.map_err(failed)?;
        }
        fs::create_dir_all(&partial).map_err(failed)?;
        let lock = File::create(partial.join(LOCK)).map_err(failed)?;
        if lock.try_lock().is_err() {
            let diagnostic = Diagnostic::could_not_run(format!("another build of {month} is running"));
            return Err(diagnostic.at(Place::file(partial.display().to_string())).with_hint("wait for it to end"));
        }
        for entry in fs::read_dir(&partial).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.file_name().is_some_and(|name| name != LOCK) {
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(failed)?;
            }
        }
        Ok(Staging { partial, old, target, shown, lock: Some(lock), written: Mutex::default() })
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
        write().map_err(|error| cannot_write(&self.shown.join(path), &error))?;
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
    pub fn commit(mut self) -> Result<PathBuf, Diagnostic> {
        let failed = |error: io::Error| cannot_write(&self.shown, &error);
        drop(self.lock.take());
        fs::remove_file(self.partial.join(LOCK)).map_err(failed)?;
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
            return Err(cannot_write(&self.shown, &error));
        }
        if replaced {
            // The new directory is in place; what cannot be removed now is removed by the next build.
            let _ = fs::remove_dir_all(&self.old);
        }
        Ok(self.target.clone())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After a commit there is nothing at this path any more.
        let _ = fs::remove_dir_all(&self.partial);
    }
}

fn cannot_write(target: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::could_not_run(format!("cannot write the output: {}", cause(error)))
        .at(Place::file(target.display().to_string()))
        .with_hint("check the directory's permissions and free space, or name another with --out DIR")
}
