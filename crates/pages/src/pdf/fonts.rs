//! Collects the characters that a document uses of each face, and subsets the fonts.

use std::collections::{BTreeMap, BTreeSet};

use printpdf::{
    Codepoint, FontId, FontMetrics, FontType, Op, ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfFontMetricsStub,
    Pt, TextItem,
};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};
use subsetter::GlyphRemapper;

use super::error::Error;
use crate::layout::{DAMAGED, Document, Face, Faces, Item, Letter, letters, shielded};

/// A subset of a face in which every glyph maps to one character.
///
/// Two characters that share a glyph (such as 一 and its compatibility form) need two fonts: readers map glyphs back to
/// text for copying, and each glyph maps to one character only.
pub(super) struct Font {
    pub(super) id: FontId,
    face: u8,
    /// Index among the fonts of this face: 0 has the first character of every glyph.
    turn: usize,
    /// New glyph of every letter; only looked up, so that the order of the hash does not show.
    glyphs: FxHashMap<Letter, u16>,
    /// Advance of every new glyph, from glyph 1 on, in 1/1000 em.
    pub(super) widths: Vec<f32>,
}

/// All fonts of a document.
#[derive(Default)]
pub(super) struct Fonts {
    pub(super) fonts: Vec<Font>,
    /// Letters that need another font than the first of their face, with its index.
    pub(super) later: BTreeMap<(u8, Letter), usize>,
    /// Operations that show every glyph of every font, with its text: `printpdf::to_lopdf_doc` only embeds fonts, and
    /// maps glyphs to text, as far as a page's operations show them.
    pub(super) shown: Vec<Op>,
}

impl Fonts {
    /// Collects the used letters, subsets their faces and adds the fonts to the resources.
    pub(super) fn add(pdf: &mut PdfDocument, document: &Document, faces: &Faces) -> Result<Fonts, Error> {
        let mut fonts = Fonts::default();
        for (face_index, used) in used_letters(document) {
            let face =
                faces.face(face_index).ok_or_else(|| Error::new("the document was laid out with other faces"))?;
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
            for (turn, letters) in turns.into_iter().enumerate() {
                let id = FontId(format!("f{}", fonts.fonts.len()));
                pdf.resources.fonts.map.insert(id.clone(), PdfFont::new(subset(face, &letters)?));
                let text =
                    |(character, selector): &Letter| [Some(*character), *selector].into_iter().flatten().collect();
                let shown =
                    (1..).zip(letters.values()).map(|(glyph, letter)| Codepoint::with_cid(glyph, 0.0, text(letter)));
                let items = vec![TextItem::GlyphIds(shown.collect())];
                let font = PdfFontHandle::External(id.clone());
                fonts.shown.extend([Op::SetFont { font, size: Pt(1.0) }, Op::ShowText { items }]);
                let per_em = 1000.0 / f32::from(face.units_per_em.max(1));
                let widths = letters.keys().map(|glyph| f32::from(face.advance(*glyph)) * per_em).collect();
                let glyphs = (1..).zip(letters.values()).map(|(glyph, letter)| (*letter, glyph)).collect();
                fonts.fonts.push(Font { id, face: face_index, turn, glyphs, widths });
            }
        }
        Ok(fonts)
    }

    fn find(&self, face: u8, turn: usize) -> Option<usize> {
        self.fonts.iter().position(|font| font.face == face && font.turn == turn)
    }

    /// Splits text into pieces that one font can show, each with the font's index.
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

fn used_letters(document: &Document) -> BTreeMap<u8, BTreeSet<Letter>> {
    // One bit for every character, because pages repeat the same few hundred. Variation sequences are rare.
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

/// Subsets a face to these glyphs, numbered from 1 in their order.
fn subset(face: &Face, glyphs: &BTreeMap<u16, Letter>) -> Result<ParsedFont, Error> {
    let mut remapper = GlyphRemapper::new();
    let mut hash = Sha256::new();
    for (glyph, (character, selector)) in glyphs {
        remapper.remap(*glyph);
        for part in [Some(*character), *selector].into_iter().flatten() {
            hash.update(u32::from(part).to_be_bytes());
        }
    }
    let unusable = |message: String| Error { message, file: face.name.clone() };
    let subset =
        shielded(|| subsetter::subset(&face.bytes, 0, &remapper)).ok_or_else(|| unusable(DAMAGED.to_owned()))?;
    let original_bytes =
        subset.map_err(|error| unusable(format!("the face {} cannot be embedded: {error}", face.postscript_name)))?;
    let is_cff = original_bytes.starts_with(b"OTTO");
    let [x_min, y_min, x_max, y_max] = face.bounds;
    Ok(ParsedFont {
        original_bytes,
        font_index: 0,
        font_name: Some(format!("{}+{}", tag(&hash.finalize()), face.postscript_name)),
        // Not needed: glyphs are shown by number, and `finish` sets their widths.
        codepoint_to_glyph: BTreeMap::new(),
        glyph_widths: BTreeMap::new(),
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
    })
}

impl Font {
    /// The glyph of a letter in the subset; 0 if it has none.
    pub(super) fn glyph(&self, letter: Letter) -> u16 {
        self.glyphs.get(&letter).copied().unwrap_or(0)
    }
}

/// The six letters in front of a subset font's name (ISO 32000-1, 9.6.4).
fn tag(hash: &[u8]) -> String {
    hash.iter().take(6).map(|byte| char::from(b'A' + byte % 26)).collect()
}
