//! Converts rows of a bill's CSV to charges.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::records::Record;
use crate::diagnostic::{Diagnostic, Place, too_long};
use crate::model::amount::{Amount, Sum};
use crate::model::charge::{Bill, Charge, EMPTY, NO_PRICE, NameId, Subject, SubjectId};
use crate::model::identifier::IdAlphabet;
use crate::model::packed::Packed;
use crate::model::period::BillingMonth;
use crate::sources::refused_rows::{Refusal, RefusedRows, id, listing, number};

/// Name of the figure in the error about too many digits.
pub(super) const TAX: &str = "the tax of the rows";

/// Position of the month of use, from 0.
pub(super) const MONTH: usize = 2;

/// Positions of the other columns the provider documents.
mod column {
    pub(super) const NUMBER: usize = 0;
    pub(super) const BILL: usize = 1;
    pub(super) const STATE: usize = 3;
    pub(super) const ACCOUNT: usize = 5;
    pub(super) const RESOURCE: usize = 6;
    pub(super) const PRODUCT: usize = 7;
    pub(super) const PRODUCT_NAME: usize = 8;
    pub(super) const DAYS: usize = 11;
    pub(super) const HOURS: usize = 12;
    pub(super) const PRICE: usize = 13;
    pub(super) const TAX: usize = 14;
    pub(super) const RESOURCE_NAME: usize = 15;
}

/// Payment state of a bill whose amounts are not determined yet; later states are 未払い and 入金済み.
const UNDETERMINED: &str = "未定";

/// Unit of quantities.
const UNIT: &str = "hour";

/// Number of digits of a resource's id in the control panel.
const ID_DIGITS: usize = 12;

/// Key that distinguishes subjects: account, resource, product, resource name and further cells.
type SubjectKey = (NameId, NameId, NameId, NameId, Box<[NameId]>);

/// Reads the rows of one file into a bill.
pub(super) struct RowReader<'b> {
    bill: &'b mut Bill,
    source: u16,
    file: u16,
    extra_columns: Vec<NameId>,
    subjects: FxHashMap<SubjectKey, SubjectId>,
    /// Line of every row by bill and sequence number.
    seen: BTreeMap<(String, String), u32>,
    tax: Sum,
    /// Undetermined rows by bill, and the bills with any determined row, which are final.
    undetermined: BTreeMap<String, Vec<Undetermined>>,
    determined: BTreeSet<String>,
    problems: RefusedRows,
}

/// A row whose amount may still change.
struct Undetermined {
    line: u32,
    /// Its product or resource, and its amount so far.
    text: String,
}

