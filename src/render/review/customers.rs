//! The table of customers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::{glance, link, percent, percent_change, signed};
use super::page::ReviewPage;
use super::warnings::label_of;
use crate::model::amount::{Amount, TooLong};
use crate::model::audience::Audience;
use crate::model::figures::money;
use crate::model::invoice::Invoice;
use crate::model::ratio::quotient;

/// Decimals of shares to sort by: finer than those shown, so that rows which look alike are still in order.
const ORDER_DECIMALS: u32 = 9;

/// A row of the table.
#[derive(Debug, Serialize)]
pub struct CustomerRowView<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub number: &'a str,
    /// Text that the page's filter searches, in lower case.
    pub search: String,
    pub total: String,
    pub previous: String,
    pub change: String,
    pub change_percent: String,
    pub cost: String,
    pub cost_exact: String,
    pub margin: String,
    pub margin_exact: String,
    pub margin_percent: String,
    pub has_loss: bool,
    pub pages: String,
    /// The rates by which prices in another currency were converted: `JPY→USD 0.0072`.
    pub converted: Vec<String>,
    /// Names of its warnings.
    pub warnings: Vec<&'a str>,
    pub warning_count: usize,
    pub pdf: String,
    pub html: String,
    /// The full record, which only the issuer may see.
    pub json: String,
    pub csv: String,
    /// By column, the row's place when the table is sorted by it in ascending order.
    pub order: BTreeMap<&'static str, usize>,
}

/// Sort keys of a row; unknown values come first.
struct Keys {
    total: Amount,
    change: Option<Amount>,
    change_share: Option<Amount>,
    cost: Amount,
    margin: Amount,
    margin_share: Option<Amount>,
    pages: Option<usize>,
    warnings: usize,
}

pub(super) fn customers<'a>(page: ReviewPage<'a>) -> Result<Vec<CustomerRowView<'a>>, TooLong> {
    let warned = warned(page);
    let mut rows = Vec::new();
    let mut keys = Vec::new();
    for (index, invoice) in page.review.billed.invoices.iter().enumerate() {
        let (row, key) = row(page, index, invoice, &warned)?;
        rows.push(row);
        keys.push(key);
    }
    let mut put = |column: &'static str, places: Vec<usize>| {
        for (row, place) in rows.iter_mut().zip(places) {
            row.order.insert(column, place);
        }
    };
    put("customer", (0..keys.len()).collect());
    put("total", places(&keys, |key| key.total));
    put("change", places(&keys, |key| key.change));
    put("change_percent", places(&keys, |key| key.change_share));
    put("cost", places(&keys, |key| key.cost));
    put("margin", places(&keys, |key| key.margin));
    put("margin_percent", places(&keys, |key| key.margin_share));
    put("pages", places(&keys, |key| key.pages));
    put("warnings", places(&keys, |key| key.warnings));
    Ok(rows)
}

/// Names of warnings by customer id.
fn warned<'a>(page: ReviewPage<'a>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut warned: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in page.review.warnings.iter().filter_map(|warning| warning.finding.as_ref()) {
        if let Some(customer) = &finding.customer {
            warned.entry(customer).or_default().push(page.label(&label_of(finding.code)));
        }
    }
    warned
}

/// The place of each row in the order of a key; equal rows share a place.
fn places<K: Ord>(keys: &[Keys], key: impl Fn(&Keys) -> K) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|one, other| key(&keys[*one]).cmp(&key(&keys[*other])));
    let mut places = vec![0; keys.len()];
    let mut place = 0;
    for (position, index) in order.iter().enumerate() {
        if position > 0 && key(&keys[order[position - 1]]) != key(&keys[*index]) {
            place = position;
        }
        places[*index] = place;
    }
    places
}

fn row<'a>(
    page: ReviewPage<'a>,
    index: usize,
    invoice: &'a Invoice,
    warned: &BTreeMap<&'a str, Vec<&'a str>>,
) -> Result<(CustomerRowView<'a>, Keys), TooLong> {
    let customer = &page.review.settings.customers[invoice.customer];
    let currency = invoice.currency;
    let documents = page.review.documents.get(index).copied().unwrap_or_default();
    let margin = invoice.subtotal.minus(invoice.cost)?;
    let previous = page.review.history.customer(page.review.bill.month.previous(), &customer.id);
    let previous = previous.filter(|previous| previous.currency == currency).map(|previous| previous.total);
    let change = previous.map(|previous| invoice.total.minus(previous)).transpose()?;
    let mut warnings = warned.get(customer.id.as_str()).cloned().unwrap_or_default();
    let count = warnings.len();
    warnings.dedup();
    let shown = |wanted: bool, audience: Audience, extension: &str| match wanted {
        true => link(&format!("{}/{}.{extension}", audience.directory(&customer.id), invoice.file_name)),
        false => String::new(),
    };
    let converted = page.review.billed.converted.iter().filter(|converted| converted.customer == invoice.customer);
    let converted = converted.map(|converted| format!("{}→{currency} {}", converted.from, converted.rate));
    let both = change.zip(previous);
    let keys = Keys {
        total: invoice.total,
        change,
        change_share: both.and_then(|(change, previous)| quotient(change, previous, ORDER_DECIMALS)),
        cost: invoice.cost,
        margin,
        margin_share: quotient(margin, invoice.subtotal, ORDER_DECIMALS),
        pages: documents.pages,
        warnings: count,
    };
    let view = CustomerRowView {
        id: &customer.id,
        name: &customer.name,
        number: &invoice.number,
        search: format!("{} {} {}", customer.id, customer.name, invoice.number).to_lowercase(),
        total: money(invoice.total, currency, 0),
        previous: previous.map_or_else(String::new, |previous| money(previous, currency, 0)),
        change: change.map_or_else(String::new, |change| signed(change, currency)),
        change_percent: both.and_then(|(change, previous)| percent_change(change, previous)).unwrap_or_default(),
        cost: glance(invoice.cost, currency),
        cost_exact: money(invoice.cost, currency, 0),
        margin: glance(margin, currency),
        margin_exact: money(margin, currency, 0),
        margin_percent: percent(margin, invoice.subtotal).unwrap_or_default(),
        has_loss: margin.is_negative(),
        pages: documents.pages.map_or_else(String::new, |pages| pages.to_string()),
        converted: converted.collect(),
        warnings,
        warning_count: count,
        pdf: shown(documents.pdf, Audience::Customer, "pdf"),
        html: shown(documents.html, Audience::Customer, "html"),
        json: shown(documents.json, Audience::Issuer, "json"),
        csv: shown(documents.csv, Audience::Issuer, "csv"),
        order: BTreeMap::new(),
    };
    Ok((view, keys))
}
