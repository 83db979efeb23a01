//! What every step of layout reads.

use super::{
    boxes::Paragraph,
    fault::Faults,
    fonts::Faces,
    html::{NodeId, Tree},
    image::Pictures,
    kern::Kern,
    kerning::Shaper,
    style::{LineHeight, Style, Styles, snap},
};

/// The document's styles, faces and pictures, and where faults are collected.
pub(crate) struct Context<'c> {
    pub(crate) tree: &'c Tree<'c>,
    pub(crate) styles: &'c Styles,
    pub(crate) faces: &'c Faces,
    pub(crate) shaper: &'c Shaper<'c>,
    pub(crate) pictures: &'c Pictures,
    pub(crate) faults: &'c Faults<'c>,
}

/// How far a line reaches above and below the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extent {
    pub(crate) ascent: f64,
    pub(crate) descent: f64,
}

impl Extent {
    pub(crate) fn union(self, other: Extent) -> Extent {
        Extent { ascent: self.ascent.max(other.ascent), descent: self.descent.max(other.descent) }
    }

    pub(crate) fn lowered(self, by: f64) -> Extent {
        Extent { ascent: self.ascent - by, descent: self.descent + by }
    }

    pub(crate) fn height(self) -> f64 {
        self.ascent + self.descent
    }
}

impl Context<'_> {
    pub(crate) fn line_height(&self, style: &Style, face: u8) -> f64 {
        match style.line_height {
            LineHeight::Normal => {
                let metrics = self.faces.line_metrics(face, style.font_size);
                metrics.ascent + metrics.descent + metrics.gap
            }
            // Chromium rounds the font size to 1/64 px and truncates the product.
            LineHeight::Factor(factor) => snap(factor * (style.font_size * 64.0).round() / 64.0),
            LineHeight::Px(height) => height,
        }
    }

    /// Ascent and descent of a face, with leading; Chromium floors the leading above to whole px.
    pub(crate) fn extent(&self, style: &Style, face: u8) -> Extent {
        let metrics = self.faces.line_metrics(face, style.font_size);
        let height = self.line_height(style, face);
        let above = ((height - metrics.ascent - metrics.descent) / 2.0).floor();
        let ascent = metrics.ascent + above;
        Extent { ascent, descent: height - ascent }
    }

    /// The kerns of a paragraph, computed on first use.
    pub(crate) fn kerns<'p>(&self, paragraph: &'p Paragraph) -> &'p [Kern] {
        if self.shaper.is_idle() {
            return &[];
        }
        paragraph.kerns.get_or_init(|| self.shaper.kerns(paragraph, self.styles))
    }

    /// The link that a node is in.
    pub(crate) fn link_of(&self, node: NodeId) -> Option<NodeId> {
        let mut current = node;
        while let Some(found) = self.tree.get(current) {
            if self.tree.tag(current) == Some(super::html::Tag::A) && self.tree.attribute(current, "href").is_some() {
                return Some(current);
            }
            current = found.parent;
        }
        None
    }
}
