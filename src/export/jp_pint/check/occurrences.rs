//! Elements that a document has once: the first of two would be checked, and a reader may take the other.

use super::findings::Findings;
use crate::export::jp_pint::element::Element;

/// Elements with what they have at most once, in JP PINT 1.1.3.
const ONCE: [(&str, &[&str]); 20] = [
    (
        "Invoice",
        &[
            "cbc:CustomizationID",
            "cbc:ProfileID",
            "cbc:ID",
            "cbc:IssueDate",
            "cbc:DueDate",
            "cbc:InvoiceTypeCode",
            "cbc:DocumentCurrencyCode",
            "cbc:TaxCurrencyCode",
            "cbc:BuyerReference",
            "cac:InvoicePeriod",
            "cac:OrderReference",
            "cac:AccountingSupplierParty",
            "cac:AccountingCustomerParty",
            "cac:LegalMonetaryTotal",
        ],
    ),
    ("cac:InvoicePeriod", &["cbc:StartDate", "cbc:EndDate"]),
    ("cac:OrderReference", &["cbc:ID"]),
    ("cac:BillingReference", &["cac:InvoiceDocumentReference"]),
    ("cac:InvoiceDocumentReference", &["cbc:ID", "cbc:IssueDate"]),
    ("cac:AccountingSupplierParty", &["cac:Party"]),
    ("cac:AccountingCustomerParty", &["cac:Party"]),
    ("cac:Party", &["cbc:EndpointID", "cac:PostalAddress", "cac:PartyLegalEntity", "cac:Contact"]),
    ("cac:PartyLegalEntity", &["cbc:RegistrationName", "cbc:CompanyID"]),
    ("cac:PartyTaxScheme", &["cbc:CompanyID", "cac:TaxScheme"]),
    ("cac:PostalAddress", &["cbc:StreetName", "cbc:CityName", "cbc:PostalZone", "cac:Country"]),
    ("cac:Country", &["cbc:IdentificationCode"]),
    ("cac:PaymentMeans", &["cbc:PaymentMeansCode", "cac:PayeeFinancialAccount"]),
    ("cac:PayeeFinancialAccount", &["cbc:ID", "cbc:Name"]),
    ("cac:TaxTotal", &["cbc:TaxAmount"]),
    ("cac:TaxSubtotal", &["cbc:TaxableAmount", "cbc:TaxAmount", "cac:TaxCategory"]),
    (
        "cac:LegalMonetaryTotal",
        &[
            "cbc:LineExtensionAmount",
            "cbc:TaxExclusiveAmount",
            "cbc:TaxInclusiveAmount",
            "cbc:AllowanceTotalAmount",
            "cbc:ChargeTotalAmount",
            "cbc:PrepaidAmount",
            "cbc:PayableRoundingAmount",
            "cbc:PayableAmount",
        ],
    ),
    ("cac:InvoiceLine", &["cbc:ID", "cbc:InvoicedQuantity", "cbc:LineExtensionAmount", "cac:Item", "cac:Price"]),
    ("cac:Item", &["cbc:Name", "cac:ClassifiedTaxCategory"]),
    ("cac:Price", &["cbc:PriceAmount", "cbc:BaseQuantity"]),
];

/// Checks an element and everything inside.
pub(super) fn check(element: &Element, findings: &mut Findings<'_>) {
    let once = ONCE.iter().find(|(name, _)| *name == element.name).map_or(&[][..], |(_, once)| once);
    for second in once.iter().filter_map(|name| element.all(name).nth(1)) {
        findings.add_with_hint(
            second,
            format!("a second {} in {}", second.name, element.name),
            "JP PINT has one of them",
        );
    }
    element.children.iter().for_each(|child| check(child, findings));
}
