//! The lines, each by itself.

use std::collections::BTreeSet;

use super::findings::{Facts, Findings, number};
use crate::export::jp_pint::element::Element;
use crate::model::amount::{Amount, TooLong};
use crate::model::plain::beginning;

pub(super) fn check(root: &Element, facts: &Facts, findings: &mut Findings<'_>) {
    let mut ids = BTreeSet::new();
    findings.each_line(root, |line, findings| {
        if let Some(id) = findings.require(line, "cbc:ID")
            && !ids.insert(id.to_owned())
        {
            findings.add(line, format!("a second line {:?}", beginning(id)));
        }
        findings.require(line, "cac:Item/cbc:Name");
        check_amount(line, facts, findings);
    });
    if root.all("cac:InvoiceLine").next().is_none() {
        findings.add(root, "an invoice without lines");
    }
}

/// Quantity times price is the amount, and the price is not below zero.
fn check_amount(line: &Element, facts: &Facts, findings: &mut Findings<'_>) {
    findings.require(line, "cbc:InvoicedQuantity");
    let quantity = line.at("cbc:InvoicedQuantity");
    if let Some(quantity) = quantity.filter(|quantity| quantity.attribute("unitCode").is_none_or(str::is_empty)) {
        findings.add(quantity, "cbc:InvoicedQuantity without unitCode");
    }
    findings.require(line, "cac:Price/cbc:PriceAmount");
    let price = line.at("cac:Price/cbc:PriceAmount");
    let amount = findings.require_amount(line, "cbc:LineExtensionAmount", facts);
    let quantity = quantity.and_then(|quantity| findings.number(quantity));
    let (Some(price), Some(amount), Some(quantity)) = (price, amount, quantity) else {
        return;
    };
    let Some(unit_price) = findings.number(price) else {
        return;
    };
    if unit_price.is_negative() {
        findings.add_with_hint(
            price,
            format!("a price below zero: {unit_price}"),
            "the quantity is below zero instead",
        );
        return;
    }
    match multiplies_out(line, (quantity, unit_price, amount), facts) {
        Ok(true) => {}
        Ok(false) => {
            findings.add(line, format!("{quantity} × {unit_price} is not the amount of the line, {amount}"));
        }
        Err(TooLong) => findings.add(line, "the figures of the line have too many digits"),
    }
}

/// Whether the amount of a line is its quantity times its price, with its own allowances and charges, however that is
/// rounded.
fn multiplies_out(
    line: &Element,
    (quantity, price, amount): (Amount, Amount, Amount),
    facts: &Facts,
) -> Result<bool, TooLong> {
    let mut net = amount;
    for own in line.all("cac:AllowanceCharge") {
        let of = own.at("cbc:Amount").and_then(number).unwrap_or(Amount::ZERO);
        net = if own.text_at("cbc:ChargeIndicator") == Some("true") { net.minus(of)? } else { net.plus(of)? };
    }
    // The price may be of several.
    let base = line.at("cac:Price/cbc:BaseQuantity").and_then(number).filter(|base| base.is_positive());
    let base = base.unwrap_or(Amount::whole(1));
    let difference = quantity.times(price)?.minus(net.times(base)?)?.magnitude();
    let unit = Amount::new(1, facts.decimals())?;
    Ok(difference < unit.times(base)?)
}
