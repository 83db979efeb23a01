//! KORE's Super SIM API: data usage by SIM and day, billed in `billed_unit`. Times are UTC; amounts exclude tax.
//!
//! Format: <https://docs.korewireless.com/en-us/api/products/supersim/usage-record-resource>. The month's answers lie
//! in `billing/MONTH/<source>/` as they were received: `usage-0000.json` and on, `sims-…`, `fleets-…`.

mod directory;
mod pages;
mod usage;

use std::path::Path;

use super::fetch::{Finality, place};
use super::snapshot::Session;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::charge::{Bill, BillFile};
use crate::model::settings::SourceSettings;
use directory::Directory;
use pages::Page;
use usage::UsageReader;

/// What the list of usage records is called in an answer.
const USAGE: &str = "usage_records";

const FETCH_AGAIN: &str = "fetch the month again: `invoicer fetch MONTH --force`";

/// Reads a month's answers into `bill`.
///
/// # Errors
/// A month that is not there, files that are not what the API sends, every kind of record that is not understood, and
/// records that stand there twice.
pub(super) fn read(
    bill: &mut Bill,
    source: u16,
    root: &Path,
    settings: &SourceSettings,
) -> Result<(), Vec<Diagnostic>> {
    let path = format!("billing/{}/{}", bill.month, settings.name);
    let listing = |stem: &str| pages::files(root, &path, stem);
    let (usage, sims, fleets) = (listing("usage")?, listing("sims")?, listing("fleets")?);
    for (files, stem) in [(&usage, "usage"), (&sims, "sims"), (&fleets, "fleets")] {
        if files.is_empty() {
            return Err(vec![absent(bill, settings, &format!("{path}/{stem}-0000.json"))]);
        }
    }
    let first = bill.files.len();
    for file in usage.iter().chain(&sims).chain(&fleets) {
        bill.files.push(BillFile { path: file.path.clone(), source, length: file.text.len() as u64 });
    }
    let numbers: Result<Vec<u16>, _> = (first..first + usage.len()).map(u16::try_from).collect();
    let numbers = numbers.map_err(|_| vec![Diagnostic::error("more than 65535 files")])?;
    let directory = Directory::read(&sims, &fleets)?;
    let pages = pages::parse(&usage, USAGE)?;
    let mut reader = UsageReader::new(bill, source, &directory);
    let mut problems = Vec::new();
    for (number, page) in numbers.into_iter().zip(&pages) {
        problems.extend(reader.read(number, &page.records).err().unwrap_or_default());
    }
    if problems.is_empty() {
        problems.extend(reader.repeated());
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Fetches a month's answers.
pub(super) fn fetch(session: &Session<'_>) -> Result<Finality, Diagnostic> {
    Err(Diagnostic::error("fetching from KORE is not available yet").at(place(session.source)))
}

fn absent(bill: &Bill, settings: &SourceSettings, path: &str) -> Diagnostic {
    Diagnostic::error(format!("no bill of {} for the source \"{}\": no file {path}", bill.month, settings.name))
        .at(Place::line(&settings.definition.path, settings.definition.line))
        .with_hint(format!("run `invoicer fetch {}`", bill.month))
}

/// The record that a charge's row names, on one line; none when the text is no page of usage records.
pub(super) fn record(text: &str, row: u32) -> Option<String> {
    let page = Page::parse(text, USAGE).ok()?;
    let index = usize::try_from(row).ok()?.checked_sub(1)?;
    page.records.get(index).map(|record| one_line(record.get()))
}

/// Why a record is not understood, without its position: that is counted within the record.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text).to_owned()
}

/// A record on one line.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim_start).collect::<Vec<&str>>().join(" ")
}
