//! Credentials for SORACOM, from environment variables or a profile of soracom-cli.
//!
//! Profile format: <https://github.com/soracom/soracom-cli> (`generators/cmd/predefined/profiles.go`).

use std::path::PathBuf;

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Place};
use crate::environment::{Environment, Secret};
use crate::model::settings::SourceSettings;
use crate::sources::credentials::{Profile, missing, pair, present};

/// Credentials for `POST /auth`, and further settings of a profile.
pub(super) struct Credentials {
    pub(super) key: Key,
    /// `jp` or `g`, when the profile has it.
    pub(super) coverage: Option<String>,
    /// Base URL, without `/v1`, when the environment or the profile has one.
    pub(super) endpoint: Option<String>,
}

/// Kinds of credentials.
pub(super) enum Key {
    /// An authentication key.
    Auth { id: Secret, key: Secret },
    /// A user's password; the operator and user name are for SAM users.
    Password { email: Option<String>, password: Secret, operator: Option<String>, user: Option<String> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    #[serde(default)]
    sandbox: bool,
    coverage_type: Option<String>,
    auth_key_id: Option<Secret>,
    auth_key: Option<Secret>,
    email: Option<String>,
    password: Option<Secret>,
    // soracom-cli writes `username`, SORACOM's SDK for Ruby `userName`.
    #[serde(alias = "userName")]
    username: Option<String>,
    operator_id: Option<String>,
    endpoint: Option<String>,
    profile_command: Option<String>,
    source_profile: Option<String>,
}

/// Finds the credentials of a source: its `profile`; without one the environment, then the usual profile. Registers
/// them as secrets to mask.
///
/// # Errors
/// When there are none, or a profile that others can read.
pub(super) fn find(source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    let found = look(source, environment)?;
    match &found.key {
        Key::Auth { id, key } => [id, key].into_iter().for_each(|secret| environment.secrets.conceal(secret)),
        Key::Password { password, .. } => environment.secrets.conceal(password),
    }
    Ok(found)
}

fn look(source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    if let Some(profile) = &source.profile {
        return from_profile(profile, source, environment);
    }
    if let Some([id, key]) = pair(source, environment, ["SORACOM_AUTH_KEY_ID", "SORACOM_AUTH_KEY"])? {
        let key = Key::Auth { id, key };
        return Ok(Credentials { key, coverage: None, endpoint: environment_endpoint(environment) });
    }
    if let Some(profile) = environment.variable("SORACOM_PROFILE") {
        return from_profile(profile.expose(), source, environment);
    }
    if profile_path("default", environment).is_some_and(|path| path.exists()) {
        return from_profile("default", source, environment);
    }
    let hint = "set SORACOM_AUTH_KEY_ID and SORACOM_AUTH_KEY, or make a profile with soracom configure and write profile = \"NAME\"";
    Err(missing(source, hint))
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
    let profile = Profile {
        name,
        like: "what soracom-cli writes",
        hint: format!("make it with soracom configure --profile {name}"),
    };
    profile.check_name(source)?;
    let path = profile_path(name, environment).ok_or_else(|| profile.no_home(source, "SORACOM_PROFILE_DIR"))?;
    let saved: Saved = profile.read(&path)?;
    let shown = Place::file(path.display().to_string());
    let other_kind = saved.profile_command.as_ref().map(|_| "profileCommand");
    if let Some(key) = other_kind.or(saved.source_profile.as_ref().map(|_| "sourceProfile")) {
        let diagnostic = Diagnostic::error(format!("profiles with {key} are not supported")).at(shown);
        return Err(diagnostic.with_hint("use a profile that holds an authentication key (authKeyId and authKey)"));
    }
    let key = match (present(saved.auth_key_id), present(saved.auth_key), present(saved.password)) {
        (Some(id), Some(key), _) => Key::Auth { id, key },
        (_, _, Some(password)) => {
            Key::Password { email: saved.email, password, operator: saved.operator_id, user: saved.username }
        }
        _ => {
            let diagnostic = Diagnostic::error("the profile holds neither an authentication key nor a password");
            return Err(diagnostic.at(shown).with_hint(profile.hint));
        }
    };
    let coverage = saved.coverage_type.filter(|coverage| !coverage.is_empty());
    let sandbox = || match coverage.as_deref() {
        Some("g") => "https://g.api-sandbox.soracom.io".to_owned(),
        _ => "https://api-sandbox.soracom.io".to_owned(),
    };
    let endpoint = environment_endpoint(environment)
        .or(saved.endpoint.filter(|endpoint| !endpoint.is_empty()))
        .or_else(|| saved.sandbox.then(sandbox));
    Ok(Credentials { key, coverage, endpoint })
}
