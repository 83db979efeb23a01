//! Inline content as one text with white space collapsed, and the items that style it.

use unicode_width::UnicodeWidthChar;

use super::{
    boxes::BoxNode,
    html::NodeId,
    style::{Style, StyleId, Transform},
};

/// Stands in the text for a box among it (Unicode: object replacement character).
pub(crate) const ATOM: char = '\u{fffc}';
/// Stands in the text for a page number until the pages are known: no invoice has more than 9,999.
pub(crate) const PAGE_NUMBER: &str = "0000";
/// CSS: `tab-size` is 8 spaces.
const TAB: usize = 8;

/// One paragraph: the lines are broken later, when the width is known.
pub(crate) struct Paragraph {
    pub(crate) text: String,
    pub(crate) items: Vec<Item>,
    /// The style of the block the paragraph is in.
    pub(crate) style: StyleId,
}

impl Paragraph {
    pub(crate) fn has_atoms(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Atom(_)))
    }
}

pub(crate) enum Item {
    /// The next `length` bytes of the text.
    Text {
        length: u32,
        style: StyleId,
        node: NodeId,
        offset: u32,
    },
    Open {
        style: StyleId,
    },
    Close {
        style: StyleId,
    },
    Atom(Box<BoxNode>),
}

pub(crate) struct ParagraphBuilder {
    paragraph: Paragraph,
    /// The text so far ends in a space that swallows following ones.
    after_space: bool,
    column: usize,
}

impl ParagraphBuilder {
    pub(crate) fn new(style: StyleId) -> Self {
        // Most paragraphs are the text of one cell.
        let paragraph = Paragraph { text: String::new(), items: Vec::with_capacity(1), style };
        // White space at the start is not kept.
        Self { paragraph, after_space: true, column: 0 }
    }

    /// Nothing but collapsed white space and empty elements.
    pub(crate) fn is_blank(&self) -> bool {
        self.paragraph.text.bytes().all(|byte| byte == b' ')
            && !self.paragraph.items.iter().any(|item| matches!(item, Item::Open { .. }))
    }

    pub(crate) fn finish(self) -> Paragraph {
        self.paragraph
    }

    pub(crate) fn text(&mut self, raw: &str, id: StyleId, style: &Style, node: NodeId, offset: usize) {
        let start = self.paragraph.text.len();
        if start == 0 {
            self.paragraph.text.reserve_exact(raw.len());
        }
        if style.white_space.keeps_spaces() {
            self.keep(raw);
        } else {
            self.collapse(raw, start, style.white_space.keeps_newlines());
        }
        if style.transform != Transform::None {
            let changed = transform(self.paragraph.text.get(start..).unwrap_or_default(), style.transform);
            self.paragraph.text.truncate(start);
            self.paragraph.text.push_str(&changed);
        }
        self.add_item(start, id, node, offset);
    }

    fn add_item(&mut self, start: usize, style: StyleId, node: NodeId, offset: usize) {
        let length = u32::try_from(self.paragraph.text.len() - start).unwrap_or(0);
        if length > 0 {
            let offset = u32::try_from(offset).unwrap_or(u32::MAX);
            self.paragraph.items.push(Item::Text { length, style, node, offset });
        }
    }

    fn keep(&mut self, raw: &str) {
        for letter in raw.chars() {
            match letter {
                '\t' => {
                    let spaces = TAB - self.column % TAB;
                    self.paragraph.text.extend(std::iter::repeat_n(' ', spaces));
                    self.column += spaces;
                }
                '\n' => {
                    self.paragraph.text.push('\n');
                    self.column = 0;
                }
                _ => {
                    self.paragraph.text.push(letter);
                    self.column += 1;
                }
            }
            self.after_space = false;
        }
    }

    /// CSS Text, 4.1.1: runs of spaces, tabs and newlines become one space.
    fn collapse(&mut self, raw: &str, start: usize, keeps_newlines: bool) {
        let text = &mut self.paragraph.text;
        // A newline alone between two wide characters is not even a space.
        let mut newline = false;
        for letter in raw.chars() {
            match letter {
                '\n' if keeps_newlines => {
                    while text.len() > start && text.ends_with(' ') {
                        text.pop();
                    }
                    text.push('\n');
                    self.after_space = true;
                }
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => {
                    newline |= letter == '\n';
                    if !self.after_space {
                        text.push(' ');
                        self.after_space = true;
                    }
                }
                _ => {
                    if newline && text.len() > start && text.ends_with(' ') && is_wide(letter) {
                        text.pop();
                        if !text.chars().next_back().is_some_and(is_wide) {
                            text.push(' ');
                        }
                    }
                    newline = false;
                    text.push(letter);
                    self.after_space = false;
                }
            }
        }
    }

    pub(crate) fn line_break(&mut self, style: StyleId) {
        let start = self.paragraph.text.len();
        self.paragraph.text.push('\n');
        self.add_item(start, style, NodeId::NONE, 0);
        self.after_space = true;
    }

    pub(crate) fn break_opportunity(&mut self, style: StyleId) {
        let start = self.paragraph.text.len();
        self.paragraph.text.push('\u{200b}');
        self.add_item(start, style, NodeId::NONE, 0);
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

fn is_wide(letter: char) -> bool {
    let is_hangul = ('\u{1100}'..='\u{11ff}').contains(&letter) || ('\u{ac00}'..='\u{d7af}').contains(&letter);
    letter.width() == Some(2) && !is_hangul
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

/// Characters that steer the text and have no glyph.
pub(crate) fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\n' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::style::{Style, WhiteSpace};

    fn collapsed(parts: &[&str], white_space: WhiteSpace) -> String {
        let mut style = Style::initial();
        style.white_space = white_space;
        let mut builder = ParagraphBuilder::new(0);
        for part in parts {
            builder.text(part, 0, &style, NodeId::NONE, 0);
        }
        builder.finish().text
    }

    #[test]
    fn white_space_collapses_across_elements() {
        assert_eq!(collapsed(&["  a \n b ", " c"], WhiteSpace::Normal), "a b c");
        assert_eq!(collapsed(&["請求\n  書 \n x"], WhiteSpace::Normal), "請求書 x");
        assert_eq!(collapsed(&[" a \n  b"], WhiteSpace::PreLine), "a\nb");
        assert_eq!(collapsed(&["a\tb\n c"], WhiteSpace::Pre), "a       b\n c");
    }
}
