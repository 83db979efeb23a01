//! A directory of its own for each test, and the program run in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A temporary directory that is removed when the test ends.
pub(crate) struct Sandbox(PathBuf);

/// What a run of the program gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Not below the repository: it is a workspace, and would be found from there.
        let path = std::env::temp_dir().join(format!("invoicer-test-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Sandbox(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Another with the same files.
    pub(crate) fn copy(&self) -> Sandbox {
        let copy = Sandbox::new();
        copy_tree(self.path(), copy.path());
        copy
    }

    /// Writes a file, with its directories.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let full = self.0.join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.0.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(path)).unwrap()
    }

    /// Runs the program here. `CLICOLOR` and the like are not read, but colours are off anyway: stderr is no terminal.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    /// Runs the program here with those environment variables and no others: a developer's own keys stay out of it. Servers
    /// of tests are on this machine, which the user has to allow like any other host.
    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_invoicer"));
        command.args(arguments).current_dir(&self.0).env_clear().env("INVOICER_ALLOW_ENDPOINT", "127.0.0.1");
        command.envs(variables.iter().copied());
        let output = command.env("HOME", self.0.join("home")).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Every file below, from here, sorted, with its bytes.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.0, &self.0, &mut files);
        files.sort();
        files
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

/// The HTML of an invoice as its template made it and its PDF was laid out from it: without what only browsers run.
pub(crate) fn as_laid_out(html: &str) -> String {
    let without = |html: &str, start: &str, end: &str| match html.split_once(start) {
        Some((before, rest)) => format!("{before}{}", rest.split_once(end).map_or("", |(_, after)| after)),
        None => html.to_owned(),
    };
    let html = without(html, "\n<meta http-equiv=\"Content-Security-Policy\"", ">");
    let html = without(&html, "<style>\n.live-tools", "</style>\n");
    without(&html, "<script", "</script>\n")
}

/// Copies a directory with everything in it.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The name of an item in JSON with its qualifier, as an invoice prints it where no `[[item]]` names it.
pub(crate) fn qualified_name(item: &serde_json::Value) -> String {
    let name = item["name"].as_str().unwrap();
    match item["qualifier"].as_str() {
        None => name.to_owned(),
        Some(qualifier) if qualifier.starts_with('（') => format!("{name}{qualifier}"),
        Some(qualifier) => format!("{name} {qualifier}"),
    }
}
