//! Reads XML of others as a tree of [`Element`]s: only what an invoice needs, and never more than a limit.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::names::{AGGREGATE, BASIC, INVOICE};
use crate::model::plain::beginning;

/// Most bytes of a file: an invoice with attachments of Peppol's usual limit is smaller.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// Most elements inside each other; UBL has about ten.
const MOST_DEPTH: usize = 32;

/// Most elements of a file: ten times those of an invoice of 5,000 lines.
const MOST_ELEMENTS: usize = 1_000_000;

/// Most attributes of an element; UBL has five.
const MOST_ATTRIBUTES: usize = 64;

/// An element with what is inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// `cbc:ID`, `cac:Party`, `Invoice`, whatever prefixes the file has; others with their namespace in braces.
    pub(super) name: String,
    /// Its own text.
    pub(super) text: String,
    /// Its attributes, as the file has them.
    pub(super) attributes: Vec<(String, String)>,
    /// The elements inside, in their order.
    pub(super) children: Vec<Element>,
    /// The line on which it begins, counted from 1.
    pub(super) line: u32,
}

/// Why a file is refused, and on which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// The line, counted from 1; none where the file as a whole is refused.
    pub(super) line: Option<u32>,
    /// The message.
    pub(super) message: String,
}

impl Element {
    /// The elements inside with that name.
    pub(super) fn all<'e>(&'e self, name: &str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element at the end of a path of names: `cac:Party/cbc:EndpointID`.
    pub(super) fn at(&self, path: &str) -> Option<&Element> {
        path.split('/').try_fold(self, |element, name| element.all(name).next())
    }

