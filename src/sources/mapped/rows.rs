//! Converts rows of a mapped table to charges.

use chrono::Datelike;
use csv::ByteRecord;
use rustc_hash::FxHashSet;

use super::columns::{CellPatterns, Column, Columns};
use crate::diagnostic::Diagnostic;
use crate::model::amount::Amount;
use crate::model::charge::{Bill, Charge, ChargeKind, EMPTY, NO_PRICE, NameId, Subject, SubjectId};
use crate::model::currency::Currency;
use crate::model::date_format::RowDate;
use crate::model::focus::OtherMonths;
use crate::model::identifier::IdAlphabet;
use crate::model::mapping::{LeftOut, MappedFigures, Mapping};
use crate::model::packed::Packed;
use crate::model::plain::beginning;
use crate::model::ratio::exact_quotient;
use crate::model::tax::TaxCategory;
use crate::sources::cells::{cell, check_cells, shown_with};
use crate::sources::refused_rows::{Refusal, RefusedRows, id_in, small, text, too_long};
use crate::sources::subjects::Subjects;
use crate::sources::written_numbers::{WrittenNumbers, half_width};

/// Reads the rows of one file into a bill.
pub(super) struct RowReader<'r> {
    bill: &'r mut Bill,
    source: u16,
    file: u16,
    columns: &'r Columns,
    mapping: &'r Mapping,
    figures: &'r mut MappedFigures,
    currency: Currency,
    numbers: WrittenNumbers,
    /// 1.1 where amounts include tax at 10 %, which no column tells.
    with_tax: Option<Amount>,
    subjects: Subjects,
    /// The texts of the current row.
    written: Vec<u8>,
    noted_units: FxHashSet<(NameId, u16)>,
    problems: RefusedRows,
    /// The rows of this file that were refused: each row is one of them, a charge, or left out.
    refused: usize,
    before: (usize, usize, usize),
}

/// Hint for rows with other cells than the header.
const RAGGED: &str = "a cell with the sign between cells in it must be in quotes; leave rows of totals out with skip";

/// What a row says about its money.
struct Money {
    /// What it costs without tax.
    cost: Amount,
    /// The tax that it states.
    tax: Amount,
    /// The amount as it is written.
    amount: Amount,
}

