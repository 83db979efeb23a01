//! The program in two calls: [`invoices`] computes, [`documents`] writes. No arithmetic here. [`issued`] is the same for a
//! month as it was issued.

pub mod carried;
mod glyphs;
pub mod issued;
pub mod recorded;

use std::path::Path;

use rayon::prelude::*;

use crate::assets::Assets;
use crate::billing::{self, BilledMonth};
use crate::cli::Format;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::audience::Audience;
use crate::model::carried::CustomerRest;
use crate::model::charge::Bill;
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::out;
use crate::printer::Progress;
use crate::render::{self, Documents, InvoiceView, Review};
use crate::sources;
use crate::staging::Written;
use crate::workspace::Workspace;
use glyphs::Lost;
use pages::layout::{self, Fault};
use pages::pdf::{self, Attachment, Metadata};

/// Reads a month's bills and computes its invoices; `taken` are the rests of earlier months, as [`carried::taken`] gives them.
///
/// # Errors
/// Everything that stops the month.
pub fn invoices(
    root: &Path,
    settings: &Settings,
    month: BillingMonth,
    status: Status,
    taken: &[CustomerRest],
) -> Result<(Bill, BilledMonth), Vec<Diagnostic>> {
    let (bill, mut problems) = sources::read_good(root, &settings.sources, month, status == Status::Draft);
    if problems.is_empty() {
        let mut billed = billing::invoices(&bill, settings, status, taken)?;
        if status != Status::Draft {
            billed.remarks.extend(sources::short_months(root, settings, &bill));
        }
        return Ok((bill, billed));
    }
    problems.extend(billing::problems_of_part(&bill, settings, status));
    Err(problems)
}

/// The files of the bills with their hashes, from the workspace's root.
///
/// # Errors
/// When one cannot be read again.
pub fn bills(root: &Path, bill: &Bill) -> Result<Vec<Written>, Vec<Diagnostic>> {
    let hashes = sources::hashes(root, bill)?;
    let bills = bill.files.iter().zip(hashes).map(|(file, sha256)| Written { path: file.path.clone(), sha256 });
    let mut bills: Vec<Written> = bills.collect();
    bills.sort();
    bills.dedup();
    Ok(bills)
}

/// The workspace's own files that documents are made from, from its root, with their bytes.
pub fn rules(workspace: &Workspace, assets: &Assets) -> Vec<(String, Vec<u8>)> {
    let mut rules: Vec<(String, Vec<u8>)> = workspace.files.iter().chain(&assets.files).cloned().collect();
    rules.sort();
    rules.dedup();
    rules
}

/// What documents are made from and how many kinds of them.
pub struct Work<'a> {
    /// The bill.
    pub bill: &'a Bill,
    /// What the workspace's files say.
    pub settings: &'a Settings,
    /// The files themselves, from the root, to say where a text stands.
    pub files: &'a [(String, Vec<u8>)],
    /// Templates, faces and images.
    pub assets: &'a Assets,
    /// The kinds of documents.
    pub formats: &'a [Format],
}

/// Takes a file of a document: its path from the month's directory, and its bytes.
pub type Sink<'a> = dyn Fn(&str, &[u8]) -> Result<(), Diagnostic> + Sync + 'a;

/// What became of invoices.
pub struct Made {
    /// The documents of each invoice, in the order of the invoices.
    pub documents: Vec<Documents>,
    /// What is to be told of them: characters of the bills that no face has.
    pub warnings: Vec<Diagnostic>,
}

/// The documents of one invoice, and the characters that its PDF lacks.
type OfInvoice = Result<(Documents, Vec<Lost>), Vec<Diagnostic>>;

