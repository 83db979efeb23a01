//! Expands a source's `path` to its files.

use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::Context;

use crate::diagnostic::{Diagnostic, Place, cannot};
use crate::files;
use crate::model::matcher::Glob;
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
            format!("save the provider's bill as {}", pattern.replace('*', ""))
        }
        months => format!("save the provider's bill there; there are files for {}", months.join(", ")),
    }))
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

/// The files that match a pattern with `*` and `?` between its slashes.
///
/// # Errors
/// A directory that cannot be listed: its files must not be left out of the bill.
fn expand(root: &Path, pattern: &str) -> Result<Vec<String>, Diagnostic> {
    let mut found: Vec<String> = vec![if pattern.starts_with('/') { "/".to_owned() } else { String::new() }];
    for component in pattern.split('/').filter(|component| !matches!(*component, "" | ".")) {
        let steps: Vec<Vec<String>> =
            found.iter().map(|base| step(root, base, component)).collect::<Result<_, Diagnostic>>()?;
        found = steps.concat();
    }
    // Keeps broken links and names that are not UTF-8, to report them: no bill may be silently left out.
    found.retain(|path| {
        path.contains('\u{fffd}') || !root.join(path).symlink_metadata().is_err_and(|error| is_absent(&error))
    });
    found.sort();
    Ok(found)
}

/// Whether the error means that the file does not exist; with any other error it does.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn step(root: &Path, base: &str, component: &str) -> Result<Vec<String>, Diagnostic> {
    let join = |name: &str| match base {
        "" => name.to_owned(),
        "/" => format!("/{name}"),
        base => format!("{base}/{name}"),
    };
    if !component.contains(['*', '?']) {
        return Ok(vec![join(component)]);
    }
    let glob = Glob::new(component);
    let names = match files::names(&if base.is_empty() { root.to_path_buf() } else { root.join(base) }) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        names => names.with_context(|| cannot("read the directory", if base.is_empty() { "." } else { base }))?,
    };
    let names = names.iter().map(|name| name.to_string_lossy().into_owned());
    // Editors and file managers leave hidden copies, which a wildcard does not match, as in a shell.
    let visible = names.filter(|name| !name.starts_with('.') || component.starts_with('.'));
    Ok(visible.filter(|name| glob.matches(name)).map(|name| join(&name)).collect())
}
