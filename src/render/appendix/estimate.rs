//! Estimates how long an invoice is without laying it out, to divide a month evenly.

use super::resources::count;
use crate::model::charge::Bill;
use crate::model::customer::Customer;
use crate::model::invoice::{Detail, Invoice};
use crate::model::settings::DetailLevel;

/// Rows of the appendix on a page, measured in the sample month.
const ROWS_ON_A_PAGE: usize = 43;

/// How much of the provider's rows the appendix of an invoice shows.
pub(super) fn detail_level(bill: &Bill, customer: &Customer, invoice: &Invoice) -> DetailLevel {
    customer.invoice.details.unwrap_or_else(|| DetailLevel::usual(count(bill, invoice)))
}

/// Roughly how many pages the PDF of an invoice has: what its items and the rows of the appendix fill, and two that are
/// not full. Only the proportions matter.
pub fn estimated_pages(bill: &Bill, customer: &Customer, invoice: &Invoice) -> u64 {
    let resource = |detail: &Detail| bill.subject(bill.charge(detail.charge)).resource.0;
    let rows = match detail_level(bill, customer, invoice) {
        DetailLevel::None => 0,
        DetailLevel::Rows => invoice.details.len(),
        DetailLevel::Resource => distinct(invoice, |detail| (resource(detail), detail.item.0)),
        DetailLevel::Daily => distinct(invoice, |detail| (resource(detail), u32::from(bill.charge(detail.charge).day))),
        DetailLevel::Summary => distinct(invoice, |detail| (resource(detail), 0)),
    };
    2 + ((invoice.items.len() + rows) / ROWS_ON_A_PAGE) as u64
}

/// The number of rows that details with the same key share.
fn distinct(invoice: &Invoice, key: impl Fn(&Detail) -> (u32, u32)) -> usize {
    let mut keys: Vec<(u32, u32)> = invoice.details.iter().map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len()
}
