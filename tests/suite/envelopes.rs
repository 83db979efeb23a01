//! The addressee in the window of an envelope, on the geometry of the laid out page: every design and language, short names
//! and long ones, drafts too.

#![allow(clippy::float_arithmetic, reason = "places on pages are no money")]

use pages::layout::{Area, Document, Item, Shape};

use crate::common::{Sandbox, copy_tree};
use crate::designs::{DESIGNS, lay_out, pages};

/// Points of a millimetre.
const MM: f32 = 72.0 / 25.4;
/// Rounding of lengths to px and back.
const SLACK: f32 = 0.2;

/// The first customer's invoice of a page with more keys in `[invoice]`, laid out, with its HTML.
fn invoice(name: &str, design: &str, language: &str, keys: &str, arguments: &[&str]) -> (String, Document) {
    let sandbox = Sandbox::new();
    copy_tree(&pages(name), sandbox.path());
    let settings = String::from_utf8(sandbox.read("invoicer.toml")).unwrap();
    let chosen = settings
        .replace("template = \"classic\"", &format!("template = \"{design}\"\n{keys}"))
        .replace("language = \"ja\"", &format!("language = \"{language}\""));
    sandbox.write("invoicer.toml", chosen);
    let run = sandbox.run(&[&["build", "202208", "--quiet", "--format", "html"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let html = String::from_utf8(sandbox.read("out/202208/acme/INV-202208-acme.html")).unwrap();
    let document = lay_out(&html);
    (html, document)
}

/// The texts and pictures of the first page with the room they take: letters reach from 0.9 of their size above the baseline
/// to 0.2 below it.
fn items(document: &Document) -> Vec<(String, Area)> {
    let items = document.pages[0].layers.iter().flat_map(|layer| &layer.items);
    items
        .filter_map(|item| match item {
            Item::Text(text) => {
                let area = Area { x: text.x, y: text.y - 0.9 * text.size, width: text.width, height: 1.1 * text.size };
                Some((text.text.replace('\u{a0}', " "), area))
            }
            Item::Picture { area, .. } => Some(("a picture".to_owned(), *area)),
            Item::Outline(_) => None,
        })
        .collect()
}

fn window(left: f32, top: f32, width: f32, height: f32) -> Area {
    Area { x: left * MM, y: top * MM, width: width * MM, height: height * MM }
}

fn is_inside(inner: &Area, outer: &Area) -> bool {
    inner.x >= outer.x - SLACK
        && inner.y >= outer.y - SLACK
        && inner.x + inner.width <= outer.x + outer.width + SLACK
        && inner.y + inner.height <= outer.y + outer.height + SLACK
}

fn meet(one: &Area, other: &Area) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

/// The text between two tags of the HTML, without markup and spaces.
fn addressee(html: &str) -> String {
    let (_, from) = html.split_once("<div id=\"window\"").unwrap();
    let (inside, _) = from.split_once("<div class=\"window-side\">").unwrap();
    let pieces = inside.split_once('>').unwrap().1.split('<');
    pieces
        .enumerate()
        .map(|(index, piece)| if index == 0 { piece } else { piece.split_once('>').unwrap().1 })
        .collect::<String>()
        .split_whitespace()
        .collect()
}

#[track_caller]
fn assert_in_window(what: &str, html: &str, document: &Document, window: Area) {
    let expected = addressee(html);
    let (inside, outside): (Vec<_>, Vec<_>) = items(document).into_iter().partition(|(_, area)| meet(area, &window));
    let shown: String = inside.iter().map(|(text, _)| text.as_str()).collect::<String>().split_whitespace().collect();
    assert_eq!(shown, expected, "{what}: the window shows this");
    for (text, area) in &inside {
        assert!(is_inside(area, &window), "{what}: {text:?} at {area:?} reaches out of {window:?}");
    }
    assert!(outside.len() > 20, "{what}: the rest of the page is missing");
    let shapes = document.pages[0].layers.iter().flat_map(|layer| &layer.shapes);
    for shape in shapes {
        if let Shape::Rectangle { area, .. } = shape {
            assert!(!meet(area, &window), "{what}: a rule or background at {area:?}");
        }
    }
}

#[test]
fn the_window_shows_the_addressee_and_nothing_else() {
    for name in ["plain", "long-names", "many-accounts"] {
        for design in DESIGNS {
            for language in ["ja", "en"] {
                for (envelope, arguments) in [("naga3", &[][..]), ("kaku2", &["--draft"][..])] {
                    let keys = format!("envelope = \"{envelope}\"");
                    let (html, document) = invoice(name, design, language, &keys, arguments);
                    let what = format!("{name} {design} {language} {envelope}");
                    assert_in_window(&what, &html, &document, window(22.0, 22.0, 90.0, 45.0));
                }
            }
        }
    }
}

#[test]
fn the_window_lies_where_its_keys_say() {
    let corners = [(18, 16, 60, 30), (30, 60, 95, 60), (18, 60, 95, 30)];
    for (left, top, width, height) in corners {
        for design in DESIGNS {
            let keys = format!(
                "envelope = \"naga3\"\nwindow-left = {left}\nwindow-top = {top}\nwindow-width = {width}\nwindow-height = {height}"
            );
            for name in ["plain", "long-names"] {
                let (html, document) = invoice(name, design, "ja", &keys, &[]);
                let area = window(left as f32, top as f32, width as f32, height as f32);
                assert_in_window(&format!("{name} {design} {left} {top} {width} {height}"), &html, &document, area);
            }
        }
    }
}

/// A third of the 297 mm is 99.
#[test]
fn sheets_to_be_folded_have_ticks_at_their_thirds() {
    let ticks = |document: &Document| {
        let shapes = document.pages[0].layers.iter().flat_map(|layer| &layer.shapes);
        let left = shapes.filter_map(|shape| match shape {
            Shape::Rectangle { area, .. } if area.x + area.width < 15.0 * MM => Some((area.y / MM).round() as u32),
            _ => None,
        });
        left.collect::<Vec<_>>()
    };
    for design in DESIGNS {
        let (html, document) = invoice("plain", design, "ja", "envelope = \"naga3\"", &[]);
        assert_eq!(ticks(&document), [99, 198], "{design}");
        assert!(html.contains(".folds { display: none; }"), "{design}: screens have no paper to fold");
        assert!(ticks(&invoice("plain", design, "ja", "envelope = \"kaku2\"", &[]).1).is_empty(), "{design}");
        assert!(ticks(&invoice("plain", design, "ja", "", &[]).1).is_empty(), "{design}");
    }
}
