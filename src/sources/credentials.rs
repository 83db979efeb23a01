//! Reads credentials from two environment variables or from a profile, a file that only its owner can read. Errors in a
//! profile report only its location, never its content.

use std::fs::File;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::diagnostic::{Diagnostic, Place, cause};
use crate::environment::{Environment, Secret};
use crate::files;
use crate::model::settings::SourceSettings;

/// The values of two environment variables; none when neither is set.
///
/// # Errors
/// When only one of them is set.
pub(super) fn pair(
    source: &SourceSettings,
    environment: &Environment,
    names: [&str; 2],
) -> Result<Option<[Secret; 2]>, Diagnostic> {
    match names.map(|name| environment.variable(name)) {
        [Some(one), Some(other)] => Ok(Some([one.clone(), other.clone()])),
        [None, None] => Ok(None),
        _ => {
            let diagnostic = Diagnostic::error(format!("only one of {} and {} is set", names[0], names[1]));
            Err(diagnostic.at(&source.definition).with_hint("set both, or neither"))
        }
    }
}

/// Error for missing credentials; `hint` names the ways to give them.
pub(super) fn missing(source: &SourceSettings, hint: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(format!("no credentials for the source \"{}\"", source.name));
    diagnostic.at(&source.definition).with_hint(hint)
}

/// A value that is present and not empty.
pub(super) fn present(secret: Option<Secret>) -> Option<Secret> {
    secret.filter(|secret| !secret.expose().is_empty())
}

/// A profile by its name, which becomes part of a path.
pub(super) struct Profile<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// What it should be, as the end of "the profile is not …".
    pub(super) like: &'a str,
    /// How to create one.
    pub(super) hint: String,
}

impl Profile<'_> {
    /// Refuses a name that is empty or leads to another directory.
    ///
    /// # Errors
    /// When the name is empty or not a plain file name.
    pub(super) fn check_name(&self, source: &SourceSettings) -> Result<(), Diagnostic> {
        match matches!(self.name, "" | "." | "..") || self.name.contains(['/', '\\']) {
            true => Err(Diagnostic::error(format!("{:?} is no name of a profile", self.name)).at(&source.definition)),
            false => Ok(()),
        }
    }

    /// Error for a missing home directory; `variable` can name another directory.
    pub(super) fn no_home(&self, source: &SourceSettings, variable: &str) -> Diagnostic {
        let message = format!("there is no home directory to look for the profile \"{}\" in", self.name);
        Diagnostic::could_not_run(message).at(&source.definition).with_hint(format!("set HOME or {variable}"))
    }

    /// Reads the profile's file.
    ///
    /// # Errors
    /// When it cannot be read, when other users of this machine can read it too, and when it is not such a profile.
    pub(super) fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<T, Diagnostic> {
        let unreadable = |error: io::Error| {
            Diagnostic::error(format!("cannot read the profile \"{}\": {}", self.name, cause(&error)))
                .at(Place::file(path.display().to_string()))
                .with_hint(self.hint.clone())
        };
        let file = files::open(path).map_err(unreadable)?;
        check_private(&file, path)?;
        let text = files::read_opened(file, files::TEXT).map_err(unreadable)?;
        // The parser's message may contain a piece of the file, so only its line number is shown.
        serde_json::from_slice(&text).map_err(|error| {
            let line = u32::try_from(error.line()).unwrap_or(1);
            self.unlike(path).at(Place::line(path.display().to_string(), line).with_excerpt("***"))
        })
    }

    /// Error for a file that is not such a profile.
    pub(super) fn unlike(&self, path: &Path) -> Diagnostic {
        let message = format!("the profile \"{}\" is not {}", self.name, self.like);
        Diagnostic::error(message).at(Place::file(path.display().to_string())).with_hint(self.hint.clone())
    }
}

/// Refuses a file of credentials that other users of this machine can read, as soracom-cli does.
#[cfg(unix)]
fn check_private(file: &File, path: &Path) -> Result<(), Diagnostic> {
    use std::os::unix::fs::PermissionsExt;
    let is_private = |metadata: std::fs::Metadata| metadata.permissions().mode() & 0o077 == 0;
    if file.metadata().is_ok_and(is_private) {
        return Ok(());
    }
    let shown = path.display().to_string();
    let hint = format!("chmod 600 {shown}");
    Err(Diagnostic::error("other users of this machine can read the credentials")
        .at(Place::file(shown))
        .with_hint(hint))
}

#[cfg(not(unix))]
fn check_private(_: &File, _: &Path) -> Result<(), Diagnostic> {
    Ok(())
}
