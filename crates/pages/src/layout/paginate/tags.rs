//! Builds the document's structure from the part of the HTML tree that was printed.
//!
//! While pages are filled, marks refer to HTML nodes. Here every node that is marked, or contains a marked one, gets
//! its element, and the marks then refer to elements. Blocks without a role have no element: their text becomes a
//! paragraph, and their blocks belong to the enclosing element.

use crate::layout::{
    context::Context,
    html::{NodeId, Tag},
    page::Page,
    structure::{Element, Mark, Role, Structure},
    style::Display,
};

/// The node or something in it is marked.
const USED: u8 = 1;
/// The node itself, or an inline element in it, contains text.
const HOLDS_TEXT: u8 = 2;
/// A block in the node is used.
const HOLDS_BLOCKS: u8 = 4;
/// The marker of the list item is marked.
const LABELLED: u8 = 8;
/// The row is marked as a whole.
const WHOLE_ROW: u8 = 16;
/// Part of a table that is only used for layout (`role="presentation"`).
const ARRANGES: u8 = 32;

/// The elements for a node's content.
#[derive(Clone, Copy)]
struct Entry {
    node: NodeId,
    /// Parent of the blocks in it.
    container: u32,
    /// Element of its text.
    content: u32,
    label: u32,
}

/// The structure under construction, and the elements of every node.
pub(super) struct Tagger<'t, 'c> {
    context: &'t Context<'c>,
    flags: Vec<u8>,
    entries: Vec<Entry>,
    pub(super) structure: Structure,
}

/// Builds the structure and makes the pages' marks refer to its elements.
pub(super) fn tag<'t, 'c>(context: &'t Context<'c>, pages: &mut [Page]) -> Tagger<'t, 'c> {
    let flags = vec![0; context.tree.len()];
    let root = Element { role: Role::Document, parent: 0, span: (1, 1) };
    let structure = Structure { elements: vec![root], ..Structure::default() };
    let mut tagger = Tagger { context, flags, entries: Vec::new(), structure };
    for mark in pages.iter().flat_map(|page| &page.layers).flat_map(|layer| &layer.marks) {
        tagger.note(*mark);
    }
    tagger.build();
    for layer in pages.iter_mut().flat_map(|page| &mut page.layers) {
        for mark in &mut layer.marks {
            mark.element = tagger.element_of_mark(mark.element);
        }
        layer.marks.dedup_by_key(|mark| mark.element);
    }
    tagger
}

impl Tagger<'_, '_> {
    fn has(&self, node: NodeId, flag: u8) -> bool {
        self.flags.get(node.0 as usize).is_some_and(|flags| flags & flag != 0)
    }

    fn set(&mut self, node: NodeId, flag: u8) {
        if let Some(flags) = self.flags.get_mut(node.0 as usize) {
            *flags |= flag;
        }
    }

    /// Flags a marked node and its ancestors.
    fn note(&mut self, mark: Mark) {
        if mark.is_artifact() {
            return;
        }
        let (marked, is_label) = NodeId(mark.element).of_label();
        let tag = self.context.tree.tag(marked);
        match tag {
            _ if is_label => self.set(marked, LABELLED),
            Some(Tag::Tr) => self.set(marked, WHOLE_ROW),
            Some(Tag::Img) => {}
            _ => self.set(marked, HOLDS_TEXT),
        }
        let (mut node, mut holds) = (marked, if tag == Some(Tag::Img) { 0 } else { HOLDS_TEXT });
        loop {
            let known = self.has(node, USED);
            self.set(node, USED);
            let Some(parent) = self.context.tree.get(node).map(|node| node.parent).filter(|parent| parent.is_some())
            else {
                return;
            };
            if !self.context.tree.tag(node).is_some_and(Tag::is_phrasing)
                && self.context.tree.tag(node) != Some(Tag::Img)
            {
                holds = HOLDS_BLOCKS;
            }
            if known && self.has(parent, holds) {
                return;
            }
            self.set(parent, holds);
            node = parent;
        }
    }

