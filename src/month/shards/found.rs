//! [`Found`]: the directory of one shard, with its record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;

use super::record::{ShardRecord, file_name, numbers_in};
use crate::diagnostic::{Diagnostic, Place, cannot, json_fault};
use crate::files;
use crate::model::format::Format;
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::model::shard::Shard;
use crate::out;

/// A directory that a shard was written to.
#[derive(Clone, Debug)]
pub struct ShardDirectory {
    /// The directory.
    pub path: PathBuf,
    /// Its path as the user wrote it.
    pub shown: String,
}

/// A shard that was found.
pub(super) struct Found {
    pub(super) directory: ShardDirectory,
    pub(super) shard: Shard,
    pub(super) record: ShardRecord,
    /// Hashes of its files by path.
    hashes: BTreeMap<String, String>,
}

impl Found {
    /// A path in its directory, as the user would write it.
    pub(super) fn shown(&self, path: &str) -> String {
        format!("{}/{path}", self.directory.shown)
    }

    /// Its record, as the user would write its path.
    pub(super) fn record_shown(&self) -> String {
        self.shown(&file_name(self.shard.number()))
    }

    pub(super) fn hash(&self, path: &str) -> Option<&str> {
        self.hashes.get(path).map(String::as_str)
    }

    /// ` --format pdf`
    pub(super) fn formats(&self) -> String {
        let formats: Vec<&str> = self.record.formats.iter().map(|format| format.extension()).collect();
        format!(" --format {}", formats.join(","))
    }

    /// ` --draft`, or nothing.
    pub(super) fn draft(&self) -> &'static str {
        if self.record.basis.status == Status::Draft { " --draft" } else { "" }
    }

    /// The paths that its record lists.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.hashes.keys().map(String::as_str)
    }

    /// An error about one of its files.
    pub(super) fn problem(&self, path: &str, message: String) -> Diagnostic {
        Diagnostic::error(message).at(Place::file(self.shown(path))).with_hint(self.again())
    }

    /// An error about its record.
    pub(super) fn record_problem(&self, message: String) -> Diagnostic {
        self.problem(&file_name(self.shard.number()), message)
    }

    /// The way out where it is not as it should be.
    pub(super) fn again(&self) -> String {
        let Found { shard, directory, record, .. } = self;
        let (month, shown) = (record.basis.month, &directory.shown);
        let formats = if record.formats.len() < Format::ALL.len() { self.formats() } else { String::new() };
        format!("build it again: invoicer build {month} --shard {shard} --out {shown}{formats}{}", self.draft())
    }
}

/// The fields by which records of other versions are known.
#[derive(Deserialize)]
struct Form {
    tool: String,
}

impl Found {
    /// Reads the record in a directory.
    pub(super) fn read(directory: ShardDirectory, month: BillingMonth) -> Result<Found, Diagnostic> {
        let ShardDirectory { path, shown } = &directory;
        let number = match *numbers_in(path).as_slice() {
            [number] => number,
            ref several => {
                let message = match several {
                    [] => "there is no shard in the directory".to_owned(),
                    _ => "there are records of several shards in the directory".to_owned(),
                };
                let hint = format!("name the directories that `invoicer build {month} --shard I/N --out DIR` wrote");
                return Err(Diagnostic::error(message).at(Place::file(shown)).with_hint(hint));
            }
        };
        let name = file_name(number);
        let file = format!("{shown}/{name}");
        let bytes = files::read(&path.join(&name), files::DATA).with_context(|| cannot("read the file", &file))?;
        let wrong = |message: String| {
            let hint = format!("build the shard again: invoicer build {month} --shard {number}/N --out {shown}");
            Diagnostic::error(message).at(Place::file(&file)).with_hint(hint)
        };
        let unreadable =
            |error: serde_json::Error| wrong(format!("the shard's record cannot be read: {}", json_fault(&error)));
        let Form { tool } = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if tool != out::tool() {
            let problem = wrong(format!("the shard was built by {tool}, this is {}", out::tool()));
            return Err(problem.with_hint("build and merge all shards with one version"));
        }
        let record: ShardRecord = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if record.basis.month != month {
            return Err(wrong(format!("the shard is of {}, not of {month}", record.basis.month)));
        }
        let shard = Shard::new(number, record.shards).filter(|_| record.shard == number);
        let shard = shard.ok_or_else(|| wrong(format!("the record is of shard {}/{}", record.shard, record.shards)))?;
        let hashes = record.files.iter().map(|file| (file.path.clone(), file.sha256.clone())).collect();
        Ok(Found { directory, shard, record, hashes })
    }
}
