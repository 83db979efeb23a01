//! Earlier months as their `summary.json` has them.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use rayon::prelude::*;
use serde::Deserialize;

use crate::diagnostic::{Diagnostic, Place, cause, json_fault};
use crate::files;
use crate::model::amount::Amount;
use crate::model::carried::Carried;
use crate::model::currency::Currency;
use crate::model::history::{BilledCustomer, BilledCustomers, History, Used};
use crate::model::period::BillingMonth;
use crate::model::plain::{beginning, is_name};
use crate::model::warning::WarningCode;
use crate::staging::{Written, hash};

/// How many months before one are looked at: with it, the twelve that the review page compares.
const MONTHS: usize = 11;

/// Earlier months of a directory of output.
#[derive(Debug, Default)]
pub struct EarlierMonths {
    /// What they were billed.
    pub history: History,
    /// The files read, for the manifest.
    pub files: Vec<Written>,
    /// Summaries that cannot be read.
    pub warnings: Vec<Diagnostic>,
}

/// Months with their summaries, a directory each.
#[derive(Clone, Copy)]
pub struct Summaries<'a> {
    /// Directory of the months' directories.
    pub directory: &'a Path,
    /// The same as the manifest and messages name it.
    pub shown: &'a str,
    /// What to do about one that cannot be read.
    pub way_out: &'a str,
}

#[derive(Deserialize)]
struct Past {
    month: String,
    status: String,
    /// Taken from issued months' records, and from those that are only built where a rest is taken.
    #[serde(default)]
    carried: Carried,
    customers: Vec<PastCustomer>,
}

#[derive(Deserialize)]
struct PastCustomer {
    id: String,
    currency: Currency,
    cost: Amount,
    subtotal: Amount,
    total: Amount,
    used: Option<Used>,
}

/// Reads the months before `month`, each from the first of the directories that has it. Drafts do not count, and a summary
/// that cannot be read is a warning: no figure of an invoice comes from it.
pub fn earlier_months(all: &[Summaries<'_>], month: BillingMonth) -> EarlierMonths {
    let months: Vec<BillingMonth> =
        std::iter::successors(Some(month.previous()), |month| Some(month.previous())).take(MONTHS).collect();
    let read_one = |month: &BillingMonth, summaries: &Summaries<'_>| {
        let path = format!("{}/{month}/summary.json", summaries.shown);
        match files::read(&summaries.directory.join(month.to_string()).join("summary.json"), files::DATA) {
            Ok(bytes) => Some((Written { path, sha256: hash(&bytes) }, parse(&bytes, *month))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
            Err(error) => Some((Written { path, sha256: String::new() }, Err(cause(&error)))),
        }
    };
    let read = |month: &BillingMonth| {
        all.iter().find_map(|summaries| {
            let (file, parsed) = read_one(month, summaries)?;
            Some((*month, file, parsed, *summaries))
        })
    };
    let mut earlier = EarlierMonths::default();
    let found: Vec<_> = months.par_iter().filter_map(read).collect();
    for (month, file, parsed, summaries) in found {
        match parsed {
            Ok(Some(customers)) => {
                earlier.history.insert(month, customers);
                earlier.files.push(file);
            }
            Ok(None) => {}
            Err(why) => {
                let message = format!("{month} is not compared with: its summary cannot be read: {why}");
                let warning = Diagnostic::finding(WarningCode::UnreadableMonth, message, &file.path);
                let warning = warning.at(Place::file(file.path));
                earlier.warnings.push(warning.with_hint(summaries.way_out));
            }
        }
    }
    earlier
}

/// The customers of a summary; none when it is a draft's.
fn parse(bytes: &[u8], month: BillingMonth) -> Result<Option<BilledCustomers>, String> {
    let past: Past = serde_json::from_slice(bytes).map_err(|error| json_fault(&error))?;
    if past.month != month.to_string() {
        return Err(format!("it is the summary of {}", beginning(&past.month)));
    }
    if let Some(customer) = past.customers.iter().find(|customer| !is_name(&customer.id)) {
        return Err(format!("no customer is called {:?}", beginning(&customer.id)));
    }
    if !past.carried.is_of(month) {
        return Err("what it carries is of other months".to_owned());
    }
    if past.status == "draft" {
        return Ok(None);
    }
    let customer = |past: PastCustomer| {
        let PastCustomer { id, currency, cost, subtotal, total, used } = past;
        (id, BilledCustomer { currency, cost, subtotal, total, used })
    };
    Ok(Some(past.customers.into_iter().map(customer).collect::<BTreeMap<String, BilledCustomer>>()))
}
