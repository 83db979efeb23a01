//! What accountants look for on an invoice: its subject, and the accounts to pay to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::month_text;
use crate::model::bank_account::{AccountKind, BankAccount, grouped_iban};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::issuer::Accounts;
use crate::model::period::BillingMonth;
use crate::model::settings::{Language, PatternField};

/// The subject that the settings give a customer's invoice of a month; none where the words of the templates give it.
pub fn subject(customer: &Customer, month: BillingMonth) -> Option<String> {
    let language = customer.invoice.language;
    let subject = customer.invoice.subject(month)?.of(language);
    Some(subject.fill(|field| match field {
        PatternField::MonthName => month_text(month, language),
        PatternField::Customer => customer.id.clone(),
        PatternField::CustomerName => customer.name.clone(),
        // The pattern was checked when the workspace was read: the others follow from the month.
        field => customer.invoice.numbering.field(field, month).unwrap_or_default(),
    }))
}

/// The whole subject of a document: that of the settings or the month, between the words of the templates.
pub(super) fn subject_line(customer: &Customer, month: BillingMonth, words: &BTreeMap<String, String>) -> String {
    let between =
        |before: &str, text: &str, after: &str| format!("{}{text}{}", word(words, before), word(words, after));
    match subject(customer, month) {
        Some(subject) => between("own_subject_prefix", &subject, "own_subject_suffix"),
        None => between("subject_prefix", &month_text(month, customer.invoice.language), "subject_suffix"),
    }
}

/// An account of `[[issuer.bank]]`, for designs that show its parts.
#[derive(Debug, Serialize)]
pub struct BankView<'a> {
    pub bank: &'a str,
    pub branch: &'a str,
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub number: &'a str,
    pub name: &'a str,
    pub bic: &'a str,
    pub iban: String,
    pub currency: &'static str,
}

fn bank_view<'a>(account: &'a BankAccount, language: Language, words: &'a BTreeMap<String, String>) -> BankView<'a> {
    let kind = account.kind.map(|kind| match kind {
        AccountKind::Ordinary => "account_ordinary",
        AccountKind::Current => "account_current",
        AccountKind::Savings => "account_savings",
        AccountKind::Other => "account_other",
    });
    BankView {
        bank: account.bank.of(language),
        branch: account.branch.as_ref().map_or("", |branch| branch.of(language)),
        kind: kind.map_or("", |key| word(words, key)),
        number: account.number.as_deref().unwrap_or_default(),
        name: account.name.of(language),
        bic: account.bic.as_deref().unwrap_or_default(),
        iban: account.iban.as_deref().map_or_else(String::new, grouped_iban),
        currency: account.currency.code(),
    }
}

/// The accounts in the issuer's own words or, for those of `[[issuer.bank]]`, in words made from their parts, and these
/// parts.
pub(super) fn accounts<'a>(
    accounts: &Accounts<'a>,
    language: Language,
    words: &'a BTreeMap<String, String>,
) -> (Vec<String>, Vec<BankView<'a>>) {
    match accounts {
        Accounts::Lines(lines) => (lines.to_vec(), Vec::new()),
        Accounts::Banks(banks) => {
            let banks: Vec<BankView<'_>> = banks.iter().map(|account| bank_view(account, language, words)).collect();
            (banks.iter().map(|bank| bank_text(bank, language, words)).collect(), banks)
        }
    }
}

/// An account as people write it: bank, branch, kind and number on one line, the codes for payments from abroad below it.
/// Where the currency is foreign, its code is behind the number.
fn bank_text(bank: &BankView<'_>, language: Language, words: &BTreeMap<String, String>) -> String {
    let (between, code) = match language {
        Language::Japanese => (" ", format!("（{}）", bank.currency)),
        Language::English => (", ", format!(" ({})", bank.currency)),
    };
    let mut code = if bank.currency == Currency::JPY.code() { String::new() } else { code };
    let joined = |parts: &[&str]| {
        let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
        parts.join(between)
    };
    let number = match (bank.kind, bank.number) {
        (kind, "") => kind.to_owned(),
        ("", number) => format!("{} {number}{}", word(words, "account_number"), std::mem::take(&mut code)),
        (kind, number) => format!("{kind} {number}{}", std::mem::take(&mut code)),
    };
    let iban =
        if bank.iban.is_empty() { String::new() } else { format!("{} {}{code}", word(words, "iban"), bank.iban) };
    let bic = if bank.bic.is_empty() { String::new() } else { format!("{} {}", word(words, "bic"), bank.bic) };
    let first = joined(&[bank.bank, bank.branch, &number, bank.name]);
    let abroad = joined(&[&iban, &bic]);
    if abroad.is_empty() { first } else { format!("{first}\n{abroad}") }
}

fn word<'a>(words: &'a BTreeMap<String, String>, key: &str) -> &'a str {
    words.get(key).map_or("", String::as_str)
}
