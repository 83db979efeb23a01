//! The rules that keep the flow of the program one-way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules in the order in which the data passes them; one may only use those before it.
const ORDER: [&str; 21] = [
    "model",
    "catalogue",
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
    "export",
    "assets",
    "printer",
    "cli",
    "month",
    "mail",
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
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
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

/// A kind of source that a second place knows would be forgotten there when a further kind comes.
#[test]
fn one_place_knows_what_each_kind_of_source_can_do() {
    let known = ["model/settings.rs", "sources/providers.rs"];
    let mut others: Vec<String> = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| !known.iter().any(|known| path.ends_with(known))) {
        let names_kind = |line: &&str| line.contains("SourceKind::") && !line.contains("SourceKind::NAMES");
        others.extend(code(&text).filter(names_kind).map(|line| format!("{}: {}", path.display(), line.trim())));
    }
    // The stand-in for a kind that is missing or misspelt, which is an error anyway.
    others.retain(|line| line != "workspace/workspace_file.rs: kind: kind.unwrap_or(SourceKind::SoracomCsv),");
    assert!(others.is_empty(), "{others:#?}");
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

#[test]
fn no_more_than_three_files_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for below in ["src", "crates/pages/src"] {
        for ring in rings(&below_root(&root.join(below))) {
            let names: Vec<String> = ring.iter().map(|module| format!("{below}/{}", module.join("/"))).collect();
            assert!(ring.len() <= 3, "{} files import each other in a ring: {names:#?}", ring.len());
        }
    }
}

type Module = Vec<String>;

/// The strongly connected sets of modules (files) of a crate by what they import, its root left out.
fn rings(files: &[(PathBuf, String)]) -> Vec<Vec<Module>> {
    let modules: BTreeMap<Module, &str> = files
        .iter()
        .map(|(path, text)| {
            let mut module: Module =
                path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
            module.pop_if(|last| last == "mod");
            (module, text.as_str())
        })
        .filter(|(module, _)| *module != ["lib"] && *module != ["main"])
        .collect();
    let imports: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.iter().map(|(module, text)| (module, imported(module, text, &modules))).collect();
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.keys().map(|from| (from, reached(from, &imports))).collect();
    let mut rings: Vec<Vec<Module>> = Vec::new();
    for module in modules.keys().filter(|module| reach[*module].contains(*module)) {
        if !rings.iter().flatten().any(|known| known == module) {
            let same = reach[module].iter().filter(|other| reach[**other].contains(module));
            rings.push(same.map(|other| (*other).clone()).collect());
        }
    }
    rings
}

/// Everything a module imports, straight or by what it imports.
fn reached<'m>(from: &'m Module, imports: &BTreeMap<&'m Module, BTreeSet<&'m Module>>) -> BTreeSet<&'m Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        open.extend(imports[module].iter().copied().filter(|next| reached.insert(*next)));
    }
    reached
}

/// The modules named in `use` lines, and in paths that begin with `crate`, `super` or `self`.
fn imported<'m>(module: &Module, text: &str, modules: &'m BTreeMap<Module, &str>) -> BTreeSet<&'m Module> {
    let code = code(text).collect::<Vec<_>>().join("\n");
    let mut paths: Vec<String> = Vec::new();
    for part in code.split(';') {
        // A path in code stands in a line of its own; `use` may go over several.
        match part.rfind("use ").filter(|at| part[..*at].ends_with([' ', '\n']) || *at == 0) {
            Some(at) => paths.extend(expanded(part[at + 4..].trim())),
            None => {
                let starts = ["crate::", "super::", "self::"].iter().flat_map(|word| part.match_indices(word));
                let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
                paths.extend(starts.filter(|(at, _)| !part[..*at].ends_with(is_path)).map(|(at, _)| {
                    part[at..].split(|letter: char| !is_path(letter)).next().unwrap_or_default().to_owned()
                }));
            }
        }
    }
    let found = paths.iter().filter_map(|path| resolved(module, path, modules));
    found.filter(|found| *found != module).collect()
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expanded(tree: &str) -> Vec<String> {
    let Some((before, inside)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let inside = inside.rsplit_once('}').map_or(inside, |(inside, _)| inside);
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for letter in inside.chars() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        match parts.last_mut() {
            Some(last) if letter != ',' || depth > 0 => last.push(letter),
            _ => parts.push(String::new()),
        }
    }
    let parts = parts.iter().flat_map(|part| expanded(part.trim()));
    parts.filter(|part| !part.is_empty()).map(|part| format!("{before}{part}")).collect()
}

/// The module a path leads into, of those there are.
fn resolved<'m>(module: &Module, path: &str, modules: &'m BTreeMap<Module, &str>) -> Option<&'m Module> {
    let mut parts = path.split("::").map(str::trim).peekable();
    let mut place: Module = match *parts.peek()? {
        "crate" => Vec::new(),
        "self" | "super" => module.clone(),
        child if modules.contains_key(&[module.as_slice(), &[child.to_owned()]].concat()) => module.clone(),
        _ => return None,
    };
    while let Some(part) = parts.next_if(|part| ["crate", "self", "super"].contains(part)) {
        if part == "super" {
            place.pop();
        }
    }
    for part in parts {
        place.push(part.split(' ').next().unwrap_or_default().to_owned());
        if !modules.contains_key(&place) {
            place.pop();
            break;
        }
    }
    modules.get_key_value(&place).map(|(module, _)| module)
}

#[test]
fn rings_are_found_through_every_kind_of_import() {
    let file = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
    let files = [
        file("lib.rs", "mod a;"),
        file("a/mod.rs", "mod b;\npub use b::B;"),
        file("a/b.rs", "use super::super::c::{self, deep::{D, E}};\npub struct B;"),
        file("c.rs", "fn f() { crate::d::g() }"),
        file("d.rs", "use crate::{\n    e::E,\n    a::B,\n};"),
        file("e.rs", "// use crate::d;\nuse std::fmt;"),
    ];
    let name = |ring: &Vec<Module>| ring.iter().map(|module| module.join("/")).collect::<Vec<_>>().join(" ");
    assert_eq!(rings(&files).iter().map(name).collect::<Vec<_>>(), ["a a/b c d"]);
}
