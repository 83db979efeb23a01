//! Breaks tables over pages: rows stay whole where they can, head and foot repeat.

use super::{Cursor, Pager, Repeat, TOLERANCE};
use crate::layout::{
    fragment::{Content, Edge, Fragment, RowFragment, Section, TableFragment},
    space::Insets,
    style::{Break, VerticalAlign},
};

/// How many recent borders are searched for a duplicate: enough for the row above. In wider tables a border may be
/// drawn twice, which only shows in viewers that smooth lines; an unlimited search would take quadratic time.
const EDGES_NEAR: usize = 64;

impl Pager<'_, '_> {
    pub(super) fn table(&mut self, fragment: &Fragment, table: &mut TableFragment, at: Cursor) -> f64 {
        let (x, y) = (at.x, at.y);
        let first_page = self.page_at(at);
        let marks = self.marks(first_page);
        let first_edge = self.edges.len();
        let grid_top = table.grid_top;
        for caption in table.captions.iter_mut().filter(|caption| caption.y < grid_top) {
            self.place(caption, at.to(x + caption.x, y + caption.y));
        }
        let has_head = !table.head.rows.is_empty();
        let places_again = std::mem::replace(&mut self.places_again, true);
        for (index, row) in table.head.rows.iter_mut().enumerate() {
            self.row(row, at.to(x, y + row.fragment.y), index == 0);
        }
        self.places_again = places_again;
        let (head_height, foot_height) =
            (section_height(&table.head.rows, table.spacing), section_height(&table.foot.rows, table.spacing));
        let repeats = head_height + foot_height < self.capacity() / 2.0;
        let repeated = |section: &mut Section| {
            if repeats && section.repeats { std::mem::take(&mut section.rows) } else { Vec::new() }
        };
        let has_foot = !table.foot.rows.is_empty();
        let (head, foot) = (repeated(&mut table.head), repeated(&mut table.foot));
        self.tables.push(Repeat {
            head_height: if head.is_empty() { 0.0 } else { head_height },
            head,
            foot_height: if foot.is_empty() { 0.0 } else { foot_height },
            foot,
            x,
            page: first_page,
        });
        let mut delta = self.body(table, at, (has_head, has_foot));
        let Repeat { head, foot, .. } = self.tables.pop().unwrap_or_default();
        let reserved = !foot.is_empty();
        for (section, rows) in [(&mut table.head, head), (&mut table.foot, foot)] {
            if !rows.is_empty() {
                section.rows = rows;
            }
        }
        delta = self.foot(table, reserved, at, delta);
        // Collapsed borders are painted over the backgrounds of the rows on both sides (CSS 2, 17.6.2).
        for (page, edge, left, top) in self.edges.split_off(first_edge) {
            self.sheets.edge(page, &edge, left, top);
        }
        for caption in table.captions.iter_mut().filter(|caption| caption.y >= grid_top) {
            let wanted = y + caption.y + delta;
            let end = self.place(caption, at.to(x + caption.x, wanted));
            delta = end - (y + caption.y + caption.height);
        }
        let style = self.context.styles.get(fragment.style);
        if style.is_decorated() {
            let start = y + table.grid_top;
            self.decorate_behind(fragment, at.down_to(start), start + table.grid_height + delta, &marks);
        }
        y + fragment.height + delta
    }

    /// Places the rows of the body, between a head and a foot, if there are any; returns how far they moved down.
    fn body(&mut self, table: &mut TableFragment, at: Cursor, (has_head, has_foot): (bool, bool)) -> f64 {
        let (x, y) = (at.x, at.y);
        let mut delta = 0.0;
        let mut previous_end = table.body.first().map_or(y, |row| y + row.fragment.y);
        let mut group_end = 0;
        for index in 0..table.body.len() {
            let row = &table.body[index];
            let wanted = at.to(x, y + row.fragment.y + delta);
            // The head's lower border is already there.
            let mut top_edges = index == 0 && !has_head;
            let mut top = wanted.y;
            // Rows joined by a spanning cell move together.
            if index >= group_end {
                group_end = index + self.group_length(&table.body[index..], table.spacing);
                let group = &table.body[index..group_end];
                let is_last = group_end >= table.body.len();
                let tail = if is_last { at.tail } else { 0.0 };
                let mut need = self.group_need(group, table.spacing, tail);
                // The table's lower border stays with the last row.
                let last = is_last && !has_foot;
                let border = if last { table.grid_top + table.grid_height - row_end(row) } else { 0.0 };
                if self.would_cut_padding(group, wanted, border) {
                    need = need.max((row.fragment.height + border).min(self.capacity()));
                }
                let forced = index > 0 && self.row_is_forced(&table.body[index - 1], row);
                self.check_joined(group, table.spacing);
                let page = self.page_at(at);
                // The start of a page is the best place for a row that may break, whatever spacing is above it.
                let starts_page = y <= self.content_top(page) + TOLERANCE && wanted.y < self.bottom(at, page);
                top = if index == 0 && starts_page && group.len() == 1 {
                    wanted.y
                } else {
                    self.before(wanted, previous_end, need, index == 0, forced)
                };
                if top != wanted.y && at.pinned.is_none() {
                    // As in Chromium, also over the lower border of a repeated head.
                    top_edges = true;
                    if index > 0 || has_head {
                        self.end_page(at.down_to(previous_end));
                    }
                }
            }
            self.sheets.row = row.fragment.node.filter(|_| self.whole_rows && has_plain_cells(&row.fragment));
            let flow_end = y + row_end(row);
            let end = self.row(&mut table.body[index], wanted.down_to(top), top_edges);
            self.sheets.row = None;
            self.repeat_within(wanted.down_to(top), end);
            if !self.places_again {
                table.body[index].spend();
            }
            delta = end - flow_end;
            previous_end = end;
        }
        delta
    }

