//! Files of credentials are their owner's alone.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Place};

/// Refuses a file of credentials that other users of this machine can read, as soracom-cli does.
///
/// # Errors
/// When its mode lets others in.
#[cfg(unix)]
pub(super) fn check(path: &Path) -> Result<(), Diagnostic> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = path.metadata() else {
        return Ok(());
    };
    if metadata.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    let shown = path.display().to_string();
    let hint = format!("chmod 600 {shown}");
    Err(Diagnostic::error("other users of this machine can read the credentials")
        .at(Place::file(shown))
        .with_hint(hint))
}

#[cfg(not(unix))]
pub(super) fn check(_: &Path) -> Result<(), Diagnostic> {
    Ok(())
}
