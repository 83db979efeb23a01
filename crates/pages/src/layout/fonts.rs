//! Faces: which face has a character, its advance, and the height of a line.
//!
//! In: font files. Out: flat tables, so that measuring a character is one array access. Faces with kerning are also
//! shaped (`kerning`); the built-in ones have none.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use read_fonts::{
    FontRef, ReadError, TableProvider,
    tables::{
        cmap::{Cmap, CmapIterLimits, CmapSubtable, EncodingRecord, MapVariant, PlatformId},
        hhea::Hhea,
        os2::{Os2, SelectionFlags},
    },
    types::{GlyphId, NameId, Tag},
};

use super::{character_map, letters::Letter, shield::shielded};

// `faces/README.md` says what these contain, where they come from and how they are made.
const REGULAR: &[u8] = include_bytes!("../../faces/PagesGothic-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../faces/PagesGothic-Bold.ttf");
/// Characters that Pages Gothic lacks.
const SUPPLEMENT: [&[u8]; 2] = [
    include_bytes!("../../faces/GothicSupplement-Regular.ttf"),
    include_bytes!("../../faces/GothicSupplement-Bold.ttf"),
];
/// Number of built-in faces.
const BUILT_IN: usize = 2 + SUPPLEMENT.len();

/// Characters of the Basic Multilingual Plane, which have a flat table.
const PLANE: usize = 0x1_0000;
const NO_FACE: u8 = u8::MAX;
/// A face index is a byte, and one value means "none".
const FACES_MOST: usize = 200;
/// The weight of a face that does not specify one.
const NORMAL: u16 = 400;
/// CSS: from this weight on, text is set in a bold face.
const BOLD_FROM: u16 = 600;

/// The message for a file on which a library panics.
pub(crate) const DAMAGED: &str = "not a usable font: it is damaged";

/// The faces of a document, in the order in which they are tried for each character.
///
/// Text is set in faces of its own weight first (given files, then the built-in face), then in the others, so that a
/// character that only one face has is still printed. The supplement comes last, after faces of either weight: a
/// workspace that brings a rare kanji in one weight wants that one.
pub struct Faces {
    faces: Vec<Face>,
    regular: Chain,
    bold: Chain,
}

/// A font file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceError {
    /// The name of the file, as the caller gave it.
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

/// One font file, with the tables that layout and the PDF read.
pub(crate) struct Face {
    /// The name of its file, for errors; none for a built-in face.
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
    /// For shaping; only in faces that have kerning.
    pub(crate) shaper: Option<harfrust::Font>,
    x_height: i16,
    advances: Vec<u16>,
    glyphs: Vec<u16>,
    glyphs_beyond: BTreeMap<u32, u16>,
}

/// The face that has a character, and the advance in em.
#[derive(Clone, Copy)]
struct Found {
    face: u8,
    advance: f32,
}

struct Chain {
    order: Vec<u8>,
    plane: Vec<Found>,
    /// The face whose metrics make the line: the first one with a space (the first available font of CSS Fonts).
    primary: u8,
}

impl Faces {
    /// Pages Gothic and its supplement, both in Regular and Bold, parsed once per process.
    pub fn built_in() -> Arc<Faces> {
        static BUILT_IN: OnceLock<Arc<Faces>> = OnceLock::new();
        Arc::clone(BUILT_IN.get_or_init(|| Arc::new(Faces::from_faces(built_in_faces()))))
    }

    /// The given font files before the built-in faces. Files are TrueType, OpenType or a collection (its first face
    /// counts); their names only appear in errors.
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
            let parsed = shielded(|| Face::of_file(bytes)).unwrap_or_else(|| Err(DAMAGED.to_owned()));
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

    /// All faces, in the order of their indices.
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

    /// The face that has the form of a character that a variation selector asks for; none where no face has it, where
    /// it is the glyph of [`Faces::find`] anyway, or where its advance differs from that glyph's.
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
    /// A face of a file that may be damaged.
    fn of_file(bytes: Vec<u8>) -> Result<Face, String> {
        // What is no font is told by what follows.
        if let Some(map) = FontRef::from_index(&bytes, 0).ok().and_then(|font| font.table_data(Tag::new(b"cmap"))) {
            character_map::check(map.as_bytes())?;
        }
        Face::parse(Cow::Owned(bytes))
    }

