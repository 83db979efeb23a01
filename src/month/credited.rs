//! Takes back an invoice, whole or in part, by a credit note with its own record; a corrected invoice from the present
//! rules may replace it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use chrono::NaiveDate;

use super::adjustment_ids;
use super::carried;
use super::computed::{Inputs, invoices};
use super::documents::DocumentWriter;
use super::evidence::changed_evidence;
use super::glyphs;
use super::issued_history;
use super::rebuilt::{OutputTarget, fill, finish_interrupted, refuse_misrecorded};
use super::recorded;
use super::reproduced::{Reproduction, terms};
use crate::assets::Assets;
use crate::billing::{self, CreditTerms, Extent};
use crate::diagnostic::{Diagnostic, Figure, Located, Place, Problems};
use crate::ledger::{self, Copies, Document, FORMAT, Ledger, Naming, Record, Stored};
use crate::model::amount::Amount;
use crate::model::carried::{Carried, CustomerRest};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::format::Format;
use crate::model::history::History;
use crate::model::invoice::{DocumentKind, Invoice, Original, Status};
use crate::model::period::BillingMonth;
use crate::model::schedule::{self, DateRule};
use crate::out;
use crate::printer::Printer;
use crate::render;
use crate::staging::{Written, hash};
use crate::workspace::{self, Workspace};

/// A request to take back an invoice.
pub struct CreditRequest<'a> {
    /// Number of the invoice.
    pub number: &'a str,
    /// Reason printed on the credit note.
    pub reason: &'a str,
    /// How the money returns, printed on the credit note; as the rules of the invoice say where none is given.
    pub refund_note: Option<&'a str>,
    /// All that is left of the invoice, or some of its lines.
    pub extent: Extent,
    /// Date of the credit note.
    pub date: NaiveDate,
    /// Whether a corrected invoice replaces it.
    pub reissue: bool,
    /// Due date of the corrected invoice; by its rule where none is given.
    pub due_date: Option<NaiveDate>,
    /// Whether the same lines may be taken back once more for the same reason.
    pub again: bool,
}

