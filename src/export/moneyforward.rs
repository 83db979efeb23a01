//! マネーフォワード クラウド会計: import of journal entries (仕訳帳) by the template of 27 columns. Rows with one 取引No are one
//! compound entry.

use super::ExportFile;
use super::entries::{Entries, Entry, Row};
use super::table::{self, Cell, DocumentRows, Layout, Measure, Width, Writing};
use crate::diagnostic::Problems;

/// The columns of the template, whose first line must not be changed. A file that Money Forward itself exported has fewer.
const LAYOUT: Layout = Layout {
    program: "Money Forward",
    columns: &[
        "取引No",
        "取引日",
        "借方勘定科目",
        "借方補助科目",
        "借方部門",
        "借方取引先",
        "借方税区分",
        "借方インボイス",
        "借方金額(円)",
        "借方税額",
        "貸方勘定科目",
        "貸方補助科目",
        "貸方部門",
        "貸方取引先",
        "貸方税区分",
        "貸方インボイス",
        "貸方金額(円)",
        "貸方税額",
        "摘要",
        "仕訳メモ",
        "タグ",
        "MF仕訳タイプ",
        "決算整理仕訳",
        "作成日時",
        "作成者",
        "最終更新日時",
        "最終更新者",
    ],
    has_header: true,
    quotes_all: false,
    widths: &[Width { columns: &[0], most: 9, measure: Measure::Digits, way_out: "export fewer documents at once" }],
    rows: usize::MAX,
    bytes: usize::MAX,
};

pub(super) fn files(entries: &[Entries<'_>], writing: Writing) -> Result<Vec<ExportFile>, Problems> {
    let mut number = 0;
    let mut documents = Vec::with_capacity(entries.len());
    for of_document in entries {
        let rows = of_document.rows();
        number += usize::from(!rows.is_empty());
        let rows = rows.iter().map(|row| cells(of_document, row, number)).collect();
        documents.push(DocumentRows { booking: of_document.booking, rows });
    }
    table::files(&LAYOUT, &documents, writing)
}

fn cells(entries: &Entries<'_>, row: &Row<'_>, number: usize) -> Vec<Cell> {
    let booking = entries.booking;
    let mut cells = vec![Cell::Number(number.to_string()), Cell::text(booking.date.format("%Y/%m/%d").to_string())];
    cells.extend(side(row.debit, &booking.partner));
    cells.extend(side(row.credit, &booking.partner));
    cells.push(Cell::Free(booking.memo.clone()));
    cells.resize(LAYOUT.columns.len(), Cell::empty());
    cells
}

/// The eight cells of a side. インボイス is for purchases.
fn side(entry: Option<Entry<'_>>, partner: &str) -> Vec<Cell> {
    let Some(entry) = entry else {
        return vec![Cell::empty(); 8];
    };
    vec![
        Cell::text(entry.account),
        Cell::text(entry.sub_account),
        Cell::Free(entry.department.to_owned()),
        Cell::text(partner),
        Cell::text(entry.label),
        Cell::empty(),
        Cell::Number(entry.amount.to_string()),
        Cell::Number(entry.tax.to_string()),
    ]
}
