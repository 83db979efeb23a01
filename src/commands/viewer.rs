//! Opens a file in the system's default viewer.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Place};
use crate::environment::Environment;

/// The system's program that opens a file with its viewer.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(windows) {
    "explorer"
} else {
    "xdg-open"
};

/// Number of checks for a failed opener and the time between them. An opener still running after that is the viewer.
const LOOKS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// Opens `path`; returns a warning when it cannot be opened.
pub(super) fn open(path: &Path, shown: &Path, environment: &Environment) -> Option<Diagnostic> {
    let refused = |why: String| {
        let warning = Diagnostic::warning(format!("the page cannot be opened with {OPENER}: {why}"));
        Some(warning.at(Place::file(shown.display().to_string())).with_hint("open the file in a browser"))
    };
    let opener =
        Command::new(OPENER).arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut opener = match opener {
        Ok(opener) => opener,
        Err(error) => return refused(crate::diagnostic::cause(&error)),
    };
    for _ in 0..LOOKS {
        match opener.try_wait() {
            // Explorer returns 1 whatever happens.
            Ok(Some(status)) if status.success() || cfg!(windows) => return None,
            Ok(Some(status)) => return refused(status.to_string()),
            Ok(None) => (environment.wait)(PAUSE),
            Err(error) => return refused(error.to_string()),
        }
    }
    None
}
