//! [`expand`]: the files that a pattern names.

use std::collections::{BTreeSet, VecDeque};
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
    // A wildcard matches no hidden files, as in a shell, and no copies of editors.
    let visible = names.filter(|name| !super::is_unmeant(name) || component.starts_with('.') && name.starts_with('.'));
    Ok(visible.filter(|name| glob.matches(name)).map(|name| join(&name)).collect())
}

/// A directory and all directories below it, each once: also those that links lead to, after the others. Hidden ones are left
/// out.
fn directories(root: &Path, base: &str) -> Result<Vec<String>, Diagnostic> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next = VecDeque::from([base.to_owned()]);
    let mut linked = VecDeque::new();
    while let Some(directory) = next.pop_front().or_else(|| linked.pop_front()) {
        // A link may lead back to a directory that it lies in.
        if !root.join(&directory).canonicalize().is_ok_and(|full| seen.insert(full)) {
            continue;
        }
        for path in step(root, &directory, "*")? {
            let full = root.join(&path);
            if full.is_dir() {
                if full.is_symlink() { linked.push_back(path) } else { next.push_back(path) }
            }
        }
        found.push(directory);
    }
    Ok(found)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// Parts that lie on another disk and are linked are parts, too; a link that leads back ends.
    #[test]
    fn linked_directories_are_read_once() {
        let root = std::env::temp_dir().join(format!("invoicer-expansion-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for directory in ["bills/own", "store/below"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for file in ["bills/a.csv", "bills/own/b.csv", "store/below/c.csv", "bills/own/b.csv~", "bills/own/#b.csv#"] {
            fs::write(root.join(file), "").unwrap();
        }
        symlink(root.join("store"), root.join("bills/linked")).unwrap();
        symlink("..", root.join("bills/own/back")).unwrap();
        symlink("own", root.join("bills/again")).unwrap();
        let found = expand(&root, "bills/**/*.csv*");
        let _ = fs::remove_dir_all(&root);
        assert_eq!(found.unwrap(), ["bills/a.csv", "bills/linked/below/c.csv", "bills/own/b.csv"]);
    }
}
