//! Credentials for SAKURA Cloud, from environment variables or a profile of usacloud.
//!
//! Profile format: <https://github.com/sacloud/api-client-go> (`profile/profile.go`).

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Place};
use crate::environment::{Environment, Secret};
use crate::files;
use crate::model::settings::SourceSettings;
use crate::sources::credentials::{Profile, missing, pair, present};

/// An API key, and the base URL to use with it.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) token: Secret,
    pub(super) secret: Secret,
    /// Base URL, when the environment or the profile has one.
    pub(super) root: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    access_token: Option<Secret>,
    access_token_secret: Option<Secret>,
    #[serde(rename = "APIRootURL")]
    api_root_url: Option<String>,
}

/// Prefixes of environment variables: SAKURA's newer tools read the first, its older ones the second.
const PREFIXES: [&str; 2] = ["SAKURA", "SAKURACLOUD"];

/// Finds the credentials of a source: its `profile`; without one the environment, then the current profile. Registers
/// them as secrets to mask.
///
/// # Errors
/// When there are none, half of them, or a profile that others can read.
pub(super) fn find(source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    let found = look(source, environment)?;
    [&found.token, &found.secret].into_iter().for_each(|secret| environment.secrets.conceal(secret));
    Ok(found)
}

fn look(source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    let root = first(environment, &PREFIXES, "API_ROOT_URL");
    if let Some(name) = &source.profile {
        return from_profile(name, root, source, environment);
    }
    for prefix in PREFIXES {
        let names = [format!("{prefix}_ACCESS_TOKEN"), format!("{prefix}_ACCESS_TOKEN_SECRET")];
        if let Some([token, secret]) = pair(source, environment, [&names[0], &names[1]])? {
            return Ok(Credentials { token, secret, root });
        }
    }
    if let Some(name) = first(environment, &["SAKURA", "SAKURACLOUD", "USACLOUD"], "PROFILE") {
        return from_profile(&name, root, source, environment);
    }
    let current = directories(environment).iter().find_map(|directory| {
        let name = files::read(&directory.join("current"), files::TEXT).ok()?;
        let name = String::from_utf8(name).ok()?;
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    });
    let usual = current.as_deref().unwrap_or("default");
    if current.is_some() || profile_path(usual, environment).is_some() {
        return from_profile(usual, root, source, environment);
    }
    let hint = "set SAKURA_ACCESS_TOKEN and SAKURA_ACCESS_TOKEN_SECRET, or make a profile with usacloud config and write profile = \"NAME\"";
    Err(missing(source, hint))
}

fn first(environment: &Environment, prefixes: &[&str], name: &str) -> Option<String> {
    let value = |prefix: &&str| environment.variable(&format!("{prefix}_{name}"));
    prefixes.iter().find_map(value).map(|value| value.expose().to_owned())
}

/// Directories that may hold profiles. Tools differ in whether the configured directory contains `.usacloud` or is it.
fn directories(environment: &Environment) -> Vec<PathBuf> {
    match first(environment, &["SAKURA", "SAKURACLOUD", "USACLOUD"], "PROFILE_DIR") {
        Some(directory) => vec![Path::new(&directory).join(".usacloud"), PathBuf::from(directory)],
        None => environment.home.iter().map(|home| home.join(".usacloud")).collect(),
    }
}

fn profile_path(name: &str, environment: &Environment) -> Option<PathBuf> {
    let paths = directories(environment).into_iter().map(|directory| directory.join(name).join("config.json"));
    paths.into_iter().find(|path| path.exists())
}

fn from_profile(
    name: &str,
    root: Option<String>,
    source: &SourceSettings,
    environment: &Environment,
) -> Result<Credentials, Diagnostic> {
    let profile = Profile {
        name,
        like: "what usacloud writes",
        hint: format!("make it with usacloud config create --name {name}"),
    };
    profile.check_name(source)?;
    let path = profile_path(name, environment).ok_or_else(|| {
        let diagnostic =
            Diagnostic::error(format!("there is no profile \"{name}\" of usacloud")).at(&source.definition);
        let looked = directories(environment);
        if looked.is_empty() {
            return profile.no_home(source, "SAKURA_PROFILE_DIR");
        }
        let looked: Vec<String> = looked.iter().map(|directory| directory.display().to_string()).collect();
        diagnostic.with_note(format!("looked in {}", looked.join(", "))).with_hint(profile.hint.clone())
    })?;
    let saved: Saved = profile.read(&path)?;
    match (present(saved.access_token), present(saved.access_token_secret)) {
        (Some(token), Some(secret)) => {
            let root = root.or(saved.api_root_url.filter(|root| !root.is_empty()));
            Ok(Credentials { token, secret, root })
        }
        _ => {
            let diagnostic = Diagnostic::error("the profile holds no access token with its secret");
            let diagnostic = diagnostic.at(Place::file(path.display().to_string()));
            Err(diagnostic.with_hint("service principals cannot be used: make an API key"))
        }
    }
}
