//! Writes the content stream of a page: for each layer all shapes, then text in as few text objects as possible.
//!
//! printpdf's operations would need a second copy of every page: it converts those of all pages to objects before it
//! writes the first, which takes most of the time and memory of a long document.

use super::{
    file::push_number,
    fonts::{Font, Fonts},
    structure,
};
use crate::layout::{Area, Element, Item, Kern, Layer, Mark, Outline, Page, Rgb, Shape, Step, Text, letters};

/// Converts to thousandths, the precision of coordinates: smaller steps are invisible, and digits cost bytes.
pub(super) fn thousandths(value: f32) -> i32 {
    (f64::from(value) * 1000.0).round() as i32
}

/// The resource name of a picture.
pub(super) fn picture_name(index: usize) -> String {
    format!("i{index}")
}

/// Writes the content stream of a page; items of a structure element are marked with their number on the page.
pub(super) fn page(page: &Page, fonts: &Fonts, elements: &[Element]) -> Vec<u8> {
    let of_layer = |layer: &Layer| layer.items.len() * 80 + layer.shapes.len() * 40 + layer.marks.len() * 24;
    let bytes = Vec::with_capacity(page.layers.iter().map(of_layer).sum());
    let mut writer = Writer { bytes, height: page.height, fonts, elements, fill: None, text: None, next: 0 };
    for layer in &page.layers {
        writer.layer(layer);
    }
    writer.bytes
}

struct Writer<'w> {
    bytes: Vec<u8>,
    height: f32,
    fonts: &'w Fonts,
    elements: &'w [Element],
    fill: Option<Rgb>,
    /// The state of the open text object, if there is one.
    text: Option<TextState>,
    /// Number of the page's next marked content.
    next: u32,
}

#[derive(Clone, Copy, Default)]
struct TextState {
    /// Start of the last line, in thousandths of a point.
    x: i32,
    y: i32,
    /// Font and size in thousandths of a point.
    font: Option<(usize, i32)>,
}

