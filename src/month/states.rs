//! Fills the states of corrected invoices into the review page of an issued month. The page that was reviewed is kept as it
//! was; the one in `out/` follows from it and from the records, cell by cell. A cell is found by the number of its invoice,
//! because templates and words change between the versions that print it and those that fill it in.

use super::reproduced::Reproduction;
use super::standing::{corrections, state};
use crate::diagnostic::{Diagnostic, Figure, Place};
use crate::ledger::{Ledger, Stored};
use crate::model::invoice::DocumentKind;
use crate::render::{StateCell, StateDocument, StateView, escaped};

/// Name of the review page.
pub(super) const PAGE: &str = "index.html";

/// Template of the cell.
const CELL: &str = "review-state";

/// The kept page of the month's record `stored` with the states of its invoices as they are now, and a warning for each
/// that it has no cell for. Pages that name no invoice, of a design of the workspace's own or an earlier version, stay as
/// they are.
///
/// # Errors
/// A mistake in the template; sums with too many digits.
pub(super) fn filled_in(
    page: Vec<u8>,
    ledger: &Ledger,
    stored: &Stored,
    reproduction: &Reproduction,
) -> Result<(Vec<u8>, Vec<Diagnostic>), Diagnostic> {
    let templates = &reproduction.assets.templates;
    let labels = templates.review_labels(reproduction.workspace.settings.language);
    let cell = |state: StateView<'_>| templates.document(CELL, &StateCell { labels, state });
    let invoices = stored.record.documents.iter().filter(|document| document.kind == DocumentKind::Invoice);
    let corrected = invoices.map(|invoice| (invoice, corrections(ledger, invoice))).filter(|(_, all)| !all.is_empty());
    let mut page = match String::from_utf8(page) {
        Ok(page) => page,
        // No version wrote such a page; whoever changed it changed its hash too.
        Err(page) => return Ok((page.into_bytes(), Vec::new())),
    };
    let mut warnings = Vec::new();
    for (invoice, corrections) in corrected {
        let now = state(ledger, invoice).of(format_args!("what is left of {}", invoice.number));
        let now = now.map_err(|problem| problem.at(Place::file(stored.path())))?;
        let links = corrections.iter().map(|document| StateDocument::new(&document.number, &document.file)).collect();
        let cell = cell(StateView::new(&invoice.number, now, links, labels))?;
        match with_cell(&page, &invoice.number, cell.trim()) {
            Filled::In(filled) => page = filled,
            Filled::NoCell => {
                let message = format!("the review page does not show that {} was corrected", invoice.number);
                let warning =
                    Diagnostic::warning(message).at(Place::file(format!("{}/{PAGE}", stored.review_directory())));
                warnings.push(
                    warning.with_hint("it names the invoice, but not in a <td> that ends: see templates/README.md"),
                );
            }
            Filled::Unnamed => {}
        }
    }
    Ok((page.into_bytes(), warnings))
}

/// What became of a page.
#[derive(Debug, PartialEq, Eq)]
enum Filled {
    /// The page with the cell.
    In(String),
    /// It names the invoice, but in no cell.
    NoCell,
    /// It does not name the invoice.
    Unnamed,
}

/// A page with `cell` in the place of each cell of an invoice.
fn with_cell(page: &str, number: &str, cell: &str) -> Filled {
    let attribute = format!(" data-invoice=\"{}\"", escaped(number));
    let mut filled = String::with_capacity(page.len());
    let (mut rest, mut is_named, mut has_cell) = (page, false, false);
    while let Some(at) = rest.find(&attribute) {
        is_named = true;
        let start = rest[..at].rfind('<').filter(|start| {
            let tag = &rest[*start..at];
            !tag.contains('>')
                && tag.strip_prefix("<td").is_some_and(|more| more.is_empty() || more.starts_with([' ', '\n']))
        });
        let end = rest[at..].find("</td>").map(|end| at + end + "</td>".len());
        let (Some(start), Some(end)) = (start, end) else {
            let (before, after) = rest.split_at(at + attribute.len());
            filled.push_str(before);
            rest = after;
            continue;
        };
        has_cell = true;
        filled.push_str(&rest[..start]);
        filled.push_str(cell);
        rest = &rest[end..];
    }
    filled.push_str(rest);
    match (has_cell, is_named) {
        (true, _) => Filled::In(filled),
        (false, true) => Filled::NoCell,
        (false, false) => Filled::Unnamed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_the_number_of_their_invoice() {
        let filled = |page: &str| with_cell(page, "A&1", "<td>new</td>");
        let page =
            "<tr><td class=\"x\" data-invoice=\"A&amp;1\"><b>old</b></td><td data-invoice=\"A&amp;12\">b</td></tr>";
        let expected = "<tr><td>new</td><td data-invoice=\"A&amp;12\">b</td></tr>";
        assert_eq!(filled(page), Filled::In(expected.to_owned()));
        assert_eq!(filled("<td data-invoice=\"A&amp;12\">b</td>"), Filled::Unnamed);
        for page in [
            "<tr data-invoice=\"A&amp;1\"><td>old</td></tr>",
            "<td data-invoice=\"A&amp;1\">old",
            "<table data-invoice=\"A&amp;1\"><td>old</td></table>",
            "<td>a data-invoice=\"A&amp;1\"</td>",
        ] {
            assert_eq!(filled(page), Filled::NoCell, "{page}");
        }
        // A row may name the invoice too.
        let page = "<tr data-invoice=\"A&amp;1\"><td data-invoice=\"A&amp;1\">old</td></tr>";
        assert_eq!(filled(page), Filled::In("<tr data-invoice=\"A&amp;1\"><td>new</td></tr>".to_owned()));
    }
}
