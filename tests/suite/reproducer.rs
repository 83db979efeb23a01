//! One mistake a user can make, as a file: `tests/errors/NAME.txt`.
//!
//! ```text
//! $ invoicer check 202208 → 1
//! --- expected ---
//! error: …
//! --- invoicer.toml ---
//! [issuer]
//! --- billing/202208/soracom.csv (escaped) ---
//! \xef\xbb\xbfimsi,date,…
//! ```
//!
//! The first line is the command and its exit code; `expected` is what it prints to stderr; every other section is a file
//! of the workspace. A file that text cannot show is `(escaped)`: `\xNN` is a byte, `\\` a backslash, and a backslash at
//! the very end means that the file has no final line feed. `(base64)` is for fonts and pictures.

use std::path::{Path, PathBuf};

use base64::Engine;

use crate::common::{Run, Sandbox};

pub(crate) struct Reproducer {
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) code: i32,
    pub(crate) expected: String,
    /// Path and bytes of each file of the workspace.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    path: PathBuf,
}

impl Reproducer {
    /// All of them by name; with the variable `CASE`, those whose names contain its text.
    pub(crate) fn all() -> Vec<Reproducer> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
        let mut paths: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(paths.len() >= 250, "the reproducers are missing");
        let wanted = std::env::var("CASE").unwrap_or_default();
        let all = paths.into_iter().map(Reproducer::read);
        all.filter(|reproducer| reproducer.name.contains(&wanted)).collect()
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Reproducer {
        Reproducer::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/errors/{name}.txt")))
    }

    fn read(path: PathBuf) -> Reproducer {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (command, sections) = text.split_once('\n').unwrap_or_else(|| panic!("{name}: no sections"));
        let (arguments, code) = command
            .strip_prefix("$ invoicer ")
            .and_then(|rest| rest.split_once(" → "))
            .unwrap_or_else(|| panic!("{name}: expected `$ invoicer … → CODE`, found {command:?}"));
        let mut expected = None;
        let mut files = Vec::new();
        for (title, body) in split(sections) {
            match title {
                "expected" => expected = Some(body),
                title => files.push(file(&name, title, &body)),
            }
        }
        Reproducer {
            arguments: arguments.split(' ').map(str::to_owned).collect(),
            code: code.parse().unwrap_or_else(|_| panic!("{name}: {code:?} is no exit code")),
            expected: expected.unwrap_or_else(|| panic!("{name}: no section `expected`")),
            files,
            path,
            name,
        }
    }

    /// A directory with the workspace in it.
    pub(crate) fn workspace(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        for (path, bytes) in &self.files {
            sandbox.write(path, bytes);
        }
        sandbox
    }

    pub(crate) fn arguments(&self) -> Vec<&str> {
        self.arguments.iter().map(String::as_str).collect()
    }

    /// Puts what the program said in the place of what was expected of it.
    pub(crate) fn bless(&self, run: &Run) {
        let text = std::fs::read_to_string(&self.path).unwrap();
        let (_, sections) = text.split_once('\n').unwrap();
        let mut blessed = format!("$ invoicer {} → {}\n", self.arguments.join(" "), run.code);
        for (title, body) in split(sections) {
            let body = if title == "expected" { &run.stderr } else { &body };
            blessed.push_str(&format!("--- {title} ---\n{body}"));
        }
        std::fs::write(&self.path, blessed).unwrap();
    }
}

/// Sections with their titles.
fn split(text: &str) -> Vec<(&str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let title = line.strip_prefix("--- ").and_then(|line| line.trim_end().strip_suffix(" ---"));
        match (title, sections.last_mut()) {
            (Some(title), _) => sections.push((title, String::new())),
            (None, Some((_, body))) => body.push_str(line),
            (None, None) => panic!("{line:?} stands before the first section"),
        }
    }
    sections
}

fn file(name: &str, title: &str, body: &str) -> (String, Vec<u8>) {
    if let Some(path) = title.strip_suffix(" (escaped)") {
        return (path.to_owned(), unescaped(name, body));
    }
    if let Some(path) = title.strip_suffix(" (base64)") {
        let encoded: String = body.split_whitespace().collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded);
        return (path.to_owned(), bytes.unwrap_or_else(|error| panic!("{name}: {path}: {error}")));
    }
    (title.to_owned(), body.as_bytes().to_vec())
}

fn unescaped(name: &str, body: &str) -> Vec<u8> {
    let body = body.strip_suffix("\\\n").unwrap_or(body);
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        rest = match escape.strip_prefix('\\') {
            Some(after) => {
                bytes.push(b'\\');
                after
            }
            None => {
                let digits = escape.strip_prefix('x').and_then(|escape| escape.get(..2));
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.push(byte.unwrap_or_else(|| panic!("{name}: expected \\\\ or \\xNN, found \\{escape:.4}")));
                &escape[3..]
            }
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// What differs between two texts, line by line: what both begin and end with is left out.
pub(crate) fn difference(expected: &str, found: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let rest = before.len().min(after.len()) - same;
    let end = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let lines = |sign: char, lines: &[&str]| -> String {
        lines[same..lines.len() - end].iter().map(|line| format!("{sign} {line}\n")).collect()
    };
    format!("{}{}", lines('-', &before), lines('+', &after))
}

#[test]
fn escapes_stand_for_any_byte() {
    assert_eq!(unescaped("x", "\\xef\\xbb\\xbfa\\\\b\\x0d\n"), b"\xef\xbb\xbfa\\b\r\n");
    assert_eq!(unescaped("x", "a\nb\\\n"), b"a\nb");
    assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "- b\n+ x\n");
}
