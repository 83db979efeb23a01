//! An invoice's details as CSV for spreadsheets: UTF-8 with a byte order mark, without which Excel garbles Japanese.

use anyhow::Context;

use super::invoice_json::Details;
use crate::diagnostic::{Diagnostic, Figure, is_invisible};
use crate::model::amount::Amount;
use crate::model::audience::Audience;
use crate::model::charge::Bill;
use crate::model::invoice::{Invoice, LineItem};
use crate::model::item_label::ItemTables;
use crate::model::settings::Settings;

/// Action named in the error when CSV cannot be written.
const CANNOT: &str = "cannot write CSV";

/// The columns, each with its audience: the issuer sees the customer's columns too.
const COLUMNS: [(&str, Audience); 26] = [
    ("number", Audience::Customer),
    ("item", Audience::Customer),
    ("kind", Audience::Customer),
    ("source", Audience::Customer),
    ("date", Audience::Customer),
    ("resource", Audience::Customer),
    ("resource_name", Audience::Customer),
    ("name", Audience::Customer),
    ("quantity", Audience::Customer),
    ("unit", Audience::Customer),
    ("unit_price", Audience::Customer),
    ("cost", Audience::Issuer),
    ("amount", Audience::Customer),
    ("currency", Audience::Customer),
    ("tax_category", Audience::Customer),
    ("tax_rate", Audience::Customer),
    ("file", Audience::Issuer),
    ("row", Audience::Issuer),
    ("share_of", Audience::Issuer),
    ("share_ratio", Audience::Issuer),
    ("label", Audience::Customer),
    ("heading", Audience::Customer),
    ("original_line", Audience::Customer),
    ("tax_included", Audience::Customer),
    ("section", Audience::Customer),
    ("section_name", Audience::Customer),
];

/// The CSV of an invoice's details. Fees, the minimum and rounding follow as rows without origin, so that the column
/// `amount` adds up to what the items were rounded from. The customer's lacks costs, origins and shares.
///
/// # Errors
/// When a converted cost has too many digits.
pub fn invoice_csv(
    bill: &Bill,
    settings: &Settings,
    invoice: &Invoice,
    audience: Audience,
) -> Result<Vec<u8>, Diagnostic> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(b"\xef\xbb\xbf".to_vec());
    let labels = ItemTables::of_customer(settings, invoice.customer).labels(invoice);
    let customer = &settings.customers[invoice.customer];
    let has_original_lines = invoice.returned.is_some() && settings.document_form.has_printed_returns();
    let has_included_tax = invoice.items.iter().any(|item| item.tax_included);
    // Decided once: a large invoice has hundreds of thousands of rows.
    let is_written = COLUMNS.map(|(name, first)| {
        let has_column = match name {
            "label" | "heading" => settings.document_form.has_labels(),
            "original_line" => has_original_lines,
            "tax_included" => has_included_tax,
            "section" | "section_name" => customer.has_sections(),
            _ => true,
        };
        has_column && sees(audience, first)
    });
    let line_of = |index: usize| invoice.line_of(index).map_or_else(String::new, |line| line.to_string());
    let original_line = |index: usize| cell_if(has_original_lines, || line_of(index));
    let tax_included = |item: &LineItem| cell_if(has_included_tax, || item.tax_included.to_string());
    let section_name = |item: &LineItem| item.section.as_ref().map_or_else(String::new, |section| section.name.clone());
    let mut write = |cells: [String; COLUMNS.len()]| {
        let written = cells.into_iter().zip(is_written).filter(|(_, is_written)| *is_written);
        writer.write_record(written.map(|(cell, _)| defused(cell)))
    };
    write(COLUMNS.map(|(name, _)| name.to_owned())).context(CANNOT)?;
    let number = |amount: Option<Amount>| amount.map_or_else(String::new, |amount| amount.to_string());
    let details = Details::new(bill, settings, invoice, audience);
    let mut has_detail = vec![false; invoice.items.len()];
    for detail in &invoice.details {
        let record = details.record(detail).of(format_args!("the costs of {}", invoice.number))?;
        let item = invoice.item(detail);
        let index = detail.item.0 as usize;
        has_detail[index] = true;
        let (share_of, share_ratio) =
            record.share.map_or_else(Default::default, |share| (share.of.to_string(), share.ratio));
        let (file, row) =
            record.origin.map_or_else(Default::default, |origin| (origin.file.to_owned(), origin.row.to_string()));
        let cells = [
            invoice.number.clone(),
            record.item.to_string(),
            word(&item.kind),
            record.source.to_owned(),
            record.date,
            record.resource.to_owned(),
            record.resource_name.to_owned(),
            record.name.to_owned(),
            number(record.quantity),
            record.unit.to_owned(),
            number(record.unit_price),
            number(record.cost),
            record.amount.to_string(),
            invoice.currency.to_string(),
            item.tax_category.name().to_owned(),
            item.tax_rate.to_string(),
            file,
            row,
            share_of,
            share_ratio,
            labels[index].name_of(item).into_owned(),
            labels[index].heading.unwrap_or_default().to_owned(),
            original_line(index),
            tax_included(item),
            match &item.section {
                Some(_) => bill.group(bill.charge(detail.charge).subject, &customer.invoice.sections).to_owned(),
                None => String::new(),
            },
            section_name(item),
        ];
        write(cells).context(CANNOT)?;
    }
    for (index, item) in invoice.items.iter().enumerate().filter(|(index, _)| !has_detail[*index]) {
        let cells = [
            invoice.number.clone(),
            (index + 1).to_string(),
            word(&item.kind),
            item.source.clone(),
            bill.month.first().format("%Y-%m").to_string(),
            String::new(),
            String::new(),
            item.name.clone(),
            number(item.quantity),
            item.unit.clone().into_owned(),
            number(item.unit_price),
            item.cost.to_string(),
            item.amount.to_string(),
            invoice.currency.to_string(),
            item.tax_category.name().to_owned(),
            item.tax_rate.to_string(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            labels[index].name_of(item).into_owned(),
            labels[index].heading.unwrap_or_default().to_owned(),
            original_line(index),
            tax_included(item),
            item.section.as_ref().and_then(|section| section.value.clone()).unwrap_or_default(),
            section_name(item),
        ];
        write(cells).context(CANNOT)?;
    }
    Ok(writer.into_inner().context(CANNOT)?)
}

