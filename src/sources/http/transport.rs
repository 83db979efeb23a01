//! [`Transport`]: one request over the network and its answer, by reqwest.

use std::sync::OnceLock;

use http::header::{HeaderName, HeaderValue};
use reqwest::blocking;

use super::{Broken, Incoming, Limits, Request, root_cause};
use crate::diagnostic::Diagnostic;
use crate::environment::INSTALL_ROOTS;

/// What sends requests and receives answers.
pub(super) struct Transport(blocking::Client);

impl Transport {
    /// A client; `local` says whether it is for this machine, to which no proxy leads.
    ///
    /// # Errors
    /// When this machine cannot make any connection, for example without certificates.
    pub(super) fn new(limits: Limits, local: bool) -> Result<Transport, Diagnostic> {
        static CRYPTOGRAPHY: OnceLock<()> = OnceLock::new();
        CRYPTOGRAPHY.get_or_init(|| {
            // Fails only where a provider is already installed, which is fine.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let mut builder = blocking::Client::builder()
            .user_agent(concat!("invoicer/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .timeout(limits.silence);
        if local {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            Diagnostic::could_not_run(format!("cannot begin a connection: {}", root_cause(&error)))
                .with_hint(INSTALL_ROOTS)
        })?;
        Ok(Transport(client))
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn send(&self, request: &Request) -> Result<Incoming<blocking::Response>, Broken> {
        let mut outgoing = self.0.request(request.method.clone(), request.url.clone());
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
        let answer = outgoing
            .send()
            .map_err(|error| Broken { passing: !error.is_builder(), cause: root_cause(&error.without_url()) })?;
        Ok(Incoming { status: answer.status().as_u16(), headers: answer.headers().clone(), body: answer })
    }
}
