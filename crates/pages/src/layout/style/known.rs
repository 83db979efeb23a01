//! Styles that earlier documents of this thread have computed. The documents of a month have one style sheet, but for what they
//! print in their margins; so most of them need not even parse it.
//!
//! A style depends on nothing but the style sheet and the chain of keys up to the root. Kept are the style sheet's text, the
//! styles, and the classes and `style` attributes that they are for; nothing of it comes into any document but the styles.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use rustc_hash::{FxBuildHasher, FxHashSet};

use super::{conditions::Condition, properties::Style, rules::Source, styles::StyleId};
use crate::layout::html::Tag;

/// Style sheets that are kept, the last used: a design has a few, for what an invoice has and how much room it takes.
const SHEETS_MOST: usize = 8;
/// No more styles, and strings that they are for, are kept of a style sheet; a document of the built-in designs has some 250.
const KEPT_MOST: usize = 4096;

/// Everything an element's style depends on; elements with the same key share one style. Strings are given by number.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) parent: StyleId,
    pub(super) tag: Tag,
    /// Only an id that a selector names: every part of a long document has an id for links to it, and would else have styles
    /// of its own down to the last cell.
    pub(super) id: u32,
    pub(super) class: u32,
    pub(super) conditions: u64,
    pub(super) inline: u32,
    pub(super) is_link: bool,
    pub(super) is_hidden: bool,
}

/// The styles that a style sheet gives.
pub(super) struct Known {
    /// Selectors and declarations of its rules, as written.
    sheet: Vec<(Box<str>, Box<str>)>,
    pub(super) conditions: Rc<[Condition]>,
    /// The ids that its selectors name.
    pub(super) ids: FxHashSet<Box<str>>,
    /// Numbers of strings; only looked up, so that the order of the hash does not show.
    words: HashMap<Box<str>, u32, FxBuildHasher>,
    keys: HashMap<Key, StyleId, FxBuildHasher>,
    /// The first is the initial style.
    pub(super) styles: Vec<Rc<Style>>,
    /// Comparisons that it took to compute each style.
    pub(super) comparisons: Vec<usize>,
}

thread_local! {
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

impl Known {
    /// Takes what is known of a style sheet.
    pub(super) fn take(sources: &[Source<'_>]) -> Option<Known> {
        let is_same = |known: &Known| {
            let texts = sources.iter().map(|source| (source.selectors, source.block.text));
            known.sheet.iter().map(|(selectors, block)| (&**selectors, &**block)).eq(texts)
        };
        KNOWN.with_borrow_mut(|all| all.iter().position(is_same).map(|index| all.remove(index)))
    }

    /// Nothing is known of a style sheet with these conditions and ids.
    pub(super) fn nothing(sources: &[Source<'_>], conditions: &[Condition], ids: FxHashSet<Box<str>>) -> Known {
        Known {
            sheet: sources.iter().map(|source| (source.selectors.into(), source.block.text.into())).collect(),
            conditions: conditions.into(),
            ids,
            words: HashMap::default(),
            keys: HashMap::default(),
            styles: vec![Rc::new(Style::initial())],
            comparisons: vec![0],
        }
    }

    /// Keeps it for the documents to come; only of a document without faults, which the next one would not find again.
    pub(super) fn keep(self) {
        if self.styles.len().max(self.words.len()) <= KEPT_MOST {
            KNOWN.with_borrow_mut(|all| {
                all.insert(0, self);
                all.truncate(SHEETS_MOST);
            });
        }
    }

    /// The number of a string.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if let Some(known) = self.words.get(text) {
            return *known;
        }
        let number = u32::try_from(self.words.len() + 1).unwrap_or(u32::MAX);
        self.words.insert(text.into(), number);
        number
    }

    pub(super) fn find(&self, key: &Key) -> Option<StyleId> {
        self.keys.get(key).copied()
    }

    /// Adds a style, and how many comparisons it took.
    pub(super) fn add(&mut self, key: Key, style: Style, comparisons: usize) -> StyleId {
        let id = StyleId::try_from(self.styles.len()).unwrap_or(0);
        self.styles.push(Rc::new(style));
        self.comparisons.push(comparisons);
        self.keys.insert(key, id);
        id
    }
}
