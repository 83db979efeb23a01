//! Reproduces a month as it was issued: computes it again from its bills and the copies of its rules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::issued_history;
use crate::assets::Assets;
use crate::billing::{self, BilledMonth, CreditTerms, CreditedLine, Extent};
use crate::diagnostic::{Diagnostic, Figure, Located, Place, Problems};
use crate::ledger::{Document, Ledger, Stored};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::history::History;
use crate::model::invoice::{DocumentKind, Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::sources;
use crate::workspace::{self, Workspace};
use chrono::NaiveDate;

/// The documents issued from the rules of one record: its invoices, and the credit notes that take them back.
pub struct Reproduction {
    /// The rules as they were.
    pub workspace: Workspace,
    /// Templates, faces and images as they were.
    pub assets: Assets,
    /// The bills, which are not copied: `billing/` is never edited.
    pub bill: Bill,
    /// The months issued before, of which invoices tell.
    pub(super) told: History,
    /// The documents computed again, each with its record.
    pub documents: Vec<(Invoice, Document)>,
    /// Their places by number.
    by_number: BTreeMap<String, usize>,
    /// Issue and due date of each invoice by number, as the rules give them.
    pub dates: BTreeMap<String, (NaiveDate, NaiveDate)>,
    /// The invoice's line numbers of each credit note's items, by the note's number.
    pub note_lines: BTreeMap<String, Vec<usize>>,
    /// Ids of customers for whom the bills and rules give an invoice that the month's record does not have.
    pub unrecorded: Vec<String>,
    /// Numbers of the documents that were sent with the issuer's costs inside; see [`COSTS_INSIDE`](crate::ledger::COSTS_INSIDE).
    pub costs_inside: BTreeSet<String>,
}

impl Reproduction {
    /// Computes what was issued from the rules of a record.
    ///
    /// # Errors
    /// Copies or bills that cannot be read, and documents that the bills no longer give.
    pub fn of(root: &Path, ledger: &Ledger, stored: &Stored) -> Result<Reproduction, Problems> {
        let rules = root.join(stored.rules_directory());
        let inside = |problems: Problems| {
            let note = format!("in the copy of the rules that was kept: {}", stored.rules_directory());
            problems.each(|problem| problem.with_note(note.clone()))
        };
        let mut workspace = workspace::load_kept(&rules, stored.record.month).map_err(inside)?;
        workspace.settings.document_form = stored.record.document_form();
        let assets = Assets::load(&rules, &workspace.settings).map_err(inside)?;
        // `issue` has checked that the bills were final.
        let bill = sources::read(root, &workspace.settings, stored.record.month, true)?;
        let taken = &stored.record.carried.taken;
        let billed = billing::invoices(&bill, &workspace.settings, Status::Issued, taken).map_err(inside)?;
        let told = match issued_history::has_stories(&workspace.settings) {
            true => {
                let before = issued_history::told_of(ledger, stored);
                issued_history::for_stories(root, &before, &workspace.settings, stored.record.month)?
            }
            false => History::default(),
        };
        let mut reproduction = Reproduction {
            workspace,
            assets,
            bill,
            told,
            documents: Vec::new(),
            by_number: BTreeMap::new(),
            dates: BTreeMap::new(),
            note_lines: BTreeMap::new(),
            unrecorded: Vec::new(),
            costs_inside: BTreeSet::new(),
        };
        reproduction.add_invoices(stored, billed).at(|| Place::file(stored.path()))?;
        reproduction.add_credit_notes(ledger)?;
        Ok(reproduction)
    }

    fn add_invoices(&mut self, stored: &Stored, billed: BilledMonth) -> Result<(), Diagnostic> {
        let month = stored.record.month;
        let is_correction = stored.name != month.to_string();
        // Only the month's first record has its rests; the record of a corrected invoice leaves none.
        if !is_correction && billed.carried.left != stored.record.carried.left {
            return Err(Diagnostic::error(format!("the bills no longer leave what {month} carried forward")));
        }
        let id = |invoice: &Invoice| self.workspace.settings.customers[invoice.customer].id.clone();
        let mut computed: BTreeMap<String, Invoice> =
            billed.invoices.into_iter().map(|invoice| (id(&invoice), invoice)).collect();
        for recorded in stored.record.documents.iter().filter(|document| document.kind == DocumentKind::Invoice) {
            let Some(mut invoice) = computed.remove(&recorded.customer) else {
                let message = format!("the bills no longer yield an invoice for \"{}\"", recorded.customer);
                return Err(Diagnostic::error(message).with_note(format!("{} was issued from them", recorded.number)));
            };
            self.dates.insert(recorded.number.clone(), (invoice.issue_date, invoice.due_date));
            take_over(&mut invoice, recorded);
            self.add(stored, invoice, recorded);
        }
        // The record of a correction has one customer's invoice.
        self.unrecorded = if is_correction { Vec::new() } else { computed.into_keys().collect() };
        Ok(())
    }

    /// Computes the credit notes again, for a ledger that has others since.
    ///
    /// # Errors
    /// Credit notes that their invoices no longer give.
    pub fn renew_credit_notes(&mut self, ledger: &Ledger) -> Result<(), Diagnostic> {
        self.documents.retain(|(_, recorded)| recorded.kind == DocumentKind::Invoice);
        self.by_number = self.documents.iter().map(|(_, recorded)| recorded.number.clone()).zip(0..).collect();
        self.note_lines.clear();
        self.add_credit_notes(ledger)
    }

    fn add_credit_notes(&mut self, ledger: &Ledger) -> Result<(), Diagnostic> {
        for index in 0..self.documents.len() {
            let invoice = &self.documents[index].0;
            let computed = ledger.credits_of(&invoice.number).map(|(stored, recorded)| {
                let note = credit_note(ledger, &self.workspace.settings, self.bill.month, invoice, recorded);
                note.map(|(note, lines)| (stored, recorded, note, lines))
            });
            for (stored, recorded, mut note, lines) in computed.collect::<Result<Vec<_>, Diagnostic>>()? {
                if !stored.record.has_stated_returns() {
                    note.returned = None;
                }
                self.note_lines.insert(recorded.number.clone(), lines);
                self.add(stored, note, recorded);
            }
        }
        Ok(())
    }

    fn add(&mut self, stored: &Stored, invoice: Invoice, recorded: &Document) {
        if stored.has_costs_inside() {
            self.costs_inside.insert(recorded.number.clone());
        }
        self.by_number.insert(recorded.number.clone(), self.documents.len());
        self.documents.push((invoice, recorded.clone()));
    }

    /// The document with that number, and its record.
    pub fn document(&self, number: &str) -> Option<&(Invoice, Document)> {
        self.by_number.get(number).map(|place| &self.documents[*place])
    }
}

/// Takes number, dates and name from the record.
fn take_over(invoice: &mut Invoice, recorded: &Document) {
    invoice.number.clone_from(&recorded.number);
    invoice.original.clone_from(&recorded.original);
    invoice.issue_date = recorded.issue_date;
    invoice.due_date = recorded.due_date;
    recorded.file_name().clone_into(&mut invoice.file_name);
}

/// A credit note computed again as it was issued, with the invoice's line numbers of its items.
fn credit_note(
    ledger: &Ledger,
    settings: &Settings,
    month: BillingMonth,
    invoice: &Invoice,
    recorded: &Document,
) -> Result<(Invoice, Vec<usize>), Diagnostic> {
    let before = ledger
        .credited(&invoice.number, Some(&recorded.number))
        .of(format_args!("what was credited of {}", invoice.number))?;
    let lines = recorded.credited_lines();
    let lines = lines.map(|line| CreditedLine { line: line.line, amount: Some(line.amount.negated()) });
    let extent = if recorded.whole { Extent::Whole } else { Extent::Lines(lines.collect()) };
    let terms = terms(settings, month, invoice, recorded.number.clone());
    let original = recorded.original.as_ref();
    let reason = original.map_or("", |original| original.reason.as_str());
    let refund_note = original.and_then(|original| original.refund_note.as_deref());
    let terms = CreditTerms { date: recorded.issue_date, reason, refund_note, extent: &extent, ..terms };
    let (mut note, lines) = billing::credit(invoice, &before, terms)?;
    recorded.file_name().clone_into(&mut note.file_name);
    Ok((note, lines))
}

/// The terms of a credit note that follow from the settings; the caller fills in date, reason and extent.
pub fn terms<'a>(settings: &'a Settings, month: BillingMonth, invoice: &Invoice, number: String) -> CreditTerms<'a> {
    let to_yen = match invoice.currency {
        Currency::JPY => None,
        _ if !invoice.tax_regime.is_japan() => None,
        currency => settings.fx_rate(month, currency, Currency::JPY),
    };
    let customer = &settings.customers[invoice.customer];
    CreditTerms {
        number,
        date: invoice.issue_date,
        reason: "",
        refund_note: customer.invoice.refund_note.as_ref().map(|note| note.of(customer.invoice.language).as_str()),
        extent: &Extent::Whole,
        rounding: customer.pricing.rounding,
        tax_rounding: settings.tax_rounding(invoice.customer).0,
        language: customer.invoice.language,
        to_yen,
    }
}