    /// Repeats the heads, and the innermost table's foot, on every page that a row spans.
    fn repeat_within(&mut self, at: Cursor, end: f64) {
        if at.pinned.is_some() {
            return;
        }
        for page in self.page_at(at)..self.page_ending_at(at.down_to(end)) {
            self.repeat_foot(at.down_to(self.bottom(at, page)), page);
            self.turn_to(page + 1);
        }
    }

    fn stays_whole(&self, row: &RowFragment) -> bool {
        let avoids = |style| self.context.styles.get(style).break_inside_avoid;
        (avoids(row.fragment.style) || avoids(row.group)) && row.fragment.height <= self.capacity()
    }

    /// Whether the page would end inside the padding or border below the content of one of the row's cells, or inside a
    /// `border` below the row; Chromium then moves the row to the next page.
    fn would_cut_padding(&self, group: &[RowFragment], at: Cursor, border: f64) -> bool {
        let [RowFragment { fragment: Fragment { content: Content::Row(cells), .. }, .. }] = group else { return false };
        let bottom = self.bottom(at, self.page_at(at)) + TOLERANCE;
        let row_ends = at.y + group.iter().map(|row| row.fragment.height).sum::<f64>();
        let cuts_border = row_ends <= bottom && row_ends + border > bottom;
        cuts_border
            || cells.iter().any(|cell| {
                let insets = Insets::of(self.context.styles.get(cell.style), 0.0);
                let end = at.y + cell.y + cell.content_height(insets) - self.below_top(cell);
                end > bottom && end - insets.bottom <= bottom
            })
    }

    /// Height from a row's top to the first place where all its cells may break; cells that end before it do not count.
    fn row_head(&self, row: &RowFragment) -> f64 {
        let Content::Row(cells) = &row.fragment.content else { return row.fragment.height.min(self.capacity()) };
        let cell_head = |cell: &Fragment| {
            let insets = Insets::of(self.context.styles.get(cell.style), 0.0);
            self.head(cell, 0.0, 1).min(cell.content_height(insets)) - self.below_top(cell)
        };
        cells.iter().map(cell_head).fold(0.0, f64::max).min(self.capacity())
    }

    /// Reports a cell with `rowspan` whose rows do not fit on one page.
    fn check_joined(&self, group: &[RowFragment], spacing: f64) {
        let Some(row) = group.first().filter(|row| row.joined_to_next) else { return };
        if section_height(group, spacing) - spacing > self.capacity() {
            let offset = row.fragment.node.map_or(0, |node| self.context.tree.offset(node));
            let message = "expected the rows that a cell with rowspan joins to fit on one page";
            self.context.faults.add(offset, "<tr", message);
        }
    }

    /// Height of the rows that must be on one page: several rows are whole, a single one may break where its cells may.
    fn group_need(&self, group: &[RowFragment], spacing: f64, tail: f64) -> f64 {
        let whole = section_height(group, spacing) - spacing + tail;
        match group {
            [row] if !self.stays_whole(row) => self.row_head(row).max(tail.min(whole)),
            [row, ..] if whole > self.capacity() => self.row_head(row),
            _ => whole,
        }
    }

