//! Finds the customers' files in `customers/`, and warns about other files there.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::files;
use crate::model::audience::is_reserved;
use crate::model::warning::WarningCode;

/// The directory of the customers' files.
const DIRECTORY: &str = "customers";

/// Id and path of every customer's file, by id, including those in sub-directories. Errors and warnings go to
/// `problems`.
pub(super) fn find(root: &Path, problems: &mut Vec<Diagnostic>) -> Vec<(String, String)> {
    let known = problems.len();
    let mut search = Search { problems, found: Vec::new(), others: Vec::new(), open: BTreeSet::new() };
    search.directory(&root.join(DIRECTORY), DIRECTORY);
    let Search { mut found, mut others, .. } = search;
    found.sort();
    others.sort();
    problems.extend(others.iter().map(|path| other(path)));
    let mut paths: BTreeMap<String, String> = BTreeMap::new();
    for (id, path) in found {
        if is_reserved(&id) {
            let message = format!("a customer cannot be called {id}: out/MONTH/{id} is not a customer's directory");
            let diagnostic = Diagnostic::error(message).at(Place::file(&path));
            problems.push(diagnostic.with_hint("rename the customer's file"));
        }
        match paths.get(&id) {
            None => {
                paths.insert(id, path);
            }
            Some(first) => {
                let diagnostic = Diagnostic::error(format!("two customers have the id \"{id}\"")).at(Place::file(path));
                let diagnostic = diagnostic.with_note(format!("the other is {first}"));
                problems.push(diagnostic.with_hint("the id is the file's name in any directory: rename one of them"));
            }
        }
    }
    if paths.is_empty() && !problems[known..].iter().any(Diagnostic::is_error) {
        let diagnostic = Diagnostic::error("the workspace has no customers").at(Place::file(DIRECTORY));
        let unread = others.iter().map(|path| format!("{path} does not end in .toml"));
        let diagnostic = unread.fold(diagnostic, Diagnostic::with_note);
        problems.push(diagnostic.with_hint("make one file per end customer: customers/acme.toml"));
    }
    paths.into_iter().collect()
}

/// A walk through `customers/`.
struct Search<'a> {
    problems: &'a mut Vec<Diagnostic>,
    /// Ids and paths of customers.
    found: Vec<(String, String)>,
    /// Paths of files that are not customers.
    others: Vec<String>,
    /// Directories being walked: following a link to one of them would never end.
    open: BTreeSet<PathBuf>,
}

impl Search<'_> {
    /// Searches a directory; `shown` is its path relative to the root.
    fn directory(&mut self, directory: &Path, shown: &str) {
        let listed = directory.canonicalize().and_then(|canonical| Ok((canonical, files::names(directory)?)));
        let (canonical, names) = match listed {
            Ok(listed) => listed,
            Err(error) if shown == DIRECTORY && error.kind() == ErrorKind::NotFound => {
                let diagnostic = Diagnostic::error("the workspace has no directory customers/");
                let diagnostic = diagnostic.at(Place::file(shown));
                self.problems.push(diagnostic.with_hint("make one file per end customer: customers/acme.toml"));
                return;
            }
            Err(error) => {
                let error = anyhow::Error::from(error).context(cannot("read the directory", shown));
                self.problems.push(error.into());
                return;
            }
        };
        if !self.open.insert(canonical.clone()) {
            return;
        }
        for name in names {
            self.entry(directory, name, shown);
        }
        self.open.remove(&canonical);
    }

    fn entry(&mut self, directory: &Path, name: OsString, shown: &str) {
        let Ok(name) = name.into_string() else {
            let message = format!("a file name in {shown}/ is not UTF-8");
            self.problems.push(Diagnostic::error(message).at(Place::file(shown)));
            return;
        };
        if files::is_unmeant(&name) {
            return;
        }
        let full = directory.join(&name);
        let path = format!("{shown}/{name}");
        match name.strip_suffix(".toml") {
            // macOS writes names decomposed; typed ids are composed.
            Some(id) => self.found.push((id.nfc().collect(), path)),
            // `is_dir` follows links: a link counts as its target.
            None if full.is_dir() => self.directory(&full, &path),
            None => self.others.push(path),
        }
    }
}

/// Warning about a file that may have been meant as a customer, who would not be billed.
fn other(path: &str) -> Diagnostic {
    let warning = Diagnostic::finding(WarningCode::NotACustomer, "the file is no customer: it is not read", path);
    let warning = warning.at(Place::file(path));
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    // Names may be Japanese, so this cuts at a character, not at a byte.
    let stem = name.char_indices().rev().nth(4).map(|(start, _)| name.split_at(start));
    warning.with_hint(match stem {
        Some((stem, ending)) if ending.eq_ignore_ascii_case(".toml") => format!("rename it to {stem}.toml"),
        _ => "a customer's file ends in .toml; keep other files elsewhere".to_owned(),
    })
}
