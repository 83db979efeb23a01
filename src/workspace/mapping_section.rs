//! Reads the keys of a `[[source]]` that say how the rows of any provider's table become charges.

use super::column_text;
use super::toml_reader::{Section, Value};
use crate::diagnostic::Diagnostic;
use crate::model::column_text::{ColumnText, TextPart, column_name};
use crate::model::currency::Currency;
use crate::model::date_format::{DateFormat, DateFormatError};
use crate::model::focus::OtherMonths;
use crate::model::mapping::{MappedColumns, Mapping, NumberSigns, RowPatterns, TextEncoding};
use crate::model::matcher::Glob;
use crate::model::settings::SourceKind;

/// The keys that no other kind has, in the order of their documentation.
const KEYS: [&str; 13] = [
    "columns",
    "tax",
    "encoding",
    "delimiter",
    "header-row",
    "first-row",
    "date-format",
    "decimal",
    "thousands",
    "skip",
    "discount",
    "discount-sign",
    "tax-rows",
];

/// Reads the keys; none for other kinds, for which they are refused, and where the columns cannot be read.
pub(super) fn read(
    section: &Section<'_, '_>,
    kind: SourceKind,
    (currency, other_months): (Currency, OtherMonths),
) -> Option<Mapping> {
    if !kind.is_mapped() {
        for (key, value) in KEYS.iter().filter_map(|key| Some((key, section.get(key)?))) {
            let message = format!("{key} is for tables of any provider, not for the kind {}", kind.name());
            let hint = format!("remove {key}, or write kind = \"table-csv\"");
            value.told::<()>(Err(Diagnostic::error(message).with_hint(hint)));
        }
        return None;
    }
    let columns = section.require("columns", "{ item = \"品名\", amount = \"金額\" }", |value| {
        let keys = value.section("[source.columns]")?;
        Ok(columns(&keys))
    });
    let tax = section.require("tax", "\"excluded\"", |value| value.one_of(&TAX));
    let (header_row, first_row) = rows(section);
    let mapping = Mapping {
        columns: columns.flatten()?,
        encoding: section.read("encoding", |value| value.one_of(&TextEncoding::NAMES)).unwrap_or_default(),
        delimiter: section.read("delimiter", delimiter).unwrap_or(b','),
        header_row,
        first_row,
        date_formats: date_formats(section).unwrap_or_else(DateFormat::usual),
        signs: signs(section),
        filter: patterns(section, "where"),
        skip: patterns(section, "skip"),
        discount: patterns(section, "discount"),
        discounts_are_positive: section.read("discount-sign", |value| value.one_of(&SIGNS)).unwrap_or(false),
        tax_rows: patterns(section, "tax-rows"),
        tax_included: tax.unwrap_or(false),
        other_months,
    };
    check_together(section, &mapping, currency);
    Some(mapping)
}

/// The words of `tax`: whether amounts include it.
const TAX: [(&str, bool); 2] = [("excluded", false), ("included", true)];

/// The words of `discount-sign`: whether amounts of discounts are above zero.
const SIGNS: [(&str, bool); 2] = [("negative", false), ("positive", true)];

/// Refuses keys that say nothing, or nothing exact, together.
fn check_together(section: &Section<'_, '_>, mapping: &Mapping, currency: Currency) {
    let refuse = |key: &'static str, message: String, hint: &str| {
        if let Some(value) = section.get(key) {
            value.told::<()>(Err(Diagnostic::error(message).with_hint(hint)));
        }
    };
    let has_tax_rows = !mapping.tax_rows.is_empty();
    if mapping.tax_included && mapping.columns.tax.is_none() && currency != Currency::JPY {
        let message = format!("amounts in {currency} that include tax, without a column of the tax");
        refuse("tax", message, "add tax = \"…\" to [source.columns]: only Japan's rates are known");
    }
    if has_tax_rows && (mapping.tax_included || mapping.columns.tax.is_some()) {
        let message = "`tax-rows` beside a tax that every row has".to_owned();
        refuse("tax-rows", message, "write skip for such rows: the tax in amounts, or in a column, is counted already");
    }
    if mapping.discounts_are_positive && mapping.discount.is_empty() {
        let message = "`discount-sign` without `discount`".to_owned();
        refuse("discount-sign", message, "add discount = { \"区分\" = \"割引*\" }, or remove it");
    }
}

