//! `issued/index.csv`: the list of everything issued. The law requires documents to be searchable by date, amount and
//! counterparty (電子帳簿保存法施行規則 4条1項). Derived from the records, so `issue` and `credit` rewrite it whole.

use std::collections::BTreeSet;

use anyhow::Context;

use super::Stored;
use crate::diagnostic::Diagnostic;
use crate::model::plain::beginning;
use crate::out::defused;

/// Action named in the error when CSV cannot be written.
const CANNOT: &str = "cannot write CSV";

const HEADER: [&str; 14] = [
    "no",
    "date",
    "counterparty",
    "amount",
    "currency",
    "kind",
    "number",
    "version",
    "original",
    "customer",
    "file",
    "sha256",
    "record",
    "record_sha256",
];

/// The column that lists have since a record can have numbers of orders: the list of older records stays as it was written.
const ORDER_NUMBER: &str = "order_number";

/// Column of the document's number.
const NUMBER: usize = 6;

/// Message on how a written list differs from the list of the records.
pub(super) fn disagreement(records: &[Stored], written: Option<&[u8]>) -> String {
    let Some(written) = written else {
        return "the list of what was issued is missing".to_owned();
    };
    let documents = records.iter().flat_map(|stored| &stored.record.documents);
    let known: BTreeSet<String> = documents.map(|document| defused(document.number.clone())).collect();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(written);
    let rows = reader.byte_records().map_while(Result::ok);
    let listed: BTreeSet<String> =
        rows.filter_map(|row| row.get(NUMBER).map(|number| String::from_utf8_lossy(number).into_owned())).collect();
    if let Some(lost) = listed.difference(&known).next() {
        return format!("the list of what was issued names {}, which no record has", beginning(lost));
    }
    match known.difference(&listed).next() {
        Some(unlisted) => format!("the list of what was issued does not name {}", beginning(unlisted)),
        None => "the list of what was issued says something else than the records".to_owned(),
    }
}

/// The list in the order of the records: UTF-8 with a byte order mark, without which Excel garbles Japanese. The amount
/// includes tax.
///
/// # Errors
/// When CSV cannot be written, which does not happen in memory.
pub(super) fn index(records: &[Stored]) -> Result<Vec<u8>, Diagnostic> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(b"\xef\xbb\xbf".to_vec());
    let has_orders = records.iter().any(|stored| stored.record.has_order_numbers());
    writer.write_record(HEADER.into_iter().chain(has_orders.then_some(ORDER_NUMBER))).context(CANNOT)?;
    let mut count: u64 = 0;
    for stored in records {
        for document in &stored.record.documents {
            count += 1;
            let pdf = document.outputs.iter().find(|output| output.path.ends_with(".pdf"));
            let cells = [
                count.to_string(),
                document.issue_date.to_string(),
                document.customer_name.clone(),
                document.total.to_text(document.currency.decimals()),
                document.currency.to_string(),
                document.kind.name().to_owned(),
                document.number.clone(),
                document.version.to_string(),
                document.original.as_ref().map_or_else(String::new, |original| original.number.clone()),
                document.customer.clone(),
                pdf.map_or_else(String::new, |pdf| format!("out/{}/{}", stored.record.month, pdf.path)),
                pdf.map_or_else(String::new, |pdf| pdf.sha256.clone()),
                stored.path(),
                stored.sha256.clone(),
            ];
            let order_number = has_orders.then(|| document.order_number.clone().unwrap_or_default());
            writer.write_record(cells.into_iter().chain(order_number).map(defused)).context(CANNOT)?;
        }
    }
    Ok(writer.into_inner().context(CANNOT)?)
}
