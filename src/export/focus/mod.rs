//! FOCUS 1.2 (FinOps Open Cost and Usage Specification, <https://focus.finops.org>): what a customer is charged, as its own
//! tools read the bills of clouds. The issuer is the provider, publisher and issuer of the invoice.
//!
//! Rows are made of nothing but the customer's own JSON, byte for byte as it was issued: no figure of the issuer's or of its
//! providers can reach them. ListCost, ContractedCost and EffectiveCost, which FOCUS does not let be null, are the amount
//! billed.

mod document;
mod rows;

use anyhow::Context;
use chrono::NaiveDate;
use serde_json::json;

use self::document::Document;
use self::rows::{Category, KindOf, Row};
use super::file_names::file_names;
use super::{Export, ExportFile, Selection};
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::model::amount::{Amount, Sum};
use crate::out::defused;

/// Action named in the error when CSV cannot be written.
const CANNOT: &str = "cannot write CSV";

/// The columns that FOCUS 1.2 wants of every provider, others that tools look for, empty where nothing is known, and two of our own.
const COLUMNS: [&str; 36] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "SkuId",
    "Tags",
    "x_InvoiceLine",
    "x_ItemName",
];

/// Position of InvoiceId.
const INVOICE: usize = 17;

/// Makes the files of the documents whose own files are there, all of them or none. With `guard`, names that a spreadsheet
/// would run as a formula get an apostrophe; ids never do.
///
/// # Errors
/// Documents that cannot be read, or whose rows do not add up to them.
pub(super) fn files(selection: &Selection<'_>, guard: bool) -> Result<Export, Problems> {
    let (mut export, mut problems) = (Export::default(), Problems::default());
    let mut names = file_names(&selection.all, "csv");
    for selected in &selection.documents {
        let Some(files) = selected.files else {
            continue;
        };
        let number = &selected.document.number;
        let name = names.remove(number.as_str()).unwrap_or_default();
        let kind_of = |source: &str| files.rules.source(source).map(|source| source.kind);
        let made = file(&files.json, &kind_of, guard).map_err(|problem| problem.at(Place::file(&name)));
        if let Some(bytes) = problems.keep(made) {
            export.files.push(ExportFile { name: Some(name), bytes, numbers: vec![number.clone()] });
        }
    }
    problems.check()?;
    Ok(export)
}

/// The file of a document, from its JSON and the kinds of the sources that it was made of.
fn file(json: &[u8], kind_of: KindOf<'_>, guard: bool) -> Result<Vec<u8>, Diagnostic> {
    let document = Document::read(json)?;
    let names = rows::names(&document);
    let what = || format!("the rows of {}", document.number);
    let rows = rows::rows(&document, &names, kind_of).of(what())?;
    let sum = Sum::of(rows.iter().map(|row| row.amount)).of(what())?;
    if sum != document.subtotal {
        let message =
            format!("the rows of {} add up to {sum}, and its subtotal is {}", document.number, document.subtotal);
        return Err(Diagnostic::error(message).with_hint("`invoicer verify` says what has changed in the record"));
    }
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS).context(CANNOT)?;
    for row in &rows {
        writer.write_record(cells(&document, row, guard)).context(CANNOT)?;
    }
    Ok(writer.into_inner().context(CANNOT)?)
}

/// A time at which periods begin and end.
fn midnight(day: NaiveDate) -> String {
    format!("{day}T00:00:00Z")
}

fn cells(document: &Document, row: &Row<'_>, guard: bool) -> [String; COLUMNS.len()] {
    let free = |text: &str| if guard { defused(text.to_owned()) } else { text.to_owned() };
    let number = |amount: Option<Amount>| amount.map_or_else(String::new, |amount| amount.to_string());
    let (billing, period) = (rows::of_month(document.month), row.period);
    let (issuer, amount) = (free(&document.issuer.name), row.amount.to_string());
    let (quantity, unit) =
        (number(row.quantity.map(|(quantity, _)| quantity)), row.quantity.map_or("", |(_, unit)| unit));
    let is_used = row.category == Category::Usage && rows::class(document).is_empty();
    let (resource, resource_name) = row.resource;
    [
        amount.clone(),
        document.customer.id.clone(),
        free(&document.customer.name),
        document.currency.code().to_owned(),
        midnight(billing.1),
        midnight(billing.0),
        row.category.name().to_owned(),
        rows::class(document).to_owned(),
        free(&row.description),
        row.frequency.to_owned(),
        midnight(period.1),
        midnight(period.0),
        if is_used { quantity.clone() } else { String::new() },
        if is_used { unit.to_owned() } else { String::new() },
        amount.clone(),
        number(row.unit_price),
        amount.clone(),
        document.number.clone(),
        issuer.clone(),
        amount,
        String::new(),
        quantity,
        unit.to_owned(),
        issuer.clone(),
        issuer,
        String::new(),
        String::new(),
        resource.to_owned(),
        free(resource_name),
        if resource.is_empty() { String::new() } else { "Resource".to_owned() },
        row.service_category.to_owned(),
        free(row.service),
        String::new(),
        row.section.map_or_else(String::new, |section| json!({ "section": section }).to_string()),
        row.item.1.to_string(),
        free(row.item.0),
    ]
}

