//! Japanese consumption tax: categories and the dated table of rates.

use serde::{Deserialize, Serialize};

use super::amount::{Amount, TooLong};
use super::definition::Definition;
use super::period::BillingMonth;
use super::plain::beginning;
use super::rounding::Rounding;

/// Tax category of a supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
}

impl TaxCategory {
    /// The names in TOML and JSON.
    pub const NAMES: [(&'static str, TaxCategory); 5] = [
        ("standard", TaxCategory::Standard),
        ("reduced", TaxCategory::Reduced),
        ("exempt", TaxCategory::Exempt),
        ("non-taxable", TaxCategory::NonTaxable),
        ("out-of-scope", TaxCategory::OutOfScope),
    ];

    /// The name in TOML and JSON.
    pub fn name(self) -> &'static str {
        TaxCategory::NAMES.iter().find(|(_, category)| *category == self).map_or("", |(name, _)| name)
    }

    /// Whether tax is due on it.
    pub fn is_taxed(self) -> bool {
        matches!(self, TaxCategory::Standard | TaxCategory::Reduced)
    }

    /// The rate for supplies of `month`: zero where no tax is due, none where the category did not exist yet.
    pub fn rate(self, month: BillingMonth) -> Option<TaxRate> {
        if !self.is_taxed() {
            return Some(TaxRate { percent: 0 });
        }
        let month = month.to_string();
        let dated = RATES.iter().find(|(category, from, _)| *category == self && *from <= month.as_str());
        dated.map(|(_, _, percent)| TaxRate { percent: *percent })
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

/// A rate of tax in whole percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaxRate {
    /// 10 for 10 %.
    pub percent: u32,
}

impl TaxRate {
    /// The rate as a factor: 0.1 for 10 %.
    pub fn factor(self) -> Amount {
        Amount::new(i128::from(self.percent), 2).expect("32 bits fit")
    }
}

impl std::fmt::Display for TaxRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", self.percent)
    }
}

impl Serialize for TaxRate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaxRate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<TaxRate, D::Error> {
        let text = String::deserialize(deserializer)?;
        let percent = text.strip_suffix('%').and_then(|percent| percent.parse().ok()).filter(|percent| *percent <= 100);
        let expected =
            || serde::de::Error::custom(format!("expected a rate such as \"10%\", found {:?}", beginning(&text)));
        percent.map(|percent| TaxRate { percent }).ok_or_else(expected)
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
        let percent = i64::from(self.rate.percent);
        match self.included {
            true => (Amount::whole(percent), Amount::whole(100 + percent)),
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
            let rate = category.rate(month.parse().unwrap());
            assert_eq!(rate.map(|rate| rate.percent), expected, "{category:?} {month}");
        }
    }

    /// 980 × 10/110 = 89.09…; at 8 % 980 × 8/108 = 72.59…; without tax 890.909… are left of it.
    #[test]
    fn tax_in_prices() {
        let group = |percent| TaxGroup { category: TaxCategory::Standard, rate: TaxRate { percent }, included: true };
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
