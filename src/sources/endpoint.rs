//! Decides where requests of a source go, and whether its keys may be sent there. A workspace may come from somebody
//! else, so its `endpoint` is not trusted with keys: those go only to the provider's own hosts, to one named by the
//! environment or by the keys' profile, or to one that the user allows.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use super::http::Url;
use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::environment::Environment;
use crate::files;
use crate::model::endpoint::{self, AllowedHost};
use crate::model::settings::SourceSettings;

/// Environment variable with hosts that keys may be sent to, separated by commas.
const VARIABLE: &str = "INVOICER_ALLOW_ENDPOINT";

/// File with such hosts in the user's own configuration, one per line; `#` begins a comment.
const FILE: &str = "allow-endpoint";

/// A provider and the hosts its keys may be sent to.
pub(super) struct Provider<'a> {
    /// The provider's name.
    pub(super) name: &'a str,
    /// Its exact hosts. Subdomains are not trusted: they can be customers' devices, as with SORACOM Napter.
    pub(super) hosts: &'a [&'a str],
    /// The URL named by the environment or by the keys' profile.
    pub(super) configured: Option<&'a str>,
}

impl Provider<'_> {
    /// The base URL of a source: its `endpoint`, else the one configured with the keys, else `usual`.
    ///
    /// # Errors
    /// When it is not a valid URL, or the keys must not be sent to it.
    pub(super) fn base(
        &self,
        source: &SourceSettings,
        usual: &str,
        environment: &Environment,
    ) -> Result<Url, Diagnostic> {
        let parse =
            |text: &str| endpoint::parse(text).map_err(|message| Diagnostic::error(message).at(&source.definition));
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
            .at(&source.definition)
            .with_note("an endpoint in a workspace alone is not trusted: whoever wrote the workspace may not be you")
            .with_hint(hint))
    }

    fn owns(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        url.scheme() == "https" && url.port().is_none() && self.hosts.contains(&host)
    }
}

/// The hosts that the user allows on the command line, in the environment and in the user's own configuration.
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
    // A line that is not UTF-8 is no host either and is reported as such.
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

/// Refuses a list that others can write to, because it decides where keys are sent.
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
