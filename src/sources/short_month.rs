//! Detects bills saved before the month had ended: they have no rows of the last days, while the bills of earlier
//! months have rows up to their last day.

use std::collections::{BTreeMap, BTreeSet};
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
    let mut before = EarlierBills { root, this: bill.month, listed: BTreeMap::new(), reaching: BTreeMap::new() };
    let warning = |(file, day): (&BillFile, u8)| {
        let read = &bill.sources[usize::from(file.source)];
        let source = settings.sources.iter().find(|source| source.name == read.name)?;
        let (name, reaches_end) = daily(source)?;
        // A bill that is not final may well end before the month does.
        if !read.statement.is_final || name.is_some_and(|name| !file.path.ends_with(name)) {
            return None;
        }
        let months = std::iter::successors(Some(bill.month.previous()), |month| Some(month.previous()));
        let mut months = months.take(MONTHS).filter(|month| source.validity.covers(*month));
        let full = months.find(|month| before.reach_end(source, (name, reaches_end), *month, &file.path))?;
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

/// The bills of earlier months, each month of a source listed once and each file of it read once: a bill may have thousands.
struct EarlierBills<'a> {
    root: &'a Path,
    /// The month that they are compared with.
    this: BillingMonth,
    /// By the name of the source and the month.
    listed: BTreeMap<(&'a str, BillingMonth), BTreeSet<String>>,
    /// Whether any of several files has rows of the last day.
    reaching: BTreeMap<(&'a str, BillingMonth), bool>,
}

impl<'a> EarlierBills<'a> {
    /// Whether the bill of an earlier month has rows of its last day: the file with the same name as `path`, if any. A bill may
    /// come in several files each month, of which only the last reaches the end of the month.
    fn reach_end(
        &mut self,
        source: &'a SourceSettings,
        (name, reaches_end): (Option<&str>, ReachesEnd),
        month: BillingMonth,
        path: &str,
    ) -> bool {
        let root = self.root;
        let reaches = |path: &String| reaches_end(&root.join(path), month).unwrap_or(false);
        if let Some(name) = name {
            let fetched = Snapshot::open(root, source, month).ok().flatten();
            let is_final = fetched.is_some_and(|fetched| fetched.provenance.is_final);
            return is_final && reaches(&format!("{}/{}", snapshot::directory(source, month), name));
        }
        let key = (source.name.as_str(), month);
        let list = || paths::of_source(root, source, month).unwrap_or_default().into_iter().collect();
        let paths = self.listed.entry(key).or_insert_with(list);
        match paths.get(&path.replace(&self.this.to_string(), &month.to_string())) {
            Some(same) => reaches(same),
            None => *self.reaching.entry(key).or_insert_with(|| paths.iter().any(reaches)),
        }
    }
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
