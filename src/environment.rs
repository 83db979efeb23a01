//! [`Environment`]: everything the program reads from outside, except files. `main` and tests make one.

mod secrets;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::endpoint::AllowedHost;
pub use secrets::Secrets;

/// The environment variables, the clock, and other input that differs between runs.
pub struct Environment {
    /// Environment variables with UTF-8 names and values.
    pub variables: BTreeMap<String, Secret>,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// Returns the current time.
    pub now: fn() -> DateTime<Utc>,
    /// Returns the time since the program started.
    pub elapsed: fn() -> Duration,
    /// Waits for a duration.
    pub wait: fn(Duration),
    /// Returns random bits for retry jitter, so that clients that were refused together do not retry together.
    pub random: fn() -> u64,
    /// Receives progress lines for `-v`.
    pub listener: Box<dyn Fn(&str) + Send + Sync>,
    /// Hosts that the command line allows to receive credentials, besides the providers' own.
    pub allowed_endpoints: Vec<AllowedHost>,
    /// The secrets that were read or received so far, which are masked in output.
    pub secrets: Arc<Secrets>,
}

impl Environment {
    /// An environment variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&Secret> {
        self.variables.get(name).filter(|value| !value.expose().is_empty())
    }

    /// Passes a line to the listener, with all known secrets masked.
    pub fn tell(&self, line: &str) {
        (self.listener)(&self.secrets.masked(line));
    }

    /// Directory of the user's own settings for invoicer.
    pub fn configuration(&self) -> Option<PathBuf> {
        let directory = match self.variable("XDG_CONFIG_HOME") {
            Some(directory) => PathBuf::from(directory.expose()),
            None => self.home.as_ref()?.join(".config"),
        };
        Some(directory.join("invoicer"))
    }
}

/// The hint where no server's certificate can be checked, as in a container with nothing but this program. The verifier reads the
/// variable, as `curl` and others do; one that names no such file leaves it without roots, too.
pub const INSTALL_ROOTS: &str =
    "install the system's root certificates (Debian: ca-certificates), or set SSL_CERT_FILE to a PEM file with them";

/// Text that must never be shown: a key, a token, a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`, so that it is not shown by accident.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, only to be sent to where it belongs.
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
