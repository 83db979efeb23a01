//! The only HTTP client: limited in time, size and number of attempts; its messages contain no secrets.
//!
//! Returns answers of any status once there is no point in asking again: what a 404 means depends on the provider.
//! Follows redirects without sending credentials along.

#[cfg(any(test, not(feature = "fetch")))]
#[cfg_attr(feature = "fetch", allow(dead_code, unreachable_pub, reason = "for its own tests alone"))]
mod absent;
mod limits;
mod request;
mod response;
mod retry;
#[cfg(feature = "fetch")]
mod transport;

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;
pub use http::Method;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, LOCATION, TRANSFER_ENCODING};
use sha2::{Digest, Sha256};
pub use url::Url;

use crate::diagnostic::Diagnostic;
use crate::environment::{Environment, Secret};
use crate::model::endpoint::is_this_machine;
use crate::staging;
#[cfg(not(feature = "fetch"))]
use absent::Transport;
use limits::Budget;
pub use limits::{Limits, Pages};
pub use request::Request;
pub use response::Response;
#[cfg(feature = "fetch")]
use transport::Transport;

/// Destination of an answer's body.
enum Target<'f> {
    Memory,
    File(&'f mut File),
}

/// The client of one source.
pub struct Client<'e> {
    transport: Transport,
    environment: &'e Environment,
    limits: Limits,
    budget: Budget,
    /// Whether plain HTTP to this machine is allowed, because the source's endpoint is there.
    local: bool,
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("limits", &self.limits).field("local", &self.local).finish_non_exhaustive()
    }
}

/// The head of an answer, and its body to be read.
struct Incoming<Body> {
    status: u16,
    headers: HeaderMap,
    body: Body,
}

/// Why there was no answer.
#[derive(Debug)]
struct Broken {
    cause: String,
    /// Whether another attempt may help.
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
    /// When this machine cannot make any connection, for example without certificates.
    pub fn new(endpoint: &Url, environment: &'e Environment, limits: Limits) -> Result<Client<'e>, Diagnostic> {
        let local = is_this_machine(endpoint);
        let transport = Transport::new(limits, local)?;
        let budget = Budget::new((environment.elapsed)());
        Ok(Client { transport, environment, limits, budget, local })
    }

    /// The time of day.
    pub fn now(&self) -> DateTime<Utc> {
        (self.environment.now)()
    }

    /// Waits, for example between two checks of an export.
    pub fn wait(&self, time: Duration) {
        (self.environment.wait)(time);
    }

    /// Sends a request and keeps the answer in memory.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub fn send(&self, request: &Request) -> Result<Response, Diagnostic> {
        self.ask(request, &mut Target::Memory)
    }

    /// Sends a request and writes the answer's body to a file, from its beginning.
    ///
    /// # Errors
    /// When there is no complete answer, or it cannot be written.
    pub fn download(&self, request: &Request, file: &mut File) -> Result<Response, Diagnostic> {
        self.ask(request, &mut Target::File(file))
    }

