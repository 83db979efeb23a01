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
    /// Held until everything is in place: another build of the month finds it locked.
    _lock: Lock,
    written: Mutex<Vec<Written>>,
}

impl Staging {
    /// Refuses to replace a directory that no build wrote: `--out billing` must not cost anyone their bills.
    ///
    /// # Errors
    /// When `out`/`month` is there and is not a build's.
    pub fn check_target(out: &Path, shown: &Path, month: &str) -> Result<(), Diagnostic> {
        let target = out.join(month);
        if !target.is_dir() || is_ours(&target) {
            return Ok(());
        }
        let diagnostic =
            Diagnostic::error("the directory is there and was not written by invoicer; it is not replaced");
        let diagnostic = diagnostic.at(Place::file(shown.join(month).display().to_string()));
        Err(diagnostic.with_hint("name another directory with --out DIR, or move this one away"))
    }

    /// Begins writing `out`/`month`; `shown` is `out` as the user would write it.
    ///
    /// # Errors
    /// When nothing can be written there, or another build is at it.
    pub fn begin(out: &Path, shown: &Path, month: &str) -> Result<Staging, Diagnostic> {
        // Where `out` is a link to another disk, the temporary directory must be there too to be renamed.
        let linked = out.canonicalize().unwrap_or_else(|_| out.to_path_buf());
        let out = linked.as_path();
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
        let lock = Lock::take(parent.join(format!(".{name}-{month}.lock")), month).map_err(|error| match error {
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
        Ok(Staging { partial, old, target, shown, _lock: lock, written: Mutex::default() })
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
    pub fn commit(self) -> Result<PathBuf, Diagnostic> {
        let failed = |error: io::Error| cannot_write(&self.shown, &error);
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

/// Whether a directory was written by a build, or holds nothing.
fn is_ours(directory: &Path) -> bool {
    let is_empty = || fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none());
    directory.join("manifest.json").is_file() && directory.join("summary.json").is_file() || is_empty()
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
    fn take(path: PathBuf, month: &str) -> Result<Lock, LockError> {
        loop {
            let file = File::create(&path).map_err(LockError::Failed)?;
            if file.try_lock().is_err() {
                let diagnostic = Diagnostic::could_not_run(format!("another build of {month} is running"));
                let diagnostic = diagnostic.at(Place::file(path.display().to_string()));
                return Err(LockError::Taken(diagnostic.with_hint("wait for it to end")));
            }
            // The build before may have removed the file between its opening and its locking here.
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

fn cannot_write(target: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::could_not_run(format!("cannot write the output: {}", cause(error)))
        .at(Place::file(target.display().to_string()))
        .with_hint("check the directory's permissions and free space, or name another with --out DIR")
}
