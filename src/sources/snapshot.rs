//! [`Snapshot`]: a provider's answers for a month, exactly as received, with the origin and time of each file.
//!
//! It is kept in `billing/MONTH/SOURCE/` as evidence: a fetch writes it whole or not at all, and a file that has
//! changed since is reported.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::http::{Client, Request, Response};
use crate::diagnostic::{Diagnostic, Place, cannot, cause, json_fault};
use crate::environment::Environment;
use crate::files;
use crate::model::period::BillingMonth;
use crate::model::plain::{beginning, is_line, is_name, is_sha256};
use crate::model::settings::SourceSettings;
use crate::model::statement::AcceptedDifference;
use crate::staging::{Purpose, Staging, digest, interruption};

/// Name of the file that records where the others come from.
pub const PROVENANCE: &str = "provenance.json";

/// The name of the file with what the provider changed since. It does not belong to the snapshot and is not in its provenance.
pub(super) const DRIFT: &str = "drift.json";

/// Origin of a snapshot's files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Name of the source in `invoicer.toml`.
    pub source: String,
    /// Its kind.
    pub kind: String,
    /// The month asked for, `202208`.
    pub month: String,
    /// Time when the fetch was complete, RFC 3339 in UTC.
    pub fetched_at: String,
    /// Name and version of the program.
    pub tool: String,
    /// Whether the provider had closed the month; otherwise it can only be used for drafts.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// An accepted difference between the rows and the provider's total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_difference: Option<AcceptedDifference>,
    /// The files, in the order they were received.
    pub files: Vec<Received>,
}

/// Maximum length of a requested URL: some providers' queries have many ids.
const LONGEST_URL: usize = 1 << 16;

impl Provenance {
    /// Checks that a fetch could have written everything in it: its files are in the snapshot's directory, each listed
    /// once.
    ///
    /// # Errors
    /// The first invalid field, with its value.
    fn check(&self) -> Result<(), String> {
        let field = |name: &str, text: &str, is_good: bool| match is_good {
            true => Ok(()),
            false => Err(format!("{name} is {:?}", beginning(text))),
        };
        let line = |name: &str, text: &str, most| field(name, text, text.is_empty() || is_line(text, most));
        field("source", &self.source, is_name(&self.source))?;
        line("kind", &self.kind, 100)?;
        line("fetched_at", &self.fetched_at, 100)?;
        line("tool", &self.tool, 100)?;
        let mut names = BTreeSet::new();
        for file in &self.files {
            // A file listed twice would be billed twice.
            let is_good = is_name(&file.path) && file.path != PROVENANCE && names.insert(file.path.as_str());
            field("files.path", &file.path, is_good)?;
            line("files.method", &file.method, 100)?;
            line("files.url", &file.url, LONGEST_URL)?;
            line("files.time", &file.time, 100)?;
            field("files.sha256", &file.sha256, is_sha256(&file.sha256))?;
        }
        Ok(())
    }
}

/// One file of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Name in the snapshot's directory.
    pub path: String,
    /// GET or POST.
    pub method: String,
    /// The requested URL, without credentials.
    pub url: String,
    /// Time when it was received, RFC 3339 in UTC.
    pub time: String,
    /// Status of the answer.
    pub status: u16,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, as lower-case hex.
    pub sha256: String,
}

/// A running fetch: what a provider's module needs to send requests and keep answers.
pub struct Session<'a> {
    /// The source.
    pub source: &'a SourceSettings,
    /// The month.
    pub month: BillingMonth,
    /// Whether a month that is not closed is accepted.
    pub draft: bool,
    /// Environment and clock.
    pub environment: &'a Environment,
    staging: Staging,
    received: RefCell<Vec<Received>>,
    pub(super) remarks: RefCell<Vec<Diagnostic>>,
}

