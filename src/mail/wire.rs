//! [`Wire`]: the lines of SMTP between this program and a mail server, encrypted or not.
//!
//! The library's own connection is not used: it keeps what it has read across STARTTLS, so that answers which somebody on the
//! way adds in the clear, before the encryption begins, would be taken for the server's (RFC 3207, 4.2).

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::response::Response;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_platform_verifier::Verifier;

use super::connection::Fault;
use super::session::said;
use crate::environment::INSTALL_ROOTS;

/// Longest line of an answer in bytes, twice what RFC 5321, 4.5.3.1.5 allows.
const LONGEST_LINE: u64 = 1024;

/// Most lines of an answer.
const MOST_LINES: usize = 100;

/// How to encrypt, and for which host the certificate has to be.
pub(super) struct Encryption {
    config: Arc<ClientConfig>,
    host: ServerName<'static>,
}

impl Encryption {
    /// Certificates are checked by the roots of the system, and by those of a PEM file.
    pub(super) fn new(host: &str, roots: Option<&[u8]>) -> Result<Encryption, Fault> {
        let fault = |error: &dyn std::fmt::Display| Fault::new(error.to_string());
        let roots = certificates(roots.unwrap_or_default())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // Without roots of ours, the verifier fails for one reason alone: the system has none either.
        let only_the_systems = roots.is_empty();
        let verifier = Verifier::new_with_extra_roots(roots, provider.clone())
            .map_err(|error| if only_the_systems { no_roots() } else { fault(&error) })?;
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config
            .map_err(|error| fault(&error))?
            // Nothing is left out: the verifier is the one of the system.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let host = ServerName::try_from(host.to_owned()).map_err(|error| fault(&error))?;
        Ok(Encryption { config: Arc::new(config), host })
    }

    fn begin(&self, socket: TcpStream) -> Result<Stream, Fault> {
        let session = ClientConnection::new(Arc::clone(&self.config), self.host.clone());
        let mut stream = StreamOwned::new(session.map_err(|error| Fault::new(error.to_string()))?, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).map_err(|error| Fault::new(error.to_string()))?;
        }
        Ok(Stream::Encrypted(Box::new(stream)))
    }
}

/// The fault where no server's certificate can be checked.
fn no_roots() -> Fault {
    Fault { hint: Some(INSTALL_ROOTS), ..Fault::new("this system has no root certificates") }
}

/// The certificates in a PEM file.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    all.map_err(|error| Fault::new(error.to_string()))
}

enum Stream {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Encrypted(stream) => &stream.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(bytes),
            Stream::Encrypted(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Encrypted(stream) => stream.flush(),
        }
    }
}

/// An open connection.
pub(super) struct Wire {
    stream: BufReader<Stream>,
}

impl Wire {
    /// Connects, encrypted from the beginning where `encryption` is given, and reads the greeting.
    ///
    /// # Errors
    /// When no address of the host answers in that time, or its greeting is no welcome.
    pub(super) fn connect(
        (host, port): (&str, u16),
        timeout: Duration,
        encryption: Option<&Encryption>,
    ) -> Result<Wire, Fault> {
        let fault = |error: io::Error| Fault::new(error.to_string());
        let mut last = Fault::new("could not resolve to any address");
        for address in (host, port).to_socket_addrs().map_err(fault)? {
            let socket = match TcpStream::connect_timeout(&address, timeout) {
                Ok(socket) => socket,
                Err(error) => {
                    last = fault(error);
                    continue;
                }
            };
            // A command is one small packet, which would otherwise wait for the answer to the one before.
            socket.set_nodelay(true).map_err(fault)?;
            limit(&socket, timeout).map_err(fault)?;
            let stream = match encryption {
                Some(encryption) => encryption.begin(socket)?,
                None => Stream::Plain(socket),
            };
            let mut wire = Wire { stream: BufReader::new(stream) };
            wire.answer()?;
            return Ok(wire);
        }
        Err(last)
    }

