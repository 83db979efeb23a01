//! Breaks the canvas into pages and repeats what comes on every page.
//!
//! The flow is one long strip; each page shows a part of it. A piece that must stay whole but crosses the end of a page
//! moves to the start of the next, and everything after it moves along.
//!
//! There is one pass from top to bottom: a break is decided when the flow reaches it, from what follows (`keep`), and
//! never revised. Browsers weigh breaks the same way. Laying out again page by page would cost a layout for each page,
//! and a table of 30,000 rows has some 700.

mod finish;
mod keep;
mod paint;
mod tables;
mod tags;

use super::{
    boxes::BoxNode,
    context::Context,
    fragment::{Content, Edge, Fragment, Line, RowFragment},
    html::{NodeId, Tag},
    page::{Document, Heading},
    place::{Level, POINTS, Sheets},
    style::{Break, Position, Size, TOP},
};

/// Rounding errors must not push what just fits to the next page.
const TOLERANCE: f64 = 0.1;
/// Most rows in a document for one structure element per cell: longer tables are not read cell by cell, and the elements
/// would only make the file larger.
const ROWS_BY_CELL_MOST: usize = 2000;
/// HTML is nested at most this deep.
const DEPTH_MOST: usize = 100;
/// Longest chain of siblings that must stay together; without a limit, long chains take quadratic time.
const CHAIN_MOST: usize = 16;

/// Breaks the document into pages.
pub(crate) fn paginate(context: &Context<'_>, mut root: Fragment, mut fixed: Vec<[Fragment; 2]>) -> Document {
    let height = |which: usize| context.styles.page.content_area(which).height;
    let mut pager = Pager {
        context,
        sheets: Sheets::new(context),
        heights: [height(0), height(1)],
        tables: Vec::new(),
        edges: Vec::new(),
        outline: Vec::new(),
        anchors: Vec::new(),
        whole_rows: context.tree.count(Tag::Tr) > ROWS_BY_CELL_MOST,
        places_again: false,
    };
    let canvas = context.styles.get(root.style).background.0;
    let at = Cursor { x: root.x, y: root.y, tail: 0.0, pinned: None, raised: 0.0 };
    let end = pager.place(&mut root, at);
    drop(root);
    let last = pager.page_ending_at(at.down_to(end)).max(pager.sheets.pages.len().saturating_sub(1));
    pager.sheets.page(last);
    pager.fixed(&mut fixed, last);
    if let Some(color) = canvas {
        pager.canvas(color, last);
    }
    pager.sheets.artifact = true;
    super::margin_boxes::place(&mut pager.sheets, last + 1);
    pager.finish()
}

/// Lays out boxes fixed to pages: once for the first page's content area and once for the others'.
pub(crate) fn lay_out_fixed(context: &Context<'_>, boxes: &[BoxNode]) -> Vec<[Fragment; 2]> {
    let one = |node: &BoxNode, which: usize| {
        let (width, height) = context.styles.page.fixed_area(which);
        context.positioned(node, width, height)
    };
    boxes.iter().map(|node| [one(node, 0), one(node, 1)]).collect()
}

/// Where a fragment goes. Passed by value, so that no setting for a fragment outlasts it.
#[derive(Clone, Copy)]
struct Cursor {
    /// Top left of the fragment's border box on the strip.
    x: f64,
    y: f64,
    /// Height of what must stay on the page with the end of the fragment.
    tail: f64,
    /// Puts everything on this page, fitting or not: boxes out of the flow, repeated rows, and rows known to fit.
    pinned: Option<usize>,
    /// How far the fragment's own lines or children move up inside it.
    raised: f64,
}

impl Cursor {
    /// For other content in the same fragment.
    fn to(self, x: f64, y: f64) -> Cursor {
        Cursor { x, y, tail: 0.0, raised: 0.0, ..self }
    }

    /// The same cursor, at another height.
    fn down_to(self, y: f64) -> Cursor {
        Cursor { y, ..self }
    }
}

struct Pager<'p, 'c> {
    context: &'p Context<'c>,
    sheets: Sheets<'p, 'c>,
    /// Height of the content area on the first page, and on the others.
    heights: [f64; 2],
    /// The enclosing tables, outermost first: `table` pushes and pops its own; repeated rows see none.
    tables: Vec<Repeat>,
    /// Collapsed borders still to be painted: page, border, and start of its row. Each table takes off what was added
    /// since it began, so that the borders of enclosing tables stay.
    edges: Vec<(usize, Edge, f64, f64)>,
    outline: Vec<Heading>,
    anchors: Vec<Anchor>,
    /// Rows of plain cells are tagged as wholes, not cell by cell.
    whole_rows: bool,
    /// What is placed comes again on another page. All else is dropped, row by row, once it is on its page.
    places_again: bool,
}

