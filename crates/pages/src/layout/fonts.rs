//! Faces: which face has a character, how far it advances, how high a line is.
//!
//! In: font files. Out: flat tables, so that measuring a character is one array access. Faces with kerning are shaped
//! besides (`kerning`); the built-in ones have none.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use super::{character_map, letters::Letter, shield::shielded};

// `faces/README.md` says what is in them, where they come from, and how they are made.
const REGULAR: &[u8] = include_bytes!("../../faces/PagesGothic-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../faces/PagesGothic-Bold.ttf");
/// What Pages Gothic lacks.
const SUPPLEMENT: [&[u8]; 2] = [
    include_bytes!("../../faces/GothicSupplement-Regular.ttf"),
    include_bytes!("../../faces/GothicSupplement-Bold.ttf"),
];
/// How many faces are always there.
const BUILT_IN: usize = 2 + SUPPLEMENT.len();

/// Characters of the Basic Multilingual Plane get a flat table.
const PLANE: usize = 0x1_0000;
const NO_FACE: u8 = u8::MAX;
/// The face index is a byte, and one value means "none".
const FACES_MOST: usize = 200;
/// CSS: from this weight on, text is set in a bold face.
const BOLD_FROM: u16 = 600;

/// What a library cannot cope with.
pub(crate) const DAMAGED: &str = "not a usable font: it is damaged";

/// The faces a document can use, in the order in which they are tried for each character.
///
/// Text of a weight is set in faces of that weight first (given files, then the built-in face), then in the others, so that
/// a character only one face has is printed rather than lost. The supplement to the built-in face comes last in the same
/// manner: a workspace that brings a rare kanji in one weight wants that one.
pub struct Faces {
    faces: Vec<Face>,
    regular: Chain,
    bold: Chain,
}

/// A font file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceError {
    /// The name the file was given with.
    pub name: String,
    /// Why it cannot be used.
    pub message: String,
}

impl fmt::Display for FaceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for FaceError {}

/// One font file with what layout and the PDF need of it.
pub(crate) struct Face {
    /// The name its file was given with, for errors; none of a built-in one.
    pub(crate) name: Option<String>,
    pub(crate) bytes: Cow<'static, [u8]>,
    pub(crate) postscript_name: String,
    pub(crate) units_per_em: u16,
    pub(crate) ascender: i16,
    pub(crate) descender: i16,
    pub(crate) line_gap: i16,
    /// x min, y min, x max, y max in font units.
    pub(crate) bounds: [i16; 4],
    pub(crate) weight: u16,
    /// Some letters stand closer to each other, or farther apart, than their advances say.
    pub(crate) has_kerning: bool,
    x_height: i16,
    advances: Vec<u16>,
    glyphs: Vec<u16>,
    glyphs_beyond: BTreeMap<u32, u16>,
}

/// Where a character is found: the face and its advance in em.
#[derive(Clone, Copy)]
struct Found {
    face: u8,
    advance: f32,
}

struct Chain {
    order: Vec<u8>,
    plane: Vec<Found>,
    /// The face whose metrics make the line: the first with a space (CSS Fonts: the first available font).
    primary: u8,
}

impl Faces {
    /// Pages Gothic and its supplement, both in Regular and Bold, parsed once per process.
    pub fn built_in() -> Arc<Faces> {
        static BUILT_IN: OnceLock<Arc<Faces>> = OnceLock::new();
        Arc::clone(BUILT_IN.get_or_init(|| Arc::new(Faces::from_faces(built_in_faces()))))
    }

