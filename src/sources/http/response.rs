//! [`Response`]: an HTTP answer, and messages about it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::diagnostic::{Diagnostic, Stop};
use crate::environment::Secrets;

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The method it answers.
    pub method: String,
    /// The URL it answers, as it may be shown.
    pub url: String,
    pub(super) headers: HeaderMap,
    /// The body; empty when it went to a file.
    pub body: Vec<u8>,
    /// Length of the body in bytes.
    pub length: u64,
    /// SHA-256 of the body, as lower-case hex.
    pub sha256: String,
    /// When it was complete.
    pub time: DateTime<Utc>,
    /// How often it was asked for.
    pub attempts: u32,
    pub(super) secrets: Arc<Secrets>,
}

/// Maximum length shown of a server's text.
const SHOWN: usize = 300;

impl Response {
    /// Whether the status is 200, the only one accepted: 206 is a part of the answer, 203 is modified by a proxy, and
    /// 201, 202 and 204 mean something else.
    pub fn is_success(&self) -> bool {
        self.status == 200
    }

    /// A server's text for display: without secrets and on one line.
    fn shown(&self, text: &str) -> String {
        let line: String = self.secrets.masked(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        match line.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is anything else, such as an HTML page.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let kind = self.shown(self.header("content-type").unwrap_or("no media type"));
            // The parser's message can contain a value.
            let error = self.shown(&error.to_string());
            Diagnostic::could_not_run(format!("{} {}: the answer is not the JSON expected", self.method, self.url))
                .with_note(format!("status {}, {kind}, {} bytes: {error}", self.status, self.length))
                .with_hint("a proxy or a login page may have answered instead of the provider; try again later")
        })
    }

    /// Error for an unexpected answer: status and the provider's message.
    pub fn unexpected(&self) -> Diagnostic {
        let diagnostic = Diagnostic::could_not_run(format!("{} {}: status {}", self.method, self.url, self.status));
        let says = self.provider_message().map(|message| format!("the provider says: {message}"));
        let asked = (self.attempts > 1).then(|| format!("asked {} times", self.attempts));
        let later =
            self.header(RETRY_AFTER.as_str()).map(|wait| format!("the provider asks to wait: {}", self.shown(wait)));
        let diagnostic = says.into_iter().chain(asked).chain(later).fold(diagnostic, Diagnostic::with_note);
        match self.status {
            401 | 403 => diagnostic.with_hint("check the credentials and what they may read"),
            201..=299 => diagnostic.with_hint(
                "only an answer of status 200 is known to be what was asked for; run the command again later",
            ),
            429 | 500.. => diagnostic.with_hint("the provider is busy or out of order; run the command again later"),
            _ => diagnostic,
        }
    }

    /// Error for an answer that rejects the credentials.
    pub fn unaccepted(&self, message: &str, hint: &str) -> Diagnostic {
        let message = message.to_owned();
        Diagnostic { message, stop: Stop::Refused, ..self.unexpected() }.with_hint(hint)
    }

    /// The message in the provider's error body, cut to one line, without secrets.
    pub fn provider_message(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let of = |name: &str| body.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
        let code = of("code").or(of("error_code")).or(of("error"));
        let message = of("message").or(of("error_msg")).or(of("error_description"));
        let text = match (code, message) {
            (None, None) => return None,
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (Some(code), Some(message)) => format!("{code}: {message}"),
        };
        Some(self.shown(&text))
    }
}
