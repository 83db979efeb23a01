//! The table of customers: a row each, below rows that sum up the customers of one payer.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cells::{CellsView, RowFigures, orders};
use super::format::{glance, link};
use super::groups::{PayerGroups, group};
use super::page::ReviewPage;
use super::state::{InvoiceState, StateView};
use super::warnings::label_of;
use crate::billing::comparison::MonthFigures;
use crate::model::amount::TooLong;
use crate::model::audience::Audience;
use crate::model::invoice::Invoice;

/// A row of the table.
#[derive(Debug, Serialize)]
pub struct CustomerRowView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub department: &'a str,
    pub number: &'a str,
    /// Text that the page's filter searches, in lower case.
    pub search: String,
    pub state: StateView<'a>,
    #[serde(flatten)]
    pub cells: CellsView,
    /// The rates by which prices in another currency were converted: `JPY→USD 0.0072`.
    pub converted: Vec<String>,
    /// Names of its warnings.
    pub warnings: Vec<&'a str>,
    pub pdf: String,
    pub html: String,
    /// The full record, which only the issuer may see.
    pub json: String,
    pub csv: String,
    /// The sums that begin with this row.
    pub heads: Vec<GroupRowView<'a>>,
    /// The sums that the row is part of: of its payer, and of its department; empty where there are none.
    pub payer: String,
    pub payer_department: String,
}

/// A row that sums up several customers: a payer's, or those of one department.
#[derive(Debug, Serialize)]
pub struct GroupRowView<'a> {
    /// Payer of the sum and of the rows below; see [`CustomerRowView::payer`].
    pub payer: String,
    /// Empty for the sum of a payer.
    pub payer_department: String,
    pub name: &'a str,
    /// Number of customers.
    pub count: String,
    #[serde(flatten)]
    pub cells: CellsView,
}

/// A customer whose invoice over 0 is not made.
#[derive(Debug, Serialize)]
pub struct SkippedView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// The provider's cost of what it used.
    pub cost: String,
}

/// The customers whose invoices over 0 are not made.
pub(super) fn skipped(page: ReviewPage<'_>) -> Vec<SkippedView<'_>> {
    let view = |invoice: &Invoice| {
        let customer = &page.review.settings.customers[invoice.customer];
        SkippedView { id: &customer.id, name: &customer.name, cost: glance(invoice.cost, invoice.currency) }
    };
    page.review.billed.skipped.iter().map(view).collect()
}

/// The figures of all invoices; `warned` are the [`warned`] customers.
pub(super) fn figures(page: ReviewPage<'_>, figures: &MonthFigures, warned: &Warned<'_>) -> Vec<RowFigures> {
    let customers = page.review.billed.invoices.iter().map(|invoice| invoice.customer).enumerate();
    let row = |(index, customer): (usize, usize)| {
        let warnings = warned.get(page.review.settings.customers[customer].id.as_str());
        RowFigures::of(page, figures, index, warnings.map_or(0, Vec::len))
    };
    customers.map(row).collect()
}

/// The rows, those of one payer below each other; `all` are the [`figures`] of the invoices.
///
/// # Errors
/// Sums with too many digits.
pub(super) fn customers<'a>(
    page: ReviewPage<'a>,
    all: &[RowFigures],
    warned: &Warned<'a>,
) -> Result<Vec<CustomerRowView<'a>>, TooLong> {
    let mut rows = Vec::new();
    for (index, invoice) in page.review.billed.invoices.iter().enumerate() {
        let customer = &page.review.settings.customers[invoice.customer];
        let warnings = warned.get(customer.id.as_str()).cloned().unwrap_or_default();
        rows.push(Some(row(page, index, invoice, warnings)));
    }
    let PayerGroups { order, heads } = group(page, all)?;
    // Rows and sums are in one order, so that they can be sorted together.
    let mut orders = orders(all, heads.iter().map(|head| (head.first, &head.figures)))?;
    let of_heads = orders.split_off(rows.len());
    for ((row, figures), order) in rows.iter_mut().zip(all).zip(orders) {
        if let Some(row) = row {
            row.cells = CellsView::of(figures, order)?;
        }
    }
    let mut shown = Vec::with_capacity(rows.len());
    for index in order {
        let Some(mut row) = rows[index].take() else { continue };
        for (head, order) in heads.iter().zip(&of_heads).filter(|(head, _)| head.members.contains(&index)) {
            if head.payer_department.is_empty() {
                row.payer.clone_from(&head.payer);
            } else {
                row.payer_department.clone_from(&head.payer_department);
            }
            if head.first == index {
                row.heads.push(GroupRowView {
                    payer: head.payer.clone(),
                    payer_department: head.payer_department.clone(),
                    name: head.name,
                    count: head.members.len().to_string(),
                    cells: CellsView::of(&head.figures, order.clone())?,
                });
            }
        }
        shown.push(row);
    }
    Ok(shown)
}

/// Names of warnings by customer id.
pub(super) type Warned<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// The customers that warnings concern.
pub(super) fn warned(page: ReviewPage<'_>) -> Warned<'_> {
    let mut warned = Warned::new();
    for finding in page.review.warnings.iter().filter_map(|warning| warning.finding.as_ref()) {
        if let Some(customer) = &finding.customer {
            warned.entry(customer).or_default().push(page.label(&label_of(finding.code)));
        }
    }
    warned
}

/// The row of an invoice, without its figures.
fn row<'a>(
    page: ReviewPage<'a>,
    index: usize,
    invoice: &'a Invoice,
    mut warnings: Vec<&'a str>,
) -> CustomerRowView<'a> {
    let customer = &page.review.settings.customers[invoice.customer];
    let documents = page.review.documents.get(index).copied().unwrap_or_default();
    warnings.dedup();
    let shown = |wanted: bool, audience: Audience, extension: &str| match wanted {
        true => link(&format!("{}/{}.{extension}", audience.directory(&customer.id), invoice.file_name)),
        false => String::new(),
    };
    let converted = page.review.billed.converted.iter().filter(|converted| converted.customer == invoice.customer);
    let converted =
        converted.map(|converted| format!("{}→{} {}", converted.from, invoice.currency, converted.rate)).collect();
    let department = customer.department.as_deref().unwrap_or_default();
    CustomerRowView {
        id: &customer.id,
        name: &customer.name,
        department,
        number: &invoice.number,
        search: format!("{} {} {department} {}", customer.id, customer.name, invoice.number).to_lowercase(),
        state: StateView::new(&invoice.number, InvoiceState::of_status(page.review.status), Vec::new(), page.labels),
        cells: CellsView::default(),
        converted,
        warnings,
        pdf: shown(documents.pdf, Audience::Customer, "pdf"),
        html: shown(documents.html, Audience::Customer, "html"),
        json: shown(documents.json, Audience::Issuer, "json"),
        csv: shown(documents.csv, Audience::Issuer, "csv"),
        heads: Vec::new(),
        payer: String::new(),
        payer_department: String::new(),
    }
}
