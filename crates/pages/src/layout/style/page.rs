//! `@page`: paper size, margins, and margin boxes with page numbers.

use std::rc::Rc;

use super::{
    computed::{BOTTOM, LEFT, RIGHT, TOP, TextAlign, Variables, VerticalAlign},
    declaration::{Declaration, declaration, declarations},
    properties::{self, Style, apply},
    scanner::Scanner,
    value::{Size, Units, function, length, snap, words},
    variables::substitute,
};
use crate::layout::fault::Faults;

const UNITS: Units = Units { font_size: 16.0, root_font_size: 16.0, weight: 400 };
/// Chromium's default print margin.
const MARGIN: f64 = 96.0 * 0.4;

/// The paper and the content of its margins; lengths in px.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PageStyle {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Margins of the first page and of the others; left and right are the same on both.
    pub(crate) margins: [[f64; 4]; 2],
    /// Margin boxes of the first page and of the others.
    pub(crate) boxes: [Vec<MarginBox>; 2],
}

/// Content area of a page, in px from its top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ContentArea {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl PageStyle {
    /// Width and height of the area for boxes fixed to a page, which Chromium truncates to whole px.
    pub(crate) fn fixed_area(&self, page: usize) -> (f64, f64) {
        let [top, right, bottom, left] = self.margins[page.min(1)].map(snap);
        ((self.width - left - right).floor(), (self.height - top - bottom).floor())
    }

    /// Content area of the first page (0) or of the others. Chromium puts its start on whole px, rounds its size up.
    pub(crate) fn content_area(&self, page: usize) -> ContentArea {
        let margins = self.margins[page.min(1)];
        let [top, right, bottom, left] = margins.map(snap);
        ContentArea {
            x: margins[LEFT].round(),
            y: margins[TOP].round(),
            width: (self.width - left - right).ceil(),
            height: (self.height - top - bottom).ceil(),
        }
    }
}

/// Text in the page's margin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MarginBox {
    pub(crate) place: Place,
    pub(crate) style: Rc<Style>,
    pub(crate) pieces: Vec<Piece>,
}

/// Position of a margin box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bottom: bool,
    pub(crate) across: TextAlign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Page,
    Pages,
}

pub(super) struct PageRule<'a> {
    first: bool,
    declarations: Vec<Declaration<'a>>,
    boxes: Vec<(Place, Vec<Declaration<'a>>)>,
}

impl<'a> PageRule<'a> {
    pub(super) fn parse(selector: &str, mut block: Scanner<'a>, faults: &Faults<'_>) -> Result<PageRule<'a>, String> {
        let first = match selector.trim() {
            "" => false,
            ":first" => true,
            other => return Err(format!("expected @page or @page :first, found @page {other}")),
        };
        let mut rule = PageRule { first, declarations: Vec::new(), boxes: Vec::new() };
        loop {
            block.skip_space_and_comments();
            match block.peek() {
                None => return Ok(rule),
                Some(b';') => block.position += 1,
                Some(b'@') => rule.margin_box(&mut block, faults),
                Some(_) => rule.declarations.extend(declaration(&mut block, faults)),
            }
        }
    }

    fn margin_box(&mut self, block: &mut Scanner<'a>, faults: &Faults<'_>) {
        let (offset, name) = block.take_until(b"{;");
        if block.peek() != Some(b'{') {
            return faults.add(offset, name, "expected { after the name of a margin box");
        }
        let inside = block.take_block();
        let place = match name.trim().to_ascii_lowercase().as_str() {
            "@top-left" => Place { bottom: false, across: TextAlign::Start },
            "@top-center" => Place { bottom: false, across: TextAlign::Center },
            "@top-right" => Place { bottom: false, across: TextAlign::End },
            "@bottom-left" => Place { bottom: true, across: TextAlign::Start },
            "@bottom-center" => Place { bottom: true, across: TextAlign::Center },
            "@bottom-right" => Place { bottom: true, across: TextAlign::End },
            other => {
                let message = format!("expected @top- or @bottom- with left, center or right, found {other}");
                return faults.add(offset, name, message);
            }
        };
        self.boxes.push((place, declarations(inside, faults)));
    }
}

