//! Where everything stands on the pages of `tests/layout`, as text beside each of them, in points with two decimals.
//!
//! `tests/browser/check.py` of invoicer compares the same pages with Chromium's, which is what makes the places right; these
//! files make `cargo test` notice that one moves. `BLESS=1` writes them and prints the differences, to be read, and checked
//! with the browser, before they are committed.

use std::fmt::Write;
use std::path::Path;

use pages::layout::{Document, Item, Rgb, Shape};

use crate::layout::feature_pages;

const LAYERS: [&str; 3] = ["below", "flow", "above"];

fn described(document: &Document) -> String {
    let mut text = String::new();
    for (index, page) in document.pages.iter().enumerate() {
        let _ = writeln!(text, "page {} {} {}", index + 1, points(page.width), points(page.height));
        for (name, layer) in LAYERS.iter().zip(&page.layers) {
            for line in layer.shapes.iter().map(shape).chain(layer.items.iter().map(item)) {
                let _ = writeln!(text, "{name} {line}");
            }
        }
    }
    text
}

/// Rounded; -0.00 is 0.00.
fn points(length: f32) -> String {
    let text = format!("{length:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

fn all(lengths: &[f32]) -> String {
    lengths.iter().map(|length| points(*length)).collect::<Vec<_>>().join(" ")
}

fn colour([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn shape(shape: &Shape) -> String {
    match shape {
        Shape::Rectangle { area, color } => {
            format!("box {} {}", all(&[area.x, area.y, area.width, area.height]), colour(*color))
        }
        Shape::Outline(outline) => outlined(outline),
        Shape::Dashes { from, to, width, dash, color } => {
            format!("dashes {} {}", all(&[from.0, from.1, to.0, to.1, *width, dash.0, dash.1]), colour(*color))
        }
    }
}

/// By its subpaths' starts and number of steps: the rest follows from the corners.
fn outlined(outline: &pages::layout::Outline) -> String {
    let paths =
        outline.paths.iter().map(|path| format!("{} +{}", all(&[path.start.0, path.start.1]), path.steps.len()));
    format!("outline {} {}", paths.collect::<Vec<_>>().join(", "), colour(outline.color))
}

fn item(item: &Item) -> String {
    match item {
        Item::Text(text) => {
            let places = all(&[text.x, text.y, text.width, text.size]);
            format!("text {places} face {} {} {}", text.face, colour(text.color), text.text)
        }
        Item::Picture { index, area } => {
            format!("picture {} {index}", all(&[area.x, area.y, area.width, area.height]))
        }
        Item::Outline(outline) => outlined(outline),
    }
}

/// The lines of either text that differ, by number.
fn differences(expected: &str, found: &str) -> String {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let at = |lines: &[&str], index: usize| lines.get(index).map_or(String::new(), |line| (*line).to_owned());
    (0..expected.len().max(found.len()))
        .filter(|index| at(&expected, *index) != at(&found, *index))
        .take(20)
        .map(|index| format!("{}:\n  - {}\n  + {}\n", index + 1, at(&expected, index), at(&found, index)))
        .collect()
}

#[test]
#[allow(clippy::print_stderr, reason = "whoever blesses reads what changed")]
fn everything_stands_where_it_stood() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    for (path, document) in feature_pages() {
        let golden: &Path = &path.with_extension("txt");
        let expected = std::fs::read_to_string(golden).unwrap_or_default();
        let found = described(&document);
        if expected != found {
            let _ = write!(wrong, "{}\n{}", golden.display(), differences(&expected, &found));
            if bless {
                std::fs::write(golden, found).unwrap();
            }
        }
    }
    if bless {
        eprint!("{wrong}");
    } else {
        assert!(wrong.is_empty(), "{wrong}");
    }
}
