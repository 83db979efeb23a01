//! SAKURA Cloud's API: calls, and paging of lists.
//!
//! Parameters are a JSON object in place of the query. Each zone has its own API; bills are the same in all of them.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use base64::Engine;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::credentials;
use crate::diagnostic::Diagnostic;
use crate::environment::{Environment, Secret};
use crate::model::endpoint::is_this_machine;
use crate::model::settings::SourceSettings;
use crate::sources::endpoint::Provider;
use crate::sources::http::{Client, Limits, Pages, Request, Response, Url};
use crate::staging;

const USUAL_ROOT: &str = "https://secure.sakura.ad.jp/cloud/zone";
const HOSTS: [&str; 1] = ["secure.sakura.ad.jp"];

/// The zone to ask for data that is the same in all zones.
pub(super) const ANY_ZONE: &str = "is1a";

/// Time between requests: SAKURA's own clients make at most ten requests per second.
const PACE: Duration = Duration::from_millis(100);

/// Rows per page: larger pages slow the answer down.
const PAGE: usize = 100;

/// The fields of a resource that are requested and kept. Others hold settings, including passwords.
const FIELDS: [&str; 3] = ["ID", "Name", "Tags"];

/// A client with the credentials of a source.
pub(super) struct Api<'a> {
    client: Client<'a>,
    source: &'a SourceSettings,
    environment: &'a Environment,
    /// Ends with `/zone/`.
    root: Url,
    authorization: Secret,
    last_call: Cell<Option<Duration>>,
}

/// The success flag of every answer: errors come with status 200 too.
#[derive(Deserialize)]
struct Verdict {
    is_ok: Option<bool>,
    is_fatal: Option<bool>,
}

