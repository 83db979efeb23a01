//! What providers changed in a month's bills since these were fetched.

use crate::billing;
use crate::diagnostic::{Figure, Problems};
use crate::model::charge::Bill;
use crate::model::settings::Settings;
use crate::sources::drift;
use crate::sources::fetch::{self, Again, FetchRequest};

/// Maximum number of changed rows shown.
const SHOWN_ROWS: usize = 50;

/// Name of the figures in the error about too many digits.
pub const SUMS: &str = "the sums of the month";

/// Asks the providers of a month again and keeps what differs from its bill beside the snapshots, so that `build` can warn of
/// it. Differences are reported even when another provider cannot be asked.
///
/// # Errors
/// Sums with too many digits, and differences that cannot be written.
pub fn provider_drift(bill: &Bill, settings: &Settings, request: FetchRequest<'_>) -> Result<Problems, Problems> {
    let FetchRequest { root, month, environment, .. } = request;
    let mut problems = Problems::default();
    // In the order in which the bill has the month's sources.
    for (index, source) in (0..).zip(settings.sources_of(month)).filter(|(_, source)| !source.kind.is_csv()) {
        let Some(Again { bill: now, half }) = problems.keep(fetch::read_again(request, source)) else {
            continue;
        };
        problems.extend(half);
        let changes = drift::masked(billing::drift(bill, index, &now).of(SUMS)?, environment);
        drift::keep(root, source, month, &changes, environment)?;
        if !changes.is_empty() {
            problems.push(drift::refusal(&changes, source, month, SHOWN_ROWS));
        }
    }
    Ok(problems)
}
