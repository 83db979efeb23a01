//! Conditions of selectors beyond type, class and id: position among siblings, attributes, previous siblings.
//!
//! Every condition of a style sheet is one bit; elements with the same bits can share a style.

use super::selector::{Path, Selector};
use crate::layout::html::{Kind, NodeId, Tag, Tree};

/// Conditions are bits of a 64-bit word in the cascade's key.
const CONDITIONS_MOST: usize = 64;

/// A condition on one element.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Root,
    Nth(Nth),
    Attribute {
        name: String,
        test: Test,
        value: String,
    },
    /// `before + subject`, or `before ~ subject`.
    Sibling {
        before: Selector,
        adjacent: bool,
    },
}

/// `:nth-child(an+b)` and its variants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Nth {
    pub(super) step: i64,
    pub(super) offset: i64,
    /// Counts only elements of the same type.
    pub(super) of_type: bool,
    pub(super) from_end: bool,
}

impl Nth {
    /// `place` counts from 1.
    pub(super) fn holds(self, place: u32) -> bool {
        let distance = i64::from(place) - self.offset;
        if self.step == 0 { distance == 0 } else { distance % self.step == 0 && distance / self.step >= 0 }
    }
}

/// How an attribute's value is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Test {
    Present,
    Equals,
    Starts,
    Ends,
    Contains,
    /// Equals one of the words.
    Word,
}

impl Test {
    fn holds(self, found: &str, wanted: &str) -> bool {
        match self {
            Test::Present => true,
            Test::Equals => found == wanted,
            // An empty string is not contained in any value (Selectors 4, 6.2).
            _ if wanted.is_empty() => false,
            Test::Starts => found.starts_with(wanted),
            Test::Ends => found.ends_with(wanted),
            Test::Contains => found.contains(wanted),
            Test::Word => found.split_ascii_whitespace().any(|word| word == wanted),
        }
    }
}

/// Returns the condition's bit; equal conditions share one.
pub(super) fn bit_of(condition: Condition, conditions: &mut Vec<Condition>) -> Result<usize, String> {
    if let Some(known) = conditions.iter().position(|known| *known == condition) {
        return Ok(known);
    }
    if conditions.len() == CONDITIONS_MOST {
        return Err(format!("expected at most {CONDITIONS_MOST} different conditions like :nth-child(2) or h2 +"));
    }
    conditions.push(condition);
    Ok(conditions.len() - 1)
}

/// State of the siblings of one parent, which are visited in order.
pub(super) struct Siblings<'s> {
    conditions: &'s [Condition],
    /// Number of elements, and number of each type; counted only if a condition needs it.
    count: u32,
    types: Vec<(Tag, u32)>,
    seen: Vec<(Tag, u32)>,
    of_types: bool,
    of_siblings: bool,
    /// Sibling conditions that hold for the next element only, and for all following ones.
    next: u64,
    following: u64,
}

impl<'s> Siblings<'s> {
    pub(super) fn new(conditions: &'s [Condition], tree: &Tree<'_>, parent: NodeId) -> Self {
        let of_types = conditions.iter().any(|one| matches!(one, Condition::Nth(nth) if nth.of_type));
        let of_siblings = conditions.iter().any(|one| matches!(one, Condition::Sibling { .. }));
        let last = tree.get(parent).map_or(NodeId::NONE, |parent| parent.last_element);
        let count = tree.get(last).map_or(0, |last| last.index);
        let mut types = Vec::new();
        if of_types {
            for child in tree.children(parent) {
                if let Some(Kind::Element { tag, .. }) = tree.get(child).map(|node| &node.kind) {
                    *counter(&mut types, *tag) += 1;
                }
            }
        }
        Self { conditions, count, types, seen: Vec::new(), of_types, of_siblings, next: 0, following: 0 }
    }

    /// The bits of the conditions that hold for the next element.
    pub(super) fn conditions_of(&mut self, tree: &Tree<'_>, node: NodeId, tag: Tag) -> u64 {
        if self.conditions.is_empty() {
            return 0;
        }
        let Some(element) = tree.get(node) else { return 0 };
        let (mut type_index, mut type_count) = (0, 0);
        if self.of_types {
            let seen = counter(&mut self.seen, tag);
            *seen += 1;
            (type_index, type_count) = (*seen, *counter(&mut self.types, tag));
        }
        let mut bits = self.next | self.following;
        for (bit, condition) in self.conditions.iter().enumerate() {
            let holds = match condition {
                Condition::Root => element.parent == Tree::ROOT,
                Condition::Nth(nth) => {
                    let (index, count) =
                        if nth.of_type { (type_index, type_count) } else { (element.index, self.count) };
                    nth.holds(if nth.from_end { (count + 1).saturating_sub(index) } else { index })
                }
                Condition::Attribute { name, test, value } => {
                    tree.attribute(node, name).is_some_and(|found| test.holds(&found.value, value))
                }
                Condition::Sibling { .. } => false,
            };
            bits |= u64::from(holds) << bit;
        }
        bits
    }

    /// Records that an element was visited.
    pub(super) fn passed(&mut self, path: &Path<'_>) {
        if !self.of_siblings {
            return;
        }
        self.next = 0;
        for (bit, condition) in self.conditions.iter().enumerate() {
            let Condition::Sibling { before, adjacent } = condition else { continue };
            if before.matches(path) {
                let bits = if *adjacent { &mut self.next } else { &mut self.following };
                *bits |= 1 << bit;
            }
        }
    }
}

fn counter(counts: &mut Vec<(Tag, u32)>, tag: Tag) -> &mut u32 {
    let at = counts.iter().position(|(known, _)| *known == tag).unwrap_or_else(|| {
        counts.push((tag, 0));
        counts.len() - 1
    });
    &mut counts[at].1
}
