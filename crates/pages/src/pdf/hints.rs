//! TrueType outlines without their instructions, a quarter and more of a subset of kanji: twelve kilobytes of an invoice.
//! Instructions fit outlines to few pixels; print and screens of today do without them.

/// Tables that only serve the instructions of glyphs.
const INSTRUCTIONS: [&[u8]; 3] = [b"cvt ", b"fpgm", b"prep"];
const DIRECTORY_START: usize = 12;
const DIRECTORY_ENTRY: usize = 16;
const GLYPH_HEADER: usize = 10;

/// The font with the same glyphs and no instructions (OpenType 1.9, tables `glyf`, `loca`, `maxp`, `head`); nothing for a
/// font of another format, or one that is not as the specification says.
pub(super) fn without_hints(font: &[u8]) -> Option<Vec<u8>> {
    let tables = tables(font)?;
    let table = |tag: &[u8]| tables.iter().find(|(found, _)| *found == tag).map(|(_, data)| *data);
    let mut head = table(b"head")?.to_vec();
    let mut maxp = table(b"maxp")?.to_vec();
    let long = u16_at(&head, 50)? == 1;
    let (glyf, loca) = glyphs(table(b"glyf")?, table(b"loca")?, usize::from(u16_at(&maxp, 4)?), long)?;
    // Neither instructions that depend on the size in points nor such that change advances.
    let flags = u16_at(&head, 16)? & !(1 << 2 | 1 << 4);
    put(&mut head, 16, &flags.to_be_bytes())?;
    put(&mut head, 8, &[0; 4])?;
    // One zone of points, and no room for instructions; version 0.5 does not speak of them.
    if u16_at(&maxp, 0)? == 1 {
        put(&mut maxp, 14, &[0, 1])?;
        put(&mut maxp, 16, &[0; 12])?;
    }
    let kept = tables.iter().filter(|(tag, _)| !INSTRUCTIONS.contains(tag)).map(|(tag, data)| match *tag {
        b"glyf" => (*tag, glyf.as_slice()),
        b"loca" => (*tag, loca.as_slice()),
        b"head" => (*tag, head.as_slice()),
        b"maxp" => (*tag, maxp.as_slice()),
        _ => (*tag, *data),
    });
    assembled(&font[..4], &kept.collect::<Vec<_>>())
}

/// Tags and contents of the tables.
fn tables(font: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let count = usize::from(u16_at(font, 4)?);
    (0..count)
        .map(|index| {
            let entry = font.get(DIRECTORY_START + index * DIRECTORY_ENTRY..)?.get(..DIRECTORY_ENTRY)?;
            let start = usize::try_from(u32_at(entry, 8)?).ok()?;
            let length = usize::try_from(u32_at(entry, 12)?).ok()?;
            Some((&entry[..4], font.get(start..start.checked_add(length)?)?))
        })
        .collect()
}

/// The tables `glyf` and `loca` anew. Offsets only become smaller, so that the format of `loca` still fits.
fn glyphs(glyf: &[u8], loca: &[u8], count: usize, long: bool) -> Option<(Vec<u8>, Vec<u8>)> {
    let offset = |index: usize| -> Option<usize> {
        if long {
            usize::try_from(u32_at(loca, index * 4)?).ok()
        } else {
            Some(usize::from(u16_at(loca, index * 2)?) * 2)
        }
    };
    let mut stripped = Vec::with_capacity(glyf.len());
    let mut offsets = Vec::with_capacity(loca.len());
    let mut note = |at: usize| -> Option<()> {
        if long {
            offsets.extend(u32::try_from(at).ok()?.to_be_bytes());
        } else {
            offsets.extend(u16::try_from(at / 2).ok()?.to_be_bytes());
        }
        Some(())
    };
    for index in 0..count {
        note(stripped.len())?;
        let glyph = glyf.get(offset(index)?..offset(index + 1)?)?;
        if !glyph.is_empty() {
            strip(glyph, &mut stripped)?;
        }
        if stripped.len() % 2 == 1 {
            stripped.push(0);
        }
    }
    note(stripped.len())?;
    Some((stripped, offsets))
}

