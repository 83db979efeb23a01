//! [`Listing`]: everything issued, as far as it is listed.

use std::path::Path;

use super::{Document, Ledger, Stored, chain};
use crate::diagnostic::Problems;
use crate::model::amount::{Amount, TooLong};

/// Everything issued without what nobody lists: its documents have no lines, no taxes, and no files but the PDF. All of it is
/// read and checked as in a [`Ledger`].
pub struct Listing(Ledger);

impl Listing {
    /// Reads `issued/`.
    ///
    /// # Errors
    /// As of [`Ledger::open`].
    pub fn open(root: &Path) -> Result<Listing, Problems> {
        let (records, faults) = chain::read(root, chain::listed);
        Problems::from(faults).check()?;
        Ok(Listing(Ledger::of(records)))
    }

    /// Whether nothing was issued.
    pub fn is_empty(&self) -> bool {
        self.0.records().is_empty()
    }

    /// See [`Ledger::documents`].
    pub fn documents(&self) -> impl Iterator<Item = (&Stored, &Document)> {
        self.0.documents()
    }

    /// See [`Ledger::credits_of`].
    pub fn credits_of(&self, number: &str) -> impl Iterator<Item = &Document> {
        self.0.credits_of(number).map(|(_, note)| note)
    }

    /// See [`Ledger::left_of`].
    ///
    /// # Errors
    /// Sums with too many digits.
    pub fn left_of(&self, invoice: &Document) -> Result<Amount, TooLong> {
        self.0.left_of(invoice)
    }

    /// See [`Ledger::replacement_of`].
    pub fn replacement_of(&self, number: &str) -> Option<&Document> {
        self.0.replacement_of(number)
    }
}
