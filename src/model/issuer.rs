//! [`Issuer`]: the company that bills, as readers of each language see it.

use super::bank_account::{BankAccount, accounts_for};
use super::currency::Currency;
use super::language::Language;
use super::peppol::PeppolId;

/// The company that bills.
#[derive(Clone, Debug, Default)]
pub struct Issuer {
    /// 登録番号: T and 13 digits.
    pub registration_number: Option<String>,
    /// What Japanese readers see.
    pub ja: IssuerTexts,
    /// What English readers see.
    pub en: IssuerTexts,
    /// `[[issuer.bank]]`: the accounts that customers pay to.
    pub banks: Vec<BankAccount>,
    /// `peppol`: its address in the Peppol network; by its registration number where it is not set.
    pub peppol: Option<PeppolId>,
}

/// The issuer for readers of one language.
#[derive(Clone, Debug, Default)]
pub struct IssuerTexts {
    /// Company name.
    pub name: String,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Address, a line each.
    pub address: Vec<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Image file, from the workspace's root.
    pub logo: Option<String>,
    /// Image file, from the workspace's root.
    pub seal: Option<String>,
    /// `bank-accounts`: accounts to pay to in the issuer's own words, a line each.
    pub bank_accounts: Vec<String>,
}

/// The accounts that an invoice names.
#[derive(Clone, Debug)]
pub enum Accounts<'a> {
    /// Those in the issuer's own words.
    Lines(&'a [String]),
    /// Those of `[[issuer.bank]]` in the invoice's currency.
    Banks(Vec<&'a BankAccount>),
}

impl Accounts<'_> {
    /// Whether the invoice names none.
    pub fn is_empty(&self) -> bool {
        match self {
            Accounts::Lines(lines) => lines.is_empty(),
            Accounts::Banks(banks) => banks.is_empty(),
        }
    }
}

impl Issuer {
    /// What readers of a language see.
    pub fn of(&self, language: Language) -> &IssuerTexts {
        match language {
            Language::Japanese => &self.ja,
            Language::English => &self.en,
        }
    }

    /// The accounts for an invoice in a currency to a customer: those of `[[issuer.bank]]` that fit it or, where none does,
    /// `bank-accounts`.
    pub fn accounts(&self, language: Language, currency: Currency, customer: &str) -> Accounts<'_> {
        let banks = accounts_for(&self.banks, currency, customer);
        if banks.is_empty() { Accounts::Lines(&self.of(language).bank_accounts) } else { Accounts::Banks(banks) }
    }
}
