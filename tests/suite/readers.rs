//! The fuzz targets' readers over the files that the targets begin with, whole and cut off: what `cargo fuzz` runs for
//! hours compiles, and takes what it starts from.

use std::path::{Path, PathBuf};

#[path = "../../fuzz/readers.rs"]
mod targets;

/// Every file below, sorted, whose path holds this and whose name ends so.
fn files(below: &str, holds: &str, ending: &str) -> Vec<Vec<u8>> {
    fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(below), &mut found);
    found.retain(|path| {
        let path = path.to_string_lossy();
        path.contains(holds) && path.ends_with(ending)
    });
    found.sort();
    assert!(!found.is_empty(), "{below}: {holds}, {ending}");
    found.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn readers_take_their_files_or_refuse_them() {
    type Reader = fn(&[u8]);
    let readers: [(Reader, Vec<Vec<u8>>); 18] = [
        (targets::template, files("templates", "", ".html")),
        (targets::workspace_toml, files("tests/cases", "", "/invoicer.toml")),
        (|bytes| targets::csv("soracom-csv", bytes), files("tests/cases", "/billing/", "soracom.csv")),
        (|bytes| targets::csv("sakura-csv", bytes), files("tests/cases", "/billing/", "sakura.csv")),
        (|bytes| targets::csv("focus-csv", bytes), files("tests/cases/focus", "/billing/", ".csv")),
        (|bytes| targets::csv("focus-csv", bytes), files("tests/cases/focus", "/billing/", ".csv.gz")),
        (targets::table, files("tests/data/tables", "", ".csv")),
        (targets::table, files("examples/tables", "/billing/", ".csv")),
        (targets::sakura_json, files("tests/cases/sakura-api", "/billing/202208/", ".json")),
        (targets::kore_json, files("tests/cases", "/kore/", ".json")),
        (targets::provenance, files("tests/cases", "/billing/", "provenance.json")),
        (targets::record, files("tests/data", "/issued/", ".json")),
        (targets::ubl, files("tests/data/jp-pint", "", ".xml")),
        (targets::kept_json, files("tests/data/jp-pint", "", ".json")),
        (targets::sent_journal, files("tests/data/mail", "", ".jsonl")),
        (targets::smtp_answers, files("tests/data/mail", "", ".txt")),
        (targets::search_index, files("tests/data", "/issued/", "index.csv")),
        (targets::summary, files("tests/data", "", "summary.json")),
    ];
    for (read, files) in readers {
        for file in files {
            read(&file);
            for part in 1..4 {
                read(&file[..file.len() * part / 4]);
            }
        }
    }
    for file in files("tests/data", "/issued/", "index.csv") {
        targets::index(&file);
        targets::index(&file[..file.len() / 2]);
    }
    for kind in [
        "soracom-csv",
        "sakura-csv",
        "focus-csv",
        "table-csv",
        "sakura-api",
        "kore-api",
        "soracom-api",
        "toml",
        "sent",
        "kept",
        "search",
    ] {
        std::fs::remove_dir_all(targets::Workspace::new(kind).root()).unwrap();
    }
}
