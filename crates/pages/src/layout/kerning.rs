//! Kerning: finds by shaping how far a face moves two letters from where their advances put them.
//!
//! In: the text of a paragraph. Out: its [`Kern`]s. Only positions are taken from the face: letters keep their own
//! glyphs, so that copied text is what was written. Faces without kerning, such as the built-in ones, are not shaped.

use std::{cell::RefCell, collections::BTreeSet};

use harfrust::{Buffer, Direction, Feature, Script, ShapeOptions, ShapePlan, ShaperFont, Tag, shape};

use super::{
    boxes::{Item, Paragraph},
    fonts::Faces,
    kern::Kern,
    letters::{ATOM, is_invisible},
    shield::shielded,
    space::edge_width,
    style::{LEFT, RIGHT, Style, Styles, VerticalAlign},
};

/// Features that would replace the glyphs of the text's own characters; all are off.
const SUBSTITUTIONS: [&[u8; 4]; 9] = [b"ccmp", b"locl", b"rlig", b"liga", b"clig", b"calt", b"rclt", b"dlig", b"hlig"];

/// Shapes text in the faces that have kerning.
pub(crate) struct Shaper<'f> {
    faces: &'f Faces,
    /// By face index; empty where no face has kerning.
    shapers: Vec<Option<&'f harfrust::Font>>,
    /// Shape plans by face and script.
    plans: RefCell<Vec<(u8, Option<Script>, ShapePlan)>>,
    /// Faces on which the shaper panicked.
    damaged: RefCell<BTreeSet<u8>>,
}

impl<'f> Shaper<'f> {
    pub(crate) fn new(faces: &'f Faces) -> Shaper<'f> {
        let shapers: Vec<_> = faces.each().map(|face| face.shaper.as_ref()).collect();
        let shapers = if shapers.iter().any(Option::is_some) { shapers } else { Vec::new() };
        Shaper { faces, shapers, plans: RefCell::default(), damaged: RefCell::default() }
    }

    /// Whether no face has kerning.
    pub(crate) fn is_idle(&self) -> bool {
        self.shapers.is_empty()
    }

    /// Names of the faces that could not be shaped because their files are damaged.
    pub(crate) fn damaged(&self) -> Vec<&'f str> {
        let damaged = self.damaged.borrow();
        let names = damaged.iter().filter_map(|index| self.faces.face(*index)?.name.as_deref());
        names.collect()
    }

    /// The kerns of a paragraph, in the order of its text.
    pub(crate) fn kerns(&self, paragraph: &Paragraph, styles: &Styles) -> Vec<Kern> {
        let mut kerns = Vec::new();
        let mut position = 0;
        let mut stretch: Option<Stretch> = None;
        let mut close = |stretch: &mut Option<Stretch>| {
            if let Some(done) = stretch.take() {
                self.shape(&done, &paragraph.text, &mut kerns);
            }
        };
        for item in &paragraph.items {
            match item {
                Item::Text { length, style, .. } => {
                    let end = position + *length as usize;
                    let style = styles.get(*style);
                    for (index, letter) in paragraph.text.get(position..end).unwrap_or_default().char_indices() {
                        let next = self.stretch_of(letter, style, position + index);
                        match (&mut stretch, next) {
                            (Some(open), Some(next)) if open.joins(&next) => open.extend(next),
                            (_, next) => {
                                close(&mut stretch);
                                stretch = next;
                            }
                        }
                    }
                    position = end;
                }
                Item::Open { style } if parts(styles.get(*style), LEFT) => close(&mut stretch),
                Item::Close { style } if parts(styles.get(*style), RIGHT) => close(&mut stretch),
                Item::Open { .. } | Item::Close { .. } => {}
                Item::Atom(_) => {
                    close(&mut stretch);
                    position += ATOM.len_utf8();
                }
            }
        }
        close(&mut stretch);
        kerns
    }

    /// A letter as a stretch of its own; none if no face has it, or one without kerning.
    fn stretch_of(&self, letter: char, style: &Style, position: usize) -> Option<Stretch> {
        let (face, _) = self.faces.find(letter, style.bold()).filter(|_| !is_invisible(letter))?;
        self.shapers.get(usize::from(face))?.as_ref()?;
        let end = position + letter.len_utf8();
        Some(Stretch { face, size: style.glyph_size(), script: Writing::of(letter), start: position, end })
    }

