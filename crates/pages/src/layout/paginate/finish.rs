//! Resolves links and page numbers once all pages are known.

use std::collections::BTreeMap;

use super::{Anchor, Pager, tags::tag};
use crate::layout::{
    context::Context,
    fault::Faults,
    html::{Attribute, NodeId},
    page::{Document, Item, Link, NamedPlace, Page, Target},
    place::{POINTS, PageNumber, Sheets},
};

/// Link targets: page index and px from the top of the page, by id.
type Anchors<'a> = BTreeMap<&'a str, (usize, f64)>;

impl Pager<'_, '_> {
    pub(super) fn finish(self) -> Document {
        let Pager { context, sheets, outline, anchors: places, .. } = self;
        let Sheets { mut pages, links, page_numbers, .. } = sheets;
        let mut anchors = Anchors::new();
        let mut named = Vec::with_capacity(places.len());
        for Anchor { node, start, end } in places {
            if let Some(id) = context.tree.attribute(node, "id") {
                anchors.entry(&id.value).or_insert(start);
                let points = |(page, px): (usize, f64)| (page, (px * POINTS) as f32);
                named.push(NamedPlace { id: id.value.as_ref().into(), start: points(start), end: points(end) });
            }
        }
        let tagger = tag(context, &mut pages);
        for (page, area, node) in links {
            let Some(href) = context.tree.attribute(node, "href") else { continue };
            if is_dead_option(context, node, href, &anchors) {
                continue;
            }
            if let (Some(target), Some(page)) = (target(href, &anchors, context.faults), pages.get_mut(page)) {
                let element = tagger.element_of_link(node);
                page.links.push(Link { area, target, element });
            }
        }
        for number in page_numbers {
            write_page_number(context, &mut pages, &number, &anchors);
        }
        Document { pages, outline, structure: tagger.structure, places: named, ..Document::default() }
    }
}

/// Whether a link leads to an id that nothing has, and may: `<a href="#id" data-optional>` is then no link.
fn is_dead_option(context: &Context<'_>, link: NodeId, href: &Attribute<'_>, anchors: &Anchors<'_>) -> bool {
    let id = href.value.trim().strip_prefix('#');
    context.tree.attribute(link, "data-optional").is_some() && id.is_some_and(|id| !anchors.contains_key(id))
}

fn target(href: &Attribute<'_>, anchors: &Anchors<'_>, faults: &Faults<'_>) -> Option<Target> {
    let address = href.value.trim();
    if let Some(id) = address.strip_prefix('#') {
        let Some((page, top)) = anchors.get(id) else {
            faults.add(href.offset as usize, &href.value, "no element has this id");
            return None;
        };
        return Some(Target::Place { page: *page, top: (top * POINTS * 100.0) as i32 });
    }
    if !["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| address.starts_with(scheme)) {
        let message = "expected a link to http, https, mailto, tel or #id";
        faults.add(href.offset as usize, &href.value, message);
        return None;
    }
    Some(Target::Address(address.to_owned()))
}

/// Replaces the reserved digits by the target's page number, aligned to the right.
fn write_page_number(context: &Context<'_>, pages: &mut [Page], number: &PageNumber, anchors: &Anchors<'_>) {
    let page_of = |node: NodeId| anchors.get(context.tree.attribute(node, "href")?.value.trim().strip_prefix('#')?);
    let Some((page, _)) = page_of(number.link) else { return };
    let layer = pages.get_mut(number.page).and_then(|page| page.layers.get_mut(number.layer));
    let Some(Item::Text(text)) = layer.and_then(|layer| layer.items.get_mut(number.item)) else { return };
    let shown = (page + 1).to_string();
    let style = context.styles.get(number.style);
    let width: f64 = shown.chars().map(|digit| context.advance(style, digit)).sum();
    let width = (width * POINTS) as f32;
    text.x += text.width - width;
    text.width = width;
    text.text = shown.into();
    text.kerns = Box::default();
}
