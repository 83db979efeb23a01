//! Pages → PDF bytes. The only folder that names printpdf.
//!
//! In: a [`Document`] in which everything has its place, and the faces it was laid out with. Out: a PDF 1.7 file, the same
//! bytes for the same input. `fonts` subsets, `content` draws, `finish` turns what printpdf leaves into what readers want.

#![allow(clippy::float_arithmetic)]

mod content;
mod finish;
mod fonts;
mod images;

use std::fmt;

use printpdf::{Mm, PdfDocument, PdfPage, PdfSaveOptions};

use crate::layout::{Document, Faces};

/// What the file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Shown as the window's title.
    pub title: String,
    /// Who issued the document.
    pub author: String,
    /// What it is about.
    pub subject: String,
    /// Language tag, such as `ja`.
    pub language: String,
    /// The date of creation; the clock is never read.
    pub date: chrono::NaiveDate,
}

/// Why no PDF could be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
}

impl Error {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Writes a laid-out document.
///
/// # Errors
/// A face that cannot be subset, or a document printpdf cannot express.
pub fn write(document: &Document, faces: &Faces, metadata: &Metadata) -> Result<Vec<u8>, Error> {
    let fonts = fonts::collect(document, faces)?;
    let mut pdf = PdfDocument::new(&metadata.title);
    pdf.metadata.info.author.clone_from(&metadata.author);
    pdf.metadata.info.subject.clone_from(&metadata.subject);
    "invoicer".clone_into(&mut pdf.metadata.info.creator);
    "invoicer".clone_into(&mut pdf.metadata.info.producer);
    fonts.add_to(&mut pdf);
    images::add_to(&mut pdf, &document.pictures);
    for page in &document.pages {
        let ops = content::page(page, &fonts);
        let mut sheet = PdfPage::new(Mm(0.0), Mm(0.0), ops);
        for paper in [&mut sheet.media_box, &mut sheet.trim_box, &mut sheet.crop_box] {
            paper.width.0 = content::rounded(page.width);
            paper.height.0 = content::rounded(page.height);
        }
        pdf.pages.push(sheet);
    }
    let mut warnings = Vec::new();
    let raw = printpdf::to_lopdf_doc(&pdf, &PdfSaveOptions::default(), &mut warnings);
    drop(pdf);
    finish::finish(raw, document, &fonts, metadata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::lay_out;

    fn metadata() -> Metadata {
        Metadata {
            title: "請求書 1".to_owned(),
            author: "発行者".to_owned(),
            subject: "2022年8月".to_owned(),
            language: "ja".to_owned(),
            date: chrono::NaiveDate::from_ymd_opt(2022, 9, 1).expect("a date"),
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
        let fonts = fonts::collect(&document, &faces).expect("fonts");
        assert_eq!(fonts.fonts.len(), 2);
        let text = format!("{one}{other}{one}");
        let pieces: Vec<usize> = fonts.pieces(faces.primary(false), &text).iter().map(|(font, _)| *font).collect();
        assert_eq!(pieces, [0, 1, 0]);
        let bytes = write(&document, &faces, &metadata()).expect("a PDF");
        let copied = lopdf::Document::load_mem(&bytes).expect("a PDF").extract_text(&[1]).expect("text");
        assert_eq!(copied.trim(), text);
    }
}
