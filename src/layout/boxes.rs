//! Tree and styles → boxes: what is a block, what is a paragraph, what belongs to a table.

use std::cell::Cell;

use super::{
    fault::Faults,
    html::{Kind, NodeId, Tag, Tree},
    image::{ImageSource, Pictures},
    paragraph::{PAGE_NUMBER, Paragraph, ParagraphBuilder},
    style::{Border, BorderStyle, Display, ListStyle, Position, Size, Style, StyleId, Styles},
    table_boxes::{TableBox, build_table},
};

/// A box with what it holds.
pub(crate) struct BoxNode {
    pub(crate) style: StyleId,
    /// The element; none for anonymous boxes.
    pub(crate) node: NodeId,
    pub(crate) content: BoxContent,
    /// What stands before a list item.
    pub(crate) marker: Option<Marker>,
    /// Absolutely positioned boxes whose containing block this is.
    pub(crate) floating: Vec<BoxNode>,
    /// Narrowest and widest border box, once asked for.
    pub(crate) intrinsic: Cell<Option<(f64, f64)>>,
}

impl BoxNode {
    pub(crate) fn new(style: StyleId, node: NodeId, content: BoxContent) -> BoxNode {
        BoxNode { style, node, content, marker: None, floating: Vec::new(), intrinsic: Cell::new(None) }
    }
}

pub(crate) enum Marker {
    Text(Box<BoxNode>),
    /// A disc, circle or square: a box of this style, as large as the font says.
    Symbol(StyleId),
}

pub(crate) enum BoxContent {
    Blocks(Vec<BoxNode>),
    Paragraph(Box<Paragraph>),
    Flex(Vec<BoxNode>),
    Table(Box<TableBox>),
    /// Index into the document's pictures.
    Picture(usize),
}

/// The whole document: the boxes in flow and those fixed to every page.
pub(crate) struct BoxTree {
    pub(crate) root: BoxNode,
    pub(crate) fixed: Vec<BoxNode>,
}

pub(crate) struct BoxBuilder<'b, 'a> {
    pub(crate) tree: &'b Tree<'a>,
    pub(crate) styles: &'b mut Styles,
    pub(crate) faults: &'b Faults<'a>,
    pub(crate) pictures: &'b mut Pictures,
    pub(crate) images: &'b ImageSource<'b>,
    /// Absolutely positioned boxes on their way up to their containing block.
    rising: Vec<BoxNode>,
    fixed: Vec<BoxNode>,
    /// How many flex containers are around.
    flex_depth: usize,
}

/// Items of a flex container may be laid out twice, so nesting doubles the work at every level.
const FLEX_DEPTH_MOST: usize = 10;

/// Builds the boxes of a document.
pub(crate) fn build<'a>(
    tree: &Tree<'a>,
    styles: &mut Styles,
    faults: &Faults<'a>,
    pictures: &mut Pictures,
    images: &ImageSource<'_>,
) -> BoxTree {
    let mut builder =
        BoxBuilder { tree, styles, faults, pictures, images, rising: Vec::new(), fixed: Vec::new(), flex_depth: 0 };
    let html = tree.children(Tree::ROOT).next().unwrap_or(Tree::ROOT);
    let mut root = builder.block(html);
    root.floating.append(&mut builder.rising);
    BoxTree { root, fixed: builder.fixed }
}

