//! One page → drawing operations: per layer all shapes, then text in as few text objects as possible.

use printpdf::{
    Color, DictItem, Line, LineDashPattern, LinePoint, Op, PaintMode, PdfFontHandle, Point, Polygon, PolygonRing, Pt,
    Rect, Rgb, TextItem, WindingOrder, XObjectTransform,
};

use super::{fonts::Fonts, images, structure};
use crate::layout::{
    Area, Element, Item, Kern, Layer, Mark, Outline, Page, Path, Shape, Step, Text, is_variation_selector,
};

/// Coordinates have three decimals: a thousandth of a point is nothing to see, and every digit costs.
pub(super) fn rounded(value: f32) -> f32 {
    thousandths(value) as f32 / 1000.0
}

fn thousandths(value: f32) -> i32 {
    (f64::from(value) * 1000.0).round() as i32
}

/// The operations that draw a page; what belongs to an element of the structure is marked with its number on the page.
pub(super) fn page(page: &Page, fonts: &Fonts, elements: &[Element]) -> Vec<Op> {
    let of_layer = |layer: &Layer| layer.items.len() * 3 + layer.shapes.len() * 2 + layer.marks.len() * 2;
    let count: usize = page.layers.iter().map(of_layer).sum();
    let ops = Vec::with_capacity(count + 8);
    let mut writer = Writer { height: page.height, fonts, elements, ops, fill: None, text: None, next: 0 };
    for layer in &page.layers {
        writer.layer(layer);
    }
    writer.ops
}

struct Writer<'w> {
    height: f32,
    fonts: &'w Fonts,
    elements: &'w [Element],
    ops: Vec<Op>,
    fill: Option<[u8; 3]>,
    /// The state of the open text object.
    text: Option<TextState>,
    /// The number of the page's next marked content.
    next: i64,
}

#[derive(Clone, Copy, Default)]
struct TextState {
    /// Where the last line started, in thousandths of a point.
    x: i32,
    y: i32,
    font: Option<usize>,
    size: i32,
}

