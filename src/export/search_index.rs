//! The table of `list --export-index`: what is listed with date, amount and counterparty, and where its kept file is.

use std::collections::BTreeSet;

use anyhow::Context;

use crate::diagnostic::Diagnostic;
use crate::ledger::{Document, Ledger, Stored};
use crate::model::format::Format;
use crate::out::defused;

const HEADER: [&str; 10] =
    ["date", "counterparty", "amount", "currency", "kind", "number", "original", "customer", "file", "sha256"];

/// Column of the kept file, which depends on where the table is.
const FILE: usize = 8;

/// Before a table in UTF-8: without the byte order mark Excel garbles Japanese.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A document with the kept file that stands for it.
pub struct IndexRow<'a> {
    /// The document.
    pub document: &'a Document,
    /// The file, relative to the table; empty where none was kept.
    pub file: String,
    /// SHA-256 of the file as it was issued.
    pub sha256: &'a str,
}

/// The kind of file that stands for the documents of a record: the first that was kept, the PDF where none was.
pub fn listed_format(stored: &Stored) -> Format {
    Format::ALL.into_iter().find(|format| stored.record.kept.contains(format)).unwrap_or(Format::Pdf)
}

fn cells(IndexRow { document, file, sha256 }: &IndexRow<'_>) -> [String; HEADER.len()] {
    let cells = [
        document.issue_date.to_string(),
        document.customer_name.clone(),
        document.total.to_text(document.currency.decimals()),
        document.currency.to_string(),
        document.kind.name().to_owned(),
        document.number.clone(),
        document.original.as_ref().map_or_else(String::new, |original| original.number.clone()),
        document.customer.clone(),
        file.clone(),
        (*sha256).to_owned(),
    ];
    cells.map(defused)
}

/// The table as CSV.
///
/// # Errors
/// When CSV cannot be written, which does not happen in memory.
pub fn csv(rows: &[IndexRow<'_>]) -> Result<Vec<u8>, Diagnostic> {
    const CANNOT: &str = "cannot write CSV";
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(MARK.to_vec());
    writer.write_record(HEADER).context(CANNOT)?;
    for row in rows {
        writer.write_record(cells(row)).context(CANNOT)?;
    }
    Ok(writer.into_inner().context(CANNOT)?)
}

/// Whether a file is an earlier table of what was issued: the heading, and rows of issued documents, each of them once and
/// nothing else. Where their kept files are may differ.
pub fn is_earlier(ledger: &Ledger, written: &[u8]) -> bool {
    let Some(text) = written.strip_prefix(MARK) else {
        return false;
    };
    let mut issued: BTreeSet<Vec<String>> = ledger
        .documents()
        .map(|(stored, document)| {
            let sha256 = document.output(listed_format(stored)).map_or("", |output| output.sha256.as_str());
            without_file(&cells(&IndexRow { document, file: String::new(), sha256 }))
        })
        .collect();
    let mut records = csv::ReaderBuilder::new().has_headers(false).from_reader(text).into_records();
    let has_heading = records.next().is_some_and(|heading| heading.is_ok_and(|heading| heading == *HEADER.as_slice()));
    has_heading
        && records.all(|row| {
            let row = row.map(|row| row.iter().map(str::to_owned).collect::<Vec<String>>());
            row.is_ok_and(|row| row.len() == HEADER.len() && issued.remove(&without_file(&row)))
        })
}

/// The cells by which a row is known wherever the table is.
fn without_file(cells: &[String]) -> Vec<String> {
    let others = cells.iter().enumerate().filter(|(column, _)| *column != FILE);
    others.map(|(_, cell)| cell.clone()).collect()
}