impl Writer<'_> {
    fn layer(&mut self, layer: &Layer) {
        if !layer.shapes.is_empty() {
            self.operator("/Artifact BMC");
            for shape in &layer.shapes {
                self.shape(shape);
            }
            self.operator("EMC");
        }
        let ends = layer.marks.iter().skip(1).map(|mark| mark.first as usize).chain([layer.items.len()]);
        for (mark, end) in layer.marks.iter().zip(ends) {
            let items = layer.items.get(mark.first as usize..end).unwrap_or_default();
            // Marked content lies inside a text object or contains whole ones, but never crosses the end of one.
            let is_text = items.iter().all(|item| matches!(item, Item::Text(_)));
            if is_text {
                self.begin_text();
            } else {
                self.end_text();
            }
            self.begin(*mark);
            for item in items {
                self.item(item);
            }
            if !is_text {
                self.end_text();
            }
            self.operator("EMC");
        }
        self.end_text();
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Text(text) => self.text(text),
            Item::Picture { index, area } => {
                self.end_text();
                self.picture(*index, *area);
            }
            Item::Outline(outline) => {
                self.end_text();
                self.outline(outline);
            }
        }
    }

    fn begin(&mut self, mark: Mark) {
        let Some(element) = self.elements.get(mark.element as usize).filter(|_| !mark.is_artifact()) else {
            return self.operator("/Artifact BMC");
        };
        self.name(structure::name(element.role));
        self.bytes.extend_from_slice(b"<</MCID ");
        push_number(&mut self.bytes, self.next);
        self.operator(">> BDC");
        self.next += 1;
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Rectangle { area, color } => {
                self.fill_color(*color);
                let (x, y) = self.point((area.x, area.y + area.height));
                self.numbers(&[x, y, thousandths(area.width), thousandths(area.height)], "re");
                self.operator("f");
            }
            Shape::Outline(outline) => self.outline(outline),
            Shape::Dashes { from, to, width, dash, color } => {
                self.operator("q");
                self.numbers(&channels(*color), "RG");
                self.numbers(&[thousandths(*width)], "w");
                self.bytes.push(b'[');
                self.numbers(&[thousandths(dash.0), thousandths(dash.1)], "] 0 d");
                for (end, operator) in [(from, "m"), (to, "l")] {
                    let (x, y) = self.point(*end);
                    self.numbers(&[x, y], operator);
                }
                self.operator("S");
                self.operator("Q");
            }
        }
    }

    /// Fills an outline; filling closes its paths (ISO 32000-1, 8.5.3.3.1).
    fn outline(&mut self, outline: &Outline) {
        self.fill_color(outline.color);
        for path in &outline.paths {
            let (x, y) = self.point(path.start);
            self.numbers(&[x, y], "m");
            for step in &path.steps {
                match step {
                    Step::Line(end) => {
                        let (x, y) = self.point(*end);
                        self.numbers(&[x, y], "l");
                    }
                    Step::Curve(one, two, end) => {
                        let points = [one, two, end].map(|point| <[i32; 2]>::from(self.point(*point)));
                        self.numbers(points.as_flattened(), "c");
                    }
                }
            }
        }
        self.operator(if outline.even_odd { "f*" } else { "f" });
    }

    fn picture(&mut self, index: usize, area: Area) {
        let (x, y) = self.point((area.x, area.y + area.height));
        self.operator("q");
        self.numbers(&[thousandths(area.width), 0, 0, thousandths(area.height), x, y], "cm");
        self.name(&picture_name(index));
        self.operator("Do");
        self.operator("Q");
    }

    fn begin_text(&mut self) {
        if self.text.is_none() {
            self.operator("BT");
            self.text = Some(TextState::default());
        }
    }

    fn end_text(&mut self) {
        if self.text.take().is_some() {
            self.operator("ET");
        }
    }

    fn text(&mut self, text: &Text) {
        self.begin_text();
        let mut state = self.text.unwrap_or_default();
        self.fill_color(text.color);
        // Moves are relative to the last start. Both are whole thousandths, so rounding errors do not add up.
        let (x, y) = self.point((text.x, text.y));
        self.numbers(&[x - state.x, y - state.y], "Td");
        (state.x, state.y) = (x, y);
        let spacing = thousandths(text.letter_spacing);
        if spacing != 0 {
            self.numbers(&[spacing], "Tc");
        }
        let size = thousandths(text.size);
        let mut start = 0;
        let fonts = self.fonts;
        for (index, piece) in fonts.pieces(text.face, &text.text) {
            let font = &fonts.fonts[index];
            if state.font.replace((index, size)) != Some((index, size)) {
                self.name(&font.id.0);
                self.numbers(&[size], "Tf");
            }
            self.show(font, piece, start, &text.kerns);
            start += piece.len();
        }
        if spacing != 0 {
            self.operator("0 Tc");
        }
        self.text = Some(state);
    }

    /// Shows a piece of text; `start` is its byte offset in the whole text, to which `kerns` belong.
    fn show(&mut self, font: &Font, piece: &str, start: usize, kerns: &[Kern]) {
        let within = kerns.iter().filter_map(|kern| Some(((kern.at as usize).checked_sub(start)?, kern.em)));
        let mut within = within.filter(|(at, _)| *at < piece.len()).peekable();
        let kerned = within.peek().is_some();
        self.bytes.extend_from_slice(if kerned { b"[<" } else { b"<" });
        for (at, letter) in letters(piece) {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            let glyph = font.glyph(letter);
            self.bytes.extend([12, 8, 4, 0].map(|shift| DIGITS[usize::from(glyph >> shift & 15)]));
            while let Some((_, em)) = within.next_if(|(place, _)| *place <= at) {
                self.bytes.push(b'>');
                // A positive number moves the next letter back (ISO 32000-1, 9.4.3).
                self.number(thousandths(-em * 1000.0));
                self.bytes.push(b'<');
            }
        }
        self.operator(if kerned { ">] TJ" } else { "> Tj" });
    }

    fn fill_color(&mut self, color: Rgb) {
        if self.fill.replace(color) != Some(color) {
            self.numbers(&channels(color), "rg");
        }
    }

    /// Converts a point with y from the page's top to thousandths with y from its bottom.
    fn point(&self, (x, y): (f32, f32)) -> (i32, i32) {
        (thousandths(x), thousandths(self.height - y))
    }

    fn operator(&mut self, operator: &str) {
        self.bytes.extend_from_slice(operator.as_bytes());
        self.bytes.push(b'\n');
    }

    /// Writes numbers in thousandths, then their operator.
    fn numbers(&mut self, numbers: &[i32], operator: &str) {
        for number in numbers {
            self.number(*number);
            self.bytes.push(b' ');
        }
        self.operator(operator);
    }

    /// Writes a number in thousandths, without trailing zeros.
    fn number(&mut self, number: i32) {
        if number < 0 {
            self.bytes.push(b'-');
        }
        let (whole, fraction) = (number.unsigned_abs() / 1000, number.unsigned_abs() % 1000);
        push_number(&mut self.bytes, whole);
        if fraction > 0 {
            let digits = [fraction / 100, fraction / 10 % 10, fraction % 10].map(|digit| b'0' + digit as u8);
            let end = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
            self.bytes.push(b'.');
            self.bytes.extend_from_slice(&digits[..end]);
        }
    }

    /// Writes a name of letters and digits, and a space.
    fn name(&mut self, name: &str) {
        self.bytes.push(b'/');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(b' ');
    }
}

