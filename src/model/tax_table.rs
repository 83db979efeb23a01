//! [`TaxTable`]: the regime under which a workspace taxes its documents, and the rates of its own.

use serde::{Deserialize, Serialize};

use super::definition::Definition;
use super::language::Language;
use super::period::BillingMonth;
use super::tax::{TaxCategory, TaxRate};
use super::wording::Wording;

/// Whose tax documents state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaxRegime {
    /// Japan's consumption tax, with its dated rates built in.
    #[default]
    Japan,
    /// No tax: totals are subtotals.
    None,
    /// The rates of the workspace's `[[tax.rate]]`.
    Custom,
}

impl TaxRegime {
    /// The names in TOML and JSON.
    pub const NAMES: [(&'static str, TaxRegime); 3] =
        [("japan", TaxRegime::Japan), ("none", TaxRegime::None), ("custom", TaxRegime::Custom)];

    /// The name in TOML and JSON.
    pub fn name(self) -> &'static str {
        TaxRegime::NAMES.iter().find(|(_, regime)| *regime == self).map_or("", |(name, _)| name)
    }

    /// Whether documents state Japan's consumption tax.
    pub fn is_japan(&self) -> bool {
        *self == TaxRegime::Japan
    }
}

/// `[[tax.rate]]`: the rate of a category from a month of supply on.
#[derive(Clone, Debug)]
pub struct DatedRate {
    /// Category.
    pub category: TaxCategory,
    /// Rate.
    pub rate: TaxRate,
    /// First month of supply that it holds for.
    pub from: BillingMonth,
    /// Name of the tax as documents print it before the rate.
    pub name: Wording,
    /// Where it is written.
    pub definition: Definition,
}

/// `[tax] regime` and `[[tax.rate]]`.
#[derive(Clone, Debug, Default)]
pub struct TaxTable {
    /// The regime.
    pub regime: TaxRegime,
    /// The rates, in the order of the file.
    pub rates: Vec<DatedRate>,
}

impl TaxTable {
    /// The rate of a category for supplies of `month`: zero where no tax is due, none where there is none yet.
    pub fn rate(&self, category: TaxCategory, month: BillingMonth) -> Option<TaxRate> {
        match self.regime {
            TaxRegime::Japan => category.japanese_rate(month),
            TaxRegime::Custom if category.is_taxed() => self.in_force(category, month).map(|dated| dated.rate),
            TaxRegime::None | TaxRegime::Custom => Some(TaxRate::ZERO),
        }
    }

    fn in_force(&self, category: TaxCategory, month: BillingMonth) -> Option<&DatedRate> {
        self.of_category(category).filter(|dated| dated.from <= month).max_by_key(|dated| dated.from)
    }

    fn of_category(&self, category: TaxCategory) -> impl Iterator<Item = &DatedRate> {
        self.rates.iter().filter(move |dated| dated.category == category)
    }

    /// The first rate of a category.
    pub fn first_of(&self, category: TaxCategory) -> Option<&DatedRate> {
        self.of_category(category).min_by_key(|dated| dated.from)
    }

    /// Name of the tax of a category at a rate on a document of `month`, which may tax supplies of earlier months; none where
    /// the rate is not the workspace's own.
    pub fn name_of(
        &self,
        category: TaxCategory,
        rate: TaxRate,
        month: BillingMonth,
        language: Language,
    ) -> Option<&str> {
        let dated = self.of_category(category).filter(|dated| dated.rate == rate && dated.from <= month);
        Some(dated.max_by_key(|dated| dated.from)?.name.of(language))
    }

    /// The category of everything for which none is set.
    pub fn usual_category(&self) -> TaxCategory {
        match self.regime {
            TaxRegime::Japan | TaxRegime::Custom => TaxCategory::Standard,
            TaxRegime::None => TaxCategory::OutOfScope,
        }
    }

    /// What `check` says of it: the rates in the order of the file, each with its first month; none for Japan's.
    pub fn status(&self) -> Option<String> {
        let rate = |dated: &DatedRate| {
            let name = dated.name.of(Language::English);
            format!("{} {name} {} ({}-)", dated.category.name(), dated.rate, dated.from)
        };
        match self.regime {
            TaxRegime::Japan => None,
            TaxRegime::None => Some("documents state no tax".to_owned()),
            TaxRegime::Custom => {
                let rates: Vec<String> = self.rates.iter().map(rate).collect();
                Some(format!("tax rates: {}", rates.join(", ")))
            }
        }
    }

    /// The categories that settings can name, by their names: none where there is no tax.
    pub fn categories(&self) -> Vec<(&str, TaxCategory)> {
        let mut categories: Vec<(&str, TaxCategory)> = match self.regime {
            TaxRegime::None => return Vec::new(),
            TaxRegime::Japan => return TaxCategory::NAMES.to_vec(),
            TaxRegime::Custom => self.rates.iter().map(|dated| (dated.category.name(), dated.category)).collect(),
        };
        categories.extend(TaxCategory::NAMES.into_iter().filter(|(_, category)| !category.is_taxed()));
        categories.sort_by_key(|(_, category)| *category);
        categories.dedup();
        categories
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::amount::Amount;

    fn month(text: &str) -> BillingMonth {
        text.parse().unwrap()
    }

    fn dated(category: &str, from: &str, percent: &str, name: &str) -> DatedRate {
        DatedRate {
            category: TaxCategory::named(category).unwrap(),
            rate: TaxRate::of_percent(Amount::parse(percent.as_bytes()).unwrap()).unwrap(),
            from: month(from),
            name: Wording::Only(name.to_owned()),
            definition: Definition::default(),
        }
    }

    /// The Swiss rates of 2018 and 2024, the newer written first.
    #[test]
    fn the_latest_rate_that_has_begun_is_in_force() {
        let rates = vec![
            dated("standard", "202401", "8.1", "VAT"),
            dated("standard", "201801", "7.7", "MWST"),
            dated("lodging", "201801", "3.7", "MWST"),
        ];
        let table = TaxTable { regime: TaxRegime::Custom, rates };
        let rate = |category: &str, of: &str| {
            table.rate(TaxCategory::named(category).unwrap(), month(of)).map(|rate| rate.to_string())
        };
        assert_eq!(rate("standard", "201712"), None);
        assert_eq!(rate("standard", "201801").as_deref(), Some("7.7%"));
        assert_eq!(rate("standard", "202312").as_deref(), Some("7.7%"));
        assert_eq!(rate("standard", "202401").as_deref(), Some("8.1%"));
        assert_eq!(rate("lodging", "202401").as_deref(), Some("3.7%"));
        assert_eq!((rate("reduced", "202401"), rate("exempt", "201712").as_deref()), (None, Some("0%")));
        let known: Vec<&str> = table.categories().into_iter().map(|(name, _)| name).collect();
        assert_eq!(known, ["standard", "exempt", "non-taxable", "out-of-scope", "lodging"]);
        let old = table.rates[1].rate;
        let name = |of: &str| table.name_of(TaxCategory::Standard, old, month(of), Language::English);
        assert_eq!((name("202401"), name("201712")), (Some("MWST"), None));
    }

    #[test]
    fn without_tax_every_rate_is_zero() {
        let table = TaxTable { regime: TaxRegime::None, rates: Vec::new() };
        assert_eq!(table.rate(TaxCategory::Standard, month("199001")), Some(TaxRate::ZERO));
        assert_eq!((table.usual_category(), table.categories()), (TaxCategory::OutOfScope, Vec::new()));
    }
}
