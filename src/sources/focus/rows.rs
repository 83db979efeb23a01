//! Converts rows of a FOCUS bill to charges.

use chrono::{Datelike, NaiveDateTime, TimeDelta};
use csv::ByteRecord;
use rustc_hash::{FxHashMap, FxHashSet};

use super::columns::{Column, Columns};
use super::tags::tags;
use crate::model::amount::Amount;
use crate::model::charge::{Bill, Charge, ChargeKind, NO_PRICE, NameId, OtherPeriod, Subject, SubjectId};
use crate::model::days::MonthDays;
use crate::model::focus::{CountedSum, FocusFigures, FocusSettings, OtherMonths, TAG_PREFIX, TaxRows};
use crate::model::identifier::IdAlphabet;
use crate::model::packed::Packed;
use crate::model::period::BillingMonth;
use crate::model::ratio::exact_quotient;
use crate::sources::cells::{LastCell, cell, check_cells, present, shown};
use crate::sources::refused_rows::{Refusal, RefusedRows, id, number, small, text, too_long};
use crate::sources::subjects::Subjects;
use crate::sources::timestamps::timestamp;

/// ChargeCategory of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Category {
    Usage,
    Purchase,
    Tax,
    Credit,
    Adjustment,
}

impl Category {
    const NAMES: [(&'static str, Category); 5] = [
        ("Usage", Category::Usage),
        ("Purchase", Category::Purchase),
        ("Tax", Category::Tax),
        ("Credit", Category::Credit),
        ("Adjustment", Category::Adjustment),
    ];
}

/// Maximum number of texts whose items are remembered: bills have some hundreds, unless each resource is an item of its own.
const ITEMS: usize = 4096;

/// Reads the rows of one part into a bill.
pub(super) struct RowReader<'c> {
    bill: Bill,
    source: u16,
    file: u16,
    columns: &'c Columns,
    settings: &'c FocusSettings,
    currency: &'static str,
    /// The first moment of the bill's month.
    month: NaiveDateTime,
    /// Names of the tag columns, in their order.
    tag_names: Vec<NameId>,
    subjects: Subjects,
    last: LastCells,
    /// The text of the current row's item.
    item: Vec<u8>,
    /// The items of the texts before it: services take turns from row to row.
    items: FxHashMap<Box<[u8]>, NameId>,
    /// The index plus 1 of each unit that was seen.
    units: FxHashMap<Box<[u8]>, u16>,
    noted_units: FxHashSet<(NameId, u16)>,
    invoices: Vec<InvoiceSum>,
    figures: FocusFigures,
    problems: RefusedRows,
}

/// The sum of the rows with the same cells of invoice and currency.
struct InvoiceSum {
    invoice: Box<[u8]>,
    currency: Box<[u8]>,
    billed: CountedSum,
}

/// What was read from the cells of the last row.
#[derive(Default)]
struct LastCells {
    billing_start: LastCell<NaiveDateTime>,
    billing_end: LastCell<NaiveDateTime>,
    start: LastCell<NaiveDateTime>,
    end: LastCell<NaiveDateTime>,
    category: LastCell<Category>,
    is_correction: LastCell<bool>,
    /// The times of a row's period, and what became of them.
    period: Option<((NaiveDateTime, NaiveDateTime), (u8, u16))>,
    filter: Vec<LastCell<bool>>,
    /// Position of the row's invoice.
    invoice: usize,
}

/// What comes out of a part.
pub(super) struct ReadRows {
    pub(super) bill: Bill,
    pub(super) figures: FocusFigures,
    pub(super) problems: RefusedRows,
}