/// The channels of a colour in thousandths, rounded.
fn channels(color: Rgb) -> [i32; 3] {
    color.map(|channel| (i32::from(channel) * 1000 + 127) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Document, Faces, Path, Role};

    fn text(x: f32, y: f32, text: &str, kerns: &[Kern]) -> Text {
        let (size, letter_spacing, face, color) = (9.0, 0.0, 0, [0, 0, 0]);
        Text { x, y, width: 0.0, size, letter_spacing, face, color, kerns: kerns.into(), text: text.into() }
    }

    /// Expected bytes are written by hand from ISO 32000-1: y counts from the bottom of the page, which is 100 pt high.
    /// Glyphs are numbered in the order of the face: 1 is the comma, 2 and 3 are the digits 1 and 2.
    #[test]
    fn a_page_is_written_in_pdfs_operators() {
        let shapes = vec![
            Shape::Rectangle { area: Area { x: 10.0, y: 20.0, width: 30.5, height: 0.75 }, color: [255, 0, 51] },
            Shape::Dashes { from: (1.0, 2.0), to: (3.0, 2.0), width: 0.5, dash: (2.0, 1.25), color: [0, 0, 128] },
        ];
        let steps = vec![Step::Line((5.0, 0.0)), Step::Curve((6.0, 1.0), (7.0, 2.0), (8.0, 100.0))];
        let outline = Outline { paths: vec![Path { start: (0.0, 0.0), steps }], even_odd: true, color: [255, 0, 51] };
        let items = vec![
            Item::Text(text(10.0, 50.0, "1,2", &[])),
            Item::Text(Text { letter_spacing: 1.5, ..text(12.0004, 60.0, "21", &[Kern { at: 0, em: -0.074 }]) }),
            Item::Picture { index: 0, area: Area { x: 1.0, y: 2.0, width: 3.0, height: 4.0 } },
            Item::Outline(outline),
        ];
        let marks = vec![Mark { first: 0, element: 0 }, Mark { first: 2, element: u32::MAX }];
        let layers = vec![Layer { shapes, items, marks }];
        let page_of_all = Page { width: 100.0, height: 100.0, layers, links: Vec::new() };
        let document = Document { pages: vec![page_of_all], ..Document::default() };
        let mut pdf = printpdf::PdfDocument::new("");
        let fonts = Fonts::add(&mut pdf, &document, &Faces::built_in()).expect("fonts");
        let elements = [Element { role: Role::Paragraph, parent: 0, span: (1, 1) }];
        let stream = String::from_utf8(page(&document.pages[0], &fonts, &elements)).expect("plain text");
        let expected = "/Artifact BMC\n1 0 0.2 rg\n10 79.25 30.5 0.75 re\nf\nq\n0 0 0.502 RG\n0.5 w\n[2 1.25 ] 0 d\n\
            1 98 m\n3 98 l\nS\nQ\nEMC\nBT\n/P <</MCID 0>> BDC\n0 0 0 rg\n10 50 Td\n/f0 9 Tf\n<000200010003> Tj\n\
            2 -10 Td\n1.5 Tc\n[<0003>74<0002>] TJ\n0 Tc\nEMC\nET\n/Artifact BMC\nq\n3 0 0 4 1 94 cm\n/i0 Do\nQ\n\
            1 0 0.2 rg\n0 100 m\n5 100 l\n6 99 7 98 8 0 c\nf*\nEMC\n";
        assert_eq!(stream, expected);
    }

    #[test]
    fn numbers_have_the_digits_they_need() {
        let fonts = Fonts::default();
        let mut writer =
            Writer { bytes: Vec::new(), height: 0.0, fonts: &fonts, elements: &[], fill: None, text: None, next: 0 };
        writer.numbers(&[0, 1, -1, 10, -500, 1000, 10_010, 123_456_790, i32::MIN], "x");
        let expected = "0 0.001 -0.001 0.01 -0.5 1 10.01 123456.79 -2147483.648 x\n";
        assert_eq!(String::from_utf8(writer.bytes).expect("plain text"), expected);
        assert_eq!((thousandths(0.0004), thousandths(-0.0), thousandths(595.276)), (0, 0, 595_276));
        assert_eq!(channels([0, 188, 255]), [0, 737, 1000]);
    }
}
