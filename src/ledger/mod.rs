//! The issued documents in `issued/`: a chain of records that are written once. `issued/202208.json` locks a month's
//! invoices, `issued/202208-1.json` a credit note and the corrected invoice, if any; a directory beside each holds
//! copies of the rules it was made from and of its documents. Amounts, numbers and hashes come from here, never from `out/`.

mod chain;
mod copies;
mod index;
pub mod journal;
pub mod listing;
mod lookup;
mod record;
mod soundness;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context;

use crate::billing::Credited;
use crate::diagnostic::{Diagnostic, Place, Problems, cannot, nearest};
use crate::files;
use crate::model::amount::{Amount, TooLong};
use crate::model::invoice::DocumentKind;
use crate::model::numbering::Numbering;
use crate::model::period::BillingMonth;
use crate::out;
use crate::staging::{self, Lock, hash};
pub use copies::{Copies, CopyList, NO_FILE, bill_outside, copies, keep, kept, kept_directories, outside};
use lookup::{DocumentPlace, Lookup};
pub use record::{COSTS_INSIDE, Document, FORMAT, Line, Naming, Previous, Record, file_of};

/// Directory of the records, relative to the workspace's root.
pub const DIRECTORY: &str = "issued";

/// Name of the list of everything issued, in [`DIRECTORY`].
pub const INDEX: &str = "index.csv";

/// A record with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Name of its file without `.json`.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its content.
    pub record: Record,
}

impl Stored {
    /// Path of its file, relative to the workspace's root.
    pub fn path(&self) -> String {
        format!("{DIRECTORY}/{}.json", self.name)
    }

    /// Directory of the copies of its rules, relative to the workspace's root: a workspace without bills.
    pub fn rules_directory(&self) -> String {
        format!("{DIRECTORY}/{}/{}", self.name, copies::RULES)
    }

    /// Directory of the copies of its review files, relative to the workspace's root.
    pub fn review_directory(&self) -> String {
        format!("{DIRECTORY}/{}", self.name)
    }

    /// The record with the head of the chain, as JSON for users.
    ///
    /// # Errors
    /// When it cannot be serialised, which does not happen.
    pub fn to_json(&self, head: &str) -> Result<Vec<u8>, Diagnostic> {
        #[derive(serde::Serialize)]
        struct WithHead<'a> {
            #[serde(flatten)]
            record: &'a Record,
            head: &'a str,
        }
        out::to_json(&WithHead { record: &self.record, head })
    }

    /// Whether the customers' files of its documents hold the issuer's costs.
    pub fn has_costs_inside(&self) -> bool {
        self.record.format == COSTS_INSIDE
    }

    /// The document with that number.
    pub fn document(&self, number: &str) -> Option<&Document> {
        self.record.documents.iter().find(|document| document.number == number)
    }
}

/// Everything that was issued.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// In the order in which they were written.
    records: Vec<Stored>,
    /// Made when it is first needed.
    lookup: OnceLock<Lookup>,
}

impl Ledger {
    /// Reads `issued/`.
    ///
    /// # Errors
    /// Everything wrong with the records or their chain.
    pub fn open(root: &Path) -> Result<Ledger, Problems> {
        let (ledger, faults) = Ledger::read(root);
        Problems::from(faults).check()?;
        Ok(ledger)
    }

    /// Reads as much of `issued/` as can be read, and returns everything wrong with it.
    pub fn read(root: &Path) -> (Ledger, Vec<Diagnostic>) {
        let (records, faults) = chain::read(root, chain::whole);
        (Ledger::of(records), faults)
    }

    /// A ledger of some records, in their order.
    pub fn of(records: Vec<Stored>) -> Ledger {
        Ledger { records, lookup: OnceLock::new() }
    }

    /// The records in the order in which they were written.
    pub fn records(&self) -> &[Stored] {
        &self.records
    }

    /// The last record.
    pub fn into_last(mut self) -> Option<Stored> {
        self.records.pop()
    }

    fn lookup(&self) -> &Lookup {
        self.lookup.get_or_init(|| Lookup::of(&self.records))
    }

    fn at(&self, (record, document): DocumentPlace) -> (&Stored, &Document) {
        let stored = &self.records[record];
        (stored, &stored.record.documents[document])
    }

    /// SHA-256 of the last record. It stands for all of them: each has the hash of the one before.
    pub fn head(&self) -> Option<&str> {
        self.records.last().map(|stored| stored.sha256.as_str())
    }

    /// Everything issued, in the order of the records.
    pub fn documents(&self) -> impl DoubleEndedIterator<Item = (&Stored, &Document)> {
        self.records.iter().flat_map(|stored| stored.record.documents.iter().map(move |document| (stored, document)))
    }

