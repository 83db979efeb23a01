//! Writes the structure as PDF objects, which screen readers and text extraction follow (ISO 32000-1, 14.7 and 14.8).

use lopdf::ObjectId;

use super::{
    error::Error,
    file::{File, push_number, write_text},
};
use crate::layout::{Document, Element, Layer, Mark, Role};

/// Location of marked content: page, and number on the page.
type Content = (u32, u32);

/// The objects of a document's structure, numbered from `first`: the root, the parent tree, the elements.
pub(super) struct StructureTree<'d> {
    document: &'d Document,
    first: u32,
    /// Marked content with its element, in the order of the elements.
    marked: Vec<(u32, Content)>,
    /// First child and next sibling of every element.
    family: Vec<(u32, u32)>,
    /// Start of every element's content, including its children's.
    starts: Vec<Content>,
    /// Link annotations in page order: element, annotation, page.
    links: Vec<(u32, ObjectId, u32)>,
}

const NONE: u32 = u32::MAX;

/// Numbers a page's marks, without artifacts.
pub(super) fn numbered(layers: &[Layer]) -> impl Iterator<Item = (u32, Mark)> {
    (0..).zip(layers.iter().flat_map(|layer| &layer.marks).filter(|mark| !mark.is_artifact()).copied())
}

impl<'d> StructureTree<'d> {
    pub(super) fn new(document: &'d Document, first: u32) -> Self {
        let elements = &document.structure.elements;
        let mut marked: Vec<(u32, Content)> = Vec::new();
        for (page, number) in document.pages.iter().zip(0..) {
            marked.extend(numbered(&page.layers).map(|(id, mark)| (mark.element, (number, id))));
        }
        let mut starts = vec![(NONE, NONE); elements.len()];
        for (element, content) in &marked {
            if let Some(start) = starts.get_mut(*element as usize) {
                *start = (*start).min(*content);
            }
        }
        let mut family = vec![(NONE, NONE); elements.len()];
        // In reverse, so that the first child is set last, and children are handled before their parents.
        for (index, element) in elements.iter().enumerate().skip(1).rev() {
            let parent = element.parent as usize;
            family[index].1 = std::mem::replace(&mut family[parent].0, u32::try_from(index).unwrap_or(NONE));
            starts[parent] = starts[parent].min(starts[index]);
        }
        marked.sort_by_key(|(element, _)| *element);
        Self { document, first, marked, family, starts, links: Vec::new() }
    }

    /// Number of the last object.
    pub(super) fn last(&self) -> u32 {
        self.number(u32::try_from(self.family.len()).unwrap_or(NONE)) - 1
    }

    pub(super) fn root(&self) -> ObjectId {
        (self.first, 0)
    }

    fn number(&self, element: u32) -> u32 {
        self.first + 2 + element
    }

    /// Connects a link annotation on a page to its element; returns its key in the parent tree.
    pub(super) fn add_link(&mut self, element: u32, annotation: ObjectId, page: u32) -> i64 {
        let key = self.document.pages.len() + self.links.len();
        self.links.push((element, annotation, page));
        i64::try_from(key).unwrap_or(i64::MAX)
    }

    /// Writes all objects; `pages` are the page objects' ids.
    pub(super) fn write(&self, file: &mut File, pages: &[ObjectId]) -> Result<(), Error> {
        let keys = self.document.pages.len() + self.links.len();
        file.object(self.first, |bytes| {
            bytes.extend_from_slice(b"<</Type/StructTreeRoot/K[");
            push_reference(bytes, self.number(0));
            bytes.extend_from_slice(b"]/ParentTree ");
            push_reference(bytes, self.first + 1);
            bytes.extend_from_slice(b"/ParentTreeNextKey ");
            push_number(bytes, u32::try_from(keys).unwrap_or(NONE));
            bytes.extend_from_slice(b">>");
        })?;
        file.object(self.first + 1, |bytes| self.parent_tree(bytes))?;
        let mut marked = self.marked.as_slice();
        let mut links = self.links.clone();
        links.sort_by_key(|(element, ..)| *element);
        let mut links = links.as_slice();
        for (element, index) in self.document.structure.elements.iter().zip(0..) {
            let own = take(&mut marked, |(element, _)| *element == index);
            let annotations = take(&mut links, |(element, ..)| *element == index);
            file.object(self.number(index), |bytes| self.element(bytes, element, index, own, annotations, pages))?;
        }
        Ok(())
    }

    /// Writes the tree that maps marked content and annotations to their elements.
    fn parent_tree(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(b"<</Nums[");
        for (page, key) in self.document.pages.iter().zip(0..) {
            push_number(bytes, key);
            bytes.push(b'[');
            for (_, mark) in numbered(&page.layers) {
                push_reference(bytes, self.number(mark.element));
                bytes.push(b' ');
            }
            bytes.extend_from_slice(b"]");
        }
        let first = u32::try_from(self.document.pages.len()).unwrap_or(NONE);
        for ((element, ..), key) in self.links.iter().zip(first..) {
            push_number(bytes, key);
            bytes.push(b' ');
            push_reference(bytes, self.number(*element));
            bytes.push(b' ');
        }
        bytes.extend_from_slice(b"]>>");
    }