    fn shape(&self, stretch: &Stretch, text: &str, kerns: &mut Vec<Kern>) {
        if self.damaged.borrow().contains(&stretch.face) {
            return;
        }
        match shielded(|| self.kerns_of(stretch, text)) {
            Some(found) => kerns.extend(found),
            None => drop(self.damaged.borrow_mut().insert(stretch.face)),
        }
    }

    /// The kerns of a stretch; none if shaping replaced a glyph.
    fn kerns_of(&self, stretch: &Stretch, text: &str) -> Vec<Kern> {
        let mut kerns = Vec::new();
        let text = text.get(stretch.start..stretch.end).unwrap_or_default();
        let face = self.faces.face(stretch.face);
        let font = self.shapers.get(usize::from(stretch.face)).copied().flatten();
        let (Some(face), Some(font)) = (face, font) else { return kerns };
        let mut buffer = Buffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        if buffer.direction() != Direction::LeftToRight {
            return kerns;
        }
        let script = buffer.script();
        let mut plans = self.plans.borrow_mut();
        let known = plans.iter().position(|(of, its, _)| *of == stretch.face && *its == script);
        let index = known.unwrap_or_else(|| {
            let off = SUBSTITUTIONS.map(|name| Feature::new(Tag::new(name), 0, ..));
            let plan = ShapePlan::new(font, Direction::LeftToRight, script, None, &off);
            plans.push((stretch.face, script, plan));
            plans.len() - 1
        });
        let Some((_, _, plan)) = plans.get(index) else { return kerns };
        if shape(&ShaperFont::new(font), &mut buffer, ShapeOptions::new().plan(Some(plan))).is_err() {
            return kerns;
        }
        let glyphs = buffer.glyph_infos().iter().zip(buffer.glyph_positions());
        let letters: Vec<(usize, char)> = text.char_indices().collect();
        // Start of each glyph, in font units.
        let mut starts = Vec::with_capacity(letters.len());
        let mut pen = 0_i64;
        for (info, place) in glyphs {
            let letter = letters.get(starts.len());
            // A replaced glyph could not be mapped back to the text in the PDF.
            if letter.is_none_or(|(at, letter)| {
                info.cluster as usize != *at || info.glyph_id != u32::from(face.glyph(*letter))
            }) {
                return kerns;
            }
            starts.push(pen + i64::from(place.x_offset));
            pen += i64::from(place.x_advance);
        }
        for ((at, letter), pair) in letters.iter().zip(starts.windows(2)) {
            let units = pair[1] - pair[0] - i64::from(face.advance(face.glyph(*letter)));
            if units != 0 {
                let at = u32::try_from(stretch.start + at).unwrap_or(u32::MAX);
                kerns.push(Kern { at, em: units as f32 / f32::from(face.units_per_em.max(1)) });
            }
        }
        kerns
    }
}

/// Whether a side of an inline element separates its text from the text outside.
fn parts(style: &Style, side: usize) -> bool {
    edge_width(style, side) != 0.0 || style.vertical_align != VerticalAlign::Baseline
}

/// Script of a letter; those without one of their own take that of the letters before.
#[derive(Clone, Copy, PartialEq)]
enum Writing {
    Japanese,
    Other,
    Any,
}

impl Writing {
    fn of(letter: char) -> Writing {
        match letter {
            '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9d}' => {
                Writing::Japanese
            }
            '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => {
                Writing::Japanese
            }
            '\u{20000}'..='\u{3ffff}' => Writing::Japanese,
            letter if letter.is_alphabetic() => Writing::Other,
            _ => Writing::Any,
        }
    }
}

/// Adjacent text of one face, size and script.
struct Stretch {
    face: u8,
    size: f64,
    script: Writing,
    start: usize,
    end: usize,
}

impl Stretch {
    fn joins(&self, next: &Stretch) -> bool {
        let same = self.script == next.script || self.script == Writing::Any || next.script == Writing::Any;
        same && self.face == next.face && self.size == next.size && self.end == next.start
    }

    fn extend(&mut self, next: Stretch) {
        self.end = next.end;
        if self.script == Writing::Any {
            self.script = next.script;
        }
    }
}
