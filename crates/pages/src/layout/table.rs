//! Table layout: columns, then cells, then rows (CSS 2, 17.5, as in Chromium).

use super::{
    boxes::{BoxNode, Column, Part, TableBox, TableCell, TableRow},
    columns,
    context::Context,
    few::Few,
    fragment::{Content, Fragment, Laid, RowFragment, Section, TableFragment},
    space::{Insets, Space, Strut, clamp_width},
    style::{BOTTOM, LEFT, RIGHT, Size, Style, TOP, VerticalAlign},
};

/// Border, padding and spacing around and between the cells.
struct Grid {
    insets: Insets,
    /// Space between columns, and between rows.
    spacing: [f64; 2],
}

impl Grid {
    fn of(table: &TableBox, style: &Style, width: f64) -> Grid {
        match &table.borders {
            Some(borders) => {
                let [top, right, bottom, left] = borders.outer;
                Grid { insets: Insets { top, right, bottom, left }, spacing: [0.0; 2] }
            }
            None => Grid { insets: Insets::of(style, width), spacing: style.border_spacing },
        }
    }

    /// Total width of insets and spacing.
    fn across(&self, columns: usize) -> f64 {
        let spacing = if columns == 0 { 0.0 } else { self.spacing[0] * (columns + 1) as f64 };
        self.insets.across() + spacing
    }
}

/// The narrowest and widest border box of a table.
pub(crate) fn intrinsic(context: &Context<'_>, table: &TableBox, style: &Style) -> (f64, f64) {
    let (narrowest, widest) = intrinsic_by_content(context, table, style);
    match style.width {
        Size::Px(width) => (narrowest.max(width), narrowest.max(width)),
        _ => (narrowest, widest),
    }
}

/// The same by content alone, whatever width is specified.
pub(crate) fn intrinsic_by_content(context: &Context<'_>, table: &TableBox, style: &Style) -> (f64, f64) {
    let grid = Grid::of(table, style, 0.0);
    let columns = columns::measure(context, table, grid.spacing[0]);
    let across = grid.across(table.columns);
    let narrowest = columns.iter().map(|column| column.narrowest).sum::<f64>() + across;
    let widest = columns.iter().map(|column| column.widest).sum::<f64>() + across;
    (narrowest, widest.max(narrowest))
}

/// Lays out a table in the normal flow.
pub(crate) fn lay_out(context: &Context<'_>, node: &BoxNode, table: &TableBox, style: &Style, space: Space) -> Laid {
    let grid = Grid::of(table, style, space.width);
    let margin = |side: usize| style.margin[side].or_zero(space.width);
    let room = space.width - margin(LEFT) - margin(RIGHT);
    let is_fixed = style.table_fixed && style.width != Size::Auto;
    // Fixed layout is for long tables: cells after the first row are measured only if the container needs it.
    let needs_measure = !is_fixed || space.fixed_width.is_some() || style.width.resolve(Some(space.width)).is_none();
    let measured = if needs_measure { columns::measure(context, table, grid.spacing[0]) } else { Vec::new() };
    let width = table_width(style, &grid, &measured, space, room);
    let widths = if is_fixed {
        columns::fixed(context, table, width - grid.across(table.columns), grid.spacing[0])
    } else {
        columns::distribute(&measured, width - grid.across(table.columns))
    };
    let x = match (style.margin[LEFT], style.margin[RIGHT]) {
        (Size::Auto, Size::Auto) => ((room - width) / 2.0).max(0.0),
        (Size::Auto, _) => (room - width).max(0.0),
        _ => margin(LEFT),
    };
    let mut fragment = TableFragment::default();
    let mut captions_below = Vec::new();
    for caption in &table.captions {
        let laid = context.block(caption, Space { fixed_width: Some(width), is_root: true, ..Space::of_width(width) });
        let own = context.styles.get(caption.style);
        let (above, below) = (own.margin[TOP].or_zero(width), own.margin[BOTTOM].or_zero(width));
        if own.caption_below {
            captions_below.push((laid.fragment, above, below));
        } else {
            place_caption(&mut fragment, laid.fragment, above, below);
        }
    }
    fragment.grid_top = fragment.before;
    fragment.before += grid.insets.top + grid.spacing[1];
    let mut rows = Rows { context, table, grid: &grid, widths: &widths, y: fragment.before, joined_until: 0 };
    let laid_rows = rows.lay_out(rows_height(style, table, &grid, space), space.is_last);
    let bottom = rows.y - if table.rows.is_empty() { grid.spacing[1] } else { 0.0 };
    fragment.spacing = grid.spacing[1];
    fragment.grid_height = bottom + grid.insets.bottom - fragment.grid_top;
    fragment.after = grid.insets.bottom;
    let mut height = bottom + grid.insets.bottom;
    for (caption, above, below) in captions_below {
        fragment.after += above + caption.height + below;
        let mut caption = caption;
        caption.y = height + above;
        height += above + caption.height + below;
        fragment.captions.push(caption);
    }
    for (row, source) in laid_rows.into_iter().zip(&table.rows) {
        match source.part {
            Part::Head => fragment.head.rows.push(row),
            Part::Body => fragment.body.push(row),
            Part::Foot => fragment.foot.rows.push(row),
        }
    }
    mark_repeating(&mut fragment);
    let mut fragment = Fragment {
        x,
        width,
        height,
        style: node.style,
        node: Some(node.node),
        content: Content::Table(Box::new(fragment)),
        ..Fragment::default()
    };
    context.place_floating(&node.floating, &mut fragment);
    Laid { fragment, top: Strut::of(margin(TOP)), bottom: Strut::of(margin(BOTTOM)), through: false }
}

