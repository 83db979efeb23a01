//! Damaged input is read or refused, never a panic: pages, images, fonts, settings and bills with some bytes changed, from
//! a fixed seed. `MUTATIONS=100000 cargo test --test suite mutations` goes on for longer.

use std::path::{Path, PathBuf};

use invoicer::diagnostic::Problems;
use invoicer::{sources, workspace};
use pages::layout::{Faces, Picture, lay_out};

use crate::common::Sandbox;
use crate::reproducer::Reproducer;

/// A linear congruential generator (Knuth's MMIX): the same damage on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// The files below a folder whose paths end so.
fn files(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let is_wanted = |path: &str| endings.iter().any(|ending| path.ends_with(ending));
    below(folder)
        .iter()
        .filter(|path| is_wanted(&path.to_string_lossy()))
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// The files of reproducers for whose paths `is_wanted` holds.
fn mistaken(is_wanted: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
    let files = Reproducer::all().into_iter().flat_map(|reproducer| reproducer.files);
    files.filter(|(path, _)| is_wanted(path)).map(|(_, bytes)| bytes).collect()
}

fn below(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Changes, removes, repeats or mixes in some bytes.
fn damaged(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    const TOKENS: [&str; 16] = [
        "<",
        ">",
        "</",
        "\"",
        "{",
        "}",
        ";",
        ":",
        "1e30px",
        "-1",
        "&",
        "<table>",
        "<td rowspan=3>",
        "99999999999",
        "var(--a)",
        "\u{20bb7}",
    ];
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(40)).min(bytes.len());
        match dice.below(6) {
            0 => drop(bytes.splice(at..end, [])),
            1 => drop(bytes.splice(at..at, TOKENS[dice.below(TOKENS.len())].bytes())),
            2 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = dice.below(256) as u8;
                }
            }
            3 => {
                let part = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, part));
            }
            4 => {
                let from = dice.below(other.len() + 1);
                let part = &other[from..(from + dice.below(120)).min(other.len())];
                drop(bytes.splice(at..at, part.iter().copied()));
            }
            _ => bytes.truncate(at.max(bytes.len() / 2)),
        }
    }
    bytes
}

fn damage(contents: &[Vec<u8>], count: usize, check: impl Fn(&[u8])) {
    let count = std::env::var("MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(count);
    assert!(!contents.is_empty());
    let mut dice = Dice(20_220_831);
    for _ in 0..count {
        let (one, other) = (dice.below(contents.len()), dice.below(contents.len()));
        check(&damaged(&contents[one], &contents[other], &mut dice));
    }
}

#[test]
fn damaged_pages_are_laid_out_or_refused() {
    let faces = Faces::built_in();
    damage(&files("crates/pages/tests/layout", &[".html"]), 700, |bytes| {
        let html = String::from_utf8_lossy(bytes);
        if let Ok(document) = lay_out(&html, &faces, &|_| Err("no pictures".to_owned())) {
            assert!(!document.pages.is_empty());
        }
    });
}

#[test]
fn damaged_images_are_read_or_refused() {
    let mut images = files("tests/pages", &[".png", ".svg", ".jpg"]);
    images.extend(files("assets", &[".png", ".svg", ".jpg"]));
    images.extend(files("crates/pages/tests/data/images", &[".jpg"]));
    damage(&images, 400, |bytes| drop(Picture::read(bytes)));
}

#[test]
fn damaged_faces_are_read_or_refused() {
    damage(&files("crates/pages/tests/data/fonts", &[".ttf", ".otf", ".ttc"]), 60, |bytes| {
        if let Ok(faces) = Faces::with_files(vec![("damaged".to_owned(), bytes.to_vec())]) {
            drop(lay_out("<!DOCTYPE html><p>AVATAV \u{20bb7} V", &faces, &|_| Err("none".to_owned())));
        }
    });
}

const SETTINGS: &str = "[issuer]\nname = \"a\"\n\n[[source]]\nname = \"b\"\nkind = \"KIND\"\npath = \"{month}.csv\"\n";

fn sandbox(kind: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("invoicer.toml", SETTINGS.replace("KIND", kind));
    sandbox.write("customers/acme.toml", "name = \"c\"\n");
    sandbox
}

/// What was refused says why.
fn check_told<T>(result: Result<T, Problems>) {
    if let Err(problems) = result {
        assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.message.is_empty()));
    }
}

#[test]
fn damaged_settings_are_read_or_refused() {
    let workspaces = [files("tests/cases", &["invoicer.toml"]), mistaken(|path| path == "invoicer.toml")].concat();
    for (path, originals) in [("invoicer.toml", workspaces), ("customers/acme.toml", files("tests/cases", &[".toml"]))]
    {
        let sandbox = sandbox("soracom-csv");
        damage(&originals, 2000, |bytes| {
            sandbox.write(path, bytes);
            check_told(workspace::load(sandbox.path()));
        });
    }
}

#[test]
fn damaged_bills_are_read_or_refused() {
    for (kind, folder) in [("soracom-csv", "soracom"), ("sakura-csv", "sakura")] {
        let sandbox = sandbox(kind);
        let settings = workspace::load(sandbox.path()).unwrap().settings;
        let is_bill = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.starts_with(folder) && name.ends_with(".csv")
        };
        let paths = below("tests/cases").into_iter().filter(|path| is_bill(&path.to_string_lossy()));
        let mut bills: Vec<Vec<u8>> = paths.map(|path| std::fs::read(path).unwrap()).collect();
        bills.extend(mistaken(is_bill));
        damage(&bills, 2000, |bytes| {
            sandbox.write("202208.csv", bytes);
            check_told(sources::read(sandbox.path(), &settings, "202208".parse().unwrap(), false));
        });
    }
}

/// Tables by a mapping, in both encodings: each row of them is a charge, left out or refused, which the reader asserts.
#[test]
fn damaged_tables_are_read_or_refused() {
    let month = "202409".parse().unwrap();
    let sandbox = Sandbox::new();
    crate::common::copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tables"), sandbox.path());
    let settings = workspace::load(sandbox.path()).unwrap().settings;
    let tables = [files("examples/tables/billing", &[".csv"]), mistaken(|path| path.ends_with("mobile.csv"))].concat();
    damage(&tables, 1500, |bytes| {
        sandbox.write("damaged.csv", bytes);
        for source in &settings.sources {
            let (bill, problems) = sources::try_file(sandbox.path(), source, month, "damaged.csv").unwrap();
            let figures = bill.sources[0].mapped.as_ref();
            if problems.is_empty() {
                let figures = figures.unwrap();
                assert_eq!(figures.rows, bill.charges.len() + figures.left_out());
            }
            check_told(problems.check());
        }
    });
}