impl<'a> BoxBuilder<'_, 'a> {
    pub(crate) fn style_of(&self, node: NodeId) -> &Style {
        self.styles.get(self.styles.of(node))
    }

    fn display(&self, node: NodeId) -> Display {
        self.style_of(node).display
    }

    /// The box of an element that is not inline.
    pub(crate) fn block(&mut self, node: NodeId) -> BoxNode {
        let style = self.styles.of(node);
        let display = self.display(node);
        let level = self.rising.len();
        let content = if self.tree.tag(node) == Some(Tag::Img) {
            self.picture(node)
        } else {
            match display {
                Display::Flex | Display::InlineFlex => self.flex(node),
                Display::Table => BoxContent::Table(Box::new(build_table(self, node))),
                _ => self.contents(node, style),
            }
        };
        let style = if self.tree.tag(node) == Some(Tag::Img) { self.picture_style(node) } else { style };
        let is_containing_block = self.styles.get(style).is_positioned();
        let floating = if is_containing_block { self.rising.split_off(level) } else { Vec::new() };
        let marker = (display == Display::ListItem).then(|| self.marker(node, style)).flatten();
        BoxNode { marker, floating, ..BoxNode::new(style, node, content) }
    }

    /// What a block container holds: blocks, or one paragraph.
    pub(crate) fn contents(&mut self, node: NodeId, style: StyleId) -> BoxContent {
        let mut blocks = Vec::new();
        let mut paragraph = ParagraphBuilder::new(style);
        self.collect(node, style, &mut paragraph, &mut blocks, false);
        if blocks.is_empty() {
            return BoxContent::Paragraph(Box::new(paragraph.finish()));
        }
        self.flush(style, paragraph, &mut blocks);
        BoxContent::Blocks(blocks)
    }

    /// Ends an anonymous paragraph between blocks.
    fn flush(&mut self, parent: StyleId, paragraph: ParagraphBuilder, blocks: &mut Vec<BoxNode>) {
        if paragraph.is_blank() {
            return;
        }
        let style = self.styles.anonymous(parent);
        let content = BoxContent::Paragraph(Box::new(paragraph.finish()));
        blocks.push(BoxNode::new(style, NodeId::NONE, content));
    }

    fn collect(
        &mut self,
        node: NodeId,
        container: StyleId,
        paragraph: &mut ParagraphBuilder,
        blocks: &mut Vec<BoxNode>,
        in_inline: bool,
    ) {
        let tree = self.tree;
        if tree.is_page_number(node) {
            self.page_number(node, paragraph);
        }
        for child in tree.children(node) {
            let tag = match tree.get(child).map(|node| &node.kind) {
                Some(Kind::Text(text)) => {
                    let style = self.styles.of(child);
                    paragraph.text(text, style, self.styles.get(style), node, tree.offset(child));
                    continue;
                }
                Some(Kind::Element { tag, .. }) => *tag,
                _ => continue,
            };
            if self.take_out_of_flow(child) {
                continue;
            }
            match self.display(child) {
                Display::None => {}
                _ if tag == Tag::Br => paragraph.line_break(self.styles.of(child)),
                _ if tag == Tag::Wbr => paragraph.break_opportunity(self.styles.of(child)),
                Display::Inline if tag == Tag::Img => {
                    let picture = self.block(child);
                    paragraph.atom(picture);
                }
                Display::Inline => {
                    let style = self.styles.of(child);
                    if self.styles.get(style).is_positioned() {
                        let (offset, fragment) = (tree.offset(child), format!("<{}", tag.name()));
                        let message = "expected no position: relative on an inline element";
                        self.faults.add_with_hint(offset, &fragment, message, "add display: inline-block");
                    }
                    paragraph.open(style);
                    self.collect(child, container, paragraph, blocks, true);
                    paragraph.close(style);
                }
                Display::InlineBlock | Display::InlineFlex => {
                    let atom = self.block(child);
                    paragraph.atom(atom);
                }
                display if is_table_part(display) => {
                    let message = "expected a table around this part of a table";
                    self.faults.add(tree.offset(child), &format!("<{}", tag.name()), message);
                }
                _ if in_inline => {
                    let hint = "use display: inline-block, or make the outer element a block";
                    let fragment = format!("<{}", tag.name());
                    let message = "expected no block inside an inline element";
                    self.faults.add_with_hint(tree.offset(child), &fragment, message, hint);
                }
                _ => {
                    let before = std::mem::replace(paragraph, ParagraphBuilder::new(container));
                    self.flush(container, before, blocks);
                    let block = self.block(child);
                    blocks.push(block);
                }
            }
        }
    }

    /// Keeps room for the number of the page a link leads to.
    fn page_number(&self, node: NodeId, paragraph: &mut ParagraphBuilder) {
        let offset = self.tree.offset(node);
        let leads_within = self.tree.attribute(node, "href").is_some_and(|href| href.value.starts_with('#'));
        if !leads_within || self.tree.children(node).next().is_some() {
            let message = "expected an empty link to #id for a page number";
            self.faults.add_with_hint(offset, "data-page", message, "write <a href=\"#id\" data-page></a>");
        }
        let style = self.styles.of(node);
        paragraph.text(PAGE_NUMBER, style, self.styles.get(style), node, offset);
    }

    /// Puts absolutely positioned and fixed elements aside.
    fn take_out_of_flow(&mut self, node: NodeId) -> bool {
        let style = self.style_of(node);
        let position = style.position;
        if style.display == Display::None || !matches!(position, Position::Absolute | Position::Fixed) {
            return false;
        }
        let [top, right, bottom, left] = style.inset;
        if (top, bottom) == (Size::Auto, Size::Auto) || (left, right) == (Size::Auto, Size::Auto) {
            let fragment = self.tree.tag(node).map_or_else(String::new, |tag| format!("<{}", tag.name()));
            let message = "expected top or bottom, and left or right, for a positioned element";
            self.faults.add(self.tree.offset(node), &fragment, message);
        }
        let positioned = self.block(node);
        if position == Position::Fixed {
            self.fixed.push(positioned);
        } else {
            self.rising.push(positioned);
        }
        true
    }

    fn flex(&mut self, node: NodeId) -> BoxContent {
        if self.flex_depth == FLEX_DEPTH_MOST {
            let message = format!("expected at most {FLEX_DEPTH_MOST} nested flex containers");
            self.faults.add(self.tree.offset(node), "display: flex", message);
            return BoxContent::Blocks(Vec::new());
        }
        self.flex_depth += 1;
        let items = self.flex_items(node);
        self.flex_depth -= 1;
        BoxContent::Flex(items)
    }

    /// Flex items: every child element, and text as anonymous items.
    fn flex_items(&mut self, node: NodeId) -> Vec<BoxNode> {
        let container = self.styles.of(node);
        let mut items = Vec::new();
        let mut paragraph = ParagraphBuilder::new(container);
        let tree = self.tree;
        for child in tree.children(node) {
            match tree.get(child).map(|node| &node.kind) {
                Some(Kind::Text(text)) => {
                    let style = self.styles.of(child);
                    paragraph.text(text, style, self.styles.get(style), node, tree.offset(child));
                }
                Some(Kind::Element { .. }) if self.display(child) != Display::None => {
                    if self.take_out_of_flow(child) {
                        continue;
                    }
                    let before = std::mem::replace(&mut paragraph, ParagraphBuilder::new(container));
                    self.flush(container, before, &mut items);
                    let item = self.block(child);
                    items.push(item);
                }
                _ => {}
            }
        }
        self.flush(container, paragraph, &mut items);
        items.sort_by_key(|item| self.styles.get(item.style).order);
        items
    }

    fn picture(&mut self, node: NodeId) -> BoxContent {
        let source = self.tree.attribute(node, "src");
        let Some(source) = source.filter(|source| !source.value.trim().is_empty()) else {
            self.faults.add(self.tree.offset(node), "<img", "expected src=\"file\" on <img>");
            return BoxContent::Blocks(Vec::new());
        };
        match self.pictures.load(source.value.trim(), self.images) {
            Ok(index) => BoxContent::Picture(index),
            Err(message) => {
                self.faults.add(source.offset as usize, &source.value, message);
                BoxContent::Blocks(Vec::new())
            }
        }
    }

    /// The `width` and `height` attributes count where CSS says nothing.
    fn picture_style(&mut self, node: NodeId) -> StyleId {
        let id = self.styles.of(node);
        let mut style = self.styles.get(id).clone();
        for (name, is_width) in [("width", true), ("height", false)] {
            let Some(attribute) = self.tree.attribute(node, name) else { continue };
            let slot = if is_width { &mut style.width } else { &mut style.height };
            match attribute.value.trim().parse::<u16>() {
                Ok(px) if *slot == Size::Auto => *slot = Size::Px(f64::from(px)),
                Ok(_) => {}
                Err(_) => {
                    let message = format!("expected a whole number of px, found {}", attribute.value);
                    self.faults.add(attribute.offset as usize, &attribute.value, message);
                }
            }
        }
        if style == *self.styles.get(id) { id } else { self.styles.add(style) }
    }

    fn marker(&mut self, node: NodeId, style: StyleId) -> Option<Marker> {
        let item = self.styles.get(style);
        if item.list_style == ListStyle::None {
            return None;
        }
        if item.list_inside {
            let hint = "list-style-position: inside is not supported; use outside";
            self.faults.add(self.tree.offset(node), "list-style-position: inside", hint);
        }
        let mut marker = Style::inherited(item);
        if let Some(symbol) = symbol_style(item) {
            return Some(Marker::Symbol(self.styles.add(symbol)));
        }
        let text = marker_text(item.list_style, self.list_number(node));
        marker.white_space = super::style::WhiteSpace::Pre;
        let marker = self.styles.add(marker);
        let mut paragraph = ParagraphBuilder::new(marker);
        paragraph.text(&text, marker, self.styles.get(marker), node.label(), self.tree.offset(node));
        let content = BoxContent::Paragraph(Box::new(paragraph.finish()));
        Some(Marker::Text(Box::new(BoxNode::new(marker, NodeId::NONE, content))))
    }

    fn list_number(&self, node: NodeId) -> i64 {
        let number = |node, name| {
            self.tree
                .attribute(node, name)
                .and_then(|attribute| attribute.value.trim().parse::<i32>().ok())
                .map(i64::from)
        };
        let Some(parent) = self.tree.get(node).map(|node| node.parent) else { return 1 };
        let mut current = number(parent, "start").unwrap_or(1) - 1;
        for item in self.tree.children(parent).filter(|child| self.tree.tag(*child) == Some(Tag::Li)) {
            current = number(item, "value").unwrap_or(current + 1);
            if item == node {
                break;
            }
        }
        current
    }
}

