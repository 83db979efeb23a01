//! Computes tax per category and rate, rounded once (billing-rules §4; 消費税法施行令70条の10).

use std::collections::BTreeMap;

use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::invoice::{ItemKind, LineItem, TaxSubtotal};
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::model::settings::{Language, Settings};
use crate::model::tax::TaxGroup;
use crate::model::tax_table::{TaxRegime, TaxTable};

/// The taxes of an invoice. With `to_yen`, the rate from another currency, tax is stated in yen too.
///
/// # Errors
/// When a sum or product has too many digits.
pub(crate) fn tax(
    items: &[LineItem],
    rounding: Rounding,
    currency: Currency,
    to_yen: Option<Amount>,
) -> Result<Vec<TaxSubtotal>, TooLong> {
    let subtotal = |(group, prices): (TaxGroup, Amount)| {
        let decimals = currency.decimals();
        let tax = group.tax(prices, rounding, decimals)?;
        let in_yen = |to_yen: Amount| group.tax_at(prices, to_yen, rounding, Currency::JPY.decimals());
        let tax_jpy = to_yen.filter(|_| group.category.is_taxed()).map(in_yen).transpose()?;
        let TaxGroup { category, rate, included } = group;
        let taxable = if included { prices.minus(tax)? } else { prices };
        Ok(TaxSubtotal { category, rate, name: None, taxable, tax, tax_jpy, tax_included: included })
    };
    prices(items)?.into_iter().map(subtotal).collect()
}

/// Gives taxes of the workspace's own rates their names.
pub(crate) fn name(taxes: &mut [TaxSubtotal], table: &TaxTable, month: BillingMonth, language: Language) {
    for tax in taxes {
        tax.name = table.name_of(tax.category, tax.rate, month, language).map(str::to_owned);
    }
}

/// The sums of prices by what is taxed together.
fn prices(items: &[LineItem]) -> Result<BTreeMap<TaxGroup, Amount>, TooLong> {
    let mut sums: BTreeMap<TaxGroup, Sum> = BTreeMap::new();
    for item in items.iter().filter(|item| item.kind != ItemKind::IncludedTax) {
        sums.entry(item.tax_group()).or_default().add(item.amount)?;
    }
    sums.into_iter().map(|(group, sum)| Ok((group, sum.total()?))).collect()
}

/// The lines that take the tax out of prices that include it, one for each rate: with them the items add up to the subtotal
/// before tax.
///
/// # Errors
/// When a sum has too many digits.
pub(crate) fn included_tax(
    items: &[LineItem],
    settings: &Settings,
    customer: &Customer,
) -> Result<Vec<LineItem>, TooLong> {
    let decimals = customer.invoice.currency.decimals();
    let mut lines = Vec::new();
    for (group, prices) in prices(items)?.into_iter().filter(|(group, _)| group.included) {
        let tax = group.tax(prices, customer.tax.rounding, decimals)?;
        if !tax.is_zero() {
            lines.push(included_tax_line(group, tax.negated(), settings.taxes.regime, customer.invoice.language));
        }
    }
    Ok(lines)
}

/// A line of kind `included-tax`.
pub(crate) fn included_tax_line(group: TaxGroup, amount: Amount, regime: TaxRegime, language: Language) -> LineItem {
    let name = match (language, regime.is_japan()) {
        (Language::Japanese, true) => "税込価格に含まれる消費税",
        (Language::Japanese, false) => "税込価格に含まれる税",
        (Language::English, true) => "Consumption tax included in prices",
        (Language::English, false) => "Tax included in prices",
    };
    LineItem::own(ItemKind::IncludedTax, name.to_owned(), amount, TaxGroup { included: true, ..group })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tax::{TaxCategory, TaxRate};

    fn item(category: TaxCategory, percent: u32, amount: i64) -> LineItem {
        LineItem {
            source: String::new(),
            name: "x".to_owned(),
            kind: ItemKind::Usage,
            quantity: None,
            unit: "".into(),
            unit_price: None,
            cost: Amount::ZERO,
            amount: Amount::whole(amount),
            tax_category: category,
            tax_rate: TaxRate::whole(percent),
            tax_included: false,
            qualifier: None,
            adjusted: None,
            section: None,
        }
    }

    /// The National Tax Agency's examples; per-line rounding would give other sums.
    #[test]
    fn tax_agency_vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/nta-vectors.json")).unwrap();
        let mut checked = 0;
        for vector in vectors.as_array().unwrap() {
            let tax_included = vector["mode"] == "incl";
            let items: Vec<LineItem> = vector["in"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(percent, base)| {
                    let category = if percent == "10" { TaxCategory::Standard } else { TaxCategory::Reduced };
                    let item = item(category, percent.parse().unwrap(), base.as_i64().unwrap());
                    LineItem { tax_included, ..item }
                })
                .collect();
            let taxes = tax(&items, Rounding::Down, Currency::JPY, None).unwrap();
            for subtotal in taxes {
                let expected = vector["tax"][subtotal.rate.percent().to_string()].as_i64().unwrap();
                assert_eq!(subtotal.tax, Amount::whole(expected), "{}", vector["src"]);
                let paid = if tax_included { subtotal.taxable.plus(subtotal.tax).unwrap() } else { subtotal.taxable };
                let percent = subtotal.rate.percent().to_string();
                assert_eq!(paid, Amount::whole(vector["in"][percent].as_i64().unwrap()), "{}", vector["src"]);
                checked += 1;
            }
        }
        assert_eq!(checked, 15);
    }

    /// Three lines of 105 yen at 10 %: 31.5, so 31 or 32 by mode, and never three times 10.
    #[test]
    fn rounded_once_per_rate() {
        let items = [
            item(TaxCategory::Standard, 10, 105),
            item(TaxCategory::Standard, 10, 105),
            item(TaxCategory::Standard, 10, 105),
        ];
        for (mode, expected) in
            [(Rounding::Down, 31), (Rounding::Up, 32), (Rounding::HalfUp, 32), (Rounding::HalfEven, 32)]
        {
            assert_eq!(tax(&items, mode, Currency::JPY, None).unwrap()[0].tax, Amount::whole(expected));
        }
    }

    /// 10.05 dollars at 10 %: 1.005 dollars, up to 1.01; in yen at 138.70: 139.3935, up to 140.
    #[test]
    fn foreign_currency_states_tax_in_yen() {
        let mut dollars = item(TaxCategory::Standard, 10, 0);
        dollars.amount = Amount::parse(b"10.05").unwrap();
        let exempt = item(TaxCategory::Exempt, 0, 7);
        let rate = Amount::parse(b"138.70").unwrap();
        let taxes = tax(&[dollars, exempt], Rounding::Up, Currency::USD, Some(rate)).unwrap();
        assert_eq!(taxes[0].tax.to_string(), "1.01");
        assert_eq!(taxes[0].tax_jpy, Some(Amount::whole(140)));
        assert_eq!((taxes[1].tax, taxes[1].tax_jpy), (Amount::ZERO, None));
    }
}
