//! What e-invoices need besides the invoice: addresses in the Peppol network, and codes of units.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::tax::has_check_digit;

/// ISO 3166-1 code of the country whose rules JP PINT is.
pub const JAPAN: &str = "JP";

/// Scheme of 法人番号 (corporate numbers): 13 digits.
pub const CORPORATE: &str = "0188";

/// Scheme of 登録番号 (registration numbers of 適格請求書発行事業者): T and 13 digits.
pub const REGISTERED: &str = "0221";

/// Address of a sender or receiver in the Peppol network (ISO/IEC 6523): `0188:7000012050002`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeppolId {
    /// What the number is, in four digits: [`CORPORATE`] or [`REGISTERED`].
    pub scheme: String,
    /// The number, as its owner has registered it.
    pub id: String,
}

/// Fault of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeppolFault {
    /// It is not one of a Japanese company.
    Form,
    /// The first digit of its corporate number does not fit the others.
    CheckDigit,
}

impl PeppolId {
    /// The corporate number in a registration number. Of a sole proprietor, who has none, it is no address.
    pub fn of_corporate_number(registration_number: &str) -> PeppolId {
        PeppolId { scheme: CORPORATE.to_owned(), id: registration_number.trim_start_matches('T').to_owned() }
    }

    /// A registration number.
    pub fn of_registration_number(registration_number: &str) -> PeppolId {
        PeppolId { scheme: REGISTERED.to_owned(), id: registration_number.to_owned() }
    }

    /// Checks the number by its scheme. Other schemes than those of Japan are right as they are.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), PeppolFault> {
        let is_digits = |text: &str| text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit());
        match self.scheme.as_str() {
            CORPORATE if !is_digits(&self.id) => Err(PeppolFault::Form),
            CORPORATE if !has_check_digit(&self.id) => Err(PeppolFault::CheckDigit),
            // With or without T: that is the owner's to say.
            REGISTERED if !is_digits(self.id.strip_prefix('T').unwrap_or(&self.id)) => Err(PeppolFault::Form),
            _ => Ok(()),
        }
    }
}

impl FromStr for PeppolId {
    type Err = PeppolFault;

    fn from_str(text: &str) -> Result<PeppolId, PeppolFault> {
        let (scheme, id) = text.split_once(':').ok_or(PeppolFault::Form)?;
        if ![CORPORATE, REGISTERED].contains(&scheme) {
            return Err(PeppolFault::Form);
        }
        let parsed = PeppolId { scheme: scheme.to_owned(), id: id.to_owned() };
        parsed.check()?;
        Ok(parsed)
    }
}

impl fmt::Display for PeppolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.id)
    }
}

/// A file that goes with an e-invoice, inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// The invoice's details as CSV.
    Csv,
}

/// `[jp-pint]`: how invoices become e-invoices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JpPintSettings {
    /// What is attached.
    pub attach: Vec<Attachment>,
    /// Codes of units by their names on invoices.
    pub units: BTreeMap<String, &'static str>,
}

/// Code of what is counted by no other unit: one.
pub const ONE: &str = "C62";

/// The codes of UN/ECE Recommendations 20 and 21 that a unit can be given.
pub const UNIT_CODES: [&str; 17] =
    ["C62", "H87", "LS", "EA", "SET", "E34", "4L", "E35", "2P", "AD", "MON", "DAY", "HUR", "MIN", "SEC", "E48", "E50"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_by_their_scheme() {
        for text in ["0188:7000012050002", "0221:T4011001098993", "0221:4011001098993", "0221:T1234567890123"] {
            assert_eq!(text.parse::<PeppolId>().map(|id| id.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "0188", "7000012050002", "0188:T7000012050002", "0188:700001205000", "0221:T", "9915:x"] {
            assert_eq!(text.parse::<PeppolId>(), Err(PeppolFault::Form), "{text}");
        }
        assert_eq!("0188:1234567890123".parse::<PeppolId>(), Err(PeppolFault::CheckDigit));
    }
}
