//! SAKURA Cloud's bill details: a CSV of 16 columns in a fixed order, saved from the control panel or fetched from the
//! API.
//!
//! Format: <https://manual.sakura.ad.jp/cloud/api/billapi.html>. A row is the cost of one resource in a month. Its
//! price excludes tax, which has its own column and is used only to reconcile. The month of use is column 3.
//! Days and hours of use become hours (24 to a day): the unit in which both are whole numbers.

mod answers;
mod api;
mod credentials;
mod fetch;
mod names;
mod records;
mod rows;

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::Context;

use super::json::Number;
use super::provider::{FetchedBill, Finality, ProviderMonth, Reading, SavedBill, each_file};
use super::rounded_ids;
use super::snapshot::{Session, Snapshot};
use crate::diagnostic::{Diagnostic, Figure, Located, Place, Problems, cannot};
use crate::environment::Environment;
use crate::files;
use crate::model::amount::{Amount, Sum};
use crate::model::charge::{Bill, EMPTY};
use crate::model::currency::Currency;
use crate::model::plain::beginning;
use crate::model::settings::SourceSettings;
use crate::model::statement::Statement;
use answers::{BillDetail, BillDetails, BillHead, Bills};
use records::{Record, Table};
use rows::RowReader;

/// What a snapshot's file should be, for messages.
const ANSWER: &str = "what SAKURA Cloud's API answers";

/// CSVs saved from the control panel.
pub(super) struct SavedCsv;

impl SavedBill for SavedCsv {
    fn read_all(&self, reading: &mut Reading<'_>, files: &[u16]) -> Result<(), Problems> {
        each_file(reading, files, |reading, file| read_file(reading, file, reading.draft))
    }

    fn row_of_json(&self, text: &str, row: u32) -> Option<String> {
        line(text, row)
    }
}

/// Bills from the API: answers that hold the same CSV, the bills' details, and lists of resources.
pub(super) struct Fetched;

impl FetchedBill for Fetched {
    /// Also refuses bills whose details charge a resource that their rows lack.
    fn read(&self, reading: &mut Reading<'_>, snapshot: &Snapshot, first: usize) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let final_bills = final_bills(snapshot)?;
        for (position, received) in snapshot.provenance.files.iter().enumerate() {
            if !received.path.starts_with(fetch::BILL) || !received.path.ends_with(fetch::CSV) {
                continue;
            }
            let file = u16::try_from(first + position).map_err(|_| Diagnostic::error("more than 65535 files"))?;
            let id = received.path.strip_prefix(fetch::BILL).and_then(|name| name.strip_suffix(fetch::CSV));
            let open = reading.draft || id.is_some_and(|id| final_bills.contains(id));
            problems.extend(read_file(reading, file, open).err().into_iter().flatten());
        }
        problems.check()?;
        let ids = resource_ids(reading.bill, reading.source);
        for (name, details) in details(snapshot)? {
            let place = || Place::file(format!("{}/{name}", snapshot.path));
            check_against_details(&ids, &details).at(place)?;
        }
        names::fill_in(reading, snapshot)
    }

    /// The provider's total, and the number of charged resources.
    fn statement(&self, _: &SourceSettings, snapshot: &Snapshot) -> Result<Statement, Problems> {
        let details = details(snapshot)?;
        let all = details.iter().flat_map(|(_, details)| &details.bill_details);
        let ids = all.filter_map(BillDetail::charged_resource);
        let charged: BTreeSet<Cow<'_, str>> = ids.filter_map(|id| rows::resource_id(id).ok()).collect();
        Ok(Statement {
            total: stated_total(snapshot)?,
            resources: Some((charged.len(), "resources")),
            ..Statement::default()
        })
    }

    fn fetch(&self, session: &Session<'_>) -> Result<Finality, Diagnostic> {
        fetch::fetch(session)
    }

    fn months(&self, source: &SourceSettings, environment: &Environment) -> Result<Vec<ProviderMonth>, Diagnostic> {
        fetch::months(source, environment)
    }

    fn row_of_json(&self, text: &str, row: u32) -> Option<String> {
        line(text, row)
    }
}