fn place_caption(fragment: &mut TableFragment, mut caption: Fragment, above: f64, below: f64) {
    caption.y = fragment.before + above;
    fragment.before += above + caption.height + below;
    fragment.captions.push(caption);
}

/// Minimum height of all rows with the spacing between them.
fn rows_height(style: &Style, table: &TableBox, grid: &Grid, space: Space) -> f64 {
    let border_box = |size: Size| {
        let height = size.resolve(space.height)?;
        Some(if style.border_box { height } else { height + grid.insets.down() })
    };
    let fixed = space.fixed_height.filter(|_| table.captions.is_empty());
    let heights = [fixed, border_box(style.height), border_box(style.min_height)];
    heights.into_iter().flatten().fold(0.0, f64::max) - grid.insets.down() - 2.0 * grid.spacing[1]
}

/// Head and foot repeat on every page, unless the table has nothing else.
fn mark_repeating(fragment: &mut TableFragment) {
    let repeats = !fragment.body.is_empty();
    let section = |section: &mut Section| section.repeats = repeats && !section.rows.is_empty();
    section(&mut fragment.head);
    section(&mut fragment.foot);
}

fn table_width(style: &Style, grid: &Grid, measured: &[Column], space: Space, room: f64) -> f64 {
    let across = grid.across(measured.len());
    let narrowest = measured.iter().map(|column| column.narrowest).sum::<f64>() + across;
    if let Some(width) = space.fixed_width {
        return width.max(narrowest);
    }
    let specified = style
        .width
        .resolve(Some(space.width))
        .map(|width| if style.border_box { width } else { width + grid.insets.across() });
    let width = match specified {
        Some(width) if style.table_fixed => return width,
        Some(width) => width,
        None => columns::preferred(measured, room - across) + across,
    };
    clamp_width(style, grid.insets, space.width, width).max(narrowest)
}

struct Rows<'r, 'c> {
    context: &'r Context<'c>,
    table: &'r TableBox,
    grid: &'r Grid,
    widths: &'r [f64],
    y: f64,
    /// Index after the last row that any cell so far spans.
    joined_until: usize,
}

/// A laid-out cell whose row has no height yet.
struct Laying {
    fragment: Fragment,
    /// Height of its content alone.
    natural: f64,
    row: usize,
    rows: usize,
    /// Distance from the cell's top to its first baseline, for cells that align there.
    baseline: Option<f64>,
}

