//! Who asks SAKURA Cloud: environment variables, or a profile of usacloud.
//!
//! Profile format: <https://github.com/sacloud/api-client-go> (`profile/profile.go`).

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Place, cause};
use crate::environment::{Environment, Secret};
use crate::model::settings::SourceSettings;
use crate::sources::fetch::place;
use crate::sources::private_file;

/// An API key, and where to ask with it.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) token: Secret,
    pub(super) secret: Secret,
    /// Base URL, when the environment or the profile says.
    pub(super) root: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Profile {
    access_token: Option<Secret>,
    access_token_secret: Option<Secret>,
    #[serde(rename = "APIRootURL")]
    api_root_url: Option<String>,
}

/// SAKURA's newer tools read the first, its older ones the second.
const PREFIXES: [&str; 2] = ["SAKURA", "SAKURACLOUD"];

/// Finds the credentials of a source: its `profile`; without one the environment, then the usual profile.
///
/// # Errors
/// When there are none, half of them, or a profile that others can read.
pub(super) fn find(source: &SourceSettings, environment: &Environment) -> Result<Credentials, Diagnostic> {
    let root = first(environment, &PREFIXES, "API_ROOT_URL");
    if let Some(name) = &source.profile {
        return from_profile(name, root, source, environment);
    }
    for prefix in PREFIXES {
        let names = [format!("{prefix}_ACCESS_TOKEN"), format!("{prefix}_ACCESS_TOKEN_SECRET")];
        match (environment.variable(&names[0]), environment.variable(&names[1])) {
            (Some(token), Some(secret)) => {
                return Ok(Credentials { token: token.clone(), secret: secret.clone(), root });
            }
            (None, None) => {}
            _ => {
                let diagnostic = Diagnostic::error(format!("only one of {} and {} is set", names[0], names[1]));
                return Err(diagnostic.at(place(source)).with_hint("set both, or neither"));
            }
        }
    }
    if let Some(name) = first(environment, &["SAKURA", "SAKURACLOUD", "USACLOUD"], "PROFILE") {
        return from_profile(&name, root, source, environment);
    }
    let current = directories(environment).iter().find_map(|directory| {
        let name = std::fs::read_to_string(directory.join("current")).ok()?;
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    });
    let usual = current.as_deref().unwrap_or("default");
    if current.is_some() || profile_path(usual, environment).is_some() {
        return from_profile(usual, root, source, environment);
    }
    let diagnostic = Diagnostic::error(format!("no credentials for the source \"{}\"", source.name));
    Err(diagnostic.at(place(source)).with_hint(
        "set SAKURA_ACCESS_TOKEN and SAKURA_ACCESS_TOKEN_SECRET, or make a profile with usacloud config and write profile = \"NAME\"",
    ))
}

fn first(environment: &Environment, prefixes: &[&str], name: &str) -> Option<String> {
    let value = |prefix: &&str| environment.variable(&format!("{prefix}_{name}"));
    prefixes.iter().find_map(value).map(|value| value.expose().to_owned())
}

/// Where profiles may lie. Tools differ in whether the directory they are told holds `.usacloud` or is it.
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
    if matches!(name, "" | "." | "..") || name.contains(['/', '\\']) {
        return Err(Diagnostic::error(format!("{name:?} is no name of a profile")).at(place(source)));
    }
    let make = format!("make it with usacloud config create --name {name}");
    let path = profile_path(name, environment).ok_or_else(|| {
        let diagnostic = Diagnostic::error(format!("there is no profile \"{name}\" of usacloud"));
        let looked = directories(environment);
        let looked: Vec<String> = looked.iter().map(|directory| directory.display().to_string()).collect();
        diagnostic.at(place(source)).with_note(format!("looked in {}", looked.join(", "))).with_hint(make.clone())
    })?;
    private_file::check(&path)?;
    let shown = path.display().to_string();
    let text = std::fs::read(&path).map_err(|error| {
        Diagnostic::error(format!("cannot read the profile \"{name}\": {}", cause(&error))).at(Place::file(&shown))
    })?;
    // The parser's message may hold a piece of the file, so only the place is told.
    let profile: Profile = serde_json::from_slice(&text).map_err(|error| {
        let line = u32::try_from(error.line()).unwrap_or(1);
        // The line itself may hold the secret.
        let place = Place::line(&shown, line).with_excerpt("***");
        Diagnostic::error("the profile is not what usacloud writes").at(place).with_hint(make.clone())
    })?;
    let present = |secret: Option<Secret>| secret.filter(|secret| !secret.expose().is_empty());
    match (present(profile.access_token), present(profile.access_token_secret)) {
        (Some(token), Some(secret)) => {
            let root = root.or(profile.api_root_url.filter(|root| !root.is_empty()));
            Ok(Credentials { token, secret, root })
        }
        _ => {
            let diagnostic = Diagnostic::error("the profile holds no access token with its secret");
            Err(diagnostic.at(Place::file(&shown)).with_hint("service principals cannot be used: make an API key"))
        }
    }
}
