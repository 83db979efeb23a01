//! Renders one invoice as HTML, as pages and as PDF. Amounts are as exact as the page has room for; layout errors are
//! reported at the template's line.

use super::documents::DocumentWriter;
use super::fitting::Trials;
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::model::audience::Audience;
use crate::model::format::Format;
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

/// An invoice's HTML and its pages.
type Pages = (String, layout::Document);

/// Renders and lays out an invoice, with amounts as exact as the page has room for.
pub(super) fn laid_out(writer: &DocumentWriter<'_>, invoice: &Invoice) -> Result<Pages, Problems> {
    let mut view = view(writer, invoice)?;
    let whole_html = html(writer, invoice, &view)?;
    let whole = lay_out(writer, &whole_html);
    let is_too_long = match &whole {
        Ok(_) => !view.has_room(),
        Err(faults) => faults.iter().all(|fault| fault.is_outside),
    };
    let longest = view.longest_amount();
    for limit in LIMITS.into_iter().filter(|limit| is_too_long && *limit < longest) {
        view.shorten(limit);
        let html = html(writer, invoice, &view)?;
        if let Ok(document) = lay_out(writer, &html)
            && view.has_room()
        {
            return fitted(writer, invoice, view, (html, document));
        }
    }
    match whole {
        Ok(document) => fitted(writer, invoice, view, (whole_html, document)),
        // Errors that no shortening removes are mistakes in the template, or data that it cannot show.
        Err(faults) => Err(faults.iter().map(|fault| reported(writer, invoice, fault)).collect()),
    }
}

/// The HTML of an invoice without PDF: the same as with one, but without errors about what only the PDF cannot show.
pub(super) fn html_alone(writer: &DocumentWriter<'_>, invoice: &Invoice) -> Result<String, Problems> {
    let mut view = view(writer, invoice)?;
    // Whether there is a table of contents is seen from the pages.
    if view.longest_amount() <= SHORT_AMOUNT && !view.may_need_contents {
        trials(writer, invoice, |trials| trials.choose_alone(&mut view))?;
        return Ok(html(writer, invoice, &view)?);
    }
    let whole = html(writer, invoice, &view)?;
    Ok(laid_out(writer, invoice).map_or(whole, |(html, _)| html))
}

/// Makes the pages of an invoice well filled, and adds a table of contents where they are many.
fn fitted(
    writer: &DocumentWriter<'_>,
    invoice: &Invoice,
    mut view: InvoiceView<'_>,
    designed: Pages,
) -> Result<Pages, Problems> {
    trials(writer, invoice, |trials| trials.choose(&mut view, &designed.1))?;
    let mut pages = designed;
    if view.fit != Fit::default() {
        pages = laid_out_again(writer, invoice, &view, pages)?;
    }
    if view.may_need_contents && pages.1.pages.len() >= PAGES_WITH_CONTENTS {
        view.has_contents = true;
        pages = laid_out_again(writer, invoice, &view, pages)?;
    }
    Ok(pages)
}

/// The pages of a view that has changed; those before where its HTML is the same, or cannot be laid out.
fn laid_out_again(
    writer: &DocumentWriter<'_>,
    invoice: &Invoice,
    view: &InvoiceView<'_>,
    before: Pages,
) -> Result<Pages, Diagnostic> {
    let html = html(writer, invoice, view)?;
    if html == before.0 {
        return Ok(before);
    }
    Ok(lay_out(writer, &html).map_or(before, |document| (html, document)))
}

/// Runs something with what tries an invoice's settings.
fn trials<T>(writer: &DocumentWriter<'_>, invoice: &Invoice, run: impl FnOnce(&Trials<'_>) -> T) -> T {
    run(&Trials {
        customer: &writer.settings.customers[invoice.customer],
        render: &|view| html(writer, invoice, view),
        lay_out: &|html| lay_out(writer, html).ok(),
    })
}

fn lay_out(writer: &DocumentWriter<'_>, html: &str) -> Result<layout::Document, Vec<Fault>> {
    layout::lay_out(html, &writer.assets.faces, &|src| writer.assets.image(src))
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
