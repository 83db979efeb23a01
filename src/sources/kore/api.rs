//! KORE's API: tokens for the client's credentials, calls, and paging by `meta.next_page_url`.
//!
//! References: <https://docs.korewireless.com/en-us/api/authorization> and the `OpenAPI` document of Super SIM.

use std::cell::RefCell;

use anyhow::Context;
use serde::Deserialize;

use super::credentials::{self, Credentials};
use super::pages::Page;
use crate::diagnostic::{Diagnostic, Located, Place};
use crate::environment::{Environment, Secret};
use crate::model::settings::SourceSettings;
use crate::sources::endpoint::Provider;
use crate::sources::http::{Client, Limits, Pages, Request, Response, Url};

/// Host that issues tokens. A source's `endpoint` replaces both hosts.
const TOKEN_HOST: &str = "https://api.korewireless.com";
const TOKEN_PATH: &str = "/api-services/v1/auth/token";
/// Host of Super SIM.
const SUPER_SIM: &str = "https://supersim.api.korewireless.com";
const HOSTS: [&str; 2] = ["api.korewireless.com", "supersim.api.korewireless.com"];

/// Maximum page size of usage records that KORE allows.
const PAGE_SIZE: &str = "249";

/// A client with its token.
pub(super) struct Api<'a> {
    source: &'a SourceSettings,
    environment: &'a Environment,
    client: Client<'a>,
    base: Url,
    token_url: Url,
    credentials: Credentials,
    token: RefCell<Option<Secret>>,
}

#[derive(Deserialize)]
struct Token {
    access_token: Secret,
}

/// Result of a listing: all pages kept, or the first answer when KORE refuses to list.
pub(super) enum Listing {
    Kept,
    Refused(Box<Response>),
}

impl<'a> Api<'a> {
    /// A client for the source; makes no request yet.
    pub(super) fn new(source: &'a SourceSettings, environment: &'a Environment) -> Result<Api<'a>, Diagnostic> {
        let credentials = credentials::find(source, environment)?;
        let configured = credentials.endpoint.as_deref();
        let provider = Provider { name: "KORE", hosts: &HOSTS, configured };
        let base_url = provider.base(source, SUPER_SIM, environment)?;
        let mut token_url = provider.base(source, TOKEN_HOST, environment)?;
        token_url.set_path(TOKEN_PATH);
        let client = Client::new(&base_url, environment, Limits::default())?;
        Ok(Api { source, environment, client, base: base_url, token_url, credentials, token: RefCell::default() })
    }

    /// Requests all pages of `/v1/<path>` and gives each answer to `keep` with the name of its file.
    ///
    /// # Errors
    /// A later page that fails, an answer that is not a page, and pages that lead back or to another host.
    pub(super) fn list(
        &self,
        path: &str,
        query: &[(&str, &str)],
        key: &str,
        stem: &str,
        mut keep: impl FnMut(&str, &Response) -> Result<(), Diagnostic>,
    ) -> Result<Listing, Diagnostic> {
        let mut url = self.base.clone();
        url.set_path(&format!("/v1/{path}"));
        url.query_pairs_mut().extend_pairs(query).append_pair("PageSize", PAGE_SIZE);
        let mut pages = Pages::new("KORE", format!("/v1/{path}"));
        for page in 0.. {
            pages.turn(url.as_str()).at(|| Place::from(&self.source.definition))?;
            let response = self.ask(&url)?;
            if !response.is_success() {
                return match page == 0 {
                    true => Ok(Listing::Refused(Box::new(response))),
                    false => Err(response.unexpected().at(&self.source.definition)),
                };
            }
            let name = format!("{stem}-{page:04}.json");
            let unusable = || {
                Diagnostic::could_not_run("KORE's answer cannot be used")
                    .at(&self.source.definition)
                    .with_note(format!("GET {}", response.url))
                    .with_hint("run the command again later; nothing was kept")
            };
            let broken = |why: &'static str| anyhow::Error::msg(why).context(unusable());
            let text = std::str::from_utf8(&response.body).map_err(|_| broken("the answer is not UTF-8"))?;
            let next = Page::parse(text, key).with_context(unusable)?.next;
            keep(&name, &response)?;
            let Some(next) = next else {
                return Ok(Listing::Kept);
            };
            url = url.join(&next).map_err(|_| broken("the next page is no URL"))?;
            if url.origin() != self.base.origin() {
                // The token would be sent there.
                return Err(broken("the next page is said to be on another host").into());
            }
        }
        Ok(Listing::Kept)
    }

    /// Sends a request with the token, and renews an expired token once.
    fn ask(&self, url: &Url) -> Result<Response, Diagnostic> {
        let known = self.token.borrow().clone();
        if let Some(token) = known {
            let response = self.ask_with(&token, url)?;
            if response.status != 401 {
                return Ok(response);
            }
        }
        let token = self.new_token()?;
        let response = self.ask_with(&token, url);
        self.token.replace(Some(token));
        response
    }

    fn ask_with(&self, token: &Secret, url: &Url) -> Result<Response, Diagnostic> {
        let request = Request::get(url.clone())
            .header("authorization", format!("Bearer {}", token.expose()))
            .header("accept", "application/json");
        self.client.send(&request)
    }

    fn new_token(&self) -> Result<Secret, Diagnostic> {
        let mut form = self.token_url.clone();
        form.query_pairs_mut()
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", self.credentials.client_id.expose())
            .append_pair("client_secret", self.credentials.client_secret.expose());
        let body = form.query().unwrap_or_default().to_owned();
        let request = Request::post(self.token_url.clone())
            .body("application/x-www-form-urlencoded", body)
            .header("accept", "application/json");
        let response = self.client.send(&request)?;
        if !response.is_success() {
            let diagnostic = match response.status {
                400 | 401 | 403 => response.unaccepted(
                    "KORE does not accept the credentials",
                    "check the client id and secret of the API client in KORE's console",
                ),
                _ => response.unexpected(),
            };
            return Err(diagnostic.at(&self.source.definition));
        }
        let token: Token = response.json()?;
        self.environment.secrets.conceal(&token.access_token);
        Ok(token.access_token)
    }
}
