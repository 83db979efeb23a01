//! `invoicer init`: creates a workspace that builds at once, in a new directory or in an existing repository.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use crate::diagnostic::{Diagnostic, Place, Problems, cannot, cause};
use crate::files;
use crate::printer::Printer;
use crate::staging::{self, NewDirectories};

/// The files of `examples/starter` by path. The workspace file is written last, because it marks a complete workspace.
const FILES: [(&str, &str); 4] = [
    (WORKSPACE, include_str!("../../examples/starter/invoicer.toml")),
    ("customers/aozora.toml", include_str!("../../examples/starter/customers/aozora.toml")),
    ("customers/komugi.toml", include_str!("../../examples/starter/customers/komugi.toml")),
    ("billing/202208/soracom.csv", include_str!("../../examples/starter/billing/202208/soracom.csv")),
];

const WORKSPACE: &str = "invoicer.toml";

/// The parts of a file of git: a comment and its lines.
type Parts = [(&'static str, &'static [&'static str])];

/// Files that a repository may already have; then only missing lines are added.
const GIT: [(&str, &Parts); 2] = [(".gitignore", &IGNORED), (".gitattributes", &ATTRIBUTES)];

/// Git may otherwise write other line ends into a working copy, and the records have the files' hashes.
const ATTRIBUTES: [(&str, &[&str]); 1] =
    [("# evidence: git keeps every byte", &["issued/** -text", "billing/** -text", "adjustments/** -text"])];

const IGNORED: [(&str, &[&str]); 2] = [
    ("# written by `invoicer build` and `invoicer export`, safe to delete", &["out/", "export/"]),
    ("# left by an interrupted run, cleared away by the next", &[".*.partial", ".*.old", ".*.lock", ".lock"]),
];

/// Writes the workspace to `target`, relative to `start`, all or nothing.
pub(super) fn run(start: &Path, target: &Path, printer: &Printer) -> Result<(), Problems> {
    let directory = start.join(target);
    let shown =
        |path: &str| if target == Path::new(".") { path.to_owned() } else { target.join(path).display().to_string() };
    // Files of an interrupted run do not stop the next run.
    let is_ours = |path: &str, text: &str| {
        path != WORKSPACE && files::read(&directory.join(path), files::TEXT).is_ok_and(|bytes| bytes == text.as_bytes())
    };
    let is_there = |path: &str| directory.join(path).symlink_metadata().is_ok();
    let taken = FILES.iter().find(|(path, text)| is_there(path) && !is_ours(path, text));
    if let Some((path, _)) = taken {
        let diagnostic = Diagnostic::error("the file already exists; nothing was overwritten");
        let diagnostic = diagnostic.at(Place::file(shown(path)));
        return Err(diagnostic.with_hint("name an empty directory: invoicer init DIR").into());
    }
    let mut of_git: Vec<(&str, Vec<u8>)> = Vec::new();
    let mut before: Vec<(&str, Vec<u8>)> = Vec::new();
    for (path, parts) in GIT {
        let there = match files::read(&directory.join(path), files::TEXT) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                let message = format!("cannot read the file: {}", cause(&error));
                return Err(Diagnostic::could_not_run(message).at(Place::file(shown(path))).into());
            }
        };
        of_git.extend(with_lines(there.as_deref().unwrap_or_default(), parts).map(|bytes| (path, bytes)));
        before.extend(there.map(|bytes| (path, bytes)));
    }
    let new = FILES.iter().filter(|(path, _)| !is_there(path)).map(|(path, text)| (*path, text.as_bytes().to_vec()));
    let all: Vec<(&str, Vec<u8>)> = new.chain(of_git).collect();
    let mut parents = NewDirectories::default();
    let mut made: Vec<&str> = Vec::new();
    for (path, bytes) in all.iter().rev() {
        if let Err(diagnostic) = write(&directory, path, &shown(path), bytes, &mut parents) {
            // Errors while undoing are ignored: the message about the first error is enough.
            for path in made {
                let full = directory.join(path);
                match before.iter().find(|(known, _)| *known == path) {
                    Some((_, bytes)) => drop(staging::replace(&full, path, bytes)),
                    None => drop(fs::remove_file(full)),
                }
            }
            return Err(diagnostic.into());
        }
        made.push(path);
    }
    all.iter().for_each(|(path, _)| printer.result(&shown(path)));
    let enter = if target == Path::new(".") { String::new() } else { format!("cd {} && ", target.display()) };
    printer.status(&format!("next: {enter}invoicer build 202208"));
    Ok(())
}

fn write(
    directory: &Path,
    path: &str,
    shown: &str,
    bytes: &[u8],
    parents: &mut NewDirectories,
) -> Result<(), Diagnostic> {
    let full = directory.join(path);
    if let Some(parent) = full.parent() {
        parents.make(parent).with_context(|| cannot("make the file's directory", shown))?;
    }
    staging::replace(&full, shown, bytes)
}

/// A file of git with the missing lines; none where nothing is missing.
fn with_lines(bytes: &[u8], parts: &Parts) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
    // A directory is written in several ways: out, out/, /out, /out/*.
    let name =
        |line: &[u8]| String::from_utf8_lossy(line).trim_start_matches('/').trim_end_matches(['*', '/']).to_owned();
    let has = |pattern: &&&str| lines.iter().any(|line| name(line) == pattern.trim_end_matches('/'));
    let end = if bytes.windows(2).any(|pair| pair == b"\r\n") { "\r\n" } else { "\n" };
    let mut all = bytes.to_vec();
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        all.extend(end.as_bytes());
    }
    let before = all.len();
    for (comment, patterns) in parts {
        let lacking: Vec<&str> = patterns.iter().filter(|pattern| !has(pattern)).copied().collect();
        if !lacking.is_empty() {
            for line in std::iter::once(*comment).chain(lacking) {
                all.extend(line.bytes().chain(end.bytes()));
            }
        }
    }
    (all.len() > before).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::{ATTRIBUTES, IGNORED, with_lines};

    const LEFT: &str = "# left by an interrupted run, cleared away by the next\n.*.partial\n.*.old\n.*.lock\n.lock\n";

    #[test]
    fn attributes_are_added_once() {
        let whole = b"# evidence: git keeps every byte\nissued/** -text\nbilling/** -text\nadjustments/** -text\n";
        assert_eq!(with_lines(b"", &ATTRIBUTES).as_deref(), Some(&whole[..]));
        assert_eq!(with_lines(whole, &ATTRIBUTES), None);
    }

    #[test]
    fn only_what_is_missing_is_added_to_gitignore() {
        let with_ignored = |bytes: &[u8]| with_lines(bytes, &IGNORED);
        let whole =
            format!("# written by `invoicer build` and `invoicer export`, safe to delete\nout/\nexport/\n{LEFT}");
        assert_eq!(with_ignored(b""), Some(whole.clone().into_bytes()));
        assert_eq!(with_ignored(whole.as_bytes()), None);
        for out in ["out", "out/", "/out", "/out/", "out/*", "/out/*"] {
            assert_eq!(with_ignored(format!("target/\n{out}\nexport/\n{LEFT}").as_bytes()), None, "{out}");
        }
        assert_eq!(with_ignored(b"node_modules"), Some(format!("node_modules\n{whole}").into_bytes()));
        let part =
            "out\nexport\n.*.old\n# left by an interrupted run, cleared away by the next\n.*.partial\n.*.lock\n.lock\n";
        assert_eq!(with_ignored(b"out\nexport\n.*.old\n"), Some(part.into()));
        // Added lines end like the existing ones.
        let added = format!("layout/\r\n{}", whole.replace('\n', "\r\n"));
        assert_eq!(with_ignored(b"layout/\r\n"), Some(added.into_bytes()));
    }
}
