//! The figures at the top of the page.

use std::collections::BTreeSet;

use serde::Serialize;

use super::cells::RowFigures;
use super::format::{glance, percent, percent_change, signed};
use super::page::ReviewPage;
use super::totals::BorneRowView;
use crate::model::amount::TooLong;
use crate::render::format::month_text;

/// A figure at the top of the page.
#[derive(Debug, Serialize)]
pub struct FigureView<'a> {
    pub name: &'static str,
    pub label: &'a str,
    /// One for each currency.
    pub values: Vec<String>,
    pub notes: Vec<String>,
}

/// The figures; `sums` are those of all customers by currency, `borne` what the issuer bears beside them.
///
/// # Errors
/// Costs and changes with too many digits.
pub(super) fn figures<'a>(
    page: ReviewPage<'a>,
    sums: &[RowFigures],
    borne: &[BorneRowView<'_>],
) -> Result<Vec<FigureView<'a>>, TooLong> {
    let (mut billed, mut costs, mut margins) = (Vec::new(), Vec::new(), Vec::new());
    let (mut with_tax, mut changes, mut margin_shares) = (Vec::new(), Vec::new(), Vec::new());
    let month = month_text(page.review.bill.month.previous(), page.language);
    let against = |change: &str| page.label("review_against").replace("{change}", change).replace("{month}", &month);
    for sum in sums {
        let currency = sum.currency;
        billed.push(glance(sum.billed.subtotal, currency));
        with_tax.push(format!("{} {}", page.label("review_with_tax_short"), glance(sum.billed.total, currency)));
        costs.push(glance(sum.cost()?, currency));
        margins.push(glance(sum.billed.margin, currency));
        margin_shares.extend(percent(sum.billed.margin, sum.billed.subtotal));
        if let (Some(before), Some(change)) = (sum.previous, sum.change()?) {
            let share = percent_change(change, before).map_or_else(String::new, |share| format!(" ({share})"));
            changes.push(against(&format!("{}{share}", signed(change, currency))));
        }
    }
    let documents = page.review.documents;
    let pages: Vec<usize> = documents.iter().filter_map(|documents| documents.pages).collect();
    let pages = match pages.is_empty() {
        true => Vec::new(),
        false => vec![format!("{} {}", pages.iter().sum::<usize>(), page.label("review_pages_unit"))],
    };
    let concerned: BTreeSet<&String> =
        page.review.warnings.iter().filter_map(|warning| warning.finding.as_ref()?.customer.as_ref()).collect();
    let concerned = match concerned.len() {
        0 => Vec::new(),
        count => vec![format!("{count} {}", page.label("review_customers_unit"))],
    };
    let shares = margin_shares.into_iter().map(|share| format!("{} {share}", page.label("review_margin_percent")));
    let besides = borne.iter().map(|row| format!("{} {}", page.label("review_borne_besides"), row.cost));
    let figure = |name, values, notes| FigureView { name, label: page.label(&format!("review_{name}")), values, notes };
    Ok(vec![
        figure("billed", billed, with_tax.into_iter().chain(changes).collect()),
        figure("cost", costs, besides.collect()),
        figure("margin", margins, shares.collect()),
        figure("invoices", vec![page.review.billed.invoices.len().to_string()], pages),
        figure("warnings", vec![page.review.warnings.len().to_string()], concerned),
    ])
}
