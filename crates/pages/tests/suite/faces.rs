//! Rare kanji: from font files of a workspace, in every format, and from the built-in faces; printed, they can be copied.

use pages::layout::{Document, Faces, Item, lay_out};
use pages::pdf::write;

use crate::common::bare_metadata;

const TTF: &[u8] = include_bytes!("../data/fonts/yoshi.ttf");
const OTF: &[u8] = include_bytes!("../data/fonts/yoshi.otf");
const KEYED: &[u8] = include_bytes!("../data/fonts/keyed-yoshi.otf");
const COLLECTION: &[u8] = include_bytes!("../data/fonts/yoshi.ttc");

fn laid_out(html: &str, faces: &Faces) -> Document {
    let html = format!("<!DOCTYPE html>{html}");
    lay_out(&html, faces, &|_| Err("none".to_owned())).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn pdf(document: &Document, faces: &Faces) -> lopdf::Document {
    lopdf::Document::load_mem(&write(document, faces, &bare_metadata()).unwrap()).unwrap()
}

/// The dictionary of the only font whose name has that ending.
fn descendant<'d>(pdf: &'d lopdf::Document, ending: &str) -> &'d lopdf::Dictionary {
    let fonts = pdf.objects.values().filter_map(|object| object.as_dict().ok());
    let kids = fonts.filter_map(|font| font.get(b"DescendantFonts").ok()?.as_array().ok()?.first());
    let kids = kids.filter_map(|kid| pdf.dereference(kid).ok()?.1.as_dict().ok());
    let is_it = |font: &&lopdf::Dictionary| {
        let name = font.get(b"BaseFont").and_then(lopdf::Object::as_name).unwrap();
        name.ends_with(format!("+{ending}").as_bytes())
    };
    let found: Vec<_> = kids.filter(is_it).collect();
    assert_eq!(found.len(), 1, "{ending}");
    found[0]
}

#[test]
fn rare_kanji_are_printed_from_files_of_every_format() {
    let cases = [
        ("ttf", TTF, "DrawnYoshi", "CIDFontType2", "FontFile2"),
        ("otf", OTF, "DrawnYoshiCff", "CIDFontType0", "FontFile3"),
        ("otf with CIDs", KEYED, "KeyedYoshi", "CIDFontType0", "FontFile3"),
        ("ttc", COLLECTION, "DrawnYoshi", "CIDFontType2", "FontFile2"),
    ];
    for (format, file, name, kind, program) in cases {
        let faces = Faces::with_files(vec![(format.to_owned(), file.to_vec())]).unwrap();
        let document = laid_out("<p>株式会社\u{20bb7}野家", &faces);
        let items = document.pages[0].layers.iter().flat_map(|layer| &layer.items);
        let texts = items.filter_map(|item| if let Item::Text(text) = item { Some(text) } else { None });
        let texts: Vec<(u8, &str)> = texts.map(|text| (text.face, &text.text[..])).collect();
        // The given face is the first; the rest is set in the built-in one behind it.
        assert_eq!(texts, [(1, "株式会社"), (0, "\u{20bb7}"), (1, "野家")], "{format}");
        let pdf = pdf(&document, &faces);
        assert_eq!(pdf.extract_text(&[1]).unwrap().trim(), "株式会社\u{20bb7}野家", "{format}");
        let font = descendant(&pdf, name);
        assert_eq!(font.get(b"Subtype").unwrap().as_name().unwrap(), kind.as_bytes(), "{format}");
        // One glyph, one em wide.
        let widths = font.get(b"W").unwrap().as_array().unwrap();
        let width = &widths[1].as_array().unwrap()[0];
        assert_eq!(width.as_float().unwrap(), 1000.0, "{format}");
        let descriptor = pdf.dereference(font.get(b"FontDescriptor").unwrap()).unwrap().1.as_dict().unwrap();
        assert!(descriptor.has(program.as_bytes()), "{format}: {descriptor:?}");
    }
}

#[test]
fn faces_after_the_first_of_a_collection_are_not_used() {
    let faces = Faces::with_files(vec![("yoshi.ttc".to_owned(), COLLECTION.to_vec())]).unwrap();
    let document = laid_out("<p>\u{e000}", &faces);
    assert_eq!(document.missing.iter().map(|missing| missing.character).collect::<Vec<char>>(), ['\u{e000}']);
}

#[test]
fn names_in_rare_kanji_are_printed_out_of_the_box_and_copied_with_their_forms() {
    let faces = Faces::built_in();
    let text = "\u{20bb7}野家 髙橋 \u{fa11}山 葛\u{e0100}城 葛城 渡邊\u{e0102} 丂丅\u{3405} 〓〓";
    let html = format!("<p>{}<p><b>{text}</b>", text.replace("〓〓", "🚀\u{e000}"));
    let pdf = pdf(&laid_out(&html, &faces), &faces);
    let copied: Vec<String> = pdf
        .extract_text(&[1])
        .unwrap()
        .lines()
        .map(|line| line.replace(' ', ""))
        .filter(|line| !line.is_empty())
        .collect();
    let expected = text.replace(' ', "");
    assert_eq!(copied.concat(), format!("{expected}{expected}"));
    for name in ["GothicSupplementRegular", "GothicSupplementBold"] {
        let font = descendant(&pdf, name);
        assert_eq!(font.get(b"Subtype").unwrap().as_name().unwrap(), b"CIDFontType2");
        let descriptor = pdf.dereference(font.get(b"FontDescriptor").unwrap()).unwrap().1.as_dict().unwrap();
        assert!(descriptor.has(b"FontFile2"), "{descriptor:?}");
    }
}

#[test]
fn a_face_of_the_workspace_comes_before_the_supplement_in_every_weight() {
    let faces = Faces::with_files(vec![("yoshi.ttf".to_owned(), TTF.to_vec())]).unwrap();
    let document = laid_out("<p>\u{20bb7}<b>\u{20bb7}</b>", &faces);
    let items = document.pages[0].layers.iter().flat_map(|layer| &layer.items);
    let used: Vec<u8> =
        items.filter_map(|item| if let Item::Text(text) = item { Some(text.face) } else { None }).collect();
    assert_eq!(used, [0, 0]);
}

#[test]
fn damaged_font_files_are_refused_or_used() {
    let fault = |file: &[u8]| Faces::with_files(vec![("a.ttf".to_owned(), file.to_vec())]).err();
    assert!(fault(TTF).is_none());
    for file in [TTF, OTF, KEYED, COLLECTION] {
        let error = fault(&file[..60]).unwrap();
        assert_eq!(error.name, "a.ttf");
        assert!(error.message.starts_with("not a usable font: "), "{}", error.message);
    }
    // Characters without outlines: the table that has them is called by another name.
    for (file, table) in [(TTF, b"glyf"), (OTF, b"CFF ")] {
        let at = file.windows(4).position(|name| name == table).unwrap();
        let hidden = [&file[..at], b"none", &file[at + 4..]].concat();
        let error = fault(&hidden).unwrap();
        assert_eq!(error.message, "expected outlines in TrueType or CFF, found others");
    }
}
