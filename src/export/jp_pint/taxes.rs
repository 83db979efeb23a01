//! Tax categories of JP PINT, and the taxes of a document in them.

use super::issued::Issued;
use super::ubl::Ubl;
use crate::diagnostic::Diagnostic;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::tax::{TaxCategory, TaxRate};

/// The codes of categories.
const CODES: [(&str, TaxCategory); 5] = [
    ("S", TaxCategory::Standard),
    ("AA", TaxCategory::Reduced),
    ("G", TaxCategory::Exempt),
    ("E", TaxCategory::NonTaxable),
    ("O", TaxCategory::OutOfScope),
];

/// The code of a category.
pub(super) fn code_of(category: TaxCategory) -> &'static str {
    CODES.iter().find(|(_, known)| *known == category).map_or("", |(code, _)| code)
}

/// The category of a code.
pub(super) fn category_of_code(code: &str) -> Option<TaxCategory> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, category)| *category)
}

/// Writes a category with its rate, as `cac:TaxCategory` or the same under another name. Out of scope there is no rate.
pub(super) fn category(ubl: &mut Ubl, name: &str, category: TaxCategory, rate: TaxRate) {
    ubl.group(name, |ubl| {
        ubl.text("ID", code_of(category));
        if category != TaxCategory::OutOfScope {
            ubl.text("Percent", rate.percent().to_string());
        }
        ubl.group("TaxScheme", |ubl| ubl.text("ID", "VAT"));
    });
}

/// The tax of one category and rate.
struct Tax {
    category: TaxCategory,
    rate: TaxRate,
    taxable: Amount,
    tax: Amount,
    /// In yen; none in an invoice in yen.
    tax_jpy: Option<Amount>,
}

/// The taxes of a document: prices with and without tax are one subtotal here, because JP PINT has all amounts before tax.
pub(super) struct Taxes {
    currency: Currency,
    all: Vec<Tax>,
    total: Amount,
}

impl Taxes {
    /// Those of an issued document.
    ///
    /// # Errors
    /// Sums with too many digits.
    pub(super) fn of(issued: &Issued) -> Result<Taxes, TooLong> {
        let mut all: Vec<Tax> = Vec::new();
        for subtotal in &issued.tax_subtotals {
            let same = all.iter_mut().find(|tax| (tax.category, tax.rate) == (subtotal.category, subtotal.rate));
            let Some(tax) = same else {
                let (category, rate) = (subtotal.category, subtotal.rate);
                all.push(Tax {
                    category,
                    rate,
                    taxable: subtotal.taxable,
                    tax: subtotal.tax,
                    tax_jpy: subtotal.tax_jpy,
                });
                continue;
            };
            tax.taxable = tax.taxable.plus(subtotal.taxable)?;
            tax.tax = tax.tax.plus(subtotal.tax)?;
            tax.tax_jpy = match (tax.tax_jpy, subtotal.tax_jpy) {
                (Some(one), Some(other)) => Some(one.plus(other)?),
                _ => None,
            };
        }
        Ok(Taxes { currency: issued.currency, all, total: issued.tax })
    }

    /// Refuses taxes of another currency that are not stated in yen.
    ///
    /// # Errors
    /// The first such tax.
    pub(super) fn check(&self) -> Result<(), Diagnostic> {
        let lacks = |tax: &&Tax| self.currency != Currency::JPY && tax.category.is_taxed() && tax.tax_jpy.is_none();
        let Some(tax) = self.all.iter().find(lacks) else {
            return Ok(());
        };
        let message =
            format!("the tax of {} {} in {} is not stated in yen", tax.category.name(), tax.rate, self.currency);
        let hint = format!(
            "it was issued without a rate: add [[fx]] from {} to JPY before issuing such a month",
            self.currency
        );
        Err(Diagnostic::error(message).with_hint(hint))
    }

    /// Writes them, and for another currency those in yen.
    ///
    /// # Errors
    /// Sums with too many digits.
    pub(super) fn write(&self, ubl: &mut Ubl) -> Result<(), TooLong> {
        let code = self.currency.code();
        ubl.group("TaxTotal", |ubl| {
            ubl.text_with("TaxAmount", &[("currencyID", code)], self.total.to_string());
            for tax in &self.all {
                ubl.group("TaxSubtotal", |ubl| {
                    ubl.text_with("TaxableAmount", &[("currencyID", code)], tax.taxable.to_string());
                    ubl.text_with("TaxAmount", &[("currencyID", code)], tax.tax.to_string());
                    category(ubl, "TaxCategory", tax.category, tax.rate);
                });
            }
        });
        if self.currency == Currency::JPY {
            return Ok(());
        }
        // Only what is taxed: the rule aligned-ibrp-g-01 counts G, E and O of both totals and allows one of each.
        let taxed = || self.all.iter().filter(|tax| tax.category.is_taxed());
        let in_yen = |tax: &Tax| tax.tax_jpy.unwrap_or(Amount::ZERO);
        let total = Sum::of(taxed().map(in_yen))?;
        ubl.group("TaxTotal", |ubl| {
            ubl.text_with("TaxAmount", &[("currencyID", "JPY")], total.to_string());
            for tax in taxed() {
                ubl.group("TaxSubtotal", |ubl| {
                    ubl.text_with("TaxAmount", &[("currencyID", "JPY")], in_yen(tax).to_string());
                    category(ubl, "TaxCategory", tax.category, tax.rate);
                });
            }
        });
        Ok(())
    }
}