    /// The given font files (TrueType, OpenType, or a collection, of which the first face counts) before the built-in faces;
    /// the name is only used in errors.
    ///
    /// # Errors
    /// A file that is not a font, or has no usable character map, or outlines that a PDF cannot embed.
    pub fn with_files(files: Vec<(String, Vec<u8>)>) -> Result<Arc<Faces>, FaceError> {
        if files.len() + BUILT_IN > FACES_MOST {
            let name = files.last().map(|(name, _)| name.clone()).unwrap_or_default();
            return Err(FaceError { name, message: format!("expected at most {} font files", FACES_MOST - BUILT_IN) });
        }
        let mut faces = Vec::with_capacity(files.len() + BUILT_IN);
        for (name, bytes) in files {
            let parsed = shielded(|| Face::parse(Cow::Owned(bytes))).unwrap_or_else(|| Err(DAMAGED.to_owned()));
            match parsed {
                Ok(face) => faces.push(Face { name: Some(name), ..face }),
                Err(message) => return Err(FaceError { name, message }),
            }
        }
        faces.extend(built_in_faces());
        Ok(Arc::new(Faces::from_faces(faces)))
    }

    fn from_faces(faces: Vec<Face>) -> Faces {
        let regular = Chain::new(&faces, false);
        let bold = Chain::new(&faces, true);
        Faces { faces, regular, bold }
    }

    pub(crate) fn face(&self, index: u8) -> Option<&Face> {
        self.faces.get(usize::from(index))
    }

    /// All faces by index.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Face> {
        self.faces.iter()
    }

    /// The face that has the character, and its advance in em.
    #[inline]
    pub(crate) fn find(&self, character: char, bold: bool) -> Option<(u8, f64)> {
        let chain = self.chain(bold);
        let found = match chain.plane.get(character as usize) {
            Some(found) => *found,
            None => chain.find_beyond(&self.faces, character),
        };
        (found.face != NO_FACE).then(|| (found.face, f64::from(found.advance)))
    }

    /// Whether any face has the character.
    pub(crate) fn has(&self, character: char) -> bool {
        self.find(character, false).is_some()
    }

    /// The face with the form of a character that a variation selector asks for; none where no face has it, where it is the
    /// glyph that [`Faces::find`] gives anyway, or where it is wider or narrower than that.
    pub(crate) fn form(&self, character: char, selector: char, bold: bool) -> Option<u8> {
        let (plain_face, plain_advance) = self.find(character, bold)?;
        let plain = (plain_face, self.face(plain_face)?.glyph(character));
        let has_form = |index: &u8| Some((*index, self.face(*index)?.form(character, selector)?));
        let (index, glyph) = self.chain(bold).order.iter().find_map(has_form)?;
        let alike = (self.face(index)?.em(glyph) - plain_advance).abs() < f64::EPSILON;
        (alike && (index, glyph) != plain).then_some(index)
    }

    pub(crate) fn primary(&self, bold: bool) -> u8 {
        self.chain(bold).primary
    }

    fn chain(&self, bold: bool) -> &Chain {
        if bold { &self.bold } else { &self.regular }
    }

    /// Ascent, descent and line gap of a face in px, each rounded to whole px as Chromium does.
    pub(crate) fn line_metrics(&self, face: u8, font_size: f64) -> LineMetrics {
        let Some(face) = self.face(face) else {
            return LineMetrics { ascent: font_size.round(), descent: 0.0, gap: 0.0 };
        };
        let scale = font_size / f64::from(face.units_per_em);
        LineMetrics {
            ascent: (f64::from(face.ascender) * scale).round(),
            descent: (-f64::from(face.descender) * scale).round(),
            gap: (f64::from(face.line_gap) * scale).round(),
        }
    }

    /// Height of a lower-case x in px.
    pub(crate) fn x_height(&self, face: u8, font_size: f64) -> f64 {
        self.face(face)
            .map_or(font_size / 2.0, |face| f64::from(face.x_height) * font_size / f64::from(face.units_per_em))
    }
}

/// Heights of a face at a font size, in px.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LineMetrics {
    pub(crate) ascent: f64,
    pub(crate) descent: f64,
    pub(crate) gap: f64,
}

