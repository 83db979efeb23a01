//! [`BankAccount`]: an account that customers pay to, and the checks of its codes.

use std::collections::BTreeSet;

use super::currency::Currency;
use super::definition::Definition;
use super::wording::Wording;

/// `[[issuer.bank]]`: an account that customers pay to. It has a number, an IBAN or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankAccount {
    /// `bank`: name of the bank.
    pub bank: Wording,
    /// `branch`: name of the branch.
    pub branch: Option<Wording>,
    /// `type`: kind of account.
    pub kind: Option<AccountKind>,
    /// `number`: account number.
    pub number: Option<String>,
    /// `name`: account holder as the bank has it.
    pub name: Wording,
    /// `bic`: the bank's SWIFT code, upper case.
    pub bic: Option<String>,
    /// `iban`: upper case without spaces.
    pub iban: Option<String>,
    /// `currency`: currency of the invoices that are paid to it.
    pub currency: Currency,
    /// `for`: ids of the customers that pay to it instead of the account of everybody; empty for everybody.
    pub customers: BTreeSet<String>,
    /// Where it is written.
    pub definition: Definition,
}

impl BankAccount {
    /// Whether it belongs to the customer with that id alone, or to a few such customers.
    fn is_for(&self, customer: &str) -> bool {
        self.customers.contains(customer)
    }

    /// Whether its bank is a code of 全国銀行協会 (Zengin) in place of a name: it is for e-invoices, and is not printed.
    pub fn is_coded(&self) -> bool {
        matches!(&self.bank, Wording::Only(bank) if is_code(bank, BANK_DIGITS))
    }

    /// The identifier of a coded account in e-invoices: `0001:123:1:1234567`.
    pub fn identifier(&self) -> Option<String> {
        let (Wording::Only(bank), Some(Wording::Only(branch))) = (&self.bank, &self.branch) else {
            return None;
        };
        let (kind, number) = (self.kind?.code(), self.number.as_ref()?);
        self.is_coded().then(|| format!("{bank}:{branch}:{kind}:{number}"))
    }
}

/// Digits of a bank's code.
const BANK_DIGITS: usize = 4;

/// Whether a text is a code of that many digits.
pub fn is_code(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Kind of a Japanese account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// 普通
    Ordinary,
    /// 当座
    Current,
    /// 貯蓄
    Savings,
    /// その他
    Other,
}

impl AccountKind {
    /// The names in TOML: in English, as Japanese bankbooks have them, and the codes of 全国銀行協会.
    pub const NAMES: [(&'static str, AccountKind); 12] = [
        ("ordinary", AccountKind::Ordinary),
        ("current", AccountKind::Current),
        ("savings", AccountKind::Savings),
        ("other", AccountKind::Other),
        ("普通", AccountKind::Ordinary),
        ("当座", AccountKind::Current),
        ("貯蓄", AccountKind::Savings),
        ("その他", AccountKind::Other),
        ("1", AccountKind::Ordinary),
        ("2", AccountKind::Current),
        ("4", AccountKind::Savings),
        ("9", AccountKind::Other),
    ];

    /// The code of 全国銀行協会 for payments.
    fn code(self) -> &'static str {
        match self {
            AccountKind::Ordinary => "1",
            AccountKind::Current => "2",
            AccountKind::Savings => "4",
            AccountKind::Other => "9",
        }
    }

    /// The English name in TOML, also that in JSON.
    pub fn name(self) -> &'static str {
        AccountKind::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// The printed accounts for an invoice in a currency to a customer: those of the customer alone or, where there are none,
/// those of everybody.
pub fn accounts_for<'a>(accounts: &'a [BankAccount], currency: Currency, customer: &str) -> Vec<&'a BankAccount> {
    chosen(accounts, currency, customer, false)
}

/// The same of coded accounts, which e-invoices name.
pub fn coded_for<'a>(accounts: &'a [BankAccount], currency: Currency, customer: &str) -> Vec<&'a BankAccount> {
    chosen(accounts, currency, customer, true)
}

fn chosen<'a>(accounts: &'a [BankAccount], currency: Currency, customer: &str, is_coded: bool) -> Vec<&'a BankAccount> {
    let is_wanted = move |account: &&BankAccount| account.currency == currency && account.is_coded() == is_coded;
    let in_currency = || accounts.iter().filter(is_wanted);
    let own: Vec<&BankAccount> = in_currency().filter(|account| account.is_for(customer)).collect();
    if own.is_empty() { in_currency().filter(|account| account.customers.is_empty()).collect() } else { own }
}

/// Fault of an IBAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IbanFault {
    /// It does not have the form of an IBAN.
    Form,
    /// Its check digits do not fit its other characters.
    CheckDigits,
}

/// Least and most characters of an IBAN: 15 in Norway, and 34 by ISO 13616.
const IBAN_LENGTHS: std::ops::RangeInclusive<usize> = 15..=34;

