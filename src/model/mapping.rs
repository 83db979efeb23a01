//! [`Mapping`]: how the rows of any provider's table become charges; and [`MappedFigures`], what became of each row.

use std::collections::BTreeMap;

use super::amount::{Amount, Sum, TooLong};
use super::column_text::ColumnText;
use super::date_format::DateFormat;
use super::focus::{CountedSum, OtherMonths};
use super::matcher::Glob;

/// `[source.columns]` and the other keys of a `[[source]]` of the kind `table-csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// `columns`
    pub columns: MappedColumns,
    /// `encoding`
    pub encoding: TextEncoding,
    /// `delimiter`: what is between the cells.
    pub delimiter: u8,
    /// `header-row`: the line of the names of the columns; none where the table has no names, and columns are numbered.
    pub header_row: Option<u32>,
    /// `first-row`: the first line with a row.
    pub first_row: u32,
    /// `date-format`
    pub date_formats: Vec<DateFormat>,
    /// `decimal` and `thousands`
    pub signs: NumberSigns,
    /// `where`: what the cells of columns must match for a row to be read.
    pub filter: RowPatterns,
    /// `skip`: the rows that are none, such as those of totals.
    pub skip: RowPatterns,
    /// `discount`: the rows that are discounts.
    pub discount: RowPatterns,
    /// `discount-sign`: whether the amounts of those rows are written above zero.
    pub discounts_are_positive: bool,
    /// `tax-rows`: the rows of the provider's tax, which are no charges.
    pub tax_rows: RowPatterns,
    /// `tax`: whether amounts include it.
    pub tax_included: bool,
    /// `other-months`
    pub other_months: OtherMonths,
}

/// Patterns of the cells of columns, in the order of the columns' names.
pub type RowPatterns = Vec<(String, Vec<Glob>)>;

/// The columns of a table, each a text of cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappedColumns {
    /// `date`; without it, every charge is of the whole month.
    pub date: Option<ColumnText>,
    /// `item`
    pub item: ColumnText,
    /// `resource`
    pub resource: Option<ColumnText>,
    /// `resource-name`
    pub resource_name: Option<ColumnText>,
    /// `account`
    pub account: Option<ColumnText>,
    /// `group`
    pub group: Option<ColumnText>,
    /// `quantity`
    pub quantity: Option<ColumnText>,
    /// `unit`
    pub unit: Option<ColumnText>,
    /// `unit-price`
    pub unit_price: Option<ColumnText>,
    /// `amount`
    pub amount: ColumnText,
    /// `tax`: the tax in the amount, or beside it.
    pub tax: Option<ColumnText>,
    /// `currency`, which must be that of the source in every row.
    pub currency: Option<ColumnText>,
    /// `invoice`: the provider's invoice that a row is on.
    pub invoice: Option<ColumnText>,
    /// `tags`
    pub tags: Vec<(String, ColumnText)>,
}

impl MappedColumns {
    /// Every text of columns.
    pub fn all(&self) -> impl Iterator<Item = &ColumnText> {
        let optional = [
            &self.date,
            &self.resource,
            &self.resource_name,
            &self.account,
            &self.group,
            &self.quantity,
            &self.unit,
            &self.unit_price,
            &self.tax,
            &self.currency,
            &self.invoice,
        ];
        let optional = optional.into_iter().flatten();
        [&self.item, &self.amount].into_iter().chain(optional).chain(self.tags.iter().map(|(_, text)| text))
    }
}

/// An encoding of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8, with or without byte order mark.
    #[default]
    Utf8,
    /// Shift_JIS as Windows has it.
    Cp932,
}

impl TextEncoding {
    /// The names in TOML.
    pub const NAMES: [(&'static str, TextEncoding); 2] =
        [("utf-8", TextEncoding::Utf8), ("cp932", TextEncoding::Cp932)];

    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            TextEncoding::Utf8 => "UTF-8",
            TextEncoding::Cp932 => "cp932 (Shift_JIS)",
        }
    }
}

/// The signs in a table's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberSigns {
    /// Between the whole units and the decimals.
    pub decimal: char,
    /// Between groups of three digits; none where numbers are written without.
    pub thousands: Option<char>,
}

impl Default for NumberSigns {
    fn default() -> NumberSigns {
        NumberSigns { decimal: '.', thousands: None }
    }
}

/// Why a row is no charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// All its cells are empty.
    Empty,
    /// It matches `skip`.
    Skip,
    /// It does not match `where`.
    Where,
    /// It matches `tax-rows`.
    Tax,
    /// It is of another month, and `other-months` says to skip it.
    OtherMonth,
}

impl LeftOut {
    /// What is said about such rows behind "left out".
    pub fn reason(self) -> &'static str {
        match self {
            LeftOut::Empty => "as empty",
            LeftOut::Skip => "by skip",
            LeftOut::Where => "by where",
            LeftOut::Tax => "as the provider's tax",
            LeftOut::OtherMonth => "as of other months",
        }
    }

    /// The word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            LeftOut::Empty => "empty",
            LeftOut::Skip => "skip",
            LeftOut::Where => "where",
            LeftOut::Tax => "tax",
            LeftOut::OtherMonth => "other-month",
        }
    }
}

/// Maximum number of lines kept of rows that are left out for one reason.
const LINES: usize = 5;

/// Rows that are left out for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOutRows {
    /// How many there are.
    pub rows: usize,
    /// The lines of the first.
    pub lines: Vec<u32>,
}

/// What became of the rows of a table.
#[derive(Clone, Debug, Default)]
pub struct MappedFigures {
    /// The rows that were read: each is a charge or left out.
    pub rows: usize,
    /// The rows that are charges.
    pub charges: usize,
    /// The rows that are none, by the reason.
    pub left_out: BTreeMap<LeftOut, LeftOutRows>,
    /// The amounts of the rows of tax.
    pub tax_rows: CountedSum,
    /// The tax in a column, or in amounts that include it.
    pub row_taxes: Sum,
    /// The charges and the tax of each of the provider's invoices; its id is empty where a row names none.
    pub invoices: BTreeMap<String, MappedInvoice>,
    /// Charges whose quantity times unit price is not the amount, by a minor unit of the currency or more: the first rows.
    pub unequal: LeftOutRows,
}

/// Sums of one of the provider's invoices.
#[derive(Clone, Copy, Debug, Default)]
pub struct MappedInvoice {
    /// Costs without tax, of charges.
    pub charges: CountedSum,
    /// The tax that its rows state.
    pub tax: Sum,
}

impl LeftOutRows {
    /// Counts a row.
    pub fn add(&mut self, line: u32) {
        self.rows += 1;
        if self.lines.len() < LINES {
            self.lines.push(line);
        }
    }
}

impl MappedFigures {
    /// Number of rows that are no charges.
    pub fn left_out(&self) -> usize {
        self.left_out.values().map(|left_out| left_out.rows).sum()
    }

    /// The tax that the rows state.
    ///
    /// # Errors
    /// When it has too many digits.
    pub fn tax(&self) -> Result<Amount, TooLong> {
        self.tax_rows.sum.total()?.plus(self.row_taxes.total()?)
    }
}
