//! `invoicer issue`: gives a reviewed month its numbers and locks it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::month::{Inputs, Month, Wish};
use super::{excerpts, issued, warnings};
use crate::billing;
use crate::cli::{self, Format};
use crate::diagnostic::{Diagnostic, Place};
use crate::environment::Environment;
use crate::files;
use crate::ledger::{self, Document, FORMAT, Ledger, Naming, Record, Stored};
use crate::model::carried::{Carried, CustomerRest};
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::plain;
use crate::out;
use crate::pipeline;
use crate::printer::Printer;
use crate::staging::Written;
use crate::workspace;

pub(super) fn run(
    start: &Path,
    arguments: &cli::Issue,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Vec<Diagnostic>> {
    let root = workspace::find_root(start).map_err(|problem| vec![problem])?;
    issue(&root, arguments, environment, printer).map_err(|problems| excerpts::fill(&root, problems))
}

fn issue(
    root: &Path,
    arguments: &cli::Issue,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let month = arguments.month;
    let out = root.join("out");
    let target = issued::Target {
        out: &out,
        shown: Path::new("out"),
        formats: &Format::ALL,
        customers: &[],
        mode: out::Mode::Write,
    };
    let _lock = ledger::lock(root).map_err(one)?;
    let mut ledger = Ledger::open(root)?;
    issued::finish_interrupted(root, &ledger, &target, printer)?;
    let files = match ledger.month(month) {
        Some(_) => {
            printer.status(&format!("{month} is issued already; its documents are made again"));
            printer.diagnostics(&issued::refuse_drift(root, &ledger, month)?);
            issued::rebuild(root, &ledger, month, &target, printer)?
        }
        None => lock(root, &mut ledger, arguments, environment, printer)?,
    };
    let Some(stored) = ledger.month(month) else {
        return Ok(());
    };
    tell(stored, printer);
    if arguments.json {
        printer.result_json(&out::to_json(&stored.record).map_err(one)?);
    } else {
        printer.result(&stored.path());
        files.iter().for_each(|file| printer.result(&format!("out/{month}/{file}")));
    }
    Ok(())
}

/// Gives a month its numbers and writes its record; gives the files written.
fn lock(
    root: &Path,
    ledger: &mut Ledger,
    arguments: &cli::Issue,
    environment: &Environment,
    printer: &Printer,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let month = arguments.month;
    has_ended(month, environment).map_err(one)?;
    let out = root.join("out");
    let wish = Wish {
        root,
        ledger,
        out: (&out, "out"),
        month,
        status: Status::Issued,
        deny_warnings: arguments.deny_warnings,
    };
    let mut computed = Month::compute(&wish, |_| Ok(()))?;
    let inputs = computed.inputs()?;
    takes_from_issued(ledger, month, &computed.billed.carried.taken).map_err(one)?;
    if let Some(problem) = inputs.bills.iter().find_map(|bill| ledger::bill_outside(&bill.path)) {
        return Err(one(problem));
    }
    // From here on no build replaces what was looked at.
    let staging = out::begin(&out, Path::new("out"), &month.to_string(), out::Mode::Write).map_err(one)?;
    is_reviewed(root, &computed, &inputs)?;
    let naming = number(ledger, &mut computed);
    ledger.check_numbers(computed.billed.invoices.iter().map(|invoice| invoice.number.as_str())).map_err(one)?;
    let written = computed.write_documents(&|_| true, &Format::ALL, &staging, printer)?;
    let outputs = staging.written();
    let mut by_file: BTreeMap<&str, Vec<Written>> = BTreeMap::new();
    for output in &outputs {
        by_file.entry(ledger::file_of(&output.path)).or_default().push(output.clone());
    }
    computed.add_warnings(written.warnings, arguments.deny_warnings)?;
    let review = computed.write_review(computed.review(&written.documents), &staging)?;
    let document = |(invoice, naming): (&Invoice, Naming)| {
        let mut document = Document::of(invoice, naming);
        document.outputs = by_file.get(document.file.as_str()).expect("every document was just written").clone();
        document
    };
    let documents = computed.billed.invoices.iter().zip(naming).map(document).collect();
    staging.sync().map_err(one)?;
    let (rules, kept) = ledger::copies(&inputs.rules, &review).map_err(one)?;
    let record = Record {
        format: FORMAT,
        tool: out::tool(),
        month,
        previous: None,
        bills: inputs.bills,
        rules,
        review: kept,
        carried: computed.billed.carried.clone(),
        documents,
    };
    ledger.check(&record).map_err(one)?;
    ledger::keep(root, &month.to_string(), &inputs.rules, &review).map_err(one)?;
    ledger.append(root, month.to_string(), record).map_err(one)?;
    let manifest = pipeline::issued::manifest(ledger, month, staging.written());
    staging.write("manifest.json", &out::to_json(&manifest).map_err(one)?).map_err(one)?;
    let files = staging.written().into_iter().map(|file| file.path).collect();
    staging.commit().map_err(one)?;
    ledger.write_index(root).map_err(one)?;
    warnings::print(root, &computed.warnings, printer);
    Ok(files)
}

/// What is carried into an issued month must come from an issued one, or it could change afterwards.
fn takes_from_issued(ledger: &Ledger, month: BillingMonth, taken: &[CustomerRest]) -> Result<(), Diagnostic> {
    let Some(first) = pipeline::carried::not_issued(ledger, taken).into_iter().next() else {
        return Ok(());
    };
    let customers = taken.iter().filter(|rest| rest.month == first).map(|rest| format!("{:?}", rest.customer));
    let customers = customers.collect::<Vec<String>>().join(", ");
    let message = format!("{month} takes what {first} carried forward for {customers}, and {first} is not issued");
    let hint = format!("issue {first} first; if it is never to be issued, remove out/{first} and build {month} again");
    Err(Diagnostic::error(message).at(Place::file(format!("out/{first}/summary.json"))).with_hint(hint))
}

/// A month that goes on may still be charged for.
fn has_ended(month: BillingMonth, environment: &Environment) -> Result<(), Diagnostic> {
    let today = super::today(environment);
    if month.last() < today {
        return Ok(());
    }
    let diagnostic =
        Diagnostic::error(format!("{month} has not ended: it cannot be issued before {}", month.next().first()));
    Err(diagnostic.with_hint(format!("`invoicer build {month} --draft` shows what it comes to so far")))
}

/// The running numbers go on without a gap, in the order of the customers' ids.
fn number(ledger: &Ledger, computed: &mut Month) -> Vec<Naming> {
    let mut next = ledger.next_running();
    let month = computed.bill.month;
    let mut naming = Vec::with_capacity(computed.billed.invoices.len());
    // Customers stand in the order of their ids, and invoices in that of the customers.
    for invoice in &mut computed.billed.invoices {
        let customer = &computed.workspace.settings.customers[invoice.customer];
        let running = customer.has_running_number().then_some(next);
        next += u64::from(running.is_some());
        invoice.number = billing::number(month, customer, running);
        invoice.file_name = billing::file_name(month, customer, invoice);
        naming.push(Naming::of_invoice(customer, invoice, 1, running));
    }
    naming
}

/// What the last build left, as far as it matters here.
#[derive(Deserialize)]
struct Built {
    tool: String,
    inputs: Vec<Written>,
    outputs: Vec<Written>,
}

#[derive(Deserialize)]
struct BuiltSummary {
    status: String,
    #[serde(default)]
    carried: Carried,
    customers: Vec<BuiltCustomer>,
}

#[derive(Deserialize)]
struct BuiltCustomer {
    id: String,
}

/// Refuses a month that was not looked at as it is now: the last build must have been of all of it, from these very inputs,
/// and its files as it wrote them.
fn is_reviewed(root: &Path, computed: &Month, inputs: &Inputs) -> Result<(), Vec<Diagnostic>> {
    let month = computed.bill.month;
    let directory = format!("out/{month}");
    let again = format!("run `invoicer build {month}`, look at {directory}/index.html, then issue it");
    let refused =
        |message: String, path: &str| vec![Diagnostic::error(message).at(Place::file(path)).with_hint(again.clone())];
    let read = |name: &str| files::read(&root.join(&directory).join(name), files::DATA).ok();
    let built: Option<Built> = read("manifest.json").and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let summary: Option<BuiltSummary> = read("summary.json").and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (Some(built), Some(summary)) = (built, summary) else {
        return Err(refused(format!("{month} was not built, so nobody has looked at it"), &directory));
    };
    if summary.status == "draft" {
        return Err(refused(format!("the last build of {month} is a draft"), &directory));
    }
    if built.tool != out::tool() {
        let message = format!("the last build of {month} is by {}, this is {}", built.tool, out::tool());
        return Err(refused(message, &directory));
    }
    if summary.carried != computed.billed.carried {
        return Err(refused(
            format!("what {month} takes from the months before changed since it was built"),
            &directory,
        ));
    }
    let now = inputs.written();
    let unlike = |these: &[Written], those: &[Written], what: &str| -> Vec<String> {
        let missing = these.iter().filter(|file| !those.contains(file));
        missing.map(|file| format!("{}{what}", file.path)).collect()
    };
    let mut changed = unlike(&now, &built.inputs, "");
    changed.extend(unlike(&built.inputs, &now, ""));
    changed.sort();
    changed.dedup();
    if !changed.is_empty() {
        let diagnostic = Diagnostic::error(format!("{month} changed since it was built")).with_hint(again.clone());
        return Err(vec![
            changed.into_iter().map(|path| format!("{path} is another")).fold(diagnostic, Diagnostic::with_note),
        ]);
    }
    if let Some(file) = built.outputs.iter().find(|file| !plain::is_path(&file.path)) {
        let message =
            format!("this is not what `invoicer build` wrote: {:?} is no file of it", plain::beginning(&file.path));
        return Err(refused(message, &format!("{directory}/manifest.json")));
    }
    let edited = pipeline::issued::changed_files(&root.join(&directory), &built.outputs);
    if let Some(file) = edited.first() {
        let message = "the file is not as the build wrote it".to_owned();
        return Err(refused(message, &format!("{directory}/{}", file.path)));
    }
    let settings = &computed.workspace.settings;
    let ids = computed.billed.invoices.iter().map(|invoice| &settings.customers[invoice.customer].id);
    let missing = ids.clone().find(|id| {
        let path = |extension: &str| {
            built.outputs.iter().any(|file| file.path.starts_with(&format!("{id}/")) && file.path.ends_with(extension))
        };
        !summary.customers.iter().any(|customer| customer.id == **id) || !path(".pdf")
    });
    match missing {
        None => Ok(()),
        Some(id) => Err(refused(format!("the last build of {month} has no PDF for \"{id}\""), &directory)),
    }
}

/// What was issued, on the terminal.
fn tell(stored: &Stored, printer: &Printer) {
    let documents = &stored.record.documents;
    let numbers = match documents.as_slice() {
        [] => "no invoices".to_owned(),
        [only] => only.number.clone(),
        [first, .., last] => format!("{} invoices, {} to {}", documents.len(), first.number, last.number),
    };
    printer.status(&format!("{} is issued: {numbers}", stored.record.month));
}
