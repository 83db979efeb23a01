//! Writes UBL: elements in the order of the calls, indented, each on its line.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::element::is_allowed;
use super::names::{AGGREGATE, BASIC, INVOICE};
use crate::diagnostic::Diagnostic;

/// A document being written.
pub(super) struct Ubl {
    writer: Writer<Vec<u8>>,
    /// Texts that cannot be in XML.
    problems: Vec<Diagnostic>,
}

impl Ubl {
    /// Begins an invoice.
    pub(super) fn invoice() -> Ubl {
        let mut ubl = Ubl { writer: Writer::new_with_indent(Vec::new(), b' ', 2), problems: Vec::new() };
        ubl.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let names = [("xmlns", INVOICE), ("xmlns:cac", AGGREGATE), ("xmlns:cbc", BASIC)];
        ubl.write(Event::Start(BytesStart::new("Invoice").with_attributes(names)));
        ubl
    }

    /// Ends the invoice.
    ///
    /// # Errors
    /// Every text with a character that XML does not allow.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Vec<Diagnostic>> {
        self.write(Event::End(BytesEnd::new("Invoice")));
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        let mut bytes = self.writer.into_inner();
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// An element with others inside.
    pub(super) fn group(&mut self, name: &str, inside: impl FnOnce(&mut Ubl)) {
        let name = format!("cac:{name}");
        self.write(Event::Start(BytesStart::new(name.as_str())));
        inside(self);
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// An element with a text.
    pub(super) fn text(&mut self, name: &str, text: impl AsRef<str>) {
        self.text_with(name, &[], text);
    }

    /// An element with a text, where there is one: JP PINT has no empty elements.
    pub(super) fn some_text(&mut self, name: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text.filter(|text| !text.as_ref().trim().is_empty()) {
            self.text(name, text);
        }
    }

    /// An element with attributes and a text.
    pub(super) fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], text: impl AsRef<str>) {
        // Readers turn both into a line feed.
        let text = text.as_ref().replace("\r\n", "\n").replace('\r', "\n");
        for value in attributes.iter().map(|(_, value)| *value).chain([text.as_str()]) {
            if let Some(c) = value.chars().find(|c| !is_allowed(*c)) {
                let message = format!("the character U+{:04X} in {name} cannot be written to XML", u32::from(c));
                self.problems.push(Diagnostic::error(message).with_hint("remove it where the text comes from"));
            }
        }
        let name = format!("cbc:{name}");
        self.write(Event::Start(BytesStart::new(name.as_str()).with_attributes(attributes.iter().copied())));
        self.write(Event::Text(BytesText::new(&text)));
        self.write(Event::End(BytesEnd::new(name)));
    }

    fn write(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("a vector takes all bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::super::element::parse;
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut ubl = Ubl::invoice();
        ubl.text("ID", "A & <B> \"'");
        ubl.group("Party", |ubl| ubl.text_with("EndpointID", &[("schemeID", "01\"<88")], "あ\r\n い"));
        ubl.some_text("Note", Some(" "));
        ubl.some_text("Note", None::<&str>);
        let bytes = ubl.finish().unwrap();
        let root = parse(&bytes).unwrap();
        assert_eq!(root.text_at("cbc:ID"), Some("A & <B> \"'"));
        let endpoint = root.at("cac:Party/cbc:EndpointID").unwrap();
        assert_eq!((endpoint.text.as_str(), endpoint.attribute("schemeID")), ("あ\n い", Some("01\"<88")));
        assert_eq!(root.children.len(), 2);
        assert!(bytes.ends_with(b"</Invoice>\n"));
    }

    #[test]
    fn characters_that_xml_lacks_are_refused() {
        let mut ubl = Ubl::invoice();
        ubl.text("ID", "INV-\u{1}");
        ubl.text_with("Name", &[("a", "\u{ffff}")], "x");
        let problems = ubl.finish().unwrap_err();
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "the character U+0001 in ID cannot be written to XML",
                "the character U+FFFF in Name cannot be written to XML"
            ]
        );
    }
}