impl<'b> RowReader<'b> {
    pub(super) fn new(bill: &'b mut Bill, source: u16, file: u16, extra_columns: &[String]) -> RowReader<'b> {
        let path = bill.files[usize::from(file)].path.clone();
        let extra_columns = extra_columns.iter().map(|name| bill.names.intern(name)).collect();
        RowReader {
            bill,
            source,
            file,
            extra_columns,
            subjects: FxHashMap::default(),
            seen: BTreeMap::new(),
            tax: Sum::default(),
            undetermined: BTreeMap::new(),
            determined: BTreeSet::new(),
            problems: RefusedRows::new(path),
        }
    }

    /// Reads one row.
    pub(super) fn read(&mut self, record: &Record<'_>) {
        match self.charge(record) {
            Ok(charge) => self.bill.charges.push(charge),
            Err(refusal) => self.problems.add(refusal, record.line, || record.text.to_owned()),
        }
    }

    /// The sum of the rows' tax, and the refused rows.
    pub(super) fn finish(self) -> (Sum, RefusedRows) {
        (self.tax, self.problems)
    }

    /// Error for rows that are not determined yet, in bills without any determined row.
    pub(super) fn undetermined(&self, path: &str) -> Option<Diagnostic> {
        let open = self.undetermined.iter().filter(|(bill, _)| !self.determined.contains(*bill));
        let mut rows: Vec<&Undetermined> = open.flat_map(|(_, rows)| rows).collect();
        rows.sort_by_key(|row| row.line);
        let first = rows.first()?;
        let message = match rows.len() {
            1 => format!("SAKURA Cloud has not determined 1 row yet ({UNDETERMINED}): its amount may still change"),
            count => {
                format!(
                    "SAKURA Cloud has not determined {count} rows yet ({UNDETERMINED}): their amounts may still change"
                )
            }
        };
        let lines: Vec<String> = rows.iter().map(|row| row.text.clone()).collect();
        let hint = format!(
            "save the bill again once 入金状況 no longer says {UNDETERMINED}: the final bill is made on the first of the \
             next month; until then, build with --draft"
        );
        Some(listing(Diagnostic::error(message).at(Place::line(path, first.line)), &lines).with_hint(hint))
    }

    fn charge(&mut self, record: &Record<'_>) -> Result<Charge, Refusal> {
        let Some(cells) = &record.cells else {
            let hint = "the download was probably interrupted: fetch the file again";
            return Err(("cut", "the row is cut off inside quotes".to_owned(), hint));
        };
        if cells.len() != record.expected {
            let message = format!("expected {} cells, found {}", record.expected, cells.len());
            return Err(("ragged", message, "fetch the file again if it was edited or cut off"));
        }
        let cell = |index: usize| cells[index].as_ref();
        self.is_new(cell(column::BILL), cell(column::NUMBER), record.line)?;
        self.is_of_the_month(cell(MONTH))?;
        if cell(column::PRODUCT_NAME).is_empty() {
            let message = "expected a product name in column 9, found an empty cell".to_owned();
            return Err(("item", message, "every row names what was charged; fetch the file again if it was edited"));
        }
        let cost = number(cell(column::PRICE).as_bytes(), "column 14 (price without tax)")?;
        let tax = match cell(column::TAX) {
            "" => Amount::ZERO,
            tax => number(tax.as_bytes(), "column 15 (tax)")?,
        };
        let quantity = hours(cell(column::DAYS), cell(column::HOURS), cost)?;
        let subject = self.subject(cells)?;
        self.tax.add(tax).map_err(|_| ("sum", too_long(TAX), ""))?;
        match cell(column::STATE).trim() {
            UNDETERMINED => {
                let text = undetermined(cell, cost);
                let rows = self.undetermined.entry(cell(column::BILL).to_owned()).or_default();
                rows.push(Undetermined { line: record.line, text });
            }
            _ => _ = self.determined.insert(cell(column::BILL).to_owned()),
        }
        let item = self.bill.names.intern(cell(column::PRODUCT_NAME));
        let unit = self.bill.names.intern(UNIT);
        self.bill.note_unit(self.source, item, unit);
        Ok(Charge {
            quantity: quantity.map_or(Packed::NONE, |quantity| Packed::new(quantity, &mut self.bill.long_amounts)),
            cost: Packed::new(cost, &mut self.bill.long_amounts),
            subject,
            item,
            unit_price: NO_PRICE,
            row: record.line,
            file: self.file,
            day: 0,
            stated_kind: None,
            other_period: 0,
            unit: 0,
        })
    }

    /// Refuses a row number that a bill has twice: rows are numbered within a bill, so the row would count twice.
    fn is_new(&mut self, bill: &str, number: &str, line: u32) -> Result<(), Refusal> {
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !digits {
            let message = format!("expected the row's number in column 1, found {number:?}");
            return Err(("sequence", message, "fetch the file again if it was edited"));
        }
        match self.seen.insert((bill.to_owned(), number.trim_start_matches('0').to_owned()), line) {
            None => Ok(()),
            Some(first) => {
                let message = format!("the row repeats line {first}: number {number} of bill {bill}");
                Err(("repeated", message, "each row of a bill has its own number: fetch the file again"))
            }
        }
    }

    /// Checks that the month of use, such as `2015/09`, is the bill's month.
    fn is_of_the_month(&self, cell: &str) -> Result<(), Refusal> {
        let parsed = cell.split_once('/').filter(|(year, month)| year.len() == 4 && month.len() == 2);
        let found = parsed.and_then(|(year, month)| format!("{year}{month}").parse::<BillingMonth>().ok());
        let expected = self.bill.month.first().format("%Y/%m");
        match found {
            Some(month) if month == self.bill.month => Ok(()),
            Some(_) => {
                let message = format!("the row is of another month: expected {expected}, found {cell}");
                Err(("month", message, "column 3 is the month of use; save each month's bill in its own directory"))
            }
            None => {
                let message = format!("expected the month of use such as {expected} in column 3, found {cell:?}");
                Err(("date", message, "a spreadsheet may have changed it: fetch the file again"))
            }
        }
    }

    /// The subject of a row, known from an earlier row or new.
    fn subject(&mut self, cells: &[Cow<'_, str>]) -> Result<SubjectId, Refusal> {
        let resource = resource_id(&cells[column::RESOURCE])?;
        let names = &mut self.bill.names;
        let account = names.intern(&cells[column::ACCOUNT]);
        let resource = names.intern(&resource);
        let product = names.intern(&cells[column::PRODUCT]);
        let resource_name = names.intern(&cells[column::RESOURCE_NAME]);
        let extra: Box<[NameId]> = cells[column::RESOURCE_NAME + 1..].iter().map(|cell| names.intern(cell)).collect();
        let key = (account, resource, product, resource_name, extra);
        if let Some(id) = self.subjects.get(&key) {
            return Ok(*id);
        }
        let tags = self.extra_columns.iter().copied().zip(key.4.iter().copied()).filter(|(_, value)| *value != EMPTY);
        let subject = Subject {
            source: self.source,
            account,
            resource,
            resource_name,
            product,
            groups: Box::default(),
            tags: tags.collect(),
        };
        let id = SubjectId(self.bill.subjects.len() as u32);
        self.bill.subjects.push(subject);
        self.subjects.insert(key, id);
        Ok(id)
    }
}

/// A resource's id as in the control panel: 12 digits. The API omits leading zeros where it sends numbers.
pub(super) fn resource_id(cell: &str) -> Result<Cow<'_, str>, Refusal> {
    let digits = cell.bytes().all(|byte| byte.is_ascii_digit());
    if digits && !cell.is_empty() {
        return Ok(match cell.len() == ID_DIGITS {
            true => cell.into(),
            false => format!("{:0>ID_DIGITS$}", cell.trim_start_matches('0')).into(),
        });
    }
    id(cell, "column 7 (resource)", IdAlphabet::Digits)?;
    Ok(cell.into())
}

/// Describes an undetermined row for a list.
fn undetermined<'c>(cell: impl Fn(usize) -> &'c str, cost: Amount) -> String {
    let id = match (cell(column::RESOURCE), cell(column::PRODUCT_NAME)) {
        ("", product) => product,
        (id, _) => id,
    };
    let count = |cell: &'c str| if cell.is_empty() { "0" } else { cell };
    let (days, hours) = (count(cell(column::DAYS)), count(cell(column::HOURS)));
    let hours = if hours == "0" { String::new() } else { format!(" {hours} hours") };
    format!("{id}: {days} days{hours}, {cost} JPY so far")
}

