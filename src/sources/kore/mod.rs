//! KORE's Super SIM API: data usage by SIM and day, billed in `billed_unit`. Times are UTC; amounts exclude tax.
//!
//! Format: <https://docs.korewireless.com/en-us/api/products/supersim/usage-record-resource>. The month's answers lie
//! in `billing/MONTH/<source>/` as they were received: `usage-0000.json` and on, `sims-…`, `fleets-…`.

mod api;
mod credentials;
mod directory;
mod fetch;
mod pages;
mod usage;

use super::snapshot::Snapshot;
use crate::diagnostic::Diagnostic;
use crate::model::charge::Bill;
use directory::Directory;
pub(super) use fetch::fetch;
use pages::{Page, PageFile};
use usage::UsageReader;

/// What the list of usage records is called in an answer.
const USAGE: &str = "usage_records";

const FETCH_AGAIN: &str = "fetch the month again: `invoicer fetch MONTH --force`";

/// Reads a snapshot's charges. Its files stand in `bill.files` from `first` on, in the order of the provenance.
///
/// # Errors
/// Files that are not what the API sends, every kind of record that is not understood, and records that stand there
/// twice.
pub(super) fn read_snapshot(
    bill: &mut Bill,
    source: u16,
    first: usize,
    snapshot: &Snapshot,
) -> Result<(), Vec<Diagnostic>> {
    let listing = |stem: &str| pages::files(snapshot, first, stem);
    read_pages(bill, source, &listing("usage")?, &listing("sims")?, &listing("fleets")?)
}

fn read_pages(
    bill: &mut Bill,
    source: u16,
    usage: &[PageFile],
    sims: &[PageFile],
    fleets: &[PageFile],
) -> Result<(), Vec<Diagnostic>> {
    let directory = Directory::read(sims, fleets)?;
    let pages = pages::parse(usage, USAGE)?;
    let mut reader = UsageReader::new(bill, source, &directory);
    let mut problems = Vec::new();
    for (file, page) in usage.iter().zip(&pages) {
        problems.extend(reader.read(file.file, &page.records).err().unwrap_or_default());
    }
    if problems.is_empty() {
        problems.extend(reader.repeated());
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
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
