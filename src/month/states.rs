//! Fills the states of corrected invoices into the review page of an issued month. The page that was reviewed is kept as it
//! was; the one in `out/` follows from it and from the records, cell by cell.

use super::reproduced::Reproduction;
use super::standing::{corrections, state};
use crate::diagnostic::{Diagnostic, Figure, Place};
use crate::ledger::{Ledger, Stored};
use crate::model::invoice::DocumentKind;
use crate::render::{InvoiceState, StateCell, StateDocument, StateView};

/// Name of the review page.
pub(super) const PAGE: &str = "index.html";

/// Template of the cell.
const CELL: &str = "review-state";

/// The kept page of the month's record `stored` with the states of its invoices as they are now. Pages without cells of
/// states, of a design of the workspace's own or an earlier version, stay as they are.
///
/// # Errors
/// A mistake in the template; sums with too many digits.
pub(super) fn filled_in(
    page: Vec<u8>,
    ledger: &Ledger,
    stored: &Stored,
    reproduction: &Reproduction,
) -> Result<Vec<u8>, Diagnostic> {
    let templates = &reproduction.assets.templates;
    let labels = templates.review_labels(reproduction.workspace.settings.language);
    let cell = |state: StateView<'_>| templates.document(CELL, &StateCell { labels, state });
    let invoices = stored.record.documents.iter().filter(|document| document.kind == DocumentKind::Invoice);
    let corrected = invoices.map(|invoice| (invoice, corrections(ledger, invoice))).filter(|(_, all)| !all.is_empty());
    let mut page = match String::from_utf8(page) {
        Ok(page) => page,
        // No version wrote such a page; whoever changed it changed its hash too.
        Err(page) => return Ok(page.into_bytes()),
    };
    for (invoice, corrections) in corrected {
        let now = state(ledger, invoice).of(format_args!("what is left of {}", invoice.number));
        let now = now.map_err(|problem| problem.at(Place::file(stored.path())))?;
        let links = corrections.iter().map(|document| StateDocument::new(&document.number, &document.file)).collect();
        let issued = cell(StateView::new(&invoice.number, InvoiceState::Issued, Vec::new(), labels))?;
        let cell = cell(StateView::new(&invoice.number, now, links, labels))?;
        page = page.replacen(issued.trim_end(), cell.trim_end(), 1);
    }
    Ok(page.into_bytes())
}
