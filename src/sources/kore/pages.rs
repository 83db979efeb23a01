//! Reads the pages of a listing as they were received.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::plain::beginning;
use crate::sources::snapshot::Snapshot;

/// The way out for answers that are not understood.
pub(super) const FETCH_AGAIN: &str = "fetch the month again: `invoicer fetch MONTH --force`";

/// One page of a listing: `{"<key>": [ … ], "meta": { … }}`.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The records, each as raw JSON.
    pub(super) records: Vec<&'a RawValue>,
    /// The page after this one; none at the end.
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    next_page_url: Option<String>,
}

impl<'a> Page<'a> {
    /// Parses an answer; `key` is the key of its list.
    ///
    /// # Errors
    /// A text that is not such a page; the error has no place.
    pub(super) fn parse(text: &'a str, key: &str) -> Result<Page<'a>, Diagnostic> {
        // JSON allows no byte order mark, but some proxies write one.
        let text = text.trim_start_matches('\u{feff}');
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
        let list = fields.get(key).ok_or_else(|| {
            let found = fields.keys().map(String::as_str).collect::<Vec<&str>>().join(", ");
            Diagnostic::error(format!("expected a list \"{key}\" in the answer, found {found}"))
                .with_hint(format!("the provider may have answered with an error: {FETCH_AGAIN}"))
        })?;
        let records: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(|_| {
            Diagnostic::error(format!("expected a list in \"{key}\", found {}", beginning(list.get())))
                .with_hint(FETCH_AGAIN)
        })?;
        // A page without `meta` may be the first of many.
        let meta: Meta =
            fields.get("meta").and_then(|meta| serde_json::from_str(meta.get()).ok()).ok_or_else(|| {
                Diagnostic::error(
                    "expected \"meta\" with next_page_url in the answer, which says whether more pages follow",
                )
                .with_hint(FETCH_AGAIN)
            })?;
        Ok(Page { records, next: meta.next_page_url.filter(|url| !url.is_empty()) })
    }
}

fn not_json(text: &str, error: &serde_json::Error) -> Diagnostic {
    let beginning = text.trim_start();
    let message = match () {
        () if beginning.is_empty() => "expected JSON, found an empty file".to_owned(),
        () if error.is_eof() => "the JSON is cut off".to_owned(),
        () if beginning.starts_with('<') => "expected JSON, found HTML or XML".to_owned(),
        () => format!("expected JSON: {error}"),
    };
    Diagnostic::error(message).with_hint(format!("the download was probably disturbed: {FETCH_AGAIN}"))
}

/// A page in a file.
#[derive(Debug)]
pub(super) struct PageFile {
    /// Path relative to the workspace's root, with `/`.
    pub(super) path: String,
    /// Index in the bill's files.
    pub(super) file: u16,
    /// Its bytes.
    pub(super) text: String,
}

impl PageFile {
    /// Adds the file as a diagnostic's place.
    pub(super) fn told(&self, diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.at(Place::file(&self.path))
    }
}

/// Reads the pages `<stem>-0000.json`, `<stem>-0001.json` … of a snapshot, in the order of their numbers; `first` is
/// the index of the snapshot's first file among the bill's.
///
/// # Errors
/// Files that cannot be read or are not UTF-8, and numbers that are missing.
pub(super) fn files(snapshot: &Snapshot, first: usize, stem: &str) -> Result<Vec<PageFile>, Problems> {
    let mut numbered = BTreeMap::new();
    for (index, file) in snapshot.provenance.files.iter().enumerate() {
        if let Some(number) = number(&file.path, stem) {
            numbered.insert(number, (index, file.path.as_str()));
        }
    }
    let mut problems = Problems::default();
    let mut files = Vec::with_capacity(numbered.len());
    for (expected, (number, (index, name))) in (0..).zip(numbered) {
        let path = format!("{}/{name}", snapshot.path);
        if expected != number && problems.is_empty() {
            let diagnostic = Diagnostic::error(format!("expected page {expected} of the listing before this one"));
            problems.push(diagnostic.at(Place::file(&path)).with_hint(FETCH_AGAIN));
        }
        match snapshot.read(name).map(|bytes| String::from_utf8(bytes.unwrap_or_default())) {
            Ok(Ok(text)) => {
                let file = u16::try_from(first + index).expect("the files were counted when they were listed");
                files.push(PageFile { path, file, text });
            }
            Ok(Err(_)) => {
                let diagnostic = Diagnostic::error("expected JSON in UTF-8").at(Place::file(&path));
                problems.push(diagnostic.with_hint(FETCH_AGAIN));
            }
            Err(problem) => problems.push(problem),
        }
    }
    problems.check()?;
    Ok(files)
}

/// The number in `<stem>-<number>.json`.
fn number(name: &str, stem: &str) -> Option<u64> {
    let digits = name.strip_prefix(stem)?.strip_prefix('-')?.strip_suffix(".json")?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Parses the pages of a listing, of which only the last may have no next page.
///
/// # Errors
/// Files that are not pages, and a listing that was cut off.
pub(super) fn parse<'a>(files: &'a [PageFile], key: &str) -> Result<Vec<Page<'a>>, Problems> {
    let mut problems = Problems::default();
    let mut pages = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        match Page::parse(&file.text, key) {
            Err(diagnostic) => problems.push(file.told(diagnostic)),
            Ok(page) => {
                let last = index + 1 == files.len();
                if last == page.next.is_some() {
                    let message = match last {
                        true => "the listing goes on after this page, but no further page is here",
                        false => "the listing ends with this page, but further pages are here",
                    };
                    problems.push(file.told(Diagnostic::error(message)).with_hint(FETCH_AGAIN));
                }
                pages.push(page);
            }
        }
    }
    problems.check()?;
    Ok(pages)
}

/// Why a record is invalid, without the parser's position, which is relative to the record.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text).to_owned()
}

/// A record on one line.
pub(super) fn one_line(text: &str) -> String {
    text.lines().map(str::trim_start).collect::<Vec<&str>>().join(" ")
}
