//! [`Currency`]: the currencies providers bill in, with their minor units (ISO 4217).

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::plain::beginning;

/// A currency an invoice or a provider's bill can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Currency {
    /// Japanese yen: no decimals.
    Jpy,
    /// US dollar: two decimals.
    Usd,
    /// Euro: two decimals.
    Eur,
}

impl Currency {
    /// The ISO 4217 codes.
    pub const NAMES: [(&'static str, Currency); 3] =
        [("JPY", Currency::Jpy), ("USD", Currency::Usd), ("EUR", Currency::Eur)];

    /// The ISO 4217 code.
    pub fn code(self) -> &'static str {
        match self {
            Currency::Jpy => "JPY",
            Currency::Usd => "USD",
            Currency::Eur => "EUR",
        }
    }

    /// The sign printed before an amount.
    pub fn symbol(self) -> &'static str {
        match self {
            Currency::Jpy => "¥",
            Currency::Usd => "$",
            Currency::Eur => "€",
        }
    }

    /// The number of decimals of the minor unit.
    pub fn decimals(self) -> u32 {
        match self {
            Currency::Jpy => 0,
            Currency::Usd | Currency::Eur => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        let code = String::deserialize(deserializer)?;
        let known = Currency::NAMES.iter().find(|(name, _)| *name == code);
        let unknown = || D::Error::custom(format!("unknown currency {:?}", beginning(&code)));
        known.map(|(_, currency)| *currency).ok_or_else(unknown)
    }
}
