//! The figures at the top of the page.

use std::collections::BTreeSet;

use serde::Serialize;

use super::format::{glance, percent, percent_change, signed};
use super::page::ReviewPage;
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

pub(super) fn figures(page: ReviewPage<'_>) -> Result<Vec<FigureView<'_>>, TooLong> {
    let (mut totals, mut costs, mut margins) = (Vec::new(), Vec::new(), Vec::new());
    let (mut changes, mut margin_shares) = (Vec::new(), Vec::new());
    let previous = page.review.bill.month.previous();
    for currency in page.currencies() {
        let (total, subtotal) = (page.sum(currency, |one| one.total)?, page.sum(currency, |one| one.subtotal)?);
        let cost = page.sum(currency, |one| one.cost)?;
        let margin = subtotal.minus(cost)?;
        totals.push(glance(total, currency));
        costs.push(glance(cost, currency));
        margins.push(glance(margin, currency));
        margin_shares.extend(percent(margin, subtotal));
        if let Some(before) = page.past_total(previous, currency)? {
            let change = total.minus(before)?;
            let share = percent_change(change, before).map_or_else(String::new, |share| format!(" ({share})"));
            changes.push(format!("{}{share}", signed(change, currency)));
        }
    }
    let before = format!("{} {}", page.label("review_against"), month_text(previous, page.language));
    let changes = changes.into_iter().map(|change| format!("{change} {before}")).collect();
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
    let shares = margin_shares.into_iter().map(|share| format!("{share} {}", page.label("review_of_sales")));
    let figure = |name, values, notes| FigureView { name, label: page.label(&format!("review_{name}")), values, notes };
    Ok(vec![
        figure("billed", totals, changes),
        figure("cost", costs, Vec::new()),
        figure("margin", margins, shares.collect()),
        figure("invoices", vec![page.review.billed.invoices.len().to_string()], pages),
        figure("warnings", vec![page.review.warnings.len().to_string()], concerned),
    ])
}