fn built_in_faces() -> Vec<Face> {
    // A broken built-in file is caught by the tests below, not by every caller.
    [REGULAR, BOLD].into_iter().chain(SUPPLEMENT).filter_map(|bytes| Face::parse(Cow::Borrowed(bytes)).ok()).collect()
}

impl Face {
    fn parse(bytes: Cow<'static, [u8]>) -> Result<Face, String> {
        let unusable = |error: ttf_parser::FaceParsingError| format!("not a usable font: {error}");
        let raw = ttf_parser::RawFace::parse(&bytes, 0).map_err(unusable)?;
        if let Some(map) = raw.table(ttf_parser::Tag::from_bytes(b"cmap")) {
            character_map::check(map)?;
        }
        let parsed = ttf_parser::Face::parse(&bytes, 0).map_err(unusable)?;
        let mut glyphs = vec![0_u16; PLANE];
        let mut glyphs_beyond = BTreeMap::new();
        let mut characters = 0_usize;
        let subtables = parsed.tables().cmap.map(|cmap| cmap.subtables);
        for subtable in subtables.into_iter().flatten().filter(|subtable| subtable.is_unicode()) {
            subtable.codepoints(|codepoint| {
                let Some(glyph) = subtable.glyph_index(codepoint).filter(|glyph| glyph.0 != 0) else { return };
                characters += 1;
                match glyphs.get_mut(codepoint as usize) {
                    Some(slot) => *slot = glyph.0,
                    None => drop(glyphs_beyond.insert(codepoint, glyph.0)),
                }
            });
        }
        if characters == 0 {
            return Err("expected a Unicode character map, found none".to_owned());
        }
        // A PDF embeds these two; CFF2, bitmaps and drawings could be measured, but not printed.
        if parsed.tables().glyf.is_none() && parsed.tables().cff.is_none() {
            return Err("expected outlines in TrueType or CFF, found others".to_owned());
        }
        let advances = (0..parsed.number_of_glyphs())
            .map(|glyph| parsed.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0))
            .collect();
        let bounds = parsed.global_bounding_box();
        let postscript_name = parsed
            .names()
            .into_iter()
            .filter(|name| name.name_id == ttf_parser::name_id::POST_SCRIPT_NAME)
            .find_map(|name| name.to_string())
            .map(|name| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "Face".to_owned());
        let has_kerning = has_kerning(&parsed);
        if has_kerning && rustybuzz::Face::from_slice(&bytes, 0).is_none() {
            return Err(DAMAGED.to_owned());
        }
        Ok(Face {
            name: None,
            postscript_name,
            units_per_em: parsed.units_per_em(),
            ascender: parsed.ascender(),
            descender: parsed.descender(),
            line_gap: parsed.line_gap(),
            bounds: [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max],
            weight: parsed.weight().to_number(),
            has_kerning,
            x_height: parsed.x_height().unwrap_or(parsed.ascender() / 2),
            advances,
            glyphs,
            glyphs_beyond,
            bytes,
        })
    }

    /// The glyph of a character; 0 where the face has none.
    pub(crate) fn glyph(&self, character: char) -> u16 {
        match self.glyphs.get(character as usize) {
            Some(glyph) => *glyph,
            None => self.glyphs_beyond.get(&u32::from(character)).copied().unwrap_or(0),
        }
    }

    /// The glyph of a character, or of the form of it that a variation selector asks for.
    pub(crate) fn glyph_of(&self, (character, selector): Letter) -> u16 {
        let form = selector.and_then(|selector| self.form(character, selector));
        form.unwrap_or_else(|| self.glyph(character))
    }

    /// The glyph of a variation sequence (OpenType, `cmap`, format 14). They are rare: the table is read each time.
    fn form(&self, character: char, selector: char) -> Option<u16> {
        let parsed = ttf_parser::Face::parse(&self.bytes, 0).ok()?;
        parsed.glyph_variation_index(character, selector).map(|glyph| glyph.0)
    }

    /// Advance of a glyph in em.
    fn em(&self, glyph: u16) -> f64 {
        f64::from(f32::from(self.advance(glyph)) / f32::from(self.units_per_em.max(1)))
    }

    /// Advance of a glyph in font units.
    pub(crate) fn advance(&self, glyph: u16) -> u16 {
        self.advances.get(usize::from(glyph)).copied().unwrap_or(0)
    }

    fn found(&self, index: u8, character: char) -> Option<Found> {
        let glyph = self.glyph(character);
        (glyph != 0).then(|| Found {
            face: index,
            advance: f32::from(self.advance(glyph)) / f32::from(self.units_per_em.max(1)),
        })
    }
}

