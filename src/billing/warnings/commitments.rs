//! Warnings about charges that commitments cover, of which the purchase is billed as a charge of its own.

use super::Month;
use crate::diagnostic::{Diagnostic, row_count};
use crate::model::amount::TooLong;
use crate::model::figures::money;
use crate::model::warning::WarningCode;

/// Sources of which customers use what the issuer paid for in advance: they have it for nothing, unless a rule shares the
/// purchase.
pub(super) fn split(month: Month<'_>) -> Result<Vec<Diagnostic>, TooLong> {
    let Month { bill, settings, .. } = month;
    let mut warnings = Vec::new();
    for source in &bill.sources {
        let Some(covered) = source.focus.as_ref().map(|figures| figures.covered).filter(|covered| covered.rows > 0)
        else {
            continue;
        };
        let sum = money(covered.sum.total()?, source.currency, 0);
        let rows = row_count(covered.rows);
        let message =
            format!("commitments cover {sum} of \"{}\" ({rows}), which costs nothing but their purchase", source.name);
        let facts = format!("{}: {sum} ({})", source.name, covered.rows);
        let warning = Diagnostic::finding(WarningCode::CommitmentSplit, message, facts).with_hint(
            "share the purchase with [[allocation.share]] and match = { tag = { \"focus:ChargeCategory\" = \"Purchase\" } }, or write \
             cost = \"effective\" in its [[source]]; if that is done or meant, set ignore = [\"commitment-split\"] in [warnings]",
        );
        warnings.push(match settings.source(&source.name) {
            Some(settings) => warning.at(&settings.definition),
            None => warning,
        });
    }
    Ok(warnings)
}