impl<'r> RowReader<'r> {
    /// A reader of the rows of a file.
    ///
    /// # Errors
    /// Amounts that include a tax that no month had.
    pub(super) fn new(
        bill: &'r mut Bill,
        (source, file): (u16, u16),
        columns: &'r Columns,
        mapping: &'r Mapping,
        figures: &'r mut MappedFigures,
    ) -> Result<RowReader<'r>, Diagnostic> {
        let path = bill.files[usize::from(file)].path.clone();
        let currency = bill.sources[usize::from(source)].currency;
        let month = bill.month;
        let with_tax = || {
            let rate = TaxCategory::Standard.japanese_rate(month).map_or(Amount::ZERO, |rate| rate.factor());
            Amount::whole(1).plus(rate).map_err(|_| Diagnostic::error(format!("no rate of tax is known for {month}")))
        };
        let has_own_tax = !mapping.tax_included || columns.tax.is_some();
        Ok(RowReader {
            source,
            file,
            columns,
            mapping,
            currency,
            numbers: WrittenNumbers::new(mapping.signs, currency),
            with_tax: if has_own_tax { None } else { Some(with_tax()?) },
            subjects: Subjects::default(),
            written: Vec::new(),
            noted_units: FxHashSet::default(),
            problems: RefusedRows::new(path),
            refused: 0,
            before: (figures.rows, figures.charges, figures.left_out()),
            bill,
            figures,
        })
    }

    /// Reads one row; `previous` is the row before it and `row` its line.
    pub(super) fn read(&mut self, record: &ByteRecord, previous: &ByteRecord, row: u32) {
        self.figures.rows += 1;
        match self.charge(record, previous, row) {
            Ok(Ok(charge)) => {
                self.figures.charges += 1;
                self.bill.charges.push(charge);
            }
            // The next row must be compared only with a row whose subject is known.
            Ok(Err(left_out)) => {
                self.subjects.forget_last();
                self.figures.left_out.entry(left_out).or_default().add(row);
            }
            Err(refusal) => {
                self.subjects.forget_last();
                self.refused += 1;
                let separator = self.mapping.delimiter;
                self.problems.add(refusal, row, || shown_with(record, separator));
            }
        }
    }

    /// Reports that the file ends within quotes of the last row, which was read as `row` and begins at `line`.
    pub(super) fn cut_off(&mut self, row: u32, line: u32) {
        self.problems.cut_off(row, line);
    }

    /// The refused rows. Every row of the file has landed once.
    pub(super) fn finish(self) -> RefusedRows {
        let (rows, charges, left_out) = self.before;
        let landed = self.figures.charges - charges + self.figures.left_out() - left_out + self.refused;
        assert_eq!(self.figures.rows - rows, landed, "each row is a charge, left out or refused");
        self.problems
    }

    /// The charge of a row, or why it is none.
    fn charge(
        &mut self,
        record: &ByteRecord,
        previous: &ByteRecord,
        row: u32,
    ) -> Result<Result<Charge, LeftOut>, Refusal> {
        let columns = self.columns;
        if (0..record.len()).all(|index| trimmed(cell(record, index)).is_ok_and(str::is_empty)) {
            return Ok(Err(LeftOut::Empty));
        }
        // Rows of totals often have fewer cells than the others.
        if matches_any(&columns.skip, record)? {
            return Ok(Err(LeftOut::Skip));
        }
        check_cells(record, columns.count, self.mapping.delimiter).map_err(|(kind, message, hint)| match kind {
            "ragged" => (kind, message, RAGGED),
            _ => (kind, message, hint),
        })?;
        if !matches_all(&columns.filter, record)? {
            return Ok(Err(LeftOut::Where));
        }
        self.check_currency(record)?;
        if matches_any(&columns.tax_rows, record)? {
            let tax = self.numbers.money(self.cell(&columns.amount, record)?, &columns.amount.name)?;
            self.figures.tax_rows.add(tax).map_err(too_long)?;
            self.add_to_invoice(record, None, tax)?;
            return Ok(Err(LeftOut::Tax));
        }
        let Some(day) = self.day(record)? else {
            return Ok(Err(LeftOut::OtherMonth));
        };
        self.usual_charge(record, previous, (row, day)).map(Ok)
    }

    fn usual_charge(
        &mut self,
        record: &ByteRecord,
        previous: &ByteRecord,
        (row, day): (u32, u8),
    ) -> Result<Charge, Refusal> {
        let is_discount = matches_any(&self.columns.discount, record)?;
        let money = self.money(record, is_discount)?;
        let (quantity, unit) = self.quantity(record)?;
        let subject = self.subject(record, previous)?;
        let item = self.item(record)?;
        let unit_price = self.unit_price(record, quantity, &money, row)?;
        self.figures.row_taxes.add(money.tax).map_err(too_long)?;
        self.add_to_invoice(record, Some(money.cost), money.tax)?;
        if unit != 0 && self.noted_units.insert((item, unit)) {
            let name = self.bill.row_units.values()[usize::from(unit) - 1];
            self.bill.note_unit(self.source, item, name);
        }
        let long = &mut self.bill.long_amounts;
        Ok(Charge {
            quantity: quantity.map_or(Packed::NONE, |quantity| Packed::new(quantity, long)),
            cost: Packed::new(money.cost, long),
            subject,
            item,
            unit_price,
            row,
            file: self.file,
            day,
            stated_kind: is_discount.then_some(ChargeKind::Discount),
            other_period: 0,
            unit,
        })
    }

    /// The text of a row's column, without spaces around it.
    fn cell(&mut self, column: &Column, record: &ByteRecord) -> Result<&str, Refusal> {
        column.text.write(record, &mut self.written);
        trimmed(&self.written)
    }

    /// The same where the mapping may not name the column: then it is empty.
    fn optional(&mut self, column: Option<&Column>, record: &ByteRecord) -> Result<&str, Refusal> {
        match column {
            Some(column) => self.cell(column, record),
            None => Ok(""),
        }
    }

    /// The day of a row, 0 for a whole month; none for a row of another month that is to be left out.
    fn day(&mut self, record: &ByteRecord) -> Result<Option<u8>, Refusal> {
        let (mapping, month) = (self.mapping, self.bill.month);
        let Some(column) = &self.columns.date else { return Ok(Some(0)) };
        let found = self.cell(column, record)?;
        let narrow = half_width(found);
        let Some(date) = mapping.date_formats.iter().find_map(|format| format.read(&narrow)) else {
            let example = mapping.date_formats[0].example(month.first());
            let message = match found.is_empty() {
                true => format!("expected a date such as {example} in {}, found an empty cell", column.name),
                false => format!("expected a date such as {example} in {}, found {:?}", column.name, beginning(found)),
            };
            let hint = "write date-format in its [[source]] as the table has dates, several in a list, of which \"\" is an empty cell";
            return Err(("date", message, hint));
        };
        let (is_of_month, day) = match date {
            RowDate::OfTheBill => (true, 0),
            RowDate::Month(of) => (of == month, 0),
            RowDate::Day(day) => (day >= month.first() && day <= month.last(), day.day() as u8),
        };
        match (is_of_month, mapping.other_months) {
            (true, _) => Ok(Some(day)),
            (false, OtherMonths::Skip) => Ok(None),
            (false, OtherMonths::Refuse) => {
                let found = beginning(found);
                let message =
                    format!("the row is of another month: expected {month} in {}, found {found:?}", column.name);
                let hint =
                    "save each month's bill in its own directory, or write other-months = \"skip\" in [[source]]";
                Err(("month", message, hint))
            }
        }
    }

    fn check_currency(&mut self, record: &ByteRecord) -> Result<(), Refusal> {
        let (currency, columns) = (self.currency, self.columns);
        let Some(column) = &columns.currency else { return Ok(()) };
        let found = self.cell(column, record)?;
        if found == currency.code() {
            return Ok(());
        }
        let message = format!("expected the currency {currency} in {}, found {:?}", column.name, beginning(found));
        Err(("currency", message, "give each currency a [[source]] of its own, with where = { … = \"EUR\" }"))
    }

    /// The money of a row.
    fn money(&mut self, record: &ByteRecord, is_discount: bool) -> Result<Money, Refusal> {
        let (columns, numbers) = (self.columns, self.numbers);
        let name = &columns.amount.name;
        let written = numbers.money(self.cell(&columns.amount, record)?, name)?;
        let is_turned = is_discount && self.mapping.discounts_are_positive;
        if is_discount && (if is_turned { written.is_negative() } else { written.is_positive() }) {
            let found = beginning(self.cell(&columns.amount, record)?);
            return Err(match is_turned {
                true => (
                    "discount",
                    format!("expected a discount above zero in {name}, found {found:?}"),
                    "leave out discount-sign in its [[source]] where discounts are written below zero",
                ),
                false => (
                    "discount",
                    format!("expected a discount below zero in {name}, found {found:?}"),
                    "write discount-sign = \"positive\" in its [[source]] where discounts have no minus",
                ),
            });
        }
        let amount = if is_turned { written.negated() } else { written };
        let tax = match &columns.tax {
            None => Amount::ZERO,
            Some(column) => {
                let tax = numbers.money(self.cell(column, record)?, &column.name)?;
                if is_turned { tax.negated() } else { tax }
            }
        };
        let cost = match (self.mapping.tax_included, self.with_tax) {
            (false, _) => return Ok(Money { cost: amount, tax, amount }),
            (true, None) => amount.minus(tax).map_err(too_long)?,
            (true, Some(factor)) => exact_quotient(amount, factor).ok_or_else(|| no_end(amount, factor, name))?,
        };
        if cost.is_negative() != amount.is_negative() && !cost.is_zero() || tax_is_of_the_other_sign(amount, tax) {
            let message = format!("the tax {tax} is no part of {amount} in {name}");
            return Err((
                "tax",
                message,
                "name in [source.columns] tax the column of the tax that the amount includes",
            ));
        }
        Ok(Money { cost, tax: amount.minus(cost).map_err(too_long)?, amount })
    }

    /// The quantity of a row, and the index plus 1 of its unit. A quantity whose unit is an empty cell has none, and is not
    /// added to those of other rows that have one.
    fn quantity(&mut self, record: &ByteRecord) -> Result<(Option<Amount>, u16), Refusal> {
        let (columns, numbers) = (self.columns, self.numbers);
        let Some(column) = &columns.quantity else { return Ok((None, 0)) };
        let found = self.cell(column, record)?;
        if found.is_empty() {
            return Ok((None, 0));
        }
        let quantity = numbers.quantity(found, &column.name)?;
        let Some(column) = &columns.unit else { return Ok((Some(quantity), 0)) };
        column.text.write(record, &mut self.written);
        let name = self.bill.names.intern(trimmed(&self.written)?);
        Ok((Some(quantity), small(self.bill.row_units.intern(name), &column.name)?))
    }

    /// Index of the price per unit without tax: the provider's, or else what the row's cost and quantity give exactly.
    fn unit_price(
        &mut self,
        record: &ByteRecord,
        quantity: Option<Amount>,
        money: &Money,
        row: u32,
    ) -> Result<u32, Refusal> {
        let (columns, numbers) = (self.columns, self.numbers);
        let Some(quantity) = quantity else { return Ok(NO_PRICE) };
        let stated = match &columns.unit_price {
            None => None,
            Some(column) => {
                let found = self.cell(column, record)?;
                if found.is_empty() { None } else { Some(numbers.money(found, &column.name)?) }
            }
        };
        if let Some(price) = stated {
            self.compare(quantity, price, money.amount, row);
        }
        let price = match stated.filter(|_| !self.mapping.tax_included) {
            Some(price) => Some(price),
            None if quantity.is_positive() => exact_quotient(money.cost, quantity),
            None => None,
        };
        Ok(price.map_or(NO_PRICE, |price| self.bill.unit_prices.intern(price)))
    }

    /// Notes a row whose price and quantity do not give its amount. It is billed by the amount all the same, as the rows of
    /// every kind: providers round, and have minimums.
    fn compare(&mut self, quantity: Amount, price: Amount, amount: Amount, row: u32) {
        let unit = Amount::new(1, self.currency.decimals()).unwrap_or_default();
        let difference = quantity.times(price).and_then(|product| product.magnitude().minus(amount.magnitude()));
        if difference.is_ok_and(|difference| difference.magnitude() >= unit) {
            self.figures.unequal.add(row);
        }
    }

    /// The item of a row, without spaces that empty cells leave.
    fn item(&mut self, record: &ByteRecord) -> Result<NameId, Refusal> {
        let columns = self.columns;
        let name = self.cell(&columns.item, record)?.split_whitespace().collect::<Vec<&str>>().join(" ");
        if name.is_empty() {
            let message = format!("expected a text for the item, found nothing in {}", columns.item.name);
            return Err((
                "item",
                message,
                "name in item a column that every row fills, or leave such rows out with skip",
            ));
        }
        Ok(self.bill.names.intern(&name))
    }

    /// Adds a charge, or a row of tax, to the sums of the provider's invoice that names it.
    fn add_to_invoice(&mut self, record: &ByteRecord, cost: Option<Amount>, tax: Amount) -> Result<(), Refusal> {
        let columns = self.columns;
        let Some(column) = &columns.invoice else { return Ok(()) };
        let invoice = self.cell(column, record)?.to_owned();
        let sums = self.figures.invoices.entry(invoice).or_default();
        if let Some(cost) = cost {
            sums.charges.add(cost).map_err(too_long)?;
        }
        sums.tax.add(tax).map_err(too_long)
    }

    /// The subject of a row: that of the previous row, known from an earlier row, or new.
    fn subject(&mut self, record: &ByteRecord, previous: &ByteRecord) -> Result<SubjectId, Refusal> {
        match self.subjects.find(&self.columns.identity, record, previous) {
            Some(subject) => Ok(subject),
            None => self.new_subject(record),
        }
    }

    fn new_subject(&mut self, record: &ByteRecord) -> Result<SubjectId, Refusal> {
        let columns = self.columns;
        // Once per subject: a refused row adds no subject, so that its other rows are refused too.
        for (kind, column) in [("resource", &columns.resource), ("account", &columns.account)] {
            if let Some(column) = column {
                id_in(kind, self.cell(column, record)?, &column.name, IdAlphabet::Any)?;
            }
        }
        let mut named = [EMPTY; 4];
        let of = [&columns.account, &columns.resource, &columns.resource_name, &columns.group];
        for (id, column) in named.iter_mut().zip(of) {
            let name = self.optional(column.as_ref(), record)?.to_owned();
            *id = self.bill.names.intern(&name);
        }
        let mut tags = Vec::with_capacity(columns.tags.len());
        for (tag, column) in &columns.tags {
            let value = self.cell(column, record)?.to_owned();
            if !value.is_empty() {
                tags.push((self.bill.names.intern(tag), self.bill.names.intern(&value)));
            }
        }
        let [account, resource, resource_name, group] = named;
        let subject = Subject {
            source: self.source,
            account,
            resource,
            resource_name,
            product: EMPTY,
            groups: if group == EMPTY { Box::default() } else { Box::new([group]) },
            tags: tags.into_boxed_slice(),
        };
        let id = SubjectId(self.bill.subjects.len() as u32);
        self.bill.subjects.push(subject);
        self.subjects.add(id);
        Ok(id)
    }
}

