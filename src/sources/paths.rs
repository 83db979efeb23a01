//! Expands a source's `path` to its files.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::files::{self, expand};
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;

/// The source's files, sorted, relative to the workspace's root.
///
/// # Errors
/// When there is no such file.
pub(super) fn of_source(root: &Path, source: &SourceSettings, month: BillingMonth) -> Result<Vec<String>, Diagnostic> {
    let pattern = source.path.clone().unwrap_or_default().replace("{month}", &month.to_string());
    let paths = expand(root, &pattern)?;
    if let Some(path) = paths.iter().find(|path| path.contains('\u{fffd}') || !root.join(path).is_file()) {
        // A file that matches but cannot be read must not be silently left out of the bill.
        let diagnostic = Diagnostic::error("the source's path names this, but it is no file that can be read");
        return Err(diagnostic
            .at(Place::file(path))
            .with_hint("remove it, rename it in UTF-8, or narrow the source's path"));
    }
    if !paths.is_empty() {
        return Ok(paths);
    }
    let diagnostic =
        Diagnostic::error(format!("no bill of {month} for the source \"{}\": no file {pattern}", source.name));
    Err(diagnostic.at(&source.definition).with_hint(match months_with_files(root, source) {
        months if months.is_empty() => {
            format!("save the provider's bill as {}", example(&pattern))
        }
        months => format!("save the provider's bill there; there are files for {}", months.join(", ")),
    }))
}

/// A file that matches the pattern, and is not hidden.
fn example(pattern: &str) -> String {
    let pattern = pattern.replace("**/", "");
    let (directory, name) = pattern.rsplit_once('/').map_or(("", &*pattern), |(directory, name)| (directory, name));
    let stem = if name.starts_with("*.") || name == "*" { "NAME" } else { "" };
    let slash = if directory.is_empty() { "" } else { "/" };
    format!("{directory}{slash}{stem}{name}").replace('*', "")
}

/// Refuses files that a path ending with `*` names beside `.csv` and `.csv.gz`: earlier states and half downloads of a bill
/// have such names, and would be billed beside it.
///
/// # Errors
/// Each such file.
pub(super) fn check_endings(source: &SourceSettings, paths: &[String]) -> Result<(), Problems> {
    if !source.path.as_deref().is_some_and(|path| path.ends_with('*')) {
        return Ok(());
    }
    let other = |path: &&String| {
        let name = path.rsplit_once('/').map_or(path.as_str(), |(_, name)| name).to_ascii_lowercase();
        let endings = [".csv", ".json"].into_iter().filter_map(|ending| name.rsplit_once(ending));
        endings.map(|(_, behind)| behind).any(|behind| !matches!(behind, "" | ".gz"))
    };
    let problem = |path: &String| {
        let diagnostic =
            Diagnostic::error("the source's path names this file, but its name does not end like a bill's");
        let hint =
            "an earlier state or a half download would be billed, too: move it out of the source's path, or rename it";
        diagnostic.at(Place::file(path)).with_hint(hint)
    };
    paths.iter().filter(other).map(problem).collect::<Problems>().check()
}

/// Months that have files, for the hint: a mistyped month is the usual cause.
fn months_with_files(root: &Path, source: &SourceSettings) -> Vec<String> {
    let pattern = source.path.clone().unwrap_or_default();
    let Some((before, _)) = pattern.split_once("{month}") else {
        return Vec::new();
    };
    let directory = before.rsplit_once('/').map_or("", |(directory, _)| directory);
    // Errors are ignored here: without names there is just nothing to suggest.
    let names = files::names(&root.join(directory)).unwrap_or_default().into_iter();
    let mut months: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    months.retain(|month| {
        let has_files = || expand(root, &pattern.replace("{month}", month)).is_ok_and(|paths| !paths.is_empty());
        month.parse::<BillingMonth>().is_ok() && has_files()
    });
    months
}
