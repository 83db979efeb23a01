//! Turns tree and styles into boxes: blocks, paragraphs, tables.

use super::{
    boxes::{BoxContent, BoxNode, BoxTree},
    fault::Faults,
    few::Few,
    fonts::Faces,
    html::{Kind, NodeId, Tag, Tree},
    image::{ImageSource, Pictures},
    paragraph::{PAGE_NUMBER, ParagraphBuilder, Setting},
    style::{Display, Position, Size, Style, StyleId, Styles},
    table_boxes::build_table,
};

pub(crate) struct BoxBuilder<'b, 'a> {
    pub(crate) tree: &'b Tree<'a>,
    pub(crate) styles: &'b mut Styles,
    pub(crate) faults: &'b Faults<'a>,
    pub(crate) pictures: &'b mut Pictures,
    pub(crate) images: &'b ImageSource<'b>,
    pub(crate) faces: &'b Faces,
    /// Absolutely positioned boxes that have not reached their containing block yet.
    rising: Vec<BoxNode>,
    fixed: Vec<BoxNode>,
    /// Number of enclosing flex containers.
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
    faces: &Faces,
) -> BoxTree {
    let mut builder = BoxBuilder {
        tree,
        styles,
        faults,
        pictures,
        images,
        faces,
        rising: Vec::new(),
        fixed: Vec::new(),
        flex_depth: 0,
    };
    let html = tree.children(Tree::ROOT).next().unwrap_or(Tree::ROOT);
    let mut root = builder.block(html);
    root.floating.append(&mut builder.rising);
    BoxTree { root, fixed: builder.fixed }
}

impl<'a> BoxBuilder<'_, 'a> {
    /// What paragraph builders need.
    pub(crate) fn setting(&self) -> Setting<'_> {
        Setting { faces: self.faces, faults: self.faults }
    }

    pub(crate) fn style_of(&self, node: NodeId) -> &Style {
        self.styles.get(self.styles.of(node))
    }

    fn display(&self, node: NodeId) -> Display {
        self.style_of(node).display
    }

    /// Builds the box of an element that is not inline.
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
        self.check_insets(node, style);
        let is_containing_block = self.styles.get(style).is_positioned();
        let floating = if is_containing_block { self.rising.split_off(level).into() } else { Few::new() };
        let marker = (display == Display::ListItem).then(|| self.marker(node, style)).flatten();
        BoxNode { marker, floating, ..BoxNode::new(style, node, content) }
    }

    /// Refuses tabs where spaces are kept: their width would depend on their place on the line.
    fn check_tabs(&self, node: NodeId, text: &str, style: StyleId) {
        let at = text.find('\t').filter(|_| self.styles.get(style).white_space.keeps_spaces());
        if let Some(at) = at {
            let offset = self.tree.offset(node) + at;
            let message = "expected spaces, found a tab that white-space keeps";
            self.faults.add_with_hint(offset, text.get(at..).unwrap_or_default(), message, "columns stand in a table");
        }
    }

    /// Refuses percentages on relative boxes: they refer to heights that are not known here.
    fn check_insets(&self, node: NodeId, style: StyleId) {
        let style = self.styles.get(style);
        let relative = style.position == Position::Relative;
        if relative && style.inset.iter().any(|inset| matches!(inset, Size::Percent(_))) {
            let fragment = self.tree.tag(node).map_or_else(String::new, |tag| format!("<{}", tag.name()));
            let message = "expected lengths in top, right, bottom and left of a relative box, found a percentage";
            self.faults.add_with_hint(self.tree.offset(node), &fragment, message, "use mm or em");
        }
    }

    /// Builds the content of a block container: blocks, or one paragraph.
    pub(crate) fn contents(&mut self, node: NodeId, style: StyleId) -> BoxContent {
        let mut blocks = Vec::new();
        let mut paragraph = ParagraphBuilder::new(style);
        self.inside_marker(node, style, &mut paragraph);
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
                    self.check_tabs(child, text, style);
                    paragraph.text(self.setting(), text, style, self.styles.get(style), (node, tree.offset(child)));
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

    /// Reserves room for the number of the page a link leads to.
    fn page_number(&self, node: NodeId, paragraph: &mut ParagraphBuilder) {
        let offset = self.tree.offset(node);
        let leads_within = self.tree.attribute(node, "href").is_some_and(|href| href.value.starts_with('#'));
        if !leads_within || self.tree.children(node).next().is_some() {
            let message = "expected an empty link to #id for a page number";
            self.faults.add_with_hint(offset, "data-page", message, "write <a href=\"#id\" data-page></a>");
        }
        let style = self.styles.of(node);
        paragraph.text(self.setting(), PAGE_NUMBER, style, self.styles.get(style), (node, offset));
    }

    /// Takes absolutely positioned and fixed elements out of the flow; returns whether this is one.
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

    /// Builds flex items: every child element, and text as anonymous items.
    fn flex_items(&mut self, node: NodeId) -> Vec<BoxNode> {
        let container = self.styles.of(node);
        let mut items = Vec::new();
        let mut paragraph = ParagraphBuilder::new(container);
        let tree = self.tree;
        for child in tree.children(node) {
            match tree.get(child).map(|node| &node.kind) {
                Some(Kind::Text(text)) => {
                    let style = self.styles.of(child);
                    self.check_tabs(child, text, style);
                    paragraph.text(self.setting(), text, style, self.styles.get(style), (node, tree.offset(child)));
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

    /// Applies the `width` and `height` attributes where CSS specifies nothing.
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
