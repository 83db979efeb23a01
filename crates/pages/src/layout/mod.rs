//! Lays out HTML as pages: the position of everything, down to the last character. Knows nothing of invoices.
//!
//! In: one HTML document with its print CSS, faces, and a source of pictures. Out: a [`Document`] of finished pages, or
//! every fault with its line and column. Positions agree with a browser's print within a point.
//!
//! `html` tree → `style` cascade → `boxes` → `block`, `flex`, `table`, `lines` (a canvas without pages) → `paginate` → `page`.

#![allow(clippy::float_arithmetic)]

mod block;
mod box_builder;
mod boxes;
mod break_rules;
mod breaking;
mod character_map;
mod columns;
mod context;
mod decoration;
mod fault;
mod few;
mod filling;
mod flex;
mod flex_column;
mod fonts;
mod fragment;
mod html;
mod image;
mod intrinsic;
mod jpeg;
mod justify;
mod kern;
mod kerning;
mod letters;
mod lines;
mod margin_boxes;
mod markers;
mod page;
mod paginate;
mod paragraph;
mod picture;
mod place;
#[cfg(test)]
mod properties;
mod shield;
mod space;
mod structure;
mod style;
mod svg;
mod svg_source;
mod table;
mod table_borders;
mod table_boxes;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use fault::{Fault, Missing};
pub(crate) use fonts::{DAMAGED, Face};
pub use fonts::{FaceError, Faces};
pub use image::ImageSource;
pub use kern::Kern;
pub(crate) use letters::{Letter, letters};
pub use page::{Area, Document, Heading, Item, Layer, Link, NamedPlace, Page, Shape, Target, Text};
pub use picture::{Outline, Path, Picture, PictureData, Rgb, Step};
pub(crate) use shield::shielded;

pub use structure::{Element, Mark, Role, Structure};

use context::Context;
use fault::Faults;
use image::Pictures;
use kerning::Shaper;
use space::Space;

/// The tree of a document as text, one element or text node a line, indented by depth. It is the tree of a browser's
/// parser, without `head`, which may be omitted, and without white space where no text is allowed.
///
/// # Errors
/// Everything that is not HTML, or not in the closed list.
pub fn describe_tree(html: &str) -> Result<String, Vec<Fault>> {
    let faults = Faults::new(html);
    let description = html::parse(html, &faults).describe();
    if faults.is_empty() { Ok(description) } else { Err(faults.into_vec()) }
}

/// Lays out a document; `images` returns the picture of each `src`.
///
/// # Errors
/// Everything in the HTML and CSS that is not in the closed list, or cannot be laid out, all at once.
pub fn lay_out(html: &str, faces: &Faces, images: &ImageSource<'_>) -> Result<Document, Vec<Fault>> {
    let faults = Faults::new(html);
    let tree = html::parse(html, &faults);
    let mut styles = style::cascade(&tree, tree.len(), &faults);
    if !faults.is_empty() {
        return Err(faults.into_vec());
    }
    let mut pictures = Pictures::default();
    let boxes = box_builder::build(&tree, &mut styles, &faults, &mut pictures, images, faces);
    let shaper = Shaper::new(faces);
    let context =
        Context { tree: &tree, styles: &styles, faces, shaper: &shaper, pictures: &pictures, faults: &faults };
    let width = styles.page.content_area(1).width;
    let root = context.block(&boxes.root, Space { is_last: true, ..Space::of_width(width) }).fragment;
    let fixed = paginate::lay_out_fixed(&context, &boxes.fixed);
    // Fragments contain all that pages need; the boxes' texts are as large as the document, so free them first.
    drop(boxes);
    let document = paginate::paginate(&context, root, fixed);
    for file in shaper.damaged() {
        faults.add_face(file, fonts::DAMAGED);
    }
    if !faults.is_empty() {
        return Err(faults.into_vec());
    }
    Ok(Document { pictures: pictures.loaded, missing: faults.missing(), ..document })
}
