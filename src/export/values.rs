//! The documents and postings as data: JSON, and what templates see.

use serde::Serialize;

use super::booking::Booking;
use super::encoding::Encoding;
use super::{ExportFile, Selection};
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::model::amount::{Amount, TooLong};
use crate::model::tax::TaxRate;
use crate::out;
use crate::render;

/// Everything that is exported.
#[derive(Serialize)]
struct Values<'a> {
    month: String,
    documents: Vec<DocumentValues<'a>>,
}

/// A document. Amounts have the signs of the record.
#[derive(Clone, Serialize)]
struct DocumentValues<'a> {
    number: &'a str,
    kind: &'static str,
    version: u32,
    month: String,
    issue_date: String,
    due_date: String,
    /// The day on which it is booked.
    date: String,
    customer: &'a str,
    customer_name: &'a str,
    code: &'a str,
    partner: &'a str,
    sub_account: &'a str,
    currency: &'static str,
    subtotal: Amount,
    tax: Amount,
    total: Amount,
    original: &'a str,
    memo: &'a str,
    /// The record that it is from; empty for a draft.
    record: String,
    record_sha256: &'a str,
    postings: Vec<PostingValues<'a>>,
}

#[derive(Clone, Serialize)]
struct PostingValues<'a> {
    category: &'a str,
    rate: TaxRate,
    account: &'a str,
    taxable: Amount,
    tax: Amount,
    total: Amount,
    /// The side that it stands on.
    side: &'static str,
}

/// A posting with its document, for templates that write a line for each.
#[derive(Serialize)]
struct FlatPosting<'a> {
    #[serde(flatten)]
    document: DocumentValues<'a>,
    #[serde(flatten)]
    posting: PostingValues<'a>,
}

/// What a template sees.
#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    values: Values<'a>,
    postings: Vec<FlatPosting<'a>>,
}

fn document<'a>(booking: &'a Booking<'a>) -> Result<DocumentValues<'a>, TooLong> {
    let document = booking.document;
    let posting = |posting: &'a super::postings::Posting| {
        let total = posting.total()?;
        Ok(PostingValues {
            category: posting.category.name(),
            rate: posting.rate,
            account: &posting.account,
            taxable: posting.taxable,
            tax: posting.tax,
            total,
            side: if total.is_negative() { "debit" } else { "credit" },
        })
    };
    Ok(DocumentValues {
        number: &document.number,
        kind: document.kind.name(),
        version: document.version,
        month: booking.month.to_string(),
        issue_date: document.issue_date.to_string(),
        due_date: document.due_date.to_string(),
        date: booking.date.to_string(),
        customer: &document.customer,
        customer_name: &document.customer_name,
        code: &booking.code,
        partner: &booking.partner,
        sub_account: &booking.sub_account,
        currency: document.currency.code(),
        subtotal: document.subtotal,
        tax: document.tax,
        total: document.total,
        original: booking.original(),
        memo: &booking.memo,
        record: booking.stored.map_or_else(String::new, |stored| stored.path()),
        record_sha256: booking.stored.map_or("", |stored| &stored.sha256),
        postings: booking.postings.iter().map(posting).collect::<Result<_, TooLong>>()?,
    })
}

fn values<'a>(selection: &Selection<'_>, bookings: &'a [Booking<'a>]) -> Result<Values<'a>, Diagnostic> {
    let of_booking =
        |booking: &'a Booking<'a>| document(booking).of(format_args!("the postings of {}", booking.document.number));
    let documents = bookings.iter().map(of_booking).collect::<Result<_, Diagnostic>>()?;
    Ok(Values { month: selection.month.to_string(), documents })
}

fn file(bytes: Vec<u8>, bookings: &[Booking<'_>]) -> ExportFile {
    let numbers = bookings.iter().map(|booking| booking.document.number.clone()).collect();
    ExportFile { name: None, bytes, numbers }
}

/// The documents with their postings as JSON.
///
/// # Errors
/// Sums with too many digits.
pub(super) fn json(selection: &Selection<'_>, bookings: &[Booking<'_>]) -> Result<ExportFile, Diagnostic> {
    Ok(file(out::to_json(&values(selection, bookings)?)?, bookings))
}

/// A template of the user's, filled in.
///
/// # Errors
/// Mistakes in the template, and characters that the encoding lacks.
pub(super) fn filled(
    selection: &Selection<'_>,
    bookings: &[Booking<'_>],
    (path, text): &(String, String),
    encoding: Encoding,
) -> Result<ExportFile, Problems> {
    let values = values(selection, bookings)?;
    let mut postings = Vec::new();
    for document in &values.documents {
        for posting in &document.postings {
            let alone = DocumentValues { postings: Vec::new(), ..document.clone() };
            postings.push(FlatPosting { document: alone, posting: posting.clone() });
        }
    }
    let view = View { postings, values };
    let text = render::plain_text(path, text, &view)?;
    let bytes = encoding.encode(&text).map_err(|c| {
        let message =
            format!("what the template writes has a character that is not in cp932: \"{c}\" U+{:04X}", c as u32);
        Diagnostic::error(message).at(Place::file(path)).with_hint("leave out --encoding to write UTF-8")
    })?;
    Ok(file(bytes, bookings))
}
