//! [`Request`]: an HTTP request, and the parts of it that may be shown.

use http::Method;
use url::Url;

use crate::environment::Secret;

/// An HTTP request.
#[derive(Clone)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// The URL.
    pub url: Url,
    /// Headers; their values are secret.
    pub(super) headers: Vec<(&'static str, Secret)>,
    pub(super) body: Option<(&'static str, Secret)>,
    /// Whether the URL's query is itself a credential, as in presigned downloads.
    secret_query: bool,
    /// Statuses below 500 that mean "try again later", besides 429.
    pub(super) busy: &'static [u16],
    /// Maximum number of attempts, where the client's limit does not apply.
    pub(super) attempts: Option<u32>,
}

impl Request {
    /// A GET request.
    pub fn get(url: Url) -> Request {
        Request {
            method: Method::GET,
            url,
            headers: Vec::new(),
            body: None,
            secret_query: false,
            busy: &[],
            attempts: None,
        }
    }

    /// A POST request without body.
    pub fn post(url: Url) -> Request {
        Request { method: Method::POST, ..Request::get(url) }
    }

    /// Adds a header. Its value is never shown, nor sent where a redirect leads.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.headers.push((name, Secret::new(value)));
        self
    }

    /// Adds a body of that media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: impl Into<String>) -> Request {
        self.body = Some((media_type, Secret::new(body)));
        self
    }

    /// Hides the query of the URL.
    #[must_use]
    pub fn secret_query(mut self) -> Request {
        self.secret_query = true;
        self
    }

    /// Adds statuses that mean "try again later".
    #[must_use]
    pub fn busy(mut self, statuses: &'static [u16]) -> Request {
        self.busy = statuses;
        self
    }

    /// Limits the number of attempts.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Request {
        self.attempts = Some(attempts);
        self
    }

    /// The secrets in a secret query: the whole query, and the values whose names suggest a secret.
    pub(super) fn secrets_of_query(&self) -> Vec<String> {
        let Some(query) = self.url.query().filter(|_| self.secret_query) else {
            return Vec::new();
        };
        let is_key = |name: &str| {
            let name = name.to_lowercase();
            ["sig", "token", "key", "credential", "secret", "auth"].iter().any(|word| name.contains(word))
        };
        let values = self.url.query_pairs().filter(|(name, _)| is_key(name)).map(|(_, value)| value.into_owned());
        std::iter::once(query.to_owned()).chain(values).collect()
    }

    /// The URL as it may be shown and kept.
    pub fn shown_url(&self) -> String {
        let mut url = self.url.clone();
        if self.secret_query {
            url.set_query(None);
        }
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        url.to_string()
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Request").field(&self.method.as_str()).field(&self.shown_url()).finish()
    }
}
