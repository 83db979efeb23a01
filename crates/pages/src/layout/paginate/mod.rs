//! Canvas → pages: where the flow breaks, what comes back on every page.
//!
//! The flow is one long strip; page p shows a stretch of it. Whatever must stay whole and would cross the end of a page
//! moves to the start of the next, and everything behind it moves along.

mod finish;
mod keep;
mod tables;
mod tags;

use super::{
    boxes::BoxNode,
    context::Context,
    decoration::Slice,
    fragment::{Content, Edge, Fragment, Line, RowFragment},
    html::{NodeId, Tag},
    page::{Document, Heading},
    place::{Level, POINTS, Sheets},
    style::{Break, Position, Size, TOP},
};

/// Rounding must not push to the next page what just fits.
const TOLERANCE: f64 = 0.1;
/// A structure element for every cell is for tables that are read cell by cell; in longer ones it only costs.
const ROWS_BY_CELL_MOST: usize = 2000;
/// How many neighbours that must stay together are looked at; without a limit a long chain takes quadratic time.
const CHAIN_MOST: usize = 16;

/// Breaks the document into pages.
pub(crate) fn paginate(context: &Context<'_>, root: &Fragment, fixed: &[[Fragment; 2]]) -> Document {
    let height = |which: usize| context.styles.page.content_area(which).height;
    let mut pager = Pager {
        context,
        sheets: Sheets::new(context),
        heights: [height(0), height(1)],
        pinned: None,
        tables: Vec::new(),
        edges: Vec::new(),
        raised: 0.0,
        outline: Vec::new(),
        anchors: Vec::new(),
        whole_rows: context.tree.count(Tag::Tr) > ROWS_BY_CELL_MOST,
    };
    let canvas = context.styles.get(root.style).background.0;
    let end = pager.place(root, root.x, root.y, 0.0);
    let last = pager.page_ending_at(end).max(pager.sheets.pages.len().saturating_sub(1));
    pager.sheets.page(last);
    pager.fixed(fixed, last);
    if let Some(color) = canvas {
        pager.canvas(color, last);
    }
    pager.sheets.artifact = true;
    super::margin_boxes::place(&mut pager.sheets, last + 1);
    pager.finish()
}

/// Lays out the boxes fixed to pages: against the first page's content area, and the others'.
pub(crate) fn lay_out_fixed(context: &Context<'_>, boxes: &[BoxNode]) -> Vec<[Fragment; 2]> {
    let one = |node: &BoxNode, which: usize| {
        let (width, height) = context.styles.page.fixed_area(which);
        context.positioned(node, width, height)
    };
    boxes.iter().map(|node| [one(node, 0), one(node, 1)]).collect()
}

struct Pager<'p, 'c> {
    context: &'p Context<'c>,
    sheets: Sheets<'p, 'c>,
    /// Room for content on the first page, and on the others.
    heights: [f64; 2],
    /// Everything goes on this page, come what may.
    pinned: Option<usize>,
    /// The tables around, outermost first.
    tables: Vec<Repeat<'p>>,
    /// Collapsed borders of the tables around, still to be painted: page, border, and where its row starts.
    edges: Vec<(usize, Edge, f64, f64)>,
    /// How far lines or children of the next box are moved up in it.
    raised: f64,
    outline: Vec<Heading>,
    anchors: Vec<(NodeId, usize, f64)>,
    /// Rows of plain cells are elements as wholes.
    whole_rows: bool,
}

/// Head and foot of a table that come back on every page.
struct Repeat<'p> {
    head: &'p [RowFragment],
    head_height: f64,
    foot: &'p [RowFragment],
    foot_height: f64,
    x: f64,
    /// The last page that has the head.
    page: usize,
}

