//! Parses HTML to a tree. Stricter than a browser: what a browser would repair silently is a fault.

mod builder;
mod entities;
mod tags;
mod tokens;

pub(crate) use builder::parse;
pub(crate) use tags::Tag;

use std::borrow::Cow;

/// Index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(pub(crate) u32);

impl NodeId {
    /// No node: the end of a list of siblings, or an anonymous box.
    pub(crate) const NONE: NodeId = NodeId(u32::MAX);

    pub(crate) fn is_some(self) -> bool {
        self != NodeId::NONE
    }

    /// The marker of a list item, as a mark of its own.
    pub(crate) fn label(self) -> NodeId {
        NodeId(self.0 | LABEL)
    }

    /// The node, and whether the id stands for its marker.
    pub(crate) fn of_label(self) -> (NodeId, bool) {
        (NodeId(self.0 & !LABEL), self.0 & LABEL != 0)
    }
}

const LABEL: u32 = 1 << 31;

/// All nodes in source order; node 0 is the document.
pub(crate) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    attributes: Vec<Attribute<'a>>,
}

pub(crate) struct Node<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) parent: NodeId,
    pub(crate) next: NodeId,
    pub(crate) first: NodeId,
    last: NodeId,
    /// The last child that is an element, for `:last-child`.
    pub(crate) last_element: NodeId,
    /// Byte offset of `<` or of the text.
    pub(crate) offset: u32,
    /// Index among the parent's elements, from 1, for `:nth-child`.
    pub(crate) index: u32,
}

pub(crate) enum Kind<'a> {
    Document,
    Element { tag: Tag, first_attribute: u32, attributes: u16 },
    Text(Cow<'a, str>),
}

pub(crate) struct Attribute<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: Cow<'a, str>,
    /// Byte offset of the value.
    pub(crate) offset: u32,
}

impl<'a> Tree<'a> {
    pub(crate) const ROOT: NodeId = NodeId(0);

    fn new() -> Self {
        let mut tree = Tree { nodes: Vec::new(), attributes: Vec::new() };
        tree.add(NodeId::NONE, Kind::Document, 0);
        tree
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node<'a>> {
        self.nodes.get(id.0 as usize)
    }

    pub(crate) fn children(&self, id: NodeId) -> Children<'_, 'a> {
        Children { tree: self, next: self.get(id).map_or(NodeId::NONE, |node| node.first) }
    }

    pub(crate) fn tag(&self, id: NodeId) -> Option<Tag> {
        match self.get(id)?.kind {
            Kind::Element { tag, .. } => Some(tag),
            _ => None,
        }
    }

    pub(crate) fn attributes(&self, id: NodeId) -> &[Attribute<'a>] {
        match self.get(id).map(|node| &node.kind) {
            Some(Kind::Element { first_attribute, attributes, .. }) => {
                let start = *first_attribute as usize;
                self.attributes.get(start..start + usize::from(*attributes)).unwrap_or_default()
            }
            _ => &[],
        }
    }

    pub(crate) fn attribute(&self, id: NodeId, name: &str) -> Option<&Attribute<'a>> {
        self.attributes(id).iter().find(|attribute| attribute.name == name)
    }

    /// Whether an element shows the page number of its target.
    pub(crate) fn is_page_number(&self, id: NodeId) -> bool {
        self.tag(id) == Some(Tag::A) && self.attribute(id, "data-page").is_some()
    }

    /// Number of elements with a tag.
    pub(crate) fn count(&self, wanted: Tag) -> usize {
        self.nodes.iter().filter(|node| matches!(node.kind, Kind::Element { tag, .. } if tag == wanted)).count()
    }

    pub(crate) fn offset(&self, id: NodeId) -> usize {
        self.get(id).map_or(0, |node| node.offset as usize)
    }

    /// The text of a node and its descendants.
    pub(crate) fn text(&self, id: NodeId) -> String {
        let mut text = String::new();
        self.push_text(id, &mut text);
        text
    }

    fn push_text(&self, id: NodeId, text: &mut String) {
        if let Some(Kind::Text(part)) = self.get(id).map(|node| &node.kind) {
            text.push_str(part);
        }
        for child in self.children(id) {
            self.push_text(child, text);
        }
    }

    /// One element or text node a line; `head` is left out, but not its children.
    pub(crate) fn describe(&self) -> String {
        let mut text = String::new();
        // Nodes still to print, each with its depth, in reverse.
        let mut stack: Vec<(NodeId, usize)> = self.children(Tree::ROOT).map(|child| (child, 0)).collect();
        stack.reverse();
        while let Some((id, depth)) = stack.pop() {
            let mut inner = depth + 1;
            match self.get(id).map(|node| &node.kind) {
                Some(Kind::Text(part)) => text += &format!("{:depth$}{part:?}\n", ""),
                Some(Kind::Element { tag: Tag::Head, .. }) => inner = depth,
                Some(Kind::Element { tag, .. }) => {
                    text += &format!("{:depth$}<{}", "", tag.name());
                    for attribute in self.attributes(id) {
                        text += &format!(" {}={:?}", attribute.name, attribute.value);
                    }
                    text += ">\n";
                }
                Some(Kind::Document) | None => {}
            }
            let first = stack.len();
            stack.extend(self.children(id).map(|child| (child, inner)));
            stack[first..].reverse();
        }
        text
    }

    fn add(&mut self, parent: NodeId, kind: Kind<'a>, offset: usize) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX - 1));
        let is_element = matches!(kind, Kind::Element { .. });
        let none = NodeId::NONE;
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let mut node = Node { kind, parent, next: none, first: none, last: none, last_element: none, offset, index: 0 };
        let (mut previous, mut index) = (none, 0);
        if let Some(parent) = self.nodes.get_mut(parent.0 as usize) {
            previous = parent.last;
            parent.last = id;
            if !parent.first.is_some() {
                parent.first = id;
            }
            index = parent.last_element.0;
            if is_element {
                parent.last_element = id;
            }
        }
        if is_element {
            let before = self.nodes.get(index as usize).map_or(0, |sibling| sibling.index);
            node.index = before + 1;
        }
        if let Some(previous) = self.nodes.get_mut(previous.0 as usize) {
            previous.next = id;
        }
        self.nodes.push(node);
        id
    }
}

pub(crate) struct Children<'t, 'a> {
    tree: &'t Tree<'a>,
    next: NodeId,
}

impl Iterator for Children<'_, '_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = self.next;
        self.next = self.tree.get(id)?.next;
        Some(id)
    }
}
