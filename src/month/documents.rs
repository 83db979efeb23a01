//! Makes every file of a month's invoices on all cores and gives each to a sink as soon as it is ready: to write it, or
//! in a dry run only to hash it. Also makes the review page.

use rayon::prelude::*;

use super::glyphs::{self, Lost};
use super::rendered;
use crate::assets::Assets;
use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::model::audience::Audience;
use crate::model::charge::Bill;
use crate::model::format::Format;
use crate::model::history::History;
use crate::model::invoice::Invoice;
use crate::model::settings::Settings;
use crate::out;
use crate::printer::Printer;
use crate::render::{self, Documents, Review};
use crate::staging::Staging;
use crate::workspace::Workspace;

/// Makes documents from a bill and a workspace.
pub struct DocumentWriter<'a> {
    pub(super) bill: &'a Bill,
    pub(super) settings: &'a Settings,
    /// The workspace's files, relative to the root, to find the place of a text.
    pub(super) files: [&'a [(String, Vec<u8>)]; 2],
    pub(super) assets: &'a Assets,
    /// The issued months, of which invoices tell.
    pub(super) told: &'a History,
    formats: &'a [Format],
}

/// Takes a file of a document: its path relative to the month's directory, and its bytes.
pub type Sink<'a> = dyn Fn(&str, &[u8]) -> Result<(), Diagnostic> + Sync + 'a;

/// What was made of an invoice, besides the files themselves.
#[derive(Clone, Debug, Default)]
pub struct MadeDocuments {
    /// Its documents, which the review page links to.
    pub documents: Documents,
    /// Characters of the bills that its PDF lacks.
    pub lost: Vec<Lost>,
}

impl<'a> DocumentWriter<'a> {
    /// A writer of documents in those formats; `told` are the months of which invoices tell.
    pub fn new(
        workspace: &'a Workspace,
        assets: &'a Assets,
        bill: &'a Bill,
        told: &'a History,
        formats: &'a [Format],
    ) -> DocumentWriter<'a> {
        let files = [workspace.files.as_slice(), workspace.adjustment_files.as_slice()];
        DocumentWriter { bill, settings: &workspace.settings, files, assets, told, formats }
    }

    /// Makes the documents of all invoices, and returns them in that order; `doing` is what the progress bar says.
    ///
    /// # Errors
    /// Mistakes in templates, characters of the workspace's own texts that no face has, files that cannot be written: all
    /// of them, by customer.
    pub fn write(
        &self,
        invoices: &[&Invoice],
        sink: &Sink<'_>,
        printer: &Printer,
        doing: &'static str,
    ) -> Result<Vec<MadeDocuments>, Problems> {
        let progress = printer.progress(invoices.len(), doing);
        let write = |invoice: &&Invoice| {
            let written = self.write_one(invoice, sink);
            progress.step();
            written
        };
        let results: Vec<Result<_, Problems>> = invoices.par_iter().map(write).collect();
        let (mut problems, mut all) = (Problems::default(), Vec::with_capacity(results.len()));
        for result in results {
            match result {
                Ok(made) => all.push(made),
                // A mistake in a template shows in every invoice made from it.
                Err(found) => {
                    for problem in found {
                        if !problems.contains(&problem) {
                            problems.push(problem);
                        }
                    }
                }
            }
        }
        problems.check()?;
        Ok(all)
    }

    /// Makes the documents of one invoice.
    fn write_one(&self, invoice: &Invoice, sink: &Sink<'_>) -> Result<MadeDocuments, Problems> {
        let put = |audience: Audience, format: Format, bytes: &[u8]| {
            sink(&path(self.settings, invoice, audience, format), bytes)
        };
        // Only the file comes to life: the PDF is laid out from the page as the template made it.
        let language = self.settings.customers[invoice.customer].invoice.language;
        let labels = self.assets.templates.labels(language, invoice.kind);
        let put_html = |html: &str| put(Audience::Customer, Format::Html, render::living(html, labels).as_bytes());
        let mut made = Documents::of(self.formats, None);
        let mut lost = Vec::new();
        let printed = invoice.as_printed();
        let json = |audience| out::invoice_json(self.bill, self.settings, invoice, audience);
        let mut customers_json = None;
        if made.pdf {
            let (html, pages) = rendered::laid_out(self, &printed)?;
            lost = glyphs::sort(self, &printed, &pages.missing)?;
            if made.html {
                put_html(&html)?;
            }
            drop(html);
            // Not before: the pages of a long document, while they are laid out, need all the memory there is.
            let json = json(Audience::Customer)?;
            put(Audience::Customer, Format::Pdf, &rendered::pdf(self, invoice, &pages, &json)?)?;
            made.pages = Some(pages.pages.len());
            customers_json = Some(json);
        } else if made.html {
            put_html(&rendered::html_alone(self, &printed)?)?;
        }
        if made.json {
            let customers_json = customers_json.map_or_else(|| json(Audience::Customer), Ok)?;
            put(Audience::Customer, Format::Json, &customers_json)?;
            put(Audience::Issuer, Format::Json, &json(Audience::Issuer)?)?;
        }
        if made.csv {
            for audience in Audience::ALL {
                let csv = out::invoice_csv(self.bill, self.settings, invoice, audience)?;
                put(audience, Format::Csv, &csv)?;
            }
        }
        Ok(MadeDocuments { documents: made, lost })
    }
}

/// Path of a file of an invoice, relative to the month's directory.
fn path(settings: &Settings, invoice: &Invoice, audience: Audience, format: Format) -> String {
    let directory = audience.directory(&settings.customers[invoice.customer].id);
    format!("{directory}/{}.{}", invoice.file_name, format.extension())
}

/// Paths of all files that are made of an invoice in those formats.
pub fn paths(settings: &Settings, invoice: &Invoice, formats: &[Format]) -> Vec<String> {
    let audiences = |format: &Format| match format {
        Format::Pdf | Format::Html => &Audience::ALL[..1],
        Format::Json | Format::Csv => &Audience::ALL[..],
    };
    let of = |format: &Format| {
        let path = |audience: &Audience| path(settings, invoice, *audience, *format);
        audiences(format).iter().map(path).collect::<Vec<String>>()
    };
    formats.iter().flat_map(of).collect()
}

/// What the progress bar says.
pub fn doing(staging: &Staging) -> &'static str {
    if staging.is_rehearsal() { "checking documents" } else { "writing documents" }
}

/// The review page of a month.
///
/// # Errors
/// A mistake in the template; sums with more digits than an amount has.
pub fn review_page(assets: &Assets, review: Review<'_>) -> Result<Vec<u8>, Diagnostic> {
    let labels = assets.templates.review_labels(review.settings.language);
    let view = render::review(review, labels).of("the review page")?;
    assets.templates.document("review", &view).map(String::into_bytes)
}