impl CreditRequest<'_> {
    /// Writes the record of the credit note and replaces the month's documents; finishes what an interrupted run began.
    ///
    /// # Errors
    /// Lines or amounts that cannot be taken back, and everything that prevents the month from being reproduced as
    /// issued.
    pub fn credit(&self, root: &Path, printer: &Printer) -> Result<Stored, Problems> {
        let out = root.join("out");
        let target = OutputTarget::of_workspace(&out);
        self.check_texts()?;
        // Refuses an unknown number before the lock creates anything.
        Ledger::open(root)?.expect(self.number)?;
        let _lock = ledger::lock(root)?;
        let mut ledger = Ledger::open(root)?;
        let finished = finish_interrupted(root, &ledger, &target, printer)?;
        let finished = finished.and_then(|name| ledger.records().iter().find(|stored| stored.name == name));
        if let Some(stored) = finished.filter(|stored| self.is_met_by(stored)) {
            // The interrupted run made this very credit note, so no second one is made.
            return Ok(stored.clone());
        }
        self.check_again(&ledger)?;
        let (stored, _) = ledger.expect(self.number)?;
        let month = stored.record.month;
        let name = next_name(&ledger, month);
        // Takes the directory's lock before writing the record: a build that runs meanwhile ends before or starts
        // after.
        let staging = target.begin(root, &ledger, month)?;
        let (record, base) = self.record(root, &ledger, &name, printer)?;
        // Made before the record is written: a month that this version cannot make again would otherwise hold a credit note
        // that nothing could finish.
        let record = ledger.add(name, record)?;
        let filled = fill(staging, root, &ledger, month, &target, Some(base), printer)?;
        record.write(root)?;
        filled.finish(&ledger, &target, printer)?;
        ledger.write_index(root)?;
        Ok(ledger.into_last().expect("a record was appended"))
    }

    /// Whether a record is the one this request would make.
    fn is_met_by(&self, stored: &Stored) -> bool {
        let Some(note) = stored.record.documents.iter().find(|document| document.takes_back(self.number)) else {
            return false;
        };
        let same_lines = match &self.extent {
            Extent::Whole => note.whole,
            Extent::Lines(lines) => {
                !note.whole
                    && lines.len() == note.credited_lines().count()
                    && lines.iter().zip(note.credited_lines()).all(|(wanted, item)| {
                        wanted.line == item.line && wanted.amount.is_none_or(|amount| amount == item.amount.negated())
                    })
            }
        };
        let same_reason = note.original.as_ref().is_some_and(|original| original.reason == self.reason);
        same_lines && same_reason && self.reissue == (stored.record.documents.len() > 1)
    }

    /// Refuses to take back the same part of an invoice twice by mistake, for example when a command is repeated that
    /// was interrupted just after it had finished.
    fn check_again(&self, ledger: &Ledger) -> Result<(), Diagnostic> {
        match ledger.credits_of(self.number).find(|(stored, _)| self.is_met_by(stored)) {
            Some((_, note)) if !note.whole && !self.again => {
                let message = format!("{} takes back the same of {} for the same reason", note.number, self.number);
                Err(Diagnostic::error(message).with_hint("add --again if it is meant to be taken back once more"))
            }
            _ => Ok(()),
        }
    }

    /// The new record, and the reproduction of the invoice's with its name. Makes its documents once, to know their hashes.
    fn record(
        &self,
        root: &Path,
        ledger: &Ledger,
        name: &str,
        printer: &Printer,
    ) -> Result<(Record, (String, Reproduction)), Problems> {
        let (stored, original) = ledger.expect(self.number)?;
        let month = stored.record.month;
        self.check(ledger, original)?;
        Problems::from(changed_evidence(root, ledger, month)).check()?;
        self.check_date(original)?;
        printer.doing(&format!("reading the bills of {}", stored.record.month));
        let base = Reproduction::of(root, ledger, stored)?;
        refuse_misrecorded(ledger, stored, &base)?;
        let (note, mut document) = self.credit_note(ledger, stored, original, &base)?;
        let mut made = made(&base.workspace, &base.assets, &base.bill, &History::default(), &note, printer)?;
        document.outputs = outputs(&made);
        exemption(&note, printer);
        let mut record = Record {
            format: FORMAT,
            tool: out::tool(),
            month,
            previous: None,
            bills: Vec::new(),
            rules: Vec::new(),
            adjustments: Vec::new(),
            review: Vec::new(),
            kept: base.workspace.settings.kept_formats.clone(),
            carried: Carried::default(),
            documents: vec![document],
        };
        let copies = match self.reissue {
            true => self.add_corrected(root, ledger, (original, &base), (&mut record, &mut made), printer)?,
            false => (Vec::new(), Vec::new()),
        };
        ledger.check(&record)?;
        let (rules, adjustments) = &copies;
        let documents = record.kept_files();
        if !rules.is_empty() || !documents.is_empty() {
            let read = |path: &str| Ok(made.get(path).cloned().unwrap_or_default());
            ledger::keep(root, name, Copies { rules, adjustments, review: &[], documents: &documents, read: &read })?;
        }
        Ok((record, (stored.name.clone(), base)))
    }

    fn check(&self, ledger: &Ledger, original: &Document) -> Result<(), Diagnostic> {
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
        Ok(())
    }

    /// Refuses texts that cannot be printed on a line of the credit note, as the workspace's files are refused for them.
    fn check_texts(&self) -> Result<(), Diagnostic> {
        let texts = [
            ("the reason is empty", "the reason is not one line of text", Some(self.reason)),
            ("the refund note is empty", "the refund note is not one line of text", self.refund_note),
        ];
        for (empty, broken, text) in texts {
            let Some(text) = text else { continue };
            let message = if text.trim().is_empty() {
                empty.to_owned()
            } else if let Some(c) = text.chars().find(|c| c.is_control()) {
                format!("{broken}: it has the control character {c:?}")
            } else {
                continue;
            };
            return Err(Diagnostic::error(message).with_hint("it is printed on the credit note"));
        }
        Ok(())
    }

    fn check_date(&self, original: &Document) -> Result<(), Diagnostic> {
        if self.date >= original.issue_date {
            return Ok(());
        }
        let message = format!("{} is before {} was issued, on {}", self.date, original.number, original.issue_date);
        Err(Diagnostic::error(message).with_hint("--date YYYY-MM-DD is the date of the credit note"))
    }

    /// The credit note, and its record without files.
    fn credit_note(
        &self,
        ledger: &Ledger,
        stored: &Stored,
        original: &Document,
        base: &Reproduction,
    ) -> Result<(Invoice, Document), Problems> {
        let (month, settings) = (stored.record.month, &base.workspace.settings);
        let hint = format!("see `invoicer verify {month}`");
        let Some((invoice, _)) = base.document(&original.number) else {
            let diagnostic = Diagnostic::error(format!("{} cannot be computed again", original.number));
            return Err(diagnostic.with_hint(hint).into());
        };
        if let Some(difference) = original.difference_from(invoice) {
            let diagnostic = Diagnostic::error(format!("the rebuilt {} differs from the issued one", original.number));
            return Err(diagnostic.with_note(difference).with_hint(hint).into());
        }
        let credited =
            ledger.credited(&original.number, None).of(format_args!("what was credited of {}", original.number))?;
        let number = recorded::credit_number(ledger.before_next(), &original.number);
        let terms = terms(settings, month, invoice, number);
        let terms = CreditTerms {
            date: self.date,
            reason: self.reason,
            refund_note: self.refund_note.or(terms.refund_note),
            extent: &self.extent,
            ..terms
        };
        let (mut note, lines) = billing::credit(invoice, &credited, terms).at(|| Place::file(stored.path()))?;
        let customer = &settings.customers[note.customer];
        note.file_name = recorded::free_file_name(ledger.before_next(), month, customer, &note, &[]);
        let naming = Naming {
            customer: original.customer.clone(),
            customer_name: original.customer_name.clone(),
            version: recorded::credit_version(ledger.before_next(), &original.number),
            running: None,
            whole: self.extent == Extent::Whole,
            lines,
            sources: true,
        };
        let document = Document::of(&note, naming);
        Ok((note, document))
    }

    /// Adds the invoice that replaces the one taken back, from the present inputs; returns the rules and adjustments to keep.
    fn add_corrected(
        &self,
        root: &Path,
        ledger: &Ledger,
        (original, base): (&Document, &Reproduction),
        (record, made_files): (&mut Record, &mut MadeFiles),
        printer: &Printer,
    ) -> Result<(KeptFiles, KeptFiles), Problems> {
        let month = record.month;
        let workspace = workspace::load_for(root, &[month])?;
        let settings = &workspace.settings;
        workspace::check_attachments(settings)?;
        let assets = Assets::load(root, settings)?;
        // It takes the same rests as the invoice it replaces.
        let taken = carried::taken(ledger, &root.join("out"), month);
        let (bill, billed) = invoices(root, settings, month, Status::Issued, &taken)?;
        let is_customer = |invoice: &Invoice| settings.customers[invoice.customer].id == original.customer;
        let Some(mut invoice) = billed.invoices.into_iter().find(is_customer) else {
            if let Some(rest) = billed.carried.left.iter().find(|rest| rest.customer == original.customer) {
                return Err(below_zero(rest).into());
            }
            let message = format!("the current rules give no invoice for \"{}\"", original.customer);
            let hint = "leave out --reissue to take the invoice back and put nothing in its place";
            return Err(Diagnostic::error(message).with_hint(hint).into());
        };
        let customer = &settings.customers[invoice.customer];
        Problems::from_iter(billing::held(settings, month, customer)).check()?;
        adjustment_ids::check(root, ledger, month, settings)?;
        if let Some((before, _)) = base.document(&original.number) {
            changed_adjustments(before, &invoice).iter().for_each(|line| printer.status(line));
        }
        let naming = self.name_corrected(ledger, original, customer, &record.documents[0], month, &mut invoice);
        let mut document = Document::of(&invoice, naming);
        let told = issued_history::for_stories(root, ledger, &workspace.settings, month)?;
        let made = made(&workspace, &assets, &bill, &told, &invoice, printer)?;
        document.outputs = outputs(&made);
        made_files.extend(made);
        ledger.check_numbers([document.number.as_str()].into_iter())?;
        let Inputs { bills, rules, adjustments } = Inputs::of(&workspace, &assets, &bill)?;
        record.documents.push(document);
        record.bills = bills;
        record.carried.taken = taken;
        let listed = ledger::copies(&rules, &adjustments, &[])?;
        record.kept.clone_from(&settings.kept_formats);
        (record.rules, record.adjustments) = (listed.rules, listed.adjustments);
        Ok((rules, adjustments))
    }

    /// Gives a corrected invoice its number, names and dates; `note` is the credit note beside it.
    fn name_corrected(
        &self,
        ledger: &Ledger,
        original: &Document,
        customer: &Customer,
        note: &Document,
        month: BillingMonth,
        invoice: &mut Invoice,
    ) -> Naming {
        let running = customer.has_running_number().then(|| ledger.next_running(month, customer.invoice.numbering));
        let version = original.version + 1;
        let number = billing::number(month, customer, running);
        invoice.number = match running {
            Some(_) => number,
            None => recorded::free_number(ledger.before_next(), number, version as usize),
        };
        // It is issued on the date of the credit note and due by its rule, unless the user gives a date.
        let rules = &customer.invoice;
        let (issue, due) = schedule::dates(month, DateRule::Fixed(self.date), rules.due_date, rules.due_on_holiday);
        (invoice.issue_date, invoice.due_date) = (issue, self.due_date.unwrap_or(due));
        invoice.original = Some(Original {
            number: original.number.clone(),
            issue_date: original.issue_date,
            reason: self.reason.to_owned(),
            refund_note: None,
        });
        invoice.file_name = recorded::free_file_name(ledger.before_next(), month, customer, invoice, &[note]);
        Naming::of_invoice(customer, invoice, version, running)
    }
}

