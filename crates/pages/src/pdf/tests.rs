//! Reads files back with lopdf; expectations follow ISO 32000 and ISO 19005-3.

use super::*;
use crate::layout::lay_out;

fn metadata() -> Metadata<'static> {
    Metadata {
        program: "tests".to_owned(),
        title: "請求書 1".to_owned(),
        author: "発行者".to_owned(),
        subject: "2022年8月".to_owned(),
        language: "ja".to_owned(),
        date: chrono::NaiveDate::from_ymd_opt(2022, 9, 1).expect("a date"),
        attachments: Vec::new(),
    }
}

fn written(html: &str) -> Vec<u8> {
    let faces = Faces::built_in();
    let document = lay_out(&format!("<!DOCTYPE html>{html}"), &faces, &|_| Err("none".to_owned())).expect("pages");
    write(&document, &faces, &metadata()).expect("a PDF")
}

#[test]
fn the_same_document_is_the_same_bytes() {
    let html = "<h1>題</h1><p style='border:1px dashed red'>本文 <a href='https://example.com'>x</a><h2>二</h2>";
    assert_eq!(written(html), written(html));
    assert_ne!(written(html), written("<p>別"));
}

#[test]
fn the_file_says_what_it_is() {
    let bytes = written("<h1>題</h1><a href='mailto:a@example.com'>mail</a>");
    assert!(bytes.starts_with(b"%PDF-1.7"));
    let document = lopdf::Document::load_mem(&bytes).expect("a PDF");
    let catalog = document.catalog().expect("a catalog");
    assert_eq!(catalog.get(b"Lang").and_then(lopdf::Object::as_str).expect("a language"), b"ja");
    assert_eq!(catalog.get(b"PageMode").and_then(lopdf::Object::as_name).expect("a mode"), b"UseOutlines");
    let information = document.trailer.get(b"Info").and_then(lopdf::Object::as_reference).expect("information");
    let information = document.get_dictionary(information).expect("information");
    assert!(!information.has(b"GTS_PDFXVersion") && !information.has(b"Trapped"));
    let date = information.get(b"CreationDate").and_then(lopdf::Object::as_str).expect("a date");
    assert_eq!(date, b"D:20220901000000Z");
}

#[test]
fn characters_that_share_a_glyph_are_copied_as_they_are() {
    let faces = Faces::built_in();
    let face = faces.face(faces.primary(false)).expect("a face");
    let kanji = ('\u{4e00}'..='\u{9fff}').chain('\u{3041}'..='\u{30ff}').chain(' '..='~');
    let glyphs: std::collections::BTreeMap<u16, char> =
        kanji.filter(|one| face.glyph(*one) != 0).map(|one| (face.glyph(one), one)).collect();
    let shared = ('\u{a0}'..='\u{ffef}').find_map(|one| {
        let twin = glyphs.get(&face.glyph(one)).copied()?;
        (twin != one && twin != ' ' && face.glyph(one) != 0).then_some((twin, one))
    });
    let Some((one, other)) = shared else { return };
    let html = format!("<!DOCTYPE html><p>{one}{other}{one}");
    let document = lay_out(&html, &faces, &|_| Err("none".to_owned())).expect("pages");
    let fonts = Fonts::add(&mut PdfDocument::new(""), &document, &faces).expect("fonts");
    assert_eq!(fonts.fonts.len(), 2);
    let text = format!("{one}{other}{one}");
    let pieces: Vec<usize> = fonts.pieces(faces.primary(false), &text).iter().map(|(font, _)| *font).collect();
    assert_eq!(pieces, [0, 1, 0]);
    let bytes = write(&document, &faces, &metadata()).expect("a PDF");
    let copied = lopdf::Document::load_mem(&bytes).expect("a PDF").extract_text(&[1]).expect("text");
    assert_eq!(copied.trim(), text);
}

fn read(html: &str) -> lopdf::Document {
    lopdf::Document::load_mem(&written(html)).expect("a PDF")
}

fn at<'d>(document: &'d lopdf::Document, dict: &'d lopdf::Dictionary, key: &str) -> &'d lopdf::Object {
    let object = dict.get(key.as_bytes()).unwrap_or_else(|_| panic!("no {key} in {dict:?}"));
    document.dereference(object).expect("an object").1
}

fn inside<'d>(document: &'d lopdf::Document, dict: &'d lopdf::Dictionary, key: &str) -> &'d lopdf::Dictionary {
    at(document, dict, key).as_dict().expect("a dictionary")
}

