//! The text of a message that goes with a document: `templates/mail.txt`, plain text.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use tera::Tera;

use super::bounds;
use super::finance::accounts;
use super::format::{date_text, money, month_text};
use super::templates::{Guards, guards, rendered, told};
use crate::diagnostic::{Diagnostic, Problems};
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::invoice::{DocumentKind, Original};
use crate::model::period::BillingMonth;
use crate::model::settings::{Language, Pattern, PatternField, Settings};
use crate::model::wording::Wording;

/// Name of the built-in template, which a file of that name in `templates/` replaces.
const NAME: &str = "mail.txt";

/// The built-in template.
const BUILT_IN: &str = include_str!("../../templates/mail.txt");

/// A parsed template of messages.
pub struct Letter {
    tera: Tera,
    sources: [(String, String); 1],
    /// Limits its work, where it is the workspace's own.
    guards: Option<Guards>,
}

impl Letter {
    /// Parses the built-in template, or the workspace's own: its name in `templates/` with its text.
    ///
    /// # Errors
    /// Mistakes in the template, with line and column.
    pub fn load(own: Option<(&str, &str)>) -> Result<Letter, Problems> {
        let (name, text) = own.unwrap_or((NAME, BUILT_IN));
        let sources = [(name.to_owned(), text.to_owned())];
        let mut tera = Tera::default();
        let guards = if own.is_some() { Some(guards(&sources)?) } else { None };
        if guards.is_some() {
            bounds::register(&mut tera);
        }
        let counted = guards.as_ref().and_then(|guards| guards.text(name)).unwrap_or(text);
        tera.add_raw_template(name, counted).map_err(|error| told(&error.to_string(), &sources, guards.as_ref()))?;
        Ok(Letter { tera, sources, guards })
    }

    /// The text of a message, with a line feed at the end of each line.
    ///
    /// # Errors
    /// A variable that the document does not have, with its place and those there are; more work than the view justifies.
    pub fn text(&self, view: &LetterView<'_>) -> Result<String, Diagnostic> {
        let [(name, _)] = &self.sources;
        let text = rendered(&self.tera, (&self.sources, self.guards.as_ref()), name, view)?;
        Ok(format!("{}\n", text.replace('\r', "").trim_end()))
    }
}

/// What a record says of a document.
#[derive(Clone, Copy, Debug)]
pub struct LetterFacts<'a> {
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// Its number.
    pub number: &'a str,
    /// The month billed.
    pub month: BillingMonth,
    /// Date of issue.
    pub issue_date: NaiveDate,
    /// Date by which payment is due.
    pub due_date: NaiveDate,
    /// Amount to pay; negative when it is paid back.
    pub total: Amount,
    /// Its currency.
    pub currency: Currency,
    /// The customer's order.
    pub order_number: Option<&'a str>,
    /// The invoice that it takes back or replaces.
    pub original: Option<&'a Original>,
}

/// The fields of a template of messages. A field that the document does not have is absent, so that a template that
/// prints it is refused.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "docs/send.md documents the fields for those who use them")]
pub struct LetterView<'a> {
    pub language: &'static str,
    pub kind: DocumentKind,
    pub title: &'a str,
    pub number: &'a str,
    pub month: String,
    pub month_name: String,
    pub issue_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<String>,
    pub total: String,
    pub currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<LetterOriginal<'a>>,
    pub customer: LetterCustomer<'a>,
    pub issuer: LetterIssuer<'a>,
    pub bank_accounts: Vec<String>,
    pub files: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
pub struct LetterOriginal<'a> {
    pub number: &'a str,
    pub issue_date: String,
    pub reason: &'a str,
}

#[derive(Debug, Serialize)]
pub struct LetterCustomer<'a> {
    pub id: &'a str,
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub struct LetterIssuer<'a> {
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<&'a str>,
    pub address: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
}

/// What a message says of a document, by the settings with which it was issued; `words` are those of the templates.
pub fn letter<'a>(
    facts: LetterFacts<'a>,
    (settings, customer): (&'a Settings, &'a Customer),
    words: &'a BTreeMap<String, String>,
    files: &'a [String],
) -> LetterView<'a> {
    let language = customer.invoice.language;
    let issuer = settings.issuer.of(language);
    let (bank_accounts, _) =
        accounts(&settings.issuer.accounts(language, facts.currency, &customer.id), language, words);
    let is_invoice = facts.kind == DocumentKind::Invoice;
    // An English letter has no 御中 or 様.
    let has_honorific = language == Language::Japanese || !matches!(customer.honorific.as_str(), "御中" | "様");
    LetterView {
        language: language.tag(),
        kind: facts.kind,
        title: words.get("title").map_or("", String::as_str),
        number: facts.number,
        month: facts.month.to_string(),
        month_name: month_text(facts.month, language),
        issue_date: date_text(facts.issue_date, language),
        due_date: is_invoice.then(|| date_text(facts.due_date, language)),
        total: money(if is_invoice { facts.total } else { facts.total.magnitude() }, facts.currency, 0),
        currency: facts.currency.code(),
        order_number: facts.order_number,
        original: facts.original.map(|original| LetterOriginal {
            number: &original.number,
            issue_date: date_text(original.issue_date, language),
            reason: &original.reason,
        }),
        customer: LetterCustomer {
            id: &customer.id,
            name: &customer.name,
            honorific: Some(customer.honorific.as_str()).filter(|text| has_honorific && !text.is_empty()),
            department: customer.department.as_deref(),
            contact: customer.contact.as_deref(),
        },
        issuer: LetterIssuer {
            name: &issuer.name,
            registration_number: settings.issuer.registration_number.as_deref(),
            postal_code: issuer.postal_code.as_deref(),
            address: &issuer.address,
            phone: issuer.phone.as_deref(),
            email: issuer.email.as_deref(),
        },
        bank_accounts,
        files: files.iter().map(String::as_str).collect(),
    }
}

/// The subject of a message: the customer's, for an invoice where it has one, or the built-in one.
pub fn letter_subject(own: Option<&Wording<Pattern>>, facts: LetterFacts<'_>, customer: &Customer) -> String {
    let language = customer.invoice.language;
    let month = month_text(facts.month, language);
    let number = facts.number;
    match (facts.kind, own, language) {
        // A credit note called an invoice would be paid.
        (DocumentKind::CreditNote, _, Language::Japanese) => format!("返還請求書 ({number})"),
        (DocumentKind::CreditNote, _, Language::English) => format!("Credit note {number}"),
        (DocumentKind::Invoice, None, Language::Japanese) => format!("{month} ご請求書 ({number})"),
        (DocumentKind::Invoice, None, Language::English) => format!("Invoice {number} for {month}"),
        (DocumentKind::Invoice, Some(own), _) => own.of(language).fill(|field| match field {
            PatternField::Number => number.to_owned(),
            PatternField::MonthName => month.clone(),
            PatternField::IssueDate => facts.issue_date.to_string(),
            PatternField::Total => facts.total.to_text(facts.currency.decimals()),
            PatternField::Customer => customer.id.clone(),
            PatternField::CustomerName => customer.name.clone(),
            // The pattern was checked when the workspace was read: the others follow from the month.
            field => customer.invoice.numbering.field(field, facts.month).unwrap_or_default(),
        }),
    }
}
