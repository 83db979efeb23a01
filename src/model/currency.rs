//! [`Currency`]: the currencies that providers bill in, with their minor units (ISO 4217).

use std::fmt;
use std::sync::LazyLock;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::plain::beginning;
use super::text::Text;

/// Codes and the decimals of their minor units. ISO 4217, list one, without what has no minor unit (metals, units of account,
/// `XXX`), and the codes withdrawn since 2019 (BGN, HRK, ANG, CUC, SLL, ZWL), in which old months were billed. New codes go to
/// the end: what is sorted by currency keeps its order.
static TABLE: LazyLock<Vec<(&str, u32)>> = LazyLock::new(|| {
    let lines = include_str!("currencies.csv").lines().skip(1);
    let entry = |line: &'static str| {
        let (code, decimals) = line.split_once(',')?;
        Some((code, decimals.parse().ok()?))
    };
    lines.filter_map(entry).collect()
});

/// A currency that an invoice or a provider's bill can be in: its index in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(u8);

impl Currency {
    /// Japanese yen: no decimals.
    pub const JPY: Currency = Currency(0);
    /// US dollar: two decimals.
    pub const USD: Currency = Currency(1);
    /// Euro: two decimals.
    pub const EUR: Currency = Currency(2);

    /// The currency with that ISO 4217 code.
    pub fn of(code: &str) -> Option<Currency> {
        let index = TABLE.iter().position(|(known, _)| *known == code)?;
        u8::try_from(index).ok().map(Currency)
    }

    /// The ISO 4217 code.
    pub fn code(self) -> &'static str {
        TABLE[usize::from(self.0)].0
    }

    /// What is printed before an amount: the sign of yen, US dollars, euros and pounds; else the code with a space that does not
    /// break, because other signs are of several currencies.
    pub fn symbol(self) -> String {
        match self.code() {
            "JPY" => "¥".to_owned(),
            "USD" => "$".to_owned(),
            "EUR" => "€".to_owned(),
            "GBP" => "£".to_owned(),
            code => format!("{code}\u{a0}"),
        }
    }

    /// The number of decimals of the minor unit.
    pub fn decimals(self) -> u32 {
        TABLE[usize::from(self.0)].1
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
        let code = Text::deserialize(deserializer)?;
        let unknown = || D::Error::custom(format!("unknown currency {:?}", beginning(&code)));
        Currency::of(&code).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every line of the table is read, and the constants are what they are called.
    #[test]
    fn the_table_is_whole() {
        let lines = include_str!("currencies.csv").lines().count() - 1;
        let codes: BTreeSet<&str> = TABLE.iter().map(|(code, _)| *code).collect();
        assert_eq!((TABLE.len(), codes.len()), (lines, lines));
        assert!(codes.iter().all(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())));
        for (constant, code) in [(Currency::JPY, "JPY"), (Currency::USD, "USD"), (Currency::EUR, "EUR")] {
            assert_eq!((constant.code(), Currency::of(code)), (code, Some(constant)));
        }
        assert_eq!(Currency::of("jpy"), None);
        assert_eq!(Currency::of("XXX"), None);
    }

    /// The currencies without decimals, with three and with four, as ISO 4217 lists them.
    #[test]
    fn minor_units_are_those_of_the_standard() {
        let of = |decimals: u32| {
            let found = TABLE.iter().filter(|(_, known)| *known == decimals).map(|(code, _)| *code);
            found.collect::<BTreeSet<&str>>().into_iter().collect::<Vec<&str>>().join(" ")
        };
        assert_eq!(of(0), "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF");
        assert_eq!(of(3), "BHD IQD JOD KWD LYD OMR TND");
        assert_eq!(of(4), "CLF UYW");
        assert_eq!(TABLE.iter().filter(|(_, decimals)| *decimals == 2).count(), TABLE.len() - 17 - 7 - 2);
    }

    #[test]
    fn signs_of_several_currencies_are_printed_as_codes() {
        let symbol = |code: &str| Currency::of(code).unwrap().symbol();
        assert_eq!(["JPY", "USD", "EUR", "GBP"].map(symbol), ["¥", "$", "€", "£"]);
        assert_eq!(["CNY", "AUD"].map(symbol), ["CNY\u{a0}", "AUD\u{a0}"]);
    }
}
