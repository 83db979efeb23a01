//! `invoicer credit`: a credit note for an issued invoice, and the corrected invoice if one is wanted.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use chrono::NaiveDate;

use super::{excerpts, issued};
use crate::assets::Assets;
use crate::billing::{self, CreditTerms, CreditedLine, Extent};
use crate::cli::{self, Format};
use crate::diagnostic::{Diagnostic, Place};
use crate::environment::Environment;
use crate::ledger::{self, Document, FORMAT, Ledger, Naming, Record, Stored};
use crate::model::amount::Amount;
use crate::model::carried::Carried;
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::invoice::{DocumentKind, Invoice, Original, Status};
use crate::model::period::BillingMonth;
use crate::model::schedule::{self, DateRule};
use crate::out;
use crate::pipeline::issued::{self as reproduction, Reproduction};
use crate::pipeline::{self, Work, recorded};
use crate::printer::Printer;
use crate::render;
use crate::sources;
use crate::staging::{Written, hash};
use crate::workspace::{self, Workspace};

pub(super) fn run(
    start: &Path,
    arguments: &cli::Credit,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Vec<Diagnostic>> {
    let root = workspace::find_root(start).map_err(|problem| vec![problem])?;
    credit(&root, arguments, environment, printer).map_err(|problems| excerpts::fill(&root, problems))
}

fn credit(
    root: &Path,
    arguments: &cli::Credit,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let out = root.join("out");
    let target = issued::Target {
        out: &out,
        shown: Path::new("out"),
        formats: &Format::ALL,
        customers: &[],
        mode: out::Mode::Write,
    };
    // What can be refused is, before anything is made for the lock.
    Ledger::open(root)?.expect(&arguments.number).map_err(one)?;
    let _lock = ledger::lock(root).map_err(one)?;
    let mut ledger = Ledger::open(root)?;
    let extent = extent(arguments);
    let finished = issued::finish_interrupted(root, &ledger, &target, printer)?;
    if let Some(stored) = finished.and_then(|name| ledger.records.iter().find(|stored| stored.name == name))
        && asks_for(arguments, &extent, stored)
    {
        // The interrupted run was this one: its credit note counts, and no second one is made.
        return tell(&out, stored, arguments, printer);
    }
    check_again(&ledger, arguments, &extent).map_err(one)?;
    let (stored, _) = ledger.expect(&arguments.number).map_err(one)?;
    let month = stored.record.month;
    let name = next_name(&ledger, month);
    // A build that began before has its say now, or after the credit note is among the documents: not in between.
    let staging = issued::begin(root, &ledger, month, &target).map_err(one)?;
    let record = record(root, &ledger, &name, arguments, &extent, environment, printer)?;
    ledger.append(root, name, record).map_err(one)?;
    issued::fill(staging, root, &ledger, month, &target, printer)?;
    ledger.write_index(root).map_err(one)?;
    match ledger.records.last() {
        Some(stored) => tell(&out, stored, arguments, printer),
        None => Ok(()),
    }
}

fn extent(arguments: &cli::Credit) -> Extent {
    let line = |(line, amount): &(usize, Option<Amount>)| CreditedLine { line: *line, amount: *amount };
    match arguments.lines.is_empty() {
        true => Extent::Whole,
        false => Extent::Lines(arguments.lines.iter().map(line).collect()),
    }
}

/// Whether a record is what these arguments would make.
fn asks_for(arguments: &cli::Credit, extent: &Extent, stored: &Stored) -> bool {
    let Some(note) = stored.record.documents.iter().find(|document| document.takes_back(&arguments.number)) else {
        return false;
    };
    let same_lines = match extent {
        Extent::Whole => note.whole,
        Extent::Lines(lines) => {
            !note.whole
                && lines.len() == note.credited_lines().count()
                && lines.iter().zip(note.credited_lines()).all(|(wanted, item)| {
                    wanted.line == item.line && wanted.amount.is_none_or(|amount| amount == item.amount.negated())
                })
        }
    };
    let same_reason = note.original.as_ref().is_some_and(|original| original.reason == arguments.reason);
    same_lines && same_reason && arguments.reissue == (stored.record.documents.len() > 1)
}

/// Refuses to take the same part of an invoice back twice by mistake, as when a command is repeated that was interrupted
/// just after it had done its work.
fn check_again(ledger: &Ledger, arguments: &cli::Credit, extent: &Extent) -> Result<(), Diagnostic> {
    let same = ledger.credits_of(&arguments.number).find(|(stored, _)| asks_for(arguments, extent, stored));
    match same {
        Some((_, note)) if !note.whole && !arguments.again => {
            let message = format!("{} takes back the same of {} for the same reason", note.number, arguments.number);
            Err(Diagnostic::error(message).with_hint("add --again if it is meant to be taken back once more"))
        }
        _ => Ok(()),
    }
}

/// `202208-1` and so on.
fn next_name(ledger: &Ledger, month: BillingMonth) -> String {
    format!("{month}-{}", ledger.of_month(month).filter(|stored| stored.name.contains('-')).count() + 1)
}

/// The new record, with everything it says; the documents it is about were made once, so that their hashes are known.
fn record(
    root: &Path,
    ledger: &Ledger,
    name: &str,
    arguments: &cli::Credit,
    extent: &Extent,
    environment: &Environment,
    printer: &Printer,
) -> Result<Record, Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let (stored, original) = ledger.expect(&arguments.number).map_err(one)?;
    let month = stored.record.month;
    check(ledger, original, arguments).map_err(one)?;
    let changed = issued::changed_evidence(root, ledger, month);
    if !changed.is_empty() {
        return Err(changed);
    }
    let date = arguments.date.unwrap_or_else(|| super::today(environment));
    if date < original.issue_date {
        let message = format!("{date} is before {} was issued, on {}", original.number, original.issue_date);
        return Err(one(Diagnostic::error(message).with_hint("--date YYYY-MM-DD is the date of the credit note")));
    }
    let base = Reproduction::of(root, ledger, stored)?;
    issued::refuse_misrecorded(ledger, stored, &base)?;
    let found = base.documents.iter().find(|(_, recorded)| recorded.number == original.number);
    let Some((invoice, _)) = found else {
        let diagnostic = Diagnostic::error(format!("{} cannot be computed again", original.number));
        return Err(one(diagnostic.with_hint(format!("see `invoicer verify {month}`"))));
    };
    let lines = (1..=invoice.items.len()).collect();
    let computed = Document::of(invoice, reproduction::naming(original, lines));
    if let Some(difference) = reproduction::difference(original, &computed) {
        let diagnostic = Diagnostic::error(format!("{} comes out otherwise than it was issued", original.number));
        return Err(one(diagnostic.with_note(difference).with_hint(format!("see `invoicer verify {month}`"))));
    }
    let settings = &base.workspace.settings;
    let credited = ledger.credited(&original.number, None).map_err(|error| {
        one(Diagnostic::error(format!("what was credited of {} cannot be added up: {error}", original.number)))
    })?;
    let terms = CreditTerms {
        date,
        reason: &arguments.reason,
        extent,
        ..reproduction::terms(settings, month, invoice, recorded::credit_number(&ledger.records, &original.number))
    };
    let (mut note, lines) =
        billing::credit(invoice, &credited, terms).map_err(|problem| one(problem.at(Place::file(stored.path()))))?;
    let customer = &settings.customers[note.customer];
    note.file_name = recorded::free_file_name(&ledger.records, month, customer, &note, &[]);
    let naming = Naming {
        customer: original.customer.clone(),
        customer_name: original.customer_name.clone(),
        version: recorded::credit_version(&ledger.records, &original.number),
        running: None,
        whole: *extent == Extent::Whole,
        lines,
    };
    let mut documents = vec![Document::of(&note, naming)];
    documents[0].outputs = outputs(&base.bill, &base.workspace, &base.assets, &note, printer)?;
    exemption(&note, printer);
    let (mut copies, mut rules, mut bills, mut carried) = (Vec::new(), Vec::new(), Vec::new(), Carried::default());
    if arguments.reissue {
        let corrected = Corrected::of(root, ledger, original, arguments, date, &documents[0])?;
        let Corrected { workspace, assets, bill, invoice, mut document } = corrected;
        document.outputs = outputs(&bill, &workspace, &assets, &invoice, printer)?;
        ledger.check_numbers([document.number.as_str()].into_iter()).map_err(one)?;
        documents.push(document);
        bills = pipeline::bills(root, &bill)?;
        // It takes what the invoice took that it replaces.
        carried.taken = pipeline::carried::taken(ledger, &root.join("out"), month);
        copies = pipeline::rules(&workspace, &assets);
        rules = ledger::copies(&copies, &[]).map_err(one)?.0;
    }
    let record = Record {
        format: FORMAT,
        tool: out::tool(),
        month,
        previous: None,
        bills,
        rules,
        review: Vec::new(),
        carried,
        documents,
    };
    ledger.check(&record).map_err(one)?;
    if !copies.is_empty() {
        ledger::keep(root, name, &copies, &[]).map_err(one)?;
    }
    Ok(record)
}

