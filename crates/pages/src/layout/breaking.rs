//! Where a paragraph's lines may break, and the widths of the segments in between.

use std::iter::Peekable;

use unicode_linebreak::{BreakOpportunity, linebreaks};

use super::{
    boxes::{BoxNode, Item, Paragraph},
    break_rules::may_break,
    context::Context,
    fragment::Fragment,
    kern::KernReader,
    letters::{ATOM, is_invisible},
    paragraph::Nesting,
    space::edge_width,
    style::{LEFT, RIGHT, Style, StyleId, WordBreak, Wrap},
};

/// A piece of a paragraph that stays on one line.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Segment {
    /// Byte range in the text, trailing spaces included.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Without the trailing spaces.
    pub(crate) width: f64,
    pub(crate) space: f64,
    /// The part of `space` that is full-width spaces: they never start a line, but they count in the preferred width.
    pub(crate) hangs: f64,
    /// The trailing spaces take up room (`white-space: pre`).
    pub(crate) keeps_space: bool,
    /// A line break is forced here.
    pub(crate) forced: bool,
    /// Width of the widest unbreakable part.
    pub(crate) narrowest: f64,
    /// May be broken between characters if the line is too narrow.
    pub(crate) breakable: bool,
    /// Index of the first item in this segment.
    pub(crate) item: usize,
}

/// A measured paragraph: its segments, and the boxes within its text.
pub(crate) struct Measured {
    pub(crate) segments: Vec<Segment>,
    /// The boxes, in the order of the items.
    pub(crate) atoms: Vec<Fragment>,
}

impl Measured {
    /// The narrowest and widest useful width.
    pub(crate) fn widths(&self) -> (f64, f64) {
        let (mut narrowest, mut widest, mut line, mut space) = (0.0_f64, 0.0_f64, 0.0, 0.0);
        for segment in &self.segments {
            narrowest = narrowest.max(segment.narrowest);
            line += space + segment.width;
            space = segment.space;
            let shown = line + if segment.keeps_space { space } else { segment.hangs };
            widest = widest.max(shown);
            if segment.forced {
                (line, space) = (0.0, 0.0);
            }
        }
        (narrowest, widest)
    }
}

/// The full-width space, which hangs over the end of a line like other spaces.
const WIDE_SPACE: char = '\u{3000}';

struct Measure<'m, 'c, I: Iterator> {
    context: &'m Context<'c>,
    text: &'m str,
    /// Break opportunities by UAX 14.
    breaks: Peekable<I>,
    segments: Vec<Segment>,
    current: Segment,
    /// The current unbreakable part of the segment, and the spaces after it.
    piece: f64,
    piece_space: f64,
    position: usize,
    previous: [Option<char>; 2],
    nesting: Nesting,
    kerns: KernReader<'m>,
}

/// How text of a style may break.
#[derive(Clone, Copy)]
struct Breaks {
    wraps: bool,
    /// Between any two characters if the line is too narrow.
    breakable: bool,
    /// As `breakable`, and the narrowest width counts single characters.
    anywhere: bool,
}

impl Breaks {
    fn of(style: &Style) -> Breaks {
        let wraps = style.white_space.wraps();
        let [breakable, anywhere] = [style.wrap != Wrap::Normal, style.wrap == Wrap::Anywhere];
        Breaks { wraps, breakable: wraps && breakable, anywhere: wraps && anywhere }
    }
}

