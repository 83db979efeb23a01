//! Fills lines with segments.

use super::{
    boxes::{Item, Paragraph},
    breaking::Segment,
    context::Context,
    kern::KernReader,
    letters::{ATOM, is_invisible},
    paragraph::Nesting,
    style::{StyleId, Wrap},
};

/// Sums of advances have rounding errors, which must not push a word that just fits to the next line.
const TOLERANCE: f64 = 1.0 / 64.0;

/// The text of one line, without its trailing spaces.
pub(super) struct Span {
    pub(super) end: usize,
    /// Where the next line starts.
    pub(super) next: usize,
    /// The paragraph or a forced line ends here; such lines are not justified.
    pub(super) ends: bool,
}

/// Fills each line with as many segments as fit.
pub(super) fn spans(
    context: &Context<'_>,
    paragraph: &Paragraph,
    segments: &[Segment],
    width: f64,
    indent: f64,
) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut used = indent;
    let mut line: Option<(f64, Span)> = None;
    let mut reader = Reader::new(paragraph);
    let text_end = |segment: &Segment| {
        let text = paragraph.text.get(segment.start..segment.end).unwrap_or_default();
        let kept = if segment.keeps_space { text } else { text.trim_end_matches(' ') };
        segment.start + kept.len()
    };
    for segment in segments {
        let before = line.as_ref().map_or(0.0, |(space, _)| *space);
        if line.is_some() && used + before + segment.width > width + TOLERANCE {
            spans.extend(line.take().map(|(_, span)| span));
            used = 0.0;
        }
        let before = line.as_ref().map_or(0.0, |(space, _)| *space);
        let mut segment_width = segment.width;
        if line.is_none() && segment.breakable && used + segment.width > width + TOLERANCE {
            segment_width = split(context, &mut reader, segment, width, &mut used, &mut spans);
        }
        used += before + segment_width;
        let span = Span { end: text_end(segment), next: segment.end, ends: segment.forced };
        line = Some((segment.space, span));
        if segment.forced {
            spans.extend(line.take().map(|(_, span)| span));
            used = 0.0;
        }
    }
    spans.extend(line.map(|(_, span)| span));
    if let Some(last) = spans.last_mut() {
        last.ends = true;
    }
    spans
}

/// Breaks a segment that is too wide for a line between characters; returns the width of its last part.
fn split(
    context: &Context<'_>,
    reader: &mut Reader<'_>,
    segment: &Segment,
    width: f64,
    used: &mut f64,
    spans: &mut Vec<Span>,
) -> f64 {
    let text = reader.paragraph.text.get(segment.start..segment.end).unwrap_or_default();
    let text = text.trim_end_matches(' ');
    let (mut start, mut part) = (segment.start, 0.0);
    // Kern after the last letter, dropped at the end of a line.
    let mut kern = 0.0;
    // The last position where the line may end, and the width up to there, kern included.
    let mut last = None;
    let mut kerns = KernReader::new(context.kerns(reader.paragraph));
    for (index, letter) in text.char_indices() {
        let position = segment.start + index;
        let (style, around) = reader.styles_at(position);
        let advance = if letter == ATOM { 0.0 } else { context.advance(context.styles.get(style), letter) };
        let around = context.styles.get(around);
        if position > start && around.white_space.wraps() && around.wrap != Wrap::Normal && !is_invisible(letter) {
            last = Some((position, part + kern));
        }
        if *used + part + kern + advance > width + TOLERANCE
            && let Some((end, before)) = last.take()
        {
            spans.push(Span { end, next: end, ends: false });
            *used = 0.0;
            (start, part) = (end, part - before);
        }
        part += kern + advance;
        kern = kerns.behind(position) * context.styles.get(style).glyph_size();
    }
    part
}

/// Looks up the styles of a paragraph's letters, in order.
struct Reader<'p> {
    paragraph: &'p Paragraph,
    item: usize,
    /// Position where the item's text starts.
    start: usize,
    nesting: Nesting,
}

impl<'p> Reader<'p> {
    fn new(paragraph: &'p Paragraph) -> Reader<'p> {
        Reader { paragraph, item: 0, start: 0, nesting: Nesting::new(paragraph.style) }
    }

    /// The style of the letter at a position, and the style that decides whether the text may break before it.
    fn styles_at(&mut self, position: usize) -> (StyleId, StyleId) {
        while let Some(item) = self.paragraph.items.get(self.item) {
            let length = match item {
                Item::Text { length, style, .. } if position < self.start + *length as usize => {
                    let around = self.nesting.boundary.filter(|_| position == self.start);
                    return (*style, around.unwrap_or(*style));
                }
                Item::Text { length, .. } => *length as usize,
                Item::Atom(_) if position < self.start + ATOM.len_utf8() => break,
                Item::Atom(_) => ATOM.len_utf8(),
                Item::Open { style } => {
                    self.nesting.begin(*style);
                    0
                }
                Item::Close { .. } => {
                    self.nesting.end();
                    0
                }
            };
            if length > 0 {
                self.nesting.boundary = None;
            }
            self.start += length;
            self.item += 1;
        }
        let innermost = self.nesting.innermost();
        (innermost, self.nesting.boundary.unwrap_or(innermost))
    }
}
