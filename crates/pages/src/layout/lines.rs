//! Sets a measured paragraph as lines of positioned text.

use super::{
    boxes::{Item, Paragraph},
    breaking::Measured,
    context::{Context, Extent},
    filling::{Span, spans},
    fragment::{Fragment, InlineBox, Line, Run},
    html::NodeId,
    justify,
    kern::{Kern, KernReader},
    letters::{ATOM, is_invisible, is_variation_selector},
    space::edge_width,
    style::{BOTTOM, LEFT, LineHeight, RIGHT, Style, StyleId, TOP, TextAlign, VerticalAlign, WhiteSpace},
};

/// Breaks a paragraph into lines; `x` and `y` are the start of the first line in the fragment.
pub(crate) fn lay_out(
    context: &Context<'_>,
    paragraph: &Paragraph,
    measured: Measured,
    width: f64,
    x: f64,
    y: f64,
) -> (Vec<Line>, f64) {
    let block = context.styles.get(paragraph.style);
    let indent = block.text_indent.or_zero(width);
    let spans = spans(context, paragraph, &measured.segments, width, indent);
    let mut setter = Setter {
        context,
        paragraph,
        block,
        open: Vec::new(),
        atoms: measured.atoms.into_iter(),
        item: 0,
        consumed: 0,
        position: 0,
        kerns: KernReader::new(context.kerns(paragraph)),
    };
    let mut lines = Vec::with_capacity(spans.len());
    let mut top = y;
    for (index, span) in spans.iter().enumerate() {
        let indent = if index == 0 { indent } else { 0.0 };
        let line = setter.line(span, Room { x, width, indent }, top, index + 1 == spans.len());
        let Some(line) = line else { continue };
        top += line.height;
        lines.push(line);
    }
    (lines, top - y)
}

#[derive(Clone, Copy)]
struct Room {
    x: f64,
    width: f64,
    indent: f64,
}

/// An open inline element.
#[derive(Clone, Copy)]
struct Open {
    style: StyleId,
    /// Distance of its baseline below the line's.
    shift: f64,
    /// Where it starts on this line.
    start: f64,
    opens_here: bool,
}

struct Setter<'s, 'c> {
    context: &'s Context<'c>,
    paragraph: &'s Paragraph,
    block: &'s Style,
    open: Vec<Open>,
    atoms: std::vec::IntoIter<Fragment>,
    /// Index of the item in which the next line starts, and how many of its bytes are used.
    item: usize,
    consumed: usize,
    position: usize,
    kerns: KernReader<'s>,
}

/// A line under construction; positions are relative to its baseline and start.
#[derive(Default)]
struct Draft {
    x: f64,
    /// Kern after the last letter, dropped at the end of a line.
    kern: f64,
    runs: Vec<Run>,
    boxes: Vec<(InlineBox, f64)>,
    atoms: Vec<(Fragment, VerticalAlign)>,
    extent: Option<Extent>,
    /// Height of the tallest box aligned to the line's top or bottom.
    tall: f64,
    has_content: bool,
}

/// Text of one face under construction.
struct Piece {
    start: usize,
    x: f64,
    face: u8,
    /// Byte offsets of the last letter that is printed, and of the next one.
    last: usize,
    length: usize,
    kerns: Vec<Kern>,
}

impl Piece {
    /// Adds a kern after the last letter.
    fn kern(&mut self, room: f64, style: &Style) {
        if room != 0.0 {
            let em = (room / style.glyph_size()) as f32;
            self.kerns.push(Kern { at: u32::try_from(self.last).unwrap_or(u32::MAX), em });
        }
    }
}

impl Draft {
    fn include(&mut self, extent: Extent) {
        self.extent = Some(self.extent.map_or(extent, |known| known.union(extent)));
    }
}

