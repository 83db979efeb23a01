//! Checks an `[[issuer.bank]]` whose bank is a code: e-invoices name it as banks know it, so all its parts must be there in
//! the banks' form.

use super::toml_reader::{Section, Value};
use crate::diagnostic::Diagnostic;
use crate::model::bank_account::{BankAccount, is_code};
use crate::model::half_width::half_width;

/// Digits of a branch's code.
const BRANCH_DIGITS: usize = 3;

/// Digits of an account's number.
const NUMBER_DIGITS: usize = 7;

/// Reports what the account lacks.
pub(super) fn check(section: &Section<'_, '_>, account: &BankAccount) {
    let _ = section
        .require("branch", "\"123\"", |value| digits(value, BRANCH_DIGITS, "the code of a branch such as \"123\""));
    let _ = section.require("number", "\"1234567\"", |value| {
        digits(value, NUMBER_DIGITS, "an account number of seven digits such as \"1234567\"")
    });
    if account.kind.is_none() && section.get("type").is_none() {
        let _ = section.require("type", "\"1\"", Value::text);
    }
    let _ = section.read("name", name);
}

fn digits(value: &Value<'_, '_>, count: usize, expected: &str) -> Result<(), Diagnostic> {
    let text = value.text()?;
    if is_code(&text, count) {
        return Ok(());
    }
    let diagnostic = value.expected(expected);
    Err(match text.len() < count && is_code(&text, text.len()) {
        true => diagnostic.with_hint(format!("write the zeros before it: \"{text:0>count$}\"")),
        false => diagnostic.with_hint(
            "an account whose bank is a code is for e-invoices: its branch has three digits, its number seven",
        ),
    })
}

/// The holder's name in the characters that banks have.
fn name(value: &Value<'_, '_>) -> Result<(), Diagnostic> {
    const EXPECTED: &str = "the account's name in half-width kana, as the bank has it";
    let text = value.text().map_err(|_| value.expected(EXPECTED))?;
    match half_width(&text) {
        Some(half) if half == text => Ok(()),
        Some(half) => Err(value.expected(EXPECTED).with_hint(format!("write name = \"{half}\""))),
        None => {
            let diagnostic = value.expected(EXPECTED);
            let unknown = text.chars().find(|c| half_width(&c.to_string()).is_none());
            Err(match unknown {
                Some(c) => diagnostic.with_note(format!("{c} has no half-width form")).with_hint(
                    "copy the name from the bankbook; accounts that invoices print are a second [[issuer.bank]], or bank-accounts",
                ),
                None => diagnostic,
            })
        }
    }
}
