//! Which characters a document uses of each face, and the subset fonts that hold them.

use std::collections::{BTreeMap, BTreeSet};

use printpdf::{
    FontId, FontMetrics, FontType, Op, ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfFontMetricsStub, Pt,
    TextItem,
};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};
use subsetter::GlyphRemapper;

use super::Error;
use crate::layout::{DAMAGED, Document, Face, Faces, Item, Letter, letters, shielded};

/// A subset of a face in which every glyph stands for one character.
///
/// Two characters that share a glyph (such as 一 and its compatibility form) need two fonts: copied text is looked up by
/// glyph, and one glyph can only mean one character.
pub(super) struct Font {
    pub(super) id: FontId,
    face: u8,
    /// Which of the fonts of this face: 0 holds the first character of every glyph.
    turn: usize,
    parsed: ParsedFont,
    /// The new glyph of every letter; only looked up, so that its order never shows.
    glyphs: FxHashMap<Letter, u16>,
    /// Letters of two characters, the second a variation selector, each with the character that stands for it until the
    /// file is finished: printpdf knows glyphs of single characters only.
    pub(super) forms: Vec<(char, Letter)>,
    /// Advance of every new glyph in 1/1000 em.
    pub(super) widths: Vec<f32>,
}

/// All fonts of a document.
pub(super) struct Fonts {
    pub(super) fonts: Vec<Font>,
    /// Letters that are not in the first font of their face.
    pub(super) later: BTreeMap<(u8, Letter), usize>,
}

/// Collects the used characters and subsets the faces.
pub(super) fn collect(document: &Document, faces: &Faces) -> Result<Fonts, Error> {
    let mut fonts = Fonts { fonts: Vec::new(), later: BTreeMap::new() };
    for (face_index, used) in used_letters(document) {
        let face = faces.face(face_index).ok_or_else(|| Error::new("the document was laid out with other faces"))?;
        let mut turns: Vec<BTreeMap<u16, Letter>> = Vec::new();
        for letter in used {
            let glyph = face.glyph_of(letter);
            let turn = turns.iter().position(|turn| !turn.contains_key(&glyph)).unwrap_or(turns.len());
            if turn == turns.len() {
                turns.push(BTreeMap::new());
            }
            turns[turn].insert(glyph, letter);
            if turn > 0 {
                fonts.later.insert((face_index, letter), turn);
            }
        }
        for (turn, glyphs) in turns.into_iter().enumerate() {
            let id = FontId(format!("f{}", fonts.fonts.len()));
            fonts.fonts.push(subset(face, &glyphs, id, face_index, turn)?);
        }
    }
    Ok(fonts)
}

fn used_letters(document: &Document) -> BTreeMap<u8, BTreeSet<Letter>> {
    // A bit for every character: pages repeat the same few hundred. Forms by variation selectors are rare.
    let mut seen: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
    let mut forms: BTreeMap<u8, BTreeSet<Letter>> = BTreeMap::new();
    let items = document.pages.iter().flat_map(|page| &page.layers).flat_map(|layer| &layer.items);
    for item in items {
        let Item::Text(text) = item else { continue };
        let bits = seen.entry(text.face).or_default();
        for (_, letter) in letters(&text.text) {
            if letter.1.is_some() {
                forms.entry(text.face).or_default().insert(letter);
                continue;
            }
            let code = letter.0 as usize;
            if bits.len() <= code / 64 {
                bits.resize(code / 64 + 1, 0);
            }
            if let Some(word) = bits.get_mut(code / 64) {
                *word |= 1 << (code % 64);
            }
        }
    }
    let characters = |bits: Vec<u64>| {
        let codes = bits.into_iter().enumerate().filter(|(_, word)| *word != 0);
        codes
            .flat_map(|(index, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| index * 64 + bit))
            .filter_map(|code| u32::try_from(code).ok().and_then(char::from_u32))
            .map(|character| (character, None))
            .collect::<BTreeSet<Letter>>()
    };
    let all = |(face, bits): (u8, Vec<u64>)| {
        let mut all = characters(bits);
        all.extend(forms.remove(&face).unwrap_or_default());
        (face, all)
    };
    seen.into_iter().map(all).collect()
}

