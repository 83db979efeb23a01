//! Reads `issued/`: every record in the order in which they were written, and everything wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::Path;

use anyhow::Context;
use rayon::prelude::*;
use serde::Deserialize;

use super::record::{COSTS_INSIDE, FORMAT, Record};
use super::{DIRECTORY, Stored, soundness};
use crate::diagnostic::{Diagnostic, Place, cannot, json_fault};
use crate::files;
use crate::model::period::BillingMonth;
use crate::model::plain::beginning;
use crate::model::text::Text;
use crate::staging::hash;

pub(super) const HINT: &str = "issued/ is never edited: put back what git or a backup has";

/// All records of `issued/` in the order of the chain, and its faults. Records after a fault are included, so that
/// users can look at them.
pub(super) fn read(root: &Path, load: Load) -> (Vec<Stored>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let mut records: BTreeMap<String, Stored> = BTreeMap::new();
    let names = names(root, &mut faults);
    let loaded: Vec<Result<Stored, Diagnostic>> = names.par_iter().map(|name| load(root, name)).collect();
    for (name, loaded) in names.into_iter().zip(loaded) {
        match loaded {
            Ok(stored) => {
                records.insert(name, stored);
            }
            Err(fault) => faults.push(fault),
        }
    }
    let mut ordered: Vec<String> = Vec::with_capacity(records.len());
    let mut placed = BTreeSet::new();
    let mut followers: Followers<'_> = BTreeMap::new();
    for stored in records.values() {
        let previous = stored.record.previous.as_ref().map(|previous| previous.file.as_str());
        followers.entry(previous).or_default().push(stored);
    }
    let mut next = follower(&followers, None, &mut faults);
    while let Some(name) = next.filter(|name| placed.insert(name.clone())) {
        let following = format!("{name}.json");
        ordered.push(name);
        next = follower(&followers, Some(&following), &mut faults);
    }
    for stored in records.values().filter(|stored| !placed.contains(&stored.name)) {
        let before = stored.record.previous.as_ref().map(|previous| previous.file.as_str());
        let is_known = |file: &str| file.strip_suffix(".json").is_some_and(|name| records.contains_key(name));
        // A record whose predecessor exists is on a branch, which `follower` has reported.
        if let Some(before) = before.filter(|before| !is_known(before)) {
            let message = format!("the record before it, {before}, is missing or cannot be read");
            faults.push(Diagnostic::error(message).at(Place::file(stored.path())).with_hint(HINT));
        }
        ordered.push(stored.name.clone());
    }
    for stored in ordered.iter().filter_map(|name| records.get(name)) {
        let Some(previous) = &stored.record.previous else {
            continue;
        };
        let before = previous.file.strip_suffix(".json").and_then(|name| records.get(name));
        if let Some(before) = before.filter(|before| before.sha256 != previous.sha256) {
            let message = format!("the record was changed after {} was written", stored.path());
            faults.push(Diagnostic::error(message).at(Place::file(before.path())).with_hint(HINT));
        }
    }
    // A year's records are large: they are moved, not copied.
    let ordered: Vec<Stored> = ordered.iter().filter_map(|name| records.remove(name)).collect();
    if faults.is_empty() {
        faults = soundness::together(&ordered);
    }
    (ordered, faults)
}

/// The records by the file that they follow, each list in the order of their names. Corrections are records too: there can
/// be thousands.
type Followers<'a> = BTreeMap<Option<&'a str>, Vec<&'a Stored>>;

/// The record that follows `previous`.
fn follower(followers: &Followers<'_>, previous: Option<&str>, faults: &mut Vec<Diagnostic>) -> Option<String> {
    let mut following = followers.get(&previous)?.iter();
    let first = following.next()?;
    for other in following {
        let message = match previous {
            Some(previous) => format!("{} follows {previous} too", first.path()),
            None => format!("{} is the first record too", first.path()),
        };
        let hint = "two people issued at once: keep the one that was sent, with the index.csv that belongs to it, remove the other and \
                    issue it again";
        faults.push(Diagnostic::error(message).at(Place::file(other.path())).with_hint(hint));
    }
    Some(first.name.clone())
}

