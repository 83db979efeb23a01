//! [`IssuedRules`]: the settings by which a document was issued, for what its message says of it.

use std::path::Path;

use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::ledger::{Document, Ledger, Stored};
use crate::model::customer::Customer;
use crate::model::settings::Settings;
use crate::render::Templates;
use crate::workspace;

/// The kept rules of a record.
pub(super) struct IssuedRules {
    /// The settings.
    pub(super) settings: Settings,
    /// The words of the documents.
    pub(super) templates: Templates,
}

/// The record whose rules a document was made by: a credit note was made by those of its invoice.
pub(super) fn record_of<'l>(ledger: &'l Ledger, stored: &'l Stored, document: &Document) -> &'l Stored {
    let invoice = || ledger.find(&document.original.as_ref()?.number).map(|(stored, _)| stored);
    if stored.record.rules.is_empty() { invoice().unwrap_or(stored) } else { stored }
}

impl IssuedRules {
    /// Reads the rules that were kept with a record.
    ///
    /// # Errors
    /// Copies that cannot be read.
    pub(super) fn read(root: &Path, stored: &Stored) -> Result<IssuedRules, Problems> {
        let directory = root.join(stored.rules_directory());
        let inside = |problems: Problems| {
            let note = format!("in the copy of the rules that was kept: {}", stored.rules_directory());
            problems.each(|problem| problem.with_note(note.clone()))
        };
        let settings = workspace::load_kept(&directory, stored.record.month).map_err(inside)?.settings;
        let templates = Templates::load(&directory, &settings).map_err(inside)?;
        Ok(IssuedRules { settings, templates })
    }

    /// The customer of a document as it was then.
    ///
    /// # Errors
    /// When the copies have no such customer.
    pub(super) fn customer(&self, stored: &Stored, document: &Document) -> Result<&Customer, Diagnostic> {
        self.settings.customer(&document.customer).ok_or_else(|| {
            let message = format!("the rules of {} have no customer \"{}\"", document.number, document.customer);
            Diagnostic::error(message)
                .at(Place::file(stored.rules_directory()))
                .with_hint("issued/ is never edited: put back what git or a backup has")
        })
    }
}
