//! What a document is, its dates and its period.

use chrono::{Datelike, NaiveDate};

use super::findings::{Facts, Findings, number};
use crate::export::jp_pint::element::Element;
use crate::export::jp_pint::names::{CUSTOMIZATION, PROFILE, TYPE};
use crate::model::currency::Currency;
use crate::model::plain::beginning;

pub(super) fn check(root: &Element, findings: &mut Findings<'_>) -> Facts {
    for (name, expected) in
        [("cbc:CustomizationID", CUSTOMIZATION), ("cbc:ProfileID", PROFILE), ("cbc:InvoiceTypeCode", TYPE)]
    {
        let found = findings.require(root, name);
        if let (Some(found), Some(element)) = (found.filter(|found| *found != expected), root.at(name)) {
            findings.add(element, format!("expected {expected} in {name}, found {:?}", beginning(found)));
        }
    }
    findings.require(root, "cbc:ID");
    let issued = date(root, "cbc:IssueDate", findings);
    if issued.is_none() && root.at("cbc:IssueDate").is_none() {
        findings.add(root, "missing cbc:IssueDate in Invoice");
    }
    let _ = date(root, "cbc:DueDate", findings);
    let currency = findings.require(root, "cbc:DocumentCurrencyCode").map(str::to_owned);
    check_tax_currency(root, currency.as_deref(), findings);
    if let Some(second) = root.all("cbc:Note").nth(1) {
        findings.add_with_hint(second, "a second cbc:Note", "JP PINT has one: put all notes into it");
    }
    let period = period(root, findings);
    let is_credit_note = check_reference(root, findings);
    Facts { currency, days: period.or(issued.map(|day| (day, day))), is_credit_note }
}

fn check_tax_currency(root: &Element, currency: Option<&str>, findings: &mut Findings<'_>) {
    let yen = Currency::JPY.code();
    let found = root.text_at("cbc:TaxCurrencyCode");
    if currency.is_some_and(|currency| currency != yen) && found != Some(yen) {
        let message = "an invoice in another currency than JPY without cbc:TaxCurrencyCode JPY";
        findings.add_with_hint(root, message, "its tax must be stated in yen, too");
    }
}

/// The period of the document: all of it in one month, and no line has its own.
fn period(root: &Element, findings: &mut Findings<'_>) -> Option<(NaiveDate, NaiveDate)> {
    findings.each_line(root, |line, findings| {
        if let Some(own) = line.at("cac:InvoicePeriod") {
            findings.add_with_hint(
                own,
                "a line with a period of its own",
                "the document's period is that of all lines",
            );
        }
    });
    let Some(period) = root.at("cac:InvoicePeriod") else {
        findings.add(root, "missing cac:InvoicePeriod in Invoice");
        return None;
    };
    let (start, end) = (date(period, "cbc:StartDate", findings), date(period, "cbc:EndDate", findings));
    let (Some(start), Some(end)) = (start, end) else {
        if ["cbc:StartDate", "cbc:EndDate"].iter().any(|name| period.at(name).is_none()) {
            findings.add(period, "expected cbc:StartDate and cbc:EndDate in cac:InvoicePeriod");
        }
        return None;
    };
    if (start.year(), start.month()) != (end.year(), end.month()) || start > end {
        findings.add(period, format!("expected a period within one month, found {start} to {end}"));
    }
    Some((start, end))
}

/// Whether the document is a credit note: it names the invoice that it takes back.
fn check_reference(root: &Element, findings: &mut Findings<'_>) -> bool {
    let references = || root.all("cac:BillingReference").filter_map(|of| of.at("cac:InvoiceDocumentReference"));
    for reference in references() {
        findings.require(reference, "cbc:ID");
        let _ = date(reference, "cbc:IssueDate", findings);
    }
    let total = root.at("cac:LegalMonetaryTotal/cbc:PayableAmount");
    let is_credit_note = total.and_then(number).is_some_and(|total| total.is_negative());
    if is_credit_note && references().next().is_none() {
        findings.add_with_hint(
            root,
            "a total below zero without cac:BillingReference",
            "a credit note names the invoice that it takes back",
        );
    }
    is_credit_note
}

/// A date of the form 2023-10-01; none where it is missing.
fn date(parent: &Element, name: &str, findings: &mut Findings<'_>) -> Option<NaiveDate> {
    let element = parent.at(name)?;
    let text = element.text.trim();
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    if date.is_none() {
        findings.add(element, format!("expected a date such as 2023-10-31 in {name}, found {:?}", beginning(text)));
    }
    date
}