/// Error for a corrected month that would be carried forward: only the record of a month's first invoices has rests, so that
/// no later month would take this one.
fn below_zero(rest: &CustomerRest) -> Diagnostic {
    let CustomerRest { customer, month, currency, .. } = rest;
    let hint = "leave out --reissue to take the invoice back, and give the customer what is below zero with an \
                [[adjustment]] in a later month";
    let message = match rest.sum() {
        Ok(Some(sum)) => {
            let amount = render::money(sum, *currency, 0);
            format!("the current rules bring {month} of \"{customer}\" to {amount}: an invoice cannot be below zero")
        }
        // The categories below tell it.
        Ok(None) | Err(_) => {
            format!("the current rules bring {month} of \"{customer}\" below zero: an invoice cannot be")
        }
    };
    Diagnostic::error(message).with_note(format!("by tax category: {}", rest.by_category())).with_hint(hint)
}

/// Files of the workspace with their bytes.
type KeptFiles = Vec<(String, Vec<u8>)>;

/// What became of the adjustments of an invoice that another replaces.
fn changed_adjustments(before: &Invoice, now: &Invoice) -> Vec<String> {
    let of = |invoice: &Invoice| {
        let lines = invoice.items.iter().filter_map(|item| Some((item.adjusted.as_ref()?, item)));
        lines.fold(BTreeMap::new(), |mut lines: BTreeMap<String, Vec<String>>, (own, item)| {
            let money = render::money(item.amount, invoice.currency, 0);
            lines.entry(own.id.clone()).or_default().push(format!("{} {money}", item.qualified_name()));
            lines
        })
    };
    let (before, now) = (of(before), of(now));
    let ids: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let told = |id: &String| match (before.get(id), now.get(id)) {
        (Some(before), Some(now)) if before == now => None,
        (Some(before), Some(now)) => Some(format!("adjustment {id}: {} → {}", before.join(", "), now.join(", "))),
        (Some(before), None) => Some(format!("adjustment {id} is gone: {}", before.join(", "))),
        (None, now) => Some(format!("adjustment {id} is new: {}", now.map_or_else(String::new, |now| now.join(", ")))),
    };
    ids.into_iter().filter_map(told).collect()
}

