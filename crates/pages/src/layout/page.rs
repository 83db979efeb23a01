//! The result of layout: pages with everything in its place. Lengths are points (1/72 inch), `x` is measured from the
//! left and `y` from the top of the page.

use std::sync::Arc;

use super::{
    fault::Missing,
    kern::Kern,
    picture::{Outline, Picture, Rgb},
    structure::{Mark, Structure},
};

/// A laid-out document; the PDF writer has nothing left to decide.
#[derive(Debug, Default)]
pub struct Document {
    /// The pages in order; at least one.
    pub pages: Vec<Page>,
    /// Bookmarks in document order.
    pub outline: Vec<Heading>,
    /// The pictures that pages refer to by index.
    pub pictures: Vec<Arc<Picture>>,
    /// The logical structure of the content, in reading order.
    pub structure: Structure,
    /// Where the elements with an `id` are, in the order in which they start.
    pub places: Vec<NamedPlace>,
    /// The characters that no face has, in the order of their first occurrences; 〓 is printed in their place.
    pub missing: Vec<Missing>,
}

/// One page; later layers are painted over earlier ones.
#[derive(Debug, Default)]
pub struct Page {
    /// Width of the paper.
    pub width: f32,
    /// Height of the paper.
    pub height: f32,
    /// Painted in order.
    pub layers: Vec<Layer>,
    /// Clickable areas.
    pub links: Vec<Link>,
}

impl Page {
    /// How far down the page its own text and pictures reach, in percent of the paper's height: what repeats on every page
    /// and what stands in the margins does not count.
    pub fn filled_percent(&self) -> u32 {
        let bottom = self.layers.iter().flat_map(Layer::read_items).map(Item::bottom).fold(0.0, f32::max);
        (bottom / self.height * 100.0) as u32
    }
}

impl Layer {
    /// The items that are read: those of no element repeat or decorate.
    fn read_items(&self) -> impl Iterator<Item = &Item> {
        let mut marks = self.marks.iter().peekable();
        let mut is_read = false;
        (0_u32..).zip(&self.items).filter_map(move |(index, item)| {
            while let Some(mark) = marks.next_if(|mark| mark.first <= index) {
                is_read = !mark.is_artifact();
            }
            is_read.then_some(item)
        })
    }
}

impl Item {
    /// The baseline of text, the lower edge of a picture.
    fn bottom(&self) -> f32 {
        match self {
            Item::Text(text) => text.y,
            Item::Picture { area, .. } => area.y + area.height,
            Item::Outline(_) => 0.0,
        }
    }
}

/// Shapes, then text and pictures above them.
#[derive(Debug, Default)]
pub struct Layer {
    /// Backgrounds, borders and lines, painted in order.
    pub shapes: Vec<Shape>,
    /// Text and pictures, painted in order.
    pub items: Vec<Item>,
    /// Maps items to structure elements; the first mark is at the first item.
    pub marks: Vec<Mark>,
}

/// A rectangle on the page.
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

/// A filled or stroked shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A rectangle.
    Rectangle {
        /// Position and size.
        area: Area,
        /// Fill colour.
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
        /// Length of a dash and of the gap after it.
        dash: (f32, f32),
        /// Line colour.
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
        /// Position and size.
        area: Area,
    },
    /// A part of a drawing.
    Outline(Outline),
}

/// Text of one face, size and colour on one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Left end of the baseline.
    pub x: f32,
    /// The baseline.
    pub y: f32,
    /// Advance of the whole text.
    pub width: f32,
    /// Font size.
    pub size: f32,
    /// Added after every character.
    pub letter_spacing: f32,
    /// Index of the face in the document's [`Faces`](super::Faces).
    pub face: u8,
    /// Colour.
    pub color: Rgb,
    /// Kerns in the order of the letters; `width` includes them.
    pub kerns: Box<[Kern]>,
    /// The characters; the face has a glyph for each, chosen by the variation selector after it, if any.
    pub text: Box<str>,
}

/// Where an element with an `id` starts and ends in the flow.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedPlace {
    /// Its `id`.
    pub id: Box<str>,
    /// Index of the page of its first line, and the distance from that page's top.
    pub start: (usize, f32),
    /// Index of the page of its last line, and the distance from that page's top.
    pub end: (usize, f32),
}

/// A link: a clickable area and its target.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The clickable area.
    pub area: Area,
    /// Target of the link.
    pub target: Target,
    /// Index of its structure element.
    pub element: Option<u32>,
}

/// Target of a link.
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

/// An entry of the outline: a heading, or an element with `bookmark-level`.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading {
    /// From 1, the outermost level.
    pub level: u8,
    /// Its text.
    pub title: String,
    /// Index of its page.
    pub page: usize,
    /// Distance from the top of the page.
    pub top: f32,
}
