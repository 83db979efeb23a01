//! What customers were billed in the months that were issued before a document: what the document tells of them, now and
//! whenever it is made again.

use std::path::Path;

use super::standing::{standing, standing_figures, standing_lines};
use super::summary;
use crate::diagnostic::{Diagnostic, Figure};
use crate::ledger::{Ledger, Stored};
use crate::model::amount::TooLong;
use crate::model::history::{BilledCustomer, BilledCustomers, History};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;

/// Number of earlier months: together with the month itself, a year.
const MONTHS: usize = 11;

/// The months issued before `month`, as far as `ledger` has them and any customer's invoices tell of them.
///
/// A document that is made again gets the records before its own: what was issued or taken back since changes nothing in it.
///
/// # Errors
/// Sums with too many digits.
pub(super) fn for_stories(
    root: &Path,
    ledger: &Ledger,
    settings: &Settings,
    month: BillingMonth,
) -> Result<History, Diagnostic> {
    let mut history = History::default();
    if !settings.customers.iter().any(|customer| customer.invoice.story) {
        return Ok(history);
    }
    for month in std::iter::successors(Some(month.previous()), |month| Some(month.previous())).take(MONTHS) {
        if let Some(customers) = issued(root, ledger, month)? {
            history.insert(month, customers);
        }
    }
    Ok(history)
}

/// What remains of an issued month, customer by customer; none where it is not issued.
///
/// # Errors
/// Sums with too many digits.
pub fn issued(root: &Path, ledger: &Ledger, month: BillingMonth) -> Result<Option<BilledCustomers>, Diagnostic> {
    let Some(stored) = ledger.month(month) else {
        return Ok(None);
    };
    customers(root, ledger, stored).map(Some).of(format_args!("what was issued for {month}"))
}

fn customers(root: &Path, ledger: &Ledger, stored: &Stored) -> Result<BilledCustomers, TooLong> {
    let month = stored.record.month;
    // A copy that is gone or was changed tells nothing; `verify` reports it.
    let kept = summary::read(&root.join(stored.review_directory()), month);
    let is_as_recorded = |sha256: &str| stored.record.review.iter().any(|file| file.sha256 == sha256);
    let kept = kept.filter(|read| is_as_recorded(&read.sha256)).and_then(|read| read.summary.ok());
    let mut kept = kept.map(summary::Summary::into_billed).unwrap_or_default();
    let figures = standing_figures(ledger, month)?;
    let mut customers = BilledCustomers::new();
    for document in standing(ledger, month) {
        let Some(net) = figures.get(&document.customer) else { continue };
        let (built, used) = kept.remove(&document.customer).map_or((None, None), |kept| (kept.lines, kept.used));
        let lines = standing_lines(ledger, document, built.as_deref(), used.as_ref())?;
        customers.insert(
            document.customer.clone(),
            BilledCustomer {
                currency: net.currency,
                cost: net.cost,
                subtotal: net.subtotal,
                total: net.total,
                used,
                lines: Some(lines),
            },
        );
    }
    Ok(customers)
}
