//! Reads `adjustments/`: what a month alone has, in `202208.toml` and any number of files such as `202208-parts.csv`.

mod changes;
mod entry;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

pub use self::changes::changed_entries;
use super::text_file::read_text;
use super::toml_reader::{Section, TomlFile, Value};
use super::wording::{line, lines};
use crate::diagnostic::{Diagnostic, Place, Problems, cannot};
use crate::files;
use crate::model::adjustment::{DIRECTORY, DocumentNotes, MonthAdjustments};
use crate::model::customer::Customer;
use crate::model::definition::Definition;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::model::tax_table::TaxTable;
use entry::{Entries, UsedIds};

/// Whom adjustments can be for, and how they are taxed.
#[derive(Clone, Copy)]
pub(super) struct Parties<'c> {
    pub(super) customers: &'c [Customer],
    pub(super) taxes: &'c TaxTable,
}

/// The adjustments of some months, and the files they are written in.
#[derive(Default)]
pub(super) struct ReadAdjustments {
    pub(super) months: BTreeMap<BillingMonth, MonthAdjustments>,
    pub(super) files: Vec<(String, Vec<u8>)>,
}

/// The files of a month, relative to the workspace's root, in order. Files of other kinds, such as the estimates that an
/// adjustment is by, may lie beside them.
///
/// # Errors
/// A directory that cannot be listed, and files that look like adjustments but are of no month or in a sub-directory: they
/// would be left out of every invoice in silence.
pub fn files_of(root: &Path, month: BillingMonth) -> Result<Vec<String>, Diagnostic> {
    Ok(listed(root)?.into_iter().filter(|(of, _)| *of == month).map(|(_, path)| path).collect())
}

/// The months that have files, in order.
///
/// # Errors
/// Those of [`files_of`].
pub fn months(root: &Path) -> Result<BTreeSet<BillingMonth>, Diagnostic> {
    Ok(listed(root)?.into_iter().map(|(month, _)| month).collect())
}

/// All files of adjustments with their months, by path.
fn listed(root: &Path) -> Result<Vec<(BillingMonth, String)>, Diagnostic> {
    let directory = root.join(DIRECTORY);
    let names = match files::names(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        names => names.with_context(|| cannot("read the directory", DIRECTORY))?,
    };
    let mut listed = Vec::new();
    for name in names.iter().map(|name| name.to_string_lossy()).filter(|name| !name.starts_with('.')) {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
        let path = format!("{DIRECTORY}/{name}");
        let month = stem.get(..6).and_then(|month| month.parse::<BillingMonth>().ok());
        match (month, ending) {
            (Some(month), "toml") if stem.len() == 6 => listed.push((month, path)),
            (Some(month), "csv") => listed.push((month, path)),
            _ if directory.join(&*name).is_dir() => refuse_below(&directory.join(&*name), &path, DEPTH)?,
            _ if is_of_adjustments(ending) => {
                let diagnostic = Diagnostic::error("the file's name does not say which month it is of");
                let hint =
                    "adjustments are read from MONTH.toml and MONTH*.csv, such as 202208.toml and 202208-parts.csv";
                return Err(diagnostic.at(Place::file(path)).with_hint(hint));
            }
            _ => {}
        }
    }
    listed.sort();
    Ok(listed)
}

