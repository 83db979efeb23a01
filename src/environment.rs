//! [`Environment`]: what the program takes from outside besides its files. `main` makes the real one, tests their own.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

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
}

impl Environment {
    /// An environment variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&Secret> {
        self.variables.get(name).filter(|value| !value.expose().is_empty())
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
