//! The totals, which follow from lines and taxes.

use super::findings::{Facts, Findings, number};
use crate::export::jp_pint::element::Element;
use crate::model::amount::{Amount, Sum, TooLong};

pub(super) fn check(root: &Element, facts: &Facts, findings: &mut Findings<'_>) {
    let Some(totals) = root.at("cac:LegalMonetaryTotal") else {
        findings.add(root, "missing cac:LegalMonetaryTotal in Invoice");
        return;
    };
    let mut total = |name: &str| findings.require_amount(totals, name, facts);
    let found = (
        total("cbc:LineExtensionAmount"),
        total("cbc:TaxExclusiveAmount"),
        total("cbc:TaxInclusiveAmount"),
        total("cbc:PayableAmount"),
    );
    let (Some(lines), Some(exclusive), Some(inclusive), Some(payable)) = found else {
        return;
    };
    let Ok(expected) = Expected::of(root, totals, exclusive, inclusive) else {
        findings.add(totals, "the totals have too many digits");
        return;
    };
    for (name, of, found, expected) in [
        ("cbc:LineExtensionAmount", "the sum of the lines", lines, expected.lines),
        (
            "cbc:TaxExclusiveAmount",
            "the sum of the lines, less allowances and with charges",
            exclusive,
            expected.exclusive,
        ),
        ("cbc:TaxInclusiveAmount", "the amount before tax and the tax", inclusive, expected.inclusive),
        ("cbc:PayableAmount", "the amount with tax, less what is paid", payable, expected.payable),
    ] {
        if found != expected {
            findings
                .add(totals.at(name).unwrap_or(totals), format!("expected {expected} in {name}, {of}, found {found}"));
        }
    }
}

/// The totals as they follow from what is before each.
struct Expected {
    lines: Amount,
    exclusive: Amount,
    inclusive: Amount,
    payable: Amount,
}

impl Expected {
    fn of(root: &Element, totals: &Element, exclusive: Amount, inclusive: Amount) -> Result<Expected, TooLong> {
        let at = |element: &Element, path: &str| element.at(path).and_then(number).unwrap_or(Amount::ZERO);
        let lines = Sum::of(root.all("cac:InvoiceLine").map(|line| at(line, "cbc:LineExtensionAmount")))?;
        let mut before_tax = lines;
        for own in root.all("cac:AllowanceCharge") {
            let of = at(own, "cbc:Amount");
            let is_charge = own.text_at("cbc:ChargeIndicator") == Some("true");
            before_tax = if is_charge { before_tax.plus(of)? } else { before_tax.minus(of)? };
        }
        // The first is in the document's currency.
        let tax = at(root, "cac:TaxTotal/cbc:TaxAmount");
        let due = inclusive.minus(at(totals, "cbc:PrepaidAmount"))?.plus(at(totals, "cbc:PayableRoundingAmount"))?;
        Ok(Expected { lines, exclusive: before_tax, inclusive: exclusive.plus(tax)?, payable: due })
    }
}