impl Rows<'_, '_> {
    /// Lays out the rows, together at least so high; for the last time, or once more.
    fn lay_out(&mut self, least: f64, is_last: bool) -> Vec<RowFragment> {
        let columns = self.column_starts();
        let mut rows: Vec<RowFragment> = Vec::with_capacity(self.table.rows.len());
        let mut heights = Vec::with_capacity(self.table.rows.len());
        let mut finished: Vec<Vec<Laying>> = Vec::with_capacity(self.table.rows.len());
        for (index, row) in self.table.rows.iter().enumerate() {
            let cells: Vec<Laying> = row.cells.borrow().iter().map(|cell| self.cell(cell, index, &columns)).collect();
            // Rows that grow ask for the heights of their cells once more.
            if is_last && least <= 0.0 {
                row.cells.take();
            }
            heights.push(self.row_height(row, &cells));
            finished.push(cells);
        }
        for cells in &finished {
            for cell in cells.iter().filter(|cell| cell.rows > 1) {
                self.grow_spanned(&mut heights, cell);
            }
        }
        self.grow(&mut heights, least);
        for (index, cells) in finished.into_iter().enumerate() {
            let row = self.finish_row(index, cells, &heights, &columns);
            self.y += heights[index] + self.grid.spacing[1];
            rows.push(row);
        }
        rows
    }

    /// Left edges of the columns, relative to the rows, and the end of the last one.
    fn column_starts(&self) -> Vec<f64> {
        let mut x = 0.0;
        let mut starts = Vec::with_capacity(self.widths.len() + 1);
        for width in self.widths {
            starts.push(x);
            x += width + self.grid.spacing[0];
        }
        starts.push(x);
        starts
    }

    fn cell(&self, cell: &TableCell, row: usize, columns: &[f64]) -> Laying {
        let start = columns.get(cell.column).copied().unwrap_or(0.0);
        let end = columns.get(cell.column + cell.columns).copied().unwrap_or(start);
        let width = (end - start - self.grid.spacing[0]).max(0.0);
        let space = Space { fixed_width: Some(width), ..Space::of_width(width) };
        let mut fragment = self.context.block(&cell.node, space).fragment;
        fragment.x = start;
        let style = self.context.styles.get(cell.node.style);
        let aligns =
            !matches!(style.vertical_align, VerticalAlign::Top | VerticalAlign::Middle | VerticalAlign::Bottom);
        let baseline = aligns.then(|| fragment.first_baseline().unwrap_or(fragment.height));
        let natural = fragment.content_height(Insets::of(style, width)).min(fragment.height);
        Laying { fragment, natural, row, rows: cell.rows, baseline }
    }

    fn row_height(&self, row: &TableRow, cells: &[Laying]) -> f64 {
        let style = self.context.styles.get(row.style);
        let specified = style.height.resolve(None).unwrap_or(0.0);
        let above = cells.iter().filter_map(|cell| cell.baseline).fold(0.0, f64::max);
        cells.iter().filter(|cell| cell.rows == 1).fold(specified, |height, cell| {
            let lowered = cell.baseline.map_or(0.0, |baseline| above - baseline);
            height.max(cell.fragment.height + lowered)
        })
    }

    /// Makes the rows under a spanning cell higher, in proportion to their heights.
    fn grow_spanned(&self, heights: &mut [f64], cell: &Laying) {
        let end = (cell.row + cell.rows).min(heights.len());
        let gaps = self.grid.spacing[1] * (end - cell.row).saturating_sub(1) as f64;
        let spanned = &mut heights[cell.row..end];
        let sum: f64 = spanned.iter().sum();
        let missing = cell.fragment.height - gaps - sum;
        if missing <= 0.0 {
            return;
        }
        let count = spanned.len() as f64;
        for height in spanned {
            *height += if sum > 0.0 { missing * *height / sum } else { missing / count };
        }
    }

