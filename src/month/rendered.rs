//! Renders one invoice as HTML, as pages and as PDF. Amounts are as exact as the page has room for; layout errors are
//! reported at the template's line.

use super::documents::DocumentWriter;
use super::fitting;
use crate::cli::Format;
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::model::audience::Audience;
use crate::model::invoice::Invoice;
use crate::out;
use crate::render::{self, Fit, InvoiceView, PAGES_WITH_CONTENTS};
use pages::layout::{self, Fault};
use pages::pdf::{self, Attachment, Metadata};

/// The PDF of an invoice with the issuer's full record inside, as customers got it in format
/// [`COSTS_INSIDE`](crate::ledger::COSTS_INSIDE): only to reproduce what was sent then.
pub(super) fn pdf_with_costs(writer: &DocumentWriter<'_>, invoice: &Invoice) -> Result<Vec<u8>, Problems> {
    let json = out::invoice_json(writer.bill, writer.settings, invoice, Audience::Issuer)?;
    pdf(writer, invoice, &laid_out(writer, invoice)?.1, &json)
}

/// Length of an amount, in characters, that always fits in the built-in designs.
const SHORT_AMOUNT: usize = 14;

/// Maximum lengths of an amount, in characters, tried in turn where the page is too narrow.
const LIMITS: [usize; 5] = [30, 24, 18, SHORT_AMOUNT, 11];

/// Renders and lays out an invoice, with amounts as exact as the page has room for.
pub(super) fn laid_out(writer: &DocumentWriter<'_>, invoice: &Invoice) -> Result<(String, layout::Document), Problems> {
    let mut view = view(writer, invoice)?;
    let html = html(writer, invoice, &view)?;
    let images = |src: &str| writer.assets.image(src);
    let lay_out = |html: &str| layout::lay_out(html, &writer.assets.faces, &images);
    let whole = lay_out(&html);
    let lay_out_other = |html: &str, other: &str| if html == other { None } else { lay_out(other).ok() };
    let fitted = |mut view: InvoiceView<'_>, html: String, document: layout::Document| {
        let render = |view: &InvoiceView<'_>| self::html(writer, invoice, view);
        fitting::choose(&writer.settings.customers[invoice.customer], &mut view, &document, &render, &|html| {
            lay_out(html).ok()
        })?;
        let fitted = if view.fit == Fit::default() { html.clone() } else { render(&view)? };
        let made = match lay_out_other(&html, &fitted) {
            Some(document) => (fitted, document),
            None => (html, document),
        };
        if !view.may_need_contents || made.1.pages.len() < PAGES_WITH_CONTENTS {
            return Ok::<_, Problems>(made);
        }
        view.has_contents = true;
        let html = render(&view)?;
        Ok(lay_out(&html).map_or(made, |document| (html, document)))
    };
    let is_too_long = match &whole {
        Ok(_) => !view.has_room(),
        Err(faults) => faults.iter().all(|fault| fault.is_outside),
    };
    let longest = view.longest_amount();
    for limit in LIMITS.into_iter().filter(|limit| is_too_long && *limit < longest) {
        view.shorten(limit);
        let html = self::html(writer, invoice, &view)?;
        if let Ok(document) = lay_out(&html)
            && view.has_room()
        {
            return fitted(view, html, document);
        }
    }
    // Errors that no shortening removes are mistakes in the template, or data that it cannot show.
    let reported = |faults: Vec<Fault>| faults.iter().map(|fault| reported(writer, invoice, fault)).collect();
    match whole {
        Ok(document) => fitted(view, html, document),
        Err(faults) => Err(reported(faults)),
    }
}