/// Name of the month's next correction: `202208-1` and so on.
fn next_name(ledger: &Ledger, month: BillingMonth) -> String {
    format!("{month}-{}", ledger.of_month(month).filter(|stored| stored.name.contains('-')).count() + 1)
}

/// The files of documents by path.
type MadeFiles = BTreeMap<String, Vec<u8>>;

/// Files with their hashes.
fn outputs(made: &MadeFiles) -> Vec<Written> {
    made.iter().map(|(path, bytes)| Written { path: path.clone(), sha256: hash(bytes) }).collect()
}

/// Makes the files of a document.
fn made(
    workspace: &Workspace,
    assets: &Assets,
    bill: &Bill,
    told: &History,
    invoice: &Invoice,
    printer: &Printer,
) -> Result<MadeFiles, Problems> {
    let files = Mutex::new(MadeFiles::new());
    let sink = |path: &str, bytes: &[u8]| {
        let mut files = files.lock().expect("no thread panics while it holds the lock");
        files.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    };
    let writer = DocumentWriter::new(workspace, assets, bill, told, &Format::ALL);
    let made = writer.write(&[invoice], &sink, printer, "Writing")?;
    printer.diagnostics(&glyphs::warnings(&workspace.settings, made.iter().map(|made| (invoice, made))));
    Ok(files.into_inner().expect("no thread panics while it holds the lock"))
}

/// Amount with tax below which the law requires no credit note (消費税法施行令70条の9 3項2号), whatever the rates.
const EXEMPT_BELOW: i64 = 10_000;

/// Notes that the law does not require this credit note; it is issued all the same.
fn exemption(note: &Invoice, printer: &Printer) {
    let small = note.total.plus(Amount::whole(EXEMPT_BELOW)).is_ok_and(Amount::is_positive);
    if note.currency == Currency::JPY && small {
        let message =
            "the credit is below 10,000 yen with tax: the law does not ask for a credit note (消費税法施行令70条の9)";
        printer.diagnostics(&[Diagnostic::note(message)]);
    }
}
