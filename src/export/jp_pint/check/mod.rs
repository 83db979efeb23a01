//! The checks of an e-invoice, stricter than the official rules of JP PINT: those accept wrong check digits, sums of other
//! lines, taxes rounded line by line and reduced rates in the standard category.

mod document;
mod findings;
mod lines;
mod parties;
mod taxes;
mod totals;

pub(super) use parties::REGISTERED_SINCE;

use findings::Findings;

use super::element::parse;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::plain::beginning;
use crate::model::rounding::Rounding;

/// Everything wrong with the bytes of a UBL file; `rounding` is that of its taxes where it is known.
pub fn check(path: &str, bytes: &[u8], rounding: Option<Rounding>) -> Vec<Diagnostic> {
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
    parties::check(&root, &facts, &mut findings);
    lines::check(&root, &facts, &mut findings);
    taxes::check(&root, &facts, rounding, &mut findings);
    totals::check(&root, &facts, &mut findings);
    findings.into_sorted()
}
