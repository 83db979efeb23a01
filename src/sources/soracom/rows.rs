//! Converts rows of a billing CSV to charges.

use csv::ByteRecord;

use super::columns::Columns;
use crate::model::amount::Amount;
use crate::model::charge::{Bill, Charge, EMPTY, NO_PRICE, NameId, Subject, SubjectId};
use crate::model::packed::Packed;
use crate::sources::cells::{cell, check_cells, shown};
use crate::sources::refused_rows::{Refusal, RefusedRows, id, number, text};
use crate::sources::subjects::Subjects;

/// Reads rows of one file into a bill.
pub(super) struct RowReader<'c> {
    bill: Bill,
    source: u16,
    file: u16,
    columns: &'c Columns,
    /// Names of the tag columns, in their order.
    tags: Vec<NameId>,
    month: Vec<u8>,
    days: u32,
    subjects: Subjects,
    items: Vec<KnownItem>,
    problems: RefusedRows,
}

/// A recent item with its unit price: a bill has few items and long runs of the same prices.
struct KnownItem {
    cell: Box<[u8]>,
    name: NameId,
    price_cell: Vec<u8>,
    price: u32,
}

/// Number of recent items cached; further items are looked up among all names.
const KNOWN_ITEMS: usize = 16;

impl<'c> RowReader<'c> {
    pub(super) fn new(mut bill: Bill, source: u16, file: u16, columns: &'c Columns) -> RowReader<'c> {
        use chrono::Datelike;
        let month = bill.month.to_string().into_bytes();
        let days = bill.month.last().day();
        let path = bill.files[usize::from(file)].path.clone();
        let tags = columns.tags.iter().map(|(tag, _)| bill.names.intern(tag)).collect();
        RowReader {
            bill,
            source,
            file,
            columns,
            tags,
            month,
            days,
            subjects: Subjects::default(),
            items: Vec::new(),
            problems: RefusedRows::new(path),
        }
    }

    /// Reads one row; `previous` is the row before it and `row` its line.
    pub(super) fn read(&mut self, record: &ByteRecord, previous: &ByteRecord, row: u32) {
        match self.charge(record, previous, row) {
            Ok(charge) => self.bill.charges.push(charge),
            Err(refusal) => {
                // The next row must be compared only with a valid row.
                self.subjects.forget_last();
                self.problems.add(refusal, row, || shown(record));
            }
        }
    }

    pub(super) fn finish(self) -> (Bill, RefusedRows) {
        (self.bill, self.problems)
    }

    fn charge(&mut self, record: &ByteRecord, previous: &ByteRecord, row: u32) -> Result<Charge, Refusal> {
        check_cells(record, self.columns.count, b',')?;
        let cell = |index: usize| cell(record, index);
        let day = self.day(cell(self.columns.date))?;
        let item = cell(self.columns.item);
        if item.is_empty() {
            return Err((
                "item",
                "expected a bill item, found an empty cell".to_owned(),
                "every row names what was charged in billItemName",
            ));
        }
        let cost = number(cell(self.columns.amount), "amount")?;
        let quantity = optional(self.columns.quantity.map(cell), "quantity")?;
        let subject = self.subject(record, previous)?;
        let (item, unit_price) = self.item(item, self.columns.unit_price.map_or(&[], cell))?;
        Ok(Charge {
            quantity: quantity.map_or(Packed::NONE, |quantity| Packed::new(quantity, &mut self.bill.long_amounts)),
            cost: Packed::new(cost, &mut self.bill.long_amounts),
            subject,
            item,
            unit_price,
            row,
            file: self.file,
            day,
            stated_kind: None,
            other_period: 0,
            unit: 0,
        })
    }

    /// Item and unit price of a row.
    fn item(&mut self, item: &[u8], price: &[u8]) -> Result<(NameId, u32), Refusal> {
        let known = self.items.iter_mut().find(|known| *known.cell == *item);
        if let Some(known) = known {
            if known.price_cell != price {
                known.price = intern_price(&mut self.bill, price)?;
                known.price_cell.clear();
                known.price_cell.extend_from_slice(price);
            }
            return Ok((known.name, known.price));
        }
        let name = self.bill.names.intern(text(item)?);
        let price_index = intern_price(&mut self.bill, price)?;
        if self.items.len() < KNOWN_ITEMS {
            self.items.push(KnownItem { cell: item.into(), name, price_cell: price.to_vec(), price: price_index });
        }
        Ok((name, price_index))
    }

    /// `yyyyMMdd` gives the day, `yyyyMM` gives 0.
    fn day(&self, date: &[u8]) -> Result<u8, Refusal> {
        let shown = || String::from_utf8_lossy(date).into_owned();
        let digits = date.iter().all(u8::is_ascii_digit);
        if !digits || !matches!(date.len(), 6 | 8) {
            let message = format!("expected a date such as {}01 or a month, found {:?}", self.bill.month, shown());
            return Err((
                "date",
                message,
                "the provider writes yyyyMMdd or yyyyMM; a spreadsheet may have changed it: fetch the file again",
            ));
        }
        if date[..6] != self.month[..] {
            let message = format!("the row is of another month: expected {}, found {}", self.bill.month, shown());
            return Err(("month", message, "save each month's bill in its own directory"));
        }
        match &date[6..] {
            [tens, ones] => {
                let day = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
                let known = (1..=self.days).contains(&day);
                let refusal = || {
                    ("date", format!("the month has no such day: {}", shown()), "fetch the file again if it was edited")
                };
                if known { Ok(day as u8) } else { Err(refusal()) }
            }
            _ => Ok(0),
        }
    }

    /// The subject of a row: that of the previous row, known from an earlier row, or new.
    fn subject(&mut self, record: &ByteRecord, previous: &ByteRecord) -> Result<SubjectId, Refusal> {
        match self.subjects.find(&self.columns.identity, record, previous) {
            Some(subject) => Ok(subject),
            None => self.new_subject(record),
        }
    }

    fn new_subject(&mut self, record: &ByteRecord) -> Result<SubjectId, Refusal> {
        // Once per subject: a refused row adds no subject, so that its other rows are refused too.
        for (index, column, alphabet) in &self.columns.ids {
            id(text(cell(record, *index))?, column, *alphabet)?;
        }
        let names = &mut self.bill.names;
        let mut name = |index: usize| -> Result<NameId, Refusal> {
            let cell = text(cell(record, index))?;
            Ok(if cell.is_empty() { EMPTY } else { names.intern(cell) })
        };
        let mut resource = EMPTY;
        for index in &self.columns.resources {
            let id = name(*index)?;
            if resource == EMPTY {
                resource = id;
            }
        }
        let mut groups = Vec::new();
        for index in &self.columns.groups {
            groups.push(name(*index)?);
        }
        groups.retain(|group| *group != EMPTY);
        let mut tags = Vec::new();
        for (tag, (_, index)) in self.tags.iter().zip(&self.columns.tags) {
            tags.push((*tag, name(*index)?));
        }
        tags.retain(|(_, value)| *value != EMPTY);
        let resource_name = self.columns.name.map_or(Ok(EMPTY), &mut name)?;
        let account = self.columns.account.map_or(Ok(EMPTY), &mut name)?;
        let id = SubjectId(self.bill.subjects.len() as u32);
        let (groups, tags) = (groups.into_boxed_slice(), tags.into_boxed_slice());
        let subject = Subject { source: self.source, account, resource, resource_name, product: EMPTY, groups, tags };
        self.bill.subjects.push(subject);
        self.subjects.add(id);
        Ok(id)
    }
}

fn intern_price(bill: &mut Bill, cell: &[u8]) -> Result<u32, Refusal> {
    let price = optional(Some(cell), "unitPrice")?;
    Ok(price.map_or(NO_PRICE, |price| bill.unit_prices.intern(price)))
}

fn optional(cell: Option<&[u8]>, column: &str) -> Result<Option<Amount>, Refusal> {
    match cell {
        None | Some([]) => Ok(None),
        Some(cell) => number(cell, column).map(Some),
    }
}
