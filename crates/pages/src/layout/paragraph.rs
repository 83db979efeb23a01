//! Inline content: one text with white space collapsed, and the items that style it.

use std::{borrow::Cow, cell::OnceCell};

use super::{
    boxes::{BoxNode, Item, Paragraph},
    fault::Faults,
    fonts::Faces,
    html::NodeId,
    letters::{ATOM, compose, shown},
    style::{Style, StyleId, Transform},
};

/// Reserves room for a page number until the pages are known; four digits, since no invoice has more than 9,999 pages.
pub(crate) const PAGE_NUMBER: &str = "0000";

/// The inline elements that are open at a place in a paragraph's text.
pub(crate) struct Nesting {
    paragraph: StyleId,
    open: Vec<StyleId>,
    /// Where elements start or end: the style of the innermost element around the whole boundary, which decides whether
    /// the text may break there (CSS Text, 5.1).
    pub(crate) boundary: Option<StyleId>,
}

impl Nesting {
    pub(crate) fn new(paragraph: StyleId) -> Nesting {
        Nesting { paragraph, open: Vec::new(), boundary: None }
    }

    pub(crate) fn innermost(&self) -> StyleId {
        self.open.last().copied().unwrap_or(self.paragraph)
    }

    pub(crate) fn begin(&mut self, style: StyleId) {
        self.boundary = self.boundary.or(Some(self.innermost()));
        self.open.push(style);
    }

    pub(crate) fn end(&mut self) {
        self.open.pop();
        self.boundary = Some(self.innermost());
    }
}

/// The faces for the text, and where missing characters are reported.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'s> {
    pub(crate) faces: &'s Faces,
    pub(crate) faults: &'s Faults<'s>,
}

pub(crate) struct ParagraphBuilder {
    paragraph: Paragraph,
    /// The text ends in a space that absorbs the ones that follow, or is empty.
    after_space: bool,
}

impl ParagraphBuilder {
    pub(crate) fn new(style: StyleId) -> Self {
        // Most paragraphs are the text of one cell.
        let paragraph = Paragraph { text: String::new(), items: Vec::with_capacity(1), style, kerns: OnceCell::new() };
        // White space at the start is dropped.
        Self { paragraph, after_space: true }
    }

    /// Whether there is nothing but collapsed white space.
    pub(crate) fn is_blank(&self) -> bool {
        self.paragraph.text.bytes().all(|byte| byte == b' ')
            && !self.paragraph.items.iter().any(|item| matches!(item, Item::Open { .. }))
    }

    pub(crate) fn finish(self) -> Paragraph {
        self.paragraph
    }

    /// Adds the text of a node; `offset` is its byte offset in the HTML.
    pub(crate) fn text(
        &mut self,
        setting: Setting<'_>,
        raw: &str,
        id: StyleId,
        style: &Style,
        (node, offset): (NodeId, usize),
    ) {
        let start = self.paragraph.text.len();
        if start == 0 {
            self.paragraph.text.reserve_exact(raw.len());
        }
        let composed = compose(raw);
        let raw = composed.as_ref();
        if style.white_space.keeps_spaces() {
            self.paragraph.text.push_str(raw);
            self.after_space &= raw.is_empty();
        } else {
            self.collapse(raw, start, style.white_space.keeps_newlines());
        }
        if style.transform != Transform::None {
            let changed = transform(self.paragraph.text.get(start..).unwrap_or_default(), style.transform);
            self.paragraph.text.truncate(start);
            self.paragraph.text.push_str(&changed);
        }
        let written = self.paragraph.text.get(start..).unwrap_or_default();
        let missing = |letter| setting.faults.add_missing(offset, raw, letter);
        if let Cow::Owned(shown) = shown(written, setting.faces, style.bold(), missing) {
            self.paragraph.text.truncate(start);
            self.paragraph.text.push_str(&shown);
        }
        self.add_item(start, id, node);
    }

    fn add_item(&mut self, start: usize, style: StyleId, node: NodeId) {
        let length = u32::try_from(self.paragraph.text.len() - start).unwrap_or(0);
        if length > 0 {
            self.paragraph.items.push(Item::Text { length, style, node });
        }
    }

