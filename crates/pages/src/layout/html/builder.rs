//! Builds the tree from tokens: implied elements, optional end tags, nesting.

use std::borrow::Cow;

use super::{
    Attribute, Kind, NodeId, Tag, Tree, entities,
    tags::is_known_attribute,
    tokens::{RawAttribute, Token, Tokens},
};
use crate::layout::fault::Faults;

/// Templates have no reason to nest deeper, and later stages recurse over the depth.
const DEPTH_MOST: usize = 100;

const BEHIND_BODY: &str = "expected nothing behind </body> and </html>";

/// Parses a whole document; collects faults, and keeps in the tree what it understood.
pub(crate) fn parse<'a>(source: &'a str, faults: &Faults<'_>) -> Tree<'a> {
    if u32::try_from(source.len()).is_err() {
        faults.add(0, "", "expected less than 4 GB of HTML");
        return Tree::new();
    }
    let mut builder = Builder {
        source,
        tree: Tree::new(),
        open: vec![(Tree::ROOT, None)],
        faults,
        doctype_seen: false,
        body_ended: false,
        too_deep: false,
        pre_begins: false,
    };
    let mut tokens = Tokens::new(source);
    while let Some((offset, token)) = tokens.next() {
        builder.token(offset, token, &mut tokens);
    }
    builder.finish();
    builder.tree
}

struct Builder<'a, 'f, 's> {
    source: &'a str,
    tree: Tree<'a>,
    /// The document, which has no tag, and the open elements, outermost first.
    open: Vec<(NodeId, Option<Tag>)>,
    faults: &'f Faults<'s>,
    doctype_seen: bool,
    /// `</body>` or `</html>` has been read.
    body_ended: bool,
    too_deep: bool,
    /// The previous token was `<pre>`: a line feed directly after it is ignored.
    pre_begins: bool,
}

impl<'a> Builder<'a, '_, '_> {
    fn token(&mut self, offset: usize, token: Token<'a>, tokens: &mut Tokens<'a>) {
        let pre_begins = std::mem::take(&mut self.pre_begins);
        match token {
            Token::Comment => {}
            Token::Doctype(name) => self.doctype(offset, name),
            Token::Broken(message) => self.faults.add(offset, self.line_at(offset), message),
            Token::Text(text) => self.text(offset, text, pre_begins),
            Token::Close { name } => self.close(offset, &name),
            Token::Open { name, attributes, closes_itself } => {
                self.open_element(offset, &name, attributes, closes_itself, tokens);
            }
        }
    }