    fn parse(bytes: Cow<'static, [u8]>) -> Result<Face, String> {
        let unusable = |error: ReadError| match error {
            ReadError::InvalidSfnt(_) | ReadError::InvalidTtc(_) => {
                "not a usable font: it does not begin as one".to_owned()
            }
            _ => DAMAGED.to_owned(),
        };
        let font = FontRef::from_index(&bytes, 0).map_err(unusable)?;
        let head = font.head().map_err(unusable)?;
        let glyph_count = font.maxp().map_err(unusable)?.num_glyphs();
        let mut glyphs = vec![0_u16; PLANE];
        let mut glyphs_beyond = BTreeMap::new();
        for (codepoint, glyph) in font.cmap().iter().flat_map(|cmap| characters(cmap, &font)) {
            match glyphs.get_mut(codepoint as usize) {
                Some(slot) => *slot = glyph,
                None => drop(glyphs_beyond.insert(codepoint, glyph)),
            }
        }
        if glyphs_beyond.is_empty() && glyphs.iter().all(|glyph| *glyph == 0) {
            return Err("expected a Unicode character map, found none".to_owned());
        }
        // A PDF embeds these two; CFF2, bitmaps and drawings could be measured, but not printed.
        let has_outlines = (font.glyf().is_ok() && font.loca(None).is_ok()) || font.cff().is_ok();
        if !has_outlines {
            return Err("expected outlines in TrueType or CFF, found others".to_owned());
        }
        let advance_of = font.hmtx().ok();
        let advance = |glyph| advance_of.as_ref().and_then(|table| table.advance(GlyphId::from(glyph)));
        let advances = (0..glyph_count).map(|glyph| advance(glyph).unwrap_or(0)).collect();
        let os2 = font.os2().ok();
        let [ascender, descender, line_gap] = line_heights(&font.hhea().map_err(unusable)?, os2.as_ref());
        let shaper = match has_kerning(&font) {
            true => Some(harfrust::Font::new(bytes.to_vec(), 0).ok_or_else(|| DAMAGED.to_owned())?),
            false => None,
        };
        Ok(Face {
            name: None,
            postscript_name: postscript_name(&font).unwrap_or_else(|| "Face".to_owned()),
            units_per_em: head.units_per_em(),
            ascender,
            descender,
            line_gap,
            bounds: [head.x_min(), head.y_min(), head.x_max(), head.y_max()],
            weight: os2.as_ref().map_or(NORMAL, |os2| os2.us_weight_class()),
            shaper,
            x_height: os2.as_ref().and_then(|os2| os2.sx_height()).unwrap_or(ascender / 2),
            advances,
            glyphs,
            glyphs_beyond,
            bytes,
        })
    }

    /// The glyph of a character; 0 if the face has none.
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

    /// The glyph of a variation sequence (OpenType, `cmap`, format 14). They are rare, so the table is read each time.
    fn form(&self, character: char, selector: char) -> Option<u16> {
        let (_, forms) = FontRef::from_index(&self.bytes, 0).ok()?.cmap().ok()?.uvs_subtable()?;
        match forms.map_variant(character, selector)? {
            MapVariant::UseDefault => Some(self.glyph(character)).filter(|glyph| *glyph != 0),
            MapVariant::Variant(glyph) => u16::try_from(glyph.to_u32()).ok(),
        }
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
        (glyph != 0).then(|| self.found_at(index, glyph))
    }

    fn found_at(&self, index: u8, glyph: u16) -> Found {
        Found { face: index, advance: f32::from(self.advance(glyph)) / f32::from(self.units_per_em.max(1)) }
    }
}

