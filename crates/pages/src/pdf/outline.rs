//! Writes bookmarks: the headings as a tree.

use lopdf::{Dictionary, Object, ObjectId, dictionary};

use super::objects::destination;
use crate::layout::{Document, Heading};

/// Outlines with more entries than this show only their first level.
const OPEN_MOST: usize = 30;

/// Adds the outline; a heading contains the lower-level headings that follow it.
pub(super) fn add(raw: &mut lopdf::Document, document: &Document, pages: &[ObjectId]) -> Option<ObjectId> {
    if document.outline.is_empty() {
        return None;
    }
    let root = raw.new_object_id();
    let ids: Vec<ObjectId> = document.outline.iter().map(|_| raw.new_object_id()).collect();
    let parents = parents(&document.outline);
    let id_of = |index: Option<usize>| index.and_then(|index| ids.get(index).copied()).unwrap_or(root);
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); ids.len() + 1];
    for (index, parent) in parents.iter().enumerate() {
        groups[parent.map_or(0, |parent| parent + 1)].push(index);
    }
    let open = ids.len() <= OPEN_MOST;
    let counts = counts(&groups, open);
    for (index, heading) in document.outline.iter().enumerate() {
        let parent = parents[index];
        let siblings = &groups[parent.map_or(0, |parent| parent + 1)];
        let place = siblings.binary_search(&index).unwrap_or(0);
        let mut entry = dictionary! {
            "Title" => lopdf::text_string(&heading.title),
            "Parent" => id_of(parent),
            "Dest" => destination(document, pages, heading.page, heading.top),
        };
        if let Some(before) = place.checked_sub(1).and_then(|place| siblings.get(place)) {
            entry.set("Prev", id_of(Some(*before)));
        }
        if let Some(next) = siblings.get(place + 1) {
            entry.set("Next", id_of(Some(*next)));
        }
        add_family(&mut entry, &groups[index + 1], &ids, if open { counts[index + 1] } else { -counts[index + 1] });
        raw.set_object(ids[index], entry);
    }
    let mut top = dictionary! { "Type" => "Outlines" };
    add_family(&mut top, &groups[0], &ids, counts[0]);
    raw.set_object(root, top);
    Some(root)
}

fn add_family(entry: &mut Dictionary, children: &[usize], ids: &[ObjectId], count: i64) {
    let id = |index: Option<&usize>| index.and_then(|index| ids.get(*index).copied());
    if let (Some(first), Some(last)) = (id(children.first()), id(children.last())) {
        entry.set("First", first);
        entry.set("Last", last);
        entry.set("Count", Object::Integer(count));
    }
}

/// Number of visible entries below each entry when it is open: its children, and theirs where those are open
/// (ISO 32000-1, 12.3.3). The first count is the outline's own.
fn counts(groups: &[Vec<usize>], open: bool) -> Vec<i64> {
    let mut counts = vec![0; groups.len()];
    for (index, children) in groups.iter().enumerate().rev() {
        let below: i64 = if open { children.iter().map(|child| counts[child + 1]).sum() } else { 0 };
        counts[index] = i64::try_from(children.len()).unwrap_or(0) + below;
    }
    counts
}

/// The parent of every heading.
fn parents(outline: &[Heading]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(outline.len());
    for (index, heading) in outline.iter().enumerate() {
        while open.last().is_some_and(|last| outline[*last].level >= heading.level) {
            open.pop();
        }
        parents.push(open.last().copied());
        open.push(index);
    }
    parents
}
