//! The document as UBL, element by element in the order of the schema.

use super::issued::{Issued, IssuedParty};
use super::lines;
use super::names::{CUSTOMIZATION, PROFILE, TYPE};
use super::source::Source;
use super::taxes::Taxes;
use super::ubl::Ubl;

use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::model::bank_account::coded_for;
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::invoice::{DocumentKind, Original, Status};
use crate::model::language::Language;
use crate::model::peppol::{CORPORATE, JAPAN, PeppolId};
use crate::model::tax::has_check_digit;
use crate::render::month_text;

/// The payment means code of a transfer to an account.
const TRANSFER: &str = "30";

/// What a draft says first, as its pages do: JP PINT has no other place for it.
const DRAFT_JA: &str = "DRAFT　下書き・未発行";
const DRAFT_EN: &str = "DRAFT – not issued";

/// Everything that a document is written from.
pub(super) struct Document<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) issued: &'a Issued,
    /// As the workspace has it now.
    pub(super) customer: &'a Customer,
    pub(super) sender: PeppolId,
    pub(super) receiver: PeppolId,
}

impl Document<'_> {
    /// The bytes of the document.
    ///
    /// # Errors
    /// Texts that XML cannot hold, and figures with too many digits.
    pub(super) fn write(&self) -> Result<Vec<u8>, Problems> {
        let issued = self.issued;
        let figures = || format!("the figures of {}", issued.number);
        let taxes = Taxes::of(issued).of(figures())?;
        taxes.check()?;
        let mut ubl = Ubl::invoice();
        self.write_head(&mut ubl);
        self.write_references(&mut ubl);
        ubl.group("AccountingSupplierParty", |ubl| ubl.group("Party", |ubl| self.write_issuer(ubl)));
        ubl.group("AccountingCustomerParty", |ubl| ubl.group("Party", |ubl| self.write_customer(ubl)));
        self.write_payment(&mut ubl);
        taxes.write(&mut ubl).of(figures())?;
        self.write_totals(&mut ubl);
        lines::write(issued, &self.source.now.jp_pint.units, &mut ubl).of(figures())?;
        ubl.finish().map_err(|problems| {
            let of_document = |problem: Diagnostic| problem.with_note(format!("in {}", issued.number));
            problems.into_iter().map(of_document).collect::<Problems>()
        })
    }

    fn write_head(&self, ubl: &mut Ubl) {
        let issued = self.issued;
        ubl.text("CustomizationID", CUSTOMIZATION);
        ubl.text("ProfileID", PROFILE);
        ubl.text("ID", &issued.number);
        ubl.text("IssueDate", issued.issue_date.to_string());
        ubl.text("DueDate", issued.due_date.to_string());
        ubl.text("InvoiceTypeCode", TYPE);
        ubl.some_text("Note", Some(self.note()));
        ubl.text("DocumentCurrencyCode", issued.currency.code());
        if issued.currency != Currency::JPY {
            ubl.text("TaxCurrencyCode", Currency::JPY.code());
        }
        ubl.some_text("BuyerReference", self.customer.buyer_reference.as_deref());
        ubl.group("InvoicePeriod", |ubl| {
            ubl.text("StartDate", issued.month.first().to_string());
            ubl.text("EndDate", issued.month.last().to_string());
        });
    }

    /// What the document says in words: that it is a draft, subject or month, the reason of a correction, and the notes at its foot.
    fn note(&self) -> String {
        let issued = self.issued;
        let customer = self.source.as_issued_customer(&issued.customer.id);
        let language = customer.map_or(Language::Japanese, |customer| customer.invoice.language);
        let suffix = if language == Language::Japanese { "分" } else { "" };
        let month = format!("{}{suffix}", month_text(issued.month, language));
        let mut sentences = Vec::new();
        if issued.status == Some(Status::Draft) {
            let mark = if language == Language::Japanese { DRAFT_JA } else { DRAFT_EN };
            sentences.push(mark.to_owned());
        }
        sentences.push(issued.subject.clone().unwrap_or(month));
        sentences.extend(issued.original.as_ref().map(|original| original.reason.clone()));
        if issued.kind == DocumentKind::Invoice {
            sentences.extend(self.source.notes(issued.month, &issued.customer.id));
        }
        sentences.retain(|sentence| !sentence.trim().is_empty());
        sentences.join("\n")
    }

    fn write_references(&self, ubl: &mut Ubl) {
        if let Some(order) = &self.issued.order_number {
            ubl.group("OrderReference", |ubl| ubl.text("ID", order));
        }
        if let Some(Original { number, issue_date, .. }) = &self.issued.original {
            ubl.group("BillingReference", |ubl| {
                ubl.group("InvoiceDocumentReference", |ubl| {
                    ubl.text("ID", number);
                    ubl.text("IssueDate", issue_date.to_string());
                });
            });
        }
        if let Some((name, bytes)) = self.source.csv {
            ubl.group("AdditionalDocumentReference", |ubl| {
                ubl.text("ID", name);
                ubl.text("DocumentDescription", "明細 (CSV)");
                ubl.group("Attachment", |ubl| {
                    let attributes = [("mimeCode", "text/csv"), ("filename", name)];
                    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
                    ubl.text_with("EmbeddedDocumentBinaryObject", &attributes, encoded);
                });
            });
        }
    }

    fn write_issuer(&self, ubl: &mut Ubl) {
        let issuer = &self.issued.issuer;
        write_address(ubl, &self.sender, issuer, JAPAN);
        write_registration(ubl, issuer);
        ubl.group("PartyLegalEntity", |ubl| {
            ubl.text("RegistrationName", &issuer.name);
            write_corporate_number(ubl, issuer);
        });
        write_contact(ubl, None, issuer.phone.as_deref(), issuer.email.as_deref());
    }

    fn write_customer(&self, ubl: &mut Ubl) {
        let customer = &self.issued.customer;
        write_address(ubl, &self.receiver, customer, &self.customer.country);
        write_registration(ubl, customer);
        ubl.group("PartyLegalEntity", |ubl| {
            ubl.text("RegistrationName", &customer.name);
            write_corporate_number(ubl, customer);
        });
        let person = [customer.department.as_deref(), customer.contact.as_deref()];
        let person = person.into_iter().flatten().filter(|text| !text.trim().is_empty());
        let person = person.collect::<Vec<&str>>().join(" ");
        write_contact(ubl, Some(person).filter(|person| !person.is_empty()), None, None);
    }

    /// The accounts to pay to; a credit note says how its money returns.
    fn write_payment(&self, ubl: &mut Ubl) {
        let issued = self.issued;
        if issued.kind == DocumentKind::CreditNote {
            let refund = issued.original.as_ref().and_then(|original| original.refund_note.as_deref());
            write_terms(ubl, refund);
            return;
        }
        let accounts = coded_for(&self.source.now.issuer.banks, issued.currency, &issued.customer.id);
        let mut has_account = false;
        for account in accounts {
            let Some(identifier) = account.identifier() else {
                continue;
            };
            has_account = true;
            ubl.group("PaymentMeans", |ubl| {
                ubl.text("PaymentMeansCode", TRANSFER);
                ubl.group("PayeeFinancialAccount", |ubl| {
                    ubl.text("ID", identifier);
                    ubl.text("Name", account.name.of(Language::Japanese));
                });
            });
        }
        let in_words = issued.issuer.bank_accounts.join("\n");
        write_terms(ubl, Some(in_words.as_str()).filter(|_| !has_account));
    }

    fn write_totals(&self, ubl: &mut Ubl) {
        let issued = self.issued;
        let currency = [("currencyID", issued.currency.code())];
        ubl.group("LegalMonetaryTotal", |ubl| {
            for (name, amount) in [
                ("LineExtensionAmount", issued.subtotal),
                ("TaxExclusiveAmount", issued.subtotal),
                ("TaxInclusiveAmount", issued.total),
                ("PayableAmount", issued.total),
            ] {
                ubl.text_with(name, &currency, amount.to_string());
            }
        });
    }
}

