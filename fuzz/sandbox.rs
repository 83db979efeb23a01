//! A workspace in a temporary directory, one for each process.
#![allow(dead_code, reason = "each target uses a part")]

use std::path::{Path, PathBuf};

/// Makes the workspace where it is not there yet, with one source of that kind.
pub fn workspace(kind: &str) -> PathBuf {
    let root = std::env::temp_dir().join(format!("invoicer-fuzz-{}", std::process::id()));
    if !root.is_dir() {
        std::fs::create_dir_all(root.join("customers")).expect("a directory");
        let source = format!("[[source]]\nname = \"b\"\nkind = \"{kind}\"\npath = \"{{month}}.csv\"\n");
        write(&root, "invoicer.toml", format!("[issuer]\nname = \"a\"\n\n{source}").as_bytes());
        write(&root, "customers/acme.toml", b"name = \"c\"\n");
    }
    root
}

/// Writes a file of the workspace.
pub fn write(root: &Path, path: &str, bytes: &[u8]) {
    std::fs::write(root.join(path), bytes).expect("a file");
}

/// Reads the bytes as a month's bill.
pub fn read_bill(kind: &str, bytes: &[u8]) {
    let root = workspace(kind);
    write(&root, "202208.csv", bytes);
    let settings = invoicer::workspace::load(&root).expect("settings").settings;
    let month = "202208".parse().expect("a month");
    if let Err(problems) = invoicer::sources::read(&root, &settings, month, false) {
        assert!(!problems.is_empty());
    }
}
