//! Finds how the workspace changed since a month was issued, and whether that changes the month's figures.

use std::path::Path;

use super::evidence::{ChangedFile, FileChange, changed_adjustments, changed_files};
use super::standing::standing;
use crate::billing;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::files;
use crate::ledger::{Document, Ledger, Stored};
use crate::model::carried::{Carried, CustomerRest};
use crate::model::charge::Bill;
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::sources;
use crate::workspace::{self, Workspace};

/// A customer for whom the current rules give other figures than were issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// The customer's id.
    pub customer: String,
    /// The number of the issued document, if any.
    pub number: Option<String>,
    /// Message on the difference.
    pub difference: String,
}

/// Changes of the workspace since a month was issued.
pub struct RuleChanges {
    /// Changed rules, relative to the workspace's root.
    pub files: Vec<ChangedFile>,
    /// Changed files of adjustments; an error where they cannot be listed.
    pub adjustments: Result<Vec<ChangedFile>, Diagnostic>,
    /// The deviations they cause, or the errors where the month cannot be computed with them at all.
    pub deviations: Result<Vec<Deviation>, Problems>,
}

impl RuleChanges {
    /// Compares the present workspace with the rules that a month was issued from.
    pub fn since_issue(root: &Path, ledger: &Ledger, month: BillingMonth) -> RuleChanges {
        let stored = ledger.latest_rules(month);
        let mut files = changed_files(root, stored.map_or(&[][..], |stored| &stored.record.rules));
        for file in &mut files {
            file.rows = stored.map_or_else(Vec::new, |stored| changed_assignments(root, stored, &file.path, month));
        }
        let adjustments = changed_adjustments(root, ledger, month);
        let deviations = workspace::load_for(root, &[month]).and_then(|workspace| {
            files.extend(stored.iter().flat_map(|stored| new_tables(&workspace, stored, month)));
            // `issue` has checked that the bills were final.
            let bill = sources::read(root, &workspace.settings, month, true)?;
            deviations(ledger, &workspace.settings, &bill)
        });
        RuleChanges { files, adjustments, deviations }
    }

    /// Refuses to build an issued month with rules that change its figures; warns that the kept copies are used where
    /// they do not.
    ///
    /// # Errors
    /// What changed, file by file, with the difference for each invoice.
    pub fn refuse(self, month: BillingMonth) -> Result<Vec<Diagnostic>, Problems> {
        let adjustments = self.adjustments?;
        let files: Vec<String> = self.files.iter().chain(&adjustments).map(ChangedFile::in_words).collect();
        let hint = format!(
            "an issued invoice never changes: correct it with `invoicer credit NUMBER --reason TEXT --reissue`, or make \
             the documents as they were issued with `invoicer build {month} --as-issued`"
        );
        let refusal = |message: String| {
            let diagnostic = Diagnostic::error(message).with_hint(hint.clone());
            files.iter().cloned().fold(diagnostic, Diagnostic::with_note)
        };
        match self.deviations {
            Err(problems) => {
                let first = refusal(format!("{month} is issued, and cannot be computed with the current rules"));
                Err(std::iter::once(first).chain(problems).collect())
            }
            Ok(deviations) if !deviations.is_empty() => {
                let note = |deviation: &Deviation| {
                    let what = deviation.number.as_ref().unwrap_or(&deviation.customer);
                    format!("{what}: {}", deviation.difference)
                };
                let diagnostic = refusal(format!("{month} is issued, and the current rules give other figures"));
                Err(deviations.iter().map(note).fold(diagnostic, Diagnostic::with_note).into())
            }
            Ok(_) if !adjustments.is_empty() => {
                let message = format!("{month} is issued, and its adjustments have changed since");
                let problem = refusal(message).with_note("the figures are equal");
                Err(adjustments.first().map(|file| problem.at(Place::file(&file.path))).into_iter().collect())
            }
            Ok(_) if files.is_empty() => Ok(Vec::new()),
            Ok(_) => {
                let message = format!("{month} is issued: its documents are made with the rules as they were then");
                let notes = files.iter().map(|file| format!("{file} since then"));
                Ok(vec![notes.fold(Diagnostic::warning(message), Diagnostic::with_note)])
            }
        }
    }
}