/// Where an element with an id starts and ends: pages, and px from their tops.
struct Anchor {
    node: NodeId,
    start: (usize, f64),
    end: (usize, f64),
}

/// Head and foot of a table that repeat on every page.
#[derive(Default)]
struct Repeat {
    head: Vec<RowFragment>,
    head_height: f64,
    foot: Vec<RowFragment>,
    foot_height: f64,
    x: f64,
    /// The last page on which the head was painted.
    page: usize,
}

impl Pager<'_, '_> {
    fn start(&self, page: usize) -> f64 {
        if page == 0 { 0.0 } else { self.heights[0] + self.heights[1] * (page - 1) as f64 }
    }

    fn height(&self, page: usize) -> f64 {
        self.heights[page.min(1)]
    }

    /// The page on which something starts at this position.
    fn page_at(&self, at: Cursor) -> usize {
        if let Some(page) = at.pinned {
            return page;
        }
        let behind_first = at.y + TOLERANCE - self.heights[0];
        if behind_first < 0.0 { 0 } else { (behind_first / self.heights[1]).floor() as usize + 1 }
    }

    /// The page on which something ends at this position. Of the two tolerances, one undoes what `page_at` adds; the
    /// other lets content end a rounding error below the page's bottom and still count as on the page.
    fn page_ending_at(&self, at: Cursor) -> usize {
        self.page_at(at.down_to((at.y - 2.0 * TOLERANCE).max(0.0)))
    }

    /// Lowest position for content on a page: above repeated feet.
    fn bottom(&self, at: Cursor, page: usize) -> f64 {
        if at.pinned.is_some() {
            return f64::INFINITY;
        }
        let reserved: f64 = self.tables.iter().map(|table| table.foot_height).sum();
        self.start(page) + self.height(page) - reserved
    }

    /// Highest position for content on a page: below repeated heads.
    fn content_top(&self, page: usize) -> f64 {
        let heads: f64 = self
            .tables
            .iter()
            .filter(|table| page > 0 && table.page != usize::MAX)
            .map(|table| table.head_height)
            .sum();
        self.start(page) + heads
    }

    /// Height between repeated heads and feet. A table repeats its head and foot only if both together take less than
    /// half of it (see `table`), so it stays positive however tables are nested.
    fn capacity(&self) -> f64 {
        let repeated: f64 = self.tables.iter().map(|table| table.head_height + table.foot_height).sum();
        self.heights[1] - repeated
    }

    /// Turns to a page: repeats the heads of the enclosing tables, and returns where content starts.
    fn turn_to(&mut self, page: usize) -> f64 {
        let mut y = self.start(page);
        for index in 0..self.tables.len() {
            let table = &mut self.tables[index];
            let (x, height) = (table.x, table.head_height);
            if table.page < page {
                table.page = page;
                let mut rows = std::mem::take(&mut table.head);
                self.repeat(&mut rows, x, y, page);
                self.tables[index].head = rows;
            }
            y += height;
        }
        y
    }

    /// Places a fragment; returns where it ends, which is never above its own height. The `shift` and `level` of the
    /// sheets are restored afterwards.
    fn place(&mut self, fragment: &mut Fragment, at: Cursor) -> f64 {
        let Cursor { x, y, .. } = at;
        let context = self.context;
        let style = context.styles.get(fragment.style);
        let page = self.page_at(at);
        let anchor = self.note(fragment, page, y);
        let (shift, level) = (self.sheets.shift, self.sheets.level);
        if style.is_positioned() {
            self.raise(style);
        }
        let fits = y + fragment.height <= self.bottom(at, page) + TOLERANCE;
        let decorated = style.is_decorated() && !matches!(fragment.content, Content::Table(_));
        let whole = fits && (decorated && !has_forced_break(context, fragment, 0));
        if decorated && whole {
            self.decorate(fragment, page, x, y, y + fragment.height);
        }
        let marks = if decorated && !whole { self.marks(page) } else { Vec::new() };
        for floating in fragment.floating.iter_mut().filter(|floating| context.styles.get(floating.style).z_index < 0) {
            self.pinned(floating, page, x, y);
        }
        let mut content = std::mem::take(&mut fragment.content);
        let end = match &mut content {
            Content::Empty => y + fragment.height,
            Content::Picture(index) => self.picture(fragment, *index, page, x, y),
            Content::Stack(children) => self.stack(fragment, children, at),
            Content::Row(children) => self.parallel(fragment, children, at),
            Content::Lines(lines) => self.lines(fragment, lines, at),
            Content::Table(table) => self.table(fragment, table, at),
        };
        fragment.content = content;
        let end = end.max(y + fragment.height);
        if decorated && !whole {
            self.decorate_behind(fragment, at, end, &marks);
        }
        for floating in fragment.floating.iter_mut().filter(|floating| context.styles.get(floating.style).z_index >= 0)
        {
            self.pinned(floating, page, x, y);
        }
        (self.sheets.shift, self.sheets.level) = (shift, level);
        self.note_end(anchor, at, end);
        end
    }

