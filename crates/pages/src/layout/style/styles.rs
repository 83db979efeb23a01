//! The styles of a document, and which element has which.

use std::{collections::HashMap, rc::Rc};

use rustc_hash::FxBuildHasher;

use super::{
    color::Color,
    computed::{Border, BorderStyle},
    page::{MarginBox, PageStyle},
    properties::Style,
};
use crate::layout::html::NodeId;

/// Index of a style in [`Styles`].
pub(crate) type StyleId = u32;

/// The styles of a document and which element has which.
pub(crate) struct Styles {
    pub(super) styles: Vec<Rc<Style>>,
    pub(super) of_node: Vec<StyleId>,
    /// The style that anonymous boxes inherit from each style, made on first use.
    pub(super) anonymous: HashMap<StyleId, StyleId, FxBuildHasher>,
    /// The styles of cells with these halves of collapsed borders inside them; a long document has many tables that are alike.
    pub(super) halved: HashMap<(StyleId, [u64; 4]), StyleId, FxBuildHasher>,
    pub(crate) page: PageStyle,
    /// Styles of the margin boxes, of the first page and of the others.
    pub(super) margin_boxes: [Vec<StyleId>; 2],
    /// Whether any element forces a page break.
    pub(crate) any_forced_break: bool,
}

impl Styles {
    /// The style of a margin box on this page.
    pub(crate) fn margin_box(&self, page: usize, margin_box: &MarginBox) -> Option<StyleId> {
        let which = page.min(1);
        let index = self.page.boxes[which].iter().position(|one| one.place == margin_box.place)?;
        self.margin_boxes[which].get(index).copied()
    }

    pub(crate) fn of(&self, node: NodeId) -> StyleId {
        self.of_node.get(node.0 as usize).copied().unwrap_or(0)
    }

    pub(crate) fn get(&self, id: StyleId) -> &Style {
        // Style 0 is the initial style, which always exists.
        self.styles.get(id as usize).unwrap_or(&self.styles[0])
    }

    /// The style of anonymous boxes inside a box of style `parent`.
    pub(crate) fn anonymous(&mut self, parent: StyleId) -> StyleId {
        if let Some(known) = self.anonymous.get(&parent) {
            return *known;
        }
        let style = Style::inherited(self.get(parent));
        let id = self.add(style);
        self.anonymous.insert(parent, id);
        id
    }

    /// A style whose borders are halves of collapsed ones, which the table draws.
    pub(crate) fn with_halves(&mut self, of: StyleId, halves: [f64; 4]) -> StyleId {
        let key = (of, halves.map(f64::to_bits));
        if let Some(known) = self.halved.get(&key) {
            return *known;
        }
        let mut style = self.get(of).clone();
        for (border, width) in style.border.iter_mut().zip(halves) {
            *border = Border { width, style: BorderStyle::Solid, color: Some(Color::TRANSPARENT) };
        }
        let id = self.add(style);
        self.halved.insert(key, id);
        id
    }

    pub(crate) fn add(&mut self, style: Style) -> StyleId {
        self.styles.push(Rc::new(style));
        StyleId::try_from(self.styles.len() - 1).unwrap_or(0)
    }
}