impl Setter<'_, '_> {
    fn line(&mut self, span: &Span, room: Room, top: f64, last: bool) -> Option<Line> {
        let mut draft = Draft { runs: Vec::with_capacity(1), ..Draft::default() };
        let primary = self.context.faces.primary(self.block.bold());
        draft.include(self.context.extent(self.block, primary));
        for index in 0..self.open.len() {
            self.open[index].start = 0.0;
            self.open[index].opens_here = false;
            let Open { style, shift, .. } = self.open[index];
            self.include_strut(&mut draft, style, shift);
        }
        self.items(&mut draft, span, last);
        self.close_boxes(&mut draft);
        if !draft.has_content {
            return None;
        }
        Some(self.finish(draft, room, top, span.ends))
    }

    fn items(&mut self, draft: &mut Draft, span: &Span, last: bool) {
        let paragraph = self.paragraph;
        while let Some(item) = paragraph.items.get(self.item) {
            match item {
                Item::Text { length, style, node, .. } => {
                    let length = *length as usize;
                    let start = self.position;
                    let item_end = self.position - self.consumed + length;
                    let end = item_end.min(span.next);
                    self.text(draft, start, end.min(span.end.max(start)), end, *style, *node);
                    self.position = end;
                    self.consumed += end - start;
                    if end < item_end {
                        return;
                    }
                }
                Item::Atom(atom) => {
                    if self.position >= span.next && !last {
                        return;
                    }
                    self.position += ATOM.len_utf8();
                    if let Some(fragment) = self.atoms.next() {
                        self.atom(draft, fragment, atom.style);
                    }
                }
                Item::Open { style } => {
                    if self.position >= span.next && !last {
                        return;
                    }
                    self.open(draft, *style);
                }
                Item::Close { style } => self.close(draft, *style),
            }
            self.item += 1;
            self.consumed = 0;
        }
    }

    fn shift(&self) -> f64 {
        self.open.last().map_or(0.0, |open| open.shift)
    }

    /// Distance of the baseline of the element that underlines the text below the line's baseline.
    fn underline_shift(&self, style: &Style) -> f64 {
        let Some(line) = style.lines.underline else { return self.shift() };
        let has_line = |open: &&Open| self.context.styles.get(open.style).lines.underline == Some(line);
        let outermost = self.open.iter().rev().take_while(has_line).last();
        match outermost {
            _ if self.block.lines.underline == Some(line) => 0.0,
            Some(open) => open.shift,
            None => self.shift(),
        }
    }

    fn include_strut(&self, draft: &mut Draft, style: StyleId, shift: f64) {
        let style = self.context.styles.get(style);
        let face = self.context.faces.primary(style.bold());
        draft.include(self.context.extent(style, face).lowered(shift));
    }

    fn open(&mut self, draft: &mut Draft, id: StyleId) {
        let context = self.context;
        let parent = self.open.last().map_or(self.paragraph.style, |open| open.style);
        let style = context.styles.get(id);
        let face = context.faces.primary(style.bold());
        let extent = context.extent(style, face);
        let shift = self.shift() + baseline_shift(context, style, context.styles.get(parent), extent);
        let start = draft.x;
        self.open.push(Open { style: id, shift, start, opens_here: true });
        self.include_strut(draft, id, shift);
        let width = edge_width(style, LEFT);
        draft.x += width;
        draft.has_content |= width != 0.0;
    }

    fn close(&mut self, draft: &mut Draft, id: StyleId) {
        let style = self.context.styles.get(id);
        draft.x += edge_width(style, RIGHT);
        if let Some(open) = self.open.pop() {
            self.add_box(draft, open, true);
        }
    }

    /// Closes the boxes of inline elements that continue on the next line.
    fn close_boxes(&self, draft: &mut Draft) {
        for open in self.open.iter().rev() {
            self.add_box(draft, *open, false);
        }
    }

