//! The structure of a table: rows in printing order, cells in their columns, collapsed borders.

use std::cell::RefCell;

use super::{
    boxes::{BoxBuilder, BoxNode},
    columns::Column,
    html::NodeId,
    style::{Display, Size, StyleId},
    table_borders::{Borders, collapse},
};

/// HTML allows 1000 columns in a span; more columns than that are no table for a page.
const COLUMNS_MOST: usize = 1000;

/// A table's boxes, before sizes are known.
pub(crate) struct TableBox {
    pub(crate) captions: Vec<BoxNode>,
    /// Widths from `col` and `colgroup`.
    pub(crate) column_widths: Vec<Size>,
    pub(crate) columns: usize,
    /// Head, body, foot: the order on the page.
    pub(crate) rows: Vec<TableRow>,
    /// Present where borders collapse.
    pub(crate) borders: Option<Borders>,
    /// What the columns ask for, once measured.
    pub(crate) measured: RefCell<Option<Vec<Column>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Head,
    Body,
    Foot,
}

pub(crate) struct TableRow {
    pub(crate) node: NodeId,
    pub(crate) style: StyleId,
    pub(crate) group: StyleId,
    pub(crate) part: Part,
    pub(crate) first_of_group: bool,
    pub(crate) cells: Vec<TableCell>,
}

pub(crate) struct TableCell {
    pub(crate) node: BoxNode,
    pub(crate) column: usize,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// Reads a table element.
pub(crate) fn build_table(builder: &mut BoxBuilder<'_, '_>, table: NodeId) -> TableBox {
    let mut built = TableBox {
        captions: Vec::new(),
        column_widths: Vec::new(),
        columns: 0,
        rows: Vec::new(),
        borders: None,
        measured: RefCell::new(None),
    };
    let (mut heads, mut bodies, mut feet) = (Vec::new(), Vec::new(), Vec::new());
    let tree = builder.tree;
    for child in tree.children(table) {
        if tree.tag(child).is_none() {
            continue;
        }
        match builder.style_of(child).display {
            Display::None => {}
            Display::TableCaption => {
                let caption = builder.block(child);
                built.captions.push(caption);
            }
            Display::TableColumnGroup => columns(builder, child, &mut built),
            Display::TableColumn => column(builder, child, &mut built),
            Display::TableHeaderGroup if heads.is_empty() => heads.push(child),
            Display::TableFooterGroup if feet.is_empty() => feet.push(child),
            Display::TableHeaderGroup | Display::TableFooterGroup | Display::TableRowGroup => bodies.push(child),
            _ => misplaced(builder, child, "expected captions, columns and groups of rows in a table"),
        }
    }
    for (part, groups) in [(Part::Head, heads), (Part::Body, bodies), (Part::Foot, feet)] {
        for group in groups {
            read_group(builder, group, part, &mut built);
        }
    }
    built.columns = built.columns.max(built.column_widths.len());
    let style = builder.styles.of(table);
    let own = builder.styles.get(style);
    if own.max_height != Size::Auto {
        misplaced(builder, table, "expected height or min-height on a table, found max-height");
    }
    if builder.styles.get(style).border_collapse {
        built.borders = Some(collapse(builder.styles, style, &mut built.rows, built.columns));
    }
    built
}

fn misplaced(builder: &BoxBuilder<'_, '_>, node: NodeId, message: &str) {
    let name = builder.tree.tag(node).map_or("", |tag| tag.name());
    builder.faults.add(builder.tree.offset(node), &format!("<{name}"), message);
}

fn span(builder: &BoxBuilder<'_, '_>, node: NodeId, name: &str) -> usize {
    let Some(attribute) = builder.tree.attribute(node, name) else { return 1 };
    match attribute.value.trim().parse::<usize>() {
        Ok(span) if (1..=COLUMNS_MOST).contains(&span) || (span == 0 && name == "rowspan") => span,
        _ => {
            let message = format!("expected a number from 1 to {COLUMNS_MOST}, found {}", attribute.value);
            builder.faults.add(attribute.offset as usize, &attribute.value, message);
            1
        }
    }
}

fn columns(builder: &BoxBuilder<'_, '_>, group: NodeId, built: &mut TableBox) {
    let tree = builder.tree;
    let mut any = false;
    for child in tree.children(group).filter(|child| tree.tag(*child).is_some()) {
        any = true;
        column(builder, child, built);
    }
    if !any {
        column(builder, group, built);
    }
}

fn column(builder: &BoxBuilder<'_, '_>, node: NodeId, built: &mut TableBox) {
    let width = builder.style_of(node).width;
    let background = builder.style_of(node).background;
    if background.0.is_some() {
        misplaced(builder, node, "expected the background on the cells, found it on a column");
    }
    for _ in 0..span(builder, node, "span") {
        if built.column_widths.len() < COLUMNS_MOST {
            built.column_widths.push(width);
        }
    }
}

fn read_group(builder: &mut BoxBuilder<'_, '_>, group: NodeId, part: Part, built: &mut TableBox) {
    let tree = builder.tree;
    let style = builder.styles.of(group);
    // For every column, how many more rows a cell from above reaches into.
    let mut occupied: Vec<usize> = Vec::new();
    let first_row = built.rows.len();
    for row in tree.children(group) {
        if tree.tag(row).is_none() {
            continue;
        }
        match builder.style_of(row).display {
            Display::None => continue,
            Display::TableRow => {}
            _ => {
                misplaced(builder, row, "expected rows in a group of rows");
                continue;
            }
        }
        let cells = read_cells(builder, row, &mut occupied);
        built.columns = built.columns.max(occupied.len());
        let first_of_group = built.rows.len() == first_row;
        let row_style = builder.styles.of(row);
        built.rows.push(TableRow { node: row, style: row_style, group: style, part, first_of_group, cells });
    }
    // Spans end with their group.
    let end = built.rows.len();
    for (index, row) in built.rows.iter_mut().enumerate().skip(first_row) {
        for cell in &mut row.cells {
            cell.rows = if cell.rows == 0 { end - index } else { cell.rows.min(end - index) };
        }
    }
}

fn read_cells(builder: &mut BoxBuilder<'_, '_>, row: NodeId, occupied: &mut Vec<usize>) -> Vec<TableCell> {
    let tree = builder.tree;
    let mut cells = Vec::new();
    let mut column = 0;
    let mut taken: Vec<(usize, usize, usize)> = Vec::new();
    for child in tree.children(row) {
        if tree.tag(child).is_none() {
            continue;
        }
        match builder.style_of(child).display {
            Display::None => continue,
            Display::TableCell => {}
            _ => {
                misplaced(builder, child, "expected cells in a row");
                continue;
            }
        }
        while occupied.get(column).is_some_and(|rows| *rows > 0) {
            column += 1;
        }
        let columns = span(builder, child, "colspan").min(COLUMNS_MOST.saturating_sub(column));
        let rows = span(builder, child, "rowspan");
        if columns == 0 {
            misplaced(builder, child, &format!("expected at most {COLUMNS_MOST} columns"));
            break;
        }
        let node = builder.block(child);
        taken.push((column, columns, if rows == 0 { usize::MAX } else { rows }));
        cells.push(TableCell { node, column, columns, rows });
        column += columns;
    }
    for rows in occupied.iter_mut() {
        *rows = rows.saturating_sub(1);
    }
    for (column, columns, rows) in taken {
        if occupied.len() < column + columns {
            occupied.resize(column + columns, 0);
        }
        for slot in occupied.iter_mut().skip(column).take(columns) {
            *slot = (*slot).max(rows - 1);
        }
    }
    cells
}