/// A cell of a column that not every document has, made only where it is written.
fn cell_if(is_written: bool, cell: impl FnOnce() -> String) -> String {
    if is_written { cell() } else { String::new() }
}

/// Whether an audience sees a column.
fn sees(audience: Audience, first: Audience) -> bool {
    audience == Audience::Issuer || first == Audience::Customer
}

fn word(kind: &crate::model::invoice::ItemKind) -> String {
    let value = serde_json::to_value(kind).expect("a kind can be written");
    value.as_str().expect("a kind is a word").to_owned()
}

/// Puts an apostrophe before a cell that a spreadsheet would run as a formula; numbers keep their sign.
///
/// Spreadsheets skip blanks and zero-width characters before a formula, and some programs split cells at tabs and line
/// breaks on import (OWASP, CSV injection).
pub(crate) fn defused(cell: String) -> String {
    let is_skipped = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
    let starts = cell.trim_start_matches(is_skipped);
    let is_split = cell.starts_with(['\t', '\r', '\n']);
    let is_formula = starts.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if (is_split || is_formula) && Amount::parse(cell.as_bytes()).is_err() { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::defused;

    #[test]
    fn formulas_are_defused_and_numbers_are_not() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+81-3", "'+81-3"),
            ("-meter", "'-meter"),
            ("-12.5", "-12.5"),
            ("+1", "+1"),
            ("\t=1", "'\t=1"),
            ("\n=1+1", "'\n=1+1"),
            ("\r\n=1+1", "'\r\n=1+1"),
            (" \n =1", "' \n =1"),
            ("\u{feff}=1", "'\u{feff}=1"),
            ("\u{200b}@a", "'\u{200b}@a"),
            ("\u{3000}＝1", "'\u{3000}＝1"),
            ("\u{b}+1a", "'\u{b}+1a"),
            ("\ntext", "'\ntext"),
            ("two\nlines", "two\nlines"),
            (" plain", " plain"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(defused(cell.to_owned()), expected);
        }
    }
}
