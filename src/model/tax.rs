//! Tax categories and rates, and Japan's dated table of rates.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::amount::{Amount, TooLong};
use super::definition::Definition;
use super::period::BillingMonth;
use super::plain::beginning;
use super::rounding::Rounding;
use super::text::Text;

/// Tax category of a supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaxCategory {
    /// 課税, standard rate.
    Standard,
    /// 課税, reduced rate (軽減税率).
    Reduced,
    /// 免税: exports, international communication.
    Exempt,
    /// 非課税.
    NonTaxable,
    /// 不課税: outside the tax's scope.
    OutOfScope,
    /// A category of the workspace's own rates.
    Own(OwnCategory),
}

/// Name of a category of the workspace's own, padded with zeros so that a category is copied like the others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnCategory([u8; OwnCategory::LONGEST]);

impl OwnCategory {
    /// Length of the longest name.
    pub const LONGEST: usize = 23;

    /// A name of lower-case letters, digits and hyphens that begins with a letter.
    fn of(name: &str) -> Option<OwnCategory> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(is_plain);
        let mut bytes = [0; OwnCategory::LONGEST];
        bytes.get_mut(..name.len()).filter(|_| is_name)?.copy_from_slice(name.as_bytes());
        Some(OwnCategory(bytes))
    }

    fn name(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }
}

impl fmt::Debug for OwnCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TaxCategory {
    /// The names in TOML and JSON of the categories that every workspace knows.
    pub const NAMES: [(&'static str, TaxCategory); 5] = [
        ("standard", TaxCategory::Standard),
        ("reduced", TaxCategory::Reduced),
        ("exempt", TaxCategory::Exempt),
        ("non-taxable", TaxCategory::NonTaxable),
        ("out-of-scope", TaxCategory::OutOfScope),
    ];

    /// The category with that name, a known one or one of a workspace's own; none where the text is no name.
    pub fn named(name: &str) -> Option<TaxCategory> {
        let known = TaxCategory::NAMES.iter().find(|(known, _)| *known == name).map(|(_, category)| *category);
        known.or_else(|| OwnCategory::of(name).map(TaxCategory::Own))
    }

    /// The name in TOML and JSON.
    pub fn name(&self) -> &str {
        match self {
            TaxCategory::Standard => "standard",
            TaxCategory::Reduced => "reduced",
            TaxCategory::Exempt => "exempt",
            TaxCategory::NonTaxable => "non-taxable",
            TaxCategory::OutOfScope => "out-of-scope",
            TaxCategory::Own(own) => own.name(),
        }
    }

    /// Whether tax is due on it.
    pub fn is_taxed(self) -> bool {
        !matches!(self, TaxCategory::Exempt | TaxCategory::NonTaxable | TaxCategory::OutOfScope)
    }

    /// Japan's rate for supplies of `month`: zero where no tax is due, none where the category did not exist yet.
    pub fn japanese_rate(self, month: BillingMonth) -> Option<TaxRate> {
        if !self.is_taxed() {
            return Some(TaxRate::ZERO);
        }
        let month = month.to_string();
        let dated = RATES.iter().find(|(category, from, _)| *category == self && *from <= month.as_str());
        dated.map(|(_, _, percent)| TaxRate::whole(*percent))
    }
}

impl Serialize for TaxCategory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for TaxCategory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TaxCategory, D::Error> {
        let text = Text::deserialize(deserializer)?;
        let expected = || {
            serde::de::Error::custom(format!(
                "expected a tax category such as \"standard\", found {:?}",
                beginning(&text)
            ))
        };
        TaxCategory::named(&text).ok_or_else(expected)
    }
}

/// Tax settings of a customer: `[tax]` of its file, then that of `invoicer.toml`.
#[derive(Clone, Debug)]
pub struct CustomerTax {
    /// The category of everything that no rule matches.
    pub category: TaxCategory,
    /// How tax is rounded, once per rate and invoice.
    pub rounding: Rounding,
    /// Where the category is set; the path is empty for the default.
    pub category_definition: Definition,
    /// Where the rounding is set; the path is empty for the default.
    pub rounding_definition: Definition,
}

/// Rates by the first month of supply they hold for, newest first; a bill's month decides, not the date of issue.
/// 消費税法 29条 and its amendments of 2012 (平成24年法律68号) and 2016; National Tax Agency answer No. 6303.
const RATES: [(TaxCategory, &str, u32); 4] = [
    (TaxCategory::Standard, "201910", 10),
    (TaxCategory::Standard, "201404", 8),
    (TaxCategory::Standard, "199704", 5),
    (TaxCategory::Reduced, "201910", 8),
];

