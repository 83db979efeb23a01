//! Names and tags of resources, from the lists fetched with a bill.
//!
//! The bill has a resource's name but no tags, and the lists have only resources that still exist. A deleted resource
//! keeps its last known tags: the lists of earlier months are read, newest first, until every resource is found. A
//! server whose plan changed is a new resource with the tag `@previous-id=` of the old one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::value::RawValue;

use super::answers::Resource;
use super::fetch::RESOURCES;
use super::rows::resource_id;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::files;
use crate::model::charge::{BillFile, EMPTY, NameId};
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;
use crate::sources::provider::Reading;
use crate::sources::snapshot::{PROVENANCE, Snapshot, directory};

const PREVIOUS: &str = "@previous-id";

/// Name and tags of a resource.
struct Known {
    name: String,
    tags: Vec<String>,
    /// The list they come from: index among those read, newest first, and file.
    list: (usize, String),
}

/// The newest names and tags of all resources.
#[derive(Default)]
struct Directory {
    resources: BTreeMap<String, Known>,
    /// From a replaced resource to its successor.
    successors: BTreeMap<String, String>,
}

impl Directory {
    /// Adds the lists of a snapshot older than all added before.
    fn add(&mut self, snapshot: &Snapshot, age: usize) -> Result<(), Diagnostic> {
        for file in snapshot.files(RESOURCES) {
            for resource in list(snapshot, file)? {
                let id = canonical(&resource.id.0);
                let tags = resource.tags.unwrap_or_default();
                for old in tags.iter().filter_map(|tag| tag.strip_prefix(PREVIOUS)?.strip_prefix('=')) {
                    self.successors.entry(canonical(old.trim())).or_insert_with(|| id.clone());
                }
                let name = resource.name.unwrap_or_default();
                self.resources.entry(id).or_insert_with(|| Known { name, tags, list: (age, file.to_owned()) });
            }
        }
        Ok(())
    }

    /// The resource, followed by its successors as far as they are known.
    fn line(&self, id: &str) -> Vec<&Known> {
        let mut line = Vec::new();
        let mut passed = BTreeSet::new();
        let mut next = Some(id.to_owned());
        while let Some(id) = next.filter(|id| passed.insert(id.clone())) {
            line.extend(self.resources.get(&id));
            next = self.successors.get(&id).cloned();
        }
        line
    }
}

/// An id in the form that a bill's rows have after reading.
fn canonical(id: &str) -> String {
    resource_id(id).map_or_else(|_| id.to_owned(), std::borrow::Cow::into_owned)
}

/// The rows of a page of any kind of resource.
fn list(snapshot: &Snapshot, file: &str) -> Result<Vec<Resource>, Diagnostic> {
    let bytes = snapshot.read(file)?.unwrap_or_default();
    let told = |error: serde_json::Error| {
        let line = u32::try_from(error.line()).unwrap_or(1);
        Diagnostic::error(format!("this is no list of resources: {error}"))
            .at(Place::line(format!("{}/{file}", snapshot.path), line))
    };
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(&bytes).map_err(told)?;
    let rows = fields.values().find(|field| field.get().starts_with('['));
    rows.map_or(Ok(Vec::new()), |rows| serde_json::from_str(rows.get()).map_err(told))
}

/// The earlier months with a snapshot of the source, newest first.
fn earlier(root: &Path, source: &SourceSettings, month: BillingMonth) -> Vec<BillingMonth> {
    let names = files::names(&root.join("billing")).unwrap_or_default().into_iter();
    let names = names.filter_map(|name| name.into_string().ok());
    let months = names.filter_map(|name| name.parse::<BillingMonth>().ok().filter(|month| month.to_string() == name));
    let mut months: Vec<BillingMonth> = months.filter(|earlier| *earlier < month).collect();
    // A directory with that name may hold CSV files from before the API was used.
    months.retain(|month| root.join(directory(source, *month)).join(PROVENANCE).exists());
    months.sort_unstable();
    months.reverse();
    months
}

/// Adds tags to the bill's subjects of that source, and names where the bill has none.
///
/// # Errors
/// Lists that cannot be read, or have changed since they were received.
pub(super) fn fill_in(reading: &mut Reading<'_>, snapshot: &Snapshot) -> Result<(), Problems> {
    let Reading { root, settings, source, .. } = *reading;
    let bill = &mut *reading.bill;
    let wanted: BTreeSet<String> = super::resource_ids(bill, source);
    let mut known = Directory::default();
    known.add(snapshot, 0)?;
    let mut older = Vec::new();
    for month in earlier(root, settings, bill.month) {
        if wanted.iter().all(|id| known.resources.contains_key(id)) {
            break;
        }
        if let Some(snapshot) = Snapshot::open(root, settings, month)? {
            older.push(snapshot);
            known.add(&older[older.len() - 1], older.len())?;
        }
    }
    let mut used: BTreeSet<&(usize, String)> = BTreeSet::new();
    for subject in bill.subjects.iter_mut().filter(|subject| subject.source == source) {
        let line = known.line(bill.names.get(subject.resource));
        let names = &mut bill.names;
        used.extend(line.iter().map(|known| &known.list));
        if let Some(known) = line.iter().find(|known| !known.name.is_empty())
            && subject.resource_name == EMPTY
        {
            subject.resource_name = names.intern(&known.name);
        }
        let is_own = |tag: &String| !tag.starts_with(PREVIOUS);
        let tags = line.iter().find(|known| known.tags.iter().any(is_own)).map_or(&[][..], |known| &known.tags);
        let mut more: Vec<(NameId, NameId)> = subject.tags.to_vec();
        for (name, value) in tags.iter().filter_map(|tag| named(tag)) {
            more.push((names.intern(name), names.intern(value)));
        }
        subject.tags = more.into_boxed_slice();
    }
    // A list that decides about a charge is an input of the invoices, from whatever month it is.
    for (age, file) in used.iter().filter(|(age, _)| *age > 0) {
        let snapshot = &older[age - 1];
        let path = format!("{}/{file}", snapshot.path);
        let length = root.join(&path).metadata().map_or(0, |metadata| metadata.len());
        bill.files.push(BillFile { path, source, length });
    }
    let ages: BTreeSet<usize> = used.iter().map(|(age, _)| *age).filter(|age| *age > 0).collect();
    ages.into_iter().flat_map(|age| older[age - 1].changes()).collect::<Problems>().check()
}

/// Name and value of a tag, which is plain text: `customer=acme` is the tag `customer` with the value `acme`, and
/// `prod` the tag `prod` with the value `prod`. A tag without value counts as none.
fn named(tag: &str) -> Option<(&str, &str)> {
    match tag.split_once('=') {
        Some((name, value)) if !name.is_empty() => Some((name, value)).filter(|_| !value.is_empty()),
        _ => Some((tag, tag)).filter(|_| !tag.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_names() {
        assert_eq!(named("customer=acme"), Some(("customer", "acme")));
        assert_eq!(named("url=https://x/?a=b"), Some(("url", "https://x/?a=b")));
        assert_eq!(named("prod"), Some(("prod", "prod")));
        assert_eq!(named("=prod"), Some(("=prod", "=prod")));
        assert_eq!(named("customer="), None);
        assert_eq!(named(""), None);
    }
}
