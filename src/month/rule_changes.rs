//! Finds how the workspace changed since a month was issued, and whether that changes the month's figures.

use std::collections::BTreeMap;
use std::path::Path;

use super::evidence::{ChangedFile, FileChange, add, changed_adjustments, changed_files};
use super::standing::{Issuers, standing};
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
        let workspace = workspace::load_for(root, &[month]);
        let deviations = workspace.as_ref().map_err(Clone::clone).and_then(|workspace| {
            // `issue` has checked that the bills were final.
            let bill = sources::read(root, &workspace.settings, month, true)?;
            deviations(ledger, &workspace.settings, &bill)
        });
        let comparison =
            Comparison { root, issuers: Issuers::of(ledger, month), month, workspace: workspace.as_ref().ok() };
        let mut files = Vec::new();
        for stored in comparison.issuers.records() {
            let is_of = |deviation: &Deviation| comparison.issuers.is_of(stored, &deviation.customer);
            let deviates = deviations.as_ref().is_ok_and(|deviations| deviations.iter().any(is_of));
            let mut changed = comparison.changed(stored, false);
            if changed.is_empty() && deviates {
                // What concerns other customers, such as shares and matches, can change these figures, too.
                changed = comparison.changed(stored, true);
            }
            changed.into_iter().for_each(|file| add(&mut files, file));
        }
        let adjustments = changed_adjustments(root, ledger, month);
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

/// The present rules of a month and the records to compare them with.
struct Comparison<'a> {
    root: &'a Path,
    issuers: Issuers<'a>,
    month: BillingMonth,
    /// None where it cannot be read.
    workspace: Option<&'a Workspace>,
}

impl Comparison<'_> {
    /// The rules that differ from a record's copies, and concern its customers or `all` customers.
    fn changed(&self, stored: &Stored, all: bool) -> Vec<ChangedFile> {
        let concerns = |customer: &str| all || self.issuers.is_of(stored, customer);
        let changed = changed_files(self.root, &stored.record.rules).into_iter();
        let mut files: Vec<ChangedFile> = changed
            .filter_map(|file| match self.changed_assignments(stored, &file.path, concerns) {
                Some(rows) => (self.issuers.is_one() || !rows.is_empty()).then_some(ChangedFile { rows, ..file }),
                None if self.issuers.is_one() => Some(file),
                None => match customer_of(&file.path) {
                    Some(customer) => concerns(customer),
                    None => all || self.issuers.is_latest(stored),
                }
                .then_some(file),
            })
            .collect();
        files.extend(self.new_tables(stored, concerns));
        files
    }

    /// The rows of a table of assignments that changed since a record was written and concern its month; none for other
    /// files.
    fn changed_assignments(&self, stored: &Stored, path: &str, concerns: impl Fn(&str) -> bool) -> Option<Vec<String>> {
        let read = |root: &Path| files::read(&root.join(path), files::DATA).ok();
        let kept = read(&self.root.join(stored.rules_directory())).filter(|kept| workspace::is_table(kept))?;
        // A table that is gone has no rows.
        let now = read(self.root).unwrap_or_default();
        Some(workspace::changed_rows(&kept, &now, self.month, concerns))
    }

    /// Tables of assignments that a record does not have, with their rows of its month.
    fn new_tables(&self, stored: &Stored, concerns: impl Fn(&str) -> bool) -> Vec<ChangedFile> {
        let is_recorded = |path: &str| stored.record.rules.iter().any(|file| file.path == path);
        let files = self.workspace.into_iter().flat_map(|workspace| &workspace.files);
        let tables = files.filter(|(path, bytes)| workspace::is_table(bytes) && !is_recorded(path));
        let changed = tables.map(|(path, bytes)| ChangedFile {
            path: path.clone(),
            change: FileChange::New,
            rows: workspace::changed_rows(b"", bytes, self.month, &concerns),
        });
        changed.filter(|file| !file.rows.is_empty()).collect()
    }
}

/// The customer whose own file it is.
fn customer_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix("customers/")?.strip_suffix(".toml")?;
    Some(name.rsplit_once('/').map_or(name, |(_, stem)| stem))
}

/// Deviations of the current rules from what was issued, by customer.
fn deviations(ledger: &Ledger, settings: &Settings, bill: &Bill) -> Result<Vec<Deviation>, Problems> {
    let nothing = Carried::default();
    let recorded = ledger.month(bill.month).map_or(&nothing, |stored| &stored.record.carried);
    let billed = billing::invoices(bill, settings, Status::Built, &recorded.taken)?;
    let standing = standing(ledger, bill.month).into_iter();
    let mut standing: BTreeMap<&str, &Document> = standing.map(|it| (it.customer.as_str(), it)).collect();
    let mut found = of_rests(&recorded.left, &billed.carried.left);
    for invoice in &billed.invoices {
        let customer = settings.customers[invoice.customer].id.as_str();
        // A month has one invoice for each customer at most, so those that remain are billed no more.
        found.extend(of_invoice(ledger, bill.month, customer, invoice, standing.remove(customer)));
    }
    found.extend(standing.into_values().map(|document| Deviation {
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
    document: Option<&Document>,
) -> Option<Deviation> {
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
