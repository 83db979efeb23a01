//! The lines of a document.

use std::collections::BTreeMap;

use super::issued::{Issued, IssuedItem, Printed};
use super::taxes;
use super::ubl::Ubl;
use crate::model::amount::{Amount, TooLong};
use crate::model::peppol::ONE;
use crate::model::printed::rounded_together;

/// The most decimals of amounts in JP PINT.
const DECIMALS: u32 = 2;

/// A line as it is written.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    quantity: Amount,
    unit: String,
    price: Amount,
    /// What the document prints beside the amount, where that does not multiply out.
    printed: Vec<(&'static str, String)>,
}

/// Writes the lines; `units` are codes by the names of units.
///
/// # Errors
/// Sums with too many digits.
pub(super) fn write(issued: &Issued, units: &BTreeMap<String, &'static str>, ubl: &mut Ubl) -> Result<(), TooLong> {
    let exact: Vec<_> = issued.items.iter().map(|item| (item.tax_group(), item.amount, item.kind)).collect();
    for (item, amount) in issued.items.iter().zip(rounded_together(&exact, DECIMALS)?) {
        write_line(item, amount, &Line::of(item, amount, units), issued.currency.code(), ubl);
    }
    Ok(())
}

impl Line {
    /// Quantity and price as they are printed, if their product is the amount; else one, or minus one, of the amount.
    fn of(item: &IssuedItem, amount: Amount, units: &BTreeMap<String, &'static str>) -> Line {
        let Printed { quantity, unit, unit_price } = item.printed();
        if let (Some(text), Some(price)) = (&quantity, unit_price)
            && let Ok(number) = Amount::parse(text.as_bytes())
            && !price.is_negative()
        {
            // A credit note prints quantities above zero beside amounts that are below zero in its data.
            let signed = [number, number.negated()].into_iter().find(|number| number.times(price) == Ok(amount));
            if let Some(quantity) = signed {
                let unit = units.get(&unit).copied().unwrap_or(ONE).to_owned();
                return Line { quantity, unit, price, printed: Vec::new() };
            }
        }
        let with_unit = |quantity: String| if unit.is_empty() { quantity } else { format!("{quantity} {unit}") };
        let printed_quantity = quantity.map(|quantity| ("数量", with_unit(quantity)));
        let printed_price = unit_price.map(|price| ("単価", price.to_string()));
        Line {
            quantity: Amount::whole(if amount.is_negative() { -1 } else { 1 }),
            unit: ONE.to_owned(),
            price: amount.magnitude(),
            printed: printed_quantity.into_iter().chain(printed_price).collect(),
        }
    }
}

fn write_line(item: &IssuedItem, amount: Amount, line: &Line, currency: &str, ubl: &mut Ubl) {
    ubl.group("InvoiceLine", |ubl| {
        ubl.text("ID", item.line.to_string());
        ubl.text_with("InvoicedQuantity", &[("unitCode", line.unit.as_str())], line.quantity.to_string());
        ubl.text_with("LineExtensionAmount", &[("currencyID", currency)], amount.to_string());
        ubl.group("Item", |ubl| {
            ubl.text("Name", item.printed_name());
            taxes::category(ubl, "ClassifiedTaxCategory", item.tax_category, item.tax_rate);
            for (name, value) in &line.printed {
                ubl.group("AdditionalItemProperty", |ubl| {
                    ubl.text("Name", name);
                    ubl.text("Value", value);
                });
            }
        });
        ubl.group("Price", |ubl| {
            ubl.text_with("PriceAmount", &[("currencyID", currency)], line.price.to_string());
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(item: &str, amount: &str) -> Line {
        let common = r#""line": 1, "name": "x", "kind": "usage", "tax_category": "standard", "tax_rate": "10%""#;
        let item: IssuedItem =
            serde_json::from_str(&format!("{{{common}, \"amount\": \"{amount}\", {item}}}")).unwrap();
        let units = BTreeMap::from([("GiB".to_owned(), "E34")]);
        Line::of(&item, item.amount, &units)
    }

    fn shown(line: &Line) -> String {
        let printed: String = line.printed.iter().map(|(name, value)| format!(", {name} {value}")).collect();
        format!("{} {} × {}{printed}", line.quantity, line.unit, line.price)
    }

    /// 3 × 0.5 = 1.5 and 2.5 × 120 = 300; 0.7 × 33 = 23.1 is not 24; 2/3 has no decimal form.
    #[test]
    fn quantity_and_price_are_written_where_they_multiply_out() {
        for (item, amount, expected) in [
            (r#""printed": {"quantity": "3", "unit": "GiB", "unit_price": "0.5"}"#, "1.5", "3 E34 × 0.5"),
            (r#""printed": {"quantity": "2.5", "unit": "日", "unit_price": "120"}"#, "300", "2.5 C62 × 120"),
            (
                r#""printed": {"quantity": "0.7", "unit": "GiB", "unit_price": "33"}"#,
                "24",
                "1 C62 × 24, 数量 0.7 GiB, 単価 33",
            ),
            (
                r#""printed": {"quantity": "2/3", "unit": "", "unit_price": "300"}"#,
                "200",
                "1 C62 × 200, 数量 2/3, 単価 300",
            ),
            (r#""printed": {"quantity": null, "unit": "", "unit_price": null}, "quantity": "7""#, "-5", "-1 C62 × 5"),
            // A credit note, and a discount with a price below zero.
            (r#""printed": {"quantity": "3", "unit": "GiB", "unit_price": "5"}"#, "-15", "-3 E34 × 5"),
            (
                r#""printed": {"quantity": "3", "unit": "GiB", "unit_price": "-5"}"#,
                "-15",
                "-1 C62 × 15, 数量 3 GiB, 単価 -5",
            ),
            // A document of a version without printed figures.
            (r#""quantity": "4", "unit": "GiB", "unit_price": "2""#, "8", "4 E34 × 2"),
            (r#""printed": {"quantity": "0", "unit": "GiB", "unit_price": "2"}"#, "0", "0 E34 × 2"),
        ] {
            assert_eq!(shown(&line(item, amount)), expected, "{item}");
        }
    }
}
