//! [`Charge`]: one row of a provider's bill, and [`Bill`]: all rows of a month, with what they have in common.
//!
//! A month has millions of rows but few different resources, items and prices. Those are stored once and referred to
//! by index, so that a charge is forty bytes. The terms are FOCUS's: BilledCost, ChargePeriod, ResourceId, Tags.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::amount::Amount;
use super::currency::Currency;
use super::days::MonthDays;
use super::focus::FocusFigures;
use super::mapping::MappedFigures;
use super::matcher;
use super::packed::{LongAmounts, Packed};
use super::period::BillingMonth;
use super::settings::{Grouping, SourceKind, SourceSettings};
use super::statement::Statement;

/// Index of a text in [`Bill::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub u32);

/// Index of a [`Subject`] in [`Bill::subjects`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectId(pub u32);

/// Index of a [`Charge`] in [`Bill::charges`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChargeId(pub u32);

/// Stores each value once, in the order of first appearance, and finds it by index.
#[derive(Clone, Debug)]
pub struct Interner<T> {
    indices: FxHashMap<T, u32>,
    values: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Interner<T> {
        Interner { indices: FxHashMap::default(), values: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// The index of `value`, which is added when it is new.
    pub fn intern(&mut self, value: T) -> u32 {
        if let Some(index) = self.indices.get(&value) {
            return *index;
        }
        let index = self.values.len() as u32;
        self.values.push(value.clone());
        self.indices.insert(value, index);
        index
    }

    /// All values in the order of their indices.
    pub fn values(&self) -> &[T] {
        &self.values
    }
}

/// The texts of a bill, each stored once.
#[derive(Clone, Debug, Default)]
pub struct Names(Interner<Arc<str>>);

impl Names {
    /// The id of `text`, which is added when it is new.
    pub fn intern(&mut self, text: &str) -> NameId {
        match self.0.indices.get(text) {
            Some(index) => NameId(*index),
            None => NameId(self.0.intern(Arc::from(text))),
        }
    }

    /// The text behind an id of this bill.
    pub fn get(&self, id: NameId) -> &str {
        &self.0.values[id.0 as usize]
    }

    /// Number of distinct texts.
    pub fn len(&self) -> usize {
        self.0.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.values.is_empty()
    }
}

/// Whether a charge asks for money or gives some back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChargeKind {
    /// Something that was used.
    Usage,
    /// A cost below zero: free tier, coupon and the like.
    Discount,
}

/// When a charge arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChargeDate {
    /// In another month than it is billed in.
    Other(OtherPeriod),
    /// In the whole month.
    Month,
    /// On that day of the month.
    Day(u8),
}

/// When a charge arose that is billed in another month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OtherPeriod {
    /// On that day.
    Day(NaiveDate),
    /// In that month.
    Month(BillingMonth),
    /// On these days of that month, which may be the one that is billed. Shown as the month: only who had the resource on them
    /// matters.
    Days(BillingMonth, MonthDays),
}

impl OtherPeriod {
    /// The month, and the days of it.
    pub(crate) fn days(self) -> Option<(BillingMonth, MonthDays)> {
        Some(match self {
            OtherPeriod::Day(day) => (BillingMonth::of(day)?, MonthDays::of(day.day() as u8)),
            OtherPeriod::Month(month) => (month, MonthDays::all(month)),
            OtherPeriod::Days(month, days) => (month, days),
        })
    }
}

/// `2022-08-31`, or `2022-08`.
impl fmt::Display for OtherPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OtherPeriod::Day(date) => date.fmt(f),
            OtherPeriod::Month(month) | OtherPeriod::Days(month, _) => month.first().format("%Y-%m").fmt(f),
        }
    }
}

/// Unit of an item's quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ItemUnit {
    /// That of all its charges.
    One(NameId),
    /// Its charges have different units, so its quantities cannot be added up.
    Several,
}