    /// Gives every used node its elements, in source order.
    fn build(&mut self) {
        let tree = self.context.tree;
        // The ancestors of the current node, innermost last.
        let mut around: Vec<Entry> = Vec::new();
        for index in 0..tree.len() {
            let node = NodeId(u32::try_from(index).unwrap_or(u32::MAX));
            let Some(parent) = tree.get(node).map(|node| node.parent) else { continue };
            // Descendants of an unused node are unused, too.
            if !self.has(node, USED) && !self.is_empty_cell(node, parent) {
                continue;
            }
            while around.last().is_some_and(|last| last.node != parent) {
                around.pop();
            }
            let outer = around.last().copied().unwrap_or(Entry { node, container: 0, content: 0, label: 0 });
            let entry = self.entry(node, outer);
            around.push(entry);
            self.entries.push(entry);
        }
    }

    /// Whether it is an empty cell; those are kept, because they keep a table's columns in order.
    fn is_empty_cell(&self, node: NodeId, row: NodeId) -> bool {
        matches!(self.context.tree.tag(node), Some(Tag::Td | Tag::Th))
            && self.has(row, USED)
            && !self.has(row, WHOLE_ROW | ARRANGES)
            && self.context.styles.get(self.context.styles.of(node)).display != Display::None
    }

    fn add(&mut self, role: Role, parent: u32) -> u32 {
        self.structure.elements.push(Element { role, parent, span: (1, 1) });
        u32::try_from(self.structure.elements.len() - 1).unwrap_or(Mark::ARTIFACT)
    }

    fn entry(&mut self, node: NodeId, outer: Entry) -> Entry {
        let tree = self.context.tree;
        let Some(tag) = tree.tag(node) else { return Entry { node, ..outer } };
        if tag == Tag::Table && tree.attribute(node, "role").is_some_and(|role| role.value == "presentation")
            || tag != Tag::Table && is_table_part(tag) && self.has(outer.node, ARRANGES)
        {
            self.set(node, ARRANGES);
        }
        let one = |element: u32| Entry { node, container: element, content: element, label: element };
        let language = tree.attribute(node, "lang").filter(|_| tag != Tag::Html).map(|lang| lang.value.to_string());
        let entry = match self.role(node, tag, outer.node) {
            Some(role @ (Role::Link | Role::Figure | Role::Span)) => one(self.add(role, outer.content)),
            Some(Role::ListItem) => self.list_item(node, outer.container),
            Some(Role::TableRow) if self.has(node, WHOLE_ROW) => self.whole_row(node, outer.container),
            Some(role) => {
                let element = self.add(role, outer.container);
                self.with_paragraph(node, role, one(element))
            }
            None if tag.is_phrasing() && language.is_some() => one(self.add(Role::Span, outer.content)),
            None if tag.is_phrasing() => one(outer.content),
            None if language.is_some() => {
                let element = self.add(Role::Division, outer.container);
                self.with_paragraph(node, Role::Division, one(element))
            }
            None => self.with_paragraph(node, Role::Division, one(outer.container)),
        };
        if let Some(language) = language {
            self.structure.languages.insert(entry.container, language);
        }
        self.describe(node, tag, entry.container);
        entry
    }

    /// Adds a paragraph for text directly in a group of blocks.
    fn with_paragraph(&mut self, node: NodeId, role: Role, entry: Entry) -> Entry {
        let groups = matches!(role, Role::Section | Role::Division | Role::Quotation);
        if !groups || !self.has(node, HOLDS_TEXT) {
            return entry;
        }
        let paragraph = self.add(Role::Paragraph, entry.container);
        let container = if self.has(node, HOLDS_BLOCKS) { entry.container } else { paragraph };
        Entry { container, content: paragraph, ..entry }
    }

    fn list_item(&mut self, node: NodeId, parent: u32) -> Entry {
        let item = self.add(Role::ListItem, parent);
        let label = if self.has(node, LABELLED) { self.add(Role::Label, item) } else { item };
        let body = self.add(Role::ListBody, item);
        Entry { node, container: body, content: body, label }
    }

