//! Drawing operations → the bytes of a content stream, equal to those printpdf writes for them.
//!
//! printpdf turns all operations of all pages into objects before it writes the first; on long documents that is most of
//! the time and of the memory. Here a page's operations are written as they are and forgotten.

use std::io::Write;

use lopdf::content::{Content, Operation};
use printpdf::{DictItem, Op, PaintMode, PdfFontHandle, PolygonRing, Rect, TextItem, WindingOrder};

use super::{
    Error,
    fonts::{Font, Fonts},
};
use crate::layout::letters;

/// Writes a page's operations.
///
/// # Errors
/// An operation that no page of ours has.
pub(super) fn encode(ops: &[Op], fonts: &Fonts) -> Result<Vec<u8>, Error> {
    let mut stream = Stream { bytes: Vec::with_capacity(ops.len() * 16), fonts, font: None };
    for op in ops {
        stream.operation(op)?;
    }
    // Operations are separated, not ended, by a line feed.
    stream.bytes.pop();
    Ok(stream.bytes)
}

struct Stream<'s> {
    bytes: Vec<u8>,
    fonts: &'s Fonts,
    /// Index of the font text is set in.
    font: Option<usize>,
}

impl Stream<'_> {
    fn operation(&mut self, op: &Op) -> Result<(), Error> {
        match op {
            Op::SaveGraphicsState => self.operator("q"),
            Op::RestoreGraphicsState => self.operator("Q"),
            Op::StartTextSection => self.operator("BT"),
            Op::EndTextSection => self.operator("ET"),
            Op::SetTextCursor { pos } => self.numbers(&[pos.x.0, pos.y.0], "Td"),
            Op::SetFont { font: PdfFontHandle::External(id), size } => {
                self.font = self.fonts.fonts.iter().position(|font| font.id == *id);
                self.name(&id.0);
                self.numbers(&[size.0], "Tf");
            }
            Op::ShowText { items } => self.show(items)?,
            Op::SetCharacterSpacing { multiplier } => self.numbers(&[*multiplier], "Tc"),
            Op::SetFillColor { col } => self.numbers(&col.into_vec(), "rg"),
            Op::SetOutlineColor { col } => self.numbers(&col.into_vec(), "RG"),
            Op::SetOutlineThickness { pt } => self.numbers(&[pt.0], "w"),
            Op::SetLineDashPattern { dash } => {
                self.bytes.push(b'[');
                for length in &dash.pattern {
                    self.number(*length);
                }
                self.bytes.pop();
                self.bytes.extend_from_slice(b"] ");
                self.numbers(&[dash.offset], "d");
            }
            Op::DrawLine { line } if !line.is_closed => {
                self.ring(&PolygonRing { points: line.points.clone() });
                self.operator("S");
            }
            Op::DrawRectangle {
                rectangle: Rect { x, y, width, height, mode: Some(PaintMode::Fill), winding_order },
            } => {
                self.numbers(&[x.0, y.0, width.0, height.0], "re");
                self.operator(winding_order.unwrap_or(WindingOrder::NonZero).get_fill_op());
            }
            Op::DrawPolygon { polygon } if polygon.mode == PaintMode::Fill => {
                polygon.rings.iter().for_each(|ring| self.ring(ring));
                self.operator("h");
                self.operator(polygon.winding_order.get_fill_op());
            }
            Op::UseXobject { id, transform } if transform.no_auto_scale && transform.rotate.is_none() => {
                let (width, height) = (transform.scale_x.unwrap_or(1.0), transform.scale_y.unwrap_or(1.0));
                let [x, y] =
                    [transform.translate_x, transform.translate_y].map(|move_by| move_by.map_or(0.0, |by| by.0));
                self.operator("q");
                self.numbers(&[width, 0.0, 0.0, height, x, y], "cm");
                self.name(&id.0);
                self.operator("Do");
                self.operator("Q");
            }
            Op::BeginMarkedContent { tag } => {
                self.name(tag);
                self.operator("BMC");
            }
            Op::BeginMarkedContentWithProperties { tag, properties } => self.begin_marked(tag, properties)?,
            Op::EndMarkedContent | Op::EndMarkedContentWithProperties => self.operator("EMC"),
            other => return Err(Error::new(format!("the PDF cannot hold the operation {other:?}"))),
        }
        Ok(())
    }

    fn operator(&mut self, operator: &str) {
        self.bytes.extend_from_slice(operator.as_bytes());
        self.bytes.push(b'\n');
    }

    fn numbers(&mut self, numbers: &[f32], operator: &str) {
        for number in numbers {
            self.number(*number);
        }
        self.operator(operator);
    }

    /// The shortest digits that mean this number, and a space.
    fn number(&mut self, number: f32) {
        let thousandths = (number * 1000.0).round();
        // Below this, different thousandths are different floats, so that their digits are the shortest ones.
        if number.abs() < 8000.0 && thousandths / 1000.0 == number && !(number == 0.0 && number.is_sign_negative()) {
            self.thousandths(thousandths as i32);
        } else {
            // Writing to memory cannot fail.
            let _ = write!(self.bytes, "{number}");
        }
        self.bytes.push(b' ');
    }

    fn thousandths(&mut self, number: i32) {
        if number < 0 {
            self.bytes.push(b'-');
        }
        let number = number.unsigned_abs();
        let (whole, fraction) = (number / 1000, number % 1000);
        let digit = |value: u32| b'0' + (value % 10) as u8;
        let digits = [digit(whole / 1000), digit(whole / 100), digit(whole / 10), digit(whole)];
        let zeros = digits.iter().take(3).take_while(|digit| **digit == b'0').count();
        self.bytes.extend_from_slice(&digits[zeros..]);
        if fraction > 0 {
            self.bytes.push(b'.');
            let fraction = [digit(fraction / 100), digit(fraction / 10), digit(fraction)];
            let end = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
            self.bytes.extend_from_slice(&fraction[..end]);
        }
    }

    /// A name of plain letters and digits, and a space.
    fn name(&mut self, name: &str) {
        self.bytes.push(b'/');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(b' ');
    }

    /// Text as the glyphs of its font, two bytes each, in hexadecimal digits.
    fn show(&mut self, items: &[TextItem]) -> Result<(), Error> {
        let font = self.font.and_then(|font| self.fonts.fonts.get(font));
        let font = font.ok_or_else(|| Error::new("the PDF cannot show text without a font"))?;
        if let [TextItem::Text(text)] = items {
            self.glyphs(font, text);
            self.bytes.push(b' ');
            self.operator("Tj");
            return Ok(());
        }
        self.bytes.push(b'[');
        for item in items {
            match item {
                TextItem::Text(text) => self.glyphs(font, text),
                TextItem::Offset(offset) => {
                    self.bytes.push(b' ');
                    self.number(*offset);
                    self.bytes.pop();
                }
                TextItem::GlyphIds(_) => return Err(Error::new("the PDF cannot show glyphs without text")),
            }
        }
        self.bytes.extend_from_slice(b"] ");
        self.operator("TJ");
        Ok(())
    }

    fn glyphs(&mut self, font: &Font, text: &str) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        self.bytes.push(b'<');
        for (_, letter) in letters(text) {
            let glyph = font.glyph(letter);
            let digit = |shift: u16| DIGITS[usize::from(glyph >> shift & 15)];
            self.bytes.extend_from_slice(&[digit(12), digit(8), digit(4), digit(0)]);
        }
        self.bytes.push(b'>');
    }

    fn ring(&mut self, ring: &PolygonRing) {
        let Some((start, mut rest)) = ring.points.split_first() else { return };
        self.numbers(&[start.p.x.0, start.p.y.0], "m");
        while let Some((next, behind)) = rest.split_first() {
            rest = match rest {
                [one, two, end, behind @ ..] if one.bezier && two.bezier => {
                    let points = [one, two, end].map(|point| [point.p.x.0, point.p.y.0]);
                    self.numbers(points.as_flattened(), "c");
                    behind
                }
                _ => {
                    self.numbers(&[next.p.x.0, next.p.y.0], "l");
                    behind
                }
            };
        }
    }

    fn begin_marked(&mut self, tag: &str, properties: &DictItem) -> Result<(), Error> {
        if let DictItem::Dict { map } = properties
            && let Some(("MCID", DictItem::Int(number))) =
                map.first_key_value().map(|(key, value)| (key.as_str(), value))
            && map.len() == 1
        {
            self.name(tag);
            // Writing to memory cannot fail.
            let _ = write!(self.bytes, "<</MCID {number}>> ");
            self.operator("BDC");
            return Ok(());
        }
        let operation =
            Operation::new("BDC", vec![lopdf::Object::Name(tag.as_bytes().to_vec()), properties.to_lopdf()]);
        let encoded = Content { operations: [operation] }.encode();
        let encoded = encoded.map_err(|error| Error::new(format!("the PDF cannot be written: {error}")))?;
        self.bytes.extend_from_slice(&encoded);
        self.bytes.push(b'\n');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::layout::{Faces, lay_out};
    use crate::pdf::{content, fonts, images};
    use printpdf::{Color, Mm, PdfDocument, PdfPage, PdfSaveOptions, Pt, Rgb};

    /// What printpdf writes for operations, in a document with these fonts.
    fn by_printpdf(ops: Vec<Op>, fonts: &Fonts) -> String {
        let mut pdf = PdfDocument::new("");
        fonts.add_to(&mut pdf);
        pdf.pages.push(PdfPage::new(Mm(210.0), Mm(297.0), ops));
        let raw = printpdf::to_lopdf_doc(&pdf, &PdfSaveOptions::default(), &mut Vec::new());
        let page = raw.page_iter().next().expect("a page");
        String::from_utf8(raw.get_page_content(page)).expect("plain text").trim().to_owned()
    }

    #[test]
    fn operations_are_written_as_printpdf_writes_them() {
        let faces = Faces::built_in();
        let html = "<!DOCTYPE html><h1 style='letter-spacing: 1.5px'>請求 Año</h1><p style='border: 2px dashed #123456; \
            background: #ccd4dc'>a<b>b</b></p><div style='width: 33.3%; height: 7px; border-radius: 3px; background: red'></div>";
        let document = lay_out(html, &faces, &|_| Err("none".to_owned())).expect("pages");
        let fonts = fonts::collect(&document, &faces).expect("fonts");
        let mut ops = content::page(&document.pages[0], &fonts, &document.structure.elements);
        let place = printpdf::XObjectTransform {
            translate_x: Some(Pt(12.5)),
            translate_y: Some(Pt(700.125)),
            scale_x: Some(40.0),
            scale_y: Some(0.75),
            no_auto_scale: true,
            ..Default::default()
        };
        ops.push(Op::UseXobject { id: images::id(0), transform: place });
        ops.push(Op::BeginMarkedContent { tag: "Artifact".to_owned() });
        let grey = |value: f32| Color::Rgb(Rgb { r: value, g: 1.0, b: 0.0, icc_profile: None });
        ops.extend([0.001, 0.1, 0.999].map(|value| Op::SetFillColor { col: grey(value) }));
        ops.push(Op::EndMarkedContent);
        let properties = |entries: &[(&str, DictItem)]| DictItem::Dict {
            map: entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect::<BTreeMap<_, _>>(),
        };
        for entries in
            [&[("MCID", DictItem::Int(12))][..], &[("MCID", DictItem::Int(0)), ("Lang", DictItem::Bool(true))]]
        {
            let (tag, properties) = ("TD".to_owned(), properties(entries));
            ops.extend([Op::BeginMarkedContentWithProperties { tag, properties }, Op::EndMarkedContent]);
        }
        for width in [0.0, -0.0, 7999.999, 8192.001, 123_456.79, 0.0004, -0.5, 1e-7, 10.01] {
            ops.push(Op::SetOutlineThickness { pt: Pt(width) });
        }
        let font = PdfFontHandle::External(fonts.fonts[1].id.clone());
        let text = |letters: &str| TextItem::Text(letters.to_owned());
        let items = vec![text("A"), TextItem::Offset(74.219), text("ño"), TextItem::Offset(-8.0), text("請")];
        ops.extend([
            Op::StartTextSection,
            Op::SetFont { font, size: Pt(9.0) },
            Op::ShowText { items },
            Op::EndTextSection,
        ]);
        let written = String::from_utf8(encode(&ops, &fonts).expect("a stream")).expect("plain text");
        for kind in ["Tj", "TJ", "Tc", "re\nf", "c\n", " d\n", "S\n", "cm\n", "BMC", "BDC"] {
            assert!(written.contains(kind), "{kind}");
        }
        assert_eq!(written, by_printpdf(ops, &fonts));
    }

    #[test]
    fn an_operation_without_a_form_is_refused() {
        let fonts = Fonts { fonts: Vec::new(), later: BTreeMap::new() };
        assert!(encode(&[Op::ShowText { items: vec![TextItem::Text("a".to_owned())] }], &fonts).is_err());
    }
}
