//! 弥生会計, on the desktop and online: import of journal entries of 25 columns, without a header. A document of one row is a
//! plain entry, one of several rows a slip (振替伝票).

use super::booking::Booking;
use super::entries::{Entries, Entry, Row};
use super::table::{self, Cell, DocumentRows, Layout, Measure, Width, Writing};
use super::{ExportFile, Options};
use crate::diagnostic::Problems;

/// The column 摘要, counted from 0.
const MEMO_COLUMN: usize = 16;

const COLUMNS: &[&str] = &[
    "識別フラグ",
    "伝票No.",
    "決算",
    "取引日付",
    "借方勘定科目",
    "借方補助科目",
    "借方部門",
    "借方税区分",
    "借方金額",
    "借方税金額",
    "貸方勘定科目",
    "貸方補助科目",
    "貸方部門",
    "貸方税区分",
    "貸方金額",
    "貸方税金額",
    "摘要",
    "番号",
    "期日",
    "タイプ",
    "生成元",
    "仕訳メモ",
    "付箋1",
    "付箋2",
    "調整",
];

const ACCOUNTS: &str =
    "accounts are receivable, sales and [[accounting.rule]] in invoicer.toml; a name must equal the program's own";
const SUB_ACCOUNTS: &str =
    "sub-account in [accounting] of the customer's file says how the books call it; \"\" is for none";
const MEMO: &str = "write a shorter memo in [accounting] of invoicer.toml, such as memo = \"{number}\"";

/// What the desktop edition takes.
const DESKTOP: Layout = Layout {
    program: "Yayoi",
    columns: COLUMNS,
    has_header: false,
    quotes_all: true,
    widths: &[
        SLIP,
        Width { columns: &[4, 10], most: 24, measure: Measure::Columns, way_out: ACCOUNTS },
        Width { columns: &[5, 11], most: 24, measure: Measure::Columns, way_out: SUB_ACCOUNTS },
        Width { columns: &[MEMO_COLUMN], most: 64, measure: Measure::Columns, way_out: MEMO },
    ],
    rows: usize::MAX,
    bytes: usize::MAX,
};

/// What the online edition takes.
const ONLINE: Layout = Layout {
    program: "Yayoi Online",
    widths: &[
        SLIP,
        Width { columns: &[4, 10], most: 12, measure: Measure::Characters, way_out: ACCOUNTS },
        Width { columns: &[5, 11], most: 15, measure: Measure::Characters, way_out: SUB_ACCOUNTS },
        Width { columns: &[MEMO_COLUMN], most: 30, measure: Measure::Characters, way_out: MEMO },
        Width {
            columns: &[8, 9, 14, 15],
            most: 9,
            measure: Measure::Digits,
            way_out: "the online edition takes amounts below 1,000,000,000 yen: enter this document by hand",
        },
    ],
    rows: 1_000,
    bytes: 1_000_000,
    ..DESKTOP
};

const SLIP: Width = Width {
    columns: &[1],
    most: 6,
    measure: Measure::Digits,
    way_out: "begin with a smaller number: --first-slip 1, or export fewer documents at once",
};

pub(super) fn files(entries: &[Entries<'_>], writing: Writing, options: &Options) -> Result<Vec<ExportFile>, Problems> {
    let layout = if options.online { &ONLINE } else { &DESKTOP };
    let mut slip = options.first_slip;
    let mut documents = Vec::with_capacity(entries.len());
    for of_document in entries {
        let rows = of_document.rows();
        let number = (rows.len() > 1).then_some(slip);
        slip = slip.saturating_add(u32::from(number.is_some()));
        let memo = memo(of_document, layout, writing);
        let cells = |(index, row): (usize, &Row<'_>)| cells((of_document, memo), row, (index, rows.len()), number);
        let cells = rows.iter().enumerate().map(cells).collect();
        documents.push(DocumentRows { booking: of_document.booking, rows: cells });
    }
    table::files(layout, &documents, writing)
}

/// The memo, or the shorter one where only that fits: 30 characters hold few numbers twice.
fn memo<'a>(entries: &Entries<'a>, layout: &Layout, writing: Writing) -> &'a str {
    let Booking { memo, short_memo, .. } = entries.booking;
    match short_memo {
        Some(short) if !table::fits(layout, MEMO_COLUMN, memo, writing.encoding) => short,
        _ => memo,
    }
}

fn cells(
    (entries, memo): (&Entries<'_>, &str),
    row: &Row<'_>,
    (index, count): (usize, usize),
    slip: Option<u32>,
) -> Vec<Cell> {
    let booking = entries.booking;
    let flag = match index {
        _ if count == 1 => "2000",
        0 => "2110",
        last if last + 1 == count => "2101",
        _ => "2100",
    };
    let mut cells = vec![
        Cell::Number(flag.to_owned()),
        Cell::Number(slip.map_or_else(String::new, |slip| slip.to_string())),
        Cell::empty(),
        Cell::text(booking.date.format("%Y/%m/%d").to_string()),
    ];
    cells.extend(side(row.debit));
    cells.extend(side(row.credit));
    cells.extend([
        Cell::Free(memo.to_owned()),
        Cell::empty(),
        Cell::empty(),
        Cell::Number(if slip.is_some() { "3" } else { "0" }.to_owned()),
        Cell::empty(),
        Cell::empty(),
        Cell::empty(),
        Cell::empty(),
        Cell::text("no"),
    ]);
    cells
}

/// The six cells of a side. An empty one has amounts of 0.
fn side(entry: Option<Entry<'_>>) -> Vec<Cell> {
    let zero = || Cell::Number("0".to_owned());
    let Some(entry) = entry else {
        return [vec![Cell::empty(); 4], vec![zero(), zero()]].concat();
    };
    vec![
        Cell::text(entry.account),
        Cell::text(entry.sub_account),
        Cell::Free(entry.department.to_owned()),
        Cell::text(entry.label),
        Cell::Number(entry.amount.to_string()),
        Cell::Number(entry.tax.to_string()),
    ]
}
