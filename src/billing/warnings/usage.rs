//! Warnings about what customers used: nothing, or other items and resources than before.

use super::Month;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::customer::Customer;
use crate::model::history::{BilledCustomer, Used};
use crate::model::item_label::ItemTables;
use crate::model::warning::WarningCode;

/// Maximum number of items or resources named.
const SHOWN: usize = 3;

/// Active customers without charges, except those without `[[match]]`, who are charged only fees every month.
pub(super) fn no_charges(month: Month<'_>) -> Vec<Diagnostic> {
    let customers = month.settings.customers.iter().enumerate();
    let active = customers.filter(|(_, customer)| customer.is_active(month.bill.month));
    let carries = |customer: &Customer| month.billed.carried.left.iter().any(|rest| rest.customer == customer.id);
    let warning = |(index, customer): (usize, &Customer)| {
        let invoices = || month.billed.invoices.iter().chain(&month.billed.skipped);
        let invoice = invoices().find(|invoice| invoice.customer == index);
        let what = match invoice {
            None => "no invoice",
            Some(invoice) if invoice.details.is_empty() && !customer.rules.is_empty() => "only fees",
            Some(_) => return None,
        };
        let message = format!("\"{}\" has no charges in {}: {what}", customer.id, month.bill.month);
        let last = month.bill.month.previous();
        let hint =
            format!("check the [[match]] rules of {}, or end it with active = {{ until = \"{last}\" }}", customer.path);
        let facts = if invoice.is_none() { "0" } else { "" };
        let warning = Diagnostic::finding(WarningCode::NoCharges, message, facts).concerning(&customer.id);
        Some(warning.at(Place::file(&customer.path)).with_hint(hint))
    };
    active.filter(|(_, customer)| !carries(customer)).filter_map(warning).collect()
}

/// Items and resources that customers have for the first time, or had in the previous month and no longer have.
pub(super) fn changes(month: Month<'_>) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for invoice in &month.billed.invoices {
        let customer = &month.settings.customers[invoice.customer];
        let record = month.billed.record.get(&customer.id);
        let Some(now) = record.and_then(|record| record.used.as_ref()) else {
            continue;
        };
        let tables = ItemTables::about_customer(month.settings, invoice.customer);
        let item = |(source, name): (&str, &str)| tables.both_names(source, name);
        let resource = |(_, id): (&str, &str)| id.to_owned();
        let earlier: Vec<&Used> = month.history.before(month.bill.month, &customer.id).filter_map(used).collect();
        if !earlier.is_empty() {
            let new = |(source, name): &(&str, &str)| !earlier.iter().any(|past| past.has_item(source, name));
            warnings.extend(told(customer, WarningCode::NewItem, now.items().filter(new).map(item)));
            let new = |(source, id): &(&str, &str)| !earlier.iter().any(|past| past.has_resource(source, id));
            warnings.extend(told(customer, WarningCode::NewResource, now.resources().filter(new).map(resource)));
        }
        if let Some(before) = month.history.customer(month.bill.month.previous(), &customer.id).and_then(used) {
            let gone = |(source, name): &(&str, &str)| !now.has_item(source, name);
            warnings.extend(told(customer, WarningCode::GoneItem, before.items().filter(gone).map(item)));
            let gone = |(source, id): &(&str, &str)| !now.has_resource(source, id);
            warnings.extend(told(customer, WarningCode::GoneResource, before.resources().filter(gone).map(resource)));
        }
    }
    warnings
}

fn used(customer: &BilledCustomer) -> Option<&Used> {
    customer.used.as_ref()
}

/// One warning for all of a customer's items or resources, naming the first.
fn told(customer: &Customer, code: WarningCode, found: impl Iterator<Item = String>) -> Option<Diagnostic> {
    let mut names: Vec<String> = found.collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len().min(SHOWN)].join(", ");
    let listed = if more > 0 { format!("{shown} and {more} more") } else { shown.clone() };
    let facts = if more > 0 { format!("{shown}, … ({})", names.len()) } else { shown };
    let what = match code {
        WarningCode::NewItem | WarningCode::GoneItem => "item",
        _ => "resource",
    };
    let what = match names.len() {
        0 => return None,
        1 if what == "item" => "an item".to_owned(),
        1 => format!("a {what}"),
        count => format!("{count} {what}s"),
    };
    let message = match code {
        WarningCode::NewItem | WarningCode::NewResource => {
            format!("\"{}\" has {what} that it did not have before: {listed}", customer.id)
        }
        _ => format!("\"{}\" no longer has {what} of the month before: {listed}", customer.id),
    };
    let hint = format!("if that is usual, set ignore = [\"{}\"] in [warnings] of {}", code.name(), customer.path);
    let warning = Diagnostic::finding(code, message, facts).concerning(&customer.id);
    Some(warning.at(Place::file(&customer.path)).with_hint(hint))
}
