//! Objects that several steps write: names, numbers, destinations of links and bookmarks.

use lopdf::{Object, ObjectId};

use super::content::thousandths;
use crate::layout::Document;

pub(super) fn name(text: &str) -> Object {
    Object::Name(text.as_bytes().to_vec())
}

pub(super) fn rounded(value: f32) -> f32 {
    thousandths(value) as f32 / 1000.0
}

pub(super) fn real(value: f32) -> Object {
    Object::Real(rounded(value))
}

pub(super) fn destination(document: &Document, pages: &[ObjectId], page: usize, top: f32) -> Object {
    let height = document.pages.get(page).map_or(0.0, |page| page.height);
    let id = pages.get(page).copied().unwrap_or_default();
    vec![Object::Reference(id), name("XYZ"), Object::Null, real(height - top), Object::Null].into()
}
