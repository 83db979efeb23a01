//! Computes consumption tax per category and rate, rounded once (billing-rules §4; 消費税法施行令70条の10).

use std::collections::BTreeMap;

use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::invoice::{LineItem, TaxSubtotal};
use crate::model::rounding::Rounding;
use crate::model::tax::{TaxCategory, TaxRate};

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
    let mut sums: BTreeMap<(TaxCategory, TaxRate), Sum> = BTreeMap::new();
    for item in items {
        sums.entry((item.tax_category, item.tax_rate)).or_default().add(item.amount)?;
    }
    let subtotal = |((category, rate), sum): ((TaxCategory, TaxRate), Sum)| {
        let taxable = sum.total()?;
        let exact = taxable.times(rate.factor())?;
        let in_yen = |to_yen: Amount| rounding.apply(exact.times(to_yen)?, Currency::Jpy.decimals());
        let tax_jpy = to_yen.filter(|_| category.is_taxed()).map(in_yen).transpose()?;
        Ok(TaxSubtotal { category, rate, taxable, tax: rounding.apply(exact, currency.decimals())?, tax_jpy })
    };
    sums.into_iter().map(subtotal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::invoice::ItemKind;

    fn item(category: TaxCategory, percent: u32, amount: i64) -> LineItem {
        LineItem {
            source: String::new(),
            name: "x".to_owned(),
            kind: ItemKind::Usage,
            quantity: None,
            unit: "",
            unit_price: None,
            cost: Amount::ZERO,
            amount: Amount::whole(amount),
            tax_category: category,
            tax_rate: TaxRate { percent },
        }
    }

    /// The National Tax Agency's examples for amounts without tax; per-line rounding would give other sums.
    #[test]
    fn tax_agency_vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/nta-vectors.json")).unwrap();
        let mut checked = 0;
        for vector in vectors.as_array().unwrap().iter().filter(|vector| vector["mode"] == "excl") {
            let items: Vec<LineItem> = vector["in"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(percent, base)| {
                    let category = if percent == "10" { TaxCategory::Standard } else { TaxCategory::Reduced };
                    item(category, percent.parse().unwrap(), base.as_i64().unwrap())
                })
                .collect();
            let taxes = tax(&items, Rounding::Down, Currency::Jpy, None).unwrap();
            for subtotal in taxes {
                let expected = vector["tax"][subtotal.rate.percent.to_string()].as_i64().unwrap();
                assert_eq!(subtotal.tax, Amount::whole(expected), "{}", vector["src"]);
                checked += 1;
            }
        }
        assert_eq!(checked, 9);
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
            assert_eq!(tax(&items, mode, Currency::Jpy, None).unwrap()[0].tax, Amount::whole(expected));
        }
    }

    /// 10.05 dollars at 10 %: 1.005 dollars, up to 1.01; in yen at 138.70: 139.3935, up to 140.
    #[test]
    fn foreign_currency_states_tax_in_yen() {
        let mut dollars = item(TaxCategory::Standard, 10, 0);
        dollars.amount = Amount::parse(b"10.05").unwrap();
        let exempt = item(TaxCategory::Exempt, 0, 7);
        let rate = Amount::parse(b"138.70").unwrap();
        let taxes = tax(&[dollars, exempt], Rounding::Up, Currency::Usd, Some(rate)).unwrap();
        assert_eq!(taxes[0].tax.to_string(), "1.01");
        assert_eq!(taxes[0].tax_jpy, Some(Amount::whole(140)));
        assert_eq!((taxes[1].tax, taxes[1].tax_jpy), (Amount::ZERO, None));
    }
}
