//! SORACOM's API: authentication, calls, paging, and the export of a month's CSV.
//!
//! Reference: <https://developers.soracom.io/en/api/>.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use super::credentials::{self, Credentials, Key};
use crate::diagnostic::Diagnostic;
use crate::environment::{Environment, Secret};
use crate::model::settings::SourceSettings;
use crate::sources::endpoint::Provider;
use crate::sources::http::{Client, Limits, Method, Pages, Request, Response, Url};

/// Hosts of SORACOM's API and of its sandboxes.
const HOSTS: [&str; 4] = ["api.soracom.io", "g.api.soracom.io", "api-sandbox.soracom.io", "g.api-sandbox.soracom.io"];

/// A signed-in client.
pub(super) struct Api<'a> {
    source: &'a SourceSettings,
    environment: &'a Environment,
    pub(super) client: Client<'a>,
    base: Url,
    credentials: Credentials,
    token: RefCell<Option<Token>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    api_key: Secret,
    token: Secret,
}

/// An answer to `POST /bills/{yyyyMM}/export`: a URL at once, or an id to check until the export is ready.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    url: Option<Secret>,
    exported_file_id: Option<String>,
}

#[derive(Deserialize)]
struct Exported {
    status: Option<String>,
    url: Option<Secret>,
}

/// Maximum number of checks whether an export is ready, and maximum time: soon at first, then every ten seconds, for
/// half an hour.
const LOOKS: u32 = 180;
const EXPORT_TIME: Duration = Duration::from_secs(1800);

impl<'a> Api<'a> {
    /// A client for the source; makes no request yet.
    pub(super) fn new(source: &'a SourceSettings, environment: &'a Environment) -> Result<Api<'a>, Diagnostic> {
        let credentials = credentials::find(source, environment)?;
        let coverage = source.coverage.as_deref().or(credentials.coverage.as_deref()).unwrap_or("jp");
        let usual = if coverage == "g" { "https://g.api.soracom.io" } else { "https://api.soracom.io" };
        let configured = credentials.endpoint.as_deref();
        let provider = Provider { name: "SORACOM", hosts: &HOSTS, configured };
        let mut base = provider.base(source, usual, environment)?;
        // Users write endpoints with or without the version.
        let path = base.path().trim_end_matches('/');
        let path = if path.ends_with("/v1") { format!("{path}/") } else { format!("{path}/v1/") };
        base.set_path(&path);
        let client = Client::new(&base, environment, Limits::default())?;
        Ok(Api { source, environment, client, base, credentials, token: RefCell::default() })
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, Diagnostic> {
        let joined = self.base.join(path);
        let mut url =
            joined.map_err(|_| Diagnostic::error("the endpoint is not usable").at(&self.source.definition))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn sign_in(&self) -> Result<Token, Diagnostic> {
        let body = match &self.credentials.key {
            Key::Auth { id, key } => serde_json::json!({ "authKeyId": id.expose(), "authKey": key.expose() }),
            Key::Password { email, password, operator, user } => {
                let mut body = serde_json::json!({ "password": password.expose() });
                for (name, value) in [("email", email), ("operatorId", operator), ("userName", user)] {
                    if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                        body[name] = value.as_str().into();
                    }
                }
                body
            }
        };
        let request = Request::post(self.url("auth", &[])?).body("application/json", body.to_string());
        let response = self.client.send(&request)?;
        if !response.is_success() {
            let diagnostic = match response.status {
                400 | 401 | 403 => response.unaccepted(
                    "SORACOM does not accept the credentials",
                    "check the authentication key, and that it is of this coverage",
                ),
                _ => response.unexpected(),
            };
            return Err(diagnostic.at(&self.source.definition));
        }
        let token: Token = response.json()?;
        for secret in [&token.api_key, &token.token] {
            self.environment.secrets.conceal(secret);
        }
        Ok(token)
    }

