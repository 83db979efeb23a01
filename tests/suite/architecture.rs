//! The rules that keep the flow of the program one-way.

use std::path::{Path, PathBuf};

/// The modules in the order in which the data passes them; one may only use those before it.
const ORDER: [&str; 18] = [
    "model",
    "diagnostic",
    "environment",
    "files",
    "staging",
    "workspace",
    "sources",
    "billing",
    "render",
    "layout",
    "pdf",
    "out",
    "ledger",
    "assets",
    "printer",
    "cli",
    "month",
    "commands",
];

/// The sources of the program and of its pages, each from its own root.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["src", "crates/pages/src"].iter().flat_map(|below| below_root(&root.join(below))).collect()
}

fn below_root(root: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root).unwrap().to_path_buf(), text));
            }
        }
    }
    assert!(files.len() > 50, "the sources are missing");
    files
}

fn module(path: &Path) -> String {
    let first = path.iter().next().unwrap().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file without its tests and comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[cfg(test)]").next().unwrap().lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn modules_only_use_what_the_data_has_passed() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let user = module(&path);
        let Some(position) = ORDER.iter().position(|name| *name == user) else {
            assert!(["main", "lib"].contains(&user.as_str()), "{} is in no known module", path.display());
            continue;
        };
        for line in code(&text) {
            for used in line
                .split("crate::")
                .skip(1)
                .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
            {
                if ORDER.iter().position(|name| *name == used).is_some_and(|used| used > position) {
                    wrong.push(format!("{} uses {used}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_outside_power_has_one_door() {
    let doors = [
        ("pages::layout", "assets or month"),
        ("pages::pdf", "assets or month"),
        ("printpdf", "pdf"),
        ("lopdf", "pdf"),
        ("tera::", "render"),
        ("reqwest", "sources"),
        ("lettre", "mail"),
        // Whatever is read is looked at first: it may be a pipe.
        ("File::open", "files or staging"),
        ("fs::read", "files"),
        ("read_to_string(", "files"),
        ("println!", "printer"),
        ("Instant::now", "main"),
        ("SystemTime", "main"),
        ("Utc::now", "main"),
        ("Local::now", "main"),
        ("env::var", "main"),
        ("current_dir()", "main"),
        ("f64", "layout or pdf"),
        ("f32", "layout or pdf"),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for line in code(&text) {
            for (power, door) in doors {
                if line.contains(power) && !door.contains(&module(&path)) {
                    wrong.push(format!("{}: {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
