//! [`expand`]: the files that a pattern names.

use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::Context;

use crate::diagnostic::{Diagnostic, cannot};
use crate::model::matcher::Glob;

/// The files that match a pattern with `*` and `?` between its slashes, and `**` for any number of directories.
///
/// # Errors
/// A directory that cannot be listed: its files must not be left out.
pub fn expand(root: &Path, pattern: &str) -> Result<Vec<String>, Diagnostic> {
    let mut found: Vec<String> = vec![if pattern.starts_with('/') { "/".to_owned() } else { String::new() }];
    for component in pattern.split('/').filter(|component| !matches!(*component, "" | ".")) {
        let steps: Vec<Vec<String>> =
            found.iter().map(|base| step(root, base, component)).collect::<Result<_, Diagnostic>>()?;
        found = steps.concat();
    }
    // Keeps broken links and names that are not UTF-8, to report them: no file may be silently left out.
    found.retain(|path| {
        path.contains('\u{fffd}') || !root.join(path).symlink_metadata().is_err_and(|error| is_absent(&error))
    });
    found.sort();
    // `**/**` comes to each directory on several ways.
    found.dedup();
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
    if component == "**" {
        return directories(root, base);
    }
    if !component.contains(['*', '?']) {
        return Ok(vec![join(component)]);
    }
    let glob = Glob::new(component);
    let names = match super::names(&if base.is_empty() { root.to_path_buf() } else { root.join(base) }) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        names => names.with_context(|| cannot("read the directory", if base.is_empty() { "." } else { base }))?,
    };
    let names = names.iter().map(|name| name.to_string_lossy().into_owned());
    // Editors and file managers leave hidden copies, which a wildcard does not match, as in a shell.
    let visible = names.filter(|name| !name.starts_with('.') || component.starts_with('.'));
    Ok(visible.filter(|name| glob.matches(name)).map(|name| join(&name)).collect())
}

/// A directory and all directories below it. Follows no links, which could lead back; hidden ones are left out.
fn directories(root: &Path, base: &str) -> Result<Vec<String>, Diagnostic> {
    let mut found = vec![base.to_owned()];
    let mut next = 0;
    while let Some(directory) = found.get(next).cloned() {
        next += 1;
        let below = step(root, &directory, "*")?.into_iter();
        found.extend(below.filter(|path| root.join(path).symlink_metadata().is_ok_and(|found| found.is_dir())));
    }
    Ok(found)
}
