//! The documents that a build would make now, as a record and `out/` would have them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::e_invoices::is_with_csv;
use crate::billing::BilledMonth;
use crate::diagnostic::{Diagnostic, Problems};
use crate::export::Target;
use crate::export::jp_pint::IssuedFiles;
use crate::ledger::{Document, Ledger, Naming};
use crate::model::audience::Audience;
use crate::model::charge::Bill;
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::month::{carried, computed};
use crate::out;
use crate::printer::Printer;

/// The drafts of a month.
pub(super) struct Drafts {
    bill: Bill,
    billed: BilledMonth,
    /// The documents, in the order of the billed invoices.
    pub(super) documents: Vec<Document>,
}

impl Drafts {
    /// Computes the drafts of a month that is not issued.
    ///
    /// # Errors
    /// A month that is issued, and everything that stops a build of drafts.
    pub(super) fn of(
        root: &Path,
        ledger: &Ledger,
        settings: &Settings,
        month: BillingMonth,
        printer: &Printer,
    ) -> Result<Drafts, Problems> {
        if ledger.month(month).is_some() {
            let diagnostic = Diagnostic::error(format!("{month} is issued: its documents are no drafts any more"));
            return Err(diagnostic.with_hint("leave out --draft").into());
        }
        printer.doing(&format!("reading the bills of {month}"));
        let taken = carried::taken(ledger, &root.join("out"), month);
        let (bill, mut billed) = computed::invoices(root, settings, month, Status::Draft, &taken)?;
        tell_apart(&mut billed, settings);
        let naming = |invoice: &Invoice| Naming::of_invoice(&settings.customers[invoice.customer], invoice, 1, None);
        let documents = billed.invoices.iter().map(|invoice| Document::of(invoice, naming(invoice))).collect();
        Ok(Drafts { bill, billed, documents })
    }

    /// The data files of drafts with these numbers, in the order of the numbers.
    ///
    /// # Errors
    /// Figures with too many digits.
    pub(super) fn files(
        &self,
        settings: &Settings,
        numbers: &[&str],
        target: Target,
    ) -> Result<Vec<IssuedFiles>, Diagnostic> {
        let rules = Arc::new(settings.clone());
        let with_csv = is_with_csv(target, settings);
        let invoices = numbers.iter().filter_map(|number| self.billed.invoices.iter().find(|it| it.number == *number));
        let files = |invoice: &Invoice| {
            let csv = || out::invoice_csv(&self.bill, settings, invoice, Audience::Customer);
            let csv = with_csv.then(|| Ok::<_, Diagnostic>((format!("{}.csv", invoice.file_name), csv()?)));
            let json = out::invoice_json(&self.bill, settings, invoice, Audience::Customer)?;
            Ok(IssuedFiles { json, csv: csv.transpose()?, rules: Arc::clone(&rules) })
        };
        invoices.map(files).collect()
    }
}

/// Gives each draft a number of its own: until `issue` assigns running numbers, all those of a pattern with `{seq}` read
/// the same, and other programs would take the documents for one.
fn tell_apart(billed: &mut BilledMonth, settings: &Settings) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for invoice in &billed.invoices {
        *counts.entry(invoice.number.clone()).or_default() += 1;
    }
    for invoice in billed.invoices.iter_mut().filter(|invoice| counts.get(&invoice.number).is_some_and(|it| *it > 1)) {
        invoice.number = format!("{}-{}", invoice.number, settings.customers[invoice.customer].id);
    }
}
