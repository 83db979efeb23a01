//! Credentials for KORE, from environment variables or a profile.
//!
//! KORE's tools have no profiles; ours are `~/.config/invoicer/kore/<profile>.json` (`$XDG_CONFIG_HOME` is honoured).

use std::path::PathBuf;

use serde::Deserialize;

use crate::diagnostic::Diagnostic;
use crate::environment::{Environment, Secret};
use crate::model::settings::SourceSettings;
use crate::sources::credentials::{Profile, missing, pair, present};

/// An API client of KORE's console.
pub(super) struct Credentials {
    pub(super) client_id: Secret,
    pub(super) client_secret: Secret,
    /// Base URL that replaces both hosts, when the profile has one.
    pub(super) endpoint: Option<String>,
}

#[derive(Deserialize)]
struct Client {
    client_id: Option<Secret>,
    client_secret: Option<Secret>,
    #[serde(default)]
    endpoint: Option<String>,
}

/// Form of a profile, for messages.
const SHAPE: &str = "{\"client_id\": \"…\", \"client_secret\": \"…\"}";

/// Finds the credentials of a source: its `profile`; without one the environment, then the profile `default`. Registers
/// them as secrets to mask.
///
/// # Errors
/// When there are none, or a profile that others can read.
pub(super) fn find(source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    let found = look(source, environment)?;
    [&found.client_id, &found.client_secret].into_iter().for_each(|secret| environment.secrets.conceal(secret));
    Ok(found)
}

fn look(source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    if let Some(profile) = &source.profile {
        return from_profile(profile, source, environment);
    }
    if let Some([client_id, client_secret]) = pair(source, environment, ["KORE_CLIENT_ID", "KORE_CLIENT_SECRET"])? {
        return Ok(Credentials { client_id, client_secret, endpoint: None });
    }
    if profile_path("default", environment).is_some_and(|path| path.exists()) {
        return from_profile("default", source, environment);
    }
    let hint =
        "set KORE_CLIENT_ID and KORE_CLIENT_SECRET to an API client of KORE's console, or write profile = \"NAME\"";
    Err(missing(source, hint))
}

fn profile_path(name: &str, environment: &Environment) -> Option<PathBuf> {
    Some(environment.configuration()?.join("kore").join(format!("{name}.json")))
}

fn from_profile(name: &str, source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    let profile = Profile { name, like: SHAPE, hint: format!("write {SHAPE} into it, readable by you alone") };
    profile.check_name(source)?;
    let path = profile_path(name, environment).ok_or_else(|| profile.no_home(source, "XDG_CONFIG_HOME"))?;
    let client: Client = profile.read(&path)?;
    match (present(client.client_id), present(client.client_secret)) {
        (Some(client_id), Some(client_secret)) => {
            let endpoint = client.endpoint.filter(|endpoint| !endpoint.is_empty());
            Ok(Credentials { client_id, client_secret, endpoint })
        }
        _ => Err(profile.unlike(&path)),
    }
}
