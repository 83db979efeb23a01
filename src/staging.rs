//! Files that are written whole or not at all. [`Staging`] is a directory written beside the old one and renamed into its
//! place when it is complete, as the month's output and the bills that are fetched are; [`replace`] does it for one file.

pub mod interruption;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Place, cause};
use crate::files;
use crate::model::plain;

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
        let stuck = |path: &Path, error: io::Error| {
            let message = format!("cannot clear away what an interrupted run left: {}", cause(&error));
            let place = Place::file(path.display().to_string());
            Diagnostic::could_not_run(message).at(place).with_hint("remove it by hand, then run the command again")
        };
        take_back(old, target).map_err(|error| stuck(old, error))?;
        remove(partial).map_err(|error| stuck(partial, error))?;
        // Made anew, never one that is there: another's directory or link must not be written to.
        fs::create_dir(partial).map_err(failed)?;
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
    /// When it cannot be written; a path that leads out of the directory, whoever gave it.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
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
            write().map_err(|error| self.purpose.cannot_write(&self.purpose.shown.join(path), &error))?;
        }
        let mut written = self.written.lock().expect(UNPOISONED);
        written.push(Written { path: path.to_owned(), sha256: hash(bytes) });
        Ok(())
    }

    /// Makes an empty file to be written by the caller; one of that name from an attempt before is replaced.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self, path: &str) -> Result<File, Diagnostic> {
        let full = self.partial.join(path);
        let create = || {
            remove(&full)?;
            create_new(&full)
        };
        create().map_err(|error| self.purpose.cannot_write(&self.purpose.shown.join(path), &error))
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
        remove(&partial)?;
        let mut file = create_new(&partial)?;
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

/// A file that was not there before: a link of that name is neither followed nor truncated.
fn create_new(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(path)
}

/// Removes what has that name: a directory with everything in it, a file, or a link but not what it leads to.
fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Puts a directory that a run moved out of the way, and was interrupted then, back into its place; removes it where that
/// run had already replaced it.
fn take_back(old: &Path, target: &Path) -> io::Result<()> {
    match old.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        // Nothing of ours: no run leaves a file or a link of that name.
        Ok(found) if !found.is_dir() => return remove(old),
        Ok(_) if target.symlink_metadata().is_ok() => return remove(old),
        Ok(_) => {}
    }
    // The directory it was in may be gone since: `rm -rf out` is always allowed.
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::rename(old, target)
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
pub struct NewDirectories(Vec<PathBuf>);

impl NewDirectories {
    /// Makes a directory and those it lies in.
    ///
    /// # Errors
    /// When one cannot be made.
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
            let file = match open_lock(&path) {
                Ok(file) => file,
                // The run that held it removed it just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound && has_parent(&path) => continue,
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

/// A lock's file, made anew or as an interrupted run left it. It is never truncated, and nothing but a file will do: whoever
/// may write to the directory could have put a link there.
fn open_lock(path: &Path) -> io::Result<File> {
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

/// Length and SHA-256 of a file, as lower-case hex, without holding it in memory.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = files::open(path)?;
    let mut digest = Sha256::new();
    let (mut length, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
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
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
