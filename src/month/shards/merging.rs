//! [`Shards`]: the directories that the machines wrote, read to be put together. Whatever differs from what a build of the
//! whole month would have written is refused by name, and nothing is written then.

use std::collections::BTreeMap;

use anyhow::Context;
use rayon::prelude::*;

use super::Basis;
use super::checking::{self, Customers};
use super::found::Found;
pub use super::found::ShardDirectory;
use super::record::ShardInvoice;
use crate::diagnostic::{Diagnostic, Problems, cannot};
use crate::files;
use crate::model::format::Format;
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::month::computed::ComputedMonth;
use crate::month::documents::{MadeDocuments, paths};
use crate::printer::Printer;
use crate::staging::{Staging, hash};

/// All shards of a month.
pub struct Shards {
    /// By number: each once, none missing.
    found: Vec<Found>,
}

impl Shards {
    /// Reads the records of all shards.
    ///
    /// # Errors
    /// Directories without a shard, shards that are missing or there twice, or that were made with other options.
    pub fn read(directories: Vec<ShardDirectory>, month: BillingMonth) -> Result<Shards, Problems> {
        let mut problems = Problems::default();
        let read: Vec<Result<Found, Diagnostic>> =
            directories.into_par_iter().map(|directory| Found::read(directory, month)).collect();
        let mut found: Vec<Found> = read.into_iter().filter_map(|read| problems.keep(read)).collect();
        // By number, and those of one number in the order in which they were named.
        found.sort_by_key(|found| found.shard.number());
        problems.extend(checking::as_one_build(&found));
        // What is missing is known only when everything could be read.
        if problems.is_empty() {
            problems.extend(checking::each_once(&found, month));
        }
        problems.check()?;
        Ok(Shards { found })
    }

    /// Whether the shards are drafts.
    pub fn status(&self) -> Status {
        self.found[0].record.basis.status
    }

    fn formats(&self) -> &[Format] {
        &self.found[0].record.formats
    }

    /// Refuses shards of other inputs, customers, figures or files than the month has here.
    ///
    /// # Errors
    /// Everything that differs.
    pub fn check(&self, computed: &ComputedMonth) -> Result<(), Problems> {
        let here = Basis::of(computed)?;
        let of_inputs: Vec<Diagnostic> =
            self.found.iter().filter_map(|found| checking::inputs(found, &here).err()).collect();
        // Other inputs give other figures; saying so of each would hide the cause.
        Problems::from(of_inputs).check()?;
        let mut problems = Problems::default();
        let customers = Customers::of(computed, self.formats(), self.found.len());
        for found in &self.found {
            problems.extend(checking::invoices(found, &customers));
            problems.extend(checking::files(found, &customers));
        }
        problems.check()
    }

    /// Copies all documents, and computes the data files again to compare them; returns what was made of each invoice.
    ///
    /// # Errors
    /// Files that are not as their shard wrote them, or differ from what is computed here.
    pub fn copy(
        &self,
        computed: &ComputedMonth,
        staging: &Staging,
        printer: &Printer,
    ) -> Result<Vec<MadeDocuments>, Problems> {
        let (settings, formats) = (&computed.workspace.settings, self.formats());
        let mut of_customers: BTreeMap<&str, (&Found, &ShardInvoice)> = BTreeMap::new();
        for found in &self.found {
            of_customers
                .extend(found.record.customers.iter().map(|customer| (customer.id.as_str(), (found, customer))));
        }
        let progress = printer.progress(computed.billed.invoices.len(), "copying documents");
        let copy = |invoice: &Invoice| {
            let (found, customer) = of_customers[settings.customers[invoice.customer].id.as_str()];
            let copied: Vec<Diagnostic> = paths(settings, invoice, formats)
                .iter()
                .filter_map(|path| copied(found, path, staging).err())
                .collect();
            progress.step();
            Problems::from(copied).check().map(|()| customer.made(formats))
        };
        let results: Vec<Result<MadeDocuments, Problems>> = computed.billed.invoices.par_iter().map(copy).collect();
        let (mut problems, mut made) = (Problems::default(), Vec::with_capacity(results.len()));
        results.into_iter().for_each(|result| made.extend(problems.keep(result)));
        problems.check()?;
        self.compare(computed, printer)?;
        Ok(made)
    }

    /// Makes the files that hold the figures again, which costs little, and compares them with those of the shards: what
    /// a machine computed otherwise than this one reaches no customer.
    fn compare(&self, computed: &ComputedMonth, printer: &Printer) -> Result<(), Problems> {
        let is_data = |format: &Format| matches!(format, Format::Json | Format::Csv);
        let formats: Vec<Format> = self.formats().iter().copied().filter(is_data).collect();
        if formats.is_empty() {
            return Ok(());
        }
        let all: BTreeMap<&str, &Found> =
            self.found.iter().flat_map(|found| found.paths().map(move |path| (path, found))).collect();
        let compare = |path: &str, bytes: &[u8]| match all.get(path) {
            Some(found) if found.hash(path) != Some(hash(bytes).as_str()) => {
                let message = format!("the document of shard {} differs from what is computed here", found.shard);
                Err(found.problem(path, message))
            }
            _ => Ok(()),
        };
        computed.remake(&formats, &compare, printer)
    }
}

/// Copies a document to the month's directory.
fn copied(found: &Found, path: &str, staging: &Staging) -> Result<(), Diagnostic> {
    let bytes = files::read(&found.directory.path.join(path), files::DATA)
        .with_context(|| cannot("read the file", found.shown(path)).with_hint(found.again()))?;
    if found.hash(path) != Some(hash(&bytes).as_str()) {
        return Err(found.problem(path, format!("the document is not as shard {} wrote it", found.shard)));
    }
    staging.write(path, &bytes)
}