    /// Distributes height that the table has beyond its rows, in proportion to theirs (as Chromium does): to the rows
    /// of the body without a height of their own; if there are none, to all of the body, else to all rows.
    fn grow(&self, heights: &mut [f64], least: f64) {
        let gaps = self.grid.spacing[1] * heights.len().saturating_sub(1) as f64;
        let missing = least - gaps - heights.iter().sum::<f64>();
        if missing <= 0.0 {
            return;
        }
        let rows = &self.table.rows;
        let is_body = |index: usize| rows[index].part == Part::Body;
        let height_of = |style| self.context.styles.get(style).height;
        let is_open = |index: usize| {
            let row = &rows[index];
            let is_auto = |cell: &TableCell| height_of(cell.node.style) == Size::Auto;
            height_of(row.style) == Size::Auto && row.cells.borrow().iter().all(is_auto)
        };
        let choices: [&dyn Fn(usize) -> bool; 3] = [&|index| is_body(index) && is_open(index), &is_body, &|_| true];
        let chosen = choices.iter().map(|belongs| (0..heights.len()).filter(|index| belongs(*index)).collect());
        let Some(chosen) = chosen.into_iter().find(|chosen: &Vec<usize>| !chosen.is_empty()) else { return };
        let sum: f64 = chosen.iter().map(|index| heights[*index]).sum();
        let count = chosen.len() as f64;
        for index in chosen {
            heights[index] += if sum > 0.0 { missing * heights[index] / sum } else { missing / count };
        }
    }

    fn finish_row(&mut self, index: usize, cells: Vec<Laying>, heights: &[f64], columns: &[f64]) -> RowFragment {
        let source = &self.table.rows[index];
        let height = heights[index];
        self.joined_until = cells.iter().map(|cell| index + cell.rows).fold(self.joined_until, usize::max);
        let fragments = cells.into_iter().map(|cell| {
            let spanned = &heights[index..(index + cell.rows).min(heights.len())];
            let whole = spanned.iter().sum::<f64>() + self.grid.spacing[1] * spanned.len().saturating_sub(1) as f64;
            self.align(cell, whole)
        });
        let fragments: Vec<Fragment> = fragments.collect();
        let joined_to_next = self.joined_until > index + 1;
        let width = columns.last().copied().unwrap_or(0.0) - self.grid.spacing[0];
        let fragment = Fragment {
            x: self.grid.insets.left + self.grid.spacing[0],
            y: self.y,
            width: width.max(0.0),
            height,
            style: source.style,
            node: Some(source.node),
            content: Content::Row(fragments),
            floating: Few::new(),
        };
        let mut row = RowFragment {
            fragment,
            group: source.group,
            joined_to_next,
            first_of_group: source.first_of_group,
            ..RowFragment::default()
        };
        if let Some(borders) = &self.table.borders {
            row.top_edges = borders.edges_above(index, columns, 0.0);
            row.edges = borders.edges_within(index, columns, height);
            row.edges.extend(borders.edges_above(index + 1, columns, height));
        }
        row
    }

    fn align(&self, cell: Laying, height: f64) -> Fragment {
        let mut fragment = cell.fragment;
        let style = self.context.styles.get(fragment.style);
        let free = height - cell.natural;
        // Browsers reserve height for cells on a common baseline, but in print they leave them at the top.
        let shift = match style.vertical_align {
            VerticalAlign::Middle => free / 2.0,
            VerticalAlign::Bottom => free,
            _ => 0.0,
        };
        fragment.height = height;
        if shift > 0.0 {
            lower(&mut fragment, shift);
        }
        fragment
    }
}

/// Moves the content of a cell down.
fn lower(fragment: &mut Fragment, by: f64) {
    match &mut fragment.content {
        Content::Lines(lines) => lines.iter_mut().for_each(|line| line.y += by),
        Content::Stack(children) | Content::Row(children) => children.iter_mut().for_each(|child| child.y += by),
        Content::Empty | Content::Table(_) | Content::Picture(_) => {}
    }
}