    /// Sends an authenticated request, and renews an expired token once.
    pub(super) fn ask(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Result<Response, Diagnostic> {
        self.ask_patiently(method, path, query, None)
    }

    fn ask_patiently(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        attempts: Option<u32>,
    ) -> Result<Response, Diagnostic> {
        let mut renewed = false;
        loop {
            let known = self.token.borrow().clone();
            let (token, is_new) = match known {
                Some(token) => (token, false),
                None => (self.sign_in()?, true),
            };
            *self.token.borrow_mut() = Some(token.clone());
            let mut request = Request::get(self.url(path, query)?)
                .header("x-soracom-api-key", token.api_key.expose())
                .header("x-soracom-token", token.token.expose())
                .header("x-soracom-lang", "en")
                .header("accept", "application/json");
            request.method = method.clone();
            if let Some(attempts) = attempts {
                request = request.attempts(attempts);
            }
            let response = self.client.send(&request)?;
            if response.status == 401 && !renewed && !is_new {
                renewed = true;
                *self.token.borrow_mut() = None;
                continue;
            }
            return Ok(response);
        }
    }

    /// Requests all pages of a list and gives them one by one to `keep`.
    ///
    /// # Errors
    /// A page that fails or is sent twice.
    pub(super) fn pages(
        &self,
        path: &str,
        mut keep: impl FnMut(usize, &Response) -> Result<(), Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let mut key: Option<String> = None;
        let mut seen = BTreeSet::new();
        let mut pages = Pages::new("SORACOM", format!("/{path}"));
        for page in 0.. {
            pages.turn(key.as_deref().unwrap_or_default())?;
            let mut query = vec![("limit", "100")];
            if let Some(key) = &key {
                query.push(("last_evaluated_key", key));
            }
            let response = self.ask(Method::GET, path, &query)?;
            if !response.is_success() {
                return Err(response.unexpected().at(&self.source.definition));
            }
            // Checks now that the page is a list: when it is read, it is too late to ask again.
            let rows: Vec<serde::de::IgnoredAny> = response.json()?;
            if !rows.is_empty() && !seen.insert(response.sha256.clone()) {
                let message = format!("SORACOM sends a page of /{path} twice");
                return Err(Diagnostic::could_not_run(message).with_hint("run the command again later"));
            }
            keep(page, &response)?;
            let next = response.header("x-soracom-next-key").filter(|key| !key.is_empty()).map(str::to_owned);
            let next = next.or_else(|| response.header("link").and_then(next_of_link));
            match next {
                None => break,
                next => key = next,
            }
        }
        Ok(())
    }

    /// Exports the month's CSV and returns the request that downloads it.
    ///
    /// # Errors
    /// When SORACOM cannot make the export, or takes more than half an hour.
    pub(super) fn export(&self, month: &str) -> Result<Request, Diagnostic> {
        let path = format!("bills/{month}/export");
        let at_once = self.ask_patiently(Method::POST, &path, &[("export_mode", "sync")], Some(2));
        let response = match at_once {
            // For a large bill the connection times out: 504, or no answer at all.
            Err(_) => self.ask(Method::POST, &path, &[("export_mode", "async")])?,
            Ok(response) if response.status >= 500 => self.ask(Method::POST, &path, &[("export_mode", "async")])?,
            Ok(response) => response,
        };
        if !response.is_success() {
            return Err(response.unexpected().at(&self.source.definition));
        }
        let export: Export = response.json()?;
        let url = match (export.url, export.exported_file_id) {
            (Some(url), _) if !url.expose().is_empty() => url,
            (_, Some(id)) if is_plain(&id) => self.poll(&id)?,
            _ => {
                let message = format!("POST {}: the answer names neither a URL nor a file", response.url);
                return Err(Diagnostic::could_not_run(message).with_hint("run the command again later"));
            }
        };
        let url = Url::parse(url.expose()).map_err(|_| {
            Diagnostic::could_not_run("SORACOM returned an invalid download URL").at(&self.source.definition)
        })?;
        // The URL is itself a credential, and the host is not SORACOM's, so no key or token is sent along.
        Ok(Request::get(url).secret_query())
    }

    fn poll(&self, id: &str) -> Result<Secret, Diagnostic> {
        let path = format!("files/exported/{id}");
        let start = (self.environment.elapsed)();
        for look in 0..LOOKS {
            // Each check can take minutes with a slow server.
            if (self.environment.elapsed)().saturating_sub(start) > EXPORT_TIME {
                break;
            }
            let response = self.ask(Method::GET, &path, &[])?;
            if !response.is_success() {
                return Err(response.unexpected().at(&self.source.definition));
            }
            let exported: Exported = response.json()?;
            match (exported.status.as_deref(), exported.url) {
                (Some("exported"), Some(url)) => return Ok(url),
                (Some("failed"), _) => {
                    let diagnostic = Diagnostic::could_not_run("SORACOM could not export the bill");
                    return Err(diagnostic.at(&self.source.definition).with_hint("run the command again later"));
                }
                _ => self.client.wait(Duration::from_secs(u64::from(look + 1).min(10))),
            }
        }
        let diagnostic = Diagnostic::could_not_run("SORACOM is still exporting the bill after half an hour");
        Err(diagnostic.at(&self.source.definition).with_hint("run the command again later"))
    }
}

/// Whether an id can be used in a path unescaped.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The `last_evaluated_key` of the link with `rel=next`.
fn next_of_link(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=next") || part.contains("rel=\"next\""))?;
    let target = next.split_once('<')?.1.split_once('>')?.0;
    let base = Url::parse("https://api.soracom.io/v1/").ok()?;
    let url = base.join(target).ok()?;
    url.query_pairs().find(|(name, _)| name == "last_evaluated_key").map(|(_, key)| key.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_in_a_link() {
        let link = "</v1/sims?limit=100&last_evaluated_key=89811%2B00>; rel=next";
        assert_eq!(next_of_link(link).as_deref(), Some("89811+00"));
        assert_eq!(next_of_link("<https://api.soracom.io/v1/sims>; rel=prev"), None);
    }
}