fn columns(keys: &Section<'_, '_>) -> Option<MappedColumns> {
    let optional = |key: &'static str| keys.read(key, text);
    let item = keys.require("item", "\"品名\"", text);
    let amount = keys.require("amount", "\"金額\"", text);
    let columns = MappedColumns {
        date: optional("date"),
        item: item.clone().unwrap_or_default(),
        resource: optional("resource"),
        resource_name: optional("resource-name"),
        account: optional("account"),
        group: optional("group"),
        quantity: optional("quantity"),
        unit: optional("unit"),
        unit_price: optional("unit-price"),
        amount: amount.clone().unwrap_or_default(),
        tax: optional("tax"),
        currency: optional("currency"),
        invoice: optional("invoice"),
        tags: keys.read("tags", tags).unwrap_or_default(),
    };
    keys.finish();
    for key in ["unit", "unit-price"] {
        if let Some(value) = keys.get(key).filter(|_| columns.quantity.is_none()) {
            let diagnostic = Diagnostic::error(format!("`{key}` without `quantity` in [source.columns]"));
            value.told::<()>(Err(diagnostic.with_hint("add quantity = \"…\", or remove it")));
        }
    }
    item.and(amount).map(|_| columns)
}

/// Reads a column, a text with columns in braces, or `{ text = "GB" }`, which is the same in every row.
fn text(value: &Value<'_, '_>) -> Result<ColumnText, Diagnostic> {
    const EXAMPLE: &str = "the name of a column, or a text of columns such as \"{サービス} {プラン}\"";
    if let Ok(table) = value.section("a column") {
        let text = table.require("text", "\"GB\"", Value::text);
        table.finish();
        return Ok(text.map(TextPart::Text).into_iter().collect());
    }
    let text = column_text::read(value, EXAMPLE)?;
    let named = |part| match part {
        TextPart::Column(name) => TextPart::Column(column_name(&name)),
        text => text,
    };
    Ok(text.into_iter().map(named).collect())
}

/// Reads `tags = ["部署"]`, in which columns are their own names, or `tags = { site = "拠点" }`.
fn tags(value: &Value<'_, '_>) -> Result<Vec<(String, ColumnText)>, Diagnostic> {
    if let Ok(table) = value.section("tags") {
        let entry = |(tag, value): (String, Value<'_, '_>)| Some((tag, value.told(text(&value))?));
        return Ok(table.entries().into_iter().filter_map(entry).collect());
    }
    let hint = "write tags = [\"部署\"], or tags = { department = \"部署\" }";
    let columns = value.array().map_err(|_| value.expected("a list of columns, or a table").with_hint(hint))?;
    let column = |value: &Value<'_, '_>| {
        let name = column_name(&value.told(value.text())?);
        Some((name.clone(), vec![TextPart::Column(name)]))
    };
    Ok(columns.iter().filter_map(column).collect())
}

/// Reads `header-row` and `first-row`: the lines of the names, and of the first row.
fn rows(section: &Section<'_, '_>) -> (Option<u32>, u32) {
    let line = |value: &Value<'_, '_>, least: u32, hint: &str| {
        let line = value.integer()?;
        let found = u32::try_from(line).ok().filter(|line| (least..=LAST_LINE).contains(line));
        found.ok_or_else(|| value.expected(&format!("the number of a line, {least} or more")).with_hint(hint))
    };
    let header = section
        .read("header-row", |value| line(value, 0, "0 is for tables without names, whose columns are \"1\", \"2\", …"));
    let header = header.unwrap_or(1);
    let first =
        section.read("first-row", |value| line(value, header + 1, "rows begin behind header-row; lines count from 1"));
    ((header > 0).then_some(header), first.unwrap_or(header + 1))
}

