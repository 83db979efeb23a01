//! Computes the styles of all elements and of the page from CSS: a closed list of selectors and properties.

mod border;
mod boxes;
mod cascade;
mod color;
mod computed;
mod conditions;
mod declaration;
mod defaults;
mod flexible;
mod font;
mod index;
mod known;
mod page;
mod properties;
mod rules;
mod scanner;
mod selector;
mod styles;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod variables;

pub(crate) use cascade::cascade;
pub(crate) use color::Color;
pub(crate) use computed::*;
pub(crate) use page::{MarginBox, Piece};
pub(crate) use properties::Style;
pub(crate) use styles::{StyleId, Styles};
pub(crate) use value::{Size, snap};
