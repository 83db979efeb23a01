//! What is asked, and what of it may be shown.

use reqwest::{Method, Url};

use crate::environment::Secret;

/// What is asked.
#[derive(Clone)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// Headers, and whether anyone may see their values.
    pub(super) headers: Vec<(&'static str, Secret)>,
    pub(super) body: Option<(&'static str, Secret)>,
    /// The URL's query is a credential itself, as in presigned downloads.
    secret_query: bool,
    /// Statuses below 500 that mean "later", besides 429.
    pub(super) busy: &'static [u16],
    /// How often to ask in all, where the client's limit is not meant.
    pub(super) attempts: Option<u32>,
}

impl Request {
    /// A GET.
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

    /// A POST without a body.
    pub fn post(url: Url) -> Request {
        Request { method: Method::POST, ..Request::get(url) }
    }

    /// With a header. Its value is never shown, nor sent anywhere a redirect leads.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.headers.push((name, Secret::new(value)));
        self
    }

    /// With a body of that media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: impl Into<String>) -> Request {
        self.body = Some((media_type, Secret::new(body)));
        self
    }

    /// The query of the URL is not to be shown.
    #[must_use]
    pub fn secret_query(mut self) -> Request {
        self.secret_query = true;
        self
    }

    /// Further statuses that mean "later".
    #[must_use]
    pub fn busy(mut self, statuses: &'static [u16]) -> Request {
        self.busy = statuses;
        self
    }

    /// Asked no more often than that.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Request {
        self.attempts = Some(attempts);
        self
    }

    /// What in a secret query is a key: the whole, and the values that are named like one.
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