/// Whether a face places pairs of letters: by `kern` in OpenType's GPOS, or by the older table of that name.
fn has_kerning(parsed: &ttf_parser::Face<'_>) -> bool {
    let kern = ttf_parser::Tag::from_bytes(b"kern");
    let by_feature = parsed.tables().gpos.is_some_and(|gpos| gpos.features.index(kern).is_some());
    by_feature || parsed.tables().kern.is_some_and(|kern| kern.subtables.into_iter().any(|table| table.horizontal))
}

impl Chain {
    fn new(faces: &[Face], bold: bool) -> Chain {
        let is_bold = |index: &u8| faces.get(usize::from(*index)).is_some_and(|face| face.weight >= BOLD_FROM);
        let count = u8::try_from(faces.len()).unwrap_or(NO_FACE - 1);
        let supplement = count.saturating_sub(SUPPLEMENT.len() as u8);
        let by_weight = |range: std::ops::Range<u8>| {
            let (same, other): (Vec<u8>, Vec<u8>) = range.partition(|index| is_bold(index) == bold);
            [same, other].concat()
        };
        let order = [by_weight(0..supplement), by_weight(supplement..count)].concat();
        let mut chain = Chain { order, plane: Vec::new(), primary: 0 };
        let nothing = Found { face: NO_FACE, advance: 0.0 };
        chain.plane = (0..PLANE as u32)
            .map(|code| char::from_u32(code).map_or(nothing, |character| chain.find_beyond(faces, character)))
            .collect();
        chain.primary = match chain.plane.get(usize::from(b' ')) {
            Some(found) if found.face != NO_FACE => found.face,
            _ => chain.order.first().copied().unwrap_or(0),
        };
        chain
    }

