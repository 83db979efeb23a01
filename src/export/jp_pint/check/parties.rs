//! Seller, buyer and the account to pay to.

use chrono::NaiveDate;

use super::findings::{Facts, Findings};
use crate::export::jp_pint::element::Element;
use crate::model::half_width::half_width;
use crate::model::peppol::{CORPORATE, PeppolFault, PeppolId};
use crate::model::plain::beginning;
use crate::model::tax::has_check_digit;

/// The first day on which invoices need a registration number (適格請求書等保存方式).
pub(crate) const REGISTERED_SINCE: NaiveDate = NaiveDate::from_ymd_opt(2023, 10, 1).expect("a date");

pub(super) fn check(root: &Element, facts: &Facts, findings: &mut Findings<'_>) {
    for role in ["cac:AccountingSupplierParty", "cac:AccountingCustomerParty"] {
        let Some(party) = root.at(role).and_then(|role| role.at("cac:Party")) else {
            findings.add(root, format!("missing {role}/cac:Party in Invoice"));
            continue;
        };
        check_party(party, findings);
        if role == "cac:AccountingSupplierParty" {
            check_registration(party, facts, findings);
        }
    }
    for means in root.all("cac:PaymentMeans") {
        check_account(means, findings);
    }
}

fn check_party(party: &Element, findings: &mut Findings<'_>) {
    findings.require(party, "cac:PartyLegalEntity/cbc:RegistrationName");
    findings.require(party, "cac:PostalAddress/cac:Country/cbc:IdentificationCode");
    findings.require(party, "cbc:EndpointID");
    let company = "cac:PartyLegalEntity/cbc:CompanyID";
    for element in ["cbc:EndpointID", company].iter().filter_map(|path| party.at(path)) {
        match element.attribute("schemeID") {
            Some(scheme) => {
                let id = PeppolId { scheme: scheme.to_owned(), id: element.text.trim().to_owned() };
                check_number(&id, element, findings);
            }
            None if element.name == "cbc:EndpointID" => findings.add(element, "cbc:EndpointID without schemeID"),
            None => {}
        }
    }
}

fn check_number(id: &PeppolId, element: &Element, findings: &mut Findings<'_>) {
    let found = format!("{}:{}", beginning(&id.scheme), beginning(&id.id));
    match id.check() {
        Ok(()) => {}
        Err(PeppolFault::Form) => findings.add(element, format!("{found} does not have the form of its scheme")),
        Err(PeppolFault::CheckDigit) => findings.add_with_hint(
            element,
            format!("the check digit of {found} does not fit"),
            "a digit is mistyped, or the number is a sole proprietor's: that is 0221:T and its 13 digits",
        ),
    }
}

/// The seller's registration number, which supplies need since 2023-10.
fn check_registration(party: &Element, facts: &Facts, findings: &mut Findings<'_>) {
    const PATH: &str = "cac:PartyTaxScheme/cbc:CompanyID";
    let Some(element) = party.at(PATH) else {
        if facts.days.is_none_or(|(_, last)| last >= REGISTERED_SINCE) {
            let hint = "invoices for supplies since 2023-10-01 have it: registration-number = \"T…\" in [issuer]";
            findings.add_with_hint(party, "the seller has no registration number", hint);
        }
        return;
    };
    let number = element.text.trim();
    let digits = number.strip_prefix('T').unwrap_or_default();
    if digits.len() != 13 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("expected a registration number, T and 13 digits, found {:?}", beginning(number));
        findings.add(element, message);
    } else if !has_check_digit(number) && is_corporate(party) {
        let message = format!("the check digit of the registration number {number} does not fit");
        let hint = "a digit is mistyped, or the number is a sole proprietor's: then no other number has scheme 0188";
        findings.add_with_hint(element, message, hint);
    }
}

/// Whether a party has a corporate number, so that its registration number is T and that number. The numbers of sole
/// proprietors follow another rule.
fn is_corporate(party: &Element) -> bool {
    let numbers = ["cbc:EndpointID", "cac:PartyLegalEntity/cbc:CompanyID"];
    numbers.iter().filter_map(|path| party.at(path)).any(|number| number.attribute("schemeID") == Some(CORPORATE))
}

/// Payment means codes of a transfer to an account.
const TRANSFERS: [&str; 2] = ["30", "58"];

fn check_account(means: &Element, findings: &mut Findings<'_>) {
    let code = findings.require(means, "cbc:PaymentMeansCode");
    let Some(account) = means.at("cac:PayeeFinancialAccount") else {
        if code.is_some_and(|code| TRANSFERS.contains(&code)) {
            findings.add(means, "a payment by transfer without cac:PayeeFinancialAccount");
        }
        return;
    };
    findings.require(account, "cbc:ID");
    if let Some(name) = account.text_at("cbc:Name")
        && half_width(name).is_none_or(|half| half != name)
    {
        let message = format!("expected the account's name in half-width kana, found {:?}", beginning(name));
        findings.add(account.at("cbc:Name").unwrap_or(account), message);
    }
}