/// Makes the documents of all invoices on all cores, each given to `sink` as soon as it is ready.
///
/// # Errors
/// Mistakes in templates, characters of the workspace's own texts that no face has, files that cannot be written: all of
/// them, by customer.
pub fn documents(
    work: &Work<'_>,
    invoices: &[&Invoice],
    sink: &Sink<'_>,
    progress: &Progress,
) -> Result<Made, Vec<Diagnostic>> {
    let made: Vec<OfInvoice> = invoices
        .par_iter()
        .map(|invoice| {
            let documents = document(work, invoice, sink);
            progress.step();
            documents
        })
        .collect();
    let mut problems: Vec<Diagnostic> = Vec::new();
    let mut all = Vec::with_capacity(made.len());
    let mut all_lost = Vec::new();
    for one in made {
        match one {
            Ok((documents, lost)) => {
                all.push(documents);
                all_lost.extend(lost);
            }
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
    if problems.is_empty() {
        Ok(Made { documents: all, warnings: glyphs::warnings(work, &all_lost) })
    } else {
        Err(problems)
    }
}

/// The page of a month, for the person who reviews it.
///
/// # Errors
/// A mistake in the template; sums with more digits than an amount has.
pub fn review_page(assets: &Assets, review: Review<'_>) -> Result<Vec<u8>, Diagnostic> {
    let labels = assets.templates.review_labels(review.settings.language);
    let view = render::review(review, labels)
        .map_err(|error| Diagnostic::error(format!("the review page cannot be added up: {error}")))?;
    assets.templates.document("review", &view).map(String::into_bytes)
}

/// The documents of one invoice, and the characters that its PDF lacks.
fn document(work: &Work<'_>, invoice: &Invoice, sink: &Sink<'_>) -> Result<(Documents, Vec<Lost>), Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let customer = &work.settings.customers[invoice.customer].id;
    let put = |audience: Audience, format: Format, bytes: &[u8]| {
        let directory = audience.directory(customer);
        sink(&format!("{directory}/{}.{}", invoice.file_name, format.extension()), bytes).map_err(one)
    };
    let wanted = |format: Format| work.formats.contains(&format);
    let json = |audience| out::invoice_json(work.bill, work.settings, invoice, audience).map_err(one);
    let mut made = Documents {
        html: wanted(Format::Html),
        pdf: wanted(Format::Pdf),
        json: wanted(Format::Json),
        csv: wanted(Format::Csv),
        pages: None,
    };
    let mut all_lost = Vec::new();
    let mut customers_json = Vec::new();
    if made.pdf || made.json {
        customers_json = json(Audience::Customer)?;
    }
    if made.html || made.pdf {
        let html = if made.pdf {
            let (html, pages) = laid_out(work, invoice)?;
            all_lost = glyphs::sort(work, invoice, &pages.missing)?;
            put(Audience::Customer, Format::Pdf, &pdf(work, invoice, &pages, &customers_json)?)?;
            made.pages = Some(pages.pages.len());
            html
        } else {
            html_alone(work, invoice)?
        };
        if made.html {
            put(Audience::Customer, Format::Html, html.as_bytes())?;
        }
    }
    if made.json {
        put(Audience::Customer, Format::Json, &customers_json)?;
        put(Audience::Issuer, Format::Json, &json(Audience::Issuer)?)?;
    }
    if made.csv {
        for audience in Audience::ALL {
            let csv = out::invoice_csv(work.bill, work.settings, invoice, audience).map_err(one)?;
            put(audience, Format::Csv, &csv)?;
        }
    }
    Ok((made, all_lost))
}

/// The PDF of an invoice with the issuer's full record inside, as it was made for customers up to
/// [`COSTS_INSIDE`](crate::ledger::COSTS_INSIDE): only to make again what was sent then.
fn pdf_with_costs(work: &Work<'_>, invoice: &Invoice) -> Result<Vec<u8>, Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let json = out::invoice_json(work.bill, work.settings, invoice, Audience::Issuer).map_err(one)?;
    pdf(work, invoice, &laid_out(work, invoice)?.1, &json)
}

/// Amounts of up to that many characters have room in the built-in designs.
const SHORT_AMOUNT: usize = 14;

/// How many characters an amount may have, tried in turn where the page is too narrow.
const LIMITS: [usize; 5] = [30, 24, 18, SHORT_AMOUNT, 11];

/// The HTML of an invoice and its pages, with amounts as exact as the page has room for.
fn laid_out(work: &Work<'_>, invoice: &Invoice) -> Result<(String, layout::Document), Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let mut view = view(work, invoice).map_err(one)?;
    let html = html(work, invoice, &view).map_err(one)?;
    let images = |src: &str| work.assets.image(src);
    let lay_out = |html: &str| layout::lay_out(html, &work.assets.faces, &images);
    let whole = lay_out(&html);
    let is_too_long = match &whole {
        Ok(_) => !view.has_room(),
        Err(faults) => faults.iter().all(|fault| fault.is_outside),
    };
    let longest = view.longest_amount();
    for limit in LIMITS.into_iter().filter(|limit| is_too_long && *limit < longest) {
        view.shorten(limit);
        let html = self::html(work, invoice, &view).map_err(one)?;
        if let Ok(document) = lay_out(&html)
            && view.has_room()
        {
            return Ok((html, document));
        }
    }
    // What no shortening helps is a mistake in the template, or data that it cannot show.
    let told = |faults: Vec<Fault>| faults.iter().map(|fault| told(work, invoice, fault)).collect();
    whole.map(|document| (html, document)).map_err(told)
}

/// The HTML of an invoice of which no PDF is wanted: the same as beside one, but what only a PDF cannot show is no mistake.
fn html_alone(work: &Work<'_>, invoice: &Invoice) -> Result<String, Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let view = view(work, invoice).map_err(one)?;
    let whole = html(work, invoice, &view).map_err(one)?;
    if view.longest_amount() <= SHORT_AMOUNT {
        return Ok(whole);
    }
    Ok(laid_out(work, invoice).map_or(whole, |(html, _)| html))
}

fn view<'a>(work: &Work<'a>, invoice: &'a Invoice) -> Result<InvoiceView<'a>, Diagnostic> {
    let customer = &work.settings.customers[invoice.customer];
    let labels = work.assets.templates.labels(customer.invoice.language, invoice.kind);
    let link = |path: &str| work.assets.link(path);
    render::view(work.bill, work.settings, invoice, labels, &link)
        .map_err(|error| Diagnostic::error(format!("the appendix of \"{}\" cannot be added up: {error}", customer.id)))
}

fn html(work: &Work<'_>, invoice: &Invoice, view: &InvoiceView<'_>) -> Result<String, Diagnostic> {
    let template = &work.settings.customers[invoice.customer].invoice.template.name;
    work.assets.templates.document(template, view)
}

/// The PDF, with the invoice's data inside.
fn pdf(
    work: &Work<'_>,
    invoice: &Invoice,
    document: &layout::Document,
    json: &[u8],
) -> Result<Vec<u8>, Vec<Diagnostic>> {
    let customer = &work.settings.customers[invoice.customer];
    let labels = work.assets.templates.labels(customer.invoice.language, invoice.kind);
    let title = format!("{} {}", labels.get("title").map_or("", String::as_str), invoice.number);
    let json_name = format!("{}.{}", invoice.file_name, Format::Json.extension());
    let data = Attachment { name: &json_name, media_type: "application/json", description: &title, bytes: json };
    let metadata = Metadata {
        program: "invoicer".to_owned(),
        title: title.clone(),
        author: work.settings.issuer.name.clone(),
        subject: format!("{} {}", customer.name, work.bill.month),
        language: customer.invoice.language.tag().to_owned(),
        date: invoice.issue_date,
        attachments: vec![data],
    };
    pdf::write(document, &work.assets.faces, &metadata).map_err(|error| match &error.file {
        Some(file) => {
            let hint = "save the font again, or take another file";
            vec![Diagnostic::error(error.to_string()).at(Place::file(file)).with_hint(hint)]
        }
        None => vec![Diagnostic::could_not_run(format!("cannot make the PDF of \"{}\": {error}", customer.id))],
    })
}

/// A fault in a laid out page as a diagnostic, at the template's line.
fn told(work: &Work<'_>, invoice: &Invoice, fault: &Fault) -> Diagnostic {
    let customer = &work.settings.customers[invoice.customer];
    let place = work.assets.templates.find(&customer.invoice.template.name, &fault.fragment).unwrap_or_else(|| Place {
        column: Some(fault.column),
        ..Place::line(format!("{}.html (rendered)", invoice.file_name), fault.line)
    });
    let diagnostic = match &fault.file {
        Some(file) => Diagnostic::error(&fault.message).at(Place::file(file)),
        None => Diagnostic::error(format!("template: {}", fault.message)).at(place),
    };
    match &fault.hint {
        Some(hint) => diagnostic.with_hint(hint.clone()),
        None => diagnostic
            .with_hint("pages hold a closed list of HTML and CSS: see templates/README.md in invoicer's repository"),
    }
}