/// The number of the document that a file is of; none of what is no file of this kind.
pub(super) fn number_of(bytes: &[u8]) -> Option<String> {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let is_ours = reader.headers().ok()?.get(INVOICE) == Some(COLUMNS[INVOICE]);
    let row = reader.records().next()?.ok()?;
    row.get(INVOICE).filter(|_| is_ours).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// A JSON of these lines, each with its details.
    fn json(lines: &[(i64, Vec<i64>)]) -> Vec<u8> {
        let amount = |thousandths: i64| Amount::new(i128::from(thousandths), 3).unwrap();
        let kinds = ["usage", "discount", "fee", "adjustment", "minimum", "rounding", "carried"];
        let item = |(index, (sum, _)): (usize, &(i64, Vec<i64>))| json!({ "line": index + 1, "name": format!("item-{index}"), "kind": kinds[index % kinds.len()], "amount": amount(*sum) });
        let details: Vec<Value> = lines
            .iter()
            .enumerate()
            .flat_map(|(index, (_, parts))| parts.iter().map(move |part| (index + 1, *part)))
            .map(|(item, part)| json!({ "item": item, "date": "2022-08-31", "resource": format!("r{}", part % 3), "amount": amount(part) }))
            .collect();
        let subtotal: i64 = lines.iter().map(|(sum, _)| sum).sum();
        let document = json!({
            "number": "N-1", "month": "202208", "currency": "EUR", "language": "en", "issuer": { "name": "=Reseller" },
            "customer": { "id": "acme", "name": "Acme" }, "items": lines.iter().enumerate().map(item).collect::<Vec<Value>>(),
            "details": details, "subtotal": amount(subtotal),
        });
        serde_json::to_vec(&document).unwrap()
    }

    fn read(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
        csv::Reader::from_reader(bytes).deserialize().map(Result::unwrap).collect()
    }

    fn sum<'r>(rows: impl Iterator<Item = &'r BTreeMap<String, String>>) -> Amount {
        Sum::of(rows.map(|row| Amount::parse(row["BilledCost"].as_bytes()).unwrap())).unwrap()
    }

    proptest! {
        /// Rows add up to the subtotal, line by line too.
        #[test]
        fn rows_add_up(
            lines in proptest::collection::vec((-1_000_000i64..1_000_000, proptest::collection::vec(-500_000i64..500_000, 0..5)), 1..9),
        ) {
            let bytes = file(&json(&lines), &|_| None, true).unwrap();
            let rows = read(&bytes);
            let amount = |thousandths: i64| Amount::new(i128::from(thousandths), 3).unwrap();
            for (index, (expected, parts)) in lines.iter().enumerate() {
                let line = (index + 1).to_string();
                let of_line = || rows.iter().filter(|row| row["x_InvoiceLine"] == line);
                prop_assert_eq!(sum(of_line()), amount(*expected));
                prop_assert!(of_line().count() >= parts.len().max(1));
            }
            let subtotal: i64 = lines.iter().map(|(sum, _)| sum).sum();
            prop_assert_eq!(sum(rows.iter()), amount(subtotal));
            prop_assert_eq!(number_of(&bytes), Some("N-1".to_owned()));
        }
    }

    /// A charge may have arisen on a day of another month than it is billed in, or in that month.
    #[test]
    fn periods_are_those_of_the_charges() {
        let invoice = String::from_utf8(json(&[(3, vec![1, 2])])).unwrap();
        for (date, start, end) in [
            ("2022-08-31", "2022-08-31T00:00:00Z", "2022-09-01T00:00:00Z"),
            ("2022-08", "2022-08-01T00:00:00Z", "2022-09-01T00:00:00Z"),
            ("2022-07-30", "2022-07-30T00:00:00Z", "2022-07-31T00:00:00Z"),
            ("2022-07", "2022-07-01T00:00:00Z", "2022-08-01T00:00:00Z"),
        ] {
            let dated = invoice.replace("2022-08-31", date);
            let row = &read(&file(dated.as_bytes(), &|_| None, true).unwrap())[0];
            assert_eq!([&*row["ChargePeriodStart"], &*row["ChargePeriodEnd"]], [start, end], "{date}");
            assert_eq!(row["BillingPeriodStart"], "2022-08-01T00:00:00Z", "{date}");
        }
    }

    #[test]
    fn names_are_no_formulas_and_sums_are_checked() {
        let lines = [(1500, vec![1000, 499]), (-200, vec![])];
        let guarded = read(&file(&json(&lines), &|_| None, true).unwrap());
        assert_eq!(guarded[0]["ProviderName"], "'=Reseller");
        assert_eq!(read(&file(&json(&lines), &|_| None, false).unwrap())[0]["ProviderName"], "=Reseller");
        let wrong = String::from_utf8(json(&lines)).unwrap().replace("\"subtotal\":\"1.3\"", "\"subtotal\":\"1.4\"");
        let problem = file(wrong.as_bytes(), &|_| None, true).unwrap_err();
        assert_eq!(problem.message, "the rows of N-1 add up to 1.3, and its subtotal is 1.4");
        assert_eq!(number_of(b"<Invoice/>"), None);
    }
}