fn check(ledger: &Ledger, original: &Document, arguments: &cli::Credit) -> Result<(), Diagnostic> {
    let number = &original.number;
    if original.kind == DocumentKind::CreditNote {
        let diagnostic = Diagnostic::error(format!("{number} is a credit note"));
        return Err(diagnostic.with_hint("only invoices are credited"));
    }
    if let Some((_, note)) = ledger.credits_of(number).find(|(_, note)| note.whole) {
        let diagnostic = Diagnostic::error(format!("{number} was taken back whole by {}", note.number));
        return Err(diagnostic.with_hint(match ledger.replacement_of(number) {
            Some(replacement) => format!("{} stands in its place: credit that", replacement.number),
            None => "there is nothing left to credit".to_owned(),
        }));
    }
    if arguments.reason.trim().is_empty() {
        return Err(Diagnostic::error("the reason is empty").with_hint("it is printed on the credit note"));
    }
    Ok(())
}

/// The invoice that stands in place of one taken back, from the present inputs.
struct Corrected {
    workspace: Workspace,
    assets: Assets,
    bill: Bill,
    invoice: Invoice,
    document: Document,
}

impl Corrected {
    fn of(
        root: &Path,
        ledger: &Ledger,
        original: &Document,
        arguments: &cli::Credit,
        date: NaiveDate,
        note: &Document,
    ) -> Result<Corrected, Vec<Diagnostic>> {
        let (stored, _) = ledger.expect(&original.number).map_err(|problem| vec![problem])?;
        let month = stored.record.month;
        let workspace = workspace::load(root)?;
        let assets = Assets::load(root, &workspace.settings)?;
        let bill = sources::read(root, &workspace.settings, month, false)?;
        let taken = pipeline::carried::taken(ledger, &root.join("out"), month);
        let billed = billing::invoices(&bill, &workspace.settings, Status::Issued, &taken)?;
        let id = |invoice: &Invoice| &workspace.settings.customers[invoice.customer].id;
        let Some(mut invoice) = billed.invoices.into_iter().find(|invoice| *id(invoice) == original.customer) else {
            let message = format!("the present rules give no invoice for \"{}\"", original.customer);
            let hint = "leave out --reissue to take the invoice back and put nothing in its place";
            return Err(vec![Diagnostic::error(message).with_hint(hint)]);
        };
        let customer = &workspace.settings.customers[invoice.customer];
        let running = customer.has_running_number().then(|| ledger.next_running());
        let version = original.version + 1;
        invoice.number = match running {
            Some(_) => billing::number(month, customer, running),
            None => recorded::free_number(&ledger.records, billing::number(month, customer, None), version as usize),
        };
        (invoice.issue_date, invoice.due_date) = dates(customer, month, date, arguments);
        invoice.original = Some(Original {
            number: original.number.clone(),
            issue_date: original.issue_date,
            reason: arguments.reason.clone(),
        });
        invoice.file_name = recorded::free_file_name(&ledger.records, month, customer, &invoice, &[note]);
        let document = Document::of(&invoice, Naming::of_invoice(customer, &invoice, version, running));
        Ok(Corrected { workspace, assets, bill, invoice, document })
    }
}