    /// CSS Text, 4.1.1: runs of spaces, tabs and newlines become one space.
    fn collapse(&mut self, raw: &str, start: usize, keeps_newlines: bool) {
        let text = &mut self.paragraph.text;
        for piece in raw.split_inclusive([' ', '\t', '\n', '\r', '\u{c}']) {
            let (word, space) = match piece.as_bytes().last() {
                Some(last) if last.is_ascii_whitespace() => piece.split_at(piece.len() - 1),
                _ => (piece, ""),
            };
            if !word.is_empty() {
                text.push_str(word);
                self.after_space = false;
            }
            if keeps_newlines && space == "\n" {
                while text.len() > start && text.ends_with(' ') {
                    text.pop();
                }
                text.push('\n');
                self.after_space = true;
            } else if !space.is_empty() && !self.after_space {
                text.push(' ');
                self.after_space = true;
            }
        }
    }

    pub(crate) fn line_break(&mut self, style: StyleId) {
        let start = self.paragraph.text.len();
        self.paragraph.text.push('\n');
        self.add_item(start, style, NodeId::NONE);
        self.after_space = true;
    }

    pub(crate) fn break_opportunity(&mut self, style: StyleId) {
        let start = self.paragraph.text.len();
        self.paragraph.text.push('\u{200b}');
        self.add_item(start, style, NodeId::NONE);
    }

    pub(crate) fn open(&mut self, style: StyleId) {
        self.paragraph.items.push(Item::Open { style });
    }

    pub(crate) fn close(&mut self, style: StyleId) {
        self.paragraph.items.push(Item::Close { style });
    }

    pub(crate) fn atom(&mut self, atom: BoxNode) {
        self.paragraph.text.push(ATOM);
        self.paragraph.items.push(Item::Atom(Box::new(atom)));
        self.after_space = false;
    }
}

fn transform(text: &str, transform: Transform) -> String {
    match transform {
        Transform::None => text.to_owned(),
        Transform::Upper => text.to_uppercase(),
        Transform::Lower => text.to_lowercase(),
        Transform::Capitalize => {
            let mut in_word = false;
            let mut result = String::with_capacity(text.len());
            for letter in text.chars() {
                if in_word {
                    result.push(letter);
                } else {
                    result.extend(letter.to_uppercase());
                }
                in_word = letter.is_alphanumeric();
            }
            result
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::style::{Style, WhiteSpace};

    fn collapsed(parts: &[&str], white_space: WhiteSpace) -> String {
        let mut style = Style::initial();
        style.white_space = white_space;
        let mut builder = ParagraphBuilder::new(0);
        let (faces, faults) = (Faces::built_in(), Faults::new(""));
        for part in parts {
            builder.text(Setting { faces: &faces, faults: &faults }, part, 0, &style, (NodeId::NONE, 0));
        }
        builder.finish().text
    }

    #[test]
    fn white_space_collapses_across_elements() {
        assert_eq!(collapsed(&["  a \n b ", " c"], WhiteSpace::Normal), "a b c");
        // As in Chromium, a newline between kanji becomes a space, too.
        assert_eq!(collapsed(&["請求\n  書 \n x"], WhiteSpace::Normal), "請求 書 x");
        assert_eq!(collapsed(&[" a \n  b"], WhiteSpace::PreLine), "a\nb");
        assert_eq!(collapsed(&["a  b\n c"], WhiteSpace::Pre), "a  b\n c");
    }

    #[test]
    fn marks_join_their_letters_and_kanji_of_names_stay() {
        assert_eq!(collapsed(&["か\u{3099}ハ\u{309a}e\u{301}"], WhiteSpace::Normal), "がパé");
        // U+FA19 is 神 in the form that names use; normalisation (NFC) would give U+795E.
        assert_eq!(collapsed(&["\u{fa19}崎か\u{3099}"], WhiteSpace::Normal), "\u{fa19}崎が");
    }
}
