//! The structure of a table: rows in printing order, cells in their columns, collapsed borders.

use std::cell::RefCell;

use super::{
    box_builder::BoxBuilder,
    boxes::{Part, TableBox, TableCell, TableRow},
    html::NodeId,
    style::{Display, Size, StyleId, Styles},
    table_borders::Borders,
};

/// HTML limits a span to 1000 columns; a table with more does not fit a page.
const COLUMNS_MOST: usize = 1000;

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
    // For every column, the number of rows that a cell from above still covers.
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
        built.rows.push(TableRow {
            node: row,
            style: row_style,
            group: style,
            part,
            first_of_group,
            cells: cells.into(),
        });
    }
    // Spans end at the end of their row group.
    let end = built.rows.len();
    for (index, row) in built.rows.iter_mut().enumerate().skip(first_row) {
        for cell in row.cells.get_mut() {
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

/// Resolves collapsed borders, and gives each cell a style with the halves inside it.
fn collapse(styles: &mut Styles, table: StyleId, rows: &mut [TableRow], columns: usize) -> Borders {
    let mut borders = Borders::none(rows.len(), columns);
    let owners = owners(rows, columns);
    for (index, row) in rows.iter().enumerate() {
        for cell in row.cells.borrow().iter() {
            let (bottom, right) = (index + cell.rows, cell.column + cell.columns);
            borders.frame(styles.get(cell.node.style), index..bottom, cell.column..right);
        }
    }
    for (index, row) in rows.iter().enumerate() {
        borders.frame(styles.get(row.style), index..index + 1, 0..columns);
    }
    let mut start = 0;
    for end in 1..=rows.len() {
        if end == rows.len() || rows[end].first_of_group {
            borders.frame(styles.get(rows[start].group), start..end, 0..columns);
            start = end;
        }
    }
    borders.frame(styles.get(table), 0..rows.len(), 0..columns);
    borders.clear_inside_spans(&owners, rows.len());
    borders.measure_outer(rows.len());
    assign_styles(styles, rows, &borders);
    borders
}

/// For every place in the grid, the index of the cell that covers it.
fn owners(rows: &[TableRow], columns: usize) -> Vec<u32> {
    let mut owners = vec![u32::MAX; rows.len() * columns];
    let mut number = 0;
    for (index, row) in rows.iter().enumerate() {
        for cell in row.cells.borrow().iter() {
            for covered in index..index + cell.rows {
                let start = covered * columns + cell.column;
                if let Some(places) = owners.get_mut(start..start + cell.columns) {
                    places.fill(number);
                }
            }
            number += 1;
        }
    }
    owners
}

fn assign_styles(styles: &mut Styles, rows: &mut [TableRow], borders: &Borders) {
    for (index, row) in rows.iter_mut().enumerate() {
        for cell in row.cells.get_mut() {
            let halves = borders.halves(index..index + cell.rows, cell.column..cell.column + cell.columns);
            cell.node.style = styles.with_halves(cell.node.style, halves);
        }
    }
}
