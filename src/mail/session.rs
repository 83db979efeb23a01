//! [`Session`]: a connection to a mail server, and what it makes of each message.
//!
//! The commands are sent one by one, because only that shows how far a message got: what was lost before its last byte can be
//! sent again, what was lost after it may have been delivered.

use std::time::Duration;

use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter, ServerInfo};
use lettre::transport::smtp::response::{Response, Severity};

use super::connection::{Fault, Outcome, Parcel, Route};
use super::login::log_in;
use super::message::address;
use super::wire::{self, Wire};
use crate::diagnostic::Diagnostic;
use crate::model::mail::Encryption;
use crate::staging::interruption;

/// An open connection.
pub struct Session {
    wire: Wire,
    /// Most bytes of a message; none where the server names no limit.
    size: Option<u64>,
    outcome_limit: Duration,
    answer_limit: Duration,
}

/// Bytes handed to the connection at once.
const CHUNK: usize = 16 << 10;

impl Session {
    /// Connects, encrypts the connection and logs in.
    ///
    /// # Errors
    /// A server that cannot be reached, does not encrypt, is not the one its certificate is for, or refuses the login. The
    /// password is sent only through an encrypted connection.
    pub fn open(route: &Route) -> Result<Session, Fault> {
        let Route { server, limits, .. } = route;
        let encryption = || wire::Encryption::new(&server.host, route.ca.as_deref());
        let place = (server.host.as_str(), server.port);
        let mut wire = match server.encryption {
            Encryption::Tls => Wire::connect(place, limits.connect, Some(&encryption()?))?,
            Encryption::StartTls | Encryption::None => Wire::connect(place, limits.connect, None)?,
        };
        let mut extensions = wire.command(hello())?;
        if server.encryption == Encryption::StartTls {
            if !known(&extensions)?.supports_feature(Extension::StartTls) {
                // Else a server would get everything in the clear.
                return Err(Fault::new("the server does not offer STARTTLS"));
            }
            wire = wire.start_tls(&encryption()?)?;
            // What the server said in the clear counts no more.
            extensions = wire.command(hello())?;
        }
        wire.set_timeout(limits.answer)?;
        // The library does not tell the limit that the server names.
        let size = size(&extensions);
        log_in(&mut wire, &known(&extensions)?, route)?;
        Ok(Session { wire, size, outcome_limit: limits.outcome, answer_limit: limits.answer })
    }

    /// Most bytes that the server takes; none where it names no limit.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether the connection is good for another message.
    pub fn is_alive(&mut self) -> bool {
        self.wire.command(Rset).is_ok_and(|response| is_done(&response))
    }

    /// Hands a message over. `before_body` is called when the server has asked for the message and has no byte of it yet; if
    /// it fails, the connection is closed and nothing was delivered.
    ///
    /// # Errors
    /// Those of `before_body`.
    pub fn deliver(
        mut self,
        parcel: Parcel<'_>,
        before_body: &mut dyn FnMut() -> Result<(), Diagnostic>,
    ) -> Result<(Outcome, Option<Session>), Diagnostic> {
        if let Err(fault) = self.announce(parcel) {
            let lost = fault.status.is_none() || fault.status == Some(421);
            let session = (!lost).then_some(self);
            let outcome = if fault.is_final() { Outcome::Refused(fault) } else { Outcome::Failed(fault) };
            // Nobody gets a message that one recipient does not get; the next message begins with RSET.
            return Ok((outcome, session));
        }
        // An error here drops the connection: the server has no end of the message and discards it.
        before_body()?;
        Ok(self.send_body(parcel.bytes))
    }