    fn find_beyond(&self, faces: &[Face], character: char) -> Found {
        let in_face = |index: &u8| faces.get(usize::from(*index)).and_then(|face| face.found(*index, character));
        self.order.iter().find_map(in_face).unwrap_or(Found { face: NO_FACE, advance: 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_faces_have_japanese_in_both_weights() {
        let faces = Faces::built_in();
        for bold in [false, true] {
            let (face, _) = faces.find('請', bold).expect("kanji");
            assert_eq!(faces.face(face).expect("face").weight >= BOLD_FROM, bold);
        }
        // The full-width 一 advances one em.
        assert_eq!(faces.find('一', false).expect("kanji").1, 1.0);
    }

    #[test]
    fn the_supplement_has_what_the_built_in_face_lacks_in_both_weights() {
        let faces = Faces::built_in();
        assert_eq!(faces.faces.len(), BUILT_IN);
        for (bold, own, supplement) in [(false, 0, 2), (true, 1, 3)] {
            let place = |character| faces.find(character, bold).map(|(face, advance)| (face, advance.to_string()));
            for character in ['\u{9ad9}', '\u{fa11}', '\u{2000b}', '①', 'Ⅻ'] {
                assert_eq!(place(character), Some((own, "1".to_owned())), "{character}");
            }
            for character in ['\u{20bb7}', '丅', '\u{3405}', '⼀'] {
                assert_eq!(place(character), Some((supplement, "1".to_owned())), "{character}");
            }
            for character in ['🚀', '\u{ac00}', '\u{e000}'] {
                assert_eq!(place(character), None, "{character}");
            }
            assert_eq!(faces.form('葛', '\u{e0100}', bold), Some(own));
            assert_eq!(faces.form('邊', '\u{e0102}', bold), Some(supplement));
            assert_eq!(faces.form('葛', '\u{e0101}', bold), None);
            // A rare kanji makes no line taller.
            let metrics = |face| faces.line_metrics(face, 100.0);
            assert_eq!(metrics(own), metrics(supplement));
        }
    }

    /// Amounts under each other: each digit below a digit, in both weights, whatever the digits are.
    #[test]
    fn figures_stand_in_columns() {
        let faces = Faces::built_in();
        let widths = |characters: &str| -> Vec<f64> {
            let both = [false, true].into_iter().flat_map(|bold| characters.chars().map(move |one| (one, bold)));
            both.map(|(one, bold)| faces.find(one, bold).expect("a figure").1).collect()
        };
        let digit = widths("8")[0];
        assert!(widths("0123456789０１２３４５６７８９¥$€£+\u{2212}\u{2007}").iter().all(|width| *width == digit));
        let point = widths(".")[0];
        assert!(widths(",.\u{2008}").iter().all(|width| *width == point));
        // Narrower than half a digit, as people write it; and signs of running text keep to their own widths.
        assert!(point < digit / 2.0, "{point} {digit}");
        assert_eq!(widths("￥"), [1.0, 1.0]);
        assert!(widths("()").iter().all(|width| *width < digit));
    }

    /// A glyph that was given another width stands in its middle, to a unit of 2048.
    #[test]
    fn a_one_stands_in_the_middle_of_its_width() {
        for bytes in [REGULAR, BOLD] {
            let face = ttf_parser::Face::parse(bytes, 0).expect("a face");
            for character in ['1', '１', ',', '.', '¥', '+', '\u{2212}'] {
                let glyph = face.glyph_index(character).expect("a glyph");
                let outline = face.glyph_bounding_box(glyph).expect("an outline");
                let advance = i32::from(face.glyph_hor_advance(glyph).expect("an advance"));
                let off = i32::from(outline.x_min) + i32::from(outline.x_max) - advance;
                assert!(off.abs() <= 1, "{character}: {off}");
            }
        }
    }

    #[test]
    fn the_built_in_faces_are_the_prepared_ones() {
        use sha2::{Digest, Sha256};
        let recorded = include_str!("../../faces/faces.sha256");
        let faces = [
            (SUPPLEMENT[1], "GothicSupplement-Bold.ttf"),
            (SUPPLEMENT[0], "GothicSupplement-Regular.ttf"),
            (BOLD, "PagesGothic-Bold.ttf"),
            (REGULAR, "PagesGothic-Regular.ttf"),
        ];
        let sum = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let found: String = faces.iter().map(|(bytes, name)| format!("{}  {name}\n", sum(bytes))).collect();
        assert_eq!(found, recorded);
        for (bytes, name) in faces {
            let face = ttf_parser::RawFace::parse(bytes, 0).expect("a face");
            for table in [b"cvt ", b"fpgm", b"prep"] {
                assert!(face.table(ttf_parser::Tag::from_bytes(table)).is_none(), "{name} has instructions");
            }
        }
    }

    #[test]
    fn a_file_that_is_no_font_names_itself() {
        let error = Faces::with_files(vec![("brand.ttf".to_owned(), vec![1, 2, 3])]).err().expect("error");
        assert!(error.to_string().starts_with("brand.ttf: not a usable font"), "{error}");
    }

    #[test]
    fn given_files_come_before_the_built_in_face_of_the_same_weight() {
        let faces = Faces::with_files(vec![("copy".to_owned(), BOLD.to_vec())]).expect("faces");
        assert_eq!(faces.find('a', true).expect("bold").0, 0);
        assert_eq!(faces.find('a', false).expect("regular").0, 1);
    }
}
