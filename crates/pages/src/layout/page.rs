//! What comes out of layout: pages with everything in its place. Lengths are points (1/72 inch), `x` from the left and `y`
//! from the top of the page.

use std::sync::Arc;

use super::{
    fault::Missing,
    kern::Kern,
    picture::{Outline, Picture, Rgb},
    structure::{Mark, Structure},
};

/// A laid-out document; nothing is left to decide for who writes it.
#[derive(Debug, Default)]
pub struct Document {
    /// The pages in order; at least one.
    pub pages: Vec<Page>,
    /// Bookmarks in document order.
    pub outline: Vec<Heading>,
    /// The pictures that pages refer to by index.
    pub pictures: Vec<Arc<Picture>>,
    /// What the content of the pages is, in reading order.
    pub structure: Structure,
    /// The characters that no face has, by their first places in the HTML; 〓 stands in their place.
    pub missing: Vec<Missing>,
}

/// One page; its layers are painted one over another.
#[derive(Debug, Default)]
pub struct Page {
    /// Of the paper.
    pub width: f32,
    /// Of the paper.
    pub height: f32,
    /// Painted in order.
    pub layers: Vec<Layer>,
    /// Areas that lead somewhere.
    pub links: Vec<Link>,
}

/// Shapes first, then text and pictures.
#[derive(Debug, Default)]
pub struct Layer {
    /// Backgrounds, borders and lines, painted in order.
    pub shapes: Vec<Shape>,
    /// Text and pictures, painted in order.
    pub items: Vec<Item>,
    /// Which element of the structure the items belong to; the first mark is at the first item.
    pub marks: Vec<Mark>,
}

/// A part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Area {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

/// Something filled.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A rectangle.
    Rectangle {
        /// Where.
        area: Area,
        /// Filled with.
        color: Rgb,
    },
    /// A closed outline.
    Outline(Outline),
    /// A dashed line from one point to another.
    Dashes {
        /// The start.
        from: (f32, f32),
        /// The end.
        to: (f32, f32),
        /// Thickness.
        width: f32,
        /// Length of a dash and of the gap behind it.
        dash: (f32, f32),
        /// Drawn with.
        color: Rgb,
    },
}

/// Text, a picture or a part of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Text of one face.
    Text(Text),
    /// A picture stretched over an area.
    Picture {
        /// Index into [`Document::pictures`].
        index: usize,
        /// Where.
        area: Area,
    },
    /// A part of a drawing.
    Outline(Outline),
}

/// Text of one face, size and colour on one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Where it starts.
    pub x: f32,
    /// Its baseline.
    pub y: f32,
    /// How far it goes.
    pub width: f32,
    /// Font size.
    pub size: f32,
    /// Added after every character.
    pub letter_spacing: f32,
    /// Index of the face in the [`Faces`](super::Faces) laid out with.
    pub face: u8,
    /// Colour.
    pub color: Rgb,
    /// Room between letters, in their order; `width` includes it.
    pub kerns: Box<[Kern]>,
    /// The characters; each has a glyph in the face, which a variation selector behind it chooses.
    pub text: Box<str>,
}

/// An area that leads somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Where it can be clicked.
    pub area: Area,
    /// Where it leads.
    pub target: Target,
    /// Its element in the structure, by index.
    pub element: Option<u32>,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An address on the web or for mail.
    Address(String),
    /// A place in the document: a page by index, and the distance from its top in hundredths of a point.
    Place {
        /// Index of the page.
        page: usize,
        /// From its top, in 1/100 pt.
        top: i32,
    },
}

/// An entry of the outline: a heading, or what `bookmark-level` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading {
    /// From 1, the outermost.
    pub level: u8,
    /// Its text.
    pub title: String,
    /// Index of its page.
    pub page: usize,
    /// From the top of the page.
    pub top: f32,
}