/// The rows of a table of assignments that changed since a record was written and concern its month.
fn changed_assignments(root: &Path, stored: &Stored, path: &str, month: BillingMonth) -> Vec<String> {
    let read = |path: &Path| files::read(path, files::DATA);
    let kept = read(&root.join(stored.rules_directory()).join(path)).ok().filter(|kept| workspace::is_table(kept));
    match (kept, read(&root.join(path))) {
        (Some(kept), Ok(now)) => workspace::changed_rows(&kept, &now, month),
        _ => Vec::new(),
    }
}

/// Tables of assignments that a record does not have, with their rows of its month.
fn new_tables(workspace: &Workspace, stored: &Stored, month: BillingMonth) -> Vec<ChangedFile> {
    let is_recorded = |path: &str| stored.record.rules.iter().any(|file| file.path == path);
    let tables = workspace.files.iter().filter(|(path, bytes)| workspace::is_table(bytes) && !is_recorded(path));
    let changed = tables.map(|(path, bytes)| ChangedFile {
        path: path.clone(),
        change: FileChange::New,
        rows: workspace::changed_rows(b"", bytes, month),
    });
    changed.filter(|file| !file.rows.is_empty()).collect()
}

/// Deviations of the current rules from what was issued, by customer.
fn deviations(ledger: &Ledger, settings: &Settings, bill: &Bill) -> Result<Vec<Deviation>, Problems> {
    let nothing = Carried::default();
    let recorded = ledger.month(bill.month).map_or(&nothing, |stored| &stored.record.carried);
    let billed = billing::invoices(bill, settings, Status::Built, &recorded.taken)?;
    let standing = standing(ledger, bill.month);
    let mut found = of_rests(&recorded.left, &billed.carried.left);
    let customer = |invoice: &Invoice| settings.customers[invoice.customer].id.as_str();
    for invoice in &billed.invoices {
        found.extend(of_invoice(ledger, bill.month, customer(invoice), invoice, &standing));
    }
    let is_billed = |id: &str| billed.invoices.iter().any(|invoice| customer(invoice) == id);
    found.extend(standing.into_iter().filter(|document| !is_billed(&document.customer)).map(|document| Deviation {
        customer: document.customer.clone(),
        number: Some(document.number.clone()),
        difference: format!("{} {} when issued, no invoice now", document.total, document.currency),
    }));
    Ok(found)
}

/// Deviations of customers' rests from the record.
fn of_rests(recorded: &[CustomerRest], computed: &[CustomerRest]) -> Vec<Deviation> {
    let mut found: Vec<Deviation> = Vec::new();
    for rest in recorded.iter().chain(computed) {
        let is_same = recorded.contains(rest) && computed.contains(rest);
        if !is_same && !found.iter().any(|known| known.customer == rest.customer) {
            let difference = "what is carried forward is not what it was when issued".to_owned();
            found.push(Deviation { customer: rest.customer.clone(), number: None, difference });
        }
    }
    found
}

fn of_invoice(
    ledger: &Ledger,
    month: BillingMonth,
    customer: &str,
    invoice: &Invoice,
    standing: &[&Document],
) -> Option<Deviation> {
    let document = standing.iter().find(|document| document.customer == customer);
    let difference = match document {
        Some(document) => document.difference_from(invoice)?,
        // The invoice was taken back and not replaced, so there is nothing to compare with.
        None if ledger.has_customer(month, customer) => return None,
        None => format!("no invoice when issued, {} {} now", invoice.total, invoice.currency),
    };
    Some(Deviation {
        customer: customer.to_owned(),
        number: document.map(|document| document.number.clone()),
        difference,
    })
}