/// Hours of use, from days and remaining hours. A price without any time is for something not measured in time, which
/// has no quantity.
fn hours(days: &str, rest: &str, cost: Amount) -> Result<Option<Amount>, Refusal> {
    let value = |cell: &str, column: &str| match cell {
        "" => Ok(Amount::ZERO),
        cell => number(cell.as_bytes(), column),
    };
    let (days, rest) = (value(days, "column 12 (days)")?, value(rest, "column 13 (hours)")?);
    let hours = days.times(Amount::whole(24)).and_then(|hours| hours.plus(rest));
    let hours = hours.map_err(|_| ("digits", too_long("the time of use"), "fetch the file again"))?;
    Ok((!hours.is_zero() || cost.is_zero()).then_some(hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_twelve_digits() {
        for (cell, expected) in [
            ("112700654736", "112700654736"),
            ("000000526782", "000000526782"),
            ("526782", "000000526782"),
            ("0000000000526782", "000000526782"),
            ("", ""),
            ("bucket-a", "bucket-a"),
        ] {
            assert_eq!(resource_id(cell).unwrap(), expected);
        }
        for cell in ["1.127E+11", "1,127e+11", "112700E+6", "112,700,654,736", "112700654736.0"] {
            assert!(resource_id(cell).is_err(), "{cell}");
        }
    }

    #[test]
    fn days_and_hours_are_hours() {
        let hours = |days, rest, cost| {
            let cost = Amount::whole(cost);
            hours(days, rest, cost).unwrap().map(|hours| hours.to_string())
        };
        assert_eq!(hours("30", "0", 100).as_deref(), Some("720"));
        assert_eq!(hours("3", "23", 100).as_deref(), Some("95"));
        assert_eq!(hours("", "5", 100).as_deref(), Some("5"));
        assert_eq!(hours("0", "0", 100), None);
        assert_eq!(hours("0", "0", 0).as_deref(), Some("0"));
    }
}
