//! [`Entries`]: a document as the two sides of a journal entry, in yen. No program takes minus signs everywhere, so an
//! amount below zero stands on the other side.

use std::collections::BTreeMap;

use super::booking::Booking;
use super::tax_labels::{self, label};
use super::yen::{self, YenAmounts};
use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::model::accounting::{Program, TaxLabelKey};
use crate::model::amount::Amount;
use crate::model::invoice::DocumentKind;
use crate::model::settings::Settings;
use crate::model::tax_table::TaxRegime;

/// The journal entry of a document.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    /// The document.
    pub(super) booking: &'a Booking<'a>,
    /// What the customer owes or gets back; none where it is nothing.
    pub(super) receivable: Option<Entry<'a>>,
    /// What was sold or given back.
    pub(super) sales: Vec<Entry<'a>>,
}

/// One side of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    /// Debit (借方) or credit (貸方).
    pub(super) side: Side,
    /// Account.
    pub(super) account: &'a str,
    /// Sub-account; empty for none.
    pub(super) sub_account: &'a str,
    /// Department; empty for none.
    pub(super) department: &'a str,
    /// Tax label.
    pub(super) label: &'a str,
    /// Yen with tax, not below zero.
    pub(super) amount: Amount,
    /// The tax in them, not below zero.
    pub(super) tax: Amount,
}

/// A side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// 借方
    Debit,
    /// 貸方
    Credit,
}

impl Side {
    /// The side of a receivable of that amount.
    fn of_receivable(amount: Amount) -> Side {
        if amount.is_negative() { Side::Credit } else { Side::Debit }
    }

    /// The side of sales of that amount.
    fn of_sales(amount: Amount) -> Side {
        if amount.is_negative() { Side::Debit } else { Side::Credit }
    }
}

/// A row of a journal: one account on each side, or on one alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    /// 借方
    pub(super) debit: Option<Entry<'a>>,
    /// 貸方
    pub(super) credit: Option<Entry<'a>>,
}

impl<'a> Row<'a> {
    fn of(entry: Entry<'a>) -> Row<'a> {
        match entry.side {
            Side::Debit => Row { debit: Some(entry), credit: None },
            Side::Credit => Row { debit: None, credit: Some(entry) },
        }
    }
}

impl<'a> Entries<'a> {
    /// The rows of a journal: the receivable first, beside the first of the sales on the other side; each of the others
    /// in a row of its own.
    pub(super) fn rows(&self) -> Vec<Row<'a>> {
        let mut sales = self.sales.clone();
        let mut rows = Vec::with_capacity(sales.len());
        if let Some(receivable) = self.receivable {
            let mut first = Row::of(receivable);
            if let Some(at) = sales.iter().position(|entry| entry.side != receivable.side) {
                let entry = Some(sales.remove(at));
                let free = if first.debit.is_none() { &mut first.debit } else { &mut first.credit };
                *free = entry;
            }
            rows.push(first);
        }
        rows.extend(sales.into_iter().map(Row::of));
        rows
    }
}

/// The journal entries of all documents.
///
/// # Errors
/// Everything that the program cannot take, all at once.
pub(super) fn all<'a>(
    bookings: &'a [Booking<'a>],
    program: Program,
    settings: &'a Settings,
) -> Result<Vec<Entries<'a>>, Problems> {
    let mut problems = Problems::default();
    let mut unlabelled: BTreeMap<TaxLabelKey, Vec<&str>> = BTreeMap::new();
    let mut all = Vec::with_capacity(bookings.len());
    for booking in bookings {
        if booking.document.tax_regime == TaxRegime::Custom {
            problems.push(of_another_tax(booking, program));
            continue;
        }
        let Some(amounts) = problems.keep(yen::amounts(booking, settings)) else {
            continue;
        };
        all.extend(problems.keep(of_booking(booking, &amounts, program, settings, &mut unlabelled)));
    }
    problems.extend(unlabelled.into_iter().map(|(key, numbers)| without_label(key, &numbers, program)));
    problems.check()?;
    Ok(all)
}

fn of_booking<'a>(
    booking: &'a Booking<'a>,
    amounts: &[YenAmounts],
    program: Program,
    settings: &'a Settings,
    unlabelled: &mut BTreeMap<TaxLabelKey, Vec<&'a str>>,
) -> Result<Entries<'a>, Diagnostic> {
    let number = booking.document.number.as_str();
    let mut sales = Vec::with_capacity(amounts.len());
    let mut total = Amount::ZERO;
    for (posting, YenAmounts { total: amount, tax }) in booking.postings.iter().zip(amounts) {
        let returned = booking.document.kind == DocumentKind::CreditNote;
        let key = TaxLabelKey { category: posting.category, rate: posting.rate, returned };
        let label = label(&settings.accounting, program, key).unwrap_or_else(|| {
            let numbers = unlabelled.entry(key).or_default();
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
            ""
        });
        if amount.is_negative() && tax.is_positive() || !amount.is_negative() && tax.is_negative() {
            let message = format!("{number}: {amount} yen on {} have a tax of {tax}", posting.account);
            let hint = "no program takes a tax of the other sign: book this document by hand; --to csv has its figures";
            return Err(booking.placed(Diagnostic::error(message).with_hint(hint)));
        }
        total = total.plus(*amount).of(format_args!("the postings of {number}"))?;
        sales.push(Entry {
            side: Side::of_sales(*amount),
            account: &posting.account,
            sub_account: "",
            department: &settings.accounting.department,
            label,
            amount: amount.magnitude(),
            tax: tax.magnitude(),
        });
    }
    let receivable = (!total.is_zero()).then(|| Entry {
        side: Side::of_receivable(total),
        account: &settings.accounting.receivable,
        sub_account: &booking.sub_account,
        department: "",
        label: tax_labels::RECEIVABLE,
        amount: total.magnitude(),
        tax: Amount::ZERO,
    });
    Ok(Entries { booking, receivable, sales })
}

fn name_of(program: Program) -> &'static str {
    Program::NAMES.iter().find(|(_, known)| *known == program).map_or("", |(name, _)| name)
}

/// The programs know Japan's tax alone. What has no tax at all they take as 対象外.
fn of_another_tax(booking: &Booking<'_>, program: Program) -> Diagnostic {
    let (number, program) = (&booking.document.number, name_of(program));
    let message = format!("{number} states a tax of [[tax.rate]], and {program} books Japan's consumption tax only");
    let hint = "--to csv, --to json and --to template have the figures of any tax";
    booking.placed(Diagnostic::error(message).with_hint(hint))
}

fn without_label(key: TaxLabelKey, numbers: &[&str], program: Program) -> Diagnostic {
    let program = name_of(program);
    let returned = if key.returned { "credit notes of " } else { "" };
    let message = format!("there is no tax label of {program} for {returned}{} {}", key.category.name(), key.rate);
    let diagnostic = Diagnostic::error(message).with_note(format!("documents: {}", numbers.join(", ")));
    match key.name() {
        Some(name) => {
            diagnostic.with_hint(format!("add {name} = \"…\" to [accounting.tax-label.{program}] in invoicer.toml"))
        }
        None => diagnostic.with_hint("book these documents by hand; --to csv has their figures"),
    }
}