impl<'a> Session<'a> {
    /// Begins a snapshot.
    ///
    /// # Errors
    /// When nothing can be written, or another fetch is running.
    pub(super) fn begin(
        root: &Path,
        source: &'a SourceSettings,
        month: BillingMonth,
        draft: bool,
        environment: &'a Environment,
    ) -> Result<Session<'a>, Diagnostic> {
        let shown = PathBuf::from(directory(source, month));
        let scratch = root.join("billing").join(month.to_string()).join(format!(".{}", source.name));
        let purpose = Purpose {
            shown: shown.clone(),
            what: "the bill",
            busy: format!("another fetch of {month} from \"{}\" is running", source.name),
            other: "",
        };
        let staging = Staging::begin(root.join(shown), &scratch, purpose)?;
        Ok(Session {
            source,
            month,
            draft,
            environment,
            staging,
            received: RefCell::default(),
            remarks: RefCell::default(),
        })
    }

    /// Keeps an answer as a file with that name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, name: &str, response: &Response) -> Result<(), Diagnostic> {
        self.check_name(name)?;
        self.staging.write(name, &response.body)?;
        self.record(name, response);
        Ok(())
    }

    /// Sends a request and writes a successful answer to a file with that name, without holding it in memory.
    ///
    /// # Errors
    /// When there is no answer or it cannot be written.
    pub fn download(&self, client: &Client<'_>, request: &Request, name: &str) -> Result<Response, Diagnostic> {
        interruption::point();
        let mut file = self.staging.create(name)?;
        let response = client.download(request, &mut file)?;
        interruption::point();
        if response.is_success() {
            self.record(name, &response);
        }
        Ok(response)
    }

    /// Adds a warning about fetched data that can be used all the same.
    pub fn remark(&self, warning: Diagnostic) {
        self.remarks.borrow_mut().push(warning);
    }

    /// Refuses a name that contains a secret, because names include ids that the provider sends.
    fn check_name(&self, name: &str) -> Result<(), Diagnostic> {
        if self.environment.secrets.masked(name) == name {
            return Ok(());
        }
        let message = format!("the answers of \"{}\" use a key of yours as an id", self.source.name);
        Err(Diagnostic::could_not_run(message)
            .at(&self.source.definition)
            .with_hint("nothing was kept; renew the key, and ask the provider about it"))
    }

    fn record(&self, name: &str, response: &Response) {
        self.received.borrow_mut().push(Received {
            path: name.to_owned(),
            method: response.method.clone(),
            url: response.url.clone(),
            time: rfc3339(response.time),
            status: response.status,
            bytes: response.length,
            sha256: response.sha256.clone(),
        });
    }

    /// Ends the session when all files are complete.
    pub(super) fn complete(self, is_final: bool) -> Staged {
        let provenance = Provenance {
            source: self.source.name.clone(),
            kind: self.source.kind.name().to_owned(),
            month: self.month.to_string(),
            fetched_at: rfc3339((self.environment.now)()),
            tool: concat!("invoicer ", env!("CARGO_PKG_VERSION")).to_owned(),
            is_final,
            accepted_difference: None,
            files: self.received.into_inner(),
        };
        let path = format!("billing/{}/.{}.partial", self.month, self.source.name);
        let snapshot = Snapshot { path, month: self.month, provenance, directory: self.staging.path("") };
        Staged { snapshot, place: directory(self.source, self.month), staging: self.staging }
    }
}

/// A snapshot that is complete but not in place yet; dropping it leaves nothing behind.
pub(super) struct Staged {
    /// The snapshot in its temporary directory.
    pub(super) snapshot: Snapshot,
    place: String,
    staging: Staging,
}

impl Staged {
    /// Records that a difference from the provider's total was accepted.
    pub(super) fn accept(&mut self, difference: AcceptedDifference) {
        self.snapshot.provenance.accepted_difference = Some(difference);
    }

    /// Writes the provenance and moves the snapshot into place; returns the paths of its files, relative to the
    /// workspace's root.
    pub(super) fn commit(self) -> Result<Vec<String>, Diagnostic> {
        let mut bytes = serde_json::to_vec_pretty(&self.snapshot.provenance).context("cannot write JSON")?;
        bytes.push(b'\n');
        self.staging.write(PROVENANCE, &bytes)?;
        let files = self.snapshot.all_files().map(|name| format!("{}/{name}", self.place)).collect();
        self.staging.commit()?;
        Ok(files)
    }
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The directory of a source's snapshot, relative to the workspace's root, with `/`.
pub fn directory(source: &SourceSettings, month: BillingMonth) -> String {
    format!("billing/{month}/{}", source.name)
}

/// A provider's answers for a month.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The directory, relative to the workspace's root, with `/`.
    pub path: String,
    /// The month.
    pub month: BillingMonth,
    /// Origin of its files.
    pub provenance: Provenance,
    directory: PathBuf,
}

