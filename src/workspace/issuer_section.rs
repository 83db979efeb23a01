//! Reads `[issuer]`: the company, what readers of one language see of it, and its accounts.

use std::collections::BTreeSet;

use super::coded_account;
use super::customer_file::registration_number;
use super::peppol_section;
use super::toml_reader::{Section, Value};
use super::values;
use super::wording::{line, line_or_none, texts};
use crate::diagnostic::Diagnostic;
use crate::model::bank_account::{AccountKind, BankAccount, IbanFault, check_iban, grouped_iban, is_bic};
use crate::model::currency::Currency;
use crate::model::issuer::{Issuer, IssuerTexts};
use crate::model::matcher::normalized;
use crate::model::tax::is_japanese_registration;
use crate::model::tax_table::TaxRegime;

/// What one table says of the issuer; absent keys come from the other layer.
#[derive(Clone, Default)]
struct IssuerLayer {
    name: Option<String>,
    postal_code: Option<String>,
    address: Option<Vec<String>>,
    phone: Option<String>,
    email: Option<String>,
    logo: Option<String>,
    seal: Option<String>,
    bank_accounts: Option<Vec<String>>,
}

/// Reads the section; the accounts are in `currency` unless they name another.
pub(super) fn read(section: &Section<'_, '_>, currency: Currency, regime: TaxRegime) -> Issuer {
    let name = section.require("name", "\"サンプル通信株式会社\"", line);
    let registration_number = registration_number(section, regime);
    // The number of Japan's 適格請求書発行事業者 has no place on documents that state another tax.
    let registration_number =
        registration_number.filter(|number| regime.is_japan() || !is_japanese_registration(number));
    let base = IssuerLayer { name, ..IssuerLayer::read(section) };
    let accounts = section.sections("bank", "[[issuer.bank]]");
    let issuer = Issuer {
        registration_number,
        ja: IssuerLayer::of_language(section.section("ja", "[issuer.ja]")).over(&base),
        en: IssuerLayer::of_language(section.section("en", "[issuer.en]")).over(&base),
        banks: accounts.iter().filter_map(|account| bank(account, currency)).collect(),
        peppol: section.read("peppol", peppol_section::address),
    };
    section.finish();
    issuer
}

impl IssuerLayer {
    /// Reads everything but the name, which only some tables must have.
    fn read(section: &Section<'_, '_>) -> IssuerLayer {
        IssuerLayer {
            name: None,
            postal_code: section.read("postal-code", line_or_none),
            address: section.list("address", line_or_none),
            phone: section.read("phone", line_or_none),
            email: section.read("email", values::mail_address),
            logo: section.read("logo", Value::text),
            seal: section.read("seal", Value::text),
            bank_accounts: section.list("bank-accounts", line_or_none),
        }
    }

    fn of_language(section: Option<Section<'_, '_>>) -> IssuerLayer {
        let Some(section) = section else {
            return IssuerLayer::default();
        };
        let layer = IssuerLayer { name: section.read("name", line), ..IssuerLayer::read(&section) };
        section.finish();
        layer
    }

    fn over(self, below: &IssuerLayer) -> IssuerTexts {
        let below = below.clone();
        IssuerTexts {
            // A missing name is an error of its own.
            name: self.name.or(below.name).unwrap_or_default(),
            postal_code: self.postal_code.or(below.postal_code),
            address: self.address.or(below.address).unwrap_or_default(),
            phone: self.phone.or(below.phone),
            email: self.email.or(below.email),
            logo: self.logo.or(below.logo),
            seal: self.seal.or(below.seal),
            bank_accounts: self.bank_accounts.or(below.bank_accounts).unwrap_or_default(),
        }
    }
}

fn bank(section: &Section<'_, '_>, default: Currency) -> Option<BankAccount> {
    let bank = section.require("bank", "\"サンプル銀行\"", texts);
    let branch = section.read("branch", texts);
    let kind = section.read("type", |value| value.one_of(&AccountKind::NAMES));
    let number = section.read("number", account_number);
    let name = section.require("name", "\"サンプルツウシン(カ\"", texts);
    let bic = section.read("bic", bic);
    let iban = section.read("iban", iban);
    let currency = values::currency(section, default);
    let customers = customers(section);
    if section.finish() && !section.has_any(&["number", "iban"]) {
        let diagnostic = Diagnostic::error("an [[issuer.bank]] without a number to pay to");
        section.tell(diagnostic.with_hint("add number = \"1234567\", or iban = \"…\" for an account abroad"));
    }
    let account = BankAccount {
        bank: bank?,
        branch,
        kind,
        number,
        name: name?,
        bic,
        iban,
        currency: currency?,
        customers,
        definition: section.definition(),
    };
    if account.is_coded() {
        coded_account::check(section, &account);
    }
    Some(account)
}

/// `for`: the customers that pay to an account.
fn customers(section: &Section<'_, '_>) -> BTreeSet<String> {
    let customers = section.list("for", |value| value.text().map(|id| normalized(&id).into_owned()));
    if let (Some(value), Some([])) = (section.get("for"), customers.as_deref())
        && value.array().is_ok_and(|entries| entries.is_empty())
    {
        let diagnostic = Diagnostic::error("an account for no customer would never be printed");
        value.told::<()>(Err(diagnostic.with_hint("name customers, or remove `for` if the account is everybody's")));
    }
    customers.unwrap_or_default().into_iter().collect()
}

/// Most characters of an account number: as many as an IBAN has.
const LONGEST_NUMBER: usize = 34;

fn account_number(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let number = values::ascii(&value.text()?);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ' ');
    let is_number = number.chars().all(is_plain)
        && number.contains(|c: char| c.is_ascii_digit())
        && number.chars().nth(LONGEST_NUMBER).is_none();
    if is_number { Ok(number) } else { Err(value.expected("an account number such as \"1234567\"")) }
}

/// A code in capitals without spaces, as banks print them in groups.
fn code(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let text = values::ascii(&value.text()?);
    Ok(text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase())
}

fn bic(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let bic = code(value)?;
    if is_bic(&bic) {
        return Ok(bic);
    }
    let diagnostic = value.expected("a BIC (SWIFT code) of 8 or 11 characters such as \"SMBCJPJT\"");
    Err(diagnostic.with_hint("the bank and a country, such as JP, are six characters; the place two, a branch three"))
}

fn iban(value: &Value<'_, '_>) -> Result<String, Diagnostic> {
    let iban = code(value)?;
    match check_iban(&iban) {
        Ok(()) => Ok(iban),
        Err(IbanFault::Form) => {
            let diagnostic = value.expected("an IBAN such as \"DE89 3704 0044 0532 0130 00\"");
            Err(diagnostic.with_hint("accounts in Japan have none: write their number = \"…\""))
        }
        Err(IbanFault::CheckDigits) => {
            let message =
                format!("the check digits of the IBAN {} do not fit its other characters", grouped_iban(&iban));
            Err(Diagnostic::error(message)
                .with_hint("a character is mistyped or missing: copy it from the bank's own statement"))
        }
    }
}