    /// The record that issued a month.
    pub fn month(&self, month: BillingMonth) -> Option<&Stored> {
        let name = month.to_string();
        self.records.iter().find(|stored| stored.name == name)
    }

    /// The issued months in chronological order.
    pub fn months(&self) -> Vec<BillingMonth> {
        let mut months: Vec<BillingMonth> = self.records.iter().map(|stored| stored.record.month).collect();
        months.sort();
        months.dedup();
        months
    }

    /// The records of a month: that of its invoices, then its corrections.
    pub fn of_month(&self, month: BillingMonth) -> impl DoubleEndedIterator<Item = &Stored> {
        self.records.iter().filter(move |stored| stored.record.month == month)
    }

    /// The record of the month's latest invoices, whose rules the workspace should have now.
    pub fn latest_rules(&self, month: BillingMonth) -> Option<&Stored> {
        self.of_month(month).rfind(|stored| !stored.record.rules.is_empty())
    }

    /// Whether a month's records have a document for that customer.
    pub fn has_customer(&self, month: BillingMonth, id: &str) -> bool {
        self.of_month(month).flat_map(|stored| &stored.record.documents).any(|document| document.customer == id)
    }

    /// The document with that number.
    pub fn find(&self, number: &str) -> Option<(&Stored, &Document)> {
        self.lookup().find(number).map(|place| self.at(place))
    }

    /// The documents that correct the one with that number, in the order in which they were issued: its credit notes and the
    /// invoice in its place.
    pub fn corrections_of(&self, number: &str) -> impl Iterator<Item = (&Stored, &Document)> {
        self.lookup().corrections(number).iter().map(|place| self.at(*place))
    }

    /// [`find`](Self::find), with the nearest known number in the message when there is none.
    ///
    /// # Errors
    /// When nothing was issued under that number.
    pub fn expect(&self, number: &str) -> Result<(&Stored, &Document), Diagnostic> {
        self.find(number).ok_or_else(|| {
            let diagnostic = Diagnostic::error(format!("nothing was issued under the number {number:?}"));
            let near = nearest(number, self.documents().map(|(_, document)| document.number.as_str()));
            diagnostic.with_hint(match near {
                Some(near) => format!("did you mean {near:?}?"),
                None => "`invoicer list` shows all numbers".to_owned(),
            })
        })
    }