    /// Encrypts the connection after the server has agreed to it.
    ///
    /// # Errors
    /// When the server refuses, its certificate is not good, or anything was sent in the clear after its answer.
    pub(super) fn start_tls(mut self, encryption: &Encryption) -> Result<Wire, Fault> {
        self.command("STARTTLS\r\n")?;
        if !self.stream.buffer().is_empty() {
            return Err(Fault::new("unencrypted answers after the one to STARTTLS: somebody may have added them"));
        }
        match self.stream.into_inner() {
            Stream::Plain(socket) => Ok(Wire { stream: BufReader::new(encryption.begin(socket)?) }),
            Stream::Encrypted(_) => Err(Fault::new("the connection is encrypted already")),
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream.get_ref(), Stream::Encrypted(_))
    }

    /// Limits how long to wait for the next bytes.
    pub(super) fn set_timeout(&mut self, timeout: Duration) -> Result<(), Fault> {
        limit(self.stream.get_ref().socket(), timeout).map_err(|error| Fault::new(error.to_string()))
    }

    /// Sends a command, which ends with a line break, and reads the answer.
    ///
    /// # Errors
    /// An answer that refuses it, with its status; a lost connection, without.
    pub(super) fn command(&mut self, command: impl std::fmt::Display) -> Result<Response, Fault> {
        self.write(command.to_string().as_bytes())?;
        self.answer()
    }

    /// Sends the content of a message with the dot that ends it, and reads the answer.
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub(super) fn message<'a>(&mut self, parts: impl Iterator<Item = &'a [u8]>) -> Result<Response, Fault> {
        // A dot that begins a line is doubled (RFC 5321, 4.5.2).
        let mut before = [b'\r', b'\n'];
        for part in parts {
            let mut sent = Vec::with_capacity(part.len() + 8);
            for byte in part {
                if *byte == b'.' && before == *b"\r\n" {
                    sent.push(b'.');
                }
                sent.push(*byte);
                before = [before[1], *byte];
            }
            self.write(&sent)?;
        }
        self.write(b"\r\n.\r\n")?;
        self.answer()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes).and_then(|()| stream.flush()).map_err(|error| Fault::new(error.to_string()))
    }

    fn answer(&mut self) -> Result<Response, Fault> {
        let mut text = String::new();
        for _ in 0..MOST_LINES {
            let line = self.line()?;
            // The text may be missing (RFC 5321, 4.2), but the library's parser wants the space before it.
            let line = match line.trim_end() {
                code if code.len() == 3 => format!("{code} \r\n"),
                _ => line,
            };
            text += &line;
            if line.as_bytes().get(3) != Some(&b'-') {
                let response: Response =
                    text.parse().map_err(|_| Fault::new(format!("no answer of SMTP: {line:?}")))?;
                return match response.is_positive() {
                    true => Ok(response),
                    false => Err(Fault { status: Some(u16::from(response.code())), ..Fault::new(said(&response)) }),
                };
            }
        }
        Err(Fault::new("an answer without end"))
    }

    /// A line with its line break.
    fn line(&mut self) -> Result<String, Fault> {
        let mut line = Vec::new();
        let read = Read::by_ref(&mut self.stream).take(LONGEST_LINE).read_until(b'\n', &mut line);
        read.map_err(|error| Fault::new(error.to_string()))?;
        match line.last() {
            Some(b'\n') => Ok(String::from_utf8_lossy(&line).into_owned()),
            None => Err(Fault::new("the server closed the connection")),
            Some(_) if line.len() as u64 == LONGEST_LINE => Err(Fault::new("a line of the answer is too long")),
            Some(_) => Err(Fault::new("incomplete response")),
        }
    }
}

fn limit(socket: &TcpStream, timeout: Duration) -> io::Result<()> {
    socket.set_read_timeout(Some(timeout))?;
    socket.set_write_timeout(Some(timeout))
}