/// Appends a glyph without its instructions.
fn strip(glyph: &[u8], stripped: &mut Vec<u8>) -> Option<()> {
    let contours = i16::from_be_bytes(u16_at(glyph, 0)?.to_be_bytes());
    match usize::try_from(contours) {
        // Without points there is nothing to instruct.
        Ok(0) => stripped.extend(glyph),
        Ok(contours) => {
            let length = GLYPH_HEADER + contours * 2;
            let outline = length + 2 + usize::from(u16_at(glyph, length)?);
            stripped.extend(glyph.get(..length)?);
            stripped.extend([0, 0]);
            stripped.extend(glyph.get(outline..)?);
        }
        Err(_) => components(glyph, stripped)?,
    }
    Some(())
}

/// A glyph made of others: their list, up to the last.
fn components(glyph: &[u8], stripped: &mut Vec<u8>) -> Option<()> {
    const WORDS: u16 = 1;
    const SCALE: u16 = 1 << 3;
    const MORE: u16 = 1 << 5;
    const TWO_SCALES: u16 = 1 << 6;
    const MATRIX: u16 = 1 << 7;
    const INSTRUCTED: u16 = 1 << 8;
    stripped.extend(glyph.get(..GLYPH_HEADER)?);
    let mut at = GLYPH_HEADER;
    loop {
        let flags = u16_at(glyph, at)?;
        let arguments = if flags & WORDS == 0 { 2 } else { 4 };
        let transform = if flags & SCALE != 0 {
            2
        } else if flags & TWO_SCALES != 0 {
            4
        } else if flags & MATRIX != 0 {
            8
        } else {
            0
        };
        let end = at + 4 + arguments + transform;
        stripped.extend((flags & !INSTRUCTED).to_be_bytes());
        stripped.extend(glyph.get(at + 2..end)?);
        at = end;
        if flags & MORE == 0 {
            return Some(());
        }
    }
}

/// A font file of these tables.
fn assembled(version: &[u8], tables: &[(&[u8], &[u8])]) -> Option<Vec<u8>> {
    let count = u16::try_from(tables.len()).ok()?;
    let power = count.checked_ilog2()?;
    let range = 16_u16.checked_shl(power)?;
    let mut font = version.to_vec();
    for number in [count, range, u16::try_from(power).ok()?, count.checked_mul(16)?.checked_sub(range)?] {
        font.extend(number.to_be_bytes());
    }
    let mut start = DIRECTORY_START + tables.len() * DIRECTORY_ENTRY;
    for (tag, data) in tables {
        font.extend(*tag);
        font.extend(checksum(data).to_be_bytes());
        font.extend(u32::try_from(start).ok()?.to_be_bytes());
        font.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
        start += data.len().next_multiple_of(4);
    }
    let mut adjustment = None;
    for (tag, data) in tables {
        if *tag == b"head" {
            adjustment = Some(font.len() + 8);
        }
        font.extend(*data);
        font.resize(font.len().next_multiple_of(4), 0);
    }
    let whole = 0xB1B0_AFBA_u32.wrapping_sub(checksum(&font));
    put(&mut font, adjustment?, &whole.to_be_bytes())?;
    Some(font)
}

