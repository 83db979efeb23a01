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