fn subset(face: &Face, glyphs: &BTreeMap<u16, Letter>, id: FontId, index: u8, turn: usize) -> Result<Font, Error> {
    let mut remapper = GlyphRemapper::new();
    let mut codepoint_to_glyph = BTreeMap::new();
    let mut new_glyphs = FxHashMap::default();
    let mut glyph_widths = BTreeMap::new();
    let mut widths = vec![0.0];
    let mut hash = Sha256::new();
    // From the end of Unicode, where private characters are that no text of the document has.
    let used = |code: char| glyphs.values().any(|letter| *letter == (code, None));
    let mut stand_ins = (('\u{100000}'..='\u{10fffd}').rev()).filter(|code| !used(*code));
    let mut forms = Vec::new();
    for (glyph, letter) in glyphs {
        let new = remapper.remap(*glyph);
        let advance = face.advance(*glyph);
        let (character, selector) = *letter;
        let known_as = match selector {
            None => character,
            Some(_) => {
                let stand_in =
                    stand_ins.next().ok_or_else(|| Error::new("the document has too many forms of kanji"))?;
                forms.push((stand_in, *letter));
                stand_in
            }
        };
        codepoint_to_glyph.insert(u32::from(known_as), new);
        new_glyphs.insert(*letter, new);
        glyph_widths.insert(new, advance);
        widths.push(f32::from(advance) * 1000.0 / f32::from(face.units_per_em.max(1)));
        for part in [Some(character), selector].into_iter().flatten() {
            hash.update(u32::from(part).to_be_bytes());
        }
    }
    let unusable = |message: String| Error { file: face.name.clone(), ..Error::new(message) };
    let subset =
        shielded(|| subsetter::subset(&face.bytes, 0, &remapper)).ok_or_else(|| unusable(DAMAGED.to_owned()))?;
    let bytes =
        subset.map_err(|error| unusable(format!("the face {} cannot be embedded: {error}", face.postscript_name)))?;
    let is_cff = bytes.starts_with(b"OTTO");
    let [x_min, y_min, x_max, y_max] = face.bounds;
    let parsed = ParsedFont {
        original_bytes: bytes,
        font_index: 0,
        font_name: Some(format!("{}+{}", tag(&hash.finalize()), face.postscript_name)),
        codepoint_to_glyph,
        glyph_widths,
        units_per_em: face.units_per_em,
        font_metrics: FontMetrics { ascent: face.ascender, descent: face.descender },
        font_type: if is_cff { FontType::OpenTypeCFF(()) } else { FontType::TrueType },
        pdf_font_metrics: PdfFontMetricsStub {
            units_per_em: face.units_per_em,
            x_min,
            y_min,
            x_max,
            y_max,
            caret_slope_rise: 1,
            caret_slope_run: 0,
            us_weight_class: face.weight,
        },
    };
    Ok(Font { id, face: index, turn, parsed, glyphs: new_glyphs, forms, widths })
}

impl Font {
    /// The glyph of a letter in the subset; 0 where it has none.
    pub(super) fn glyph(&self, letter: Letter) -> u16 {
        self.glyphs.get(&letter).copied().unwrap_or(0)
    }

    /// Every character the subset holds.
    fn text(&self) -> String {
        self.parsed.codepoint_to_glyph.keys().filter_map(|code| char::from_u32(*code)).collect()
    }
}

/// The six letters before a subset font's name (ISO 32000-1, 9.6.4).
fn tag(hash: &[u8]) -> String {
    hash.iter().take(6).map(|byte| char::from(b'A' + byte % 26)).collect()
}

impl Fonts {
    pub(super) fn add_to(&self, pdf: &mut PdfDocument) {
        for font in &self.fonts {
            pdf.resources.fonts.map.insert(font.id.clone(), PdfFont::new(font.parsed.clone()));
        }
    }

    /// Operations that show every character of every font: printpdf embeds what the pages use.
    pub(super) fn all(&self) -> Vec<Op> {
        let show = |font: &Font| {
            let handle = PdfFontHandle::External(font.id.clone());
            let items = vec![TextItem::Text(font.text())];
            [Op::SetFont { font: handle, size: Pt(1.0) }, Op::ShowText { items }]
        };
        let shown = self.fonts.iter().flat_map(show);
        [Op::StartTextSection].into_iter().chain(shown).chain([Op::EndTextSection]).collect()
    }

    fn find(&self, face: u8, turn: usize) -> Option<usize> {
        self.fonts.iter().position(|font| font.face == face && font.turn == turn)
    }

    /// The text in pieces that one font can show, with the font's index.
    pub(super) fn pieces<'t>(&self, face: u8, text: &'t str) -> Vec<(usize, &'t str)> {
        let all = (face, ('\0', None))..=(face, (char::MAX, Some(char::MAX)));
        let has_later = self.later.range(all).next().is_some();
        if !has_later {
            return self.find(face, 0).map(|font| (font, text)).into_iter().collect();
        }
        let mut pieces: Vec<(usize, &str)> = Vec::new();
        let mut start = 0;
        let mut current = None;
        for (index, letter) in letters(text) {
            let turn = self.later.get(&(face, letter)).copied().unwrap_or(0);
            if current.is_some_and(|current| current != turn) {
                pieces.extend(self.piece(face, current, text.get(start..index)));
                start = index;
            }
            current = Some(turn);
        }
        pieces.extend(self.piece(face, current, text.get(start..)));
        pieces
    }

    fn piece<'t>(&self, face: u8, turn: Option<usize>, text: Option<&'t str>) -> Option<(usize, &'t str)> {
        Some((self.find(face, turn?)?, text?))
    }
}
