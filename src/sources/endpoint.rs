//! Where a source is asked, and whether its keys may go there. A workspace may come from somebody else, so the `endpoint` it
//! names is not trusted with keys: those go to the provider's own hosts, to one that the environment or the profile of the
//! keys names, or to one that the user allows.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use super::http::Url;
use super::place;
use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::environment::Environment;
use crate::files;
use crate::model::endpoint::{self, AllowedHost};
use crate::model::settings::SourceSettings;

/// Environment variable with hosts that may be sent keys, separated by commas.
const VARIABLE: &str = "INVOICER_ALLOW_ENDPOINT";

/// File of such hosts in the user's own configuration, one on a line; `#` begins a comment.
const FILE: &str = "allow-endpoint";

/// Whom a provider's keys are for.
pub(super) struct Provider<'a> {
    /// What the provider is called.
    pub(super) name: &'a str,
    /// Its hosts, exactly: below its domain there can be customers' devices, as in SORACOM Napter.
    pub(super) hosts: &'a [&'a str],
    /// The URL that the environment or the profile of the keys names.
    pub(super) configured: Option<&'a str>,
}

impl Provider<'_> {
    /// The base URL of a source: its `endpoint`, or the one configured with the keys, or `usual`.
    ///
    /// # Errors
    /// When it is no URL that may be used, or one that the keys must not be sent to.
    pub(super) fn base(
        &self,
        source: &SourceSettings,
        usual: &str,
        environment: &Environment,
    ) -> Result<Url, Diagnostic> {
        let parse = |text: &str| endpoint::parse(text).map_err(|message| Diagnostic::error(message).at(place(source)));
        let configured = self.configured.map(parse).transpose()?;
        let Some(named) = &source.endpoint else {
            return configured.map_or_else(|| parse(usual), Ok);
        };
        let is_configured = configured.is_some_and(|configured| configured.origin() == named.origin());
        if self.owns(named) || is_configured || allowed(environment)?.iter().any(|host| host.covers(named)) {
            return Ok(named.clone());
        }
        let host = AllowedHost::of(named);
        let message = format!("the source \"{}\" would send keys to {host}, which is not {}'s", source.name, self.name);
        let hint = format!(
            "if you trust that host with them, add --allow-endpoint {host}, or write it into ~/.config/invoicer/{FILE}"
        );
        Err(Diagnostic::error(message)
            .at(place(source))
            .with_note("an endpoint in a workspace alone is not trusted: whoever wrote the workspace may not be you")
            .with_hint(hint))
    }

    fn owns(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        url.scheme() == "https" && url.port().is_none() && self.hosts.contains(&host)
    }
}

/// The hosts that the user allows: by the command line, the environment, and the user's own configuration.
fn allowed(environment: &Environment) -> Result<Vec<AllowedHost>, Diagnostic> {
    let mut hosts = environment.allowed_endpoints.clone();
    let named = environment.variable(VARIABLE).map_or("", |value| value.expose());
    for host in named.split(',').map(str::trim).filter(|host| !host.is_empty()) {
        hosts.push(host.parse().map_err(|message| Diagnostic::error(format!("{VARIABLE}: {message}")))?);
    }
    if let Some(directory) = environment.configuration() {
        hosts.extend(of_file(&directory.join(FILE))?);
    }
    Ok(hosts)
}

fn of_file(path: &Path) -> Result<Vec<AllowedHost>, Diagnostic> {
    let shown = path.display().to_string();
    let unreadable = || cannot("read the list of allowed hosts", &shown);
    let file = match files::open(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        file => file.with_context(unreadable)?,
    };
    check_own(&file, &shown)?;
    let bytes = files::read_opened(file, files::TEXT).with_context(unreadable)?;
    // What is not UTF-8 is no host either, and is told as such.
    let text = String::from_utf8_lossy(&bytes);
    let lines = (1..).zip(text.lines()).map(|(number, line)| (number, line.split('#').next().unwrap_or("").trim()));
    let read = |(number, line): (u32, &str)| {
        line.parse().map_err(|message: String| {
            let hint = "write one host on a line, with or without a port";
            Diagnostic::error(message).at(Place::line(&shown, number)).with_hint(hint)
        })
    };
    lines.filter(|(_, line)| !line.is_empty()).map(read).collect()
}

/// Refuses a list that others can write to: it decides who is sent keys.
#[cfg(unix)]
fn check_own(file: &File, shown: &str) -> Result<(), Diagnostic> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o022 == 0) {
        return Ok(());
    }
    Err(Diagnostic::error("other users of this machine can change the list of allowed hosts")
        .at(Place::file(shown))
        .with_hint(format!("chmod go-w {shown}")))
}

#[cfg(not(unix))]
fn check_own(_: &File, _: &str) -> Result<(), Diagnostic> {
    Ok(())
}