/// Whether a file with that ending can be of adjustments.
fn is_of_adjustments(ending: &str) -> bool {
    ["toml", "csv"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Depth to which sub-directories are searched, so that links in a circle come to an end.
const DEPTH: usize = 4;

/// Refuses files in a sub-directory that look like adjustments.
fn refuse_below(directory: &Path, shown: &str, depth: usize) -> Result<(), Diagnostic> {
    let names = files::names(directory).with_context(|| cannot("read the directory", shown))?;
    for name in names.iter().map(|name| name.to_string_lossy()).filter(|name| !name.starts_with('.')) {
        let (below, path) = (directory.join(&*name), format!("{shown}/{name}"));
        if below.is_dir() {
            if depth > 1 {
                refuse_below(&below, &path, depth - 1)?;
            }
        } else if is_of_adjustments(name.rsplit_once('.').map_or("", |(_, ending)| ending)) {
            let diagnostic = Diagnostic::error("adjustments are not read from sub-directories");
            let hint = "move the file to adjustments/ itself, named MONTH.toml or MONTH*.csv, or out of adjustments/";
            return Err(diagnostic.at(Place::file(path)).with_hint(hint));
        }
    }
    Ok(())
}

/// Reads the adjustments of some months for these customers, in a workspace or a copy kept with a record. Mistakes go to
/// `problems`.
pub(super) fn read(
    root: &Path,
    (months, is_kept): (&[BillingMonth], bool),
    parties: Parties<'_>,
    problems: &mut Vec<Diagnostic>,
) -> ReadAdjustments {
    let mut read = ReadAdjustments::default();
    if months.is_empty() {
        return read;
    }
    let listed = listed(root).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    let (wanted, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(month, _)| months.contains(month));
    let mut used = UsedIds::new();
    for (_, path) in others {
        // Mistakes in the files of other months matter when those are billed.
        if let Ok(text) = read_text(root, &path) {
            used.extend(ids(&path, &text));
        }
    }
    for files in wanted.chunk_by(|one, other| one.0 == other.0) {
        let month = files[0].0;
        let mut entries = Entries::new(month, parties, &mut used);
        let mut notes = BTreeMap::new();
        for (_, path) in files {
            let text = match read_text(root, path) {
                Ok(text) => text,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            let file = TomlFile::new(path, &text).kept(is_kept);
            match path.ends_with(".csv") {
                true => rows::read(&file, |section, definition| entries.add(section, definition)),
                false => notes.extend(read_toml(&file, &mut entries)),
            }
            problems.extend(file.into_problems());
            read.files.push((path.clone(), text.into_bytes()));
        }
        let adjustments = entries.adjustments;
        read.months.insert(month, MonthAdjustments::new(month, adjustments, notes));
    }
    read
}

/// Checks a text that is about to be `202208.toml`.
///
/// # Errors
/// Every mistake in it.
pub fn check(month: BillingMonth, path: &str, text: &str, settings: &Settings) -> Result<(), Problems> {
    let file = TomlFile::new(path, text);
    let parties = Parties { customers: &settings.customers, taxes: &settings.taxes };
    read_toml(&file, &mut Entries::new(month, parties, &mut UsedIds::new()));
    Problems::from(file.into_problems()).check()
}

/// The ids of all adjustments of all months, whatever else is wrong with them.
///
/// # Errors
/// When the directory cannot be listed.
pub fn ids_of_all(root: &Path) -> Result<BTreeSet<String>, Diagnostic> {
    let mut all = BTreeSet::new();
    for (_, path) in listed(root)? {
        all.extend(ids_in(root, &path).unwrap_or_default());
    }
    Ok(all)
}

/// The ids of the adjustments in a file, whatever else is wrong with them.
///
/// # Errors
/// When it cannot be read.
pub fn ids_in(root: &Path, path: &str) -> Result<Vec<String>, Diagnostic> {
    let text = read_text(root, path)?;
    Ok(ids(path, &text).into_iter().map(|(id, _)| id).collect())
}

/// Reads `202208.toml`, and returns its `[customer.ID]` tables.
fn read_toml(file: &TomlFile<'_>, entries: &mut Entries<'_>) -> BTreeMap<String, DocumentNotes> {
    let table = file.parse();
    let root = Section::root(file, &table);
    for section in root.sections("adjustment", "[[adjustment]]") {
        entries.add(&section, section.definition());
    }
    let mut notes = BTreeMap::new();
    for (id, value) in root.section("customer", "[customer]").iter().flat_map(Section::entries) {
        if value.told(entries.known(&id)).is_none() {
            continue;
        }
        if let Some(section) = value.told(value.section(&format!("[customer.{id}]"))) {
            notes.insert(id, document_notes(&section));
        }
    }
    root.finish();
    notes
}

fn document_notes(section: &Section<'_, '_>) -> DocumentNotes {
    let notes = DocumentNotes {
        order_number: section.read("order-number", line),
        note: section.read("note", |value| value.text().and(lines(value))),
        hold: section.read("hold", line),
        hold_definition: section.definition_of("hold"),
    };
    section.finish();
    notes
}

/// The ids in a file of another month.
fn ids(path: &str, text: &str) -> Vec<(String, Definition)> {
    let file = TomlFile::new(path, text);
    let mut ids = Vec::new();
    let mut add = |section: &Section<'_, '_>, definition: Definition| {
        ids.extend(section.read("id", Value::string).map(|id| (id, definition)));
    };
    match path.ends_with(".csv") {
        true => rows::read(&file, add),
        false => {
            let table = file.parse();
            let root = Section::root(&file, &table);
            root.sections("adjustment", "[[adjustment]]").iter().for_each(|section| add(section, section.definition()));
        }
    }
    ids
}
