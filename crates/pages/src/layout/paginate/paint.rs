//! Paints placed content: boxes in slices by page, pictures, lines, and what repeats on every page.

use super::{Cursor, Pager};
use crate::layout::{
    decoration::Slice,
    fragment::{Fragment, Line},
    page::{Area, Shape},
    picture::Rgb,
    space::Insets,
};

impl Pager<'_, '_> {
    pub(super) fn picture(&mut self, fragment: &Fragment, index: usize, page: usize, x: f64, y: f64) -> f64 {
        let context = self.context;
        let style = context.styles.get(fragment.style);
        let insets = Insets::of(style, 0.0);
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

    /// Slices of a box by page, from the cursor down to `end`.
    pub(super) fn slices(&self, at: Cursor, width: f64, end: f64) -> Vec<Slice> {
        let (x, start) = (at.x, at.y);
        let first = self.page_at(at);
        let last = self.page_ending_at(at.down_to(end)).max(first);
        (first..=last)
            .map(|page| {
                let top = if page == first { start } else { self.start(page) };
                let bottom = if page == last { end } else { self.start(page) + self.height(page) };
                let (y, height) = (top - self.start(page), bottom - top);
                Slice { page, x, y, width, height, first: page == first, last: page == last, opens: true, closes: true }
            })
            .collect()
    }

    pub(super) fn decorate(&mut self, fragment: &Fragment, page: usize, x: f64, start: f64, end: f64) {
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

    /// Number of shapes on each page, from `page` on. Shapes are only added after a mark while its box is open, so the
    /// marks of enclosing boxes stay valid when `decorate_behind` inserts shapes at its own mark.
    pub(super) fn marks(&self, page: usize) -> Vec<usize> {
        let level = self.sheets.level as usize;
        self.sheets.pages.iter().skip(page).map(|page| page.layers[level].shapes.len()).collect()
    }

    /// Paints a box that spans pages, behind everything painted since its start.
    pub(super) fn decorate_behind(&mut self, fragment: &Fragment, at: Cursor, end: f64, marks: &[usize]) {
        let page = self.page_at(at);
        let style = self.context.styles.get(fragment.style);
        let level = self.sheets.level as usize;
        for slice in self.slices(at, fragment.width, end) {
            let mark = marks.get(slice.page.saturating_sub(page)).copied().unwrap_or(0);
            let shapes = &mut self.sheets.page(slice.page).layers[level].shapes;
            let since = shapes.split_off(mark.min(shapes.len()));
            self.sheets.decorate_box(style, slice);
            self.sheets.page(slice.page).layers[level].shapes.extend(since);
        }
    }

    pub(super) fn line(&mut self, line: &mut Line, x: f64, y: f64, page: usize) {
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
        // Painted in reading order, because text is copied in the order of painting.
        let mut atoms = line.atoms.iter_mut().peekable();
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

    /// Paints boxes with `position: fixed` on every page, placed in its content area.
    pub(super) fn fixed(&mut self, fixed: &mut [[Fragment; 2]], last: usize) {
        let (outline, anchors) = (self.outline.len(), self.anchors.len());
        self.sheets.artifact = true;
        self.sheets.in_flow = false;
        self.places_again = true;
        for both in fixed {
            for page in 0..=last {
                let y = self.start(page);
                self.pinned(&mut both[page.min(1)], page, 0.0, y);
            }
        }
        self.sheets.in_flow = true;
        self.places_again = false;
        self.outline.truncate(outline);
        self.anchors.truncate(anchors);
        self.sheets.artifact = false;
    }

    /// Paints the root's background over the whole paper.
    pub(super) fn canvas(&mut self, color: Rgb, last: usize) {
        for index in 0..=last {
            let page = self.sheets.page(index);
            let area = Area { x: 0.0, y: 0.0, width: page.width, height: page.height };
            page.layers[0].shapes.insert(0, Shape::Rectangle { area, color });
        }
    }
}