impl Writer<'_> {
    fn layer(&mut self, layer: &Layer) {
        if !layer.shapes.is_empty() {
            self.begin_artifact();
            for shape in &layer.shapes {
                self.shape(shape);
            }
            self.ops.push(Op::EndMarkedContent);
        }
        let ends = layer.marks.iter().skip(1).map(|mark| mark.first as usize).chain([layer.items.len()]);
        for (mark, end) in layer.marks.iter().zip(ends) {
            let items = layer.items.get(mark.first as usize..end).unwrap_or_default();
            // Marked content lies in a text object, or has it within, but never crosses its end.
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
            self.ops.push(Op::EndMarkedContent);
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

    fn begin_artifact(&mut self) {
        self.ops.push(Op::BeginMarkedContent { tag: "Artifact".to_owned() });
    }

    fn begin(&mut self, mark: Mark) {
        let Some(element) = self.elements.get(mark.element as usize).filter(|_| !mark.is_artifact()) else {
            return self.begin_artifact();
        };
        let tag = structure::name(element.role).to_owned();
        let properties = DictItem::Dict { map: [("MCID".to_owned(), DictItem::Int(self.next))].into() };
        self.next += 1;
        self.ops.push(Op::BeginMarkedContentWithProperties { tag, properties });
    }

    fn begin_text(&mut self) {
        if self.text.is_none() {
            self.ops.push(Op::StartTextSection);
            self.text = Some(TextState::default());
        }
    }

    fn up(&self, y: f32) -> f32 {
        rounded(self.height - y)
    }

    fn fill_color(&mut self, color: [u8; 3]) {
        if self.fill.replace(color) != Some(color) {
            self.ops.push(Op::SetFillColor { col: rgb(color) });
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Rectangle { area, color } => {
                self.fill_color(*color);
                let rectangle = Rect {
                    x: Pt(rounded(area.x)),
                    y: Pt(self.up(area.y + area.height)),
                    width: Pt(rounded(area.width)),
                    height: Pt(rounded(area.height)),
                    mode: Some(PaintMode::Fill),
                    winding_order: None,
                };
                self.ops.push(Op::DrawRectangle { rectangle });
            }
            Shape::Outline(outline) => self.outline(outline),
            Shape::Dashes { from, to, width, dash, color } => {
                self.ops.push(Op::SaveGraphicsState);
                self.ops.push(Op::SetOutlineColor { col: rgb(*color) });
                self.ops.push(Op::SetOutlineThickness { pt: Pt(rounded(*width)) });
                let dash = LineDashPattern::new(0.0, &[rounded(dash.0), rounded(dash.1)]);
                self.ops.push(Op::SetLineDashPattern { dash });
                let points = vec![self.point(*from, false), self.point(*to, false)];
                self.ops.push(Op::DrawLine { line: Line { points, is_closed: false } });
                self.ops.push(Op::RestoreGraphicsState);
            }
        }
    }

    fn outline(&mut self, outline: &Outline) {
        self.fill_color(outline.color);
        let rings = outline.paths.iter().map(|path| self.ring(path)).collect();
        let winding_order = if outline.even_odd { WindingOrder::EvenOdd } else { WindingOrder::NonZero };
        self.ops.push(Op::DrawPolygon { polygon: Polygon { rings, mode: PaintMode::Fill, winding_order } });
    }

    fn point(&self, (x, y): (f32, f32), bezier: bool) -> LinePoint {
        LinePoint { p: Point { x: Pt(rounded(x)), y: Pt(self.up(y)) }, bezier }
    }

    fn ring(&self, path: &Path) -> PolygonRing {
        let mut points = vec![self.point(path.start, false)];
        for step in &path.steps {
            match step {
                Step::Line(end) => points.push(self.point(*end, false)),
                Step::Curve(one, two, end) => {
                    points.extend([self.point(*one, true), self.point(*two, true), self.point(*end, false)]);
                }
            }
        }
        PolygonRing { points }
    }

    fn picture(&mut self, index: usize, area: Area) {
        let transform = XObjectTransform {
            translate_x: Some(Pt(rounded(area.x))),
            translate_y: Some(Pt(self.up(area.y + area.height))),
            scale_x: Some(rounded(area.width)),
            scale_y: Some(rounded(area.height)),
            no_auto_scale: true,
            ..XObjectTransform::default()
        };
        self.ops.push(Op::UseXobject { id: images::id(index), transform });
    }

    fn end_text(&mut self) {
        if self.text.take().is_some() {
            self.ops.push(Op::EndTextSection);
        }
    }

    fn text(&mut self, text: &Text) {
        self.begin_text();
        let mut state = self.text.unwrap_or_default();
        self.fill_color(text.color);
        // Moves are relative to the last start: both in whole thousandths, so that nothing adds up.
        let (x, y) = (thousandths(text.x), thousandths(self.height - text.y));
        let distance = Point { x: Pt((x - state.x) as f32 / 1000.0), y: Pt((y - state.y) as f32 / 1000.0) };
        self.ops.push(Op::SetTextCursor { pos: distance });
        (state.x, state.y) = (x, y);
        let spaced = text.letter_spacing != 0.0;
        if spaced {
            self.ops.push(Op::SetCharacterSpacing { multiplier: rounded(text.letter_spacing) });
        }
        let size = thousandths(text.size);
        let mut start = 0;
        for (font, piece) in self.fonts.pieces(text.face, &text.text) {
            if state.font != Some(font) || state.size != size {
                let id = self.fonts.fonts[font].id.clone();
                let size = Pt(rounded(text.size));
                self.ops.push(Op::SetFont { font: PdfFontHandle::External(id), size });
                (state.font, state.size) = (Some(font), thousandths(text.size));
            }
            self.ops.push(Op::ShowText { items: items(piece, start, &text.kerns) });
            start += piece.len();
        }
        if spaced {
            self.ops.push(Op::SetCharacterSpacing { multiplier: 0.0 });
        }
        self.text = Some(state);
    }
}

/// A piece of text that starts at a byte of the whole, with the kerns of the whole that are in it.
fn items(piece: &str, start: usize, kerns: &[Kern]) -> Vec<TextItem> {
    let mut items = Vec::with_capacity(1);
    let mut shown = 0;
    for kern in kerns {
        let Some(letter) = (kern.at as usize)
            .checked_sub(start)
            .and_then(|at| piece.get(at..)?.chars().next().map(|letter| (at, letter)))
        else {
            continue;
        };
        let mut end = letter.0 + letter.1.len_utf8();
        // A selector belongs to the letter before it.
        let behind = piece.get(end..).and_then(|behind| behind.chars().next());
        end += behind.filter(|next| is_variation_selector(*next)).map_or(0, char::len_utf8);
        items.push(TextItem::Text(piece.get(shown..end).unwrap_or_default().to_owned()));
        // A positive number moves the next letter back (ISO 32000-1, 9.4.3).
        items.push(TextItem::Offset(rounded(-kern.em * 1000.0)));
        shown = end;
    }
    let rest = piece.get(shown..).unwrap_or_default();
    if !rest.is_empty() {
        items.push(TextItem::Text(rest.to_owned()));
    }
    items
}

fn rgb([red, green, blue]: [u8; 3]) -> Color {
    let channel = |value: u8| rounded(f32::from(value) / 255.0);
    Color::Rgb(Rgb { r: channel(red), g: channel(green), b: channel(blue), icc_profile: None })
}