/// A cell without spaces around it, and without the signs that make spreadsheets take a number as text: `="0123"`.
fn trimmed(cell: &[u8]) -> Result<&str, Refusal> {
    let text = text(cell)?.trim();
    let forced = text.strip_prefix("=\"").and_then(|text| text.strip_suffix('"'));
    Ok(forced.map_or(text, str::trim))
}

/// Whether any cell of a row matches any pattern of its column. A cell that the row lacks matches none.
fn matches_any(patterns: &CellPatterns, record: &ByteRecord) -> Result<bool, Refusal> {
    for (at, globs) in patterns.iter().filter(|(at, _)| *at < record.len()) {
        let value = trimmed(cell(record, *at))?;
        if globs.iter().any(|glob| glob.matches_present(value)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the cells of a row match a pattern of each column.
fn matches_all(patterns: &CellPatterns, record: &ByteRecord) -> Result<bool, Refusal> {
    for (at, globs) in patterns {
        let value = trimmed(cell(record, *at))?;
        if !globs.iter().any(|glob| glob.matches_present(value)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn tax_is_of_the_other_sign(amount: Amount, tax: Amount) -> bool {
    !tax.is_zero() && tax.is_negative() != amount.is_negative()
}

/// Refuses an amount that includes a tax which cannot be taken off exactly.
fn no_end(amount: Amount, factor: Amount, column: &str) -> Refusal {
    let message = format!("{amount} in {column} includes tax, and {amount} ÷ {factor} has no end");
    ("no-end", message, "name the column of the tax as tax in [source.columns], or ask for a table without tax")
}
