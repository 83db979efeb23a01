//! SAKURA Cloud's bill details: a CSV of 16 columns in a fixed order, saved from the control panel or taken from the API.
//!
//! Format: <https://manual.sakura.ad.jp/cloud/api/billapi.html>. A row is what one resource costs in a month. Its price
//! excludes tax, which stands in a column of its own and is used only to reconcile. The month of use is column 3.
//! Days and hours of use become hours (24 to a day): the unit in which both are whole numbers.

mod records;
mod rows;

use std::path::Path;

use super::fetch::{Finality, place};
use super::snapshot::{Session, Snapshot};
use crate::diagnostic::{Diagnostic, Place, cause, shortened};
use crate::model::amount::Amount;
use crate::model::charge::Bill;
use crate::model::settings::SourceSettings;
use records::Table;
use rows::RowReader;

/// Reads one file's rows into `bill`: the CSV itself, or the API's answer `{"Body": "…csv…"}` that holds it.
///
/// # Errors
/// A file that is no bill, and every kind of row that is not understood, with the first place and a count.
pub(super) fn read_file(bill: &mut Bill, source: u16, file: u16, root: &Path) -> Result<(), Vec<Diagnostic>> {
    let path = bill.files[usize::from(file)].path.clone();
    let place = || Place::file(&path);
    let bytes = std::fs::read(root.join(&path)).map_err(|error| {
        vec![Diagnostic::could_not_run(format!("cannot read the file: {}", cause(&error))).at(place())]
    })?;
    bill.files[usize::from(file)].length = bytes.len() as u64;
    let text = text(&bytes).map_err(|problem| vec![problem.at(place())])?;
    let body = body(text).map_err(|problem| vec![problem.at(place())])?;
    read_csv(bill, source, file, body.as_deref().unwrap_or(text))
}

/// Reads the rows of a CSV.
fn read_csv(bill: &mut Bill, source: u16, file: u16, csv: &str) -> Result<(), Vec<Diagnostic>> {
    let path = bill.files[usize::from(file)].path.clone();
    let table = Table::split(csv).map_err(|problem| vec![problem.at(&path)])?;
    let mut rows = RowReader::new(bill, source, file, &table.extra_columns);
    for record in &table.records {
        rows.read(record);
    }
    let (tax, problems) = rows.finish();
    if !problems.is_empty() {
        return Err(problems.into_diagnostics(0));
    }
    let stated = &mut bill.sources[usize::from(source)].stated_tax;
    let sum = tax.total().and_then(|tax| tax.plus(stated.unwrap_or(Amount::ZERO)));
    *stated = Some(sum.map_err(|_| {
        vec![Diagnostic::error("the tax of the rows has too many digits to be exact").at(Place::file(&path))]
    })?);
    Ok(())
}

/// A line of the CSV within the API's answer; none where the text is not such an answer.
pub(super) fn line(answer: &str, line: u32) -> Option<String> {
    let csv = body(answer).ok()??;
    csv.lines().nth(line.checked_sub(1)? as usize).map(str::to_owned)
}

/// The file's text after its byte order mark.
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
            Err(Diagnostic::error(format!("the API answered with an error: {}", shortened(&error))).with_hint(hint))
        }
        (None, None) => Err(Diagnostic::error("expected the API's answer with the bill as \"Body\"").with_hint(hint)),
    }
}

pub(super) fn fetch(session: &Session<'_>) -> Result<Finality, Diagnostic> {
    Err(Diagnostic::error("this kind of source is not available yet").at(place(session.source)))
}

/// Reads a snapshot's charges. Its files stand in `bill.files` from `first` on, in the order of the provenance.
pub(super) fn read_snapshot(
    _bill: &mut Bill,
    _source: u16,
    _first: usize,
    _root: &Path,
    settings: &SourceSettings,
    _snapshot: &Snapshot,
) -> Result<(), Vec<Diagnostic>> {
    Err(vec![Diagnostic::error("this kind of source is not available yet").at(place(settings))])
}
