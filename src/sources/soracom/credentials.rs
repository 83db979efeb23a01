//! Who asks SORACOM: environment variables, or a profile of soracom-cli.
//!
//! Profile format: <https://github.com/soracom/soracom-cli> (`generators/cmd/predefined/profiles.go`).

use std::path::PathBuf;

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Place, cause};
use crate::environment::{Environment, Secret};
use crate::model::settings::SourceSettings;
use crate::sources::fetch::place;
use crate::sources::private_file;

/// What `POST /auth` needs, and what else a profile says.
pub(super) struct Credentials {
    pub(super) key: Key,
    /// `jp` or `g`, when the profile says.
    pub(super) coverage: Option<String>,
    /// Base URL, without `/v1`, when the environment or the profile says.
    pub(super) endpoint: Option<String>,
}

/// The ways to be recognised.
pub(super) enum Key {
    /// An authentication key.
    Auth { id: Secret, key: Secret },
    /// A user's password; the operator and user name are for SAM users.
    Password { email: Option<String>, password: Secret, operator: Option<String>, user: Option<String> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    #[serde(default)]
    sandbox: bool,
    coverage_type: Option<String>,
    auth_key_id: Option<Secret>,
    auth_key: Option<Secret>,
    email: Option<String>,
    password: Option<Secret>,
    // soracom-cli writes `username`, its SDK for Ruby `userName`.
    #[serde(alias = "userName")]
    username: Option<String>,
    operator_id: Option<String>,
    endpoint: Option<String>,
    profile_command: Option<String>,
    source_profile: Option<String>,
}

/// Finds the credentials of a source: its `profile`; without one the environment, then the usual profile.
///
/// # Errors
/// When there are none, or a profile that others can read.
pub(super) fn find(source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    if let Some(profile) = &source.profile {
        return from_profile(profile, source, environment);
    }
    let variable = |name: &str| environment.variable(name);
    match (variable("SORACOM_AUTH_KEY_ID"), variable("SORACOM_AUTH_KEY")) {
        (Some(id), Some(key)) => {
            let key = Key::Auth { id: id.clone(), key: key.clone() };
            return Ok(Credentials { key, coverage: None, endpoint: environment_endpoint(environment) });
        }
        (Some(_), None) | (None, Some(_)) => {
            let message = "only one of SORACOM_AUTH_KEY_ID and SORACOM_AUTH_KEY is set";
            return Err(Diagnostic::error(message).at(place(source)).with_hint("set both, or neither"));
        }
        (None, None) => {}
    }
    let usual = variable("SORACOM_PROFILE").map_or("default", Secret::expose);
    let path = profile_path(usual, environment);
    if path.as_ref().is_some_and(|path| path.exists()) || variable("SORACOM_PROFILE").is_some() {
        return from_profile(usual, source, environment);
    }
    let message = format!("no credentials for the source \"{}\"", source.name);
    Err(Diagnostic::error(message).at(place(source)).with_hint(
        "set SORACOM_AUTH_KEY_ID and SORACOM_AUTH_KEY, or make a profile with soracom configure and write profile = \"NAME\"",
    ))
}

fn environment_endpoint(environment: &Environment) -> Option<String> {
    environment.variable("SORACOM_ENDPOINT").map(|endpoint| endpoint.expose().to_owned())
}

fn profile_path(name: &str, environment: &Environment) -> Option<PathBuf> {
    let directory = match environment.variable("SORACOM_PROFILE_DIR") {
        Some(directory) => PathBuf::from(directory.expose()),
        None => environment.home.as_ref()?.join(".soracom"),
    };
    Some(directory.join(format!("{name}.json")))
}

fn from_profile(name: &str, source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    if name.is_empty() || name.contains(['/', '\\']) {
        return Err(Diagnostic::error(format!("{name:?} is no name of a profile")).at(place(source)));
    }
    let path = profile_path(name, environment).ok_or_else(|| {
        let diagnostic = Diagnostic::could_not_run("there is no home directory to look for the profile in");
        diagnostic.at(place(source)).with_hint("set HOME or SORACOM_PROFILE_DIR")
    })?;
    private_file::check(&path)?;
    let shown = Place::file(path.display().to_string());
    let text = std::fs::read(&path).map_err(|error| {
        Diagnostic::error(format!("cannot read the profile \"{name}\": {}", cause(&error)))
            .at(shown.clone())
            .with_hint(format!("make it with soracom configure --profile {name}"))
    })?;
    // The parser's message may hold a piece of the file, so only the place is told.
    let profile: Profile = serde_json::from_slice(&text).map_err(|error| {
        let place = Place::line(path.display().to_string(), u32::try_from(error.line()).unwrap_or(1));
        Diagnostic::error("the profile is not what soracom-cli writes").at(place)
    })?;
    let other_kind = profile.profile_command.as_ref().map(|_| "profileCommand");
    if let Some(key) = other_kind.or(profile.source_profile.as_ref().map(|_| "sourceProfile")) {
        let diagnostic = Diagnostic::error(format!("profiles with {key} are not supported")).at(shown);
        return Err(diagnostic.with_hint("use a profile that holds an authentication key (authKeyId and authKey)"));
    }
    let key = match (profile.auth_key_id, profile.auth_key, profile.password) {
        (Some(id), Some(key), _) if !id.expose().is_empty() => Key::Auth { id, key },
        (_, _, Some(password)) if !password.expose().is_empty() => {
            Key::Password { email: profile.email, password, operator: profile.operator_id, user: profile.username }
        }
        _ => {
            let diagnostic = Diagnostic::error("the profile holds neither an authentication key nor a password");
            return Err(diagnostic.at(shown).with_hint(format!("make it with soracom configure --profile {name}")));
        }
    };
    let coverage = profile.coverage_type.filter(|coverage| !coverage.is_empty());
    let sandbox = || match coverage.as_deref() {
        Some("g") => "https://g.api-sandbox.soracom.io".to_owned(),
        _ => "https://api-sandbox.soracom.io".to_owned(),
    };
    let endpoint = environment_endpoint(environment)
        .or(profile.endpoint.filter(|endpoint| !endpoint.is_empty()))
        .or_else(|| profile.sandbox.then(sandbox));
    Ok(Credentials { key, coverage, endpoint })
}
