//! Usage records as charges.

use chrono::{DateTime, Datelike, Days, NaiveTime, SecondsFormat, Utc};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::directory::Directory;
use super::{FETCH_AGAIN, one_line, without_place};
use crate::diagnostic::{Diagnostic, Place, shortened};
use crate::model::amount::{Amount, NumberError};
use crate::model::charge::{Bill, Charge, EMPTY, NO_PRICE, NameId, Subject, SubjectId};
use crate::model::packed::Packed;
use crate::sources::problems::{Problems, Refusal};

/// The item of every charge: the provider names none.
const ITEM: &str = "Super SIM data";

/// Quantities are whole bytes.
const UNIT: &str = "byte";

/// A record as the provider sends it. Every field may be null; money and bytes come as numbers or as strings.
#[derive(Deserialize)]
struct Record<'a> {
    period: Option<Period>,
    account_sid: Option<String>,
    sim_sid: Option<String>,
    fleet_sid: Option<String>,
    network_sid: Option<String>,
    iso_country: Option<String>,
    #[serde(borrow)]
    data_total: Option<&'a RawValue>,
    #[serde(borrow)]
    data_total_billed: Option<&'a RawValue>,
    billed_unit: Option<String>,
}

#[derive(Deserialize)]
struct Period {
    start_time: String,
    end_time: String,
}

/// What a record was measured for; of what the records are not grouped by, nothing is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Scope {
    account: String,
    sim: String,
    fleet: String,
    network: String,
    country: String,
}

/// A period that was charged already, and the record that says so: file and row.
type Charged = (DateTime<Utc>, DateTime<Utc>, u16, u32);

/// Reads usage records into a bill.
pub(super) struct UsageReader<'b> {
    bill: &'b mut Bill,
    source: u16,
    directory: &'b Directory,
    item: NameId,
    month: (DateTime<Utc>, DateTime<Utc>),
    scopes: FxHashMap<Scope, usize>,
    /// By scope: its subject and every period seen.
    seen: Vec<(SubjectId, Vec<Charged>)>,
}