/// The sum of a table's 32-bit numbers, as if it ended with zeros.
fn checksum(data: &[u8]) -> u32 {
    data.chunks(4).fold(0, |sum: u32, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

fn put(data: &mut [u8], at: usize, bytes: &[u8]) -> Option<()> {
    data.get_mut(at..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(())
}

#[cfg(test)]
mod tests {
    use subsetter::GlyphRemapper;
    use ttf_parser::{Face, GlyphId, OutlineBuilder};

    use super::*;
    use crate::layout::Faces;

    fn subset() -> Vec<u8> {
        let faces = Faces::built_in();
        let face = faces.face(0).unwrap();
        let mut remapper = GlyphRemapper::new();
        for character in "御請求書 ¥1,234 gj髙橋".chars() {
            remapper.remap(face.glyph(character));
        }
        subsetter::subset(&face.bytes, 0, &remapper).unwrap()
    }

    #[derive(Default, PartialEq, Debug)]
    struct Outline(Vec<[f32; 6]>);

    impl OutlineBuilder for Outline {
        fn move_to(&mut self, x: f32, y: f32) {
            self.0.push([x, y, 0.0, 0.0, 0.0, 1.0]);
        }
        fn line_to(&mut self, x: f32, y: f32) {
            self.0.push([x, y, 0.0, 0.0, 0.0, 2.0]);
        }
        fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
            self.0.push([x, y, x1, y1, 0.0, 3.0]);
        }
        fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, _: f32, x: f32, y: f32) {
            self.0.push([x, y, x1, y1, x2, 4.0]);
        }
        fn close(&mut self) {
            self.0.push([0.0; 6]);
        }
    }

    #[test]
    fn outlines_and_advances_stay() {
        let before = subset();
        let after = without_hints(&before).unwrap();
        assert!(after.len() < before.len() * 3 / 4, "{} of {}", after.len(), before.len());
        let (one, other) = (Face::parse(&before, 0).unwrap(), Face::parse(&after, 0).unwrap());
        assert_eq!(one.number_of_glyphs(), other.number_of_glyphs());
        for glyph in (0..one.number_of_glyphs()).map(GlyphId) {
            let (mut drawn, mut anew) = (Outline::default(), Outline::default());
            assert_eq!(one.outline_glyph(glyph, &mut drawn), other.outline_glyph(glyph, &mut anew));
            assert_eq!(drawn, anew);
            assert_eq!(one.glyph_hor_advance(glyph), other.glyph_hor_advance(glyph));
        }
        assert!(without_hints(&after).unwrap() == after, "a second time there is nothing to do");
    }

    #[test]
    fn checksums_are_right() {
        let font = without_hints(&subset()).unwrap();
        assert_eq!(checksum(&font), 0xB1B0_AFBA, "the whole file's, by `head`'s adjustment");
        for entry in font[12..12 + 16 * usize::from(font[5])].chunks(16) {
            let number = |at: usize| u32_at(entry, at).unwrap();
            let start = usize::try_from(number(8)).unwrap();
            let mut data = font[start..start + usize::try_from(number(12)).unwrap()].to_vec();
            if &entry[..4] == b"head" {
                data[8..12].fill(0);
            }
            assert_eq!(checksum(&data), number(4), "{:?}", std::str::from_utf8(&entry[..4]));
            assert!(!INSTRUCTIONS.contains(&&entry[..4]));
        }
    }

    /// One contour of one point, three bytes of instructions; and two components, the second with a scale, then
    /// instructions.
    #[test]
    fn instructions_are_cut_out() {
        let header = |contours: i16| [contours.to_be_bytes(), [0, 0], [0, 0], [0, 9], [0, 9]].concat();
        let simple = [header(1), vec![0, 0, 0, 3, 0xAA, 0xBB, 0xCC, 1, 5, 6]].concat();
        let mut stripped = Vec::new();
        strip(&simple, &mut stripped).unwrap();
        assert_eq!(stripped, [header(1), vec![0, 0, 0, 0, 1, 5, 6]].concat());

        let first = [0x00, 0x20, 0, 7, 1, 2];
        let second = [0x01, 0x09, 0, 8, 0, 1, 0, 2, 0x40, 0x00];
        let made_of_two = [header(-1), first.to_vec(), second.to_vec(), vec![0, 2, 0xAA, 0xBB]].concat();
        let mut stripped = Vec::new();
        strip(&made_of_two, &mut stripped).unwrap();
        let second = [0x00, 0x09, 0, 8, 0, 1, 0, 2, 0x40, 0x00];
        assert_eq!(stripped, [header(-1), first.to_vec(), second.to_vec()].concat());
    }

    proptest::proptest! {
        #[test]
        fn what_is_no_font_is_left_alone(at in 0usize..20_000, byte: u8, length in 0usize..20_000) {
            let mut font = subset();
            let at = at % font.len();
            font[at] = byte;
            font.truncate(length.max(at));
            let _ = without_hints(&font);
        }
    }
}