/// The HTML of an invoice without PDF: the same as with one, but without errors about what only the PDF cannot show.
pub(super) fn html_alone(writer: &DocumentWriter<'_>, invoice: &Invoice) -> Result<String, Problems> {
    let mut view = view(writer, invoice)?;
    // Whether there is a table of contents is seen from the pages.
    if view.longest_amount() <= SHORT_AMOUNT && !view.may_need_contents {
        fit_first_page(writer, invoice, &mut view)?;
        return Ok(html(writer, invoice, &view)?);
    }
    let whole = html(writer, invoice, &view)?;
    Ok(laid_out(writer, invoice).map_or(whole, |(html, _)| html))
}

/// Fits an invoice without laying out its appendix, which comes behind all that is fitted.
fn fit_first_page(
    writer: &DocumentWriter<'_>,
    invoice: &Invoice,
    view: &mut InvoiceView<'_>,
) -> Result<(), Diagnostic> {
    let render = |view: &InvoiceView<'_>| html(writer, invoice, view);
    let images = |src: &str| writer.assets.image(src);
    let lay_out = |html: &str| layout::lay_out(html, &writer.assets.faces, &images).ok();
    let (appendix, has_contents) = (std::mem::take(&mut view.appendix), std::mem::take(&mut view.has_contents));
    let designed = render(view).map(|html| lay_out(&html));
    (view.appendix, view.has_contents) = (appendix, has_contents);
    // A page with faults is shown as it is.
    match designed? {
        Some(designed) => {
            fitting::choose(&writer.settings.customers[invoice.customer], view, &designed, &render, &lay_out)
        }
        None => Ok(()),
    }
}

fn view<'a>(writer: &DocumentWriter<'a>, invoice: &'a Invoice) -> Result<InvoiceView<'a>, Diagnostic> {
    let customer = &writer.settings.customers[invoice.customer];
    let labels = writer.assets.templates.labels(customer.invoice.language, invoice.kind);
    let link = |path: &str| writer.assets.link(path);
    render::view(writer.bill, writer.settings, invoice, labels, &link, writer.told)
        .of(format_args!("the appendix of \"{}\"", customer.id))
}

fn html(writer: &DocumentWriter<'_>, invoice: &Invoice, view: &InvoiceView<'_>) -> Result<String, Diagnostic> {
    let template = &writer.settings.customers[invoice.customer].invoice.template.name;
    writer.assets.templates.document(template, view)
}

/// The PDF with the invoice's data inside.
pub(super) fn pdf(
    writer: &DocumentWriter<'_>,
    invoice: &Invoice,
    document: &layout::Document,
    json: &[u8],
) -> Result<Vec<u8>, Problems> {
    let customer = &writer.settings.customers[invoice.customer];
    let labels = writer.assets.templates.labels(customer.invoice.language, invoice.kind);
    let title = format!("{} {}", labels.get("title").map_or("", String::as_str), invoice.number);
    let json_name = format!("{}.{}", invoice.file_name, Format::Json.extension());
    let data = Attachment { name: &json_name, media_type: "application/json", description: &title, bytes: json };
    let metadata = Metadata {
        program: "invoicer".to_owned(),
        title: title.clone(),
        author: writer.settings.issuer.of(customer.invoice.language).name.clone(),
        subject: format!("{} {}", customer.name, writer.bill.month),
        language: customer.invoice.language.tag().to_owned(),
        date: invoice.issue_date,
        attachments: vec![data],
    };
    Ok(pdf::write(document, &writer.assets.faces, &metadata).map_err(|error| match &error.file {
        Some(file) => {
            let hint = "save the font again, or take another file";
            Diagnostic::error(error.to_string()).at(Place::file(file)).with_hint(hint)
        }
        None => Diagnostic::could_not_run(format!("cannot make the PDF of \"{}\": {error}", customer.id)),
    })?)
}

/// Converts a layout error to a diagnostic at the template's line.
fn reported(writer: &DocumentWriter<'_>, invoice: &Invoice, fault: &Fault) -> Diagnostic {
    let customer = &writer.settings.customers[invoice.customer];
    let place =
        writer.assets.templates.find(&customer.invoice.template.name, &fault.fragment).unwrap_or_else(|| Place {
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