    fn add_box(&self, draft: &mut Draft, open: Open, closes: bool) {
        let style = self.context.styles.get(open.style);
        let has_border = [TOP, RIGHT, BOTTOM, LEFT].iter().any(|side| style.border_width(*side) > 0.0);
        if style.background.0.is_none() && !has_border {
            return;
        }
        let face = self.context.faces.primary(style.bold());
        let metrics = self.context.faces.line_metrics(face, style.font_size);
        let above = metrics.ascent + style.padding[TOP].or_zero(0.0) + style.border_width(TOP);
        let below = metrics.descent + style.padding[BOTTOM].or_zero(0.0) + style.border_width(BOTTOM);
        let left = if open.opens_here { style.margin[LEFT].or_zero(0.0) } else { 0.0 };
        let right = if closes { style.margin[RIGHT].or_zero(0.0) } else { 0.0 };
        let inline_box = InlineBox {
            x: open.start + left,
            y: open.shift - above,
            width: (draft.x - right - open.start - left).max(0.0),
            height: above + below,
            style: open.style,
            opens: open.opens_here,
            closes,
        };
        draft.boxes.push((inline_box, 0.0));
    }

    fn text(&mut self, draft: &mut Draft, start: usize, end: usize, all: usize, id: StyleId, node: NodeId) {
        let context = self.context;
        let style = context.styles.get(id);
        let shift = self.shift();
        let underline = (self.underline_shift(style) - shift) as f32;
        let shown = self.paragraph.text.get(start..end).unwrap_or_default();
        let whole = self.paragraph.text.get(start..all).unwrap_or_default();
        draft.has_content |= !shown.is_empty() || whole.contains('\n');
        let mut piece: Option<Piece> = None;
        let push = |draft: &mut Draft, piece: Piece, to: usize| {
            let text = shown.get(piece.start..to).unwrap_or_default();
            let text: Box<str> =
                if text.contains(has_no_part) { text.replace(has_no_part, "").into() } else { text.into() };
            let (face, x) = (piece.face, piece.x);
            if style.line_height == LineHeight::Normal {
                draft.include(context.extent(style, face).lowered(shift));
            }
            if !text.is_empty() {
                let (width, y, kerns) = (draft.x - x, shift as f32, piece.kerns.into());
                draft.runs.push(Run { x, y, underline, width, face, style: id, node, text, spacing: 0.0, kerns });
            }
        };
        for (index, letter) in shown.char_indices() {
            let advance = context.advance(style, letter);
            let selector = shown.get(index + letter.len_utf8()..).and_then(|behind| behind.chars().next());
            let form = selector.filter(|selector| is_variation_selector(*selector));
            let form = form.and_then(|selector| context.faces.form(letter, selector, style.bold()));
            let face = match form.or_else(|| context.faces.find(letter, style.bold()).map(|(face, _)| face)) {
                Some(face) if !is_invisible(letter) => face,
                _ => piece.as_ref().map_or_else(|| context.faces.primary(style.bold()), |piece| piece.face),
            };
            let kern = std::mem::take(&mut draft.kern);
            match &mut piece {
                Some(piece) if piece.face == face => piece.kern(kern, style),
                _ => {
                    if let Some(done) = piece.take() {
                        push(draft, done, index);
                    }
                    piece =
                        Some(Piece { start: index, x: draft.x + kern, face, last: 0, length: 0, kerns: Vec::new() });
                }
            }
            if let Some(piece) = piece.as_mut().filter(|_| !has_no_part(letter)) {
                piece.last = piece.length;
                piece.length += letter.len_utf8();
            }
            draft.x += kern + advance;
            let em = self.kerns.behind(start + index);
            draft.kern = if em == 0.0 { 0.0 } else { em * style.glyph_size() };
        }
        if let Some(done) = piece {
            push(draft, done, shown.len());
        }
    }