    /// The records written before `stored`.
    pub fn before(&self, stored: &Stored) -> Before<'_> {
        let end = self.records.iter().position(|other| other.name == stored.name).unwrap_or(self.records.len());
        Before { ledger: self, end }
    }

    /// The records written before the next one: all of them.
    pub fn before_next(&self) -> Before<'_> {
        Before { ledger: self, end: self.records.len() }
    }

    /// The next running number of a month: one more than the largest of its sequence. The first of the ledger is
    /// [`Numbering::start`]; that of each further sequence is 1.
    pub fn next_running(&self, month: BillingMonth, numbering: Numbering) -> u64 {
        let given = || self.documents().filter_map(|(stored, document)| Some((stored.record.month, document.running?)));
        let of_sequence = given().filter(|(of, _)| numbering.is_one_sequence(*of, month));
        match of_sequence.map(|(_, running)| running).max() {
            Some(last) => last + 1,
            None if given().next().is_some() => 1,
            None => numbering.start,
        }
    }

    /// The credit notes of an invoice, in the order in which they were issued.
    pub fn credits_of(&self, number: &str) -> impl Iterator<Item = (&Stored, &Document)> {
        self.corrections_of(number).filter(|(_, document)| document.kind == DocumentKind::CreditNote)
    }

    /// What credit notes have left of an invoice's total.
    ///
    /// # Errors
    /// Sums with too many digits.
    pub fn left_of(&self, invoice: &Document) -> Result<Amount, TooLong> {
        self.credits_of(&invoice.number).try_fold(invoice.total, |left, (_, note)| left.plus(note.total))
    }

    /// The invoice that was issued in place of another.
    pub fn replacement_of(&self, number: &str) -> Option<&Document> {
        let mut corrections = self.corrections_of(number).map(|(_, document)| document);
        corrections.find(|document| document.kind == DocumentKind::Invoice)
    }

    /// Sum of what credit notes took back of an invoice, up to the one with the number `until` where it is given.
    ///
    /// # Errors
    /// Sums with too many digits.
    pub fn credited(&self, number: &str, until: Option<&str>) -> Result<Credited, TooLong> {
        let mut credited = Credited::default();
        for (_, note) in self.credits_of(number).take_while(|(_, note)| Some(note.number.as_str()) != until) {
            for line in &note.items {
                let sum = credited.lines.entry(line.line).or_default();
                *sum = sum.plus(line.amount)?;
            }
            for tax in &note.tax_subtotals {
                let sums = credited.rates.entry(tax.group()).or_default();
                sums.base = sums.base.plus(tax.taxable)?;
                sums.tax = sums.tax.plus(tax.tax)?;
                if let Some(tax_jpy) = tax.tax_jpy {
                    sums.tax_jpy = sums.tax_jpy.plus(tax_jpy)?;
                }
            }
        }
        Ok(credited)
    }

    /// Checks that a record may be the next of the chain, so that what is written can be read again.
    ///
    /// # Errors
    /// Numbers that were assigned before, and names and paths that no record may have.
    pub fn check(&self, record: &Record) -> Result<(), Diagnostic> {
        self.check_numbers(record.documents.iter().map(|document| document.number.as_str()))?;
        soundness::record(record).map_err(|wrong| {
            let hint = "names and numbers are plain: no control characters, no slashes in the names of files";
            Diagnostic::error(format!("this cannot be issued: in its record, {wrong}")).with_hint(hint)
        })
    }

    /// Appends a record to the chain and writes it.
    ///
    /// # Errors
    /// Those of [`check`](Self::check), and when the record cannot be written.
    pub fn append(&mut self, root: &Path, name: String, record: Record) -> Result<(), Diagnostic> {
        self.add(name, record)?.write(root)
    }

    /// Appends a record to the chain, in memory; returns its file, for the caller to write.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn add(&mut self, name: String, mut record: Record) -> Result<Unwritten, Diagnostic> {
        self.check(&record)?;
        record.previous = self
            .records
            .last()
            .map(|last| Previous { file: format!("{}.json", last.name), sha256: last.sha256.clone() });
        let mut bytes = serde_json::to_vec_pretty(&record).context("cannot write JSON")?;
        bytes.push(b'\n');
        let stored = Stored { name, sha256: hash(&bytes), record };
        let path = stored.path();
        self.records.push(stored);
        self.lookup = OnceLock::new();
        Ok(Unwritten { path, bytes })
    }

    /// Refuses numbers that were assigned before, and numbers of two documents.
    ///
    /// # Errors
    /// The first such number.
    pub fn check_numbers<'n>(&self, numbers: impl Iterator<Item = &'n str>) -> Result<(), Diagnostic> {
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for number in numbers {
            if !known.insert(number) {
                let diagnostic = Diagnostic::error(format!("two documents would have the number {number}"));
                let hint = "put text between the placeholders of [invoice] number, as in number = \"{customer}-{seq}\"";
                return Err(diagnostic.with_hint(hint));
            }
            if let Some((stored, _)) = self.find(number) {
                let message = format!("the number {number} was given before");
                let hint = "put {month} or {seq} into [invoice] number: a number stands for one document for ever";
                return Err(Diagnostic::error(message).at(Place::file(stored.path())).with_hint(hint));
            }
        }
        Ok(())
    }

    /// The bytes of [`INDEX`].
    ///
    /// # Errors
    /// When CSV cannot be written, which does not happen in memory.
    pub fn index(&self) -> Result<Vec<u8>, Diagnostic> {
        index::index(&self.records)
    }

    /// The record of an interrupted run; none where [`INDEX`] matches the records. The list is written last, so a list
    /// that lacks only the last record means an interrupted run.
    ///
    /// # Errors
    /// When the list cannot be read, or matches neither all records nor all but the last: somebody changed it, or a
    /// record is lost, whose numbers must not be assigned again.
    pub fn interrupted(&self, root: &Path) -> Result<Option<&Stored>, Diagnostic> {
        let written = match files::read(&root.join(DIRECTORY).join(INDEX), files::DATA) {
            Ok(written) => Some(written),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            written => {
                let place = format!("{DIRECTORY}/{INDEX}");
                Some(written.with_context(|| cannot("read the list of what was issued", place))?)
            }
        };
        let is_of = |records: &[Stored]| match &written {
            None => Ok(records.is_empty()),
            Some(written) => index::index(records).map(|index| *written == index),
        };
        if is_of(&self.records)? {
            return Ok(None);
        }
        match self.records.split_last() {
            Some((last, before)) if is_of(before)? => Ok(Some(last)),
            _ => {
                let message = index::disagreement(&self.records, written.as_deref());
                let hint = "put back issued/ as git or a backup has it, the list and the records: what was issued once keeps its \
                            number";
                Err(Diagnostic::error(message).at(Place::file(format!("{DIRECTORY}/{INDEX}"))).with_hint(hint))
            }
        }
    }

    /// Checks that a month's records have not changed since they were read: another run may have issued or credited
    /// something before this one took the lock.
    ///
    /// # Errors
    /// When they have changed.
    pub fn check_current(&self, root: &Path, month: BillingMonth) -> Result<(), Diagnostic> {
        let mut known: Vec<(&str, &str)> =
            self.of_month(month).map(|stored| (stored.name.as_str(), stored.sha256.as_str())).collect();
        known.sort_unstable();
        let mut faults = Vec::new();
        let names = chain::names(root, &mut faults);
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        let is_of_month = |name: &&String| name.get(..6) == Some(month.to_string().as_str());
        let names: Vec<&String> = names.iter().filter(is_of_month).collect();
        let is_same = |(name, (known, sha256)): (&&String, &(&str, &str))| {
            name.as_str() == *known
                && staging::digest(&root.join(DIRECTORY).join(format!("{name}.json")))
                    .is_ok_and(|(_, found)| found == *sha256)
        };
        if names.len() == known.len() && names.iter().zip(&known).all(is_same) {
            return Ok(());
        }
        let message = format!("{month} was issued or credited meanwhile");
        let diagnostic = Diagnostic::error(message).at(Place::file(DIRECTORY));
        Err(diagnostic.with_hint("nothing was replaced: run the command again, and it works on what was issued"))
    }

    /// Writes the list of everything issued.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_index(&self, root: &Path) -> Result<(), Diagnostic> {
        let path = format!("{DIRECTORY}/{INDEX}");
        staging::replace(&root.join(&path), &path, &self.index()?)
    }
}

