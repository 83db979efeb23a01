//! Links find their targets once all pages are known.

use super::Pager;
use crate::layout::{
    page::{Document, Link, Target},
    place::{POINTS, Sheets},
};

impl Pager<'_, '_> {
    pub(super) fn finish(self) -> Document {
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
