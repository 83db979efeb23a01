//! Canvas → pages: where the flow breaks, what comes back on every page.
//!
//! The flow is one long strip; page p shows a stretch of it. Whatever must stay whole and would cross the end of a page
//! moves to the start of the next, and everything behind it moves along.

use super::{
    boxes::BoxNode,
    context::Context,
    decoration::Slice,
    fragment::{Content, Fragment, Line, RowFragment, TableFragment},
    html::{NodeId, Tag},
    page::{Document, Heading, Link, Target},
    place::{Level, POINTS, Sheets},
    style::{Break, Position, Size, TOP},
};

/// Rounding must not push to the next page what just fits.
const TOLERANCE: f64 = 0.1;
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
        outline: Vec::new(),
        anchors: Vec::new(),
    };
    let canvas = context.styles.get(root.style).background.0;
    let end = pager.place(root, root.x, root.y, 0.0);
    let last = pager.page_ending_at(end).max(pager.sheets.pages.len().saturating_sub(1));
    pager.sheets.page(last);
    pager.fixed(fixed, last);
    if let Some(color) = canvas {
        pager.canvas(color, last);
    }
    super::margin_boxes::place(&mut pager.sheets, last + 1);
    pager.finish()
}

/// Lays out the boxes fixed to pages: against the first page's content area, and the others'.
pub(crate) fn lay_out_fixed(context: &Context<'_>, boxes: &[BoxNode]) -> Vec<[Fragment; 2]> {
    let one = |node: &BoxNode, which: usize| {
        let area = context.styles.page.content_area(which);
        context.positioned(node, area.width, area.height)
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
    outline: Vec<Heading>,
    anchors: Vec<(NodeId, usize, f64)>,
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

    /// Draws the rows of a head or foot once more, the first at `y`.
    fn repeat(&mut self, rows: &'p [RowFragment], x: f64, y: f64, page: usize) {
        let Some(first) = rows.first() else { return };
        let before = self.pinned.replace(page);
        let anchors = self.anchors.len();
        let tables = std::mem::take(&mut self.tables);
        for (index, row) in rows.iter().enumerate() {
            self.row(row, x, y + row.fragment.y - first.fragment.y, index == 0, 0.0);
        }
        self.tables = tables;
        self.anchors.truncate(anchors);
        self.pinned = before;
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
        let marks: Vec<usize> = self
            .sheets
            .pages
            .iter()
            .skip(page)
            .map(|page| page.layers[self.sheets.level as usize].shapes.len())
            .collect();
        let decorated = style.is_decorated() && !matches!(fragment.content, Content::Table(_));
        let whole = fits && (decorated && !has_forced_break(context, fragment, 0));
        if decorated && whole {
            self.decorate(fragment, page, x, y, y + fragment.height);
        }
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
        let before = self.pinned.replace(page);
        self.place(fragment, x + fragment.x, y + fragment.y, 0.0);
        self.pinned = before;
    }

    /// Remembers headings and what links may lead to.
    fn note(&mut self, fragment: &Fragment, page: usize, y: f64) {
        let Some(node) = fragment.node else { return };
        let tree = self.context.tree;
        let level = match tree.tag(node) {
            Some(Tag::H1) => 1,
            Some(Tag::H2) => 2,
            Some(Tag::H3) => 3,
            _ => 0,
        };
        let top = y - self.start(page) + self.sheets.top(page);
        if level > 0 {
            let title = tree.text(node).split_whitespace().collect::<Vec<_>>().join(" ");
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
        // How far the pages so far have moved the rest down.
        let mut delta = 0.0;
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
        let fits = wanted + need <= self.bottom(page) + TOLERANCE;
        let at_top = wanted <= self.content_top(page) + TOLERANCE;
        if fits || (at_top && wanted < self.bottom(page)) {
            return wanted;
        }
        self.turn_to(page + 1)
    }

    fn is_forced(&self, before: &Fragment, after: &Fragment) -> bool {
        self.break_after(before) == Break::Page || self.break_before(after) == Break::Page
    }

    /// A break before a box's first child is a break before the box.
    fn break_before(&self, fragment: &Fragment) -> Break {
        let own = self.context.styles.get(fragment.style).break_before;
        match (&fragment.content, own) {
            (Content::Stack(children), Break::Auto) => children.first().map_or(own, |first| self.break_before(first)),
            _ => own,
        }
    }

    fn break_after(&self, fragment: &Fragment) -> Break {
        let own = self.context.styles.get(fragment.style).break_after;
        match (&fragment.content, own) {
            (Content::Stack(children), Break::Auto) => children.last().map_or(own, |last| self.break_after(last)),
            _ => own,
        }
    }

    /// What must follow child `index` on its page: `tail` behind the last one.
    fn after(&self, children: &[Fragment], index: usize, tail: f64, depth: usize) -> f64 {
        let (Some(child), Some(next)) = (children.get(index), children.get(index + 1)) else { return tail };
        let avoids = self.break_after(child) == Break::Avoid || self.break_before(next) == Break::Avoid;
        if !avoids || depth >= CHAIN_MOST || self.is_forced(child, next) {
            return 0.0;
        }
        (next.y - child.y - child.height).max(0.0) + self.chain(children, index + 1, tail, depth + 1)
    }

    /// From the top of child `index` to the first place where the page may break.
    fn chain(&self, children: &[Fragment], index: usize, tail: f64, depth: usize) -> f64 {
        let Some(child) = children.get(index) else { return 0.0 };
        let keep = self.after(children, index, tail, depth);
        let need = self.head(child, keep, 0);
        // Rather break a chain than ask for more than a page has.
        if need > self.capacity() { self.head(child, 0.0, 0).min(self.capacity()) } else { need }
    }

    /// From the fragment's top to the first place where the page may break; all of it, and what follows, if none.
    fn head(&self, fragment: &Fragment, tail: f64, depth: usize) -> f64 {
        let whole = fragment.height + tail;
        let style = self.context.styles.get(fragment.style);
        if (style.break_inside_avoid && whole <= self.capacity()) || depth > 100 {
            return whole;
        }
        let head = match &fragment.content {
            Content::Empty | Content::Picture(_) => whole,
            Content::Stack(children) => match children.first() {
                Some(first) if children.len() == 1 => {
                    first.y + self.head(first, fragment.height - first.y - first.height + tail, depth + 1)
                }
                Some(first) => first.y + self.chain_of(children, tail, depth + 1),
                None => whole,
            },
            Content::Row(children) => {
                children.iter().map(|child| child.y + self.head(child, 0.0, depth + 1)).fold(0.0, f64::max)
            }
            Content::Lines(lines) => lines_head(lines, style.orphans).unwrap_or(whole),
            Content::Table(table) => self.table_head(table).unwrap_or(whole),
        };
        if head >= fragment.height { whole } else { head }
    }

    /// A table's head stays with the first row of its body, and its repeated foot needs room.
    fn table_head(&self, table: &TableFragment) -> Option<f64> {
        let length = self.group_length(&table.body, table.spacing);
        let last = table.body.get(length.checked_sub(1)?)?;
        let foot = if table.foot.repeats { section_height(&table.foot.rows, table.spacing) } else { 0.0 };
        (table.body.len() > length).then_some(last.fragment.y + last.fragment.height + foot)
    }

    fn chain_of(&self, children: &[Fragment], tail: f64, depth: usize) -> f64 {
        if depth > CHAIN_MOST {
            return children.first().map_or(0.0, |first| self.head(first, 0.0, depth));
        }
        let Some(first) = children.first() else { return 0.0 };
        self.head(first, self.after(children, 0, tail, depth), depth)
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
        let mut delta = 0.0;
        let mut done = 0;
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
                    // Without widows then; or, if nothing may break here, the page takes what it can hold.
                    count = fitting;
                }
            }
            let top = self.content_top(page);
            let at_top = y + lines[done].y + delta <= top + fragment.height.min(1.0) + TOLERANCE;
            if count == 0 && at_top {
                count = 1;
            }
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
        for run in &line.runs {
            self.sheets.run(page, run, x, top);
        }
        for atom in &line.atoms {
            self.pinned(atom, page, x, y);
        }
    }

    fn table(&mut self, fragment: &'p Fragment, table: &'p TableFragment, x: f64, y: f64, tail: f64) -> f64 {
        let first_page = self.page_at(y);
        let level = self.sheets.level as usize;
        let marks: Vec<usize> =
            self.sheets.pages.iter().skip(first_page).map(|page| page.layers[level].shapes.len()).collect();
        for caption in table.captions.iter().filter(|caption| caption.y < table.grid_top) {
            self.place(caption, x + caption.x, y + caption.y, 0.0);
        }
        for (index, row) in table.head.rows.iter().enumerate() {
            self.row(row, x, y + row.fragment.y, index == 0, 0.0);
        }
        let (head_height, foot_height) =
            (section_height(&table.head.rows, table.spacing), section_height(&table.foot.rows, table.spacing));
        let repeats = head_height + foot_height < self.capacity() / 2.0;
        let repeated = |rows: &'p [RowFragment], on: bool| if repeats && on { rows } else { &[] };
        let (head, foot) =
            (repeated(&table.head.rows, table.head.repeats), repeated(&table.foot.rows, table.foot.repeats));
        self.tables.push(Repeat {
            head,
            head_height: if head.is_empty() { 0.0 } else { head_height },
            foot,
            foot_height: if foot.is_empty() { 0.0 } else { foot_height },
            x,
            page: first_page,
        });
        let mut delta = self.body(table, x, y, tail);
        let repeat = self.tables.pop();
        delta = self.foot(table, repeat.is_some_and(|repeat| !repeat.foot.is_empty()), x, y, delta);
        for caption in table.captions.iter().filter(|caption| caption.y >= table.grid_top) {
            let wanted = y + caption.y + delta;
            let end = self.place(caption, x + caption.x, wanted, 0.0);
            delta = end - (y + caption.y + caption.height);
        }
        let style = self.context.styles.get(fragment.style);
        if style.is_decorated() {
            let (start, end) = (y + table.grid_top, y + table.grid_top + table.grid_height + delta);
            self.decorate_behind(fragment, first_page, x, start, end, &marks);
        }
        y + fragment.height + delta
    }

    /// The rows of the body; returns how far they moved down.
    fn body(&mut self, table: &'p TableFragment, x: f64, y: f64, tail: f64) -> f64 {
        let mut delta = 0.0;
        let mut previous_end = table.body.first().map_or(y, |row| y + row.fragment.y);
        let mut group_end = 0;
        for (index, row) in table.body.iter().enumerate() {
            let wanted = y + row.fragment.y + delta;
            let mut top_edges = index == 0;
            let mut top = wanted;
            // Rows a cell spans move together.
            if index >= group_end {
                group_end = index + self.group_length(&table.body[index..], table.spacing);
                let group = &table.body[index..group_end];
                let is_last = group_end >= table.body.len();
                let need = section_height(group, table.spacing) - table.spacing + if is_last { tail } else { 0.0 };
                let need =
                    if need > self.capacity() { self.head(&row.fragment, 0.0, 0).min(self.capacity()) } else { need };
                let forced = index > 0 && self.row_is_forced(&table.body[index - 1], row);
                top = self.before(wanted, previous_end, need, index == 0, forced);
                if top != wanted && self.pinned.is_none() {
                    top_edges = true;
                    self.end_page(x, previous_end);
                }
            }
            let end = self.row(row, x, top, top_edges, 0.0);
            delta = end - (y + row.fragment.y + row.fragment.height);
            previous_end = end;
        }
        delta
    }

    /// How many rows from the first on stay together: a cell spans them, or a break between them is to be avoided.
    fn group_length(&self, rows: &[RowFragment], spacing: f64) -> usize {
        let together = |pair: &[RowFragment]| match pair {
            [row, next] => {
                let avoids = self.break_after(&row.fragment) == Break::Avoid
                    || self.break_before(&next.fragment) == Break::Avoid;
                row.joined_to_next || avoids && !self.row_is_forced(row, next)
            }
            _ => false,
        };
        // More than a page holds cannot stay together.
        let fits = |count: usize| section_height(&rows[..count], spacing) <= self.capacity();
        let pairs = rows.windows(2).enumerate();
        1 + pairs.take_while(|(index, pair)| together(pair) && fits(index + 2)).count()
    }

    fn row_is_forced(&self, before: &RowFragment, after: &RowFragment) -> bool {
        let group_forces = after.first_of_group
            && (self.context.styles.get(after.group).break_before == Break::Page
                || self.context.styles.get(before.group).break_after == Break::Page);
        group_forces || self.is_forced(&before.fragment, &after.fragment)
    }

    /// Puts the innermost table's foot on the page that was left.
    fn end_page(&mut self, x: f64, end: f64) {
        let Some(table) = self.tables.last() else { return };
        let (foot, _) = (table.foot, table.foot_height);
        let page = self.page_ending_at(end);
        self.repeat(foot, x, end, page);
    }

    fn foot(&mut self, table: &'p TableFragment, reserved: bool, x: f64, y: f64, mut delta: f64) -> f64 {
        let mut previous_end = table.body.last().map_or(y, |row| y + row.fragment.y + row.fragment.height + delta);
        for (index, row) in table.foot.rows.iter().enumerate() {
            let wanted = y + row.fragment.y + delta;
            let top =
                if reserved { wanted } else { self.before(wanted, previous_end, row.fragment.height, false, false) };
            let end = self.row(row, x, top, index == 0 && table.body.is_empty(), 0.0);
            delta = end - (y + row.fragment.y + row.fragment.height);
            previous_end = end;
        }
        delta
    }

    /// A row with its group's background behind it and its collapsed borders before it.
    fn row(&mut self, row: &'p RowFragment, x: f64, y: f64, top_edges: bool, tail: f64) -> f64 {
        let context = self.context;
        let page = self.page_at(y);
        let fragment = &row.fragment;
        if let Some(color) = context.styles.get(row.group).background.0 {
            let (left, top) = (x + fragment.x, y - self.start(page));
            let room = self.bottom(page) - y;
            self.sheets.rectangle(page, left, top, fragment.width, fragment.height.min(room), color);
        }
        let end = self.place_row(fragment, x + fragment.x, y, tail);
        let top = y - self.start(page);
        let edges = row.top_edges.iter().filter(|_| top_edges).chain(&row.edges);
        let last = self.page_ending_at(end).max(page);
        for edge in edges {
            if last == page {
                self.sheets.edge(page, edge, x + fragment.x, top);
            } else if edge.y > 0.0 {
                let edge_top = end - fragment.height - self.start(last);
                self.sheets.edge(last, edge, x + fragment.x, edge_top);
            } else if edge.height < fragment.height {
                self.sheets.edge(page, edge, x + fragment.x, top);
            } else {
                self.tall_edge(edge, x + fragment.x, y, end);
            }
        }
        end
    }

    /// A border between cells that goes on over pages.
    fn tall_edge(&mut self, edge: &super::fragment::Edge, x: f64, start: f64, end: f64) {
        for slice in self.slices(x + edge.x, edge.width, start, end) {
            let part = super::fragment::Edge { x: 0.0, y: 0.0, height: slice.height, ..*edge };
            self.sheets.edge(slice.page, &part, slice.x, slice.y);
        }
    }

    /// Rows have the background of their style, but no borders of their own.
    fn place_row(&mut self, fragment: &'p Fragment, x: f64, y: f64, tail: f64) -> f64 {
        let context = self.context;
        let page = self.page_at(y);
        self.note(fragment, page, y);
        let style = context.styles.get(fragment.style);
        if let Some(color) = style.background.0 {
            let room = self.bottom(page) - y;
            let top = y - self.start(page);
            self.sheets.rectangle(page, x, top, fragment.width, fragment.height.min(room), color);
        }
        let Content::Row(cells) = &fragment.content else { return y + fragment.height };
        let _ = tail;
        if y + fragment.height <= self.bottom(page) + TOLERANCE {
            let before = self.pinned.replace(page);
            for cell in cells {
                self.place(cell, x + cell.x, y, 0.0);
            }
            self.pinned = before;
            return y + fragment.height;
        }
        let mut delta = 0.0_f64;
        for cell in cells {
            let end = self.place(cell, x + cell.x, y, 0.0);
            if cell.height <= fragment.height + TOLERANCE {
                delta = delta.max(end - y - cell.height);
            }
        }
        y + fragment.height + delta
    }

    /// Boxes with `position: fixed` come on every page, placed in its content area.
    fn fixed(&mut self, fixed: &'p [[Fragment; 2]], last: usize) {
        let (outline, anchors) = (self.outline.len(), self.anchors.len());
        for both in fixed {
            for page in 0..=last {
                let y = self.start(page);
                self.pinned(&both[page.min(1)], page, 0.0, y);
            }
        }
        self.outline.truncate(outline);
        self.anchors.truncate(anchors);
    }

    /// The root's background covers the whole paper.
    fn canvas(&mut self, color: super::page::Rgb, last: usize) {
        for index in 0..=last {
            let page = self.sheets.page(index);
            let area = super::page::Area { x: 0.0, y: 0.0, width: page.width, height: page.height };
            page.layers[0].shapes.insert(0, super::page::Shape::Rectangle { area, color });
        }
    }

    fn finish(self) -> Document {
        let Pager { context, sheets, outline, anchors, .. } = self;
        let Sheets { mut pages, links, .. } = sheets;
        for (page, area, node) in links {
            let Some(href) = context.tree.attribute(node, "href") else { continue };
            let target = match href.value.strip_prefix('#') {
                Some(id) => {
                    let found = anchors
                        .iter()
                        .find(|(node, ..)| context.tree.attribute(*node, "id").is_some_and(|own| own.value == id));
                    found.map(|(_, page, top)| Target::Place { page: *page, top: (top * POINTS * 100.0) as i32 })
                }
                None => Some(Target::Address(href.value.trim().to_owned())),
            };
            let is_address = |address: &str| {
                ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| address.starts_with(scheme))
            };
            match target {
                Some(Target::Address(address)) if !is_address(&address) => {
                    let message = "expected a link to http, https, mailto, tel or #id";
                    context.faults.add(href.offset as usize, &href.value, message);
                }
                Some(target) => {
                    if let Some(page) = pages.get_mut(page) {
                        page.links.push(Link { area, target });
                    }
                }
                None => context.faults.add(href.offset as usize, &href.value, "no element has this id"),
            }
        }
        Document { pages, outline, pictures: Vec::new() }
    }
}

/// From a paragraph's top to where it may first break; `None` if it may not. Where orphans and widows cannot both be had,
/// Chromium gives up the widows.
fn lines_head(lines: &[Line], orphans: u32) -> Option<f64> {
    let orphans = orphans as usize;
    if lines.len() <= orphans {
        return None;
    }
    lines.get(orphans.checked_sub(1)?).map(|line| line.y + line.height)
}

/// Height of rows with the spacing behind each.
fn section_height(rows: &[RowFragment], spacing: f64) -> f64 {
    match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => last.fragment.y + last.fragment.height - first.fragment.y + spacing,
        _ => 0.0,
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