/// A corrected invoice is issued on the date of the credit note; it is due when its rule says, unless told otherwise.
fn dates(customer: &Customer, month: BillingMonth, date: NaiveDate, arguments: &cli::Credit) -> (NaiveDate, NaiveDate) {
    let rules = &customer.invoice;
    let (issue, due) = schedule::dates(month, DateRule::Fixed(date), rules.due_date, rules.due_on_holiday);
    (issue, arguments.due_date.unwrap_or(due))
}

/// The files of a document with their hashes.
fn outputs(
    bill: &Bill,
    workspace: &Workspace,
    assets: &Assets,
    invoice: &Invoice,
    printer: &Printer,
) -> Result<Vec<Written>, Vec<Diagnostic>> {
    let written = Mutex::new(Vec::new());
    let sink = |path: &str, bytes: &[u8]| {
        let mut written = written.lock().expect("no thread panics while it holds the lock");
        written.push(Written { path: path.to_owned(), sha256: hash(bytes) });
        Ok(())
    };
    let Workspace { settings, files, .. } = workspace;
    let work = Work { bill, settings, files, assets, formats: &Format::ALL };
    let progress = printer.progress(1, "Writing");
    let made = pipeline::documents(&work, &[invoice], &sink, &progress);
    progress.finish();
    printer.diagnostics(&made?.warnings);
    let mut written = written.into_inner().expect("no thread panics while it holds the lock");
    written.sort();
    Ok(written)
}