/// A rate of tax, exact to four decimals of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaxRate {
    /// In millionths: 100,000 for 10 %.
    millionths: u32,
}

impl TaxRate {
    /// No tax.
    pub const ZERO: TaxRate = TaxRate::whole(0);

    /// Decimals of a percent that a rate can have.
    pub const DECIMALS: u32 = 4;

    /// A rate of whole percent.
    pub const fn whole(percent: u32) -> TaxRate {
        TaxRate { millionths: percent * 10_000 }
    }

    /// A rate in percent; none below zero, above 100 and with more than [`DECIMALS`](Self::DECIMALS) decimals.
    pub fn of_percent(percent: Amount) -> Option<TaxRate> {
        let millionths = percent.coefficient_at(TaxRate::DECIMALS).ok()?;
        let millionths = u32::try_from(millionths).ok().filter(|millionths| *millionths <= 1_000_000)?;
        Some(TaxRate { millionths })
    }

    /// 10 for 10 %.
    pub fn percent(self) -> Amount {
        Amount::short(i64::from(self.millionths), TaxRate::DECIMALS)
    }

    /// 110 for 10 %: what a price that includes the tax has of its hundredths.
    pub fn percent_with_price(self) -> Amount {
        Amount::short(1_000_000 + i64::from(self.millionths), TaxRate::DECIMALS)
    }

    /// The rate in percent when it is whole.
    pub fn whole_percent(self) -> Option<u32> {
        self.millionths.is_multiple_of(10_000).then_some(self.millionths / 10_000)
    }

    /// The rate as a factor: 0.1 for 10 %.
    pub fn factor(self) -> Amount {
        Amount::short(i64::from(self.millionths), TaxRate::DECIMALS + 2)
    }
}

impl fmt::Display for TaxRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.percent())
    }
}

impl Serialize for TaxRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaxRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TaxRate, D::Error> {
        let text = Text::deserialize(deserializer)?;
        let percent = text.strip_suffix('%').and_then(|percent| Amount::parse(percent.as_bytes()).ok());
        let expected =
            || serde::de::Error::custom(format!("expected a rate such as \"10%\", found {:?}", beginning(&text)));
        percent.and_then(TaxRate::of_percent).ok_or_else(expected)
    }
}

/// What is taxed together on an invoice: a category at a rate, and in it prices with and without tax apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaxGroup {
    /// Category.
    pub category: TaxCategory,
    /// Rate.
    pub rate: TaxRate,
    /// Whether prices include the tax.
    pub included: bool,
}

impl TaxGroup {
    /// The share of a sum of prices that is tax, as numerator and denominator: 0.1 and 1, or 10 and 110 where the prices
    /// include it (消費税法施行令70条の10 第2号).
    fn share(self) -> (Amount, Amount) {
        match self.included {
            true => (self.rate.percent(), self.rate.percent_with_price()),
            false => (self.rate.factor(), Amount::whole(1)),
        }
    }

    /// Tax of a sum of prices, rounded once.
    ///
    /// # Errors
    /// When it has too many digits.
    pub fn tax(self, prices: Amount, rounding: Rounding, decimals: u32) -> Result<Amount, TooLong> {
        self.tax_at(prices, Amount::whole(1), rounding, decimals)
    }

    /// [`tax`](Self::tax) in another currency, at that rate.
    ///
    /// # Errors
    /// When it has too many digits.
    pub fn tax_at(self, prices: Amount, rate: Amount, rounding: Rounding, decimals: u32) -> Result<Amount, TooLong> {
        let (numerator, denominator) = self.share();
        let product = prices.times(numerator)?.times(rate)?;
        match self.included {
            true => rounding.quotient(product, denominator, decimals),
            false => rounding.apply(product, decimals),
        }
    }

    /// What is left of a price without its tax: exact, or to ten decimals more where the quotient has no end.
    ///
    /// # Errors
    /// When it has too many digits.
    pub fn without_tax(self, price: Amount) -> Result<Amount, TooLong> {
        match self.included {
            true => price.minus(self.tax(price, Rounding::HalfEven, price.scale() + 10)?),
            false => Ok(price),
        }
    }
}

