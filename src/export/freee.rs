//! freee 会計: import of deals (取引), the only import of freee that makes receivables.
//!
//! The first row of a deal says whether it is income or an expense, further rows leave that empty. A row cannot be below
//! zero, so what a document takes off is an expense of its own with the same number (管理番号).

use super::ExportFile;
use super::entries::{Entries, Entry, Side};
use super::table::{self, Cell, DocumentRows, Layout, Writing};
use crate::diagnostic::Problems;

/// The columns of the template that freee gives out, which must not be changed.
const LAYOUT: Layout = Layout {
    program: "freee",
    columns: &[
        "収支区分",
        "管理番号",
        "発生日",
        "決済期日",
        "取引先コード",
        "取引先",
        "勘定科目",
        "税区分",
        "金額",
        "税計算区分",
        "税額",
        "備考",
        "品目",
        "部門",
        "メモタグ（複数指定可、カンマ区切り）",
        "セグメント1",
        "セグメント2",
        "セグメント3",
        "決済日",
        "決済口座",
        "決済金額",
    ],
    has_header: true,
    quotes_all: false,
    widths: &[],
    rows: usize::MAX,
    bytes: 5_000_000,
};

pub(super) fn files(entries: &[Entries<'_>], writing: Writing) -> Result<Vec<ExportFile>, Problems> {
    let rows = |entries: &Entries<'_>| {
        let deal = |side: Side| entries.sales.iter().filter(move |entry| entry.side == side).enumerate();
        let row = |(index, entry): (usize, &Entry<'_>)| row(entries, entry, index == 0);
        deal(Side::Credit).map(row).chain(deal(Side::Debit).map(row)).collect()
    };
    let documents: Vec<DocumentRows<'_>> =
        entries.iter().map(|entries| DocumentRows { booking: entries.booking, rows: rows(entries) }).collect();
    table::files(&LAYOUT, &documents, writing)
}

fn row(entries: &Entries<'_>, entry: &Entry<'_>, is_first: bool) -> Vec<Cell> {
    let booking = entries.booking;
    let kind = if entry.side == Side::Credit { "収入" } else { "支出" };
    let date = |date: chrono::NaiveDate| date.format("%Y/%m/%d").to_string();
    let of_deal = [
        Cell::text(kind),
        Cell::text(&booking.document.number),
        Cell::text(date(booking.date)),
        Cell::text(date(booking.document.due_date)),
        Cell::Free(booking.code.clone()),
        Cell::text(&booking.partner),
    ];
    let mut row: Vec<Cell> = if is_first { of_deal.to_vec() } else { vec![Cell::empty(); of_deal.len()] };
    row.extend([
        Cell::text(entry.account),
        Cell::text(entry.label),
        Cell::Number(entry.amount.to_string()),
        Cell::text("内税"),
        Cell::Number(entry.tax.to_string()),
        Cell::Free(booking.memo.clone()),
        Cell::empty(),
        Cell::Free(entry.department.to_owned()),
    ]);
    row.resize(LAYOUT.columns.len(), Cell::empty());
    row
}
