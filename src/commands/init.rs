//! `invoicer init`: a workspace that builds at once, in a new directory or beside what a repository has.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Place, cause};
use crate::printer::Printer;

/// The workspace of `examples/starter`, by path.
const FILES: [(&str, &str); 4] = [
    ("invoicer.toml", include_str!("../../examples/starter/invoicer.toml")),
    ("customers/aozora.toml", include_str!("../../examples/starter/customers/aozora.toml")),
    ("customers/komugi.toml", include_str!("../../examples/starter/customers/komugi.toml")),
    ("billing/202208/soracom.csv", include_str!("../../examples/starter/billing/202208/soracom.csv")),
];

/// A file that a repository may have already; then only what it lacks is added.
const IGNORE: &str = ".gitignore";

/// What is added to it.
const IGNORED: &str = "# written by `invoicer build`, safe to delete\nout/\n";

/// Writes the workspace to `target`, seen from `start`.
pub(super) fn run(start: &Path, target: &Path, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    let directory = start.join(target);
    let shown =
        |path: &str| if target == Path::new(".") { path.to_owned() } else { target.join(path).display().to_string() };
    let taken = FILES.iter().find(|(path, _)| directory.join(path).exists());
    if let Some((path, _)) = taken {
        let diagnostic = Diagnostic::error("the file is there already; nothing was overwritten");
        let diagnostic = diagnostic.at(Place::file(shown(path)));
        return Err(vec![diagnostic.with_hint("name an empty directory: invoicer init DIR")]);
    }
    let cannot = |what: &str, path: &str, error: &std::io::Error| {
        let message = format!("cannot {what} the file: {}", cause(error));
        vec![Diagnostic::could_not_run(message).at(Place::file(shown(path)))]
    };
    let ignore = match fs::read(directory.join(IGNORE)) {
        Ok(bytes) => with_ignored(&bytes),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound) => Some(IGNORED.as_bytes().to_vec()),
        Err(error) => return Err(cannot("read", IGNORE, &error)),
    };
    let files = FILES.map(|(path, text)| (path, text.as_bytes().to_vec()));
    for (path, bytes) in files.into_iter().chain(ignore.map(|bytes| (IGNORE, bytes))) {
        let full = directory.join(path);
        let write = || {
            if let Some(parent) = full.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&full, bytes)
        };
        write().map_err(|error| cannot("write", path, &error))?;
        printer.result(&shown(path));
    }
    let enter = if target == Path::new(".") { String::new() } else { format!("cd {} && ", target.display()) };
    printer.status(&format!("next: {enter}invoicer build 202208"));
    Ok(())
}

/// A `.gitignore` with what it lacks; none where it has that already.
fn with_ignored(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let has_out = lines.any(|line| matches!(line, b"out" | b"out/" | b"/out" | b"/out/" | b"out/*" | b"/out/*"));
    if has_out {
        return None;
    }
    let end = if bytes.windows(2).any(|pair| pair == b"\r\n") { "\r\n" } else { "\n" };
    let mut all = bytes.to_vec();
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        all.extend(end.as_bytes());
    }
    all.extend(IGNORED.replace('\n', end).into_bytes());
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::{IGNORED, with_ignored};

    #[test]
    fn only_what_is_missing_is_added_to_gitignore() {
        assert_eq!(with_ignored(b"").as_deref(), Some(IGNORED.as_bytes()));
        assert_eq!(with_ignored(b"target/\n/out/\n"), None);
        assert_eq!(with_ignored(b"out\r\n"), None);
        let added = with_ignored(b"node_modules").unwrap();
        assert_eq!(added, [b"node_modules\n", IGNORED.as_bytes()].concat());
        // Lines of one kind stay lines of one kind.
        let added = String::from_utf8(with_ignored(b"layout/\r\n").unwrap()).unwrap();
        assert_eq!(added, format!("layout/\r\n{}", IGNORED.replace('\n', "\r\n")));
    }
}