/// One row of a provider's bill.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// Units used; see [`Bill::quantity`].
    pub(crate) quantity: Packed,
    /// What the provider charges; see [`Bill::cost`].
    pub(crate) cost: Packed,
    /// Its account, resource, product, groups and tags.
    pub subject: SubjectId,
    /// Bill item or product.
    pub item: NameId,
    /// Index in [`Bill::unit_prices`]; [`NO_PRICE`] when the row has none.
    pub(crate) unit_price: u32,
    /// Line in the file, the header being line 1.
    pub row: u32,
    /// Index in [`Bill::files`].
    pub file: u16,
    /// Day of the month, 0 for a charge of the whole month or of another one.
    pub day: u8,
    /// Its kind where the row states it; elsewhere the sign of the cost gives it.
    pub(crate) stated_kind: Option<ChargeKind>,
    /// Index in [`Bill::other_periods`] plus 1, and 0 for a charge of a day or of all days of the month that is billed.
    pub(crate) other_period: u16,
    /// Index in [`Bill::row_units`] plus 1, and 0 where the row states no unit.
    pub(crate) unit: u16,
}

/// Index of an absent unit price.
pub(crate) const NO_PRICE: u32 = u32::MAX;

impl Charge {
    /// A row is a discount when it says so, or else when its cost is negative (billing-rules §1).
    pub fn kind(&self) -> ChargeKind {
        let by_sign = if self.cost.is_negative() { ChargeKind::Discount } else { ChargeKind::Usage };
        self.stated_kind.unwrap_or(by_sign)
    }
}

/// What many charges have in common: account, resource, product, groups and tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Index in [`Bill::sources`].
    pub source: u16,
    /// The provider's account, empty when the bill does not say.
    pub account: NameId,
    /// Id of the resource, empty when the charge has none.
    pub resource: NameId,
    /// Name of the resource.
    pub resource_name: NameId,
    /// Id of the product, empty when the provider has none beside the item's name.
    pub product: NameId,
    /// Values of the group columns that are not empty.
    pub groups: Box<[NameId]>,
    /// Tags with a value, in the provider's order.
    pub tags: Box<[(NameId, NameId)]>,
}

/// A source of a bill's charges.
#[derive(Clone, Debug)]
pub struct BillSource {
    /// Name in `invoicer.toml`.
    pub name: String,
    /// Kind of bill.
    pub kind: SourceKind,
    /// Currency of its costs.
    pub currency: Currency,
    /// The column of quantities, for messages; none where the kind of the bill says it.
    pub quantity_column: Option<String>,
    /// Sum of the tax that the bill states row by row; absent when its rows state none.
    pub stated_tax: Option<Amount>,
    /// The provider's own figures of the month.
    pub statement: Statement,
    /// Sums besides the charges, of a bill in FOCUS.
    pub focus: Option<Arc<FocusFigures>>,
    /// What became of the rows of a mapped table.
    pub mapped: Option<Arc<MappedFigures>>,
}

