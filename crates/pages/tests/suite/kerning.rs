//! Faces with kerning: letters stand as far apart as the face's tables say. `tests/data/fonts/make.py` has the figures:
//! A, T and V advance 700, 600 and 650 thousandths of an em, the space 300.

#![allow(clippy::float_arithmetic, reason = "places on pages are floats")]

use std::sync::Arc;

use lopdf::Object;
use pages::layout::{Faces, Item, Kern, Text, lay_out};
use pages::pdf::write;

use crate::common::bare_metadata;

const BY_FEATURE: &[u8] = include_bytes!("../data/fonts/kerned.ttf");
const BY_TABLE: &[u8] = include_bytes!("../data/fonts/kerned-by-table.ttf");

fn faces(file: &[u8]) -> Arc<Faces> {
    Faces::with_files(vec![("kerned.ttf".to_owned(), file.to_vec())]).unwrap()
}

fn laid_out(html: &str, faces: &Faces) -> pages::layout::Document {
    let style =
        "<style>@page { margin: 0 } body { margin: 0; font-size: 10px; line-height: 1 } p { margin: 0 }</style>";
    let html = format!("<!DOCTYPE html>{style}{html}");
    lay_out(&html, faces, &|_| Err("none".to_owned())).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Text, and where it starts and ends in px.
fn places(html: &str, file: &[u8]) -> Vec<(String, f32, f32)> {
    let document = laid_out(html, &faces(file));
    let thousandths = |points: f32| (points / 0.75 * 1000.0).round() / 1000.0;
    let place = |text: &Text| (text.text.to_string(), thousandths(text.x), thousandths(text.x + text.width));
    texts(&document).map(place).collect()
}

fn texts(document: &pages::layout::Document) -> impl Iterator<Item = &Text> {
    let items = document.pages.iter().flat_map(|page| &page.layers).flat_map(|layer| &layer.items);
    items.filter_map(|item| if let Item::Text(text) = item { Some(text) } else { None })
}

fn place(text: &str, start: f32, end: f32) -> (String, f32, f32) {
    (text.to_owned(), start, end)
}

/// AV 120, VA 110 and TV 90 closer: 700 + 650 + 700 + 600 + 650 - 320 = 2980. The table has no TV.
#[test]
fn letters_stand_as_the_face_says() {
    assert_eq!(places("<p>AVATV", BY_FEATURE), [place("AVATV", 0.0, 29.8)]);
    assert_eq!(places("<p>AVATV", BY_TABLE), [place("AVATV", 0.0, 30.7)]);
    let document = laid_out("<p>AVATV", &faces(BY_FEATURE));
    let kern = |at, em| Kern { at, em };
    assert_eq!(*texts(&document).next().unwrap().kerns, [kern(0, -0.12), kern(1, -0.11), kern(3, -0.09)]);
}

/// V and the space are 40 closer, but not where the space ends the line.
#[test]
fn nothing_is_kerned_with_what_stands_on_another_line() {
    assert_eq!(places("<p>V V", BY_FEATURE), [place("V V", 0.0, 15.6)]);
    let right = "<p style='text-align: right; width: 12px'>V V";
    assert_eq!(places(right, BY_FEATURE), [place("V", 5.5, 12.0), place("V", 5.5, 12.0)]);
    // 700 + 650 - 120 would fit into 12.5 px, and a third letter into none.
    let anywhere = "<p style='overflow-wrap: anywhere; width: 12.5px'>AVAV";
    assert_eq!(places(anywhere, BY_FEATURE), [place("AV", 0.0, 12.3), place("AV", 0.0, 12.3)]);
}

#[test]
fn elements_without_edges_do_not_part_letters() {
    let joined = [place("A", 0.0, 7.0), place("V", 5.8, 12.3), place("A", 11.2, 18.2)];
    assert_eq!(places("<p>A<span>V</span>A", BY_FEATURE), joined);
    let padded = [place("A", 0.0, 7.0), place("V", 8.0, 14.5), place("A", 15.5, 22.5)];
    assert_eq!(places("<p>A<span style='padding: 0 1px'>V</span>A", BY_FEATURE), padded);
    let larger = [place("A", 0.0, 7.0), place("V", 7.0, 20.0), place("A", 20.0, 27.0)];
    assert_eq!(places("<p>A<span style='font-size: 20px'>V</span>A", BY_FEATURE), larger);
}

#[test]
fn kerned_text_is_written_and_copied_as_letters() {
    let faces = faces(BY_FEATURE);
    let bytes = write(&laid_out("<p>AVATV", &faces), &faces, &bare_metadata()).unwrap();
    let pdf = lopdf::Document::load_mem(&bytes).unwrap();
    assert_eq!(pdf.extract_text(&[1]).unwrap().trim(), "AVATV");
    let page = pdf.page_iter().next().unwrap();
    let content = lopdf::content::Content::decode(&pdf.get_page_content(page)).unwrap();
    let shown = content.operations.iter().find(|operation| operation.operator == "TJ").unwrap();
    let moves: Vec<Option<f32>> =
        shown.operands[0].as_array().unwrap().iter().map(|part| Object::as_float(part).ok()).collect();
    assert_eq!(moves, [None, Some(120.0), None, Some(110.0), None, Some(90.0), None]);
}

#[test]
fn the_built_in_faces_have_none() {
    let document = laid_out("<p>AVATV", &Faces::built_in());
    assert!(texts(&document).all(|text| text.kerns.is_empty()));
}
