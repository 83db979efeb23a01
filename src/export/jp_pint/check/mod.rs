//! The checks of an e-invoice, stricter than the official rules of JP PINT: those accept wrong check digits, sums of other
//! lines, taxes rounded line by line and reduced rates in the standard category.

mod codes;
mod document;
mod findings;
mod lines;
mod occurrences;
mod parties;
mod taxes;
mod totals;

pub(super) use parties::REGISTERED_SINCE;
pub use taxes::TaxRule;

use findings::Findings;

use super::element::parse;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::plain::beginning;

/// Everything wrong with the bytes of a UBL file; `rule` says how its taxes came about where that is known.
pub fn check(path: &str, bytes: &[u8], rule: Option<TaxRule<'_>>) -> Vec<Diagnostic> {
    let root = match parse(bytes) {
        Ok(root) => root,
        Err(refused) => {
            let place = refused.line.map_or_else(|| Place::file(path), |line| Place::line(path, line));
            return vec![Diagnostic::error(refused.message).at(place)];
        }
    };
    let mut findings = Findings::of(path);
    if root.name != "Invoice" {
        let message = format!("expected a UBL Invoice, found {:?}", beginning(&root.name));
        findings.add_with_hint(&root, message, "JP PINT has credit notes as invoices below zero, too");
        return findings.into_sorted();
    }
    let facts = document::check(&root, &mut findings);
    occurrences::check(&root, &mut findings);
    codes::check(&root, &mut findings);
    parties::check(&root, &facts, &mut findings);
    lines::check(&root, &facts, &mut findings);
    taxes::check(&root, &facts, rule, &mut findings);
    totals::check(&root, &facts, &mut findings);
    findings.into_sorted()
}
