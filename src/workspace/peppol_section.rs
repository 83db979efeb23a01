//! Reads what e-invoices need: addresses in the Peppol network, `[jp-pint]`, and the customer's country.

use std::collections::BTreeMap;

use super::toml_reader::{Section, Value};
use super::values;
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::peppol::{Attachment, JpPintSettings, PeppolFault, PeppolId, UNIT_CODES};

/// An address in the Peppol network, with full-width characters as ASCII.
pub(super) fn address(value: &Value<'_, '_>) -> Result<PeppolId, Diagnostic> {
    let text = values::ascii(&value.text()?).replace('：', ":");
    text.trim().parse().map_err(|fault| match fault {
        PeppolFault::Form => value
            .expected("0188: and the 13 digits of a 法人番号, or 0221: and a registration number")
            .with_hint("e-invoices take \"0188:7000012050002\" or \"0221:T7000012050002\""),
        PeppolFault::CheckDigit => Diagnostic::error(format!("the check digit of {} does not fit", text.trim()))
            .with_hint("a digit is mistyped, or the number is a sole proprietor's: that is 0221:T and its 13 digits"),
    })
}

/// `[peppol]` of a customer.
pub(super) fn of_customer(root: &Section<'_, '_>) -> Option<PeppolId> {
    let section = root.section("peppol", "[peppol]")?;
    let id = section.require("id", "\"0221:T4011001098993\"", address);
    section.finish();
    id
}

/// The ISO 3166-1 code of a country.
pub(super) fn country(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let code = values::ascii(&value.text()?);
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { Ok(code) } else { Err(value.expected("the two capital letters of a country such as \"JP\"")) }
}

/// `[jp-pint]`.
pub(super) fn jp_pint(root: &Section<'_, '_>) -> JpPintSettings {
    let Some(section) = root.section("jp-pint", "[jp-pint]") else {
        return JpPintSettings::default();
    };
    let mut attach = section.list("attach", attachment).unwrap_or_default();
    attach.dedup();
    let units = section.section("unit", "unit").map(|units| {
        let unit = |(name, value): (String, Value<'_, '_>)| Some((name, value.told(unit_code(&value))?));
        units.entries().into_iter().filter_map(unit).collect::<BTreeMap<String, &'static str>>()
    });
    section.finish();
    JpPintSettings { attach, units: units.unwrap_or_default() }
}

fn attachment(value: &Value<'_, '_>) -> Result<Attachment, Diagnostic> {
    if value.text()? == "pdf" {
        let diagnostic = Diagnostic::error("a PDF of the invoice must not be attached to it");
        return Err(diagnostic
            .with_hint("the rules of JP PINT (BIS 5.2) forbid copies of the invoice: write attach = [\"csv\"]"));
    }
    value.one_of(&[("csv", Attachment::Csv)])
}

fn unit_code(value: &Value<'_, '_>) -> Result<&'static str, Diagnostic> {
    let code = value.text()?;
    UNIT_CODES.iter().find(|known| **known == code).copied().ok_or_else(|| {
        let diagnostic = value.expected("a code of UN/ECE Recommendation 20");
        match nearest(&code.to_ascii_uppercase(), UNIT_CODES) {
            Some(near) => diagnostic.with_hint(format!("did you mean \"{near}\"?")),
            None => diagnostic.with_hint(format!("known codes: {}", UNIT_CODES.join(", "))),
        }
    })
}
