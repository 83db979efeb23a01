//! Issues a reviewed month: assigns its numbers and writes its record, which locks it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use chrono::NaiveDate;

use super::carried;
use super::computed::{ComputedMonth, Inputs, MonthRequest};
use super::numbers::{InvoiceNumber, numbers};
use super::rebuilt::finish;
use super::reviewed::check_reviewed;
use crate::billing;
use crate::diagnostic::{Diagnostic, Place, Problems, cannot};
use crate::files;
use crate::ledger::{self, Copies, CopyList, Document, FORMAT, Ledger, Naming, Record};
use crate::model::carried::CustomerRest;
use crate::model::format::Format;
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::out::{self, Mode};
use crate::printer::Printer;
use crate::staging::Written;
use crate::workspace;

/// A month that was just issued.
pub struct NewlyIssued {
    /// The files written, relative to the month's directory.
    pub files: Vec<String>,
    /// The month's warnings.
    pub warnings: Vec<Diagnostic>,
}

/// Assigns a month's numbers and writes its documents and its record.
///
/// # Errors
/// A month that has not ended or changed since its review, everything that prevents it from being computed, numbers
/// that are already assigned.
pub fn issue(
    root: &Path,
    ledger: &mut Ledger,
    month: BillingMonth,
    today: NaiveDate,
    finals: &[String],
    deny_warnings: bool,
    printer: &Printer,
) -> Result<NewlyIssued, Problems> {
    has_ended(month, today)?;
    let out = root.join("out");
    let status = Status::Issued;
    let request = MonthRequest { root, ledger, out: (&out, "out"), month, status, finals, deny_warnings, printer };
    let mut computed = ComputedMonth::of(&request, workspace::check_attachments)?;
    let inputs = computed.inputs()?;
    on_hold(&computed)?;
    takes_from_issued(ledger, month, &computed.billed.carried.taken)?;
    if let Some(problem) = inputs.bills.iter().find_map(|bill| ledger::bill_outside(&bill.path)) {
        return Err(problem.into());
    }
    // From here on no build replaces the reviewed files.
    let staging = out::begin(&out, Path::new("out"), &month.to_string(), Mode::Write)?;
    check_reviewed(root, &computed, &inputs)?;
    let naming = number(ledger, &mut computed);
    ledger.check_numbers(computed.billed.invoices.iter().map(|invoice| invoice.number.as_str()))?;
    let made = computed.write_documents(&|_| true, &Format::ALL, &staging, printer)?;
    let outputs = staging.written();
    let made = computed.warn_of(made)?;
    let review_files = computed.write_review(computed.review(&made), &staging)?;
    staging.sync()?;
    let documents = documents(&computed.billed.invoices, naming, outputs);
    let Inputs { bills, rules: rules_files, adjustments: adjustment_files } = inputs;
    let CopyList { rules, adjustments, review } = ledger::copies(&rules_files, &adjustment_files, &review_files)?;
    let carried = computed.billed.carried.clone();
    let record = Record {
        format: FORMAT,
        tool: out::tool(),
        month,
        previous: None,
        bills,
        rules,
        adjustments,
        review,
        kept: computed.workspace.settings.kept_formats.clone(),
        carried,
        documents,
    };
    ledger.check(&record)?;
    let read = |path: &str| {
        let read = files::read(&staging.path(path), files::DATA);
        Ok(read.with_context(|| cannot("read the file", format!("out/{month}/{path}")))?)
    };
    let copies = Copies {
        rules: &rules_files,
        adjustments: &adjustment_files,
        review: &review_files,
        documents: &record.kept_files(),
        read: &read,
    };
    ledger::keep(root, &month.to_string(), copies)?;
    ledger.append(root, month.to_string(), record)?;
    let files = finish(staging, ledger, month)?;
    ledger.write_index(root)?;
    Ok(NewlyIssued { files, warnings: computed.warnings })
}

/// Records each invoice with its files among those written.
fn documents(invoices: &[Invoice], naming: Vec<Naming>, outputs: Vec<Written>) -> Vec<Document> {
    let mut by_document: BTreeMap<String, Vec<Written>> = BTreeMap::new();
    for output in outputs {
        by_document.entry(ledger::file_of(&output.path).to_owned()).or_default().push(output);
    }
    let document = |(invoice, naming): (&Invoice, Naming)| {
        let mut document = Document::of(invoice, naming);
        document.outputs = by_document.remove(&document.file).expect("every document was just written");
        document
    };
    invoices.iter().zip(naming).map(document).collect()
}

/// Refuses invoices that the month's adjustments hold back.
fn on_hold(computed: &ComputedMonth) -> Result<(), Problems> {
    let settings = &computed.workspace.settings;
    let customers = computed.billed.invoices.iter().map(|invoice| &settings.customers[invoice.customer]);
    let problems = customers.filter_map(|customer| billing::held(settings, computed.bill.month, customer));
    problems.collect::<Problems>().check()
}

/// Refuses rests of months that are not issued, because they could change afterwards.
fn takes_from_issued(ledger: &Ledger, month: BillingMonth, taken: &[CustomerRest]) -> Result<(), Diagnostic> {
    let Some(first) = carried::not_issued(ledger, taken).into_iter().next() else {
        return Ok(());
    };
    let customers = taken.iter().filter(|rest| rest.month == first).map(|rest| format!("{:?}", rest.customer));
    let customers = customers.collect::<Vec<String>>().join(", ");
    let message = format!("{month} takes what {first} carried forward for {customers}, and {first} is not issued");
    let hint = format!("issue {first} first; if it is never to be issued, remove out/{first} and build {month} again");
    Err(Diagnostic::error(message).at(Place::file(format!("out/{first}/summary.json"))).with_hint(hint))
}

/// Refuses a month that has not ended, because it may get more charges.
fn has_ended(month: BillingMonth, today: NaiveDate) -> Result<(), Diagnostic> {
    if month.last() < today {
        return Ok(());
    }
    let diagnostic =
        Diagnostic::error(format!("{month} has not ended: it cannot be issued before {}", month.next().first()));
    Err(diagnostic.with_hint(format!("`invoicer build {month} --draft` shows what it comes to so far")))
}

/// Assigns the month's numbers.
fn number(ledger: &Ledger, computed: &mut ComputedMonth) -> Vec<Naming> {
    let month = computed.bill.month;
    let settings = &computed.workspace.settings;
    let invoices = &mut computed.billed.invoices;
    let mut naming = Vec::with_capacity(invoices.len());
    let given = numbers(ledger, settings, month, invoices);
    for (invoice, InvoiceNumber { number, running }) in invoices.iter_mut().zip(given) {
        let customer = &settings.customers[invoice.customer];
        invoice.number = number;
        invoice.file_name = billing::file_name(month, customer, invoice);
        naming.push(Naming::of_invoice(customer, invoice, 1, running));
    }
    naming
}