    /// The text at the end of a path, without spaces around it; none where it is empty.
    pub(super) fn text_at(&self, path: &str) -> Option<&str> {
        self.at(path).map(|element| element.text.trim()).filter(|text| !text.is_empty())
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a file as a tree.
///
/// # Errors
/// A file that is not well-formed, not UTF-8, has a document type or entities of its own, or is beyond a limit.
pub(super) fn parse(bytes: &[u8]) -> Result<Element, Refused> {
    let whole = |message: String| Refused { line: None, message };
    if bytes.len() > MOST_BYTES {
        return Err(whole(format!("the file is larger than {} MiB", MOST_BYTES >> 20)));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| whole("expected UTF-8, found other bytes".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(at) = text.char_indices().find(|(_, c)| !is_allowed(*c)) {
        let line = lines(&text[..at.0]) + 1;
        return Err(Refused { line: Some(line), message: forbidden(at.1) });
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut tree = Tree { text, counted: 0, line: 1, open: Vec::new(), root: None, elements: 0 };
    loop {
        let position = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        tree.count_to(position);
        let (namespace, event) = match reader.read_resolved_event() {
            Ok((namespace, event)) => (known_namespace(&namespace), event),
            Err(error) => {
                tree.count_to(usize::try_from(reader.error_position()).unwrap_or(usize::MAX));
                return Err(tree.refused(format!("the XML is not well-formed: {error}")));
            }
        };
        if !tree.take(namespace, event)? {
            break;
        }
    }
    match (tree.root.take(), tree.open.is_empty()) {
        (Some(root), true) => Ok(root),
        (_, false) => Err(tree.refused("the file ends inside an element".to_owned())),
        (None, true) => Err(whole("expected an invoice, found no element".to_owned())),
    }
}

/// The prefix that stands for a namespace in [`Element::name`]; none where its prefix is not declared.
fn known_namespace(resolved: &ResolveResult<'_>) -> Option<String> {
    match resolved {
        ResolveResult::Bound(namespace) => Some(match namespace.0 {
            INVOICE => String::new(),
            AGGREGATE => "cac:".to_owned(),
            BASIC => "cbc:".to_owned(),
            other => format!("{{{other}}}"),
        }),
        ResolveResult::Unbound => Some("{}".to_owned()),
        ResolveResult::Unknown(_) => None,
    }
}

/// Whether XML 1.0 allows a character.
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Message on a character that XML 1.0 does not allow.
fn forbidden(c: char) -> String {
    format!("the character U+{:04X} is not allowed in XML", u32::from(c))
}

fn lines(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

/// The tree as far as it is read.
struct Tree<'t> {
    text: &'t str,
    /// Bytes whose lines are counted.
    counted: usize,
    line: u32,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree<'_> {
    fn count_to(&mut self, position: usize) {
        if let Some(passed) = self.text.as_bytes().get(self.counted..position) {
            let passed = memchr::memchr_iter(b'\n', passed).count();
            self.line = self.line.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
            self.counted = position;
        }
    }

    fn refused(&self, message: String) -> Refused {
        Refused { line: Some(self.line), message }
    }

    /// Takes the next event; returns whether more may come.
    fn take(&mut self, namespace: Option<String>, event: Event<'_>) -> Result<bool, Refused> {
        match event {
            Event::Start(start) => self.start(namespace, &start)?,
            Event::Empty(start) => {
                self.start(namespace, &start)?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.add(&text.xml10_content())?,
            Event::CData(text) => self.add(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let c = self.resolved(&reference)?;
                self.add(c.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => {
                return Err(self.refused("a document type is not allowed: invoices have none".to_owned()));
            }
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().transpose().ok().flatten();
                if let Some(other) = encoding.filter(|name| !name.eq_ignore_ascii_case("utf-8")) {
                    return Err(self.refused(format!("expected the encoding UTF-8, found {:?}", beginning(&other))));
                }
            }
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return Ok(false),
        }
        Ok(true)
    }

    fn start(&mut self, namespace: Option<String>, start: &BytesStart<'_>) -> Result<(), Refused> {
        self.elements += 1;
        if self.root.is_some() {
            return Err(self.refused("expected the end of the file, found a second element".to_owned()));
        }
        if self.open.len() >= MOST_DEPTH {
            return Err(self.refused(format!("more than {MOST_DEPTH} elements are inside each other")));
        }
        if self.elements > MOST_ELEMENTS {
            return Err(self.refused(format!("the file has more than {MOST_ELEMENTS} elements")));
        }
        let Some(namespace) = namespace else {
            let name = beginning(start.name().0);
            return Err(self.refused(format!("the prefix of {name:?} is not declared")));
        };
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let value = attribute.map_err(quick_xml::Error::from).and_then(|attribute| {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
                Ok((attribute.key.0.to_owned(), value.into_owned()))
            });
            let (name, value) = value.map_err(|error| self.refused(format!("the XML is not well-formed: {error}")))?;
            if let Some(c) = value.chars().find(|c| !is_allowed(*c)) {
                return Err(self.refused(forbidden(c)));
            }
            if attributes.len() >= MOST_ATTRIBUTES {
                return Err(self.refused(format!("an element has more than {MOST_ATTRIBUTES} attributes")));
            }
            if !name.starts_with("xmlns") {
                attributes.push((name, value));
            }
        }
        let name = format!("{namespace}{}", start.local_name().into_inner());
        self.open.push(Element { name, attributes, line: self.line, ..Element::default() });
        Ok(())
    }

    fn end(&mut self) {
        if let Some(element) = self.open.pop() {
            match self.open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => self.root = Some(element),
            }
        }
    }

    fn add(&mut self, text: &str) -> Result<(), Refused> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(self.refused("expected an element, found text".to_owned())),
        }
        Ok(())
    }

    /// The character of a reference: one of the five that XML has, or by its number.
    fn resolved(&self, reference: &BytesRef<'_>) -> Result<char, Refused> {
        let numbered = reference
            .resolve_char_ref()
            .map_err(|error| self.refused(format!("the XML is not well-formed: {error}")))?;
        let c = numbered.or(match &**reference {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => None,
        });
        match c {
            Some(c) if is_allowed(c) => Ok(c),
            Some(c) => Err(self.refused(forbidden(c))),
            None => {
                let name = beginning(reference);
                Err(self.refused(format!("the entity {name:?} is not allowed: invoices have none of their own")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(inside: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n<i:Invoice xmlns:i=\"{INVOICE}\" xmlns=\"{BASIC}\">{inside}</i:Invoice>\n")
    }

    #[test]
    fn names_do_not_depend_on_prefixes() {
        let text = invoice("\n<ID a=\"1&#x41;\">A &amp; <![CDATA[<B>]]>&#x3042;</ID><x xmlns=\"urn:y\"/><!-- c -->");
        let root = parse(text.as_bytes()).unwrap();
        assert_eq!((root.name.as_str(), root.line), ("Invoice", 2));
        let id = root.at("cbc:ID").unwrap();
        assert_eq!((id.text.as_str(), id.attribute("a"), id.line), ("A & <B>あ", Some("1A"), 3));
        assert_eq!(root.children[1].name, "{urn:y}x");
        assert_eq!((root.text_at("cbc:ID"), root.text_at("cbc:Note")), (Some("A & <B>あ"), None));
    }

    #[test]
    fn what_is_no_plain_xml_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        let attributes: String = (0..70).map(|n| format!(" a{n}=\"\"")).collect();
        for (text, line, message) in [
            ("<!DOCTYPE Invoice [<!ENTITY a \"b\">]><Invoice/>".to_owned(), 1, "a document type is not allowed"),
            (invoice("\n\n<ID>&a;</ID>"), 4, "the entity \"a\" is not allowed"),
            (invoice("<ID a=\"&a;\"/>"), 2, "the XML is not well-formed"),
            (invoice("<ID></Id>"), 2, "the XML is not well-formed"),
            (invoice("<q:ID/>"), 2, "the prefix of \"q:ID\" is not declared"),
            (invoice("<ID a=\"1\" a=\"2\"/>"), 2, "the XML is not well-formed"),
            (invoice("<ID>&#1;</ID>"), 2, "the character U+0001"),
            (invoice("<ID a=\"&#xffff;\"/>"), 2, "the character U+FFFF"),
            (invoice("<ID>\u{b}</ID>"), 2, "the character U+000B"),
            (invoice(&deep), 2, "more than 32 elements"),
            (invoice(&format!("<a{attributes}/>")), 2, "an element has more than 64 attributes"),
            (invoice("") + "<a/>", 3, "expected the end of the file"),
            (invoice("") + "a", 2, "expected an element"),
            ("<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><a/>".to_owned(), 1, "expected the encoding UTF-8"),
            ("<a><b></b>".to_owned(), 1, "the file ends inside an element"),
        ] {
            let refused = parse(text.as_bytes()).unwrap_err();
            assert!(refused.message.starts_with(message), "{text}: {}", refused.message);
            assert_eq!(refused.line, Some(line), "{text}");
        }
        for (bytes, message) in [
            (&b""[..], "expected an invoice, found no element"),
            (b"\xff\xfe<\0a\0", "expected UTF-8, found other bytes"),
        ] {
            assert_eq!(parse(bytes), Err(Refused { line: None, message: message.to_owned() }));
        }
    }
}