impl<'b> UsageReader<'b> {
    pub(super) fn new(bill: &'b mut Bill, source: u16, directory: &'b Directory) -> UsageReader<'b> {
        let item = bill.names.intern(ITEM);
        bill.units.insert((source, item), UNIT);
        let midnight = |date: chrono::NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
        let month = (midnight(bill.month.first()), midnight(bill.month.next().first()));
        UsageReader { bill, source, directory, item, month, scopes: FxHashMap::default(), seen: Vec::new() }
    }

    /// Takes the records of one page.
    pub(super) fn read(&mut self, file: u16, records: &[&RawValue]) -> Result<(), Vec<Diagnostic>> {
        let path = self.bill.files[usize::from(file)].path.clone();
        let mut problems = Problems::new(path);
        for (row, record) in (1..).zip(records) {
            match self.charge(record.get(), file, row) {
                Ok(Some(charge)) => self.bill.charges.push(charge),
                Ok(None) => {}
                Err(refusal) => problems.add(refusal, row, || one_line(record.get())),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.into_diagnostics(0)) }
    }

    /// A record as a charge; none when it has neither bytes nor an amount.
    fn charge(&mut self, text: &str, file: u16, row: u32) -> Result<Option<Charge>, Refusal> {
        let record: Record<'_> = serde_json::from_str(text)
            .map_err(|error| ("record", format!("expected a usage record: {}", without_place(&error)), FETCH_AGAIN))?;
        let (start, end) = self.period(record.period.as_ref())?;
        let day = self.day(start, end)?;
        let cost = number(record.data_total_billed, "data_total_billed")?.unwrap_or(Amount::ZERO);
        let bytes = number(record.data_total, "data_total")?;
        if let Some(bytes) = bytes
            && (bytes.is_negative() || bytes.scale() > 0)
        {
            return Err(("bytes", format!("expected a count of bytes in data_total, found {bytes}"), FETCH_AGAIN));
        }
        self.check_currency(cost, record.billed_unit.as_deref())?;
        let text = Option::unwrap_or_default;
        let scope = Scope {
            account: text(record.account_sid),
            sim: text(record.sim_sid),
            fleet: text(record.fleet_sid),
            network: text(record.network_sid),
            country: text(record.iso_country),
        };
        let scope = self.scope(scope);
        let (subject, periods) = &mut self.seen[scope];
        // Also of records that charge nothing: a page received twice is refused whatever it holds.
        periods.push((start, end, file, row));
        if cost.is_zero() && bytes.is_none_or(Amount::is_zero) {
            return Ok(None);
        }
        let long = &mut self.bill.long_amounts;
        Ok(Some(Charge {
            quantity: bytes.map_or(Packed::NONE, |bytes| Packed::new(bytes, long)),
            cost: Packed::new(cost, long),
            subject: *subject,
            item: self.item,
            unit_price: NO_PRICE,
            row,
            file,
            day,
        }))
    }

    fn period(&self, period: Option<&Period>) -> Result<(DateTime<Utc>, DateTime<Utc>), Refusal> {
        let missing = || ("period", "expected a period with start_time and end_time".to_owned(), FETCH_AGAIN);
        let period = period.ok_or_else(missing)?;
        let time = |text: &str| {
            DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|_| {
                let message = format!("expected a time such as 2022-08-01T00:00:00Z, found {:?}", shortened(text));
                ("time", message, FETCH_AGAIN)
            })
        };
        Ok((time(&period.start_time)?, time(&period.end_time)?))
    }

    /// The UTC day a period lies in; 0 for the whole month.
    fn day(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> Result<u8, Refusal> {
        let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let shown = || format!("{} to {}", text(start), text(end));
        if start < self.month.0 || end > self.month.1 || start >= end {
            let message = format!("expected a period within {} in UTC, found {}", self.bill.month, shown());
            return Err(("month", message, FETCH_AGAIN));
        }
        if (start, end) == self.month {
            return Ok(0);
        }
        let next_day = start.date_naive().checked_add_days(Days::new(1));
        match next_day.is_some_and(|next| end <= next.and_time(NaiveTime::MIN).and_utc()) {
            true => Ok(start.day() as u8),
            false => {
                Err(("day", format!("expected a period of a day or of the month, found {}", shown()), FETCH_AGAIN))
            }
        }
    }

    /// The amount must be in the source's currency; the provider names none until something is billed.
    fn check_currency(&self, cost: Amount, unit: Option<&str>) -> Result<(), Refusal> {
        let expected = self.bill.sources[usize::from(self.source)].currency.code();
        match unit {
            Some(unit) if unit == expected => Ok(()),
            None | Some("") if cost.is_zero() => Ok(()),
            found => {
                let found = found.map_or_else(|| "none".to_owned(), |unit| format!("{:?}", shortened(unit)));
                let message = format!("expected the billed_unit \"{expected}\" of this source, found {found}");
                Err((
                    "currency",
                    message,
                    "set the source's currency in invoicer.toml to the one the account is billed in",
                ))
            }
        }
    }

    /// The index of a scope, known or new.
    fn scope(&mut self, scope: Scope) -> usize {
        if let Some(index) = self.scopes.get(&scope) {
            return *index;
        }
        let sim = self.directory.sim(&scope.sim);
        // Records by SIM do not say the fleet: it is the one the SIM is in when the month is fetched.
        let fleet = match (scope.fleet.as_str(), sim.and_then(|sim| sim.fleet_sid.as_deref())) {
            ("", Some(fleet)) => fleet,
            (fleet, _) => fleet,
        };
        let fleet_name = self.directory.fleet_name(fleet);
        let (resource, resource_name) = match scope.sim.as_str() {
            "" => (fleet, fleet_name),
            sid => (sid, sim.and_then(|sim| sim.unique_name.as_deref()).unwrap_or("")),
        };
        let iccid = sim.and_then(|sim| sim.iccid.as_deref()).unwrap_or("");
        let tags = [("iccid", iccid), ("network", &scope.network), ("country", &scope.country)];
        let names = &mut self.bill.names;
        let tags: Vec<(NameId, NameId)> =
            tags.iter().map(|(tag, value)| (names.intern(tag), names.intern(value))).collect();
        let mut groups = vec![names.intern(fleet_name), names.intern(fleet)];
        groups.retain(|group| *group != EMPTY);
        let subject = Subject {
            source: self.source,
            account: names.intern(&scope.account),
            resource: names.intern(resource),
            resource_name: names.intern(resource_name),
            product: EMPTY,
            groups: groups.into_boxed_slice(),
            tags: tags.into_iter().filter(|(_, value)| *value != EMPTY).collect(),
        };
        let id = SubjectId(self.bill.subjects.len() as u32);
        self.bill.subjects.push(subject);
        self.seen.push((id, Vec::new()));
        self.scopes.insert(scope, self.seen.len() - 1);
        self.seen.len() - 1
    }

    /// Records whose periods overlap those of others for the same SIM: they would be billed twice.
    pub(super) fn repeated(mut self) -> Option<Diagnostic> {
        let mut repeated: Vec<(Charged, Charged)> = Vec::new();
        for (_, periods) in &mut self.seen {
            periods.sort_unstable();
            let mut widest = 0;
            for index in 1..periods.len() {
                let (first, second) = (periods[widest], periods[index]);
                if second.0 < first.1 {
                    let place = |charged: &Charged| (charged.2, charged.3);
                    let (earlier, later) =
                        if place(&first) < place(&second) { (first, second) } else { (second, first) };
                    repeated.push((earlier, later));
                }
                if second.1 > first.1 {
                    widest = index;
                }
            }
        }
        let count = repeated.len();
        let (first, again) = repeated.into_iter().min_by_key(|(_, again)| (again.2, again.3))?;
        let path = |charged: &Charged| self.bill.files[usize::from(charged.2)].path.as_str();
        let what = if (first.0, first.1) == (again.0, again.1) { "repeats" } else { "overlaps the period of" };
        let message = format!("the record {what} {}:{}", path(&first), first.3);
        let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        Some(
            Diagnostic::error(message)
                .at(Place::line(path(&again), again.3))
                .with_note(format!("{records} would be billed twice"))
                .with_hint(format!("a page was received twice: {FETCH_AGAIN}")),
        )
    }
}

/// A number in plain digits or in quotes; none when it is null. Never by way of binary floating point.
fn number(value: Option<&RawValue>, field: &str) -> Result<Option<Amount>, Refusal> {
    let Some(text) = value.map(RawValue::get) else {
        return Ok(None);
    };
    let unquoted = match text.starts_with('"') {
        true => serde_json::from_str::<String>(text).unwrap_or_default(),
        false => text.to_owned(),
    };
    Amount::parse(unquoted.trim().as_bytes()).map(Some).map_err(|error| match error {
        NumberError::Malformed => {
            ("number", format!("expected a number in {field}, found {}", shortened(text)), FETCH_AGAIN)
        }
        NumberError::TooLong => {
            let message = format!("the number in {field} has more digits than can be computed with exactly: {text}");
            ("digits", message, "numbers of up to 36 digits can be read; no provider is known to write longer ones")
        }
    })
}