/// Whether a text has the form of Japan's registration numbers: T and 13 digits.
pub fn is_japanese_registration(number: &str) -> bool {
    number
        .strip_prefix('T')
        .is_some_and(|digits| digits.len() == 13 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether the first of a registration number's 13 digits is the correct check digit of the other twelve.
///
/// 9 − (Σ Pₙ·Qₙ mod 9), Pₙ the n-th digit from the right, Qₙ 1 for odd n and 2 for even (平成26年財務省令70号 2条).
/// Numbers of sole proprietors do not follow it, so a mismatch is a warning at most.
pub fn has_check_digit(number: &str) -> bool {
    let digits: Vec<u32> = number.trim_start_matches('T').chars().filter_map(|c| c.to_digit(10)).collect();
    let [check, base @ ..] = digits.as_slice() else {
        return false;
    };
    let sum: u32 = base.iter().rev().zip([1, 2].iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    base.len() == 12 && *check == 9 - sum % 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_follow_the_month_of_supply() {
        for (category, month, expected) in [
            (TaxCategory::Standard, "201403", Some(5)),
            (TaxCategory::Standard, "201404", Some(8)),
            (TaxCategory::Standard, "201909", Some(8)),
            (TaxCategory::Standard, "201910", Some(10)),
            (TaxCategory::Standard, "202208", Some(10)),
            (TaxCategory::Reduced, "201909", None),
            (TaxCategory::Reduced, "201910", Some(8)),
            (TaxCategory::Exempt, "202208", Some(0)),
        ] {
            let rate = category.japanese_rate(month.parse().unwrap());
            assert_eq!(rate.and_then(TaxRate::whole_percent), expected, "{category:?} {month}");
        }
    }

    /// 980 × 10/110 = 89.09…; at 8 % 980 × 8/108 = 72.59…; without tax 890.909… are left of it.
    #[test]
    fn tax_in_prices() {
        let group =
            |percent| TaxGroup { category: TaxCategory::Standard, rate: TaxRate::whole(percent), included: true };
        let price = Amount::whole(980);
        for (percent, rounding, expected) in
            [(10, Rounding::Up, 90), (10, Rounding::Down, 89), (8, Rounding::Down, 72), (8, Rounding::HalfUp, 73)]
        {
            assert_eq!(group(percent).tax(price, rounding, 0), Ok(Amount::whole(expected)), "{percent} {rounding:?}");
            assert_eq!(group(percent).tax(price.negated(), rounding, 0), Ok(Amount::whole(-expected)));
        }
        assert_eq!(group(10).without_tax(price).unwrap().to_string(), "890.9090909091");
        let without = TaxGroup { included: false, ..group(10) };
        assert_eq!(without.tax(price, Rounding::Up, 0), Ok(Amount::whole(98)));
    }

    /// 7.7 % of 980 is 75.46; in 980 it is 980 × 7.7/107.7 = 70.0649…; 8.875 % of 40 is 3.55, in 40 it is 3.2606….
    #[test]
    fn rates_with_decimals_are_exact() {
        let rate = |text: &str| serde_json::from_str::<TaxRate>(&format!("\"{text}\"")).ok();
        let group = |text: &str, included| TaxGroup {
            category: TaxCategory::named("lodging").unwrap(),
            rate: rate(text).unwrap(),
            included,
        };
        let tax = |text: &str, included, price: i64, decimals| {
            group(text, included).tax(Amount::whole(price), Rounding::Down, decimals).unwrap().to_string()
        };
        assert_eq!((tax("7.7%", false, 980, 2), tax("7.7%", true, 980, 2)), ("75.46".to_owned(), "70.06".to_owned()));
        assert_eq!((tax("8.875%", false, 40, 3), tax("8.875%", true, 40, 3)), ("3.55".to_owned(), "3.26".to_owned()));
        assert_eq!(rate("7.70%").unwrap().to_string(), "7.7%");
        assert_eq!(rate("8.875%").unwrap().factor().to_string(), "0.08875");
        for wrong in ["7.7", "-1%", "100.0001%", "1.00001%", "%", "1e9%"] {
            assert_eq!(rate(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn own_categories_have_plain_names() {
        for name in ["standard", "non-taxable", "lodging", "a", "super-reduced-2", "abcdefghijklmnopqrstuvw"] {
            assert_eq!(TaxCategory::named(name).unwrap().name(), name);
        }
        for wrong in ["", "Standard", "2nd", "-a", "a b", "税", "abcdefghijklmnopqrstuvwx", "a\0"] {
            assert_eq!(TaxCategory::named(wrong), None, "{wrong:?}");
        }
        let categories = ["a", "b", "ba"].map(|name| TaxCategory::named(name).unwrap());
        assert!(categories.is_sorted() && categories[0] > TaxCategory::OutOfScope);
    }

    /// The examples of `japan.md` §1.2, tested against the ministry's formula by hand.
    #[test]
    fn check_digits() {
        for valid in
            ["T7000012050002", "T4011001098993", "T8700110005901", "T7123456789012", "T2040001999902", "T7010001008844"]
        {
            assert!(has_check_digit(valid), "{valid}");
        }
        assert!(!has_check_digit("T1234567890123"));
        assert!(!has_check_digit("T"));
    }
}
