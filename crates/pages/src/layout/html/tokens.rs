//! Splits HTML source into tags, text and comments, with byte offsets.

use std::borrow::Cow;

/// A token; offsets are bytes into the source.
pub(super) enum Token<'a> {
    Doctype(&'a str),
    Open {
        name: Cow<'a, str>,
        attributes: Vec<RawAttribute<'a>>,
        closes_itself: bool,
    },
    Close {
        name: Cow<'a, str>,
    },
    Text(&'a str),
    Comment,
    /// Invalid HTML; says what was expected.
    Broken(&'static str),
}

pub(super) struct RawAttribute<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: &'a str,
    pub(super) name_offset: usize,
    pub(super) offset: usize,
}

pub(super) struct Tokens<'a> {
    source: &'a str,
    position: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        let position = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { source, position }
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.position..).unwrap_or_default()
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.source.get(start..end).unwrap_or_default()
    }

    /// The next token and its offset.
    pub(super) fn next(&mut self) -> Option<(usize, Token<'a>)> {
        let start = self.position;
        let rest = self.rest();
        let first = rest.as_bytes().first()?;
        if *first != b'<' {
            let end = memchr_or_end(rest, b'<');
            self.position += end;
            return Some((start, Token::Text(self.slice(start, start + end))));
        }
        let token = match rest.as_bytes().get(1) {
            Some(b'!') => self.markup_declaration(rest),
            Some(b'/') => self.close_tag(),
            Some(letter) if letter.is_ascii_alphabetic() => self.open_tag(start),
            Some(b'?') => {
                self.skip_past(rest, ">");
                Token::Broken("expected a tag, found a processing instruction")
            }
            _ => {
                // `<` before anything else is text, as in browsers.
                self.position += 1;
                Token::Text("<")
            }
        };
        Some((start, token))
    }

    /// Takes everything up to `</name`, for `style` and `title`.
    pub(super) fn raw_text(&mut self, name: &str) -> (usize, &'a str) {
        let start = self.position;
        let rest = self.rest();
        let is_end = |at: &usize| {
            let tail = rest.get(at + 2..at + 2 + name.len()).unwrap_or_default();
            let after = rest.as_bytes().get(at + 2 + name.len());
            tail.eq_ignore_ascii_case(name) && after.is_none_or(|byte| !byte.is_ascii_alphanumeric())
        };
        let end = rest.match_indices("</").map(|(at, _)| at).find(is_end).unwrap_or(rest.len());
        self.position += end;
        (start, self.slice(start, start + end))
    }

    fn skip_past(&mut self, rest: &str, end: &str) {
        self.position += rest.find(end).map_or(rest.len(), |at| at + end.len());
    }

    fn markup_declaration(&mut self, rest: &'a str) -> Token<'a> {
        if let Some(comment) = rest.strip_prefix("<!--") {
            // `<!-->` and `<!--->` are complete comments.
            let short = [">", "->"].into_iter().find(|end| comment.starts_with(end));
            let length = short.map(|end| 4 + end.len()).or_else(|| comment.find("-->").map(|at| at + 7));
            self.position += length.unwrap_or(rest.len());
            return if length.is_some() { Token::Comment } else { Token::Broken("expected --> after a comment") };
        }
        let end = memchr_or_end(rest, b'>');
        self.position += (end + 1).min(rest.len());
        let declaration = rest.get(2..end).unwrap_or_default();
        match declaration.get(..7) {
            Some(word) if word.eq_ignore_ascii_case("doctype") => {
                Token::Doctype(declaration.get(7..).unwrap_or_default().trim())
            }
            _ => Token::Broken("expected <!DOCTYPE html> or a comment"),
        }
    }

    fn close_tag(&mut self) -> Token<'a> {
        self.position += 2;
        let name = self.tag_name();
        let rest = self.rest();
        let end = memchr_or_end(rest, b'>');
        self.position += (end + 1).min(rest.len());
        if name.is_empty() || !rest.get(..end).unwrap_or_default().trim().is_empty() || end == rest.len() {
            return Token::Broken("expected an end tag like </div>");
        }
        Token::Close { name }
    }

    fn open_tag(&mut self, start: usize) -> Token<'a> {
        self.position = start + 1;
        let name = self.tag_name();
        let mut attributes = Vec::new();
        loop {
            self.skip_space();
            let rest = self.rest();
            match rest.as_bytes().first() {
                None => return Token::Broken("expected > at the end of the tag"),
                Some(b'>') => {
                    self.position += 1;
                    return Token::Open { name, attributes, closes_itself: false };
                }
                Some(b'/') if rest.starts_with("/>") => {
                    self.position += 2;
                    return Token::Open { name, attributes, closes_itself: true };
                }
                Some(b'/') => self.position += 1,
                Some(_) => match self.attribute() {
                    Some(attribute) => attributes.push(attribute),
                    None => {
                        self.skip_past(rest, ">");
                        return Token::Broken("expected an attribute like name=\"value\"");
                    }
                },
            }
        }
    }

    fn attribute(&mut self) -> Option<RawAttribute<'a>> {
        let name_offset = self.position;
        let rest = self.rest();
        let is_end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'>' | b'/' | b'"' | b'\'' | b'<');
        let length = rest.bytes().position(is_end).unwrap_or(rest.len());
        if length == 0 {
            return None;
        }
        let name = lower(rest.get(..length).unwrap_or_default());
        self.position += length;
        let after_name = self.position;
        self.skip_space();
        if !self.rest().starts_with('=') {
            self.position = after_name;
            return Some(RawAttribute { name, value: "", name_offset, offset: name_offset });
        }
        self.position += 1;
        self.skip_space();
        let rest = self.rest();
        let quote = rest.as_bytes().first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let offset = self.position + usize::from(quote.is_some());
        let length = match quote {
            Some(quote) => rest.get(1..)?.bytes().position(|byte| byte == quote)?,
            None => rest.bytes().position(|byte| byte.is_ascii_whitespace() || byte == b'>').unwrap_or(rest.len()),
        };
        self.position = offset + length + usize::from(quote.is_some());
        Some(RawAttribute { name, value: self.slice(offset, offset + length), name_offset, offset })
    }

    fn tag_name(&mut self) -> Cow<'a, str> {
        let rest = self.rest();
        let is_end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'<');
        let end = rest.bytes().position(is_end).unwrap_or(rest.len());
        self.position += end;
        lower(rest.get(..end).unwrap_or_default())
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.position += rest.bytes().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
    }
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}

fn memchr_or_end(text: &str, wanted: u8) -> usize {
    text.bytes().position(|byte| byte == wanted).unwrap_or(text.len())
}
