//! A month's output directory.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Place};
use crate::files;
use crate::model::period::BillingMonth;
use crate::staging::{Purpose, Staging};

/// Refuses to replace a directory that no build wrote: `--out billing` must not cost anyone their bills.
///
/// # Errors
/// When `out`/`month` exists and no build wrote it.
pub fn check_target(out: &Path, shown: &Path, month: &str) -> Result<(), Diagnostic> {
    let target = out.join(month);
    if !target.is_dir() || is_ours(&target) {
        return Ok(());
    }
    Err(not_replaced(&shown.join(month)))
}

/// Error for a directory that is somebody's; `shown` is its path as the user would write it.
pub fn not_replaced(shown: &Path) -> Diagnostic {
    let diagnostic = Diagnostic::error("the directory is there and was not written by invoicer; it is not replaced");
    let diagnostic = diagnostic.at(Place::file(shown.display().to_string()));
    diagnostic.with_hint("name another directory with --out DIR, or move this one away")
}

/// The months that have an entry in a directory: a directory, or a record in JSON. Empty where it cannot be read.
pub fn months_in(directory: &Path) -> BTreeSet<BillingMonth> {
    let month = |name: OsString| {
        let name = name.into_string().ok()?;
        name.strip_suffix(".json").unwrap_or(&name).parse().ok()
    };
    files::names(directory).unwrap_or_default().into_iter().filter_map(month).collect()
}

/// Whether a month's directory is written or only checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Replaces the directory.
    Write,
    /// Computes everything and writes nothing.
    Check,
}

/// Begins writing `out`/`month`, or checking it; `shown` is `out` as the user would write it.
///
/// # Errors
/// When nothing can be written there, or another build is running.
pub fn begin(out: &Path, shown: &Path, month: &str, mode: Mode) -> Result<Staging, Diagnostic> {
    // Where `out` links to another disk, the temporary directory must be on that disk: renames do not cross disks.
    if out.is_symlink() {
        // Somebody else may have made the link, so its target is replaced only where a build wrote it.
        check_target(out, shown, month)?;
    }
    let linked = out.canonicalize().unwrap_or_else(|_| out.to_path_buf());
    let out = linked.as_path();
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = out.file_name().unwrap_or(out.as_os_str()).to_string_lossy();
    let purpose = Purpose {
        shown: shown.join(month),
        what: "the output",
        busy: format!("another build of {month} is running"),
        other: ", or name another directory with --out DIR",
    };
    let scratch = parent.join(format!(".{name}-{month}"));
    match mode {
        Mode::Write => Staging::begin(out.join(month), &scratch, purpose),
        Mode::Check => Staging::rehearse(out.join(month), &scratch, purpose),
    }
}

/// Whether a build wrote the directory, or it is empty.
fn is_ours(directory: &Path) -> bool {
    let is_empty = || files::names(directory).is_ok_and(|names| names.is_empty());
    directory.join("manifest.json").is_file() && directory.join("summary.json").is_file() || is_empty()
}