/// Reads one file's rows into the bill: the CSV itself, or the API's answer `{"Body": "…csv…"}` that holds it.
///
/// # Errors
/// A file that is not a bill, every kind of invalid row, with the first place and a count, and, unless `open` bills are
/// accepted, rows that the provider has not determined yet.
fn read_file(reading: &mut Reading<'_>, file: u16, open: bool) -> Result<(), Problems> {
    let Reading { root, source, .. } = *reading;
    let bill = &mut *reading.bill;
    let path = bill.files[usize::from(file)].path.clone();
    let place = || Place::file(&path);
    let bytes = files::read(&root.join(&path), files::DATA).with_context(|| cannot("read the file", &path))?;
    bill.files[usize::from(file)].length = bytes.len() as u64;
    let text = text(&bytes).at(place)?;
    let body = body(text).at(place)?;
    read_csv(bill, source, file, body.as_deref().unwrap_or(text), open)
}

/// Reads the rows of a CSV.
fn read_csv(bill: &mut Bill, source: u16, file: u16, csv: &str, open: bool) -> Result<(), Problems> {
    let path = bill.files[usize::from(file)].path.clone();
    let currency = bill.sources[usize::from(source)].currency;
    if currency != Currency::JPY {
        let diagnostic = Diagnostic::error(format!("SAKURA Cloud bills in JPY, but its source is in {currency}"));
        let hint = "write no currency in its [[source]]; [[fx]] converts for invoices in another currency";
        return Err(diagnostic.at(Place::file(&path)).with_hint(hint).into());
    }
    let table = Table::split(csv).map_err(|problem| problem.at(&path))?;
    let first_subject = bill.subjects.len();
    let mut rows = RowReader::new(bill, source, file, &table.extra_columns);
    for record in &table.records {
        rows.read(record);
    }
    let undetermined = rows.undetermined(&path).filter(|_| !open);
    let (tax, problems) = rows.finish();
    let mut problems = Problems::from(problems.into_diagnostics(0));
    if problems.is_empty() {
        problems.extend(undetermined);
        problems.extend(rounded_ids::of_file(bill, file, first_subject));
    }
    problems.check()?;
    let stated = &mut bill.sources[usize::from(source)].stated_tax;
    let sum = tax.total().and_then(|tax| tax.plus(stated.unwrap_or(Amount::ZERO)));
    *stated = Some(sum.of_at(rows::TAX, || Place::file(&path))?);
    Ok(())
}

/// A line of the CSV within the API's answer; none where the text is not such an answer.
fn line(answer: &str, line: u32) -> Option<String> {
    let csv = body(answer).ok()??;
    csv.lines().nth(line.checked_sub(1)? as usize).map(str::to_owned)
}

/// The file's text without byte order mark.
fn text(bytes: &[u8]) -> Result<&str, Diagnostic> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.iter().take(64).any(|byte| *byte == 0)
    {
        let diagnostic = Diagnostic::error("the file is UTF-16, expected UTF-8");
        return Err(diagnostic
            .with_hint("use the file as it was downloaded; a spreadsheet may have saved it as \"Unicode text\""));
    }
    std::str::from_utf8(bytes).map_err(|_| {
        Diagnostic::error("the file is not UTF-8")
            .with_hint("use the file as it was downloaded; a spreadsheet may have changed its encoding (Shift_JIS)")
    })
}

/// The CSV within the API's answer; none when the file is not such an answer.
fn body(text: &str) -> Result<Option<String>, Diagnostic> {
    if !text.trim_start().starts_with('{') {
        return Ok(None);
    }
    #[derive(serde::Deserialize)]
    struct Answer {
        #[serde(rename = "Body")]
        body: Option<String>,
        error_msg: Option<String>,
    }
    let hint = "save the answer of …/billdetail/MEMBER/BILL/csv as it is, or the CSV of the control panel";
    let answer: Answer = serde_json::from_str(text)
        .map_err(|error| Diagnostic::error(format!("the file is cut off or no JSON: {error}")).with_hint(hint))?;
    match (answer.body, answer.error_msg) {
        (Some(body), _) => Ok(Some(body.strip_prefix('\u{feff}').map_or_else(|| body.clone(), str::to_owned))),
        (None, Some(error)) => {
            Err(Diagnostic::error(format!("the API answered with an error: {}", beginning(&error))).with_hint(hint))
        }
        (None, None) => Err(Diagnostic::error("expected the API's answer with the bill as \"Body\"").with_hint(hint)),
    }
}