/// The records of a ledger that were written before one of them.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    ledger: &'a Ledger,
    end: usize,
}

impl<'a> Before<'a> {
    /// The records, in the order in which they were written.
    pub fn records(self) -> &'a [Stored] {
        &self.ledger.records[..self.end]
    }

    /// Whether one of their documents has that number.
    pub fn has(self, number: &str) -> bool {
        self.ledger.lookup().find(number).is_some_and(|(record, _)| record < self.end)
    }

    /// How many of their documents are credit notes of the invoice with that number.
    pub fn credits_of(self, number: &str) -> usize {
        let corrections = self.ledger.lookup().corrections(number).iter().take_while(|(record, _)| *record < self.end);
        corrections.filter(|place| self.ledger.at(**place).1.kind == DocumentKind::CreditNote).count()
    }
}

impl Document {
    /// Whether it is a credit note of the invoice with that number.
    pub fn takes_back(&self, number: &str) -> bool {
        let original = self.original.as_ref();
        self.kind == DocumentKind::CreditNote && original.is_some_and(|original| original.number == number)
    }
}

/// Lock held while a command issues, or adds to what will be issued.
#[derive(Debug)]
pub struct Issuing {
    lock: Option<Lock>,
    directory: PathBuf,
}

impl Drop for Issuing {
    fn drop(&mut self) {
        self.lock = None;
        // Removes `issued/` when this run created it and failed; `remove_dir` leaves a directory with records alone.
        let _ = std::fs::remove_dir(&self.directory);
    }
}

/// Locks `issued/`, so that no other run issues at the same time or changes what is being issued.
///
/// # Errors
/// When another run has the lock, or nothing can be written.
pub fn lock(root: &Path) -> Result<Issuing, Diagnostic> {
    try_lock(root)?
}

/// [`lock`] for those who can wait: the inner error is that another run has it.
///
/// # Errors
/// When nothing can be written.
pub fn try_lock(root: &Path) -> Result<Result<Issuing, Diagnostic>, Diagnostic> {
    let directory = root.join(DIRECTORY);
    let context =
        || cannot("write the directory", DIRECTORY).with_hint("check the directory's permissions and free space");
    std::fs::create_dir_all(&directory).with_context(context)?;
    let taken = Lock::take(directory.join(".lock"), "another run issues or credits invoices, or adds an adjustment");
    let lock = match taken {
        Ok(lock) => lock.with_context(context)?,
        Err(busy) => return Ok(Err(busy)),
    };
    Ok(Ok(Issuing { lock: Some(lock), directory }))
}

/// The file of a record that is not yet written.
#[must_use]
pub struct Unwritten {
    path: String,
    bytes: Vec<u8>,
}

impl Unwritten {
    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(self, root: &Path) -> Result<(), Diagnostic> {
        staging::replace(&root.join(&self.path), &self.path, &self.bytes)
    }
}
