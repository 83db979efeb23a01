//! `docs/reference.md` against the parser: keys, choices and defaults in both directions, and its examples as a workspace.
//!
//! What the parser knows is what it says of an unknown key (`known keys: …`) and of an unknown word (`expected one of …`),
//! so no list of keys is kept here: a key in only one of the two places fails.

use std::collections::{BTreeMap, BTreeSet};

use invoicer::diagnostic::Diagnostic;
use invoicer::workspace;
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use crate::common::Sandbox;

/// The page, from the repository's root.
const REFERENCE: &str = "docs/reference.md";

/// A key and word that are like no other.
const UNKNOWN: &str = "qqqqqqqq";

/// The keys from the top of a file to a table; entries of lists count as one.
type Path = Vec<String>;

/// A row of the page.
#[derive(Clone)]
struct Row {
    kind: String,
    default: String,
    /// A match key, whose own section has the example.
    shared: bool,
}

/// What the page says about one kind of file.
#[derive(Default)]
struct Page {
    examples: String,
    rows: BTreeMap<Path, BTreeMap<String, Row>>,
    /// Tables whose keys are those of `invoicer.toml`.
    same: Vec<(Path, Path)>,
}

const WORKSPACE: usize = 0;
const CUSTOMER: usize = 1;
const PRICES: usize = 2;

/// The file of a heading of the second level.
fn file_of(heading: &str) -> Option<usize> {
    match heading {
        "`invoicer.toml`" => Some(WORKSPACE),
        // Their example is a rule of a customer.
        "`customers/ID.toml`" | "Match keys" => Some(CUSTOMER),
        "The file of `whatif --pricing`" => Some(PRICES),
        _ => None,
    }
}

/// The names in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The path of a table by its heading: `[[pricing.rule]]`; the top of the file where it names none.
fn path_of(heading: &str) -> Path {
    let name = quoted(heading).into_iter().find(|name| name.starts_with('['));
    let keys = name.iter().flat_map(|name| name.trim_matches(['[', ']']).split('.'));
    // The id stands for any customer; the example has one.
    keys.map(|key| if key == "ID" { "acme" } else { key }.to_owned()).collect()
}

/// The path of a key of a table.
fn below(table: &[String], key: &str) -> Path {
    let keys = table.iter().map(String::as_str).chain([key]);
    keys.map(str::to_owned).collect()
}

/// Reads the page.
fn reference() -> [Page; 3] {
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(REFERENCE)).unwrap();
    let mut pages: [Page; 3] = Default::default();
    let (mut file, mut path, mut in_match_keys, mut block) = (None, Path::new(), false, None);
    let mut match_keys: BTreeMap<String, Row> = BTreeMap::new();
    let mut with_match_keys: Vec<(usize, Path)> = vec![(CUSTOMER, vec!["match".to_owned()])];
    for line in text.lines() {
        if let Some(language) = line.strip_prefix("```") {
            block = block.is_none().then_some(language);
            continue;
        }
        if let Some(heading) = line.strip_prefix("## ") {
            (file, path, in_match_keys) = (file_of(heading), Path::new(), heading == "Match keys");
        } else if let Some(heading) = line.strip_prefix("### ") {
            path = path_of(heading);
        }
        let Some(file) = file else { continue };
        let page = &mut pages[file];
        if block == Some("toml") {
            page.examples.push_str(line);
            page.examples.push('\n');
        } else if let Some(names) = line.strip_prefix("Keys as in ") {
            page.same.push((path.clone(), path_of(names)));
        } else if line.starts_with("| `") || line.starts_with("| [") {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [names, kind, default, _] = cells[..] else { panic!("expected four cells: {line}") };
            if names.starts_with("[match keys]") {
                with_match_keys.push((file, path.clone()));
                continue;
            }
            for name in quoted(names) {
                let mut path = path.clone();
                path.extend(name.split('.').map(str::to_owned));
                let key = path.pop().unwrap();
                if kind.contains("(#match-keys)") {
                    with_match_keys.push((file, below(&path, &key)));
                }
                let row = Row { kind: kind.to_owned(), default: default.to_owned(), shared: false };
                let rows = if in_match_keys { &mut match_keys } else { page.rows.entry(path).or_default() };
                assert!(rows.insert(key, row).is_none(), "twice in the reference: {line}");
            }
        }
    }
    assert!(match_keys.len() >= 7, "the match keys are missing");
    for (file, path) in with_match_keys {
        let shared = path != ["match"];
        let rows = match_keys.iter().map(|(key, row)| (key.clone(), Row { shared, ..row.clone() }));
        pages[file].rows.entry(path).or_default().extend(rows);
    }
    pages
}

impl Page {
    /// The documented keys of a table: its rows, and the tables below it.
    fn keys(&self, path: &[String]) -> BTreeSet<String> {
        let rows = self.rows.get(path).into_iter().flat_map(BTreeMap::keys).cloned();
        let tables = self.rows.keys().chain(self.same.iter().map(|(path, _)| path));
        let below = tables.filter(|table| table.len() > path.len() && table.starts_with(path));
        rows.chain(below.map(|table| table[path.len()].clone())).collect()
    }
}

