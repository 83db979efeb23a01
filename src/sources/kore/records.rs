//! Reads usage records: bytes and cost by SIM or fleet and period.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, SecondsFormat, Utc};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::pages::{self, FETCH_AGAIN, PageFile, one_line, without_place};
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::amount::{Amount, NumberError};
use crate::model::currency::Currency;
use crate::model::identifier::IdAlphabet;
use crate::model::period::BillingMonth;
use crate::model::plain::beginning;
use crate::sources::refused_rows::{Refusal, RefusedRows, id};

/// Key of the list of usage records in an answer.
pub(super) const USAGE: &str = "usage_records";

/// A record as KORE sends it. Every field may be null; money and bytes are numbers or strings.
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

/// What a record was measured for, such as account, SIM and fleet; empty where records are not grouped by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    pub(super) account: String,
    pub(super) sim: String,
    pub(super) fleet: String,
    pub(super) network: String,
    pub(super) country: String,
}

/// A valid record.
#[derive(Debug)]
pub(super) struct Usage {
    pub(super) scope: Scope,
    /// The UTC day of the month; 0 for the whole month.
    pub(super) day: u8,
    pub(super) cost: Amount,
    pub(super) bytes: Option<Amount>,
    /// Whether amount and unit are present, or there are no bytes to bill.
    pub(super) is_billed: bool,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// Gives each record of a listing to `take`, with its page and its row in it.
///
/// # Errors
/// Files that are not pages, every kind of invalid record, and periods that are charged twice.
pub(super) fn read(
    files: &[PageFile],
    month: BillingMonth,
    currency: Currency,
    mut take: impl FnMut(&PageFile, u32, Usage),
) -> Result<(), Problems> {
    let pages = pages::parse(files, USAGE)?;
    let mut problems = Problems::default();
    let mut periods = Periods::default();
    for (number, (file, page)) in files.iter().zip(&pages).enumerate() {
        let mut refused = RefusedRows::new(file.path.clone());
        for (row, record) in (1..).zip(&page.records) {
            match Usage::parse(record.get(), month, currency) {
                Ok(usage) => {
                    // Includes records that charge nothing, so that a page received twice is always refused.
                    periods.add(&usage, number, row);
                    take(file, row, usage);
                }
                Err(refusal) => refused.add(refusal, row, || one_line(record.get())),
            }
        }
        problems.extend(refused.into_diagnostics(0));
    }
    if problems.is_empty() {
        problems.extend(periods.repeated(files));
    }
    problems.check()
}

impl Usage {
    fn parse(text: &str, month: BillingMonth, currency: Currency) -> Result<Usage, Refusal> {
        let record: Record<'_> = serde_json::from_str(text)
            .map_err(|error| ("record", format!("expected a usage record: {}", without_place(&error)), FETCH_AGAIN))?;
        let (start, end) = times(record.period.as_ref())?;
        let day = day_of(month, start, end)?;
        let billed = number(record.data_total_billed, "data_total_billed")?;
        // Where the amount is null nothing is billed; `is_billed` tells whether that is final.
        let cost = billed.unwrap_or(Amount::ZERO);
        let bytes = number(record.data_total, "data_total")?;
        if let Some(bytes) = bytes
            && (bytes.is_negative() || bytes.scale() > 0)
        {
            return Err(("bytes", format!("expected a count of bytes in data_total, found {bytes}"), FETCH_AGAIN));
        }
        check_currency(cost, record.billed_unit.as_deref(), currency)?;
        let has_unit = record.billed_unit.as_deref().is_some_and(|unit| !unit.is_empty());
        let is_billed = bytes.is_none_or(Amount::is_zero) || billed.is_some() && has_unit;
        for (field, sid) in [("sim_sid", &record.sim_sid), ("fleet_sid", &record.fleet_sid)] {
            id(sid.as_deref().unwrap_or(""), field, IdAlphabet::Any)?;
        }
        let text = Option::unwrap_or_default;
        let scope = Scope {
            account: text(record.account_sid),
            sim: text(record.sim_sid),
            fleet: text(record.fleet_sid),
            network: text(record.network_sid),
            country: text(record.iso_country),
        };
        Ok(Usage { scope, day, cost, bytes, is_billed, start, end })
    }
}

/// Beginning and end of a period.
fn times(period: Option<&Period>) -> Result<(DateTime<Utc>, DateTime<Utc>), Refusal> {
    let missing = || ("period", "expected a period with start_time and end_time".to_owned(), FETCH_AGAIN);
    let period = period.ok_or_else(missing)?;
    let time = |text: &str| {
        DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|_| {
            let message = format!("expected a time such as 2022-08-01T00:00:00Z, found {:?}", beginning(text));
            ("time", message, FETCH_AGAIN)
        })
    };
    Ok((time(&period.start_time)?, time(&period.end_time)?))
}