impl Snapshot {
    /// Opens the snapshot of a source and month; none where nothing was fetched. A directory without provenance holds
    /// answers that somebody saved by other means: they are read, but their origin is unknown.
    ///
    /// # Errors
    /// When its provenance cannot be read or belongs to another source.
    pub fn open(root: &Path, source: &SourceSettings, month: BillingMonth) -> Result<Option<Snapshot>, Diagnostic> {
        let path = directory(source, month);
        let directory = root.join(&path);
        let place = format!("{path}/{PROVENANCE}");
        let again = format!("fetch the month again: invoicer fetch {month} --source {} --force", source.name);
        if !directory.exists() {
            return Ok(None);
        }
        if !directory.join(PROVENANCE).exists() {
            return by_hand(path, directory, source, month).map(Some);
        }
        let bytes = files::read(&directory.join(PROVENANCE), files::DATA).map_err(|error| {
            let message = format!("cannot read where the fetched bill comes from: {}", cause(&error));
            Diagnostic::error(message).at(Place::file(&place)).with_hint(again.clone())
        })?;
        let provenance: Provenance = serde_json::from_slice(&bytes).map_err(|error| {
            let line = u32::try_from(error.line()).unwrap_or(1);
            let message = format!("this is not what a fetch wrote: {}", json_fault(&error));
            Diagnostic::error(message).at(Place::line(&place, line)).with_hint(again.clone())
        })?;
        provenance.check().map_err(|wrong| {
            Diagnostic::error(format!("this is not what a fetch wrote: {wrong}"))
                .at(Place::file(&place))
                .with_hint(again.clone())
        })?;
        let expected = [source.kind.name().to_owned(), month.to_string()];
        if expected != [provenance.kind.clone(), provenance.month.clone()] {
            let message = format!(
                "expected the bill of {} from {}, found that of {} from {}",
                expected[1], expected[0], provenance.month, provenance.kind
            );
            return Err(Diagnostic::error(message).at(Place::file(&place)).with_hint(again));
        }
        Ok(Some(Snapshot { path, month, provenance, directory }))
    }

    /// The names of all its files, including the provenance.
    pub fn all_files(&self) -> impl Iterator<Item = &str> {
        let provenance = self.directory.join(PROVENANCE).exists().then_some(PROVENANCE);
        self.provenance.files.iter().map(|file| file.path.as_str()).chain(provenance)
    }

    /// The names of its files with that prefix, sorted.
    pub fn files(&self, prefix: &str) -> Vec<&str> {
        let names = self.provenance.files.iter().map(|file| file.path.as_str());
        let mut names: Vec<&str> = names.filter(|name| name.starts_with(prefix)).collect();
        names.sort_unstable();
        names
    }

    /// Reads the file with that name, if the snapshot has it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Diagnostic> {
        if !self.provenance.files.iter().any(|file| file.path == name) {
            return Ok(None);
        }
        let bytes = files::read(&self.directory.join(name), files::DATA);
        Ok(Some(bytes.with_context(|| cannot("read the file", format!("{}/{name}", self.path)))?))
    }

    /// Reads the file with that name as JSON, if the snapshot has it; `what` is what it should be.
    ///
    /// # Errors
    /// When it cannot be read, or is not such JSON.
    pub fn json<T: DeserializeOwned>(&self, name: &str, what: &str) -> Result<Option<T>, Diagnostic> {
        let Some(bytes) = self.read(name)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let line = u32::try_from(error.line()).unwrap_or(1).max(1);
            let place = Place::line(format!("{}/{name}", self.path), line);
            Diagnostic::error(format!("this is not {what}: {}", json_fault(&error))).at(place)
        })
    }

    /// Errors for every file that has changed since it was received.
    pub fn changes(&self) -> Vec<Diagnostic> {
        let hint = format!(
            "a fetched bill is evidence: put the file back, or fetch again with invoicer fetch {} --source {} --force",
            self.month, self.provenance.source
        );
        let changed = |file: &Received| {
            let problem = match digest(&self.directory.join(&file.path)) {
                Ok((_, sha256)) if sha256 == file.sha256 => return None,
                Ok(_) => "the file was changed after it was fetched".to_owned(),
                Err(error) => format!("the fetched file cannot be read: {}", cause(&error)),
            };
            let place = Place::file(format!("{}/{}", self.path, file.path));
            Some(Diagnostic::error(problem).at(place).with_hint(hint.clone()))
        };
        self.provenance.files.iter().filter_map(changed).collect()
    }
}

/// A snapshot of the files in a directory, sorted by name.
fn by_hand(
    path: String,
    directory: PathBuf,
    source: &SourceSettings,
    month: BillingMonth,
) -> Result<Snapshot, Diagnostic> {
    let mut files = Vec::new();
    let names = files::names(&directory).with_context(|| cannot("read the directory of the bill", &path))?;
    for name in names {
        let full = directory.join(&name);
        let name = name.to_string_lossy().into_owned();
        // A directory beside the answers is ignored, but one named like an answer is not silently left out.
        let is_beside = full.is_dir() && full.extension().is_none();
        if name.starts_with('.') || name == DRIFT || is_beside {
            continue;
        }
        let (length, sha256) = digest(&full).with_context(|| cannot("read the file", format!("{path}/{name}")))?;
        files.push(Received {
            path: name,
            method: String::new(),
            url: String::new(),
            time: String::new(),
            status: 200,
            bytes: length,
            sha256,
        });
    }
    let provenance = Provenance {
        source: source.name.clone(),
        kind: source.kind.name().to_owned(),
        month: month.to_string(),
        fetched_at: String::new(),
        tool: String::new(),
        is_final: true,
        accepted_difference: None,
        files,
    };
    Ok(Snapshot { path, month, provenance, directory })
}