/// An element and its descendants as text: `P[0]` is a paragraph with the page's marked content 0.
fn outlined(document: &lopdf::Document, element: &lopdf::Dictionary) -> String {
    let name = at(document, element, "S").as_name().expect("a role");
    let kids = at(document, element, "K").as_array().expect("kids");
    let kids: Vec<String> = kids
        .iter()
        .map(|kid| match kid {
            lopdf::Object::Integer(id) => id.to_string(),
            lopdf::Object::Dictionary(_) => "link".to_owned(),
            kid => outlined(document, document.dereference(kid).expect("a kid").1.as_dict().expect("an element")),
        })
        .collect();
    format!("{}[{}]", String::from_utf8_lossy(name), kids.join(" "))
}

#[test]
fn elements_stand_in_reading_order_with_their_content() {
    let document = read(
        "<h1>題</h1><div>a<b>b</b></div><ol><li>一</ol>
         <p>x <a href='https://example.com/'>y</a> z</p>
         <table><colgroup><col><col></colgroup><thead><tr><th>h<th>i<tbody><tr><th>r<td></table>",
    );
    let catalog = document.catalog().expect("a catalog");
    let root = inside(&document, catalog, "StructTreeRoot");
    let elements = at(&document, root, "K").as_array().expect("elements");
    let element = document.dereference(&elements[0]).expect("an element").1.as_dict().expect("an element");
    // The number of an item is painted after its text, like any absolutely positioned box.
    let expected = "Document[H1[0] P[1] L[LI[Lbl[3] LBody[2]]] P[4 Link[5 link] 6] \
                    Table[THead[TR[TH[7] TH[8]]] TBody[TR[TH[9] TD[]]]]]";
    assert_eq!(outlined(&document, element), expected);
    assert_eq!(at(&document, inside(&document, catalog, "MarkInfo"), "Marked").as_bool().ok(), Some(true));
    let page = document.get_pages()[&1];
    let page = document.get_dictionary(page).expect("a page");
    assert_eq!(at(&document, page, "Tabs").as_name().ok(), Some(&b"S"[..]));
    let links = at(&document, page, "Annots").as_array().expect("links");
    let link = document.dereference(&links[0]).expect("a link").1.as_dict().expect("a link");
    assert_eq!(
        (at(&document, link, "F").as_i64().ok(), at(&document, link, "StructParent").as_i64().ok()),
        (Some(4), Some(1))
    );
}

#[test]
fn rows_of_long_tables_are_read_as_wholes() {
    let rows: String = (1..=2001).map(|row| format!("<tr><td>{row}<td>b")).collect();
    let document = read(&format!("<table><tr><td><p>x<td>y</table><table>{rows}</table>"));
    let root = inside(&document, document.catalog().expect("a catalog"), "StructTreeRoot");
    let element = document.dereference(&at(&document, root, "K").as_array().expect("elements")[0]).expect("one").1;
    let outline = outlined(&document, element.as_dict().expect("an element"));
    // Cells that hold blocks keep their own elements.
    let start = "Document[Table[TBody[TR[TD[P[0]] TD[1]]]] Table[TBody[TR[TD[2]] TR[TD[3]] ";
    assert!(outline.starts_with(start), "{}", outline.get(..100).unwrap_or_default());
    assert_eq!(outline.matches("TR[TD[").count(), 2002);
    let text = document.extract_text(&[1]).expect("text");
    assert!(text.contains("1b"), "{text}");
}

#[test]
fn repeated_heads_and_margin_boxes_are_no_part_of_what_is_read() {
    let rows: String = (1..=9).map(|row| format!("<tr><td>{row}")).collect();
    let document = read(&format!(
        "<style>@page{{size:100mm 60mm;margin:10mm;@bottom-right{{content:counter(page)}}}}td,th{{line-height:40px}}</style>
         <table><thead><tr><th>h<tbody>{rows}</table>"
    ));
    let contents: Vec<String> = document
        .get_pages()
        .values()
        .map(|page| String::from_utf8(document.get_page_content(*page)).expect("ASCII"))
        .collect();
    assert!(contents.len() > 1);
    let count = |page: &str, what: &str| page.matches(what).count();
    // Only the first page's head belongs to the structure; page numbers and repeated heads are artifacts.
    assert_eq!((count(&contents[0], "/TH"), count(&contents[0], "/Artifact BMC")), (1, 1));
    assert_eq!((count(&contents[1], "/TH"), count(&contents[1], "/Artifact BMC")), (0, 2));
    assert_eq!(contents.iter().map(|page| count(page, "/TD")).sum::<usize>(), 9);
}

