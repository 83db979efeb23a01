//! The one HTTP client: bounded in time, size and number of attempts; says what it does without saying secrets.
//!
//! Answers come back whatever their status, once there is no point in asking again: what a 404 means is the provider's
//! business. Redirects are followed to where credentials are not sent along.

mod request;
mod response;
mod retry;

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderName, HeaderValue, LOCATION};
pub use reqwest::{Method, Url};
use sha2::{Digest, Sha256};

use crate::diagnostic::Diagnostic;
use crate::environment::Environment;
use crate::model::endpoint::is_this_machine;
use crate::staging;
pub use request::Request;
pub use response::Response;

/// How far a request may go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for a connection to be made.
    pub connect: Duration,
    /// Time without a byte from the other side.
    pub silence: Duration,
    /// Time for a whole answer.
    pub answer: Duration,
    /// Size of an answer in bytes.
    pub size: u64,
    /// How often to ask in all.
    pub attempts: u32,
    /// The longest wait between attempts.
    pub wait: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(10),
            // soracom-cli's.
            silence: Duration::from_secs(120),
            answer: Duration::from_secs(1800),
            size: 4 << 30,
            attempts: 5,
            // SORACOM counts per minute.
            wait: Duration::from_secs(65),
        }
    }
}

/// Where an answer's body goes.
enum Target<'f> {
    Memory,
    File(&'f mut File),
}

/// The client of one source.
pub struct Client<'e> {
    inner: reqwest::blocking::Client,
    environment: &'e Environment,
    limits: Limits,
    /// Plain HTTP to this machine is allowed: the source's endpoint is there.
    local: bool,
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("limits", &self.limits).field("local", &self.local).finish_non_exhaustive()
    }
}

/// Why there was no answer.
#[derive(Debug)]
struct Broken {
    cause: String,
    /// Another attempt may help.
    passing: bool,
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken { cause: root_cause(&error), passing: true }
    }
}