    fn atom(&self, draft: &mut Draft, mut fragment: Fragment, id: StyleId) {
        let style = self.context.styles.get(id);
        let margin = |side: usize| style.margin.get(side).map_or(0.0, |margin| margin.or_zero(0.0));
        let is_picture = matches!(fragment.content, super::fragment::Content::Picture(_));
        let bottom = fragment.height + margin(BOTTOM);
        let baseline = if is_picture { bottom } else { fragment.last_baseline().unwrap_or(bottom) };
        let height = margin(TOP) + bottom;
        let own = Extent { ascent: margin(TOP) + baseline, descent: bottom - baseline };
        let parent = self.open.last().map_or(self.paragraph.style, |open| open.style);
        let parent = self.context.styles.get(parent);
        let shift = self.shift() + baseline_shift(self.context, style, parent, own);
        if matches!(style.vertical_align, VerticalAlign::Top | VerticalAlign::Bottom) {
            draft.tall = draft.tall.max(height);
        } else {
            draft.include(own.lowered(shift));
        }
        fragment.x = draft.x + margin(LEFT);
        fragment.y = shift - baseline;
        draft.x = fragment.x + fragment.width + margin(RIGHT);
        draft.has_content = true;
        draft.atoms.push((fragment, style.vertical_align));
    }

    /// Moves the draft to its place on the line and computes the line's height.
    fn finish(&self, mut draft: Draft, room: Room, top: f64, ends: bool) -> Line {
        let mut extent = draft.extent.unwrap_or(Extent { ascent: 0.0, descent: 0.0 });
        if draft.tall > extent.height() {
            extent.descent = draft.tall - extent.ascent;
        }
        let free = room.width - room.indent - draft.x;
        let align = self.block.text_align;
        if align == TextAlign::Justify && !ends {
            let (runs, boxes, atoms) = (&mut draft.runs, draft.boxes.as_mut_slice(), draft.atoms.as_mut_slice());
            justify::spread(self.context, justify::Content { runs, boxes, atoms }, free);
        }
        let hangs = self.block.white_space == WhiteSpace::PreWrap && free < 0.0;
        let shift = match align {
            TextAlign::Center if free > 0.0 => free / 2.0,
            TextAlign::End if !hangs => free,
            _ => 0.0,
        };
        let start = room.x + room.indent + shift;
        let mut line = Line { y: top, height: extent.height(), baseline: extent.ascent, ..Line::default() };
        line.runs = draft.runs;
        for run in &mut line.runs {
            run.x += start;
            run.y += extent.ascent as f32;
        }
        line.boxes = draft.boxes.into_iter().rev().map(|(inline_box, _)| inline_box).collect();
        for inline_box in &mut line.boxes {
            inline_box.x += start;
            inline_box.y += extent.ascent;
        }
        for (mut atom, align) in draft.atoms {
            let style = self.context.styles.get(atom.style);
            atom.x += start;
            atom.y = match align {
                VerticalAlign::Top => style.margin[TOP].or_zero(0.0),
                VerticalAlign::Bottom => extent.height() - atom.height - style.margin[BOTTOM].or_zero(0.0),
                _ => atom.y + extent.ascent,
            };
            line.atoms.push(atom);
        }
        line
    }
}

/// Format characters are not printed; a variation selector is kept, because it chooses the glyph before it.
fn has_no_part(letter: char) -> bool {
    is_invisible(letter) && !is_variation_selector(letter)
}

/// Distance of an element's baseline below its parent's (CSS 2, 10.8.1; sub and super as in Chromium).
fn baseline_shift(context: &Context<'_>, style: &Style, parent: &Style, own: Extent) -> f64 {
    let face = context.faces.primary(parent.bold());
    let metrics = || context.faces.line_metrics(face, parent.font_size);
    match style.vertical_align {
        VerticalAlign::Baseline | VerticalAlign::Top | VerticalAlign::Bottom => 0.0,
        VerticalAlign::Sub => parent.font_size / 5.0 + 1.0,
        VerticalAlign::Super => -(parent.font_size / 3.0 + 1.0),
        VerticalAlign::Px(length) => -length,
        VerticalAlign::Percent(share) => {
            -share / 100.0 * context.line_height(style, context.faces.primary(style.bold()))
        }
        VerticalAlign::Middle => {
            let x_height = context.faces.x_height(face, parent.font_size);
            (own.ascent - own.descent) / 2.0 - x_height / 2.0
        }
        VerticalAlign::TextTop => own.ascent - metrics().ascent,
        VerticalAlign::TextBottom => metrics().descent - own.descent,
    }
}