/// Computes the page style from all rules.
pub(super) fn page_style(rules: &[PageRule<'_>], variables: &Rc<Variables>, faults: &Faults<'_>) -> PageStyle {
    let mut page = PageStyle {
        width: 210.0 * 96.0 / 25.4,
        height: 297.0 * 96.0 / 25.4,
        margins: [[MARGIN; 4]; 2],
        boxes: [Vec::new(), Vec::new()],
    };
    for which in [0, 1] {
        // `:first` is more specific than a rule without it, whatever their order.
        for first in [false, true] {
            let chosen = rules.iter().filter(|rule| rule.first == first && (!first || which == 0));
            for rule in chosen {
                apply_rule(&mut page, which, rule, variables, faults);
            }
        }
    }
    for which in [0, 1] {
        let [top, right, bottom, left] = page.margins[which];
        if left + right >= page.width || top + bottom >= page.height {
            faults.add(0, "@page", "expected margins that leave room on the page");
            page.margins[which] = [0.0; 4];
        }
    }
    if page.margins[0][LEFT] != page.margins[1][LEFT] || page.margins[0][RIGHT] != page.margins[1][RIGHT] {
        let offset = rules.iter().flat_map(|rule| &rule.declarations).map(|one| one.offset).next().unwrap_or(0);
        faults.add(offset, "@page :first", "expected the same left and right margins on all pages");
    }
    page
}

fn apply_rule(page: &mut PageStyle, which: usize, rule: &PageRule<'_>, variables: &Rc<Variables>, faults: &Faults<'_>) {
    for declaration in &rule.declarations {
        if declaration.name.starts_with("--") || properties::is_for_browsers(&declaration.name) {
            continue;
        }
        let value = substitute(&declaration.value, variables);
        if let Err(message) = value.and_then(|value| page_property(page, which, rule.first, &declaration.name, &value))
        {
            faults.add(declaration.offset, declaration.source, message);
        }
    }
    for (place, declarations) in &rule.boxes {
        let known = page.boxes[which].iter().position(|one| one.place == *place);
        let mut margin_box = known.map_or_else(|| empty_box(*place, variables), |at| page.boxes[which].remove(at));
        for declaration in declarations {
            let value = substitute(&declaration.value, variables);
            let result = value.and_then(|value| box_property(&mut margin_box, &declaration.name, &value));
            if let Err(message) = result {
                faults.add(declaration.offset, declaration.source, message);
            }
        }
        page.boxes[which].push(margin_box);
    }
}

fn empty_box(place: Place, variables: &Rc<Variables>) -> MarginBox {
    let mut style = Style::initial();
    style.variables = Rc::clone(variables);
    style.text_align = place.across;
    style.vertical_align = VerticalAlign::Middle;
    MarginBox { place, style: Rc::new(style), pieces: Vec::new() }
}

fn page_property(page: &mut PageStyle, which: usize, first: bool, name: &str, value: &str) -> Result<(), String> {
    match name {
        "size" if first => Err("expected one size for all pages".to_owned()),
        "size" => {
            (page.width, page.height) = paper(&value.to_ascii_lowercase())?;
            Ok(())
        }
        _ if name.starts_with("margin") => {
            let mut style = Style::initial();
            style.margin = page.margins[which].map(Size::Px);
            apply(&mut style, &Style::initial(), name, value, UNITS.root_font_size)?;
            for side in [TOP, RIGHT, BOTTOM, LEFT] {
                page.margins[which][side] = match style.margin[side] {
                    Size::Px(length) if length >= 0.0 => length,
                    _ => return Err(format!("expected lengths of at least 0, found {value}")),
                };
            }
            Ok(())
        }
        _ => Err(format!("the property {name} is not supported in @page")),
    }
}

fn paper(value: &str) -> Result<(f64, f64), String> {
    const MM: f64 = 96.0 / 25.4;
    let named = |word: &str| {
        let (width, height) = match word {
            "a3" => (297.0, 420.0),
            "a4" => (210.0, 297.0),
            "a5" => (148.0, 210.0),
            "b5" => (176.0, 250.0),
            "jis-b5" => (182.0, 257.0),
            "b4" => (250.0, 353.0),
            "jis-b4" => (257.0, 364.0),
            "letter" => (215.9, 279.4),
            "legal" => (215.9, 355.6),
            "ledger" => (279.4, 431.8),
            _ => return None,
        };
        Some((width * MM, height * MM))
    };
    let expected = || format!("expected a paper size like A4, A4 landscape or 210mm 297mm, found {value}");
    let found = match words(value).as_slice() {
        [name] => named(name).or_else(|| length(name, UNITS).map(|side| (side, side))),
        [name, "portrait"] | ["portrait", name] => named(name),
        [name, "landscape"] | ["landscape", name] => named(name).map(|(width, height)| (height, width)),
        [width, height] => length(width, UNITS).zip(length(height, UNITS)),
        _ => None,
    };
    // A page of a few px would make millions of pages; PDF readers show 200 inches at most.
    found
        .filter(|(width, height)| [width, height].iter().all(|side| (36.0..=19200.0).contains(*side)))
        .ok_or_else(expected)
}

const BOX_PROPERTIES: &[&str] = &[
    "font",
    "font-family",
    "font-size",
    "font-weight",
    "color",
    "text-align",
    "vertical-align",
    "letter-spacing",
    "line-height",
    "white-space",
    "padding",
    "padding-top",
    "padding-right",
    "padding-bottom",
    "padding-left",
];

fn box_property(margin_box: &mut MarginBox, name: &str, value: &str) -> Result<(), String> {
    if name == "content" {
        margin_box.pieces = content(value)?;
        return Ok(());
    }
    if properties::is_for_browsers(name) {
        return Ok(());
    }
    if !BOX_PROPERTIES.contains(&name) {
        return Err(format!("the property {name} is not supported in a margin box"));
    }
    let style = Rc::make_mut(&mut margin_box.style);
    apply(style, &Style::initial(), name, value, UNITS.root_font_size)
}

fn content(value: &str) -> Result<Vec<Piece>, String> {
    if value == "none" || value == "normal" {
        return Ok(Vec::new());
    }
    let mut pieces = Vec::new();
    for word in words(value) {
        let counter = function(word, "counter").map(str::trim);
        pieces.push(match (counter, word.chars().next()) {
            (Some("page"), _) => Piece::Page,
            (Some("pages"), _) => Piece::Pages,
            (None, Some(quote @ ('"' | '\''))) if word.len() >= 2 && word.ends_with(quote) => {
                Piece::Text(unescape(word.get(1..word.len() - 1).unwrap_or_default()))
            }
            _ => return Err(format!("expected strings, counter(page) and counter(pages), found {word}")),
        });
    }
    Ok(pieces)
}

/// Resolves CSS escapes: `\A`, `\201C ` and `\"`.
fn unescape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        result.push_str(before);
        let body = escape.get(1..).unwrap_or_default();
        let digits = body.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        let code = body.get(..digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(character) => {
                result.push(character);
                rest = body.get(digits..).unwrap_or_default();
                rest = rest.strip_prefix(' ').unwrap_or(rest);
            }
            None => {
                let next = body.chars().next();
                result.extend(next);
                rest = body.get(next.map_or(0, char::len_utf8)..).unwrap_or_default();
            }
        }
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::style::rules::Sheet;

    fn page(text: &str) -> (PageStyle, Vec<String>) {
        let faults = Faults::new(text);
        let mut sheet = Sheet::default();
        sheet.read(text, 0, &faults);
        let page = page_style(&sheet.pages, &Rc::default(), &faults);
        (page, faults.into_vec().into_iter().map(|fault| fault.message).collect())
    }

    #[test]
    fn margins_and_boxes_of_the_first_page_override() {
        let (page, faults) = page(
            "@page :first { margin-top: 1in; @bottom-center { content: none } }
             @page { size: A5 landscape; margin: 48px; @bottom-center { content: counter(page) ' / ' counter(pages); font-size: 8pt } }",
        );
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(page.width.round(), 794.0);
        assert_eq!(page.margins, [[96.0, 48.0, 48.0, 48.0], [48.0; 4]]);
        assert!(page.boxes[0][0].pieces.is_empty());
        assert_eq!(page.boxes[1][0].pieces, [Piece::Page, Piece::Text(" / ".to_owned()), Piece::Pages]);
    }

    #[test]
    fn escapes_in_strings() {
        assert_eq!(unescape(r#"\201C a\"\\"#), "“a\"\\");
    }
}