impl<'e> Client<'e> {
    /// A client for an endpoint.
    ///
    /// # Errors
    /// When this machine cannot make any connection, as without certificates.
    pub fn new(endpoint: &Url, environment: &'e Environment, limits: Limits) -> Result<Client<'e>, Diagnostic> {
        static CRYPTOGRAPHY: OnceLock<()> = OnceLock::new();
        CRYPTOGRAPHY.get_or_init(|| {
            // It fails only where one is installed already, which is as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let local = is_this_machine(endpoint);
        let mut builder = reqwest::blocking::Client::builder()
            .user_agent(concat!("invoicer/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .timeout(limits.silence);
        if local {
            builder = builder.no_proxy();
        }
        let inner = builder.build().map_err(|error| {
            Diagnostic::could_not_run(format!("cannot begin a connection: {}", root_cause(&error)))
                .with_hint("are the system's certificates installed? (Debian: ca-certificates)")
        })?;
        Ok(Client { inner, environment, limits, local })
    }

    /// The time of day.
    pub fn now(&self) -> DateTime<Utc> {
        (self.environment.now)()
    }

    /// Waits, as between two looks at something that takes its time.
    pub fn wait(&self, time: Duration) {
        (self.environment.wait)(time);
    }

    /// Asks and keeps the answer in memory.
    ///
    /// # Errors
    /// When there is no answer, or none that is complete.
    pub fn send(&self, request: &Request) -> Result<Response, Diagnostic> {
        self.ask(request, &mut Target::Memory)
    }

    /// Asks and writes the answer's body into a file, from its beginning.
    ///
    /// # Errors
    /// When there is no answer, none that is complete, or it cannot be written.
    pub fn download(&self, request: &Request, file: &mut File) -> Result<Response, Diagnostic> {
        self.ask(request, &mut Target::File(file))
    }

    fn ask(&self, request: &Request, target: &mut Target<'_>) -> Result<Response, Diagnostic> {
        let mut attempt = 1;
        loop {
            let start = (self.environment.elapsed)();
            let result = self.follow(request, target);
            let took = (self.environment.elapsed)().saturating_sub(start);
            let told = match &result {
                Ok(response) => response.status.to_string(),
                Err(Stopped::Broken(broken)) => broken.cause.clone(),
                Err(Stopped::Refused(diagnostic)) => diagnostic.message.clone(),
            };
            let (method, url) = (&request.method, request.shown_url());
            (self.environment.listener)(&format!("{method} {url} → {told} ({} ms)", took.as_millis()));
            let last = attempt >= request.attempts.unwrap_or(self.limits.attempts);
            let back_off = || retry::back_off(attempt, self.limits.wait, (self.environment.random)());
            let wait = match result {
                Err(Stopped::Refused(diagnostic)) => return Err(diagnostic),
                Err(Stopped::Broken(broken)) if last || !broken.passing => {
                    return Err(no_answer(request, &broken, attempt));
                }
                Err(Stopped::Broken(_)) => back_off(),
                Ok(mut response) => {
                    response.attempts = attempt;
                    let wait = retry::asked_wait(&response, self.now()).unwrap_or_else(back_off);
                    if last || !retry::is_busy(request, response.status) || wait > self.limits.wait {
                        return Ok(response);
                    }
                    wait
                }
            };
            (self.environment.listener)(&format!("waiting {} ms before attempt {}", wait.as_millis(), attempt + 1));
            (self.environment.wait)(wait);
            attempt += 1;
        }
    }

    /// Asks, and asks where it is sent to.
    fn follow(&self, request: &Request, target: &mut Target<'_>) -> Result<Response, Stopped> {
        let mut request = request.clone();
        for _ in 0..=5 {
            self.check_scheme(&request)?;
            let response = self.once(&request, target)?;
            let location = match response.status {
                301 | 302 | 303 | 307 | 308 => response.header(LOCATION.as_str()).map(str::to_owned),
                _ => None,
            };
            let Some(location) = location else {
                return Ok(response);
            };
            if request.method != Method::GET {
                let message = format!("{} {}: is redirected, which no provider does", request.method, response.url);
                return Err(Stopped::Refused(Diagnostic::could_not_run(message).with_hint("check the endpoint")));
            }
            let url = request.url.join(&location).map_err(|_| {
                let message = format!("GET {}: is redirected to what is no URL", response.url);
                Stopped::Refused(Diagnostic::could_not_run(message))
            })?;
            request = Request::get(url).secret_query();
        }
        let message = format!("GET {}: is redirected again and again", request.shown_url());
        Err(Stopped::Refused(Diagnostic::could_not_run(message).with_hint("check the endpoint")))
    }

    /// Everything goes over HTTPS, but for an endpoint on this machine.
    fn check_scheme(&self, request: &Request) -> Result<(), Stopped> {
        if request.url.scheme() == "https"
            || self.local && request.url.scheme() == "http" && is_this_machine(&request.url)
        {
            return Ok(());
        }
        let message = format!("{} {}: is not HTTPS", request.method, request.shown_url());
        Err(Stopped::Refused(Diagnostic::could_not_run(message).with_hint("bills and keys only travel encrypted")))
    }

    fn once(&self, request: &Request, target: &mut Target<'_>) -> Result<Response, Broken> {
        let start = (self.environment.elapsed)();
        let mut outgoing = self.inner.request(request.method.clone(), request.url.clone());
        for (name, value) in &request.headers {
            let invalid =
                |_| Broken { cause: format!("the header {name} has signs no header may have"), passing: false };
            let mut value = HeaderValue::from_str(value.expose()).map_err(invalid)?;
            value.set_sensitive(true);
            outgoing = outgoing.header(HeaderName::from_static(name), value);
        }
        if let Some((media_type, body)) = &request.body {
            outgoing = outgoing.header("content-type", *media_type).body(body.expose().to_owned());
        }
        let mut incoming = outgoing
            .send()
            .map_err(|error| Broken { passing: !error.is_builder(), cause: root_cause(&error.without_url()) })?;
        let mut response = Response {
            status: incoming.status().as_u16(),
            method: request.method.to_string(),
            url: request.shown_url(),
            headers: incoming.headers().clone(),
            body: Vec::new(),
            length: 0,
            sha256: String::new(),
            time: self.now(),
            attempts: 1,
        };
        // A refusal's body is a few lines for people; only what was asked for goes into the file.
        let mut file = match target {
            Target::File(file) if response.is_success() => Some(file),
            _ => None,
        };
        let unwritable = |error: io::Error| Broken { cause: format!("cannot write the file: {error}"), passing: false };
        if let Some(file) = &mut file {
            file.set_len(0).and_then(|()| file.rewind()).map_err(unwritable)?;
        }
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = match incoming.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Broken::from(error)),
            };
            response.length += count as u64;
            if response.length > self.limits.size {
                let cause = format!("the answer is larger than {} bytes", self.limits.size);
                return Err(Broken { cause, passing: false });
            }
            if (self.environment.elapsed)().saturating_sub(start) > self.limits.answer {
                return Err(Broken { cause: "the answer takes too long".to_owned(), passing: true });
            }
            hash.update(&buffer[..count]);
            match &mut file {
                Some(file) => file.write_all(&buffer[..count]).map_err(unwritable)?,
                None => response.body.extend_from_slice(&buffer[..count]),
            }
        }
        response.sha256 = staging::hex(&hash.finalize());
        response.time = self.now();
        Ok(response)
    }
}

fn no_answer(request: &Request, broken: &Broken, attempts: u32) -> Diagnostic {
    let (method, url) = (&request.method, request.shown_url());
    let diagnostic = Diagnostic::could_not_run(format!("{method} {url}: {}", broken.cause));
    let diagnostic = if attempts > 1 { diagnostic.with_note(format!("asked {attempts} times")) } else { diagnostic };
    diagnostic.with_hint("check the network and the source's endpoint, and run the command again")
}

enum Stopped {
    /// No answer, or half of one.
    Broken(Broken),
    /// Nothing that another attempt would change.
    Refused(Diagnostic),
}

impl From<Broken> for Stopped {
    fn from(broken: Broken) -> Stopped {
        Stopped::Broken(broken)
    }
}

/// The innermost cause: outer ones only say that a request failed.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