/// The UTC day of a period; 0 for the whole month.
fn day_of(month: BillingMonth, start: DateTime<Utc>, end: DateTime<Utc>) -> Result<u8, Refusal> {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let whole = (midnight(month.first()), midnight(month.next().first()));
    let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let shown = || format!("{} to {}", text(start), text(end));
    if start < whole.0 || end > whole.1 || start >= end {
        let message = format!("expected a period within {} in UTC, found {}", month, shown());
        return Err(("month", message, FETCH_AGAIN));
    }
    if (start, end) == whole {
        return Ok(0);
    }
    let next_day = start.date_naive().checked_add_days(Days::new(1));
    match next_day.is_some_and(|next| end <= midnight(next)) {
        true => Ok(start.day() as u8),
        false => Err(("day", format!("expected a period of a day or of the month, found {}", shown()), FETCH_AGAIN)),
    }
}

/// Checks that the amount is in the source's currency, which KORE names only once something is billed.
fn check_currency(cost: Amount, unit: Option<&str>, currency: Currency) -> Result<(), Refusal> {
    let expected = currency.code();
    match unit {
        Some(unit) if unit == expected => Ok(()),
        None | Some("") if cost.is_zero() => Ok(()),
        found => {
            let found = found.map_or_else(|| "none".to_owned(), |unit| format!("{:?}", beginning(unit)));
            let message = format!("expected the billed_unit \"{expected}\" of this source, found {found}");
            Err(("currency", message, "set the source's currency in invoicer.toml to the one the account is billed in"))
        }
    }
}

/// Reads a number, bare or in quotes, never through binary floating point; none when it is null.
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
            ("number", format!("expected a number in {field}, found {}", beginning(text)), FETCH_AGAIN)
        }
        NumberError::TooLong => {
            let message = format!("the number in {field} has more digits than can be computed with exactly: {text}");
            ("digits", message, "numbers of up to 36 digits can be read; no provider is known to write longer ones")
        }
    })
}

/// A charged period and its record: page and row.
type Charged = (DateTime<Utc>, DateTime<Utc>, usize, u32);

/// Every period read, by scope.
#[derive(Default)]
struct Periods {
    scopes: FxHashMap<Scope, usize>,
    charged: Vec<Vec<Charged>>,
}

impl Periods {
    fn add(&mut self, usage: &Usage, page: usize, row: u32) {
        let charged = (usage.start, usage.end, page, row);
        match self.scopes.get(&usage.scope) {
            Some(index) => self.charged[*index].push(charged),
            None => {
                self.scopes.insert(usage.scope.clone(), self.charged.len());
                self.charged.push(vec![charged]);
            }
        }
    }

    /// Error for records whose periods overlap others of the same SIM, which would be billed twice.
    fn repeated(mut self, files: &[PageFile]) -> Option<Diagnostic> {
        let mut repeated: Vec<(Charged, Charged)> = Vec::new();
        for periods in &mut self.charged {
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
        let path = |charged: &Charged| files[charged.2].path.as_str();
        let message = match (first.0, first.1) == (again.0, again.1) {
            true => format!("the record repeats {}:{}", path(&first), first.3),
            false => format!("the record overlaps the period of {}:{}", path(&first), first.3),
        };
        let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        Some(
            Diagnostic::error(message)
                .at(Place::line(path(&again), again.3))
                .with_note(format!("{records} would be billed twice"))
                .with_hint(format!("a page was received twice: {FETCH_AGAIN}")),
        )
    }
}