    fn ask(&self, request: &Request, target: &mut Target<'_>) -> Result<Response, Diagnostic> {
        self.conceal(request);
        let mut attempt = 1;
        let first = (self.environment.elapsed)();
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
            self.environment.tell(&format!("{method} {url} → {told} ({} ms)", took.as_millis()));
            let late = (self.environment.elapsed)().saturating_sub(first) > self.limits.retry;
            let last = late || attempt >= request.attempts.unwrap_or(self.limits.attempts);
            let back_off = || retry::back_off(attempt, self.limits.wait, (self.environment.random)());
            let wait = match result {
                Err(Stopped::Refused(diagnostic)) => return Err(self.masked(diagnostic)),
                Err(Stopped::Broken(broken)) if last || !broken.passing => {
                    return Err(self.masked(no_answer(request, &broken, attempt)));
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
            self.environment.tell(&format!("waiting {} ms before attempt {}", wait.as_millis(), attempt + 1));
            (self.environment.wait)(wait);
            attempt += 1;
        }
    }

    fn masked(&self, diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.map_text(&|text| self.environment.secrets.masked(text))
    }

    /// Registers the keys in a presigned URL as secrets to mask.
    fn conceal(&self, request: &Request) {
        for secret in request.secrets_of_query() {
            self.environment.secrets.conceal(&Secret::new(secret));
        }
    }

    /// Sends a request and follows redirects.
    fn follow(&self, request: &Request, target: &mut Target<'_>) -> Result<Response, Stopped> {
        let mut request = request.clone();
        for _ in 0..=5 {
            self.check_scheme(&request)?;
            if let Some(used_up) = self.budget.ask(&self.limits, (self.environment.elapsed)()) {
                let message = format!("{} {}: not asked for {used_up}", request.method, request.shown_url());
                let hint = "a bill does not need so much: check the endpoint, and what the provider answers with -v";
                return Err(Stopped::Refused(Diagnostic::could_not_run(message).with_hint(hint)));
            }
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
            self.conceal(&request);
        }
        let message = format!("GET {}: is redirected again and again", request.shown_url());
        Err(Stopped::Refused(Diagnostic::could_not_run(message).with_hint("check the endpoint")))
    }

    /// Requires HTTPS, except for an endpoint on this machine.
    fn check_scheme(&self, request: &Request) -> Result<(), Stopped> {
        if request.url.scheme() == "https"
            || self.local && request.url.scheme() == "http" && is_this_machine(&request.url)
        {
            return Ok(());
        }
        let message = format!("{} {}: is not HTTPS", request.method, request.shown_url());
        Err(Stopped::Refused(Diagnostic::could_not_run(message).with_hint("bills and keys only travel encrypted")))
    }

    fn once(&self, request: &Request, target: &mut Target<'_>) -> Result<Response, Stopped> {
        let start = (self.environment.elapsed)();
        let mut incoming = self.transport.send(request)?;
        let mut response = Response {
            status: incoming.status,
            method: request.method.to_string(),
            url: self.environment.secrets.masked(&request.shown_url()),
            headers: incoming.headers,
            body: Vec::new(),
            length: 0,
            sha256: String::new(),
            time: self.now(),
            attempts: 1,
            secrets: Arc::clone(&self.environment.secrets),
        };
        if response.is_success()
            && let Some(why) = not_whole(&response.headers)
        {
            let message = format!("{} {}: {why}", response.method, response.url);
            let hint = "a proxy may have changed the answer: check the endpoint, and run the command again";
            return Err(Stopped::Refused(Diagnostic::could_not_run(message).with_hint(hint)));
        }
        // The body of an error goes to memory for the message; only a successful answer goes to the file.
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
            let count = match incoming.body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Broken::from(error).into()),
            };
            response.length += count as u64;
            self.budget.receive(count as u64);
            let most = if file.is_some() { self.limits.file } else { self.limits.memory };
            if response.length > most {
                let cause = format!("the answer is larger than {most} bytes");
                return Err(Broken { cause, passing: false }.into());
            }
            let took = (self.environment.elapsed)().saturating_sub(start);
            let is_fast = file.is_some() && response.length > self.limits.pace.saturating_mul(took.as_secs());
            if took > self.limits.answer && !is_fast {
                // Another attempt would take just as long.
                let cause = format!("the answer takes longer than {} minutes", self.limits.answer.as_secs() / 60);
                return Err(Broken { cause, passing: false }.into());
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

/// Why an answer of status 200 may be incomplete by its headers; none when it is known to be whole. The HTTP library
/// reports a body that ends before its Content-Length or its last chunk, but a body that ends with the connection could
/// end anywhere.
fn not_whole(headers: &HeaderMap) -> Option<&'static str> {
    let last_coding = headers.get_all(TRANSFER_ENCODING).iter().next_back().and_then(|value| value.to_str().ok());
    let chunked = last_coding
        .and_then(|codings| codings.rsplit(',').next())
        .is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"));
    if !chunked && (last_coding.is_some() || !headers.contains_key(CONTENT_LENGTH)) {
        return Some("the answer does not say how long it is, so half of it would look like all of it");
    }
    if headers.contains_key(CONTENT_RANGE) {
        return Some("the answer is a part of what was asked for");
    }
    let encoded = headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    encoded.then_some("the answer is compressed, which was not asked for")
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
    /// An error that another attempt would not change.
    Refused(Diagnostic),
}

impl From<Broken> for Stopped {
    fn from(broken: Broken) -> Stopped {
        Stopped::Broken(broken)
    }
}

/// The innermost cause, because outer ones only say that a request failed.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
