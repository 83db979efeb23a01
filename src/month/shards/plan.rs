//! [`Plan`]: who is in which shard, as `shards.json`. Every machine computes it again; the file lets one refuse other
//! inputs before it makes any document, and people see how even the shards are.

use std::path::Path;

use anyhow::Context;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Basis;
use crate::diagnostic::{Diagnostic, Place, Problems, cannot, json_fault};
use crate::files;
use crate::model::shard::{Shard, divide};
use crate::month::computed::ComputedMonth;
use crate::out;
use crate::render;

/// Name of the file.
pub const FILE: &str = "shards.json";

/// A month divided into shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What the month was computed from.
    #[serde(flatten)]
    pub basis: Basis,
    /// The shards by number.
    pub shards: Vec<PlannedShard>,
}

/// A part of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedShard {
    /// Its number, counted from 1.
    pub shard: u32,
    /// Estimated pages of all its PDFs.
    pub pages: u64,
    /// Its customers, by id.
    pub customers: Vec<PlannedCustomer>,
}

/// A customer of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCustomer {
    /// Its id.
    pub id: String,
    /// Estimated pages of its PDF.
    pub pages: u64,
}

/// The number of the shard of each invoice, in the order of the invoices, with its estimated pages.
pub(super) fn division(computed: &ComputedMonth, count: u32) -> Vec<(u32, u64)> {
    let (bill, customers) = (&computed.bill, &computed.workspace.settings.customers);
    let invoices = computed.billed.invoices.par_iter();
    let pages = invoices.map(|invoice| render::estimated_pages(bill, &customers[invoice.customer], invoice));
    let pages: Vec<u64> = pages.collect();
    // Invoices are in the order of the customers' ids, which decides between equal ones.
    divide(&pages, count).into_iter().zip(pages).collect()
}

impl Plan {
    /// Divides a month.
    ///
    /// # Errors
    /// When a bill cannot be read again.
    pub fn of(computed: &ComputedMonth, count: u32) -> Result<Plan, Problems> {
        let empty = |shard| PlannedShard { shard, pages: 0, customers: Vec::new() };
        let mut shards: Vec<PlannedShard> = (1..=count).map(empty).collect();
        for (invoice, (number, pages)) in computed.billed.invoices.iter().zip(division(computed, count)) {
            let shard = &mut shards[number as usize - 1];
            shard.pages += pages;
            let id = computed.workspace.settings.customers[invoice.customer].id.clone();
            shard.customers.push(PlannedCustomer { id, pages });
        }
        Ok(Plan { basis: Basis::of(computed)?, shards })
    }

    /// The plan as a file; none where the bytes are no plan of this program.
    pub fn parse(bytes: &[u8]) -> Result<Plan, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Refuses a file that plans something else than a shard of what is here; `shown` is its path as the user wrote it.
    ///
    /// # Errors
    /// When it cannot be read, or is of another version, other inputs or another number of shards.
    pub fn check_file(path: &Path, shown: &str, shard: Shard, here: &Basis) -> Result<(), Diagnostic> {
        let bytes = files::read(path, files::DATA).with_context(|| cannot("read the file", shown))?;
        let again = "run `invoicer plan` again, or leave out --plan";
        let wrong = |message: String| Diagnostic::error(message).at(Place::file(shown)).with_hint(again);
        let plan =
            Plan::parse(&bytes).map_err(|error| wrong(format!("the plan cannot be read: {}", json_fault(&error))))?;
        if plan.basis.tool != here.tool {
            return Err(wrong(format!("the plan was made by {}, this is {}", plan.basis.tool, here.tool)));
        }
        plan.basis.check(here, "the plan was made from other inputs than are here".to_owned(), shown, again)?;
        if plan.shards.len() != shard.count() as usize {
            let message = format!("the plan has {} shards, not {}", plan.shards.len(), shard.count());
            return Err(wrong(message));
        }
        Ok(())
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When it cannot be serialised, which it always can.
    pub fn to_json(&self) -> Result<Vec<u8>, Diagnostic> {
        out::to_json(self)
    }
}