    /// Adds a row that is marked as a whole, with one cell over all columns.
    fn whole_row(&mut self, node: NodeId, parent: u32) -> Entry {
        let row = self.add(Role::TableRow, parent);
        let cell = self.add(Role::TableCell, row);
        let cells = self.context.tree.children(node).filter(|child| self.context.tree.tag(*child).is_some());
        let columns = cells.map(|cell| self.span(cell, "colspan")).sum();
        if let Some(cell) = self.structure.elements.get_mut(cell as usize) {
            cell.span.0 = columns;
        }
        Entry { node, container: cell, content: cell, label: cell }
    }

    fn span(&self, node: NodeId, name: &str) -> u16 {
        self.context.tree.attribute(node, name).and_then(|span| span.value.trim().parse().ok()).unwrap_or(1)
    }

    /// Sets the spans of cells and the alternative texts of pictures.
    fn describe(&mut self, node: NodeId, tag: Tag, element: u32) {
        match tag {
            Tag::Td | Tag::Th if !self.has(node, ARRANGES) => {
                let span = (self.span(node, "colspan"), self.span(node, "rowspan"));
                let element = self.structure.elements.get_mut(element as usize);
                if let Some(cell) = element.filter(|element| is_cell(element.role) && span != (1, 1)) {
                    cell.span = span;
                }
            }
            Tag::Img => {
                if let Some(alt) = self.context.tree.attribute(node, "alt") {
                    self.structure.alternatives.insert(element, alt.value.to_string());
                }
            }
            _ => {}
        }
    }

    fn role(&self, node: NodeId, tag: Tag, parent: NodeId) -> Option<Role> {
        if is_table_part(tag) && self.has(node, ARRANGES) {
            return None;
        }
        Some(match tag {
            Tag::H1 => Role::Heading(1),
            Tag::H2 => Role::Heading(2),
            Tag::H3 => Role::Heading(3),
            Tag::H4 => Role::Heading(4),
            Tag::H5 => Role::Heading(5),
            Tag::H6 => Role::Heading(6),
            Tag::P | Tag::Pre => Role::Paragraph,
            Tag::Section | Tag::Article | Tag::Aside | Tag::Nav => Role::Section,
            Tag::Blockquote => Role::Quotation,
            Tag::Ul | Tag::Ol => Role::List,
            Tag::Li => Role::ListItem,
            Tag::Table => Role::Table,
            Tag::Caption => Role::Caption,
            Tag::Thead => Role::TableHead,
            Tag::Tbody => Role::TableBody,
            Tag::Tfoot => Role::TableFoot,
            Tag::Tr => Role::TableRow,
            // A row marked as a whole has its only cell already.
            Tag::Td | Tag::Th if self.has(parent, WHOLE_ROW) => return None,
            Tag::Th if self.is_in_head(parent) => Role::ColumnHeader,
            Tag::Th => Role::RowHeader,
            Tag::Td => Role::TableCell,
            Tag::Img => Role::Figure,
            Tag::A if self.context.tree.attribute(node, "href").is_some() => Role::Link,
            _ => return None,
        })
    }

    fn is_in_head(&self, row: NodeId) -> bool {
        let group = self.context.tree.get(row).map_or(NodeId::NONE, |row| row.parent);
        self.context.tree.tag(group) == Some(Tag::Thead)
    }

    fn element_of_mark(&self, marked: u32) -> u32 {
        if marked == Mark::ARTIFACT {
            return marked;
        }
        let (node, is_label) = NodeId(marked).of_label();
        self.entry_of(node).map_or(Mark::ARTIFACT, |entry| if is_label { entry.label } else { entry.content })
    }

    fn entry_of(&self, node: NodeId) -> Option<&Entry> {
        let index = self.entries.binary_search_by_key(&node, |entry| entry.node).ok()?;
        self.entries.get(index)
    }

    /// The element of a link that was printed.
    pub(super) fn element_of_link(&self, node: NodeId) -> Option<u32> {
        self.entry_of(node).map(|entry| entry.content)
    }
}

fn is_table_part(tag: Tag) -> bool {
    use Tag::*;
    matches!(tag, Table | Caption | Thead | Tbody | Tfoot | Tr | Td | Th)
}

fn is_cell(role: Role) -> bool {
    matches!(role, Role::TableCell | Role::RowHeader | Role::ColumnHeader)
}