/// Measures a paragraph; `lay_out_atom` sizes the boxes within the text.
pub(crate) fn measure(
    context: &Context<'_>,
    paragraph: &Paragraph,
    mut lay_out_atom: impl FnMut(&BoxNode) -> Fragment,
) -> Measured {
    let text = paragraph.text.as_str();
    let mut measure = Measure {
        context,
        text,
        breaks: linebreaks(text).peekable(),
        segments: Vec::new(),
        current: Segment::default(),
        piece: 0.0,
        piece_space: 0.0,
        position: 0,
        previous: [None; 2],
        nesting: Nesting::new(paragraph.style),
        kerns: KernReader::new(context.kerns(paragraph)),
    };
    let mut atoms = Vec::new();
    for (index, item) in paragraph.items.iter().enumerate() {
        match item {
            Item::Text { length, style, .. } => measure.text(*length as usize, *style, index),
            Item::Open { style } => measure.begin(*style, index),
            Item::Close { style } => measure.end(*style),
            Item::Atom(atom) => {
                let fragment = lay_out_atom(atom);
                let style = context.styles.get(atom.style);
                let margins = style.margin[LEFT].or_zero(0.0) + style.margin[RIGHT].or_zero(0.0);
                let breaks = measure.breaks_here();
                measure.nesting.boundary = None;
                measure.break_before(ATOM, breaks.wraps, index);
                measure.add(ATOM, fragment.width + margins, false);
                atoms.push(fragment);
            }
        }
    }
    if measure.current.start < measure.position || measure.current.width > 0.0 || measure.segments.is_empty() {
        measure.flush(false, paragraph.items.len());
    }
    Measured { segments: measure.segments, atoms }
}

impl<I: Iterator<Item = (usize, BreakOpportunity)>> Measure<'_, '_, I> {
    fn text(&mut self, length: usize, id: StyleId, index: usize) {
        let style = self.context.styles.get(id);
        let end = self.position + length;
        let text = self.text;
        let slice = text.get(self.position..end).unwrap_or_default();
        let own = Breaks::of(style);
        let mut breaks = match self.nesting.boundary.take() {
            Some(around) => Breaks::of(self.context.styles.get(around)),
            None => own,
        };
        for letter in slice.chars() {
            let kept = style.word_break == WordBreak::KeepAll && self.is_between_letters(letter);
            self.break_before(letter, breaks.wraps && !kept, index);
            self.word_break(style, letter, index);
            if breaks.anywhere {
                (self.piece, self.piece_space) = (0.0, 0.0);
            }
            self.current.breakable |= own.breakable;
            breaks = own;
            let advance = self.context.advance(style, letter);
            self.current.keeps_space = style.white_space.keeps_spaces();
            let kern = self.kerns.behind(self.position);
            self.add(letter, advance, letter == ' ' || letter == WIDE_SPACE);
            // Dropped at the end of a line, like spaces.
            if kern != 0.0 {
                self.current.space += kern * style.glyph_size();
                self.piece_space += kern * style.glyph_size();
            }
        }
    }

    /// Applies `word-break: break-all`.
    fn word_break(&mut self, style: &Style, letter: char, index: usize) {
        let inside = self.current.start < self.position;
        let after_space = self.previous[0] == Some(' ');
        let breaks_all = style.word_break == WordBreak::BreakAll && style.white_space.wraps();
        if breaks_all && inside && !after_space && self.is_between_letters(letter) {
            self.flush(false, index);
        }
    }

    fn is_between_letters(&self, letter: char) -> bool {
        letter.is_alphanumeric() && self.previous[0].is_some_and(char::is_alphanumeric)
    }

    /// How the text may break at the current position.
    fn breaks_here(&self) -> Breaks {
        Breaks::of(self.context.styles.get(self.nesting.boundary.unwrap_or(self.nesting.innermost())))
    }

    /// Ends the segment before the current letter if the text may break there; without `wraps`, only at forced breaks.
    fn break_before(&mut self, letter: char, wraps: bool, index: usize) {
        let mut found = None;
        while let Some((at, opportunity)) = self.breaks.peek().copied() {
            if at > self.position {
                break;
            }
            self.breaks.next();
            if at == self.position {
                found = Some(opportunity);
            }
        }
        // The break is already there, before the element that this letter starts.
        if self.position == self.current.start {
            return;
        }
        let mandatory = found == Some(BreakOpportunity::Mandatory) && self.previous[0] == Some('\n');
        let may_break = match self.previous {
            [Some(before), earlier] => {
                let next = || self.text.get(self.position + letter.len_utf8()..)?.chars().next();
                may_break(earlier, before, letter, next, found.is_some())
            }
            _ => found.is_some(),
        };
        if mandatory || (wraps && may_break) {
            self.flush(mandatory, index);
        }
    }