impl<'c> RowReader<'c> {
    pub(super) fn new(
        mut bill: Bill,
        (source, file): (u16, u16),
        columns: &'c Columns,
        settings: &'c FocusSettings,
    ) -> RowReader<'c> {
        let path = bill.files[usize::from(file)].path.clone();
        let currency = bill.sources[usize::from(source)].currency.code();
        let tag_names = columns.tag_columns.iter().map(|(tag, _)| bill.names.intern(tag)).collect();
        let filter = columns.filter.iter().map(|_| LastCell::default()).collect();
        RowReader {
            month: bill.month.first().into(),
            bill,
            source,
            file,
            columns,
            settings,
            currency,
            tag_names,
            subjects: Subjects::default(),
            last: LastCells { filter, ..LastCells::default() },
            item: Vec::new(),
            items: FxHashMap::default(),
            units: FxHashMap::default(),
            noted_units: FxHashSet::default(),
            invoices: Vec::new(),
            figures: FocusFigures::default(),
            problems: RefusedRows::new(path),
        }
    }

    /// Reads one row; `previous` is the row before it and `row` its line.
    pub(super) fn read(&mut self, record: &ByteRecord, previous: &ByteRecord, row: u32) {
        match self.charge(record, previous, row) {
            Ok(Some(charge)) => self.bill.charges.push(charge),
            // The next row must be compared only with a row whose subject is known.
            Ok(None) => self.subjects.forget_last(),
            Err(refusal) => {
                self.subjects.forget_last();
                self.problems.add(refusal, row, || shown(record));
            }
        }
    }

    /// Reports that the part ends within quotes of the last row, which was read as `row` and begins at `line`.
    pub(super) fn cut_off(&mut self, row: u32, line: u32) {
        self.problems.cut_off(row, line);
    }

    pub(super) fn finish(mut self) -> ReadRows {
        for InvoiceSum { invoice, currency, billed } in self.invoices {
            let name = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
            self.figures.invoices.insert((name(&invoice), name(&currency)), billed);
        }
        ReadRows { bill: self.bill, figures: self.figures, problems: self.problems }
    }

    /// The charge of a row; none for a row that is left out.
    fn charge(&mut self, record: &ByteRecord, previous: &ByteRecord, row: u32) -> Result<Option<Charge>, Refusal> {
        let columns = self.columns;
        check_cells(record, columns.count, b',')?;
        let is_of_month = self.is_of_month(record)?;
        let billed = number(cell(record, columns.billed.at), columns.billed.name)?;
        if !self.is_wanted(record)? {
            self.add_to_invoice(record, billed, is_of_month)?;
            let currency = String::from_utf8_lossy(cell(record, columns.currency.at)).into_owned();
            self.figures.left_out.entry(currency).or_default().add(billed).map_err(too_long)?;
            return Ok(None);
        }
        if !is_of_month {
            self.figures.other_months += 1;
            return match self.settings.other_months {
                OtherMonths::Skip => Ok(None),
                OtherMonths::Refuse => Err(self.of_another_month(record)),
            };
        }
        self.check_currency(record)?;
        self.add_to_invoice(record, billed, true)?;
        let category = self.category(record)?;
        let kind = self.stated_kind(record, category)?;
        if category == Category::Tax {
            self.figures.taxes.add(billed).map_err(too_long)?;
            return if self.settings.taxes == TaxRows::LeaveOut { Ok(None) } else { Err(tax_refused()) };
        }
        self.figures.billed.add(billed).map_err(too_long)?;
        self.note_covered(record, category, billed)?;
        let cost = match columns.cost {
            None => billed,
            Some(column) => number(cell(record, column.at), column.name)?,
        };
        let (day, other_period) = self.period(record)?;
        let (quantity, unit) = self.quantity(record)?;
        let subject = self.subject(record, previous)?;
        let item = self.item(record)?;
        if unit != 0 && self.noted_units.insert((item, unit)) {
            let name = self.bill.row_units.values()[usize::from(unit) - 1];
            self.bill.note_unit(self.source, item, name);
        }
        let unit_price = self.unit_price(record, cost, quantity)?;
        let long = &mut self.bill.long_amounts;
        let quantity = quantity.map_or(Packed::NONE, |quantity| Packed::new(quantity, long));
        let (cost, file, stated_kind) = (Packed::new(cost, long), self.file, kind);
        Ok(Some(Charge { quantity, cost, subject, item, unit_price, row, file, day, stated_kind, other_period, unit }))
    }

    /// Whether a row's billing period is that of the month.
    fn is_of_month(&mut self, record: &ByteRecord) -> Result<bool, Refusal> {
        let Columns { billing_start, billing_end, .. } = self.columns;
        let start = time(&mut self.last.billing_start, record, *billing_start)?;
        let end = time(&mut self.last.billing_end, record, *billing_end)?;
        check_order((start, *billing_start), (end, *billing_end))?;
        Ok(start == self.month)
    }

    /// Whether the cells of a row match everything in `where`.
    fn is_wanted(&mut self, record: &ByteRecord) -> Result<bool, Refusal> {
        for ((at, glob), last) in self.columns.filter.iter().zip(&mut self.last.filter) {
            let matches = |cell: &[u8]| Ok(glob.matches_present(text(present(cell).unwrap_or_default())?));
            if !last.of(cell(record, *at), matches)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn of_another_month(&self, record: &ByteRecord) -> Refusal {
        let column = self.columns.billing_start;
        let found = String::from_utf8_lossy(cell(record, column.at)).into_owned();
        let expected = self.bill.month.first();
        let message = format!("the row is of another month: expected {expected} in {}, found {found:?}", column.name);
        (
            "month",
            message,
            "save each month's bill in its own directory, or write other-months = \"skip\" in [[source]]",
        )
    }

    fn check_currency(&self, record: &ByteRecord) -> Result<(), Refusal> {
        let found = cell(record, self.columns.currency.at);
        if found == self.currency.as_bytes() {
            return Ok(());
        }
        let message =
            format!("expected {} in BillingCurrency, found {:?}", self.currency, String::from_utf8_lossy(found));
        let hint = "give each currency a [[source]] of its own, with where = { BillingCurrency = \"…\" }";
        Err(("currency", message, hint))
    }

    fn category(&mut self, record: &ByteRecord) -> Result<Category, Refusal> {
        self.last.category.of(cell(record, self.columns.category.at), |cell| {
            let known = Category::NAMES.iter().find(|(name, _)| name.as_bytes() == cell);
            known.map(|(_, category)| *category).ok_or_else(|| {
                let shown = String::from_utf8_lossy(cell);
                let message =
                    format!("expected Usage, Purchase, Tax, Credit or Adjustment in ChargeCategory, found {shown:?}");
                ("category", message, "export the bill again; FOCUS knows no other category of charges")
            })
        })
    }

    /// The kind of a charge, where its sign does not give it: a correction is usage even below zero.
    fn stated_kind(&mut self, record: &ByteRecord, category: Category) -> Result<Option<ChargeKind>, Refusal> {
        let class = self.columns.class.map_or(&b""[..], |column| cell(record, column.at));
        let is_correction = self.last.is_correction.of(class, |cell| match present(cell) {
            None => Ok(false),
            Some(b"Correction") => Ok(true),
            Some(other) => {
                let shown = String::from_utf8_lossy(other);
                let message = format!("expected Correction or an empty cell in ChargeClass, found {shown:?}");
                Err(("class", message, "export the bill again; FOCUS knows no other class of charges"))
            }
        })?;
        Ok(match category {
            Category::Credit => Some(ChargeKind::Discount),
            _ => is_correction.then_some(ChargeKind::Usage),
        })
    }

    /// Adds a row of the month to the sum of its invoice.
    fn add_to_invoice(&mut self, record: &ByteRecord, billed: Amount, is_of_month: bool) -> Result<(), Refusal> {
        if !is_of_month {
            return Ok(());
        }
        let invoice = self.columns.invoice.and_then(|column| present(cell(record, column.at))).unwrap_or_default();
        let currency = cell(record, self.columns.currency.at);
        let is_same = |known: &InvoiceSum| *known.invoice == *invoice && *known.currency == *currency;
        if !self.invoices.get(self.last.invoice).is_some_and(is_same) {
            self.last.invoice = self.invoices.iter().position(is_same).unwrap_or_else(|| {
                let billed = CountedSum::default();
                self.invoices.push(InvoiceSum { invoice: invoice.into(), currency: currency.into(), billed });
                self.invoices.len() - 1
            });
        }
        self.invoices[self.last.invoice].billed.add(billed).map_err(too_long)
    }

    /// Counts a row that costs nothing because a commitment covers it, of which the purchase is a row of its own.
    fn note_covered(&mut self, record: &ByteRecord, category: Category, billed: Amount) -> Result<(), Refusal> {
        let Some((commitment, effective)) = self.columns.commitment.filter(|_| self.columns.cost.is_none()) else {
            return Ok(());
        };
        let is_covered = category == Category::Usage && billed.is_zero();
        if !is_covered || present(cell(record, commitment.at)).is_none() {
            return Ok(());
        }
        match present(cell(record, effective.at)) {
            None => Ok(()),
            Some(cell) => self.figures.covered.add(number(cell, effective.name)?).map_err(too_long),
        }
    }

    /// The day of a charge, 0 for one of a longer period, and the index plus 1 of a period outside the month.
    fn period(&mut self, record: &ByteRecord) -> Result<(u8, u16), Refusal> {
        let Columns { start, end, .. } = self.columns;
        let (from, until) = (time(&mut self.last.start, record, *start)?, time(&mut self.last.end, record, *end)?);
        if let Some((times, period)) = self.last.period
            && times == (from, until)
        {
            return Ok(period);
        }
        let period = self.new_period((from, *start), (until, *end))?;
        self.last.period = Some(((from, until), period));
        Ok(period)
    }

    fn new_period(
        &mut self,
        (from, start): (NaiveDateTime, Column),
        (until, end): (NaiveDateTime, Column),
    ) -> Result<(u8, u16), Refusal> {
        check_order((from, start), (until, end))?;
        let is_a_day = until - from <= TimeDelta::days(1);
        let date = from.date();
        let month = BillingMonth::of(date).ok_or_else(|| {
            let message = format!("expected a year of four digits in {}, found {date}", start.name);
            ("year", message, "export the bill again; a program may have changed the dates")
        })?;
        // The end is no part of a period, and who has a resource after the month is not known yet.
        let last = (until - TimeDelta::nanoseconds(1)).date().clamp(date, month.last());
        let days = MonthDays::between(date.day() as u8, last.day() as u8);
        let is_billed = month == self.bill.month;
        let period = match is_a_day {
            true if is_billed => return Ok((date.day() as u8, 0)),
            true => OtherPeriod::Day(date),
            false if is_billed && days == MonthDays::all(month) => return Ok((0, 0)),
            false if days == MonthDays::all(month) => OtherPeriod::Month(month),
            false => OtherPeriod::Days(month, days),
        };
        Ok((0, small(self.bill.other_periods.intern(period), start.name)?))
    }

    /// The quantity of a row, and the index plus 1 of its unit.
    fn quantity(&mut self, record: &ByteRecord) -> Result<(Option<Amount>, u16), Refusal> {
        let Some((quantity, unit)) = self.columns.quantity else { return Ok((None, 0)) };
        let Some(found) = present(cell(record, quantity.at)) else { return Ok((None, 0)) };
        let amount = number(found, quantity.name)?;
        let cell = cell(record, unit.at);
        if let Some(known) = self.units.get(cell) {
            return Ok((Some(amount), *known));
        }
        let Some(name) = present(cell) else {
            let message = format!("the row has a quantity in {}, but no unit in {}", quantity.name, unit.name);
            return Err(("unit", message, "export the bill again; a quantity without a unit has no meaning"));
        };
        let name = self.bill.names.intern(text(name)?);
        let index = small(self.bill.row_units.intern(name), unit.name)?;
        self.units.insert(cell.into(), index);
        Ok((Some(amount), index))
    }

    /// Index of the price per unit: the provider's, or else what the row's cost and quantity give exactly.
    fn unit_price(&mut self, record: &ByteRecord, cost: Amount, quantity: Option<Amount>) -> Result<u32, Refusal> {
        let stated = self.columns.unit_price.and_then(|column| Some((present(cell(record, column.at))?, column.name)));
        let price = match (stated, quantity) {
            (Some((found, name)), _) => Some(number(found, name)?),
            // A correction may have both below zero.
            (None, Some(quantity)) if quantity.is_positive() => exact_quotient(cost, quantity),
            (None, Some(quantity)) if quantity.is_negative() => exact_quotient(cost.negated(), quantity.negated()),
            (None, _) => None,
        };
        Ok(price.map_or(NO_PRICE, |price| self.bill.unit_prices.intern(price)))
    }

    /// The item of a row: the text of its columns, without spaces that empty cells leave.
    fn item(&mut self, record: &ByteRecord) -> Result<NameId, Refusal> {
        self.columns.item.write(record, &mut self.item);
        if let Some(item) = self.items.get(self.item.as_slice()) {
            return Ok(*item);
        }
        let joined = text(&self.item)?;
        let name = joined.split_whitespace().collect::<Vec<&str>>().join(" ");
        if name.is_empty() {
            let message = "expected a text for the item, found empty cells in its columns".to_owned();
            return Err(("item", message, "name a column in item that every row fills, such as ServiceName"));
        }
        let id = self.bill.names.intern(&name);
        if self.items.len() < ITEMS {
            self.items.insert(self.item.as_slice().into(), id);
        }
        Ok(id)
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
        let found = |column: Option<Column>| -> Result<&str, Refusal> {
            text(column.and_then(|column| present(cell(record, column.at))).unwrap_or_default())
        };
        // Once per subject: a refused row adds no subject, so that its other rows are refused too.
        let (sub_account, billing_account) = (found(columns.sub_account)?, found(Some(columns.billing_account))?);
        id(sub_account, "SubAccountId", IdAlphabet::Any)?;
        id(billing_account, "BillingAccountId", IdAlphabet::Any)?;
        let account = if sub_account.is_empty() { billing_account } else { sub_account };
        if account.is_empty() {
            let message = "expected an account in SubAccountId or BillingAccountId, found empty cells".to_owned();
            return Err(("account", message, "export the bill again; every row of a FOCUS bill has an account"));
        }
        let of_tags = tags_of(found(columns.tags)?)?;
        let names = &mut self.bill.names;
        let mut tags: Vec<(NameId, NameId)> = Vec::with_capacity(of_tags.len() + columns.tag_columns.len());
        // Who uses a resource gives it its tags, and must not pass one off as a column.
        let is_read = |(name, value): &&(String, String)| !value.is_empty() && !name.starts_with(TAG_PREFIX);
        for (name, value) in of_tags.iter().filter(is_read) {
            tags.push((names.intern(name), names.intern(value)));
        }
        for (name, (_, at)) in self.tag_names.iter().zip(&columns.tag_columns) {
            if let Some(value) = present(cell(record, *at)) {
                tags.push((*name, names.intern(text(value)?)));
            }
        }
        let group = found(columns.sub_account_name)?;
        let subject = Subject {
            source: self.source,
            account: names.intern(account),
            resource: names.intern(found(columns.resource)?),
            resource_name: names.intern(found(columns.resource_name)?),
            product: names.intern(found(columns.sku)?),
            groups: if group.is_empty() { Box::default() } else { Box::new([names.intern(group)]) },
            tags: tags.into_boxed_slice(),
        };
        let id = SubjectId(self.bill.subjects.len() as u32);
        self.bill.subjects.push(subject);
        self.subjects.add(id);
        Ok(id)
    }
}

fn tags_of(cell: &str) -> Result<Vec<(String, String)>, Refusal> {
    if cell.is_empty() { Ok(Vec::new()) } else { tags(cell) }
}

fn time(last: &mut LastCell<NaiveDateTime>, record: &ByteRecord, column: Column) -> Result<NaiveDateTime, Refusal> {
    last.of(cell(record, column.at), |cell| timestamp(cell, column.name))
}

/// Refuses a period that ends before it begins.
fn check_order(start: (NaiveDateTime, Column), end: (NaiveDateTime, Column)) -> Result<(), Refusal> {
    if start.0 <= end.0 {
        return Ok(());
    }
    let message = format!("the period ends before it begins: {} {}, {} {}", start.1.name, start.0, end.1.name, end.0);
    Err(("period", message, "export the bill again; a program may have changed the dates"))
}

fn tax_refused() -> Refusal {
    let message = "a row of the provider's tax, which taxes = \"refuse\" does not allow".to_owned();
    ("tax", message, "write taxes = \"leave-out\" in [[source]]: such rows are no charges, and reconcile compares them")
}
