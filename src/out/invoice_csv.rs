//! An invoice's details as CSV for spreadsheets: UTF-8 with a byte order mark, without which Excel garbles Japanese.

use std::borrow::Cow;

use anyhow::Context;

use super::invoice_json::Details;
use crate::diagnostic::{Diagnostic, Figure, is_invisible};
use crate::model::amount::Amount;
use crate::model::amount_text::AmountText;
use crate::model::audience::Audience;
use crate::model::charge::Bill;
use crate::model::invoice::Invoice;
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
    let mut write = |cells: [&str; COLUMNS.len()]| -> csv::Result<()> {
        for (cell, _) in cells.into_iter().zip(is_written).filter(|(_, is_written)| *is_written) {
            match is_formula(cell) {
                true => writer.write_field(defused(cell.to_owned()))?,
                false => writer.write_field(cell)?,
            }
        }
        writer.write_record(None::<&[u8]>)
    };
    write(COLUMNS.map(|(name, _)| name)).context(CANNOT)?;
    let details = Details::new(bill, settings, invoice, audience);
    let same: Vec<ItemCells<'_>> = (0..)
        .zip(&invoice.items)
        .zip(&labels)
        .map(|((index, item), label)| ItemCells {
            line: (index + 1).to_string(),
            kind: word(&item.kind),
            tax_rate: item.tax_rate.to_string(),
            label: label.name_of(item),
            heading: label.heading.unwrap_or_default(),
            original_line: cell_if(has_original_lines, || {
                invoice.line_of(index).map_or_else(String::new, |line| line.to_string())
            }),
            tax_included: cell_if(has_included_tax, || item.tax_included.to_string()),
            section_name: item.section.as_ref().map_or("", |section| section.name.as_str()),
        })
        .collect();
    let currency = invoice.currency.to_string();
    let [mut quantity, mut unit_price, mut cost, mut amount, mut row] = [AmountText::default(); 5];
    let mut has_detail = vec![false; invoice.items.len()];
    for detail in &invoice.details {
        let record = details.record(detail).of(format_args!("the costs of {}", invoice.number))?;
        let item = invoice.item(detail);
        let same = &same[detail.item.0 as usize];
        has_detail[detail.item.0 as usize] = true;
        let (share_of, share_ratio) =
            record.share.map_or_else(Default::default, |share| (share.of.to_string(), share.ratio));
        let cells: [&str; COLUMNS.len()] = [
            &invoice.number,
            &same.line,
            &same.kind,
            record.source,
            record.date,
            record.resource,
            record.resource_name,
            record.name,
            number(&mut quantity, record.quantity),
            record.unit,
            number(&mut unit_price, record.unit_price),
            number(&mut cost, record.cost),
            amount.of(record.amount),
            &currency,
            item.tax_category.name(),
            &same.tax_rate,
            record.origin.as_ref().map_or("", |origin| origin.file),
            number(&mut row, record.origin.as_ref().map(|origin| Amount::whole(i64::from(origin.row)))),
            &share_of,
            &share_ratio,
            &same.label,
            same.heading,
            &same.original_line,
            &same.tax_included,
            match &item.section {
                Some(_) => bill.group(bill.charge(detail.charge).subject, &customer.invoice.sections),
                None => "",
            },
            same.section_name,
        ];
        write(cells).context(CANNOT)?;
    }
    let month = bill.month.first().format("%Y-%m").to_string();
    for (index, item) in invoice.items.iter().enumerate().filter(|(index, _)| !has_detail[*index]) {
        let same = &same[index];
        let cells: [&str; COLUMNS.len()] = [
            &invoice.number,
            &same.line,
            &same.kind,
            &item.source,
            &month,
            "",
            "",
            &item.name,
            number(&mut quantity, item.quantity),
            &item.unit,
            number(&mut unit_price, item.unit_price),
            cost.of(item.cost),
            amount.of(item.amount),
            &currency,
            item.tax_category.name(),
            &same.tax_rate,
            "",
            "",
            "",
            "",
            &same.label,
            same.heading,
            &same.original_line,
            &same.tax_included,
            item.section.as_ref().and_then(|section| section.value.as_deref()).unwrap_or_default(),
            same.section_name,
        ];
        write(cells).context(CANNOT)?;
    }
    Ok(writer.into_inner().context(CANNOT)?)
}

/// The cells that all rows of an item have in common, made once for hundreds of thousands of rows.
struct ItemCells<'a> {
    line: String,
    kind: String,
    tax_rate: String,
    label: Cow<'a, str>,
    heading: &'a str,
    original_line: String,
    tax_included: String,
    section_name: &'a str,
}

/// The text of a number; empty where there is none.
fn number(text: &mut AmountText, amount: Option<Amount>) -> &str {
    amount.map_or("", |amount| text.of(amount))
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
pub(crate) fn defused(cell: String) -> String {
    if is_formula(&cell) { format!("'{cell}") } else { cell }
}

/// Whether a spreadsheet would run a cell as a formula.
///
/// Spreadsheets skip blanks and zero-width characters before a formula, and some programs split cells at tabs and line
/// breaks on import (OWASP, CSV injection).
fn is_formula(cell: &str) -> bool {
    // Nearly every cell begins with a letter or a digit.
    if cell.bytes().next().is_none_or(|first| first.is_ascii_alphanumeric()) {
        return false;
    }
    let is_skipped = |c: char| c.is_whitespace() || c.is_control() || is_invisible(c);
    let starts = cell.trim_start_matches(is_skipped);
    let is_split = cell.starts_with(['\t', '\r', '\n']);
    let is_formula = starts.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    (is_split || is_formula) && Amount::parse(cell.as_bytes()).is_err()
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