    /// Sends the envelope, up to the server's request for the message.
    fn announce(&mut self, parcel: Parcel<'_>) -> Result<(), Fault> {
        let done = |response: Response| match is_done(&response) {
            true => Ok(()),
            false => Err(unexpected(&response)),
        };
        let size = self.size.is_some().then_some(MailParameter::Size(parcel.bytes.len()));
        let from = Mail::new(Some(address(parcel.from)), size.into_iter().collect());
        self.wire.command(from).and_then(done)?;
        for to in parcel.to {
            let answered = self.wire.command(Rcpt::new(address(to), Vec::new())).and_then(done);
            answered.map_err(|fault| Fault { reply: format!("{}: {}", to.address(), fault.reply), ..fault })?;
        }
        let response = self.wire.command(Data)?;
        if response.has_code(354) { Ok(()) } else { Err(unexpected(&response)) }
    }

    fn send_body(mut self, bytes: &[u8]) -> (Outcome, Option<Session>) {
        // The line break before the dot is the message's last.
        let bytes = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        let mut is_whole = false;
        let mut chunks = bytes.chunks(CHUNK);
        let body = std::iter::from_fn(|| {
            interruption::point();
            let next = chunks.next();
            is_whole = next.is_none();
            next
        });
        let result = match self.wire.set_timeout(self.outcome_limit) {
            Ok(()) => self.wire.message(body),
            Err(fault) => return (Outcome::Failed(fault), None),
        };
        let outcome = match result {
            Ok(response) if is_done(&response) => Outcome::Sent(said(&response)),
            // Neither yes nor no.
            Ok(response) => Outcome::Unknown(unexpected(&response)),
            Err(fault) => match fault.status {
                Some(_) if fault.is_final() => Outcome::Refused(fault),
                Some(_) => Outcome::Failed(fault),
                // A cut answer, silence and a lost connection are one: the server may have the message.
                None if is_whole => Outcome::Unknown(fault),
                None => Outcome::Failed(fault),
            },
        };
        let is_alive = match &outcome {
            Outcome::Sent(_) => true,
            Outcome::Refused(fault) | Outcome::Failed(fault) => fault.status.is_some_and(|status| status != 421),
            Outcome::Unknown(_) => false,
        };
        let is_alive = is_alive && self.wire.set_timeout(self.answer_limit).is_ok();
        (outcome, is_alive.then_some(self))
    }

    /// Takes leave of the server.
    pub fn close(mut self) {
        // Everything is delivered; a server that does not answer makes no difference.
        let _ = self.wire.set_timeout(Duration::from_secs(2));
        let _ = self.wire.command(Quit);
    }
}

impl Fault {
    /// Whether the server refused it for good.
    fn is_final(&self) -> bool {
        self.status.is_some_and(|status| status >= 500)
    }
}

/// The fault of an answer that does not belong to the command.
pub(super) fn unexpected(response: &Response) -> Fault {
    Fault::new(format!("unexpected answer: {}", said(response)))
}

fn hello() -> Ehlo {
    Ehlo::new(ClientId::default())
}

fn known(extensions: &Response) -> Result<ServerInfo, Fault> {
    ServerInfo::from_response(extensions).map_err(|error| Fault::new(error.to_string()))
}

/// The limit of the extension SIZE (RFC 1870); 0 is none.
fn size(extensions: &Response) -> Option<u64> {
    let limit = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        name.eq_ignore_ascii_case("SIZE").then(|| value.trim().parse::<u64>().ok())?
    };
    extensions.message().find_map(limit).filter(|size| *size > 0)
}

fn is_done(response: &Response) -> bool {
    response.code().severity == Severity::PositiveCompletion
}

pub(super) fn said(response: &Response) -> String {
    let text = response.message().collect::<Vec<&str>>().join(" ");
    shown(Some(u16::from(response.code())), &text)
}

/// Most characters of an answer in messages and in the journal.
const LONGEST_REPLY: usize = 300;

/// A status with what the server said, on one line.
fn shown(status: Option<u16>, text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REPLY).collect();
    match (status, text.trim()) {
        (Some(status), "") => status.to_string(),
        (Some(status), text) => format!("{status} {text}"),
        (None, text) => text.to_owned(),
    }
}