fn write_terms(ubl: &mut Ubl, note: Option<&str>) {
    if let Some(note) = note.filter(|note| !note.trim().is_empty()) {
        ubl.group("PaymentTerms", |ubl| ubl.text("Note", note));
    }
}

/// The address in the network and that on paper: two lines have elements of their own, all further ones share one.
fn write_address(ubl: &mut Ubl, id: &PeppolId, party: &IssuedParty, country: &str) {
    ubl.text_with("EndpointID", &[("schemeID", id.scheme.as_str())], &id.id);
    let lines: Vec<&str> = party.address.iter().map(String::as_str).filter(|line| !line.trim().is_empty()).collect();
    ubl.group("PostalAddress", |ubl| {
        ubl.some_text("StreetName", lines.first());
        ubl.some_text("AdditionalStreetName", lines.get(1));
        ubl.some_text("PostalZone", party.postal_code.as_deref());
        if let Some(rest) = lines.get(2..).filter(|rest| !rest.is_empty()) {
            ubl.group("AddressLine", |ubl| ubl.text("Line", rest.join(" ")));
        }
        ubl.group("Country", |ubl| ubl.text("IdentificationCode", country));
    });
}

fn write_registration(ubl: &mut Ubl, party: &IssuedParty) {
    if let Some(number) = &party.registration_number {
        ubl.group("PartyTaxScheme", |ubl| {
            ubl.text("CompanyID", number);
            ubl.group("TaxScheme", |ubl| ubl.text("ID", "VAT"));
        });
    }
}

/// The corporate number in a company's registration number; a sole proprietor's number has another check digit.
fn write_corporate_number(ubl: &mut Ubl, party: &IssuedParty) {
    if let Some(number) = party.registration_number.as_deref().filter(|number| has_check_digit(number)) {
        ubl.text_with("CompanyID", &[("schemeID", CORPORATE)], PeppolId::of_corporate_number(number).id);
    }
}

fn write_contact(ubl: &mut Ubl, name: Option<String>, phone: Option<&str>, email: Option<&str>) {
    if name.is_none() && phone.is_none() && email.is_none() {
        return;
    }
    ubl.group("Contact", |ubl| {
        ubl.some_text("Name", name);
        ubl.some_text("Telephone", phone);
        ubl.some_text("ElectronicMail", email);
    });
}