fn is_table_part(display: Display) -> bool {
    use Display::{TableCaption, TableCell, TableColumn, TableColumnGroup};
    use Display::{TableFooterGroup, TableHeaderGroup, TableRow, TableRowGroup};
    matches!(
        display,
        TableCaption
            | TableCell
            | TableColumn
            | TableColumnGroup
            | TableFooterGroup
            | TableHeaderGroup
            | TableRow
            | TableRowGroup
    )
}

/// A symbol is a small box: filled, or with a border only.
fn symbol_style(item: &Style) -> Option<Style> {
    let mut style = Style::inherited(item);
    style.display = Display::Block;
    match item.list_style {
        ListStyle::Disc => style.radius = [Size::Percent(50.0); 4],
        ListStyle::Square => {}
        ListStyle::Circle => {
            style.radius = [Size::Percent(50.0); 4];
            style.border = [Border { width: 1.0, style: BorderStyle::Solid, color: None }; 4];
            return Some(style);
        }
        _ => return None,
    }
    style.background = item.color;
    Some(style)
}

/// The number before a list item.
fn marker_text(style: ListStyle, number: i64) -> String {
    match style {
        ListStyle::None | ListStyle::Disc | ListStyle::Circle | ListStyle::Square => String::new(),
        ListStyle::Decimal => format!("{number}. "),
        ListStyle::LowerAlpha => format!("{}. ", alphabetic(number)),
        ListStyle::UpperAlpha => format!("{}. ", alphabetic(number).to_uppercase()),
        ListStyle::LowerRoman => format!("{}. ", roman(number)),
        ListStyle::UpperRoman => format!("{}. ", roman(number).to_uppercase()),
    }
}

/// a, b, … z, aa, ab, …
fn alphabetic(number: i64) -> String {
    if number < 1 {
        return number.to_string();
    }
    let mut letters = Vec::new();
    let mut rest = number;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

fn roman(number: i64) -> String {
    const DIGITS: [(i64, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if !(1..4000).contains(&number) {
        return number.to_string();
    }
    let mut rest = number;
    let mut text = String::new();
    for (value, letters) in DIGITS {
        while rest >= value {
            text.push_str(letters);
            rest -= value;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_numbers_in_all_notations() {
        assert_eq!(["a", "z", "aa", "zz", "aaa"].map(str::to_owned), [1, 26, 27, 702, 703].map(alphabetic));
        assert_eq!(["iv", "xlii", "mcmxciv"].map(str::to_owned), [4, 42, 1994].map(roman));
        assert_eq!(marker_text(ListStyle::Decimal, -3), "-3. ");
    }
}
