//! The ids of the adjustments that months were issued with. An id stands for one adjustment for ever, also when the file it
//! was in is gone.

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::ledger::{Ledger, Stored};
use crate::model::adjustment::{Adjustment, MonthAdjustments};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::workspace;

/// The ids with the records they were issued in. They are read from the copies kept beside the records: an adjustment of 0,
/// or of an invoice that was not made, is on no document.
///
/// # Errors
/// A copy that cannot be read.
pub fn issued<'l>(root: &Path, ledger: &'l Ledger) -> Result<BTreeMap<String, &'l Stored>, Diagnostic> {
    let mut issued = BTreeMap::new();
    for stored in ledger.records() {
        let directory = stored.rules_directory();
        for file in &stored.record.adjustments {
            let note =
                |problem: Diagnostic| problem.with_note(format!("in the copy of the rules that was kept: {directory}"));
            let ids = workspace::adjustment_ids_in(&root.join(&directory), &file.path).map_err(note)?;
            issued.extend(ids.into_iter().map(|id| (id, stored)));
        }
    }
    Ok(issued)
}

/// Refuses adjustments of a month whose ids were issued in another month.
///
/// # Errors
/// Every such adjustment, and those of [`issued`].
pub fn check(root: &Path, ledger: &Ledger, month: BillingMonth, settings: &Settings) -> Result<(), Problems> {
    let mut adjustments = settings.adjustments.get(&month).into_iter().flat_map(MonthAdjustments::all).peekable();
    if adjustments.peek().is_none() {
        return Ok(());
    }
    let issued = issued(root, ledger)?;
    let again = adjustments.filter_map(|own| Some((own, *issued.get(&own.id)?)));
    let problem = |(own, stored): (&Adjustment, &Stored)| {
        let message = format!("the adjustment \"{}\" was issued in {}", own.id, stored.record.month);
        let hint = "an id stands for one adjustment for ever, in all months: give this one another";
        let diagnostic = Diagnostic::error(message).at(Place::start_of(&own.definition));
        diagnostic.with_note(format!("see {}", stored.path())).with_hint(hint)
    };
    again.filter(|(_, stored)| stored.record.month != month).map(problem).collect::<Problems>().check()
}
