//! `invoicer explain NUMBER --against MONTH`: what changed between two invoices of a customer, item by item.

use std::collections::BTreeSet;
use std::path::Path;

use super::print_json;
use crate::billing::story::{Changes, ItemChange, Reason, ReasonKind, changes};
use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::ledger::Ledger;
use crate::model::amount::Amount;
use crate::model::charge::Bill;
use crate::model::history::{BilledCustomers, EARLIER_MONTHS, History};
use crate::model::invoice::{Invoice, Status};
use crate::model::item_label::ItemTables;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::month::issued_history;
use crate::month::summary;
use crate::printer::{Align, Printer, table_within};

/// Maximum number of resources named without `--json`.
const RESOURCES: usize = 10;

/// Compares an invoice with the customer's of another month, as it was issued and corrected, or else as it was built.
pub(super) fn explain(
    (root, ledger): (&Path, &Ledger),
    (bill, settings): (&Bill, &Settings),
    invoice: &Invoice,
    against: BillingMonth,
    json: bool,
    printer: &Printer,
) -> Result<(), Problems> {
    let customer = &settings.customers[invoice.customer];
    if against == bill.month {
        let previous = against.previous();
        let message = format!("{} is of {against} itself", invoice.number);
        return Err(Diagnostic::error(message).with_hint(format!("name another month: --against {previous}")).into());
    }
    let mut history = History::default();
    // Months before both say which items are billed now and then: those that the invoice's story knows, if both are adjacent.
    let months = bill.month.earlier(EARLIER_MONTHS).chain([against]).chain(against.earlier(EARLIER_MONTHS - 1));
    for month in months.filter(|month| *month != bill.month).collect::<BTreeSet<BillingMonth>>() {
        if let Some(customers) = billed(root, ledger, month)? {
            history.insert(month, customers);
        }
    }
    if history.month(against).is_none() {
        let message = format!("{against} is neither issued nor built");
        return Err(Diagnostic::error(message).with_hint(format!("build it first: invoicer build {against}")).into());
    }
    let Some(before) = history.customer(against, &customer.id) else {
        let message = format!("\"{}\" has no invoice for {against}", customer.id);
        return Err(Diagnostic::error(message).with_hint("name a month in which the customer was billed").into());
    };
    if before.currency != invoice.currency {
        let message = format!(
            "the invoice of \"{}\" for {against} is in {}, {} in {}",
            customer.id, before.currency, invoice.number, invoice.currency
        );
        return Err(Diagnostic::error(message).with_hint("only amounts in one currency can be compared").into());
    }
    if before.lines.is_none() {
        let message = format!("out/{against} was built by an earlier version, which kept no items");
        return Err(Diagnostic::error(message).with_hint(format!("build it again: invoicer build {against}")).into());
    }
    let tables = ItemTables::about_customer(settings, invoice.customer);
    let changes = changes(bill, &tables, invoice, (against, before), &customer.id, &history)
        .of(format_args!("the changes since {against}"))?;
    if json {
        return print_json(&changes, printer);
    }
    for line in text(&changes, invoice, bill.month, printer) {
        printer.result_wrapped(&line);
    }
    Ok(())
}

/// What was billed for a month: as issued and corrected, or else as built last; a draft does not count.
fn billed(root: &Path, ledger: &Ledger, month: BillingMonth) -> Result<Option<BilledCustomers>, Diagnostic> {
    if let Some(issued) = issued_history::issued(root, ledger, month)? {
        return Ok(Some(issued));
    }
    let read = summary::read(&root.join(format!("out/{month}")), month).and_then(|read| read.summary.ok());
    Ok(read.filter(|summary| summary.status != Status::Draft).map(summary::Summary::into_billed))
}

fn text(changes: &Changes, invoice: &Invoice, month: BillingMonth, printer: &Printer) -> Vec<String> {
    let decimals = changes.currency.decimals();
    let plain = |amount: Amount| amount.to_text(decimals);
    let signed = |amount: Amount| if amount.is_positive() { format!("+{}", plain(amount)) } else { plain(amount) };
    let amount = |amount: Option<Amount>| amount.map_or_else(|| "-".to_owned(), plain);
    let title = format!("{}: {month} against {}, {}, before tax", invoice.number, changes.against, changes.currency);
    let mut text = vec![printer.text(&title).into_owned(), String::new()];
    let mut cells = vec![printer.heading(["item", &changes.against, &month.to_string(), "change", "why"])];
    let row = |item: &ItemChange| {
        let is_part = item.reasons.len() > 1;
        let why =
            item.reasons.iter().map(|reason| reason_text(reason, is_part, &signed, printer)).collect::<Vec<String>>();
        vec![item.label.clone(), amount(item.before), amount(item.now), signed(item.change), why.join(", ")]
    };
    cells.extend(changes.items.iter().map(row));
    let change = changes.now.minus(changes.before).map_or_else(|_| String::new(), signed);
    cells.push(vec![
        printer.text("subtotal").into_owned(),
        plain(changes.before),
        plain(changes.now),
        change,
        String::new(),
    ]);
    let (left, right) = (Align::Left, Align::Right);
    text.extend(table_within(&cells, &[left, right, right, right, left], printer.columns));
    for (what, ids) in [("new resources", &changes.new_resources), ("resources gone", &changes.gone_resources)] {
        if ids.is_empty() {
            continue;
        }
        let more = ids.len().saturating_sub(RESOURCES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push(String::new());
        let line = format!("{what}: {}{more}", ids[..ids.len().min(RESOURCES)].join(", "));
        text.push(printer.text(&line).into_owned());
    }
    text
}

/// A reason; with its part of the change where it is one of several.
fn reason_text(reason: &Reason, is_part: bool, signed: &dyn Fn(Amount) -> String, printer: &Printer) -> String {
    let text = match (reason.kind, reason.prices) {
        (ReasonKind::NewItem, _) => "new item".to_owned(),
        (ReasonKind::EndedItem, _) => "ended".to_owned(),
        (ReasonKind::OneOff, _) => "one-off".to_owned(),
        (ReasonKind::NewResources, _) => match reason.count {
            Some(1) => "1 new resource".to_owned(),
            count => format!("{} new resources", count.unwrap_or(0)),
        },
        (ReasonKind::Usage, _) => "usage".to_owned(),
        (ReasonKind::Price, Some((before, after))) => format!("price {before} → {after}"),
        (ReasonKind::Price, None) => "price".to_owned(),
        (ReasonKind::Shared, _) => "share of common charges".to_owned(),
        (ReasonKind::Rounding, _) => "rounding".to_owned(),
        (ReasonKind::Follows, _) => "follows from the others".to_owned(),
    };
    let text = printer.text(&text);
    match reason.amount.filter(|_| is_part) {
        Some(amount) => format!("{text} {}", signed(amount)),
        None => text.into_owned(),
    }
}
