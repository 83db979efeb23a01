//! KORE's Super SIM API: data usage by SIM and day, billed in `billed_unit`. Times are UTC; amounts exclude tax.
//!
//! Format: <https://docs.korewireless.com/en-us/api/products/supersim/usage-record-resource>. The month's answers lie
//! in `billing/MONTH/<source>/` as they were received: `usage-0000.json` and on, `account-…`, `sims-…`, `fleets-…`.

mod api;
mod credentials;
mod directory;
mod fetch;
mod pages;
mod usage;

use std::collections::BTreeMap;

use super::snapshot::Snapshot;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, BillFile, BillSource};
use crate::model::settings::SourceSettings;
use crate::model::statement::Statement;
use directory::Directory;
pub(super) use fetch::fetch;
use pages::{Page, PageFile};
use usage::UsageReader;

/// What the list of usage records is called in an answer.
const USAGE: &str = "usage_records";

/// What the files of the listings are called before their numbers.
const BY_SIM: &str = "usage";
const ACCOUNT: &str = "account";
const SIMS: &str = "sims";
const FLEETS: &str = "fleets";

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
    read_answers(bill, source, &Answers::of(snapshot, first)?)
}

/// What KORE bills the account as a whole, to compare the sum of its SIMs with; nothing where it was not asked for.
///
/// # Errors
/// Files that are not what the API sends.
pub(super) fn statement(snapshot: &Snapshot, source: &SourceSettings) -> Result<Statement, Diagnostic> {
    let mut bill = Bill::new(snapshot.month);
    bill.sources.push(BillSource::of(source));
    let file = |name| BillFile { path: format!("{}/{name}", snapshot.path), source: 0, length: 0 };
    bill.files.extend(snapshot.all_files().map(file));
    let stated = pages::files(snapshot, 0, ACCOUNT).and_then(|account| stated(&bill, 0, &account));
    let first = |problems: Vec<Diagnostic>| problems.into_iter().next();
    match stated.map_err(first) {
        Ok(stated) => Ok(Statement { is_final: snapshot.provenance.is_final, ..stated.unwrap_or_default() }),
        Err(problem) => Err(problem.unwrap_or_else(|| Diagnostic::error("the account's usage cannot be read"))),
    }
}

/// A month's answers, each listing page by page.
struct Answers {
    /// Usage by SIM, or by what KORE groups it by.
    usage: Vec<PageFile>,
    /// Usage of the account as a whole, where the other is grouped.
    account: Vec<PageFile>,
    sims: Vec<PageFile>,
    fleets: Vec<PageFile>,
}

impl Answers {
    fn of(snapshot: &Snapshot, first: usize) -> Result<Answers, Vec<Diagnostic>> {
        let required = |stem: &str| match pages::files(snapshot, first, stem) {
            Ok(files) if files.is_empty() => {
                let message = format!("expected pages {stem}-0000.json and on among the fetched files");
                Err(vec![Diagnostic::error(message).at(Place::file(&snapshot.path)).with_hint(FETCH_AGAIN)])
            }
            files => files,
        };
        let account = pages::files(snapshot, first, ACCOUNT)?;
        Ok(Answers { usage: required(BY_SIM)?, account, sims: required(SIMS)?, fleets: required(FLEETS)? })
    }
}

fn read_answers(bill: &mut Bill, source: u16, answers: &Answers) -> Result<(), Vec<Diagnostic>> {
    let directory = Directory::read(&answers.sims, &answers.fleets)?;
    read_usage(bill, source, &directory, &answers.usage)?;
    if let Some(stated) = stated(bill, source, &answers.account)? {
        let source = &mut bill.sources[usize::from(source)];
        source.stated_total = stated.total;
        // Usage records know no tax.
        source.stated_tax = Some(Amount::ZERO);
    }
    Ok(())
}

fn read_usage(bill: &mut Bill, source: u16, directory: &Directory, usage: &[PageFile]) -> Result<(), Vec<Diagnostic>> {
    let pages = pages::parse(usage, USAGE)?;
    let mut reader = UsageReader::new(bill, source, directory);
    let mut problems = Vec::new();
    for (file, page) in usage.iter().zip(&pages) {
        problems.extend(reader.read(file.file, &page.records).err().unwrap_or_default());
    }
    if problems.is_empty() {
        problems.extend(reader.repeated());
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The account's usage, added up; none where it was not asked for.
fn stated(bill: &Bill, source: u16, account: &[PageFile]) -> Result<Option<Statement>, Vec<Diagnostic>> {
    if account.is_empty() {
        return Ok(None);
    }
    let mut whole = bill.without_rows();
    read_usage(&mut whole, source, &Directory::default(), account)?;
    let add = || -> Result<Statement, TooLong> {
        let mut daily: BTreeMap<u8, Sum> = BTreeMap::new();
        for charge in &whole.charges {
            daily.entry(charge.day).or_default().add(whole.cost(charge))?;
        }
        let day = |(day, sum): (u8, Sum)| Ok((day, sum.total()?));
        let mut daily: BTreeMap<u8, Amount> = daily.into_iter().map(day).collect::<Result<_, TooLong>>()?;
        let total = Sum::of(daily.values().copied())?;
        daily.remove(&0);
        Ok(Statement { total: Some(total), daily, ..Statement::default() })
    };
    add().map(Some).map_err(|error| vec![Diagnostic::error(format!("the account's usage cannot be added up: {error}"))])
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