impl BillSource {
    /// A source before anything is read. Files saved by hand contain nothing but their rows and count as final; the
    /// provider's total is the one that the user gives for the month.
    pub fn of(settings: &SourceSettings, month: BillingMonth) -> BillSource {
        BillSource {
            name: settings.name.clone(),
            kind: settings.kind,
            currency: settings.currency,
            quantity_column: settings.quantity_column(),
            stated_tax: None,
            statement: Statement {
                total: settings.totals.get(&month).copied(),
                invoices: settings.invoice_totals.get(&month).cloned().unwrap_or_default(),
                is_final: !settings.is_open(),
                ..Statement::default()
            },
            focus: None,
            mapped: None,
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillFile {
    /// Path from the workspace's root, with `/`.
    pub path: String,
    /// Index in [`Bill::sources`].
    pub source: u16,
    /// Its size in bytes when it was read.
    pub length: u64,
}

/// Everything the providers billed for a month.
#[derive(Clone, Debug)]
pub struct Bill {
    /// The month.
    pub month: BillingMonth,
    /// The sources, in the order of `invoicer.toml`.
    pub sources: Vec<BillSource>,
    /// The files, by source and then by path.
    pub files: Vec<BillFile>,
    /// All texts.
    pub names: Names,
    /// Accounts, resources and products that charges are for.
    pub subjects: Vec<Subject>,
    /// The different unit prices.
    pub unit_prices: Interner<Amount>,
    /// Costs and quantities with too many digits for a [`Packed`].
    pub(crate) long_amounts: LongAmounts,
    /// Unit of the quantities of a source's item, where the provider names one.
    units: BTreeMap<(u16, NameId), ItemUnit>,
    /// The units that rows state.
    pub(crate) row_units: Interner<NameId>,
    /// When charges of other months arose.
    pub(crate) other_periods: Interner<OtherPeriod>,
    /// Every row, by file and then by row.
    pub charges: Vec<Charge>,
}

impl Bill {
    /// A month before anything is read.
    pub fn new(month: BillingMonth) -> Bill {
        let mut names = Names::default();
        // Id 0 is the empty text, so that "absent" needs no look-up.
        names.intern("");
        Bill {
            month,
            sources: Vec::new(),
            files: Vec::new(),
            names,
            subjects: Vec::new(),
            unit_prices: Interner::default(),
            long_amounts: LongAmounts::new(),
            units: BTreeMap::new(),
            row_units: Interner::default(),
            other_periods: Interner::default(),
            charges: Vec::new(),
        }
    }

    /// Appends a later part of the same source. `part` must have begun as [`without_rows`](Self::without_rows) of this
    /// bill, with lines counted from its own start; `lines` is the number of lines before it.
    pub(crate) fn append(&mut self, part: Bill, lines: u32) {
        let names: Vec<NameId> = part.names.0.values.iter().map(|name| self.names.intern(name)).collect();
        let renamed = |id: NameId| names[id.0 as usize];
        let prices: Vec<u32> = part.unit_prices.values.iter().map(|price| self.unit_prices.intern(*price)).collect();
        let first = self.subjects.len() as u32;
        self.subjects.extend(part.subjects.into_iter().map(|subject| Subject {
            source: subject.source,
            account: renamed(subject.account),
            resource: renamed(subject.resource),
            resource_name: renamed(subject.resource_name),
            product: renamed(subject.product),
            groups: subject.groups.iter().map(|group| renamed(*group)).collect(),
            tags: subject.tags.iter().map(|(tag, value)| (renamed(*tag), renamed(*value))).collect(),
        }));
        for ((source, item), unit) in part.units {
            match unit {
                ItemUnit::One(unit) => self.note_unit(source, renamed(item), renamed(unit)),
                ItemUnit::Several => drop(self.units.insert((source, renamed(item)), ItemUnit::Several)),
            }
        }
        let units: Vec<u32> = part.row_units.values.iter().map(|unit| self.row_units.intern(renamed(*unit))).collect();
        let periods = part.other_periods.values.iter().map(|period| self.other_periods.intern(*period));
        let periods: Vec<u32> = periods.collect();
        let moved = |index: u16, to: &[u32]| if index == 0 { 0 } else { to[usize::from(index) - 1] as u16 + 1 };
        let long = self.long_amounts.len();
        self.long_amounts.extend(part.long_amounts);
        let mut charges = part.charges;
        charges.par_iter_mut().for_each(|charge| {
            charge.subject.0 += first;
            charge.item = renamed(charge.item);
            if charge.unit_price != NO_PRICE {
                charge.unit_price = prices[charge.unit_price as usize];
            }
            charge.row += lines;
            charge.unit = moved(charge.unit, &units);
            charge.other_period = moved(charge.other_period, &periods);
            charge.cost = charge.cost.moved(long);
            charge.quantity = charge.quantity.moved(long);
        });
        // Rows are most of the memory, so those of the first part are moved, not copied.
        if self.charges.is_empty() {
            self.charges = charges;
        } else {
            self.charges.append(&mut charges);
        }
    }

    /// A bill of the same month, sources and files without any row.
    pub(crate) fn without_rows(&self) -> Bill {
        let mut bill = Bill::new(self.month);
        bill.sources = self.sources.clone();
        bill.files = self.files.clone();
        bill
    }

    /// The charge with that id.
    pub fn charge(&self, id: ChargeId) -> &Charge {
        &self.charges[id.0 as usize]
    }

    /// What the provider charges, signed, tax excluded, in the source's currency.
    pub fn cost(&self, charge: &Charge) -> Amount {
        charge.cost.get(&self.long_amounts).expect("every charge has a cost")
    }

    /// Units used or discounted, in the item's unit; absent when the row gives none.
    pub fn quantity(&self, charge: &Charge) -> Option<Amount> {
        charge.quantity.get(&self.long_amounts)
    }

    /// Unit of the quantities of a source's item, empty when the provider names none or several.
    pub fn unit(&self, source: u16, item: NameId) -> &str {
        match self.units.get(&(source, item)) {
            Some(ItemUnit::One(unit)) => self.names.get(*unit),
            Some(ItemUnit::Several) | None => "",
        }
    }

    /// Whether the charges of a source's item have different units.
    pub fn has_several_units(&self, source: u16, item: NameId) -> bool {
        self.units.get(&(source, item)) == Some(&ItemUnit::Several)
    }

    /// Whether any item has charges of different units.
    pub(crate) fn has_items_of_several_units(&self) -> bool {
        self.units.values().any(|unit| *unit == ItemUnit::Several)
    }

    /// The unit that a charge's row states.
    pub(crate) fn row_unit(&self, charge: &Charge) -> Option<NameId> {
        usize::from(charge.unit).checked_sub(1).map(|index| self.row_units.values[index])
    }

    /// Unit of a charge's quantity: its row's, or else that of its item.
    pub fn unit_of(&self, charge: &Charge) -> &str {
        match self.row_unit(charge) {
            Some(unit) => self.names.get(unit),
            None => self.unit(self.subject(charge).source, charge.item),
        }
    }

    /// Notes that a charge of an item has that unit.
    pub(crate) fn note_unit(&mut self, source: u16, item: NameId, unit: NameId) {
        match self.units.entry((source, item)) {
            Entry::Vacant(entry) => drop(entry.insert(ItemUnit::One(unit))),
            Entry::Occupied(mut entry) if *entry.get() != ItemUnit::One(unit) => drop(entry.insert(ItemUnit::Several)),
            Entry::Occupied(_) => {}
        }
    }

    /// The month and days in which a charge arose, where they are neither one day nor all days of the month that is billed.
    pub(crate) fn own_days(&self, charge: &Charge) -> Option<(BillingMonth, MonthDays)> {
        self.other_periods.values[usize::from(charge.other_period).checked_sub(1)?].days()
    }

    /// The months other than the billed one in which charges arose, and the billed one where some have days of their own in it.
    pub(crate) fn months_of_charges(&self) -> impl Iterator<Item = BillingMonth> {
        self.other_periods.values.iter().filter_map(|period| Some(period.days()?.0))
    }

    /// The month in which a charge arose.
    pub(crate) fn month_of(&self, charge: &Charge) -> BillingMonth {
        self.own_days(charge).map_or(self.month, |(month, _)| month)
    }

    /// When a charge arose.
    pub fn date(&self, charge: &Charge) -> ChargeDate {
        match (usize::from(charge.other_period).checked_sub(1), charge.day) {
            (Some(index), _) => match self.other_periods.values[index] {
                OtherPeriod::Days(month, _) if month == self.month => ChargeDate::Month,
                OtherPeriod::Days(month, _) => ChargeDate::Other(OtherPeriod::Month(month)),
                other => ChargeDate::Other(other),
            },
            (None, 0) => ChargeDate::Month,
            (None, day) => ChargeDate::Day(day),
        }
    }

    /// The subject of a charge.
    pub fn subject(&self, charge: &Charge) -> &Subject {
        &self.subjects[charge.subject.0 as usize]
    }

    /// A subject as rules see it.
    pub fn seen(&self, subject: SubjectId) -> SeenSubject<'_> {
        SeenSubject { bill: self, subject: &self.subjects[subject.0 as usize] }
    }

    /// The group that a subject is listed in; empty where it names none.
    pub fn group(&self, subject: SubjectId, grouping: &Grouping) -> &str {
        match grouping {
            Grouping::None => "",
            Grouping::Group => {
                let groups = &self.subjects[subject.0 as usize].groups;
                groups.first().map_or("", |group| self.names.get(*group))
            }
            Grouping::Tag(tag) => {
                let named = self.seen(subject).tags().find(|(name, _)| matcher::normalized(name) == *tag);
                named.map_or("", |(_, value)| value)
            }
        }
    }

    /// The source of a charge.
    pub fn source(&self, charge: &Charge) -> &BillSource {
        &self.sources[usize::from(self.subject(charge).source)]
    }

    /// The provider's price per unit, in the source's currency; absent when the row gives none.
    pub fn unit_price(&self, charge: &Charge) -> Option<Amount> {
        self.unit_prices.values().get(charge.unit_price as usize).copied()
    }

    /// The day of a charge, `2022-08-31`, or the month, `2022-08`, for a charge of a whole month.
    pub fn date_text(&self, charge: &Charge) -> String {
        match self.date(charge) {
            ChargeDate::Other(other) => other.to_string(),
            ChargeDate::Month => OtherPeriod::Month(self.month).to_string(),
            ChargeDate::Day(day) => self.month.day(u32::from(day)).map_or_else(String::new, |date| date.to_string()),
        }
    }

    /// `file:row` of a charge.
    pub fn origin(&self, charge: &Charge) -> (&str, u32) {
        (&self.files[usize::from(charge.file)].path, charge.row)
    }
}

/// Number of rows per parallel task where rows are computed independently.
pub(crate) const CHUNK: usize = 1 << 17;

/// The empty text's id in every bill.
pub(crate) const EMPTY: NameId = NameId(0);

/// A [`Subject`] with access to its texts.
#[derive(Clone, Copy, Debug)]
pub struct SeenSubject<'a> {
    bill: &'a Bill,
    subject: &'a Subject,
}

impl<'a> SeenSubject<'a> {
    /// Tags with a value: name and value as the provider writes them, in its order.
    pub fn tags(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let names = &self.bill.names;
        self.subject.tags.iter().map(|(name, value)| (names.get(*name), names.get(*value)))
    }
}

impl matcher::Matchable for SeenSubject<'_> {
    fn source(&self) -> &str {
        &self.bill.sources[usize::from(self.subject.source)].name
    }

    fn account(&self) -> &str {
        self.bill.names.get(self.subject.account)
    }

    fn resource(&self) -> &str {
        self.bill.names.get(self.subject.resource)
    }

    fn resource_name(&self) -> &str {
        self.bill.names.get(self.subject.resource_name)
    }

    fn groups(&self) -> impl Iterator<Item = &str> {
        self.subject.groups.iter().map(|group| self.bill.names.get(*group))
    }

    fn product(&self) -> &str {
        self.bill.names.get(self.subject.product)
    }

    fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        SeenSubject::tags(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A month of three million rows must fit in 100 bytes a row, including what is computed from it.
    #[test]
    fn charges_are_small() {
        assert!(size_of::<Charge>() <= 40);
    }
}