    /// Number of rows, from the first on, that stay together: a cell spans them, or they avoid breaks in between.
    fn group_length(&self, rows: &[RowFragment], spacing: f64) -> usize {
        // Rows that exceed a page cannot stay together.
        let fits = |count: usize| section_height(&rows[..count], spacing) <= self.capacity();
        let joined = |from: usize| from + 1 + rows[from..].iter().take_while(|row| row.joined_to_next).count();
        let avoids = |row: &RowFragment, next: &RowFragment| {
            let avoids =
                self.break_after(&row.fragment) == Break::Avoid || self.break_before(&next.fragment) == Break::Avoid;
            avoids && !self.row_is_forced(row, next)
        };
        if rows.is_empty() {
            return 0;
        }
        let mut count = joined(0).min(rows.len());
        // Rows joined by a cell take precedence over rows that only avoid a break.
        while let [row, next] = rows.get(count - 1..=count).unwrap_or_default() {
            let more = joined(count).min(rows.len());
            if row.joined_to_next || !avoids(row, next) || !fits(more) {
                break;
            }
            count = more;
        }
        count
    }

    fn row_is_forced(&self, before: &RowFragment, after: &RowFragment) -> bool {
        let group_forces = after.first_of_group
            && (self.context.styles.get(after.group).break_before == Break::Page
                || self.context.styles.get(before.group).break_after == Break::Page);
        group_forces || self.is_forced(&before.fragment, &after.fragment)
    }

    /// Repeats the innermost table's foot on the page that the flow leaves.
    fn end_page(&mut self, at: Cursor) {
        self.repeat_foot(at, self.page_ending_at(at));
    }

    fn repeat_foot(&mut self, at: Cursor, page: usize) {
        let Some(mut foot) = self.tables.last_mut().map(|table| std::mem::take(&mut table.foot)) else { return };
        self.repeat(&mut foot, at.x, at.y, page);
        if let Some(table) = self.tables.last_mut() {
            table.foot = foot;
        }
    }

    fn foot(&mut self, table: &mut TableFragment, reserved: bool, at: Cursor, mut delta: f64) -> f64 {
        let (x, y) = (at.x, at.y);
        let mut previous_end = table.body.last().map_or(y, |row| y + row.fragment.y + row.fragment.height + delta);
        let is_alone = table.body.is_empty();
        for (index, row) in table.foot.rows.iter_mut().enumerate() {
            let wanted = at.to(x, y + row.fragment.y + delta);
            let top =
                if reserved { wanted.y } else { self.before(wanted, previous_end, row.fragment.height, false, false) };
            let end = self.row(row, wanted.down_to(top), index == 0 && is_alone);
            delta = end - (y + row.fragment.y + row.fragment.height);
            previous_end = end;
        }
        delta
    }

    /// Places a row on its group's background, and keeps its collapsed borders for painting.
    fn row(&mut self, row: &mut RowFragment, at: Cursor, top_edges: bool) -> f64 {
        let context = self.context;
        let page = self.page_at(at);
        let fragment = &mut row.fragment;
        let (x, y) = (at.x + fragment.x, at.y);
        if let Some(color) = context.styles.get(row.group).background.0 {
            let (top, room) = (y - self.start(page), self.bottom(at, page) - y);
            self.sheets.rectangle(page, x, top, fragment.width, fragment.height.min(room), color);
        }
        let height = fragment.height;
        let end = self.place_row(fragment, at.to(x, y));
        let top = y - self.start(page);
        let edges = row.top_edges.iter().filter(|_| top_edges).chain(&row.edges);
        let last = self.page_ending_at(at.down_to(end)).max(page);
        for edge in edges {
            if last == page {
                self.border(page, *edge, x, top);
            } else if edge.down {
                let below = height - edge.y - edge.height;
                self.tall_edge(edge, at.to(x, y + edge.y), end - below);
            } else if edge.y > 0.0 {
                let edge_top = end - height - self.start(last);
                self.border(last, *edge, x, edge_top);
            } else {
                self.border(page, *edge, x, top);
            }
        }
        end
    }

    /// Keeps a collapsed border until its table's backgrounds are painted.
    ///
    /// The border between a head and the row below, or a row and the foot below, belongs to both: drawn twice, it would
    /// look darker than others in a viewer that smooths lines.
    fn border(&mut self, page: usize, edge: Edge, x: f64, y: f64) {
        let is_same = |(other_page, other, other_x, other_y): &(usize, Edge, f64, f64)| {
            let close = |one: f64, two: f64| (one - two).abs() < TOLERANCE;
            *other_page == page
                && close(other_y + other.y, y + edge.y)
                && close(other_x + other.x, x + edge.x)
                && Edge { x: 0.0, y: 0.0, ..*other } == Edge { x: 0.0, y: 0.0, ..edge }
        };
        if !self.edges.iter().rev().take(EDGES_NEAR).any(is_same) {
            self.edges.push((page, edge, x, y));
        }
    }

