//! In the place of a connection, where the program was built without the feature `mail`: messages are composed and shown, but
//! none is sent.

use super::connection::{Fault, Outcome, Parcel, Route};
use crate::diagnostic::Diagnostic;

/// No session is ever opened.
pub enum Session {}

impl Session {
    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub(super) fn open(_: &Route) -> Result<Session, Fault> {
        let hint = "install it with its feature: `cargo install --path . --features mail`";
        Err(Fault { hint: Some(hint), ..Fault::new("this program was built without the feature `mail`") })
    }

    /// Most bytes that the server takes.
    pub(super) fn size(&self) -> Option<u64> {
        match *self {}
    }

    /// Whether the connection is good for another message.
    pub(super) fn is_alive(&mut self) -> bool {
        match *self {}
    }

    /// Hands a message over.
    ///
    /// # Errors
    /// None.
    pub(super) fn deliver(
        self,
        _: Parcel<'_>,
        _: &mut dyn FnMut() -> Result<(), Diagnostic>,
    ) -> Result<(Outcome, Option<Session>), Diagnostic> {
        match self {}
    }

    /// Takes leave of the server.
    pub(super) fn close(self) {
        match self {}
    }
}

/// The certificates in a PEM file: without encryption, only whether it looks like one is known.
///
/// # Errors
/// None.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let begin = b"-----BEGIN CERTIFICATE-----";
    Ok(pem.windows(begin.len()).filter(|window| window == begin).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::connection::Limits;
    use crate::model::mail::{Encryption, Login, MailServer};

    #[test]
    fn nothing_is_sent_and_the_way_out_is_named() {
        let server = MailServer { host: "mail.example".to_owned(), port: 465, encryption: Encryption::Tls };
        let limits = Limits::default();
        let route = Route { server, login: Login::None, username: String::new(), secret: None, ca: None, limits };
        let Err(fault) = Session::open(&route);
        assert_eq!((fault.status, fault.reply.as_str()), (None, "this program was built without the feature `mail`"));
        assert_eq!(fault.hint, Some("install it with its feature: `cargo install --path . --features mail`"));
    }

    #[test]
    fn a_file_with_certificates_is_told_from_others() {
        let pem = b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(pem).unwrap().len(), 1);
        assert_eq!(certificates(b"-----BEGIN PRIVATE KEY-----").unwrap().len(), 0);
    }
}
