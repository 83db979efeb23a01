//! KORE's Super SIM API: data usage by SIM and day, billed in `billed_unit`. Times are UTC; amounts exclude tax.
//!
//! Format: <https://docs.korewireless.com/en-us/api/products/supersim/usage-record-resource>. The month's answers are
//! kept in `billing/MONTH/<source>/` as received: `usage-0000.json` and so on, `account-…`, `sims-…`, `fleets-…`.

mod api;
mod credentials;
mod directory;
mod fetch;
mod pages;
mod records;
mod usage;

use std::collections::BTreeMap;

use super::provider::{FetchedBill, Finality, Reading};
use super::snapshot::{Session, Snapshot};
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::settings::SourceSettings;
use crate::model::statement::Statement;
use directory::Directory;
use pages::{FETCH_AGAIN, Page, one_line};
use records::USAGE;

/// File names of the listings, before their numbers.
const BY_SIM: &str = "usage";
const ACCOUNT: &str = "account";
const SIMS: &str = "sims";
const FLEETS: &str = "fleets";

/// The API.
pub(super) struct Fetched;

impl FetchedBill for Fetched {
    /// Also refuses repeated records and, unless for a draft, records that are not billed yet.
    fn read(&self, reading: &mut Reading<'_>, snapshot: &Snapshot, first: usize) -> Result<(), Problems> {
        let Reading { source, draft, .. } = *reading;
        let bill = &mut *reading.bill;
        let required = |stem: &str| match pages::files(snapshot, first, stem) {
            Ok(files) if files.is_empty() => {
                let message = format!("expected pages {stem}-0000.json and on among the fetched files");
                Err(Diagnostic::error(message).at(Place::file(&snapshot.path)).with_hint(FETCH_AGAIN).into())
            }
            files => files,
        };
        let (usage, sims, fleets) = (required(BY_SIM)?, required(SIMS)?, required(FLEETS)?);
        let directory = Directory::read(&sims, &fleets)?;
        usage::read(bill, source, &directory, &usage, draft)?;
        if !pages::files(snapshot, first, ACCOUNT)?.is_empty() {
            // Usage records have no tax.
            bill.sources[usize::from(source)].stated_tax = Some(Amount::ZERO);
        }
        Ok(())
    }

    /// KORE's figures for the account as a whole, to compare the sum of its SIMs with; empty where they were not
    /// fetched.
    fn statement(&self, source: &SourceSettings, snapshot: &Snapshot) -> Result<Statement, Problems> {
        let account = pages::files(snapshot, 0, ACCOUNT)?;
        if account.is_empty() {
            return Ok(Statement::default());
        }
        let mut costs: Vec<(u8, Amount)> = Vec::new();
        records::read(&account, snapshot.month, source.currency, |_, _, usage| costs.push((usage.day, usage.cost)))?;
        let add = || -> Result<Statement, TooLong> {
            let mut daily: BTreeMap<u8, Sum> = BTreeMap::new();
            for (day, cost) in &costs {
                daily.entry(*day).or_default().add(*cost)?;
            }
            let day = |(day, sum): (u8, Sum)| Ok((day, sum.total()?));
            let mut daily: BTreeMap<u8, Amount> = daily.into_iter().map(day).collect::<Result<_, TooLong>>()?;
            let total = Sum::of(daily.values().copied())?;
            // Day 0 is for the whole month.
            daily.remove(&0);
            Ok(Statement { total: Some(total), daily, ..Statement::default() })
        };
        Ok(add().of("the account's usage")?)
    }

    fn fetch(&self, session: &Session<'_>) -> Result<Finality, Diagnostic> {
        fetch::fetch(session)
    }

    fn row_of_json(&self, text: &str, row: u32) -> Option<String> {
        record(text, row)
    }
}

/// The record of a charge's row, on one line; none when the text is not a page of usage records.
fn record(text: &str, row: u32) -> Option<String> {
    let page = Page::parse(text, USAGE).ok()?;
    let index = usize::try_from(row).ok()?.checked_sub(1)?;
    page.records.get(index).map(|record| one_line(record.get()))
}
