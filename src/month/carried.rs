//! Finds the rests of earlier months that a month takes. One month takes each rest, in whatever order months are built
//! and issued.

use std::collections::BTreeSet;
use std::path::Path;

use super::summary;
use crate::ledger::Ledger;
use crate::model::carried::{Carried, CustomerRest};
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::out;

/// The rests that `month` takes: those of its record when it is issued, otherwise those that earlier months left and no
/// other month took. Issued months are read from the ledger, built months from their summaries in `out`.
pub fn taken(ledger: &Ledger, out: &Path, month: BillingMonth) -> Vec<CustomerRest> {
    if let Some(stored) = ledger.month(month) {
        return stored.record.carried.taken.clone();
    }
    let issued = ledger.records().iter().map(|stored| &stored.record.carried);
    let built = built_before(ledger, out, month);
    let all = || issued.clone().chain(built.iter());
    let gone: BTreeSet<(&str, BillingMonth)> =
        all().flat_map(|carried| &carried.taken).map(|rest| (rest.customer.as_str(), rest.month)).collect();
    let is_open = |rest: &&CustomerRest| rest.month < month && !gone.contains(&(rest.customer.as_str(), rest.month));
    let mut open: Vec<CustomerRest> = all().flat_map(|carried| &carried.left).filter(is_open).cloned().collect();
    open.sort_by(|one, other| (&one.customer, one.month).cmp(&(&other.customer, other.month)));
    open
}

/// The months of `rests` that are not issued, so that what they leave can still change.
pub fn not_issued(ledger: &Ledger, rests: &[CustomerRest]) -> BTreeSet<BillingMonth> {
    rests.iter().map(|rest| rest.month).filter(|month| ledger.month(*month).is_none()).collect()
}

/// What earlier months carry that are built but not issued. A draft leaves nothing, because it can still change.
fn built_before(ledger: &Ledger, out: &Path, month: BillingMonth) -> Vec<Carried> {
    let is_built = |built: &BillingMonth| *built < month && ledger.month(*built).is_none();
    let read = |built: BillingMonth| {
        // A summary that cannot be read is reported where months are compared.
        let summary = summary::read(&out.join(built.to_string()), built)?.summary.ok()?;
        (summary.status != Status::Draft).then(|| summary.carried.into_owned())
    };
    out::months_in(out).into_iter().filter(is_built).filter_map(read).collect()
}
