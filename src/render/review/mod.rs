//! [`ReviewView`]: the fields of `review.html` for a month. Figures and places in an order are already text.

mod adjustments;
mod bars;
mod cells;
mod customers;
mod figures;
mod format;
mod groups;
mod matrix;
mod page;
mod sources;
mod state;
mod totals;
mod warnings;

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::{month_text, period_text};
use crate::billing::comparison;
use crate::model::amount::TooLong;
use crate::model::invoice::Status;
use adjustments::{AdjustmentRowView, AdjustmentSumView};
use bars::{ItemBarView, MonthBarView};
use cells::RowFigures;
use customers::{CustomerRowView, SkippedView};
use figures::FigureView;
use format::glance;
pub use format::link;
use matrix::MatrixView;
use page::ReviewPage;
pub use page::{Documents, Review};
use sources::{KeptView, SharedView, SourceView};
pub use state::{InvoiceState, StateCell, StateDocument, StateView};
use totals::{BorneRowView, TotalRowView};
use warnings::WarningGroupView;

/// The fields of `review.html`.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "templates/README.md documents the fields for those who use them")]
pub struct ReviewView<'a> {
    pub language: &'static str,
    pub labels: &'a BTreeMap<String, String>,
    pub issuer: &'a str,
    pub month: String,
    pub month_name: String,
    pub period: String,
    pub draft: bool,
    pub figures: Vec<FigureView<'a>>,
    pub customers: Vec<CustomerRowView<'a>>,
    pub totals: Vec<TotalRowView>,
    pub borne: Vec<BorneRowView<'a>>,
    pub skipped: Vec<SkippedView<'a>>,
    pub has_groups: bool,
    pub has_previous: bool,
    pub has_pages: bool,
    pub has_documents: bool,
    pub has_html: bool,
    pub months: Vec<MonthBarView>,
    pub months_currency: &'static str,
    pub months_peak: String,
    pub items: Vec<ItemBarView<'a>>,
    pub items_discounts: String,
    pub matrix: MatrixView<'a>,
    pub warnings: Vec<WarningGroupView<'a>>,
    pub sources: Vec<SourceView<'a>>,
    pub shared: Vec<SharedView<'a>>,
    pub kept: Vec<KeptView<'a>>,
    pub adjustments: Vec<AdjustmentRowView<'a>>,
    pub adjustment_sums: Vec<AdjustmentSumView>,
}

/// Builds the view of a month.
///
/// # Errors
/// Sums with more digits than an amount has.
pub fn review<'a>(review: Review<'a>, labels: &'a BTreeMap<String, String>) -> Result<ReviewView<'a>, TooLong> {
    let page = ReviewPage { review, labels, language: review.settings.language };
    let month = review.bill.month;
    let documents = review.documents;
    let months = bars::months(page)?;
    let billed = comparison::figures(review.bill, review.settings, review.billed)?;
    let warned = customers::warned(page);
    let rows: Vec<RowFigures> = customers::figures(page, &billed, &warned);
    let customers = customers::customers(page, &rows, &warned)?;
    let sums = totals::sum(page, &billed, &rows)?;
    let borne = totals::borne(page)?;
    Ok(ReviewView {
        language: page.language.tag(),
        labels,
        issuer: &review.settings.issuer.of(page.language).name,
        month: month.to_string(),
        month_name: month_text(month, page.language),
        period: period_text(month, page.language),
        draft: review.status == Status::Draft,
        figures: figures::figures(page, &sums, &borne)?,
        has_groups: customers.iter().any(|row| !row.payer.is_empty()),
        customers,
        totals: totals::totals(page, &sums)?,
        borne,
        skipped: customers::skipped(page),
        has_previous: review.history.month(month.previous()).is_some(),
        has_pages: documents.iter().any(|documents| documents.pages.is_some()),
        has_documents: documents
            .iter()
            .any(|documents| documents.pdf || documents.html || documents.json || documents.csv),
        has_html: documents.iter().any(|documents| documents.html),
        months_peak: bars::peak(&months),
        months,
        months_currency: match page.currencies().len() {
            0 | 1 => "",
            _ => page.main_currency().code(),
        },
        items: bars::items(page)?,
        matrix: matrix::matrix(page)?,
        items_discounts: match review.overview.discounts.is_zero() {
            true => String::new(),
            false => glance(review.overview.discounts, review.billed.conservation.currency),
        },
        warnings: warnings::warnings(page),
        sources: sources::sources(page),
        shared: sources::shared(page),
        kept: sources::kept(page),
        adjustments: adjustments::rows(page)?,
        adjustment_sums: adjustments::sums(page)?,
    })
}