    /// Splits a vertical border by page.
    fn tall_edge(&mut self, edge: &Edge, at: Cursor, end: f64) {
        for slice in self.slices(at.to(at.x + edge.x, at.y), edge.width, end) {
            let part = Edge { x: 0.0, y: 0.0, height: slice.height, ..*edge };
            self.border(slice.page, part, slice.x, slice.y);
        }
    }

    /// Places a row's background and cells; rows have no borders of their own.
    fn place_row(&mut self, fragment: &mut Fragment, at: Cursor) -> f64 {
        let (x, y) = (at.x, at.y);
        let page = self.page_at(at);
        let anchor = self.note(fragment, page, y);
        let bottom = self.bottom(at, page);
        if let Some(color) = self.context.styles.get(fragment.style).background.0 {
            let top = y - self.start(page);
            self.sheets.rectangle(page, x, top, fragment.width, fragment.height.min(bottom - y), color);
        }
        let height = fragment.height;
        let Content::Row(cells) = &mut fragment.content else { return y + height };
        let fits = y + height <= bottom + TOLERANCE;
        let mut delta = 0.0_f64;
        for cell in cells {
            let at = at.to(x + cell.x, y);
            if fits {
                self.place(cell, Cursor { pinned: Some(page), ..at });
                continue;
            }
            // As in Chromium, vertical-align only applies to a row that is on one page.
            let raised = self.below_top(cell);
            let end = self.place(cell, Cursor { raised, ..at });
            if cell.height <= height + TOLERANCE {
                delta = delta.max(end - y - cell.height);
            }
        }
        let end = y + height + delta;
        self.note_end(anchor, at, end);
        end
    }

    /// How far `vertical-align` moved a cell's content down.
    fn below_top(&self, cell: &Fragment) -> f64 {
        let first = match &cell.content {
            Content::Lines(lines) => lines.first().map(|line| line.y),
            Content::Stack(children) => children.first().map(|child| child.y),
            Content::Empty | Content::Picture(_) | Content::Row(_) | Content::Table(_) => None,
        };
        let style = self.context.styles.get(cell.style);
        let moves = matches!(style.vertical_align, VerticalAlign::Middle | VerticalAlign::Bottom);
        first.filter(|_| moves).map_or(0.0, |first| (first - Insets::of(style, 0.0).top).max(0.0))
    }

    /// Paints the rows of a head or foot again, the first at `y`. The copy is an artifact, links lead to the original,
    /// and the state of the page being filled is restored.
    pub(super) fn repeat(&mut self, rows: &mut [RowFragment], x: f64, y: f64, page: usize) {
        let Some(first) = rows.first().map(|first| first.fragment.y) else { return };
        let at = Cursor { x, y, tail: 0.0, pinned: Some(page), raised: 0.0 };
        let (outline, anchors) = (self.outline.len(), self.anchors.len());
        let tables = std::mem::take(&mut self.tables);
        let artifact = std::mem::replace(&mut self.sheets.artifact, true);
        let places_again = std::mem::replace(&mut self.places_again, true);
        for (index, row) in rows.iter_mut().enumerate() {
            self.row(row, at.down_to(y + row.fragment.y - first), index == 0);
        }
        self.tables = tables;
        self.places_again = places_again;
        self.sheets.artifact = artifact;
        self.outline.truncate(outline);
        self.anchors.truncate(anchors);
    }

    /// Height of a table's head with the first rows of its body, and its repeated foot.
    pub(super) fn table_head(&self, table: &TableFragment) -> Option<f64> {
        let length = self.group_length(&table.body, table.spacing);
        let last = table.body.get(length.checked_sub(1)?)?;
        let foot = if table.foot.repeats { section_height(&table.foot.rows, table.spacing) } else { 0.0 };
        (table.body.len() > length).then_some(last.fragment.y + last.fragment.height + foot)
    }
}

fn row_end(row: &RowFragment) -> f64 {
    row.fragment.y + row.fragment.height
}

fn has_plain_cells(row: &Fragment) -> bool {
    let is_plain = |cell: &Fragment| matches!(cell.content, Content::Lines(_) | Content::Empty);
    matches!(&row.content, Content::Row(cells) if cells.iter().all(is_plain))
}

/// Height of rows, each with the spacing after it.
fn section_height(rows: &[RowFragment], spacing: f64) -> f64 {
    match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => last.fragment.y + last.fragment.height - first.fragment.y + spacing,
        _ => 0.0,
    }
}