#[test]
fn attached_files_are_found_and_unchanged() {
    let faces = Faces::built_in();
    let document = lay_out("<!DOCTYPE html><p>x", &faces, &|_| Err("none".to_owned())).expect("pages");
    let bytes = br#"{"invoice":1}"#;
    let attachment = Attachment { name: "請求 1.json", media_type: "application/json", description: "d", bytes };
    let metadata = Metadata { attachments: vec![attachment], ..metadata() };
    let read = lopdf::Document::load_mem(&write(&document, &faces, &metadata).expect("a PDF")).expect("a PDF");
    let catalog = read.catalog().expect("a catalog");
    let files = at(&read, catalog, "AF").as_array().expect("files");
    let file = read.dereference(&files[0]).expect("a file").1.as_dict().expect("a file");
    assert_eq!(at(&read, file, "AFRelationship").as_name().ok(), Some(&b"Data"[..]));
    assert_eq!(lopdf::decode_text_string(at(&read, file, "UF")).expect("a name"), "請求 1.json");
    let content = at(&read, inside(&read, file, "EF"), "F").as_stream().expect("content");
    assert_eq!(content.decompressed_content().expect("content"), bytes);
    assert_eq!(at(&read, &content.dict, "Subtype").as_name().ok(), Some(&b"application/json"[..]));
    assert_eq!(at(&read, inside(&read, &content.dict, "Params"), "Size").as_i64().ok(), Some(13));
    let names = inside(&read, inside(&read, catalog, "Names"), "EmbeddedFiles");
    assert_eq!(at(&read, names, "Names").as_array().expect("names").len(), 2);
}

#[test]
fn a_long_outline_is_open_at_its_first_level_only() {
    let count = |headings: usize| {
        let parts: String = (0..headings).map(|_| "<h2>b</h2>").collect();
        let document = read(&format!("<h1>a</h1>{parts}"));
        let outline = inside(&document, document.catalog().expect("a catalog"), "Outlines");
        let first = inside(&document, outline, "First");
        (at(&document, outline, "Count").as_i64().ok(), at(&document, first, "Count").as_i64().ok())
    };
    assert_eq!(count(2), (Some(3), Some(2)));
    assert_eq!(count(40), (Some(1), Some(-40)));
}

#[test]
fn metadata_is_plain_to_read_and_says_what_information_says() {
    let document = read("<p>x");
    let stream = at(&document, document.catalog().expect("a catalog"), "Metadata").as_stream().expect("XMP");
    assert!(!stream.dict.has(b"Filter"));
    let text = String::from_utf8(stream.content.clone()).expect("UTF-8");
    for part in [
        "<pdfaid:part>3</pdfaid:part>",
        "<pdfaid:conformance>B</pdfaid:conformance>",
        "<rdf:li xml:lang=\"x-default\">請求書 1</rdf:li>",
        "<rdf:li>発行者</rdf:li>",
        "<xmp:CreateDate>2022-09-01T00:00:00Z</xmp:CreateDate>",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    let rows = "<p style='break-before: page'>行 <b>12</b>".repeat(40);
    let faces = Faces::built_in();
    let document = lay_out(&format!("<!DOCTYPE html>{rows}"), &faces, &|_| Err("none".to_owned())).expect("pages");
    assert!(document.pages.len() >= PARALLEL_FROM);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| write(&document, &faces, &metadata())).expect("a PDF")
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn what_was_compressed_before_does_not_show() {
    // Each byte is from the middle of a linear congruential generator's state, so nothing repeats.
    let noise: Vec<u8> = (0..300_000)
        .scan(1_u32, |state, _| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some((*state >> 16) as u8)
        })
        .collect();
    let text = "0 0 0 rg BT /f0 9 Tf ".repeat(2000).into_bytes();
    for content in [&noise[..], &noise[..1], &[], &text, &noise[..1000]] {
        let alone = std::thread::scope(|scope| scope.spawn(|| file::deflated(content)).join().expect("a thread"));
        let after_others = file::deflated(content).expect("compressed");
        assert!(alone.expect("compressed") == after_others);
        let mut unpacked = Vec::new();
        let mut decoder = flate2::read::ZlibDecoder::new(after_others.as_slice());
        std::io::Read::read_to_end(&mut decoder, &mut unpacked).expect("a zlib stream");
        assert!(unpacked == content);
    }
}