/// Below this, tax included, no credit note need be issued (消費税法施行令70条の9 3項2号), whatever the rates.
const EXEMPT_BELOW: i64 = 10_000;

/// Tells that the law does not ask for this credit note; it is issued all the same.
fn exemption(note: &Invoice, printer: &Printer) {
    let small = note.total.plus(Amount::whole(EXEMPT_BELOW)).is_ok_and(Amount::is_positive);
    if note.currency == Currency::Jpy && small {
        let message =
            "the credit is below 10,000 yen with tax: the law does not ask for a credit note (消費税法施行令70条の9)";
        printer.diagnostics(&[Diagnostic::note(message)]);
    }
}

/// The files and figures of a record.
fn tell(out: &Path, stored: &Stored, arguments: &cli::Credit, printer: &Printer) -> Result<(), Vec<Diagnostic>> {
    if arguments.json {
        printer.result_json(&out::to_json(&stored.record).map_err(|problem| vec![problem])?);
        return Ok(());
    }
    for document in &stored.record.documents {
        let money = render::money(document.total, document.currency, document.currency.decimals());
        let what = match document.kind {
            DocumentKind::CreditNote => format!("takes back {}", arguments.number),
            DocumentKind::Invoice => format!("stands in place of {}", arguments.number),
        };
        printer.status(&format!("{}: {money}, {what}", document.number));
        if document.due_date < document.issue_date {
            let message = format!("{} is due on {}, before its issue", document.number, document.due_date);
            printer.diagnostics(&[Diagnostic::warning(message)
                .at(Place::file(stored.path()))
                .with_hint("--due-date YYYY-MM-DD sets another date on a corrected invoice")]);
        }
    }
    printer.result(&stored.path());
    let month = stored.record.month.to_string();
    let shown: PathBuf = out.file_name().map_or_else(PathBuf::new, PathBuf::from).join(month);
    for output in stored.record.documents.iter().flat_map(|document| &document.outputs) {
        printer.result(&shown.join(&output.path).display().to_string());
    }
    Ok(())
}
