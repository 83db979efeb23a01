//! [`Source`]: an issued document, with what it is exported by.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::model::customer::Customer;
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::model::settings::Settings;

/// Name and bytes of an attached CSV.
pub type Csv<'a> = (&'a str, &'a [u8]);

/// The data files of a document, byte for byte as they were issued.
#[derive(Clone, Debug)]
pub struct IssuedFiles {
    /// The customer's JSON.
    pub json: Vec<u8>,
    /// Name and bytes of the customer's CSV, where it is to be attached.
    pub csv: Option<(String, Vec<u8>)>,
    /// The rules by which the document was made.
    pub rules: Arc<Settings>,
}

/// An issued document, with what it is exported by.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The JSON of the customer's document, byte for byte as it was issued.
    pub json: &'a [u8],
    /// Name and bytes of the customer's CSV, where `[jp-pint] attach` has it.
    pub csv: Option<Csv<'a>>,
    /// The rules by which it was issued.
    pub as_issued: &'a Settings,
    /// The workspace now.
    pub now: &'a Settings,
    /// The file that it becomes, for messages.
    pub path: &'a str,
}

impl<'a> Source<'a> {
    /// A customer as the workspace has it now or, where it is gone, as it was.
    pub(super) fn customer(&self, id: &str) -> Result<&'a Customer, Diagnostic> {
        self.now.customer(id).or_else(|| self.as_issued_customer(id)).ok_or_else(|| {
            let hint = "an e-invoice needs the customer's address in the Peppol network: put its file back";
            Diagnostic::error(format!("there is no customers/{id}.toml any more")).with_hint(hint)
        })
    }

    /// A customer as the rules of the document have it.
    pub(super) fn as_issued_customer(&self, id: &str) -> Option<&'a Customer> {
        self.as_issued.customer(id)
    }

    /// The sentences at the foot of the document: the usual ones, then that of the month.
    pub(super) fn notes(&self, month: BillingMonth, id: &str) -> Vec<String> {
        let Some(customer) = self.as_issued_customer(id) else {
            return Vec::new();
        };
        let of_month = self.as_issued.document_notes(month, customer).and_then(|notes| notes.note.clone());
        customer.invoice.notes.iter().cloned().chain(of_month).collect()
    }

    /// How the document's taxes are rounded.
    pub(super) fn rounding(&self, id: &str) -> Option<Rounding> {
        self.as_issued_customer(id).map(|customer| customer.tax.rounding)
    }
}
