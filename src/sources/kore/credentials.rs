//! Who asks KORE: environment variables, or a file of one's own.
//!
//! KORE's tools have no profiles; ours are `~/.config/invoicer/kore/<profile>.json` (`$XDG_CONFIG_HOME` is honoured).

use std::path::PathBuf;

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Place, cause};
use crate::environment::{Environment, Secret};
use crate::model::settings::SourceSettings;
use crate::sources::fetch::place;
use crate::sources::private_file;

/// An API client of KORE's console.
#[derive(Deserialize)]
pub(super) struct Credentials {
    pub(super) client_id: Secret,
    pub(super) client_secret: Secret,
}

/// What a profile should look like.
const SHAPE: &str = "{\"client_id\": \"…\", \"client_secret\": \"…\"}";

/// Finds the credentials of a source: its `profile`; without one the environment, then the profile `default`.
///
/// # Errors
/// When there are none, or a profile that others can read.
pub(super) fn find(source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    if let Some(profile) = &source.profile {
        return from_profile(profile, source, environment);
    }
    match (environment.variable("KORE_CLIENT_ID"), environment.variable("KORE_CLIENT_SECRET")) {
        (Some(id), Some(secret)) => Ok(Credentials { client_id: id.clone(), client_secret: secret.clone() }),
        (Some(_), None) | (None, Some(_)) => {
            let diagnostic = Diagnostic::error("only one of KORE_CLIENT_ID and KORE_CLIENT_SECRET is set");
            Err(diagnostic.at(place(source)).with_hint("set both, or neither"))
        }
        (None, None) if profile_path("default", environment).is_some_and(|path| path.exists()) => {
            from_profile("default", source, environment)
        }
        (None, None) => {
            let diagnostic = Diagnostic::error(format!("no credentials for the source \"{}\"", source.name));
            Err(diagnostic.at(place(source)).with_hint(
                "set KORE_CLIENT_ID and KORE_CLIENT_SECRET to an API client of KORE's console, or write profile = \"NAME\"",
            ))
        }
    }
}

fn profile_path(name: &str, environment: &Environment) -> Option<PathBuf> {
    let directory = match environment.variable("XDG_CONFIG_HOME") {
        Some(directory) => PathBuf::from(directory.expose()),
        None => environment.home.as_ref()?.join(".config"),
    };
    Some(directory.join("invoicer/kore").join(format!("{name}.json")))
}

fn from_profile(name: &str, source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    if name.is_empty() || name.contains(['/', '\\']) {
        return Err(Diagnostic::error(format!("{name:?} is no name of a profile")).at(place(source)));
    }
    let path = profile_path(name, environment).ok_or_else(|| {
        let diagnostic = Diagnostic::could_not_run("there is no home directory to look for the profile in");
        diagnostic.at(place(source)).with_hint("set HOME or XDG_CONFIG_HOME")
    })?;
    private_file::check(&path)?;
    let shown = path.display().to_string();
    let text = std::fs::read(&path).map_err(|error| {
        Diagnostic::error(format!("cannot read the profile \"{name}\": {}", cause(&error)))
            .at(Place::file(&shown))
            .with_hint(format!("write {SHAPE} into it, readable by you alone"))
    })?;
    // The parser's message may hold a piece of the file, so only the place is told.
    let profile: Result<Credentials, serde_json::Error> = serde_json::from_slice(&text);
    let missing = |line: usize| {
        let place = Place { excerpt: Some("***".to_owned()), ..Place::line(&shown, u32::try_from(line).unwrap_or(1)) };
        Diagnostic::error(format!("expected {SHAPE} in the profile \"{name}\"")).at(place)
    };
    let credentials = profile.map_err(|error| missing(error.line()))?;
    let empty = [&credentials.client_id, &credentials.client_secret].iter().any(|value| value.expose().is_empty());
    if empty { Err(missing(1)) } else { Ok(credentials) }
}
