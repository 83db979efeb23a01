//! CSV for any other program: a row for each document, sales account, tax category and rate, with the signs of the record.

use super::ExportFile;
use super::booking::Booking;
use super::postings::Posting;
use super::table::{self, Cell, DocumentRows, Layout, Writing};
use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::model::amount::Amount;

const LAYOUT: Layout = Layout {
    program: "CSV",
    columns: &[
        "number",
        "kind",
        "version",
        "month",
        "issue_date",
        "due_date",
        "customer",
        "customer_name",
        "code",
        "currency",
        "category",
        "rate",
        "account",
        "taxable",
        "tax",
        "total",
        "original",
        "memo",
    ],
    has_header: true,
    quotes_all: false,
    widths: &[],
    rows: usize::MAX,
    bytes: usize::MAX,
};

pub(super) fn files(bookings: &[Booking<'_>], writing: Writing) -> Result<Vec<ExportFile>, Problems> {
    let mut documents = Vec::with_capacity(bookings.len());
    for booking in bookings {
        let rows = booking.postings.iter().map(|posting| row(booking, posting)).collect::<Result<_, Diagnostic>>()?;
        documents.push(DocumentRows { booking, rows });
    }
    table::files(&LAYOUT, &documents, writing)
}

fn row(booking: &Booking<'_>, posting: &Posting) -> Result<Vec<Cell>, Diagnostic> {
    let document = booking.document;
    let total = posting.total().of(format_args!("the postings of {}", document.number))?;
    let money = |amount: Amount| Cell::Number(amount.to_text(document.currency.decimals()));
    Ok(vec![
        Cell::Free(document.number.clone()),
        Cell::text(document.kind.name()),
        Cell::Number(document.version.to_string()),
        Cell::text(booking.month.to_string()),
        Cell::text(document.issue_date.to_string()),
        Cell::text(document.due_date.to_string()),
        Cell::Free(document.customer.clone()),
        Cell::Free(document.customer_name.clone()),
        Cell::Free(booking.code.clone()),
        Cell::text(document.currency.code()),
        Cell::text(posting.category.name()),
        Cell::text(posting.rate.to_string()),
        Cell::Free(posting.account.clone()),
        money(posting.taxable),
        money(posting.tax),
        money(total),
        Cell::Free(booking.original().to_owned()),
        Cell::Free(booking.memo.clone()),
    ])
}