    /// Paints a positioned box above or below the flow, and shifts a relative one.
    fn raise(&mut self, style: &super::style::Style) {
        self.sheets.level = if style.z_index < 0 { Level::Below } else { Level::Above };
        if style.position != Position::Relative {
            return;
        }
        let length = |size: Size| size.resolve(None);
        let [top, right, bottom, left] = style.inset;
        let across = length(left).or_else(|| length(right).map(|right| -right)).unwrap_or(0.0);
        let down = length(top).or_else(|| length(bottom).map(|bottom| -bottom)).unwrap_or(0.0);
        self.sheets.shift = (self.sheets.shift.0 + across, self.sheets.shift.1 + down);
    }

    /// Places a box out of the flow in one piece on a page.
    fn pinned(&mut self, fragment: &mut Fragment, page: usize, x: f64, y: f64) {
        let (left, top) = (x + fragment.x, y + fragment.y);
        if fragment.node.is_none() {
            // A list symbol has no text that would be reported as beyond the paper.
            let area = self.sheets.area(page, left, top - self.start(page), fragment.width, fragment.height);
            self.sheets.check_inside(page, area, NodeId::NONE);
        }
        self.place(fragment, Cursor { x: left, y: top, tail: 0.0, pinned: Some(page), raised: 0.0 });
    }

    /// Records bookmarks and link targets; returns the index of the new anchor, if any.
    fn note(&mut self, fragment: &Fragment, page: usize, y: f64) -> Option<usize> {
        let node = fragment.node?;
        let tree = self.context.tree;
        let level = self.context.styles.get(fragment.style).bookmark_level;
        let top = y - self.start(page) + self.sheets.top(page);
        if level > 0 {
            let label = tree.attribute(node, "aria-label").map(|label| label.value.to_string());
            let title = label.unwrap_or_else(|| tree.text(node)).split_whitespace().collect::<Vec<_>>().join(" ");
            self.outline.push(Heading { level, title, page, top: (top * POINTS) as f32 });
        }
        tree.attribute(node, "id")?;
        self.anchors.push(Anchor { node, start: (page, top), end: (page, top) });
        Some(self.anchors.len() - 1)
    }

    /// Completes an anchor once it is known where its element ends.
    fn note_end(&mut self, anchor: Option<usize>, at: Cursor, end: f64) {
        let Some(index) = anchor else { return };
        let page = self.page_ending_at(at.down_to(end)).max(self.page_at(at));
        let bottom = end - self.start(page) + self.sheets.top(page);
        if let Some(anchor) = self.anchors.get_mut(index) {
            anchor.end = (page, bottom);
        }
    }

    /// Places stacked children, each on the page where it fits.
    fn stack(&mut self, fragment: &Fragment, children: &mut [Fragment], at: Cursor) -> f64 {
        let (x, y) = (at.x, at.y);
        let content_end = children.last().map_or(0.0, |last| last.y + last.height);
        let tail = at.tail + self.below(fragment, content_end);
        // How far earlier page breaks have moved the rest down.
        let mut delta = -at.raised;
        let mut previous_end = y;
        for index in 0..children.len() {
            let child = &children[index];
            let wanted = at.to(x + child.x, y + child.y + delta);
            let need = self.chain(children, index, tail, 0);
            let keep = self.after(children, index, tail, 0);
            let forced = index > 0 && self.is_forced(&children[index - 1], child);
            let top = self.before(wanted, previous_end, need, index == 0, forced);
            let top = if forced { top + self.margin_top(child) } else { top };
            let flow_end = y + child.y + child.height;
            let end = self.place(&mut children[index], Cursor { y: top, tail: keep, ..wanted });
            delta = end - flow_end;
            previous_end = end;
        }
        y + fragment.height + delta
    }

    fn margin_top(&self, fragment: &Fragment) -> f64 {
        match self.context.styles.get(fragment.style).margin[TOP] {
            Size::Px(margin) => margin.max(0.0),
            _ => 0.0,
        }
    }

