//! [`Route`] to a mail server, and [`Outcome`] of a message there; [`Session`] connects them.

use std::path::Path;
use std::time::Duration;

#[cfg(not(feature = "mail"))]
pub use super::absent::Session;
#[cfg(not(feature = "mail"))]
use super::absent::certificates;
#[cfg(feature = "mail")]
pub use super::session::Session;
#[cfg(feature = "mail")]
use super::wire::certificates;
use crate::diagnostic::{Diagnostic, cause};
use crate::environment::Secret;
use crate::files;
use crate::model::mail::{Login, MailServer, MailSettings, Mailbox};

/// How long to wait for the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// For an answer to a command.
    pub answer: Duration,
    /// For what becomes of a message.
    pub outcome: Duration,
}

impl Default for Limits {
    /// What RFC 5321, 4.5.3.2 asks for: giving up too early on what becomes of a message would leave it unknown.
    fn default() -> Limits {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Limits { connect: Duration::from_secs(30), answer: minutes(5), outcome: minutes(10) }
    }
}

/// A server, and how to log in there.
#[derive(Clone, Debug)]
pub struct Route {
    /// The server.
    pub server: MailServer,
    /// How to log in.
    pub login: Login,
    /// User name; empty where nobody logs in.
    pub username: String,
    /// Password or token.
    pub secret: Option<Secret>,
    /// A further root certificate, as PEM.
    pub ca: Option<Vec<u8>>,
    /// How long to wait.
    pub limits: Limits,
}

/// The file of `ca`, a root certificate besides those of the system.
///
/// # Errors
/// When it cannot be read, or has no certificate.
pub fn root_certificates(root: &Path, mail: &MailSettings) -> Result<Option<Vec<u8>>, Diagnostic> {
    let Some((path, definition)) = &mail.ca else {
        return Ok(None);
    };
    let wrong = |why: &str| {
        let message = format!("cannot use the file that [mail] ca names: {why}");
        Diagnostic::error(message).at(definition).with_hint("it is the server's root certificate as PEM")
    };
    let bytes = files::read(&root.join(path), files::TEXT).map_err(|error| wrong(&cause(&error)))?;
    match certificates(&bytes) {
        Ok(certificates) if certificates.is_empty() => Err(wrong("it has no certificate")),
        Ok(_) => Ok(Some(bytes)),
        Err(_) => Err(wrong("a certificate in it cannot be decoded")),
    }
}

/// A message on its way: the envelope and the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// Envelope sender.
    pub from: &'a Mailbox,
    /// Envelope recipients.
    pub to: &'a [Mailbox],
    /// The message.
    pub bytes: &'a [u8],
}

/// Why something did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The server's status, such as 421; none where it said nothing.
    pub status: Option<u16>,
    /// What it said, or what happened.
    pub reply: String,
    /// The way out, where it is not to look at the settings.
    pub hint: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(reply: impl Into<String>) -> Fault {
        Fault { status: None, reply: reply.into(), hint: None }
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server accepted it; with its answer.
    Sent(String),
    /// It refused it for good.
    Refused(Fault),
    /// It was not delivered; another attempt may help.
    Failed(Fault),
    /// It may have been delivered.
    Unknown(Fault),
}
