//! Writes pages as PDF. The only folder that uses printpdf.
//!
//! In: a [`Document`] in which everything has its place, and the faces it was laid out with. Out: a PDF 1.7 file that
//! is archival (PDF/A-3b) and tagged for screen readers; the same input gives the same bytes.
//!
//! printpdf makes the document: catalog, pages, embedded fonts (subset in `fonts`) and pictures (`images`). `content`
//! writes the content of pages; `finish` adds what printpdf does not support: links, `outline`, `attachments`,
//! `structure`, `conformance`; `file` writes the bytes.

#![allow(clippy::float_arithmetic)]

mod attachments;
mod conformance;
mod content;
mod error;
mod file;
mod finish;
mod fonts;
mod images;
mod metadata;
mod objects;
mod outline;
mod structure;

pub use error::Error;
pub use metadata::{Attachment, Metadata};

use printpdf::{Mm, PdfDocument, PdfPage, PdfSaveOptions};
use rayon::prelude::*;

use crate::layout::{Document, Faces, Page};
use fonts::Fonts;
use objects::rounded;

/// Fewer pages are not worth the overhead of threads; invoices of a few pages are made in parallel anyway.
const PARALLEL_FROM: usize = 16;

/// Writes a laid-out document.
///
/// # Errors
/// A face that cannot be subset, or a document printpdf cannot express.
pub fn write(document: &Document, faces: &Faces, metadata: &Metadata<'_>) -> Result<Vec<u8>, Error> {
    let mut pdf = PdfDocument::new(&metadata.title);
    let mut fonts = Fonts::add(&mut pdf, document, faces)?;
    images::add_to(&mut pdf, &document.pictures);
    let contents = contents(document, &fonts)?;
    for page in &document.pages {
        // The first page carries the operations that make printpdf embed the fonts; `finish` replaces them.
        let mut sheet = PdfPage::new(Mm(0.0), Mm(0.0), std::mem::take(&mut fonts.shown));
        for paper in [&mut sheet.media_box, &mut sheet.trim_box, &mut sheet.crop_box] {
            (paper.width.0, paper.height.0) = (rounded(page.width), rounded(page.height));
        }
        pdf.pages.push(sheet);
    }
    let raw = printpdf::to_lopdf_doc(&pdf, &PdfSaveOptions::default(), &mut Vec::new());
    drop(pdf);
    finish::finish(raw, document, &fonts, contents, metadata)
}

/// The compressed content streams of all pages; on all cores where there are many.
fn contents(document: &Document, fonts: &Fonts) -> Result<Vec<Vec<u8>>, Error> {
    let stream = |page: &Page| file::deflated(&content::page(page, fonts, &document.structure.elements));
    if document.pages.len() < PARALLEL_FROM {
        return document.pages.iter().map(stream).collect();
    }
    document.pages.par_iter().map(stream).collect()
}

#[cfg(test)]
mod tests;
