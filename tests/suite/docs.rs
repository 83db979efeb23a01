//! The pages for users: links lead somewhere, examples are accepted, options and codes are those of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use invoicer::cli::Cli;
use invoicer::model::warning::WarningCode;
use invoicer::workspace;
use serde_json::{Value, json};

use crate::common::Sandbox;
use crate::reference::{parsed, to_toml};

/// The README and the pages of `docs/`, by their paths from the root.
fn pages() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: BTreeMap<String, String> = listed
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| format!("docs/{}", path.file_name().unwrap().to_str().unwrap()))
        .chain(
            ["README.md", "templates/README.md", "examples/README.md", "examples/release/README.md"].map(str::to_owned),
        )
        .map(|path| (path.clone(), std::fs::read_to_string(root.join(&path)).unwrap()))
        .collect();
    pages.retain(|_, text| !text.is_empty());
    assert!(pages.len() >= 12, "pages are missing");
    pages
}

/// The lines of a page outside its fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n```").step_by(2).flat_map(|part| part.lines())
}

/// The fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &'a str) -> impl Iterator<Item = &'a str> {
    let fenced = text.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n')).filter(move |(name, _)| *name == language).map(|(_, text)| text)
}

/// The names that GitHub gives a page's headings: lower case, without signs, spaces as hyphens, the second of a name `-1`.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            if *count == 1 { name } else { format!("{name}-{}", *count - 1) }
        })
        .collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    let pages = pages();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let mut count = 0;
    for (page, text) in &pages {
        for link in prose(text).flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("https://") {
                continue;
            }
            count += 1;
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = match file {
                "" => PathBuf::from(page),
                file => Path::new(page).parent().unwrap().join(file),
            };
            let Ok(found) = root.join(&target).canonicalize() else {
                wrong.push(format!("{page}: no file {link}"));
                continue;
            };
            let name = found.strip_prefix(root.canonicalize().unwrap()).unwrap().to_str().unwrap();
            if let Some(anchor) = anchor
                && !pages.get(name).is_some_and(|text| anchors(text).contains(anchor))
            {
                wrong.push(format!("{page}: no heading {link}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count >= 50, "found {count} links");
}

#[test]
fn every_page_can_be_read_at_once() {
    for (page, text) in pages() {
        let most = match page.as_str() {
            // Looked things up in, not read.
            "docs/reference.md" => 1100,
            "README.md" => 200,
            "templates/README.md" => 330,
            _ => 250,
        };
        let lines = text.lines().count();
        assert!(lines <= most, "{page} has {lines} lines, more than {most}");
    }
}

const ADJUSTMENTS: &str = "adjustments/202208.toml";

/// The kinds of files that pages have examples of.
const FILES: [&str; 4] = ["invoicer.toml", "customers/acme.toml", "prices.toml", ADJUSTMENTS];

/// Loads a workspace whose file of that kind has the sections of an example, and its own otherwise.
fn accepts(file: &str, example: &Value) -> Result<(), String> {
    let mut files = BTreeMap::from([
        ("invoicer.toml", json!({ "issuer": { "name": "Shop" } })),
        ("customers/acme.toml", json!({ "name": "Acme" })),
        ("prices.toml", json!({ "pricing": {} })),
        (ADJUSTMENTS, json!({})),
    ]);
    let source = json!([{ "name": "soracom", "kind": "soracom-csv", "path": "billing/{month}/*.csv" }]);
    files.get_mut("invoicer.toml").unwrap()["source"] = source;
    let table = files.get_mut(file).unwrap();
    for (key, value) in example.as_object().unwrap() {
        table[key.as_str()] = value.clone();
    }
    let sandbox = Sandbox::new();
    for (path, table) in &files {
        let lines = table.as_object().unwrap().iter().map(|(key, value)| format!("{key} = {}\n", to_toml(value)));
        sandbox.write(path, lines.collect::<String>());
    }
    sandbox.write("assignments/soracom.csv", "resource,customer,from,until\n");
    for other in ["bravo", "harbourline"] {
        sandbox.write(&format!("customers/{other}.toml"), "name = \"Other\"\n");
    }
    let month = "202208".parse().unwrap();
    let loaded = workspace::load_for(sandbox.path(), &[month]).map_err(|problems| format!("{file}: {problems:#?}"))?;
    let priced = workspace::with_prices_of(&loaded, sandbox.path(), "prices.toml");
    priced.map(drop).map_err(|problems| format!("{file}: {problems:#?}"))
}

#[test]
fn examples_of_settings_are_accepted() {
    let mut count = 0;
    for (page, text) in pages().iter().filter(|(page, _)| *page != "docs/reference.md") {
        for block in blocks(text, "toml") {
            let example = parsed(block);
            let refusals: Vec<String> = FILES.iter().filter_map(|file| accepts(file, &example).err()).collect();
            assert!(refusals.len() < FILES.len(), "{page}: no file can hold\n{block}\n{}", refusals.join("\n"));
            count += 1;
        }
    }
    assert!(count >= 10, "found {count} examples");
}

#[test]
fn the_review_page_lists_every_warning() {
    let pages = pages();
    let text = &pages["docs/review-and-issue.md"];
    let table = text.split("| code | reported when |").nth(1).unwrap().split("\n\n").next().unwrap();
    let first_cells = table.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let documented: Vec<&str> =
        first_cells.flat_map(|cell| cell.split(", ")).map(|code| code.trim_matches('`')).collect();
    let distinct: BTreeSet<&str> = documented.iter().copied().collect();
    assert_eq!(distinct.len(), documented.len(), "a code is listed twice");
    assert_eq!(distinct, WarningCode::NAMES.iter().map(|(name, _)| *name).collect());
}

/// The page prints a label without a word as nothing: a group of warnings without a title or a hint.
#[test]
fn every_warning_has_a_title_and_a_hint_on_the_review_page() {
    let labels = parsed(include_str!("../../templates/labels.toml"));
    for language in ["ja", "en"] {
        for (code, _) in WarningCode::NAMES {
            let key = format!("warning_{}", code.replace('-', "_"));
            for key in [format!("{key}_hint"), key] {
                let word = labels[language].get(&key).and_then(|word| word.as_str()).unwrap_or_default();
                assert!(!word.is_empty(), "[{language}] of templates/labels.toml has no {key}");
            }
        }
    }
}

/// The long options in a text, such as `--source` in `` `--source NAME` ``.
fn options(text: &str) -> BTreeSet<&str> {
    let ends = |c: char| !(c.is_ascii_lowercase() || c == '-');
    text.split('`').filter_map(|code| code.strip_prefix("--")?.split(ends).next()).collect()
}

#[test]
fn every_option_of_a_command_is_listed_with_it() {
    let pages = pages();
    let text = &pages["docs/commands.md"];
    let mut wrong = Vec::new();
    let cli = Cli::command();
    for command in cli.get_subcommands() {
        let name = command.get_name();
        let mut rows = text.lines().filter(|line| {
            line.strip_prefix("| `invoicer ").is_some_and(|row| row.split(['`', ' ']).next() == Some(name))
        });
        let Some(row) = rows.next() else {
            wrong.push(format!("`invoicer {name}` has no row"));
            continue;
        };
        let documented = match name {
            "build" => options(text.split("## Options of `build`").nth(1).unwrap().split("\n## ").next().unwrap()),
            _ => options(row.split(" | ").last().unwrap()),
        };
        let all = std::iter::once(command).chain(command.get_subcommands());
        let arguments = all.flat_map(clap::Command::get_arguments).filter(|argument| !argument.is_global_set());
        let known: BTreeSet<&str> = arguments.filter_map(|argument| argument.get_long()).collect();
        if known != documented {
            wrong.push(format!("`invoicer {name}` has {known:?}, the page {documented:?}"));
        }
    }
    for global in cli.get_arguments().filter_map(|argument| argument.get_long()) {
        if !text.contains(&format!("--{global}")) {
            wrong.push(format!("--{global} is not on the page"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
