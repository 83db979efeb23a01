//! What remains of issued months, customer by customer: what later months are compared with, and what a document tells of
//! the months issued before it, now and whenever it is made again.

use std::path::Path;

use super::standing::{standing, standing_figures, standing_lines};
use super::summary::{self, ReadSummary};
use crate::diagnostic::{Diagnostic, Figure};
use crate::ledger::{Ledger, Stored};
use crate::model::amount::TooLong;
use crate::model::history::{BilledCustomer, BilledCustomers, EARLIER_MONTHS, History};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;

/// An issued month as it stands now.
pub(super) struct IssuedMonth {
    /// What remains of it after all corrections.
    pub(super) customers: BilledCustomers,
    /// SHA-256 of the copy of its summary, where there is one, or why it cannot be read.
    pub(super) copy: Option<Result<String, String>>,
}

/// Whether any customer's invoices tell of earlier months.
pub(super) fn has_stories(settings: &Settings) -> bool {
    settings.customers.iter().any(|customer| customer.invoice.story)
}

/// The ledger before a record, as far as the documents of that record tell of it: a hundred months are not copied for each.
pub(super) fn told_of(ledger: &Ledger, stored: &Stored) -> Ledger {
    let months: Vec<BillingMonth> = stored.record.month.earlier(EARLIER_MONTHS).collect();
    let is_told = |before: &&Stored| months.contains(&before.record.month);
    Ledger::of(ledger.before(stored).records().iter().filter(is_told).cloned().collect())
}

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
    if !has_stories(settings) {
        return Ok(history);
    }
    for month in month.earlier(EARLIER_MONTHS) {
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
    Ok(read(root, ledger, month)?.map(|issued| issued.customers))
}

/// Reads an issued month; none where it is not issued.
///
/// # Errors
/// Sums with too many digits.
pub(super) fn read(root: &Path, ledger: &Ledger, month: BillingMonth) -> Result<Option<IssuedMonth>, Diagnostic> {
    let Some(stored) = ledger.month(month) else {
        return Ok(None);
    };
    let read = summary::read(&root.join(stored.review_directory()), month);
    let (copy, kept) = match read {
        None => (None, None),
        Some(ReadSummary { sha256, summary: Ok(summary) }) => {
            // A copy that was changed tells nothing; `verify` reports it.
            let is_as_recorded = stored.record.review.iter().any(|file| file.sha256 == sha256);
            (Some(Ok(sha256)), is_as_recorded.then(|| summary.into_billed()))
        }
        Some(ReadSummary { summary: Err(why), .. }) => (Some(Err(why)), None),
    };
    let customers = customers(ledger, stored, kept.unwrap_or_default());
    let customers = customers.of(format_args!("what was issued for {month}"))?;
    Ok(Some(IssuedMonth { customers, copy }))
}

/// `kept` is what the month's summary has, which was kept when it was issued.
fn customers(ledger: &Ledger, stored: &Stored, mut kept: BilledCustomers) -> Result<BilledCustomers, TooLong> {
    let month = stored.record.month;
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