/// Last line that `header-row` and `first-row` can name: no table has so long a title.
const LAST_LINE: u32 = 1_000_000;

fn delimiter(value: &Value<'_, '_>) -> Result<u8, Diagnostic> {
    let text = value.string()?;
    match text.as_bytes() {
        [sign] if matches!(sign, b',' | b';' | b'|' | b':' | b'\t') => Ok(*sign),
        _ => Err(value.expected("a delimiter").with_hint("write \",\", \";\", \"|\", \":\" or \"\\t\"")),
    }
}

/// Reads `date-format`: a pattern or several.
fn date_formats(section: &Section<'_, '_>) -> Option<Vec<DateFormat>> {
    let value = section.get("date-format")?;
    let entries = if value.is_text() { vec![value.clone()] } else { value.told(value.array())? };
    let format = |value: &Value<'_, '_>| {
        value.string()?.parse::<DateFormat>().map_err(|error| {
            let found = value.kind();
            let message = match error {
                DateFormatError::UnknownSign => format!("an unknown sign in the pattern of a date: {found}"),
                DateFormatError::Incomplete => format!("expected a pattern with one year and one month, found {found}"),
            };
            Diagnostic::error(message).with_hint(
                "%Y 2024, %y 24, %m 09, %b Sep, %d 01, %H:%M:%S; \"%Y/%m/%d\" reads 2024/9/1, and \"\" an empty cell",
            )
        })
    };
    let formats: Vec<DateFormat> = entries.iter().filter_map(|value| value.told(format(value))).collect();
    if entries.is_empty() {
        value.told::<()>(Err(Diagnostic::error("expected a pattern of dates, found none")
            .with_hint("write date-format = \"%Y/%m/%d\", or remove it")));
    }
    Some(formats)
}

/// Reads `decimal` and `thousands`.
fn signs(section: &Section<'_, '_>) -> NumberSigns {
    let decimal = section.read("decimal", |value| {
        sign(value, &['.', ',']).map_err(|problem| problem.with_hint("write decimal = \".\" or decimal = \",\""))
    });
    let decimal = decimal.unwrap_or('.');
    let thousands = section.read("thousands", |value| {
        let hint = "write thousands = \",\", \".\", \"'\" or \" \"";
        let sign = sign(value, &[',', '.', '\'', ' ']).map_err(|problem| problem.with_hint(hint))?;
        if sign == decimal {
            let diagnostic = Diagnostic::error(format!("decimals and thousands have the same sign: {sign:?}"));
            return Err(diagnostic.with_hint("write decimal = \",\" for 1.234,50, or another sign of thousands"));
        }
        Ok(sign)
    });
    NumberSigns { decimal, thousands }
}

fn sign(value: &Value<'_, '_>, known: &[char]) -> Result<char, Diagnostic> {
    let text = value.string()?;
    let found = known.iter().find(|sign| text == sign.to_string());
    found.copied().ok_or_else(|| value.expected("the sign in numbers"))
}

/// Reads `{ "区分" = ["小計", "合計*"] }`: the patterns of each column, any of which a row may match.
fn patterns(section: &Section<'_, '_>, key: &'static str) -> RowPatterns {
    let Some(value) = section.get(key) else {
        return Vec::new();
    };
    let hint = format!("write {key} = {{ \"区分\" = [\"小計\", \"合計*\"] }}");
    let columns = value.section(key).map_err(|problem| problem.with_hint(hint));
    let of_column = |(column, value): (String, Value<'_, '_>)| {
        let entries = if value.is_text() { vec![value.clone()] } else { value.told(value.array())? };
        let globs = entries.iter().filter_map(|value| Some(Glob::new(&value.told(value.string())?)));
        Some((column_name(&column), globs.collect()))
    };
    value.told(columns).into_iter().flat_map(|columns| columns.entries()).filter_map(of_column).collect()
}