/// The documented keys of a table of a file, also where they are those of `invoicer.toml`.
fn documented(pages: &[Page; 3], file: usize, path: &[String]) -> BTreeSet<String> {
    let mut keys = pages[file].keys(path);
    for (table, like) in &pages[file].same {
        if let Some(below) = path.strip_prefix(table.as_slice()) {
            keys.extend(pages[WORKSPACE].keys(&[like, below].concat()));
        }
    }
    keys
}

fn from_toml(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.to_string().into(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).unwrap().into(),
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Array(entries) => entries.iter().map(|entry| from_toml(entry.get_ref())).collect(),
        DeValue::Table(table) => from_table(table),
        other => panic!("no example needs {other:?}"),
    }
}

fn from_table(table: &DeTable<'_>) -> Value {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        (key.to_string(), from_toml(value.get_ref()))
    };
    Value::Object(table.iter().map(entry).collect())
}

pub(crate) fn parsed(toml: &str) -> Value {
    let table = DeTable::parse(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    from_table(table.get_ref())
}

/// A value in TOML: all of JSON is, but for the signs between and around the entries of a table.
pub(crate) fn to_toml(value: &Value) -> String {
    let joined = |entries: Vec<String>| entries.join(", ");
    match value {
        Value::Object(table) => {
            let entries =
                table.iter().map(|(key, value)| format!("{} = {}", Value::from(key.as_str()), to_toml(value)));
            format!("{{ {} }}", joined(entries.collect()))
        }
        Value::Array(entries) => format!("[{}]", joined(entries.iter().map(to_toml).collect())),
        value => value.to_string(),
    }
}

/// The workspace that the page's examples make.
#[derive(Clone)]
struct Example([Value; 3]);

/// What loading a workspace gave: the settings without places in files, unless something is wrong.
struct Loaded {
    problems: Vec<Diagnostic>,
    settings: Option<String>,
}

impl Example {
    fn new(pages: &[Page; 3]) -> Example {
        Example([WORKSPACE, CUSTOMER, PRICES].map(|file| parsed(&pages[file].examples)))
    }

    fn load(&self) -> Loaded {
        let sandbox = Sandbox::new();
        for (path, value) in ["invoicer.toml", "customers/acme.toml", "prices.toml"].iter().zip(&self.0) {
            let lines = value.as_object().unwrap().iter().map(|(key, value)| format!("{key} = {}\n", to_toml(value)));
            sandbox.write(path, lines.collect::<String>());
        }
        // The table of the examples.
        sandbox.write("assignments/soracom.csv", "resource,customer,from,until\n440101234567890,acme,,2022-08-10\n");
        // The other customer of the examples.
        sandbox.write("customers/bravo.toml", "name = \"Bravo\"\n[[match]]\ntag = { customer = \"bravo\" }\n");
        let loaded = match workspace::load(sandbox.path()) {
            Ok(loaded) => loaded,
            Err(problems) => return Loaded { problems: problems.into(), settings: None },
        };
        let mut problems = loaded.warnings.clone();
        if let Err(wrong) = workspace::with_prices_of(&loaded, sandbox.path(), "prices.toml") {
            problems.extend(wrong);
        }
        let settings = problems.is_empty().then(|| without_places(&format!("{:#?}", loaded.settings)));
        Loaded { problems, settings }
    }

    /// The workspace with a key of the table at `pointer` set to another value, or removed.
    fn with(&self, file: usize, pointer: &str, key: &str, value: Option<Value>) -> Example {
        let mut example = self.clone();
        let table = example.0[file].pointer_mut(pointer).and_then(Value::as_object_mut).unwrap();
        match value {
            Some(value) => table.insert(key.to_owned(), value),
            None => table.remove(key),
        };
        example
    }

    /// Path and JSON pointer of every table of a file.
    fn tables(&self, file: usize) -> Vec<(Path, String)> {
        let mut tables = Vec::new();
        walk(&self.0[file], Path::new(), String::new(), &mut tables);
        tables
    }

    fn table(&self, file: usize, pointer: &str) -> &Map<String, Value> {
        self.0[file].pointer(pointer).and_then(Value::as_object).unwrap()
    }
}

fn walk(value: &Value, path: Path, pointer: String, tables: &mut Vec<(Path, String)>) {
    match value {
        Value::Object(table) => {
            tables.push((path.clone(), pointer.clone()));
            for (key, value) in table {
                walk(value, below(&path, key), format!("{pointer}/{key}"), tables);
            }
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                walk(entry, path.clone(), format!("{pointer}/{index}"), tables);
            }
        }
        _ => {}
    }
}