/// The characters of a face with their glyphs; a character may come more than once. Like browsers, a map of all of Unicode
/// is taken instead of maps of its first plane, which repeat it.
fn characters<'a>(cmap: &Cmap<'a>, font: &FontRef<'_>) -> impl Iterator<Item = (u32, u16)> + 'a {
    let limits = CmapIterLimits::default_for_font(font);
    let data = cmap.offset_data();
    let of_unicode = |record: &EncodingRecord| {
        let subtable = record.subtable(data).ok()?;
        let is_whole = matches!(subtable, CmapSubtable::Format12(_) | CmapSubtable::Format13(_));
        // OpenType, `cmap`: of Windows' encodings, 1 is Unicode's first plane, 10 all of Unicode in formats 12 and 13.
        let is_unicode = match (record.platform_id(), record.encoding_id()) {
            (PlatformId::Unicode, _) | (PlatformId::Windows, 1) => true,
            (PlatformId::Windows, 10) => is_whole,
            _ => false,
        };
        is_unicode.then_some((subtable, is_whole))
    };
    let mut maps: Vec<(CmapSubtable<'a>, bool)> = cmap.encoding_records().iter().filter_map(of_unicode).collect();
    if maps.iter().any(|(_, is_whole)| *is_whole) {
        maps.retain(|(_, is_whole)| *is_whole);
    }
    let pairs = maps.into_iter().flat_map(move |(subtable, _)| subtable.iter_with_limits(limits));
    pairs.filter_map(|(codepoint, glyph)| Some((codepoint, u16::try_from(glyph.to_u32()).ok().filter(|it| *it != 0)?)))
}

/// Ascender, descender and line gap in font units. As in browsers they come from OS/2 if it says so, else from hhea;
/// OS/2 fills in what hhea leaves at zero.
fn line_heights(hhea: &Hhea<'_>, os2: Option<&Os2<'_>>) -> [i16; 3] {
    let of_hhea = [hhea.ascender(), hhea.descender(), hhea.line_gap()].map(|height| height.to_i16());
    let Some(os2) = os2 else { return of_hhea };
    let typographic = [os2.s_typo_ascender(), os2.s_typo_descender(), os2.s_typo_line_gap()];
    if os2.fs_selection().contains(SelectionFlags::USE_TYPO_METRICS) {
        return typographic;
    }
    let of_windows =
        [os2.us_win_ascent(), os2.us_win_descent()].map(|height| i16::try_from(height).unwrap_or(i16::MAX));
    let first = |heights: [i16; 3]| heights.into_iter().find(|height| *height != 0).unwrap_or(0);
    // The line gap comes from the same table as the heights; Windows' heights have none.
    let line_gap = match (of_hhea, typographic) {
        ([0, ..] | [_, 0, _], [0, 0, _]) => 0,
        ([0, ..] | [_, 0, _], [_, _, gap]) => gap,
        ([_, _, gap], _) => gap,
    };
    [first([of_hhea[0], typographic[0], of_windows[0]]), first([of_hhea[1], typographic[1], -of_windows[1]]), line_gap]
}

/// The letters and digits of a face's PostScript name.
fn postscript_name(font: &FontRef<'_>) -> Option<String> {
    let names = font.name().ok()?;
    let records = names.name_record().iter().filter(|record| record.name_id() == NameId::POSTSCRIPT_NAME);
    let mut found =
        records.filter(|record| record.is_unicode()).filter_map(|record| record.string(names.string_data()).ok());
    let name: String = found.next()?.chars().filter(char::is_ascii_alphanumeric).collect();
    (!name.is_empty()).then_some(name)
}

/// Whether a face kerns pairs of letters, by `kern` in OpenType's GPOS or by the older `kern` table.
fn has_kerning(font: &FontRef<'_>) -> bool {
    let features = font.gpos().and_then(|gpos| gpos.feature_list());
    let by_feature = features
        .is_ok_and(|list| list.feature_records().iter().any(|record| record.feature_tag() == Tag::new(b"kern")));
    by_feature || font.kern().is_ok_and(|kern| kern.subtables().flatten().any(|table| table.is_horizontal()))
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
        let mut chain = Chain { order, plane: vec![Found { face: NO_FACE, advance: 0.0 }; PLANE], primary: 0 };
        // From the last face to the first, which has the last word.
        for index in chain.order.iter().rev() {
            let Some(face) = faces.get(usize::from(*index)) else { continue };
            for (found, glyph) in chain.plane.iter_mut().zip(&face.glyphs) {
                if *glyph != 0 {
                    *found = face.found_at(*index, *glyph);
                }
            }
        }
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

    /// Amounts in a column align: all digits have one advance, in both weights.
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
        // The point is narrower than half a digit, as in handwriting; signs of running text keep their own widths.
        assert!(point < digit / 2.0, "{point} {digit}");
        assert_eq!(widths("￥"), [1.0, 1.0]);
        assert!(widths("()").iter().all(|width| *width < digit));
    }

    /// A glyph with a new width is centred in it, to a unit of 2048.
    #[test]
    fn a_one_stands_in_the_middle_of_its_width() {
        for bytes in [REGULAR, BOLD] {
            let font = FontRef::new(bytes).expect("a face");
            let (outlines, places) = (font.glyf().expect("outlines"), font.loca(None).expect("places"));
            for character in ['1', '１', ',', '.', '¥', '+', '\u{2212}'] {
                let glyph = font.cmap().expect("a map").map_codepoint(character).expect("a glyph");
                let outline = places.get_glyf(glyph, &outlines).expect("readable").expect("an outline");
                let advance = i32::from(font.hmtx().expect("advances").advance(glyph).expect("an advance"));
                let off = i32::from(outline.x_min()) + i32::from(outline.x_max()) - advance;
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
            let font = FontRef::new(bytes).expect("a face");
            for table in [b"cvt ", b"fpgm", b"prep"] {
                assert!(font.table_data(Tag::new(table)).is_none(), "{name} has instructions");
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
