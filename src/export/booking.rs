//! [`Booking`]: a document with what the books call it, and its postings.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::postings::{Posting, Unposted, postings};
use super::{Selected, Selection};
use crate::diagnostic::{Diagnostic, Place, Problems, too_long};
use crate::ledger::{Document, Stored};
use crate::model::accounting::{CustomerAccounting, PostingDate, Program};
use crate::model::period::BillingMonth;
use crate::model::settings::{Pattern, PatternField, Settings};
use crate::render::month_text;

/// A document as it is booked.
#[derive(Clone, Debug)]
pub(super) struct Booking<'a> {
    /// The document.
    pub(super) document: &'a Document,
    /// The record that issued it; none for a draft.
    pub(super) stored: Option<&'a Stored>,
    /// The month that it bills.
    pub(super) month: BillingMonth,
    /// The settings that it was issued by, for its exchange rate; none for a draft, which has those of the workspace.
    pub(super) rates: Option<&'a Settings>,
    /// Day on which it is booked.
    pub(super) date: NaiveDate,
    /// The customer's code; empty for none.
    pub(super) code: String,
    /// Business partner.
    pub(super) partner: String,
    /// Sub-account of the receivable; empty for none.
    pub(super) sub_account: String,
    /// Memo.
    pub(super) memo: String,
    /// The memo where there is no room for the original in brackets, if the document's own number has it: `CN-INV-1`.
    pub(super) short_memo: Option<String>,
    /// What it brings to the accounts of sales.
    pub(super) postings: Vec<Posting>,
}

impl Booking<'_> {
    /// A problem with its figures, at the record that they are from.
    pub(super) fn placed(&self, problem: Diagnostic) -> Diagnostic {
        placed(problem, self.stored)
    }

    /// The invoice that it takes back or replaces.
    pub(super) fn original(&self) -> &str {
        self.document.original.as_ref().map_or("", |original| &original.number)
    }
}

fn placed(problem: Diagnostic, stored: Option<&Stored>) -> Diagnostic {
    match stored {
        Some(stored) => problem.at(Place::file(stored.path())),
        None => problem,
    }
}

/// The bookings of all documents.
///
/// # Errors
/// Documents that cannot be booked, all of them.
pub(super) fn bookings<'a>(selection: &Selection<'a>) -> Result<Vec<Booking<'a>>, Problems> {
    let mut problems = Problems::default();
    let mut bookings = Vec::with_capacity(selection.documents.len());
    for selected in &selection.documents {
        bookings.extend(problems.keep(booking(selection, selected)));
    }
    problems.check()?;
    Ok(bookings)
}

fn booking<'a>(selection: &Selection<'a>, selected: &Selected<'a>) -> Result<Booking<'a>, Diagnostic> {
    let Selected { stored, document, customer, .. } = *selected;
    let accounting = &selection.settings.accounting;
    let usual = CustomerAccounting::default();
    let own = customer.map_or(&usual, |customer| &customer.accounting);
    let code = own.code.as_ref().or(customer.and_then(|customer| customer.code.as_ref()));
    let code = code.cloned().unwrap_or_default();
    let fill = |pattern: &Pattern| filled(pattern, document, selection, &code);
    let (memo, short_memo) = memo(fill(&accounting.memo), document);
    let postings = postings(document, accounting).map_err(|why| told(why, document, selection.settings));
    Ok(Booking {
        document,
        stored,
        month: selection.month,
        rates: selected.rates,
        date: match accounting.date {
            // What is corrected later belongs to the day on which it is.
            PostingDate::MonthEnd if document.original.is_none() => selection.month.last(),
            PostingDate::MonthEnd | PostingDate::IssueDate => document.issue_date,
        },
        partner: own.partner.clone().unwrap_or_else(|| fill(&accounting.partner)),
        sub_account: own.sub_account.clone().unwrap_or_else(|| fill(&accounting.sub_account)),
        memo,
        short_memo,
        postings: postings.map_err(|problem| placed(problem, stored))?,
        code,
    })
}

