//! [`Environment`]: what the program takes from outside besides its files. `main` makes the real one, tests their own.

mod secrets;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::endpoint::AllowedHost;
pub use secrets::Secrets;

/// The environment variables, the clock and what depends on it.
pub struct Environment {
    /// Environment variables, those that are UTF-8.
    pub variables: BTreeMap<String, Secret>,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// The time of day.
    pub now: fn() -> DateTime<Utc>,
    /// Time since the program began.
    pub elapsed: fn() -> Duration,
    /// Waits.
    pub wait: fn(Duration),
    /// A number nobody can foretell, so that two clients that were refused together do not come back together.
    pub random: fn() -> u64,
    /// Hears what is done, for those who asked for more.
    pub listener: Box<dyn Fn(&str) + Send + Sync>,
    /// Hosts that may be sent credentials besides the providers' own, by the command line.
    pub allowed_endpoints: Vec<AllowedHost>,
    /// The secrets that were read or received so far.
    pub secrets: Arc<Secrets>,
}

impl Environment {
    /// An environment variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&Secret> {
        self.variables.get(name).filter(|value| !value.expose().is_empty())
    }

    /// Tells the listener a line, without any secret that is known.
    pub fn tell(&self, line: &str) {
        (self.listener)(&self.secrets.masked(line));
    }

    /// Directory of the user's own settings for this program.
    pub fn configuration(&self) -> Option<PathBuf> {
        let directory = match self.variable("XDG_CONFIG_HOME") {
            Some(directory) => PathBuf::from(directory.expose()),
            None => self.home.as_ref()?.join(".config"),
        };
        Some(directory.join("invoicer"))
    }
}

/// Text that must never be shown: a key, a token, a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, to be sent where it belongs and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "*** *** Some(***)");
        assert_eq!(secret.expose(), "hunter2");
    }
}
