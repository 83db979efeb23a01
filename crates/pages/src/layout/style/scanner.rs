//! Reads CSS text: blocks, declarations, strings and comments, with byte offsets.

use std::borrow::Cow;

/// A position in CSS text; `base` is the text's offset in the HTML.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) position: usize,
    pub(super) base: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, base: usize) -> Self {
        Self { text, position: 0, base }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    pub(super) fn offset(&self) -> usize {
        self.base + self.position
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    pub(super) fn skip_space_and_comments(&mut self) {
        loop {
            let rest = self.rest();
            let space = rest.bytes().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
            self.position += space;
            let rest = self.rest();
            // CSS allows `<!--` and `-->` around a style sheet and ignores them.
            let skip = match rest {
                _ if rest.starts_with("/*") => comment_length(rest),
                _ if rest.starts_with("<!--") => 4,
                _ if rest.starts_with("-->") => 3,
                _ => return,
            };
            self.position += skip;
        }
    }

    /// Takes the text up to one of `ends` outside strings, comments and brackets; the end itself is not consumed.
    pub(super) fn take_until(&mut self, ends: &[u8]) -> (usize, &'a str) {
        let start = self.position;
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(self.position).copied() {
            if depth == 0 && ends.contains(&byte) {
                break;
            }
            match byte {
                b'"' | b'\'' => self.skip_string(byte),
                b'/' if self.rest().starts_with("/*") => self.position += comment_length(self.rest()),
                b'\\' => self.position += 2,
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    self.position += 1;
                }
                b')' | b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    self.position += 1;
                }
                _ => self.position += 1,
            }
        }
        self.position = self.position.min(self.text.len());
        let found = self.text.get(start..self.position);
        // A backslash may skip into a wide character; the rest of the text is then one piece.
        let found = found.unwrap_or_else(|| {
            self.position = self.text.len();
            self.text.get(start..).unwrap_or_default()
        });
        (self.base + start, found)
    }

    fn skip_string(&mut self, quote: u8) {
        self.position += 1;
        while let Some(byte) = self.peek() {
            self.position += 1;
            match byte {
                _ if byte == quote => return,
                b'\n' => return,
                b'\\' => self.position += 1,
                _ => {}
            }
        }
    }

    /// Takes the `{…}` block that starts here; returns a scanner for its inside.
    pub(super) fn take_block(&mut self) -> Scanner<'a> {
        self.position += 1;
        let (base, text) = self.take_until(b"}");
        self.position = (self.position + 1).min(self.text.len());
        Scanner::new(text, base)
    }
}

fn comment_length(text: &str) -> usize {
    text.find("*/").map_or(text.len(), |end| end + 2)
}

/// The text without its comments, trimmed.
pub(super) fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("/*") {
        return Cow::Borrowed(text.trim());
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut quote = None;
    while let Some(letter) = rest.chars().next() {
        if quote.is_none() && rest.starts_with("/*") {
            clean.push(' ');
            rest = rest.get(comment_length(rest)..).unwrap_or_default();
            continue;
        }
        match quote {
            Some(open) if open == letter => quote = None,
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            _ => {}
        }
        clean.push(letter);
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    Cow::Owned(clean.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_inside_strings_brackets_and_comments_do_not_count() {
        let mut scanner = Scanner::new("a(;) ';' /*;*/ b; c", 10);
        assert_eq!(scanner.take_until(b";"), (10, "a(;) ';' /*;*/ b"));
        assert_eq!(scanner.rest(), "; c");
        assert_eq!(without_comments("a /* x */ '/*' b"), "a   '/*' b");
    }
}