/// The ids of the bills in a snapshot.
fn bills(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    let names = snapshot.files(fetch::BILL).into_iter();
    names.filter_map(|name| name.strip_prefix(fetch::BILL)?.strip_suffix(fetch::CSV))
}

/// The details of each bill, with the name of their file.
fn details(snapshot: &Snapshot) -> Result<Vec<(String, BillDetails)>, Diagnostic> {
    let read = |id: &str| {
        let name = format!("{}{id}.json", fetch::BILL);
        let place = || Place::file(format!("{}/{name}", snapshot.path));
        let details: BillDetails = snapshot.json(&name, ANSWER)?.ok_or_else(|| {
            let diagnostic = Diagnostic::error("the details of a bill are missing").at(place());
            diagnostic.with_hint("fetch the month again with --force")
        })?;
        let count = Amount::whole(details.bill_details.len() as i64);
        if details.count.is_some_and(|stated| stated.0 != count) {
            let diagnostic = Diagnostic::error(format!("the list of details is cut off after {count} rows"));
            return Err(diagnostic.at(place()).with_hint("fetch the month again with --force"));
        }
        Ok((name, details))
    };
    bills(snapshot).map(read).collect()
}

/// The provider's total with tax of the bills read; none where the list of bills has no amount.
fn stated_total(snapshot: &Snapshot) -> Result<Option<Amount>, Diagnostic> {
    let Some(list) = snapshot.json::<Bills>(fetch::BILLS, ANSWER)? else {
        return Ok(None);
    };
    let place = || Place::file(format!("{}/{}", snapshot.path, fetch::BILLS));
    let read: BTreeSet<&str> = bills(snapshot).collect();
    let amounts = list.bills.iter().filter(|bill| read.contains(bill.id.0.as_str())).map(|bill| bill.amount);
    let amounts: Option<Vec<Number>> = amounts.collect();
    let sum = amounts.map(|amounts| Sum::of(amounts.into_iter().map(|amount| amount.0))).transpose();
    sum.of_at("the sum of the bills", place)
}

/// Ids of the bills that are final by the list of bills, whatever their rows state: fetched after the month was closed,
/// and paid or with a due date.
fn final_bills(snapshot: &Snapshot) -> Result<BTreeSet<String>, Diagnostic> {
    let list = snapshot.json::<Bills>(fetch::BILLS, ANSWER)?;
    let closed = list.filter(|_| snapshot.provenance.is_final && !snapshot.provenance.tool.is_empty());
    let is_final = |bill: &BillHead| bill.paid == Some(true) || bill.pay_limit.is_some();
    Ok(closed.into_iter().flat_map(|list| list.bills).filter(is_final).map(|bill| bill.id.0).collect())
}

/// The ids of a source's resources.
fn resource_ids(bill: &Bill, source: u16) -> BTreeSet<String> {
    let subjects = bill.subjects.iter().filter(|subject| subject.source == source && subject.resource != EMPTY);
    subjects.map(|subject| bill.names.get(subject.resource).to_owned()).collect()
}

/// The months of use in a CSV's rows, as written there.
///
/// # Errors
/// Rows without that column.
fn usage_months(csv: &str) -> Result<BTreeSet<String>, Diagnostic> {
    let table = Table::split(csv).map_err(|problem| problem.at("its CSV"))?;
    let month = |record: &Record<'_>| {
        let cell = record.cells.as_ref().and_then(|cells| cells.get(rows::MONTH));
        cell.map(|cell| cell.clone().into_owned())
            .ok_or_else(|| Diagnostic::error("the row is cut off").at(Place::line("its CSV", record.line)))
    };
    table.records.iter().map(month).collect()
}

/// Checks that every resource charged in the details is in the CSV: a CSV that ends too early looks complete.
fn check_against_details(ids: &BTreeSet<String>, details: &BillDetails) -> Result<(), Diagnostic> {
    let charged = details.bill_details.iter().filter_map(BillDetail::charged_resource);
    let missing = charged.filter_map(|id| rows::resource_id(id).ok()).find(|id| !ids.contains(id.as_ref()));
    match missing {
        None => Ok(()),
        Some(id) => {
            let message = format!("the bill's CSV has no row of {id}, which its details charge");
            Err(Diagnostic::error(message).with_hint("the CSV is cut off: fetch the month again with --force"))
        }
    }
}