    fn line_at(&self, offset: usize) -> &'a str {
        let rest = self.source.get(offset..).unwrap_or_default();
        let end = rest.find(['>', '\n']).map_or(rest.len(), |end| end + usize::from(rest.as_bytes()[end] == b'>'));
        rest.get(..end).unwrap_or_default()
    }

    fn doctype(&mut self, offset: usize, name: &str) {
        let first = self.tree.nodes.len() == 1;
        if !first || !name.eq_ignore_ascii_case("html") {
            self.faults.add(offset, self.line_at(offset), "expected <!DOCTYPE html> at the start");
        }
        self.doctype_seen = true;
    }

    /// Requires a doctype: without one, browsers use quirks mode, and their pages differ from the PDF.
    fn require_doctype(&mut self, offset: usize) {
        if !self.doctype_seen {
            self.doctype_seen = true;
            self.faults.add(offset, self.line_at(offset), "expected <!DOCTYPE html> at the start");
        }
    }

    fn current(&self) -> Option<Tag> {
        self.open.last().and_then(|(_, tag)| *tag)
    }

    fn is_open(&self, tag: Tag) -> bool {
        self.open.iter().any(|(_, open)| *open == Some(tag))
    }

    fn text(&mut self, offset: usize, text: &'a str, pre_begins: bool) {
        let blank = text.bytes().all(|byte| byte.is_ascii_whitespace());
        let in_table =
            matches!(self.current(), Some(Tag::Table | Tag::Thead | Tag::Tbody | Tag::Tfoot | Tag::Tr | Tag::Colgroup));
        if blank && (in_table || !self.is_open(Tag::Body)) {
            return;
        }
        self.require_doctype(offset);
        if self.body_ended && !blank {
            return self.faults.add(offset, text, BEHIND_BODY);
        }
        if in_table {
            let message = "expected text only in the cells and the caption of a table";
            return self.faults.add(offset, text, message);
        }
        let (offset, text) = if self.is_open(Tag::Body) {
            (offset, text)
        } else {
            // The body starts at its first word, not at white space.
            let words = text.trim_ascii_start();
            (offset + text.len() - words.len(), words)
        };
        self.ensure_body(offset);
        let mut decoded = self.decoded(text, offset);
        if pre_begins && decoded.starts_with('\n') {
            decoded = decoded.chars().skip(1).collect::<String>().into();
            if decoded.is_empty() {
                return;
            }
        }
        self.append(Kind::Text(decoded), offset);
    }

    fn decoded(&self, text: &'a str, offset: usize) -> Cow<'a, str> {
        let message = "expected a character reference like &amp; or &#165;";
        entities::decode(text, |at, fragment| self.faults.add(offset + at, fragment, message))
    }

    fn append(&mut self, kind: Kind<'a>, offset: usize) -> NodeId {
        let parent = self.open.last().map_or(Tree::ROOT, |(node, _)| *node);
        self.tree.add(parent, kind, offset)
    }

    fn push_implied(&mut self, tag: Tag, offset: usize) {
        let node = self.append(Kind::Element { tag, first_attribute: 0, attributes: 0 }, offset);
        self.open.push((node, Some(tag)));
    }

    fn ensure_html(&mut self, offset: usize) {
        if !self.is_open(Tag::Html) {
            self.push_implied(Tag::Html, offset);
        }
    }

    fn ensure_body(&mut self, offset: usize) {
        if self.is_open(Tag::Body) {
            return;
        }
        self.ensure_html(offset);
        self.pop_to(|tag| tag == Tag::Html);
        self.push_implied(Tag::Body, offset);
    }

    /// Closes elements until the innermost open one satisfies `stop`, or only the document is open.
    fn pop_to(&mut self, stop: impl Fn(Tag) -> bool) {
        while self.open.len() > 1 && !self.current().is_some_and(&stop) {
            self.open.pop();
        }
    }

    fn open_element(
        &mut self,
        offset: usize,
        name: &str,
        attributes: Vec<RawAttribute<'a>>,
        closes_itself: bool,
        tokens: &mut Tokens<'a>,
    ) {
        self.require_doctype(offset);
        let Some(tag) = Tag::from_name(name) else {
            return self.refuse_element(offset, name, tokens);
        };
        if self.body_ended {
            return self.faults.add(offset, self.line_at(offset), BEHIND_BODY);
        }
        if self.open.len() > DEPTH_MOST {
            if !self.too_deep {
                self.faults.add(offset, &format!("<{name}"), format!("expected at most {DEPTH_MOST} nested elements"));
            }
            self.too_deep = true;
            return;
        }
        if !self.prepare_place(offset, tag) {
            return;
        }
        let kind = self.element(tag, attributes);
        let node = self.append(kind, offset);
        if tag == Tag::Style || tag == Tag::Title {
            let (start, text) = tokens.raw_text(name);
            // Character references count in a title, but not in a style sheet.
            let text = if tag == Tag::Title { self.decoded(text, start) } else { text.into() };
            self.tree.add(node, Kind::Text(text), start);
        }
        if tag.is_void() {
            return;
        }
        if closes_itself {
            self.faults.add(
                offset,
                self.line_at(offset),
                format!("expected </{name}>, found a tag that closes itself"),
            );
            return;
        }
        self.open.push((node, Some(tag)));
        self.pre_begins = tag == Tag::Pre;
    }

    fn refuse_element(&mut self, offset: usize, name: &str, tokens: &mut Tokens<'a>) {
        let fragment = format!("<{name}");
        match name {
            "script" | "noscript" | "template" => {
                tokens.raw_text(name);
                tokens.next();
                self.faults.add(offset, &fragment, "scripts are not run");
            }
            "link" | "base" => {
                let message = format!("expected everything in one file, found <{name}>");
                self.faults.add_with_hint(offset, &fragment, message, "put the rules into <style>");
            }
            "svg" => {
                tokens.raw_text(name);
                tokens.next();
                let hint = "put the drawing into a file and name it in <img src>";
                self.faults.add_with_hint(offset, &fragment, "expected no inline svg", hint);
            }
            _ => self.faults.add(offset, &fragment, format!("the element <{name}> is not supported")),
        }
    }

    fn element(&mut self, tag: Tag, attributes: Vec<RawAttribute<'a>>) -> Kind<'a> {
        let first_attribute = u32::try_from(self.tree.attributes.len()).unwrap_or(u32::MAX);
        let faults = self.faults;
        for attribute in attributes {
            let RawAttribute { name, value, name_offset, offset } = attribute;
            let fragment = || self.source.get(name_offset..offset + value.len()).unwrap_or_default();
            if name.starts_with("on") {
                faults.add(name_offset, fragment(), "scripts are not run");
            } else if !is_known_attribute(tag, &name) {
                let message = format!("the attribute {name} is not supported on <{}>", tag.name());
                faults.add(name_offset, fragment(), message);
            }
            let value = self.decoded(value, offset);
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            self.tree.attributes.push(Attribute { name, value, offset });
        }
        let count = self.tree.attributes.len() - first_attribute as usize;
        Kind::Element { tag, first_attribute, attributes: u16::try_from(count).unwrap_or(0) }
    }

    /// Opens and closes what the new element implies; returns whether it is allowed here.
    fn prepare_place(&mut self, offset: usize, tag: Tag) -> bool {
        match tag {
            Tag::Html => {
                if self.is_open(Tag::Html) {
                    self.faults.add(offset, "<html", "expected one <html>");
                    return false;
                }
                return true;
            }
            Tag::Head | Tag::Body => {
                self.ensure_html(offset);
                self.pop_to(|open| open == Tag::Html || open == Tag::Body);
                if self.is_open(Tag::Body) {
                    self.faults.add(
                        offset,
                        self.line_at(offset),
                        format!("expected one <{}>, before the text", tag.name()),
                    );
                    return false;
                }
                return true;
            }
            Tag::Style if !self.is_open(Tag::Body) => {
                self.ensure_html(offset);
                return true;
            }
            _ if tag.is_head_only() => {
                if self.is_open(Tag::Body) {
                    self.faults.add(offset, self.line_at(offset), format!("expected <{}> in <head>", tag.name()));
                    return false;
                }
                self.ensure_html(offset);
                return true;
            }
            _ => self.ensure_body(offset),
        }
        if tag.ends_paragraph() {
            let ends = |open| matches!(open, Tag::Td | Tag::Th | Tag::Caption | Tag::Table);
            self.close_in_scope(offset, &[Tag::P], ends);
        }
        // HTML, 13.2.6.4.7: an item ends the previous item, but only through these elements.
        let ends = |open: Tag| !open.is_phrasing() && !matches!(open, Tag::Address | Tag::Div | Tag::P);
        match tag {
            Tag::Li => self.close_in_scope(offset, &[Tag::Li], ends),
            Tag::Dt | Tag::Dd => self.close_in_scope(offset, &[Tag::Dt, Tag::Dd], ends),
            _ => {}
        }
        self.prepare_table_place(offset, tag)
    }

    /// Closes the innermost element with one of `tags`, unless an element that `ends` the search is open inside it.
    fn close_in_scope(&mut self, offset: usize, tags: &[Tag], ends: impl Fn(Tag) -> bool) {
        let stops = |open: Tag| tags.contains(&open) || ends(open);
        let Some(at) = self.open.iter().rposition(|(_, open)| open.is_some_and(stops)) else { return };
        if !self.open[at].1.is_some_and(|open| tags.contains(&open)) {
            return;
        }
        let unclosed = self.open[at + 1..].iter().rev().filter_map(|(_, open)| *open);
        if let Some(unclosed) = unclosed.into_iter().find(|open| !open.end_is_optional()) {
            let message = format!("expected </{}> before this element", unclosed.name());
            self.faults.add(offset, self.line_at(offset), message);
        }
        self.open.truncate(at);
    }

    fn prepare_table_place(&mut self, offset: usize, tag: Tag) -> bool {
        use Tag::{Caption, Col, Colgroup, Style, Table, Tbody, Td, Tfoot, Th, Thead, Tr};
        let wanted: &[Tag] = match tag {
            Td | Th => &[Tr, Tbody, Thead, Tfoot, Table],
            Tr => &[Tbody, Thead, Tfoot, Table],
            Tbody | Thead | Tfoot | Caption | Colgroup => &[Table],
            Col => &[Colgroup, Table],
            _ => {
                let current = self.current();
                let misplaced = matches!(current, Some(Table | Tbody | Thead | Tfoot | Tr | Colgroup)) && tag != Style;
                if misplaced {
                    let message = format!("expected rows and cells in a table, found <{}>", tag.name());
                    self.faults.add(offset, self.line_at(offset), message);
                }
                return !misplaced;
            }
        };
        let place =
            self.open.iter().rposition(|(_, open)| open.is_some_and(|open| wanted.contains(&open) || open == Table));
        let closable = |open: &(NodeId, Option<Tag>)| open.1.is_some_and(Tag::end_is_optional);
        let Some(at) = place.filter(|at| self.open[at + 1..].iter().all(closable)) else {
            let message = format!("expected <{}> in a table", tag.name());
            self.faults.add(offset, self.line_at(offset), message);
            return false;
        };
        self.open.truncate(at + 1);
        if matches!(tag, Td | Th | Tr) && self.current() == Some(Table) {
            self.push_implied(Tbody, offset);
        }
        if matches!(tag, Td | Th) && self.current() != Some(Tr) {
            self.push_implied(Tr, offset);
        }
        if tag == Col && self.current() == Some(Table) {
            self.push_implied(Colgroup, offset);
        }
        true
    }

    fn close(&mut self, offset: usize, name: &str) {
        let Some(tag) = Tag::from_name(name) else { return };
        if matches!(tag, Tag::Html | Tag::Body) && self.is_open(tag) {
            self.check_closed(offset, tag);
            return;
        }
        let at = self.open.iter().rposition(|(_, open)| *open == Some(tag));
        // In browsers, the end tag of an inline element does not end a paragraph.
        let closable = |open: &(NodeId, Option<Tag>)| !tag.is_phrasing() && open.1.is_some_and(Tag::end_is_optional);
        match at {
            Some(at) if self.open[at + 1..].iter().all(closable) => self.open.truncate(at),
            Some(at) => {
                let unclosed = self.open.iter().rev().find(|open| !closable(open)).and_then(|(_, tag)| *tag);
                let expected = unclosed.map_or("", Tag::name);
                self.faults.add(offset, self.line_at(offset), format!("expected </{expected}>, found </{name}>"));
                self.open.truncate(at);
            }
            None if self.too_deep => {}
            None => self.faults.add(offset, self.line_at(offset), format!("expected <{name}> before </{name}>")),
        }
    }

    /// At `</body>` and `</html>`, only elements with optional end tags may be open. They stay open for the white space
    /// that follows, as in browsers.
    fn check_closed(&mut self, offset: usize, tag: Tag) {
        let at = self.open.iter().rposition(|(_, open)| *open == Some(tag)).unwrap_or(0);
        let unclosed =
            self.open[at + 1..].iter().rev().filter_map(|(_, open)| *open).find(|open| !open.end_is_optional());
        if let Some(unclosed) = unclosed {
            let message = format!("expected </{}>, found </{}>", unclosed.name(), tag.name());
            self.faults.add(offset, self.line_at(offset), message);
        }
        self.body_ended = true;
    }

    fn finish(&mut self) {
        self.require_doctype(0);
        let end = self.source.len();
        let mut open = self.open.iter().filter_map(|(node, tag)| tag.map(|tag| (*node, tag)));
        let unclosed = open.find(|(_, tag)| !tag.end_is_optional());
        if let Some((node, tag)) = unclosed {
            let start = self.tree.offset(node);
            self.faults.add(start, self.line_at(start), format!("expected </{}>, found the end", tag.name()));
        }
        self.ensure_body(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(tree: &Tree<'_>, node: NodeId) -> String {
        let inner: Vec<String> = tree.children(node).map(|child| outline(tree, child)).collect();
        match &tree.get(node).expect("node").kind {
            Kind::Document => inner.concat(),
            Kind::Element { tag, .. } => format!("{}({})", tag.name(), inner.join(" ")),
            Kind::Text(text) => format!("{text:?}"),
        }
    }

    fn parsed(body: &str) -> (String, Vec<String>) {
        let source = format!("<!DOCTYPE html>{body}");
        let faults = Faults::new(&source);
        let tree = parse(&source, &faults);
        let outline = outline(&tree, Tree::ROOT);
        (outline, faults.into_vec().into_iter().map(|fault| format!("{}: {}", fault.column, fault.message)).collect())
    }

    #[test]
    fn implied_elements_are_added() {
        let (tree, faults) = parsed("<p>a<p>b<table><tr><td>1<td>2<tr><td>3</table>");
        assert_eq!(tree, r#"html(body(p("a") p("b") table(tbody(tr(td("1") td("2")) tr(td("3"))))))"#);
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn lists_nest_and_close() {
        let (tree, faults) = parsed("<ul><li>a<ul><li>b</ul><li>c</ul>");
        assert_eq!(tree, r#"html(body(ul(li("a" ul(li("b"))) li("c"))))"#);
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn wrong_nesting_is_named() {
        let (_, faults) = parsed("<div><b>x</div>");
        assert_eq!(faults, ["25: expected </b>, found </div>"]);
        let (_, faults) = parsed("<div>x");
        assert_eq!(faults, ["16: expected </div>, found the end"]);
        let (_, faults) = parsed("<script>if (a<b) {}</script>x");
        assert_eq!(faults, ["16: scripts are not run"]);
        let (_, faults) = parsed("<table>x<tr><td></table>");
        assert_eq!(faults, ["23: expected text only in the cells and the caption of a table"]);
    }

    #[test]
    fn a_missing_doctype_is_a_fault() {
        let faults = Faults::new("<p>x");
        parse("<p>x", &faults);
        assert_eq!(faults.into_vec()[0].message, "expected <!DOCTYPE html> at the start");
    }
}
