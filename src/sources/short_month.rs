//! Detects bills saved before the month had ended: they have no rows of the last days, while the bills of earlier
//! months have rows up to their last day.

use std::path::Path;

use super::paths;
use super::provider::{Provider, ReachesEnd};
use super::providers;
use super::snapshot::{self, Snapshot};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::charge::{Bill, BillFile};
use crate::model::period::BillingMonth;
use crate::model::settings::{Settings, SourceSettings};
use crate::model::warning::WarningCode;

/// Number of earlier months compared.
const MONTHS: usize = 3;

/// Warns of bills with rows per day that end too early; other providers bill a month in one row, or state what is not
/// billed yet. Opens earlier bills only where a file does end early, and reads only to the first row of their last day.
pub fn short_months(root: &Path, settings: &Settings, bill: &Bill) -> Vec<Diagnostic> {
    let mut last_days = vec![0; bill.files.len()];
    for charge in &bill.charges {
        let last = &mut last_days[usize::from(charge.file)];
        *last = charge.day.max(*last);
    }
    let end = last_day(bill.month);
    let short = bill.files.iter().zip(last_days).filter(|(_, day)| *day < end);
    let warning = |(file, day): (&BillFile, u8)| {
        let read = &bill.sources[usize::from(file.source)];
        let source = settings.sources.iter().find(|source| source.name == read.name)?;
        let (name, reaches_end) = daily(source)?;
        // A bill that is not final may well end before the month does.
        if !read.statement.is_final || name.is_some_and(|name| !file.path.ends_with(name)) {
            return None;
        }
        let months = std::iter::successors(Some(bill.month.previous()), |month| Some(month.previous()));
        let full = months.take(MONTHS).filter(|month| source.validity.covers(*month)).find(|month| {
            let paths = earlier(root, source, name, *month, bill.month, &file.path);
            paths.iter().any(|path| reaches_end(&root.join(path), *month).unwrap_or(false))
        })?;
        Some(short_month(bill.month, &file.path, day, full))
    };
    short.filter_map(warning).collect()
}

fn last_day(month: BillingMonth) -> u8 {
    use chrono::Datelike;
    month.last().day() as u8
}

/// How to check the end of a source's bills with rows per day: in each file, or in the file with that name.
fn daily(source: &SourceSettings) -> Option<(Option<&'static str>, ReachesEnd)> {
    match providers::of(source.kind) {
        Provider::Saved(saved) => saved.reaches_end().map(|reaches_end| (None, reaches_end)),
        Provider::Fetched(fetched) => fetched.reaches_end().map(|(name, reaches_end)| (Some(name), reaches_end)),
    }
}

/// A source's bills of an earlier month: the one with the same name as `path`, if any. A bill may come in several files
/// each month, of which only the last reaches the end of the month.
fn earlier(
    root: &Path,
    source: &SourceSettings,
    name: Option<&str>,
    month: BillingMonth,
    this: BillingMonth,
    path: &str,
) -> Vec<String> {
    if let Some(name) = name {
        let fetched = Snapshot::open(root, source, month).ok().flatten();
        let is_final = fetched.is_some_and(|fetched| fetched.provenance.is_final);
        let path = format!("{}/{}", snapshot::directory(source, month), name);
        return if is_final { vec![path] } else { Vec::new() };
    }
    let paths = paths::of_source(root, source, month).unwrap_or_default();
    let same = path.replace(&this.to_string(), &month.to_string());
    if paths.contains(&same) { vec![same] } else { paths }
}

fn short_month(month: BillingMonth, path: &str, day: u8, full: BillingMonth) -> Diagnostic {
    let date = |day: u8| month.day(u32::from(day)).map_or_else(|| month.to_string(), |date| date.to_string());
    let end = date(last_day(month));
    let (message, facts) = match day {
        0 => (format!("the bill has no rows of days, but that of {full} reaches the end of its month"), "-".to_owned()),
        day => {
            let last = date(day);
            (format!("the bill ends with {last}, but that of {full} reaches the end of its month"), last)
        }
    };
    let facts = format!("{path}: {facts} < {end}");
    let hint = "save the bill again once SORACOM has closed the month; if use did end then, set ignore = \
                [\"short-month\"] in [warnings] of invoicer.toml";
    Diagnostic::finding(WarningCode::ShortMonth, message, facts).at(Place::file(path)).with_hint(hint)
}