/// Checks an IBAN in capitals without spaces: a country, two check digits and the account, by ISO 13616.
///
/// With the first four characters moved to the end and letters as numbers (A is 10), the whole leaves 1 when divided by 97
/// (ISO 7064, MOD 97-10).
///
/// # Errors
/// Another form, or check digits that do not fit.
pub fn check_iban(iban: &str) -> Result<(), IbanFault> {
    let bytes = iban.as_bytes();
    let is_account = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let [first, second, third, fourth, account @ ..] = bytes else {
        return Err(IbanFault::Form);
    };
    let has_form = [first, second].iter().all(|byte| byte.is_ascii_uppercase())
        && [third, fourth].iter().all(|byte| byte.is_ascii_digit())
        && is_account(account)
        && IBAN_LENGTHS.contains(&bytes.len());
    if !has_form {
        return Err(IbanFault::Form);
    }
    let moved = account.iter().chain(&bytes[..4]);
    let remainder = moved.fold(0, |remainder: u32, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    if remainder == 1 { Ok(()) } else { Err(IbanFault::CheckDigits) }
}

/// An IBAN in groups of four, as ISO 13616 prints it.
pub fn grouped_iban(iban: &str) -> String {
    let characters: Vec<char> = iban.chars().collect();
    characters.chunks(4).map(String::from_iter).collect::<Vec<String>>().join(" ")
}

/// Whether a text has the form of a BIC (ISO 9362): four characters of the party, a country, two characters more, and
/// three of a branch where it names one.
pub fn is_bic(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.len(), 8 | 11)
        && bytes.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && bytes[4..6].iter().all(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the SWIFT registry of IBANs for Germany, the United Kingdom, Norway and Malta, of 15 to 31 characters.
    #[test]
    fn ibans_are_checked_by_their_digits() {
        for iban in
            ["DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947", "MT84MALT011000012345MTLCAST001S"]
        {
            assert_eq!(check_iban(iban), Ok(()), "{iban}");
        }
        // One digit changed, two neighbours swapped.
        for iban in ["DE89370400440532013001", "DE89370400440532010300", "GB29NWKB60161331926819"] {
            assert_eq!(check_iban(iban), Err(IbanFault::CheckDigits), "{iban}");
        }
        for iban in
            ["", "DE8", "DE893704004405", "de89370400440532013000", "D189370400440532013000", "DEX9370400440532013000"]
        {
            assert_eq!(check_iban(iban), Err(IbanFault::Form), "{iban}");
        }
        assert_eq!(check_iban(&format!("DE89{}", "0".repeat(31))), Err(IbanFault::Form));
        assert_eq!(grouped_iban("NO9386011117947"), "NO93 8601 1117 947");
    }

    #[test]
    fn bics_have_eight_or_eleven_characters() {
        for bic in ["DEUTDEFF", "SMBCJPJT", "BOTKJPJT500", "NEDSZAJJ123"] {
            assert!(is_bic(bic), "{bic}");
        }
        for bic in ["", "DEUTDEF", "DEUTDEFFX", "DEUT1EFF", "deutdeff", "DEUTDEFF5000", "DEUT-DEFF"] {
            assert!(!is_bic(bic), "{bic}");
        }
    }

    #[test]
    fn an_account_of_one_customer_takes_the_place_of_everybodys() {
        let account = |name: &str, currency, customers: &[&str]| BankAccount {
            bank: Wording::Only(name.to_owned()),
            branch: None,
            kind: None,
            number: Some("1".to_owned()),
            name: Wording::Only(String::new()),
            bic: None,
            iban: None,
            currency,
            customers: customers.iter().map(|id| (*id).to_owned()).collect(),
            definition: Definition::default(),
        };
        let accounts = [
            account("yen", Currency::JPY, &[]),
            account("dollars", Currency::USD, &[]),
            account("virtual", Currency::JPY, &["acme", "bravo"]),
        ];
        for (currency, customer, expected) in [
            (Currency::JPY, "acme", &["virtual"][..]),
            (Currency::JPY, "other", &["yen"]),
            (Currency::USD, "acme", &["dollars"]),
            (Currency::EUR, "acme", &[]),
        ] {
            assert!(coded_for(&accounts, currency, customer).is_empty());
            let names: Vec<String> = accounts_for(&accounts, currency, customer)
                .iter()
                .map(|account| account.bank.of(super::super::language::Language::English).clone())
                .collect();
            assert_eq!(names, expected, "{currency} {customer}");
        }
    }

    #[test]
    fn coded_accounts_are_for_e_invoices_alone() {
        let account = |bank: &str, branch: &str| BankAccount {
            bank: Wording::Only(bank.to_owned()),
            branch: Some(Wording::Only(branch.to_owned())),
            kind: Some(AccountKind::Current),
            number: Some("0123456".to_owned()),
            name: Wording::Only(String::new()),
            bic: None,
            iban: None,
            currency: Currency::JPY,
            customers: BTreeSet::new(),
            definition: Definition::default(),
        };
        let accounts = [account("サンプル銀行", "本店"), account("0001", "123")];
        let coded = coded_for(&accounts, Currency::JPY, "acme");
        assert_eq!(coded[0].identifier().as_deref(), Some("0001:123:2:0123456"));
        assert_eq!(accounts_for(&accounts, Currency::JPY, "acme"), [&accounts[0]]);
        assert_eq!((coded.len(), accounts[0].identifier()), (1, None));
    }
}
