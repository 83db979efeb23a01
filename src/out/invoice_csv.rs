//! An invoice's details as CSV for spreadsheets: UTF-8 with a byte order mark, without which Excel garbles Japanese.

use super::csv_rows::CsvRows;
use super::invoice_json::{DetailRecord, Details};
use crate::diagnostic::{Diagnostic, Figure};
use crate::model::amount::Amount;
use crate::model::amount_text::AmountText;
use crate::model::audience::Audience;
use crate::model::charge::Bill;
use crate::model::invoice::Invoice;
use crate::model::item_label::{ItemLabel, ItemTables};
use crate::model::settings::Settings;

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
    let labels = ItemTables::of_customer(settings, invoice.customer).labels(invoice);
    let customer = &settings.customers[invoice.customer];
    let has = Columns {
        labels: settings.document_form.has_labels(),
        original_lines: invoice.returned.is_some() && settings.document_form.has_printed_returns(),
        included_tax: invoice.items.iter().any(|item| item.tax_included),
        sections: customer.has_sections(),
        issuers: audience == Audience::Issuer,
    };
    let same: Vec<ItemCells> =
        (0..).zip(&labels).map(|(index, label)| ItemCells::of(invoice, index, label, has)).collect();
    let details = Details::new(bill, settings, invoice, audience);
    let mut rows = Rows { rows: CsvRows::new(), has, text: AmountText::default() };
    rows.header();
    let mut has_detail = vec![false; invoice.items.len()];
    for detail in &invoice.details {
        let record = details.record(detail).of(format_args!("the costs of {}", invoice.number))?;
        let index = detail.item.0 as usize;
        has_detail[index] = true;
        let section = match &invoice.items[index].section {
            Some(_) => bill.group(bill.charge(detail.charge).subject, &customer.invoice.sections),
            None => "",
        };
        rows.add(&record, &same[index], section);
    }
    for (index, item) in invoice.items.iter().enumerate().filter(|(index, _)| !has_detail[*index]) {
        let section = item.section.as_ref().and_then(|section| section.value.as_deref());
        rows.add(&details.of_item(index), &same[index], section.unwrap_or_default());
    }
    Ok(rows.rows.into_bytes())
}

/// Which columns a document has that not every document has.
#[derive(Clone, Copy)]
struct Columns {
    labels: bool,
    original_lines: bool,
    included_tax: bool,
    sections: bool,
    /// Those that only the issuer sees.
    issuers: bool,
}

impl Columns {
    fn has(self, name: &str, first: Audience) -> bool {
        match name {
            "label" | "heading" => self.labels,
            "original_line" => self.original_lines,
            "tax_included" => self.included_tax,
            "section" | "section_name" => self.sections,
            _ => self.issuers || first == Audience::Customer,
        }
    }
}

/// The cells that all rows of an item have in common, made once for hundreds of thousands of rows.
struct ItemCells {
    /// `number` to `kind`.
    first: Vec<u8>,
    /// `currency` to `tax_rate`.
    taxes: Vec<u8>,
    /// `label` to `tax_included`.
    labels: Vec<u8>,
    section_name: Vec<u8>,
}

impl ItemCells {
    fn of(invoice: &Invoice, index: usize, label: &ItemLabel<'_>, has: Columns) -> ItemCells {
        let item = &invoice.items[index];
        let line = (index + 1).to_string();
        let mut labels = Vec::new();
        if has.labels {
            labels.extend(CsvRows::cells([&label.name_of(item), label.heading.unwrap_or_default()]));
        }
        if has.original_lines {
            let line = invoice.line_of(index).map_or_else(String::new, |line| line.to_string());
            labels.extend(CsvRows::cells([line.as_str()]));
        }
        if has.included_tax {
            labels.extend(CsvRows::cells([item.tax_included.to_string().as_str()]));
        }
        let currency = invoice.currency.to_string();
        let section_name = item.section.as_ref().map_or("", |section| section.name.as_str());
        ItemCells {
            first: CsvRows::cells([&invoice.number, &line, &word(&item.kind)].map(String::as_str)),
            taxes: CsvRows::cells([&currency, item.tax_category.name(), &item.tax_rate.to_string()]),
            labels,
            section_name: CsvRows::cells([section_name]),
        }
    }
}

/// The rows of a document.
struct Rows {
    rows: CsvRows,
    has: Columns,
    /// Space for the text of a number.
    text: AmountText,
}

impl Rows {
    fn header(&mut self) {
        let written = COLUMNS.iter().filter(|(name, first)| self.has.has(name, *first));
        written.for_each(|(name, _)| self.rows.text(name));
        self.rows.end_row();
    }

    fn number(&mut self, number: Option<Amount>) {
        self.rows.plain(number.map_or("", |number| self.text.of(number)));
    }

    fn add(&mut self, record: &DetailRecord<'_>, same: &ItemCells, section: &str) {
        self.rows.repeat(&same.first);
        self.rows.text(record.source);
        self.rows.plain(record.date);
        for text in [record.resource, record.resource_name, record.name] {
            self.rows.text(text);
        }
        self.number(record.quantity);
        self.rows.text(record.unit);
        self.number(record.unit_price);
        if self.has.issuers {
            self.number(record.cost);
        }
        self.number(Some(record.amount));
        self.rows.repeat(&same.taxes);
        if self.has.issuers {
            self.rows.text(record.origin.as_ref().map_or("", |origin| origin.file));
            self.number(record.origin.as_ref().map(|origin| Amount::whole(i64::from(origin.row))));
            self.number(record.share.as_ref().map(|share| share.of));
            self.rows.text(record.share.as_ref().map_or("", |share| &share.ratio));
        }
        self.rows.repeat(&same.labels);
        if self.has.sections {
            self.rows.text(section);
            self.rows.repeat(&same.section_name);
        }
        self.rows.end_row();
    }
}

fn word(kind: &crate::model::invoice::ItemKind) -> String {
    let value = serde_json::to_value(kind).expect("a kind can be written");
    value.as_str().expect("a kind is a word").to_owned()
}