impl<'a> Api<'a> {
    /// A client for the source; makes no request yet.
    pub(super) fn new(source: &'a SourceSettings, environment: &'a Environment) -> Result<Api<'a>, Diagnostic> {
        let credentials = credentials::find(source, environment)?;
        let configured = credentials.root.as_deref();
        let provider = Provider { name: "SAKURA Cloud", hosts: &HOSTS, configured };
        let mut root = provider.base(source, USUAL_ROOT, environment)?;
        // Users write the root with or without the path.
        let path = match root.path().trim_end_matches('/') {
            "" => "/cloud/zone/".to_owned(),
            path if path.ends_with("/cloud") => format!("{path}/zone/"),
            path => format!("{path}/"),
        };
        root.set_path(&path);
        let client = Client::new(&root, environment, Limits::default())?;
        let pair = format!("{}:{}", credentials.token.expose(), credentials.secret.expose());
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        environment.secrets.conceal(&Secret::new(pair.as_str()));
        let authorization = Secret::new(format!("Basic {pair}"));
        Ok(Api { client, source, environment, root, authorization, last_call: Cell::new(None) })
    }

    /// Requests `path` from a zone's API.
    pub(super) fn ask(&self, zone: &str, path: &str, query: Option<&Value>) -> Result<Response, Diagnostic> {
        self.ask_at(&format!("{zone}/api/{path}"), query)
    }

    /// Requests `path` from the API of keys and users, which is beside the zones.
    pub(super) fn ask_identity(&self, path: &str) -> Result<Response, Diagnostic> {
        self.ask_at(&format!("../api/iam/1.0/{path}"), None)
    }

    fn ask_at(&self, path: &str, query: Option<&Value>) -> Result<Response, Diagnostic> {
        let joined = self.root.join(path);
        let mut url =
            joined.map_err(|_| Diagnostic::error("the endpoint is not usable").at(&self.source.definition))?;
        if let Some(query) = query {
            url.set_query(Some(&percent_encoded(&query.to_string())));
        }
        self.pace();
        let request = Request::get(url)
            .header("authorization", self.authorization.expose())
            .header("x-requested-with", "XMLHttpRequest")
            .header("accept", "application/json")
            .busy(&[423]);
        self.client.send(&request)
    }

    fn pace(&self) {
        let now = (self.environment.elapsed)();
        if let Some(last) = self.last_call.get()
            && !is_this_machine(&self.root)
        {
            self.client.wait(PACE.saturating_sub(now.saturating_sub(last)));
        }
        self.last_call.set(Some((self.environment.elapsed)()));
    }

    /// Parses an answer that must be a success.
    pub(super) fn understood<T: DeserializeOwned>(&self, response: &Response) -> Result<T, Diagnostic> {
        if !response.is_success() {
            return Err(self.refused(response));
        }
        let verdict: Verdict = response.json()?;
        if verdict.is_ok == Some(false) || verdict.is_fatal == Some(true) {
            return Err(response.unexpected().at(&self.source.definition));
        }
        response.json()
    }

    /// Error for an answer that is not a success.
    pub(super) fn refused(&self, response: &Response) -> Diagnostic {
        let diagnostic = match response.status {
            401 => response.unaccepted(
                "SAKURA Cloud does not accept the access token",
                "check the token and its secret; keys can be deleted and can expire",
            ),
            403 => response
                .unexpected()
                .with_hint("the API key needs the access level \"view\" or higher and the permission to see bills"),
            _ => response.unexpected(),
        };
        diagnostic.at(&self.source.definition)
    }

    /// Requests the pages of a zone's list and gives them one by one to `keep`; there are none for a kind of resource
    /// that the zone does not have.
    ///
    /// # Errors
    /// A page that fails, is not a list, or is sent twice.
    pub(super) fn list(
        &self,
        zone: &str,
        kind: &str,
        mut keep: impl FnMut(usize, &Response) -> Result<(), Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let mut from = 0;
        let mut seen = BTreeSet::new();
        let mut pages = Pages::new("SAKURA Cloud", format!("/{kind} of {zone}"));
        for page in 0.. {
            pages.turn(&from.to_string())?;
            let query = json!({ "From": from, "Count": PAGE, "Include": FIELDS });
            let mut response = self.ask(zone, &format!("cloud/1.1/{kind}"), Some(&query))?;
            if response.status == 404 && page == 0 {
                return Ok(());
            }
            let mut answer: Map<String, Value> = self.understood(&response)?;
            let total = answer.get("Total").and_then(count);
            let Some(rows) = answer.values_mut().find_map(Value::as_array_mut) else {
                let diagnostic = Diagnostic::could_not_run(format!("GET {}: the answer holds no list", response.url));
                return Err(diagnostic.at(&self.source.definition).with_hint("run the command again later"));
            };
            let ids: Vec<String> = rows.iter().map(|row| row["ID"].to_string()).collect();
            let new = ids.into_iter().filter(|id| seen.insert(id.trim_matches('"').to_owned())).count();
            let found = rows.len();
            if found > 0 && new == 0 {
                let message = format!("SAKURA Cloud sends a page of /{kind} of {zone} twice");
                return Err(Diagnostic::could_not_run(message).with_hint("run the command again later"));
            }
            if without_settings(rows) {
                response.body = serde_json::to_vec(&answer).expect("JSON that was read can be written");
                response.length = response.body.len() as u64;
                response.sha256 = staging::hash(&response.body);
            }
            keep(page, &response)?;
            from += found;
            let more = total.map_or(found >= PAGE, |total| from < total);
            if !more {
                return Ok(());
            }
            if found == 0 {
                let message = format!("SAKURA Cloud's list of /{kind} of {zone} ends after {from} rows");
                let total = total.unwrap_or_default();
                let diagnostic = Diagnostic::could_not_run(message).with_note(format!("it said there are {total}"));
                return Err(diagnostic.with_hint("run the command again later"));
            }
        }
        Ok(())
    }
}

/// A count, as a number or as text.
pub(super) fn count(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().and_then(|count| usize::try_from(count).ok()),
    }
}

/// Removes fields that were not requested, and returns whether there were any.
fn without_settings(rows: &mut [Value]) -> bool {
    let mut reduced = false;
    for row in rows.iter_mut().filter_map(Value::as_object_mut) {
        let before = row.len();
        row.retain(|field, _| FIELDS.contains(&field.as_str()));
        reduced |= row.len() < before;
    }
    reduced
}

/// Percent-encodes a text for a query, escaping more than necessary so that any server reads it alike.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_plain() {
        assert_eq!(percent_encoded(r#"{"From":0}"#), "%7B%22From%22%3A0%7D");
    }

    #[test]
    fn settings_are_taken_away() {
        let mut rows = vec![json!({"ID": "1", "Name": "a", "Tags": [], "Settings": {"Password": "x"}})];
        assert!(without_settings(&mut rows));
        assert_eq!(rows, [json!({"ID": "1", "Name": "a", "Tags": []})]);
        assert!(!without_settings(&mut rows));
    }
}