impl<'p> Pager<'p, '_> {
    fn start(&self, page: usize) -> f64 {
        if page == 0 { 0.0 } else { self.heights[0] + self.heights[1] * (page - 1) as f64 }
    }

    fn height(&self, page: usize) -> f64 {
        self.heights[page.min(1)]
    }

    /// The page something that starts at `y` is on.
    fn page_at(&self, y: f64) -> usize {
        if let Some(page) = self.pinned {
            return page;
        }
        let behind_first = y + TOLERANCE - self.heights[0];
        if behind_first < 0.0 { 0 } else { (behind_first / self.heights[1]).floor() as usize + 1 }
    }

    /// The page something that ends at `y` is on.
    fn page_ending_at(&self, y: f64) -> usize {
        self.page_at((y - 2.0 * TOLERANCE).max(0.0))
    }

    /// Where content must end on a page.
    fn bottom(&self, page: usize) -> f64 {
        if self.pinned.is_some() {
            return f64::INFINITY;
        }
        let reserved: f64 = self.tables.iter().map(|table| table.foot_height).sum();
        self.start(page) + self.height(page) - reserved
    }

    /// Where content starts on a page, behind repeated heads.
    fn content_top(&self, page: usize) -> f64 {
        let heads: f64 = self
            .tables
            .iter()
            .filter(|table| page > 0 && table.page != usize::MAX)
            .map(|table| table.head_height)
            .sum();
        self.start(page) + heads
    }

    /// The most that fits between repeated heads and feet.
    fn capacity(&self) -> f64 {
        let repeated: f64 = self.tables.iter().map(|table| table.head_height + table.foot_height).sum();
        self.heights[1] - repeated
    }

    /// Goes to a page: repeats the heads of the tables around, and returns where content starts.
    fn turn_to(&mut self, page: usize) -> f64 {
        let mut y = self.start(page);
        for index in 0..self.tables.len() {
            let table = &mut self.tables[index];
            let (rows, x, height) = (table.head, table.x, table.head_height);
            if table.page < page {
                table.page = page;
                self.repeat(rows, x, y, page);
            }
            y += height;
        }
        y
    }

    /// Places a fragment whose border box starts at (`x`, `y`); returns where it ends. `tail` is the height of what must
    /// stay on the page with its end.
    fn place(&mut self, fragment: &'p Fragment, x: f64, y: f64, tail: f64) -> f64 {
        let context = self.context;
        let style = context.styles.get(fragment.style);
        let page = self.page_at(y);
        self.note(fragment, page, y);
        let (shift, level) = (self.sheets.shift, self.sheets.level);
        if style.is_positioned() {
            self.raise(style);
        }
        let fits = y + fragment.height <= self.bottom(page) + TOLERANCE;
        let decorated = style.is_decorated() && !matches!(fragment.content, Content::Table(_));
        let whole = fits && (decorated && !has_forced_break(context, fragment, 0));
        if decorated && whole {
            self.decorate(fragment, page, x, y, y + fragment.height);
        }
        let marks = if decorated && !whole { self.marks(page) } else { Vec::new() };
        for floating in fragment.floating.iter().filter(|floating| context.styles.get(floating.style).z_index < 0) {
            self.pinned(floating, page, x, y);
        }
        let end = match &fragment.content {
            Content::Empty => y + fragment.height,
            Content::Picture(index) => self.picture(fragment, *index, page, x, y),
            Content::Stack(children) => self.stack(fragment, children, x, y, tail),
            Content::Row(children) => self.parallel(fragment, children, x, y, tail),
            Content::Lines(lines) => self.lines(fragment, lines, x, y, tail),
            Content::Table(table) => self.table(fragment, table, x, y, tail),
        };
        let end = end.max(y + fragment.height);
        if decorated && !whole {
            self.decorate_behind(fragment, page, x, y, end, &marks);
        }
        for floating in fragment.floating.iter().filter(|floating| context.styles.get(floating.style).z_index >= 0) {
            self.pinned(floating, page, x, y);
        }
        (self.sheets.shift, self.sheets.level) = (shift, level);
        end
    }

    /// A positioned box is painted over the flow and may be moved.
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

    /// A box out of the flow, in one piece on a page.
    fn pinned(&mut self, fragment: &'p Fragment, page: usize, x: f64, y: f64) {
        let (left, top) = (x + fragment.x, y + fragment.y);
        if fragment.node.is_none() {
            // The symbol before a list item has no text that would be found beyond the paper.
            let area = self.sheets.area(page, left, top - self.start(page), fragment.width, fragment.height);
            self.sheets.check_inside(page, area, NodeId::NONE);
        }
        let before = self.pinned.replace(page);
        self.place(fragment, left, top, 0.0);
        self.pinned = before;
    }

    /// Remembers bookmarks and what links may lead to.
    fn note(&mut self, fragment: &Fragment, page: usize, y: f64) {
        let Some(node) = fragment.node else { return };
        let tree = self.context.tree;
        let level = self.context.styles.get(fragment.style).bookmark_level;
        let top = y - self.start(page) + self.sheets.top(page);
        if level > 0 {
            let label = tree.attribute(node, "aria-label").map(|label| label.value.to_string());
            let title = label.unwrap_or_else(|| tree.text(node)).split_whitespace().collect::<Vec<_>>().join(" ");
            self.outline.push(Heading { level, title, page, top: (top * POINTS) as f32 });
        }
        if tree.attribute(node, "id").is_some() {
            self.anchors.push((node, page, top));
        }
    }

    fn picture(&mut self, fragment: &Fragment, index: usize, page: usize, x: f64, y: f64) -> f64 {
        let context = self.context;
        let style = context.styles.get(fragment.style);
        let insets = super::block::Insets::of(style, 0.0);
        let top = y - self.start(page) + insets.top;
        let size = (fragment.width - insets.across(), fragment.height - insets.down());
        let place = (x + insets.left, top, size.0, size.1);
        self.sheets.picture(page, index, place, fragment.node);
        if let Some(link) = fragment.node.and_then(|node| context.link_of(node)) {
            let area = self.sheets.area(page, place.0, place.1, place.2, place.3);
            self.sheets.links.push((page, area, link));
        }
        y + fragment.height
    }

    fn slices(&self, x: f64, width: f64, start: f64, end: f64) -> Vec<Slice> {
        let (first, last) = (self.page_at(start), self.page_ending_at(end).max(self.page_at(start)));
        (first..=last)
            .map(|page| {
                let top = if page == first { start } else { self.start(page) };
                let bottom = if page == last { end } else { self.start(page) + self.height(page) };
                let (y, height) = (top - self.start(page), bottom - top);
                Slice { page, x, y, width, height, first: page == first, last: page == last, opens: true, closes: true }
            })
            .collect()
    }

    fn decorate(&mut self, fragment: &Fragment, page: usize, x: f64, start: f64, end: f64) {
        let style = self.context.styles.get(fragment.style);
        let y = start - self.start(page);
        let slice = Slice {
            page,
            x,
            y,
            width: fragment.width,
            height: end - start,
            first: true,
            last: true,
            opens: true,
            closes: true,
        };
        self.sheets.decorate_box(style, slice);
    }

    /// How much is painted so far, from a page on.
    fn marks(&self, page: usize) -> Vec<usize> {
        let level = self.sheets.level as usize;
        self.sheets.pages.iter().skip(page).map(|page| page.layers[level].shapes.len()).collect()
    }

    /// Paints a box that went over pages behind what was painted since its start.
    fn decorate_behind(&mut self, fragment: &Fragment, page: usize, x: f64, start: f64, end: f64, marks: &[usize]) {
        let style = self.context.styles.get(fragment.style);
        let level = self.sheets.level as usize;
        for slice in self.slices(x, fragment.width, start, end) {
            let mark = marks.get(slice.page.saturating_sub(page)).copied().unwrap_or(0);
            let shapes = &mut self.sheets.page(slice.page).layers[level].shapes;
            let since = shapes.split_off(mark.min(shapes.len()));
            self.sheets.decorate_box(style, slice);
            self.sheets.page(slice.page).layers[level].shapes.extend(since);
        }
    }

    /// Children one under another, each on the page where it fits.
    fn stack(&mut self, fragment: &Fragment, children: &'p [Fragment], x: f64, y: f64, tail: f64) -> f64 {
        let content_end = children.last().map_or(0.0, |last| last.y + last.height);
        let tail = tail + self.below(fragment, content_end);
        // How far the pages so far have moved the rest down.
        let mut delta = -std::mem::take(&mut self.raised);
        let mut previous_end = y;
        for (index, child) in children.iter().enumerate() {
            let wanted = y + child.y + delta;
            let need = self.chain(children, index, tail, 0);
            let keep = self.after(children, index, tail, 0);
            let forced = index > 0 && self.is_forced(&children[index - 1], child);
            let top = self.before(wanted, previous_end, need, index == 0, forced);
            let top = if forced { top + self.margin_top(child) } else { top };
            let end = self.place(child, x + child.x, top, keep);
            delta = end - (y + child.y + child.height);
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

    /// Where something starts that wants to be at `wanted`, needs `need` in one piece, and comes behind `previous_end`.
    fn before(&mut self, wanted: f64, previous_end: f64, need: f64, is_first: bool, forced: bool) -> f64 {
        if self.pinned.is_some() {
            return wanted;
        }
        let page = if is_first { self.page_at(previous_end) } else { self.page_ending_at(previous_end) };
        if forced {
            return self.turn_to(page + 1);
        }
        // What comes before may end within the room of a repeated head.
        let wanted = wanted.max(self.content_top(page));
        let fits = wanted + need <= self.bottom(page) + TOLERANCE;
        let at_top = wanted <= self.content_top(page) + TOLERANCE;
        if fits || (at_top && wanted < self.bottom(page)) {
            return wanted;
        }
        self.turn_to(page + 1)
    }

    /// Children side by side: each goes on over pages by itself; the row ends with the last.
    fn parallel(&mut self, fragment: &Fragment, children: &'p [Fragment], x: f64, y: f64, tail: f64) -> f64 {
        let mut delta = 0.0_f64;
        for child in children {
            let wanted = y + child.y;
            let need = self.head(child, 0.0, 0).min(self.capacity());
            let top = self.before(wanted, y, need, true, false);
            let end = self.place(child, x + child.x, top, tail);
            delta = delta.max(end - (y + child.y + child.height));
        }
        y + fragment.height + delta
    }

    fn lines(&mut self, fragment: &Fragment, lines: &'p [Line], x: f64, y: f64, tail: f64) -> f64 {
        let style = self.context.styles.get(fragment.style);
        let (orphans, widows) = (style.orphans as usize, style.widows as usize);
        let content_end = lines.last().map_or(0.0, |last| last.y + last.height);
        let tail = tail + self.below(fragment, content_end);
        let mut delta = -std::mem::take(&mut self.raised);
        let mut done = 0;
        let mut turned = false;
        while done < lines.len() {
            let page = if done == 0 { self.page_at(y) } else { self.page_at(y + lines[done].y + delta) };
            let bottom = self.bottom(page) + TOLERANCE;
            let fitting = lines[done..].iter().take_while(|line| y + line.y + line.height + delta <= bottom).count();
            let left = lines.len() - done;
            let end_fits = lines.last().is_none_or(|last| y + last.y + last.height + delta + tail <= bottom);
            let mut count = fitting;
            if fitting < left || !end_fits {
                count = fitting.min(left.saturating_sub(widows));
                let least = if done == 0 { orphans } else { 1 };
                if count < least {
                    // Without widows then; or, if nothing may break here, the page takes what it can hold. What must
                    // stay with the end needs a line to stay with.
                    count = if end_fits { fitting } else { fitting.min(left - 1) };
                }
            }
            let top = self.content_top(page);
            let at_top = y + lines[done].y + delta <= top + fragment.height.min(1.0) + TOLERANCE;
            if count == 0 && (at_top || turned) {
                count = 1;
            }
            turned = count == 0;
            for line in &lines[done..done + count] {
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

    /// Padding and border below a fragment's content, which pages do not tear off it.
    fn below(&self, fragment: &Fragment, content_end: f64) -> f64 {
        let insets = super::block::Insets::of(self.context.styles.get(fragment.style), 0.0);
        insets.bottom.min(fragment.height - content_end).max(0.0)
    }

    fn line(&mut self, line: &'p Line, x: f64, y: f64, page: usize) {
        let top = y - self.start(page);
        for inline_box in &line.boxes {
            let style = self.context.styles.get(inline_box.style);
            let slice = Slice {
                page,
                x: x + inline_box.x,
                y: top + inline_box.y,
                width: inline_box.width,
                height: inline_box.height,
                first: true,
                last: true,
                opens: inline_box.opens,
                closes: inline_box.closes,
            };
            self.sheets.decorate_box(style, slice);
        }
        // In reading order, which is the order in which text is copied.
        let mut atoms = line.atoms.iter().peekable();
        for run in &line.runs {
            while let Some(atom) = atoms.next_if(|atom| atom.x < run.x) {
                self.pinned(atom, page, x, y);
            }
            self.sheets.run(page, run, x, top);
        }
        for atom in atoms {
            self.pinned(atom, page, x, y);
        }
    }

    /// Boxes with `position: fixed` come on every page, placed in its content area.
    fn fixed(&mut self, fixed: &'p [[Fragment; 2]], last: usize) {
        let (outline, anchors) = (self.outline.len(), self.anchors.len());
        self.sheets.artifact = true;
        self.sheets.in_flow = false;
        for both in fixed {
            for page in 0..=last {
                let y = self.start(page);
                self.pinned(&both[page.min(1)], page, 0.0, y);
            }
        }
        self.sheets.in_flow = true;
        self.outline.truncate(outline);
        self.anchors.truncate(anchors);
        self.sheets.artifact = false;
    }

    /// The root's background covers the whole paper.
    fn canvas(&mut self, color: super::page::Rgb, last: usize) {
        for index in 0..=last {
            let page = self.sheets.page(index);
            let area = super::page::Area { x: 0.0, y: 0.0, width: page.width, height: page.height };
            page.layers[0].shapes.insert(0, super::page::Shape::Rectangle { area, color });
        }
    }
}

fn has_forced_break(context: &Context<'_>, fragment: &Fragment, depth: usize) -> bool {
    if !context.styles.any_forced_break || depth > 100 {
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
