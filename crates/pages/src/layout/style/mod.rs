//! CSS → a computed style for every element and for the page: a closed list of selectors and properties.

mod apply;
mod border;
mod cascade;
mod color;
mod computed;
mod conditions;
mod defaults;
mod flexible;
mod index;
mod inherit;
mod page;
mod rules;
mod scanner;
mod selector;
mod value;
mod variables;

pub(crate) use cascade::{StyleId, Styles, cascade};
pub(crate) use color::Color;
pub(crate) use computed::*;
pub(crate) use page::{MarginBox, Piece};
pub(crate) use value::snap;