/// The names of the records, without `.json`.
pub(super) fn names(root: &Path, faults: &mut Vec<Diagnostic>) -> Vec<String> {
    let names = match files::names(&root.join(DIRECTORY)) {
        Ok(names) => names,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let error = anyhow::Error::from(error).context(cannot("read the directory", DIRECTORY));
            faults.push(error.into());
            return Vec::new();
        }
    };
    // A record's name is digits and a hyphen, so a name that is not UTF-8 is no record.
    let names = names.into_iter().filter_map(|name| name.into_string().ok());
    let mut names: Vec<String> = names.filter_map(|name| record_of(&name).map(str::to_owned)).collect();
    names.sort();
    names
}

/// The name of the record in a file: `202208` for a month's record, `202208-1` for its first correction.
pub(super) fn record_of(file: &str) -> Option<&str> {
    let name = file.strip_suffix(".json")?;
    let (month, correction) =
        name.split_once('-').map_or((name, None), |(month, correction)| (month, Some(correction)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_month = month.len() == 6 && digits(month) && month.parse::<BillingMonth>().is_ok();
    (is_month && correction.is_none_or(digits)).then_some(name)
}

/// The field that every form of record begins with.
#[derive(Deserialize)]
struct Form {
    format: u32,
    tool: String,
}

/// Reads a record by its name.
pub(super) type Load = fn(&Path, &str) -> Result<Stored, Diagnostic>;

/// A whole record.
pub(super) fn whole(root: &Path, name: &str) -> Result<Stored, Diagnostic> {
    let bytes = bytes(root, name)?;
    Ok(Stored { name: name.to_owned(), sha256: hash(&bytes), record: record(name, &bytes)? })
}

/// What is [listed](Record::listed) of a record, which is checked whole.
pub(super) fn listed(root: &Path, name: &str) -> Result<Stored, Diagnostic> {
    let bytes = bytes(root, name)?;
    let record: Record<Text<'_>> = record(name, &bytes)?;
    Ok(Stored { name: name.to_owned(), sha256: hash(&bytes), record: record.listed() })
}

fn path(name: &str) -> String {
    format!("{DIRECTORY}/{name}.json")
}

fn bytes(root: &Path, name: &str) -> Result<Vec<u8>, Diagnostic> {
    let path = path(name);
    Ok(files::read(&root.join(&path), files::DATA).with_context(|| cannot("read the file", &path))?)
}

/// The record in a file, with every field checked.
fn record<'b, S>(name: &str, bytes: &'b [u8]) -> Result<Record<S>, Diagnostic>
where
    S: Deserialize<'b> + Default + Deref<Target = str>,
{
    let path = path(name);
    let place = |line: usize| Place::line(&path, u32::try_from(line).unwrap_or(1));
    let unreadable = |error: serde_json::Error| {
        let message = format!("this is not what `invoicer issue` wrote: {}", json_fault(&error));
        Diagnostic::error(message).at(place(error.line())).with_hint(HINT)
    };
    let record: Result<Record<S>, serde_json::Error> = match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(bytes),
    };
    let (format, tool) = match &record {
        Ok(record) => (record.format, record.tool.to_owned()),
        // A later format may have other fields.
        Err(_) => {
            let Form { format, tool } = serde_json::from_slice(bytes).map_err(unreadable)?;
            (format, tool)
        }
    };
    if !(COSTS_INSIDE..=FORMAT).contains(&format) {
        let message = format!("the record has format {format}, this program reads {COSTS_INSIDE} to {FORMAT}");
        let hint = format!("use the version that wrote it or a later one: {}", beginning(&tool));
        return Err(Diagnostic::error(message).at(Place::file(&path)).with_hint(hint));
    }
    let record = record.map_err(unreadable)?;
    let month = name.get(..6).unwrap_or_default();
    if record.month.to_string() != month {
        let message = format!("expected the record of {month}, found that of {}", record.month);
        return Err(Diagnostic::error(message).at(Place::file(&path)).with_hint(HINT));
    }
    soundness::record(&record).map_err(|wrong| {
        Diagnostic::error(format!("this is not what `invoicer issue` wrote: {wrong}"))
            .at(Place::file(&path))
            .with_hint(HINT)
    })?;
    Ok(record)
}