/// The memo of a document, which names its original, and a shorter one where it needs no brackets for that.
fn memo(filled: String, document: &Document) -> (String, Option<String>) {
    match &document.original {
        Some(original) if !names(&filled, &original.number) => {
            let memo = format!("{filled} ({})", original.number).trim_start().to_owned();
            let has_it = filled.contains(&document.number) && document.number.contains(&original.number);
            (memo, Some(filled).filter(|_| has_it))
        }
        _ => (filled, None),
    }
}

/// Whether a number is there as a word of its own: `CN-1` does not name `1`.
fn names(memo: &str, number: &str) -> bool {
    let is_between = |c: char| c.is_whitespace() || "()[]{}（）「」、。,;:".contains(c);
    memo.split(is_between).any(|word| word == number)
}

fn filled(pattern: &Pattern, document: &Document, selection: &Selection<'_>, code: &str) -> String {
    pattern.fill(|field| match field {
        PatternField::Month => selection.month.to_string(),
        PatternField::MonthName => month_text(selection.month, selection.settings.language),
        PatternField::Customer => document.customer.clone(),
        PatternField::CustomerName => document.customer_name.clone(),
        PatternField::Number => document.number.clone(),
        PatternField::Code => code.to_owned(),
        // The patterns were checked when the workspace was read: they have no others.
        _ => String::new(),
    })
}

fn told(why: Unposted, document: &Document, settings: &Settings) -> Diagnostic {
    let number = &document.number;
    match why {
        Unposted::NoSource { name, rule } => {
            let rule = settings.accounting.rules.iter().find(|known| known.definition.line == rule);
            let written = rule.map_or("", |rule| rule.definition.text.as_str());
            Diagnostic::error(format!("the record of {number} does not say which source \"{name}\" is of"))
                .with_note(format!("a rule asks for it: {written}"))
                .with_hint("name the lines of this rule by item instead: older records have no sources")
        }
        Unposted::Unequal { what, sum, recorded } => {
            let message = format!("{what} of {number} add up to {sum}, and the record says {recorded}");
            Diagnostic::error(message).with_hint("`invoicer verify` says what has changed in the record")
        }
        Unposted::TooLong => Diagnostic::error(too_long(format_args!("the postings of {number}"))),
    }
}

/// Warnings about partners (for Yayoi, which has none, sub-accounts) that stand for several customers.
pub(super) fn same_partners(bookings: &[Booking<'_>], program: Program) -> Vec<Diagnostic> {
    let mut customers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for booking in bookings {
        let name = if program == Program::Yayoi { &booking.sub_account } else { &booking.partner };
        customers.entry(name).or_default().insert(&booking.document.customer);
    }
    let shared = customers.into_iter().filter(|(name, customers)| !name.is_empty() && customers.len() > 1);
    let warning = |(name, customers): (&str, BTreeSet<&str>)| {
        let names = customers.iter().map(|id| format!("\"{id}\"")).collect::<Vec<String>>().join(", ");
        let (what, key) = match program {
            Program::Yayoi => ("sub-account", "sub-account"),
            Program::Freee | Program::MoneyForward => ("partner", "partner"),
        };
        Diagnostic::warning(format!("the {what} \"{name}\" stands for several customers: {names}")).with_hint(format!(
            "give each {key} = \"…\" in [accounting] of its file, or put {{customer}} into the pattern"
        ))
    };
    shared.map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_number_in_another_is_not_named() {
        for (memo, number) in [
            ("2023年10月 顧客 CN-1", "1"),
            ("2023年10月 顧客 2", "10"),
            ("CN-INV-202208-bravo", "INV-202208-bravo"),
            ("INV-1/2", "INV-1"),
            ("INV-12", "INV-1"),
            ("", "1"),
        ] {
            assert!(!names(memo, number), "{number} in {memo}");
        }
        for (memo, number) in [
            ("1", "1"),
            ("CN-1 (1)", "1"),
            ("返金、INV-1", "INV-1"),
            ("（INV-1）の訂正", "INV-1"),
            ("2023 1 CN-1", "1"),
        ] {
            assert!(names(memo, number), "{number} in {memo}");
        }
    }
}