    fn element(
        &self,
        bytes: &mut Vec<u8>,
        element: &Element,
        index: u32,
        own: &[(u32, Content)],
        links: &[(u32, ObjectId, u32)],
        pages: &[ObjectId],
    ) {
        bytes.extend_from_slice(b"<</S/");
        bytes.extend_from_slice(name(element.role).as_bytes());
        bytes.extend_from_slice(b"/P ");
        push_reference(bytes, if index == 0 { self.first } else { self.number(element.parent) });
        // `Pg` is the page of the first content; content on other pages names its own.
        let home = own.first().map(|(_, (page, _))| *page);
        if let Some(page) = home.and_then(|page| pages.get(page as usize)) {
            bytes.extend_from_slice(b"/Pg ");
            push_reference(bytes, page.0);
        }
        self.attributes(bytes, element, index);
        bytes.extend_from_slice(b"/K[");
        let mut own = own.iter().map(|(_, content)| *content).peekable();
        let mut child = self.family[index as usize].0;
        while child != NONE {
            let start = self.starts[child as usize];
            while let Some(content) = own.next_if(|content| *content < start) {
                push_content(bytes, content, home, pages);
            }
            push_reference(bytes, self.number(child));
            bytes.push(b' ');
            child = self.family[child as usize].1;
        }
        for content in own {
            push_content(bytes, content, home, pages);
        }
        for (_, annotation, page) in links {
            bytes.extend_from_slice(b"<</Type/OBJR/Pg ");
            push_reference(bytes, pages.get(*page as usize).map_or(0, |page| page.0));
            bytes.extend_from_slice(b"/Obj ");
            push_reference(bytes, annotation.0);
            bytes.extend_from_slice(b">>");
        }
        bytes.extend_from_slice(b"]>>");
    }

    fn attributes(&self, bytes: &mut Vec<u8>, element: &Element, index: u32) {
        let structure = &self.document.structure;
        if let Some(words) = structure.alternatives.get(&index) {
            bytes.extend_from_slice(b"/Alt");
            write_text(bytes, words);
        }
        if let Some(language) = structure.languages.get(&index) {
            bytes.extend_from_slice(b"/Lang");
            write_text(bytes, language);
        }
        let scope: &[u8] = match element.role {
            Role::ColumnHeader => b"/Scope/Column",
            Role::RowHeader => b"/Scope/Row",
            _ => b"",
        };
        if scope.is_empty() && element.span == (1, 1) {
            return;
        }
        bytes.extend_from_slice(b"/A<</O/Table");
        bytes.extend_from_slice(scope);
        for (key, span) in [(b"/ColSpan ", element.span.0), (b"/RowSpan ", element.span.1)] {
            if span != 1 {
                bytes.extend_from_slice(key);
                push_number(bytes, u32::from(span));
            }
        }
        bytes.extend_from_slice(b">>");
    }
}

/// Takes the leading items for which `holds` is true.
fn take<'s, T>(slice: &mut &'s [T], holds: impl Fn(&T) -> bool) -> &'s [T] {
    let count = slice.iter().take_while(|item| holds(item)).count();
    let (taken, rest) = slice.split_at(count);
    *slice = rest;
    taken
}

fn push_reference(bytes: &mut Vec<u8>, number: u32) {
    push_number(bytes, number);
    bytes.extend_from_slice(b" 0 R");
}

fn push_content(bytes: &mut Vec<u8>, (page, id): Content, home: Option<u32>, pages: &[ObjectId]) {
    if home == Some(page) {
        push_number(bytes, id);
        return bytes.push(b' ');
    }
    bytes.extend_from_slice(b"<</Type/MCR/Pg ");
    push_reference(bytes, pages.get(page as usize).map_or(0, |page| page.0));
    bytes.extend_from_slice(b"/MCID ");
    push_number(bytes, id);
    bytes.extend_from_slice(b">>");
}

/// The PDF name of a role, for elements and their marked content.
pub(super) fn name(role: Role) -> &'static str {
    match role {
        Role::Document => "Document",
        Role::Section => "Sect",
        Role::Division => "Div",
        Role::Quotation => "BlockQuote",
        Role::Heading(1) => "H1",
        Role::Heading(2) => "H2",
        Role::Heading(3) => "H3",
        Role::Heading(4) => "H4",
        Role::Heading(5) => "H5",
        Role::Heading(_) => "H6",
        Role::Paragraph => "P",
        Role::Span => "Span",
        Role::List => "L",
        Role::ListItem => "LI",
        Role::Label => "Lbl",
        Role::ListBody => "LBody",
        Role::Table => "Table",
        Role::Caption => "Caption",
        Role::TableHead => "THead",
        Role::TableBody => "TBody",
        Role::TableFoot => "TFoot",
        Role::TableRow => "TR",
        Role::ColumnHeader | Role::RowHeader => "TH",
        Role::TableCell => "TD",
        Role::Figure => "Figure",
        Role::Link => "Link",
    }
}
