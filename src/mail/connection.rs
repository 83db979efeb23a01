//! [`Route`] to a mail server, and [`Outcome`] of a message there; a [`Session`](super::Session) leads from one to the other.

use std::time::Duration;

use crate::environment::Secret;
use crate::model::mail::{Login, MailServer, Mailbox};

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