    /// Decides where a piece of height `need` starts, which follows `previous_end`.
    ///
    /// A piece that does not fit at the top of a page fits on none: it starts there all the same. So turning pages
    /// ends, and only a forced break leaves a page empty.
    fn before(&mut self, wanted: Cursor, previous_end: f64, need: f64, is_first: bool, forced: bool) -> f64 {
        if wanted.pinned.is_some() {
            return wanted.y;
        }
        let previous = wanted.down_to(previous_end);
        let page = if is_first { self.page_at(previous) } else { self.page_ending_at(previous) };
        if forced {
            return self.turn_to(page + 1);
        }
        let bottom = self.bottom(wanted, page);
        // The previous content may end inside the space of a repeated head.
        let y = wanted.y.max(self.content_top(page));
        let at_top = y <= self.content_top(page) + TOLERANCE;
        if y + need <= bottom + TOLERANCE || (at_top && y < bottom) { y } else { self.turn_to(page + 1) }
    }

    /// Places children side by side: each breaks over pages by itself, and the row ends with the last of them.
    fn parallel(&mut self, fragment: &Fragment, children: &mut [Fragment], at: Cursor) -> f64 {
        let (x, y) = (at.x, at.y);
        let mut delta = 0.0_f64;
        for child in children {
            let wanted = at.to(x + child.x, y + child.y);
            let need = self.head(child, 0.0, 0).min(self.capacity());
            let top = self.before(wanted, y, need, true, false);
            let end = self.place(child, Cursor { y: top, tail: at.tail, ..wanted });
            delta = delta.max(end - (y + child.y + child.height));
        }
        y + fragment.height + delta
    }

    /// Prints lines over pages. Each pass of the loop prints at least one line or turns the page, and a pass after a
    /// turn without a line always prints one (a line may be taller than the page). So the loop ends after at most two
    /// passes per line.
    fn lines(&mut self, fragment: &Fragment, lines: &mut [Line], at: Cursor) -> f64 {
        let (x, y) = (at.x, at.y);
        let style = self.context.styles.get(fragment.style);
        let (orphans, widows) = (style.orphans as usize, style.widows as usize);
        let content_end = lines.last().map_or(0.0, |last| last.y + last.height);
        let tail = at.tail + self.below(fragment, content_end);
        let mut delta = -at.raised;
        let mut done = 0;
        let mut turned = false;
        while done < lines.len() {
            let page = self.page_at(at.down_to(if done == 0 { y } else { y + lines[done].y + delta }));
            let bottom = self.bottom(at, page) + TOLERANCE;
            let fitting = lines[done..].iter().take_while(|line| y + line.y + line.height + delta <= bottom).count();
            let left = lines.len() - done;
            let end_fits = lines.last().is_none_or(|last| y + last.y + last.height + delta + tail <= bottom);
            let mut count = fitting;
            if fitting < left || !end_fits {
                count = fitting.min(left.saturating_sub(widows));
                let least = if done == 0 { orphans } else { 1 };
                if count < least {
                    // Give up the widows; if nothing may break here, print what the page holds. What must stay with the
                    // paragraph's end needs a line to stay with, so one is left.
                    count = if end_fits { fitting } else { fitting.min(left - 1) };
                }
            }
            let top = self.content_top(page);
            let at_top = y + lines[done].y + delta <= top + fragment.height.min(1.0) + TOLERANCE;
            if count == 0 && (at_top || turned) {
                count = 1;
            }
            turned = count == 0;
            for line in &mut lines[done..done + count] {
                self.line(line, x, y + line.y + delta, page);
            }
            done += count;
            if done < lines.len() {
                let next = self.turn_to(page + 1);
                delta = next - (y + lines[done].y);
            }
        }
        y + fragment.height + delta
    }

    /// Padding and border below a fragment's content, which stay on the page with it.
    fn below(&self, fragment: &Fragment, content_end: f64) -> f64 {
        let insets = super::space::Insets::of(self.context.styles.get(fragment.style), 0.0);
        insets.bottom.min(fragment.height - content_end).max(0.0)
    }
}

fn has_forced_break(context: &Context<'_>, fragment: &Fragment, depth: usize) -> bool {
    if !context.styles.any_forced_break || depth > DEPTH_MOST {
        return false;
    }
    let of = |fragment: &Fragment| {
        let style = context.styles.get(fragment.style);
        style.break_before == Break::Page
            || style.break_after == Break::Page
            || has_forced_break(context, fragment, depth + 1)
    };
    match &fragment.content {
        Content::Stack(children) | Content::Row(children) => children.iter().any(of),
        Content::Table(table) => table.body.iter().any(|row| of(&row.fragment)),
        Content::Empty | Content::Lines(_) | Content::Picture(_) => false,
    }
}