    fn add(&mut self, letter: char, advance: f64, is_space: bool) {
        if is_space {
            self.current.space += advance;
            self.current.hangs += if letter == WIDE_SPACE { advance } else { 0.0 };
            self.piece_space += advance;
        } else {
            self.current.hangs = 0.0;
            self.widen(advance);
        }
        self.position += letter.len_utf8();
        self.previous = [Some(letter), self.previous[0]];
    }

    /// Adds width after the pending spaces, which then no longer end the segment.
    fn widen(&mut self, by: f64) {
        self.current.width += self.current.space + by;
        self.current.space = 0.0;
        self.piece += self.piece_space + by;
        self.piece_space = 0.0;
        self.current.narrowest = self.current.narrowest.max(self.piece);
    }

    /// Starts an inline element with its margin, border and padding.
    fn begin(&mut self, id: StyleId, index: usize) {
        self.nesting.begin(id);
        // A break before the element's first letter goes before its edge, too.
        let next = self.text.get(self.position..).and_then(|rest| rest.chars().next());
        if let Some(next) = next {
            self.break_before(next, self.breaks_here().wraps, index);
        }
        self.edge(id, LEFT);
    }

    fn end(&mut self, id: StyleId) {
        self.edge(id, RIGHT);
        self.nesting.end();
    }

    fn edge(&mut self, id: StyleId, side: usize) {
        let width = edge_width(self.context.styles.get(id), side);
        if width != 0.0 {
            self.widen(width);
        }
    }

    fn flush(&mut self, forced: bool, next_item: usize) {
        let next = Segment { start: self.position, item: next_item, ..Segment::default() };
        let mut segment = std::mem::replace(&mut self.current, next);
        segment.end = self.position;
        segment.forced = forced;
        (self.piece, self.piece_space) = (0.0, 0.0);
        self.segments.push(segment);
    }
}

impl Context<'_> {
    /// Advance of a letter in px. Only white space that is kept has no glyph.
    #[inline]
    pub(crate) fn advance(&self, style: &Style, letter: char) -> f64 {
        match self.faces.find(letter, style.bold()) {
            Some((_, advance)) if !is_invisible(letter) => advance * style.glyph_size() + style.letter_spacing,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{fault::Faults, testing};

    fn pieces(text: &str) -> Vec<String> {
        styled_pieces("", text)
    }

    fn styled_pieces(style: &str, text: &str) -> Vec<String> {
        let source = format!("<!DOCTYPE html><p style=\"{style}\">{text}</p>");
        let faults = Faults::new(&source);
        testing::with_paragraph(&source, &faults, |context, paragraph| {
            let measured = measure(context, paragraph, |_| Fragment::default());
            let text = |segment: &Segment| paragraph.text[segment.start..segment.end].to_owned();
            measured.segments.iter().map(text).collect()
        })
    }

    /// Expected breaks come from Chromium.
    #[test]
    fn word_break_keeps_or_breaks_words() {
        let account = "本店 普通 1234567 サンプルツウシン";
        assert_eq!(styled_pieces("word-break: keep-all", account).join("|"), "本店 |普通 |1234567 |サンプルツウシン");
        assert_eq!(styled_pieces("word-break: break-all", "ab c").join("|"), "a|b |c");
    }

    #[test]
    fn strict_kinsoku() {
        assert_eq!(pieces("御請求書、通信料。").join("|"), "御|請|求|書、|通|信|料。");
        assert_eq!(pieces("「月額」ー").join("|"), "「月|額」ー");
        assert_eq!(pieces("です。¥1,200").join("|"), "で|す。|¥1,200");
        assert_eq!(pieces("ab cd-ef").join("|"), "ab |cd-|ef");
        assert_eq!(pieces("SIM（月）").join("|"), "SIM|（月）");
        assert_eq!(pieces("2022-08-01 a/b/c x(y) -5").join("|"), "2022-|08-|01 |a/b/c |x(y) |-5");
    }
}
