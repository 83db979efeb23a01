//! Computes what must stay together: the height from a box's top to the first possible page break.
//!
//! Nothing here moves or paints, so the answers only depend on the enclosing tables. `head` and `chain` recurse into
//! each other, down the tree (at most [`DEPTH_MOST`] deep, as deep as HTML may be nested) and along chains of siblings
//! (at most [`CHAIN_MOST`]), so both end. Beyond these limits, a box counts as unbreakable and a chain as breakable.

use super::{CHAIN_MOST, DEPTH_MOST, Pager};
use crate::layout::{
    fragment::{Content, Fragment, Line},
    style::Break,
};

impl Pager<'_, '_> {
    pub(super) fn is_forced(&self, before: &Fragment, after: &Fragment) -> bool {
        self.break_after(before) == Break::Page || self.break_before(after) == Break::Page
    }

    /// The break before a box: its own, or else the one before its first child.
    pub(super) fn break_before(&self, fragment: &Fragment) -> Break {
        let own = self.context.styles.get(fragment.style).break_before;
        match (&fragment.content, own) {
            (Content::Stack(children), Break::Auto) => children.first().map_or(own, |first| self.break_before(first)),
            _ => own,
        }
    }

    pub(super) fn break_after(&self, fragment: &Fragment) -> Break {
        let own = self.context.styles.get(fragment.style).break_after;
        match (&fragment.content, own) {
            (Content::Stack(children), Break::Auto) => children.last().map_or(own, |last| self.break_after(last)),
            _ => own,
        }
    }

    /// Height of what must follow child `index` on its page; `tail` follows the last child.
    pub(super) fn after(&self, children: &[Fragment], index: usize, tail: f64, depth: usize) -> f64 {
        let (Some(child), Some(next)) = (children.get(index), children.get(index + 1)) else { return tail };
        let avoids = self.break_after(child) == Break::Avoid || self.break_before(next) == Break::Avoid;
        if !avoids || depth >= CHAIN_MOST || self.is_forced(child, next) {
            return 0.0;
        }
        (next.y - child.y - child.height).max(0.0) + self.chain(children, index + 1, tail, depth + 1)
    }

    /// Height from the top of child `index` to the first possible page break.
    pub(super) fn chain(&self, children: &[Fragment], index: usize, tail: f64, depth: usize) -> f64 {
        let Some(child) = children.get(index) else { return 0.0 };
        let keep = self.after(children, index, tail, depth);
        let need = self.head(child, keep, 0);
        // A chain that does not fit on a page is broken.
        if need > self.capacity() { self.head(child, 0.0, 0).min(self.capacity()) } else { need }
    }

    /// Height from the fragment's top to the first possible page break; if there is none, all of it and the tail.
    pub(super) fn head(&self, fragment: &Fragment, tail: f64, depth: usize) -> f64 {
        let whole = fragment.height + tail;
        let style = self.context.styles.get(fragment.style);
        if (style.break_inside_avoid && whole <= self.capacity()) || depth > DEPTH_MOST {
            return whole;
        }
        let head = match &fragment.content {
            Content::Empty | Content::Picture(_) => whole,
            Content::Stack(children) => match children.first() {
                Some(first) if children.len() == 1 => {
                    first.y + self.head(first, fragment.height - first.y - first.height + tail, depth + 1)
                }
                Some(first) => {
                    let content_end = children.last().map_or(0.0, |last| last.y + last.height);
                    first.y + self.chain_of(children, tail + self.below(fragment, content_end), depth + 1)
                }
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

    pub(super) fn chain_of(&self, children: &[Fragment], tail: f64, depth: usize) -> f64 {
        if depth > CHAIN_MOST {
            return children.first().map_or(0.0, |first| self.head(first, 0.0, depth));
        }
        let Some(first) = children.first() else { return 0.0 };
        self.head(first, self.after(children, 0, tail, depth), depth)
    }
}

/// Height from a paragraph's top to its first possible break; `None` if there is none. If orphans and widows exclude
/// each other, Chromium drops the widows.
fn lines_head(lines: &[Line], orphans: u32) -> Option<f64> {
    let orphans = orphans as usize;
    if lines.len() <= orphans {
        return None;
    }
    lines.get(orphans.checked_sub(1)?).map(|line| line.y + line.height)
}