/// The settings as printed for developers, without where each stands: that differs with every change of a file.
fn without_places(printed: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = printed.lines();
    while let Some(line) = lines.next() {
        kept.push(line);
        if line.ends_with("Definition {") {
            let indent = line.len() - line.trim_start().len();
            let end = |line: &&str| line.len() - line.trim_start().len() == indent;
            assert!(lines.find(end).is_some_and(|line| line.trim() == "},"), "{printed}");
        }
    }
    kept.join("\n")
}

/// The list in a message or hint, such as `known keys: a, b`.
fn words<'a>(text: &'a str, before: &str, after: &str) -> Option<BTreeSet<&'a str>> {
    let list = text.strip_prefix(before)?.split(after).next()?;
    let words: BTreeSet<&str> = list.split(", ").collect();
    assert_eq!(words.len(), list.split(", ").count(), "a word is listed twice: {text}");
    Some(words)
}

#[test]
fn the_examples_are_a_workspace() {
    let loaded = Example::new(&reference()).load();
    assert!(loaded.problems.is_empty(), "{:#?}", loaded.problems);
}

#[test]
fn the_reference_has_the_keys_that_the_parser_knows() {
    let pages = reference();
    let example = Example::new(&pages);
    let mut wrong = Vec::new();
    for file in [WORKSPACE, CUSTOMER, PRICES] {
        let mut seen: BTreeSet<Path> = BTreeSet::new();
        for (path, pointer) in example.tables(file) {
            if !seen.insert(path.clone()) {
                continue;
            }
            let problems = example.with(file, &pointer, UNKNOWN, Some(0.into())).load().problems;
            let message = format!("unknown key `{UNKNOWN}` in ");
            let hint = problems.iter().find(|problem| problem.message.starts_with(&message)).map(|found| &found.hint);
            let known = hint.map(|hint| words(hint.as_ref().unwrap(), "known keys: ", "\n").unwrap());
            let documented = documented(&pages, file, &path);
            match known {
                Some(known) => {
                    let documented: BTreeSet<&str> = documented.iter().map(String::as_str).collect();
                    for key in known.difference(&documented) {
                        wrong.push(format!("{path:?}: the reference lacks `{key}`"));
                    }
                    for key in documented.difference(&known) {
                        wrong.push(format!("{path:?}: the parser does not know `{key}`"));
                    }
                }
                // Any key is fine there, such as a customer's id.
                None => {
                    let named = pages[file].same.iter().any(|(table, _)| table.starts_with(&path));
                    if !documented.is_empty() && !named {
                        wrong.push(format!("{path:?}: the parser takes any key, the reference only {documented:?}"));
                    }
                }
            }
        }
        for path in pages[file].rows.keys().filter(|path| !seen.contains(*path)) {
            wrong.push(format!("{path:?}: the reference has no example"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_reference_tells_choices_and_defaults_as_they_are() {
    let pages = reference();
    let example = Example::new(&pages);
    let mut wrong = Vec::new();
    let mut checked = 0;
    for file in [WORKSPACE, CUSTOMER, PRICES] {
        let tables = example.tables(file);
        for (path, key, row) in
            pages[file].rows.iter().flat_map(|(path, rows)| rows.iter().map(move |(key, row)| (path, key, row)))
        {
            let shown = format!("{path:?} `{key}`");
            let mut holders = tables.iter().filter(|(table, _)| table == path);
            let holder = holders.find(|(_, pointer)| example.table(file, pointer).contains_key(key));
            let Some((_, pointer)) = holder else {
                if !row.shared {
                    wrong.push(format!("{shown}: the reference has no example"));
                }
                continue;
            };
            let told = example.with(file, pointer, key, Some(UNKNOWN.into())).load().problems;
            let after = format!(", found {UNKNOWN:?}");
            // What else names a category that is no longer there is another matter.
            let mut of_key = told.iter().filter(|problem| problem.message.contains(&after));
            let choices = of_key.find_map(|problem| words(&problem.message, "expected one of ", &after));
            let documented = row.kind.strip_prefix("one of ").map(|list| quoted(list).into_iter().collect());
            if choices != documented {
                wrong.push(format!("{shown}: choices are {choices:?}, the reference has {documented:?}"));
            }
            let absent = example.with(file, pointer, key, None).load();
            let missing = format!("missing key `{key}` in ");
            let is_required = absent.problems.iter().any(|problem| problem.message.starts_with(&missing));
            if is_required != row.default.starts_with("required") {
                wrong.push(format!("{shown}: required is {is_required}, the reference has {:?}", row.default));
            }
            if row.default.starts_with('`') {
                let default = parsed(&format!("default = {}", quoted(&row.default)[0]))["default"].take();
                let present = example.with(file, pointer, key, Some(default)).load();
                assert!(present.problems.is_empty() && absent.problems.is_empty(), "{shown}: {:#?}", present.problems);
                if present.settings != absent.settings {
                    wrong.push(format!("{shown}: {} is not what holds without the key", row.default));
                }
                checked += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checked >= 25, "only {checked} defaults were compared");
}
