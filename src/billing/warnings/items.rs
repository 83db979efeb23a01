//! Warnings about what customers read of items: names that only the provider uses, and `[[item]]` tables that do nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::Month;
use super::rules::{nothing, of_file};
use crate::diagnostic::Diagnostic;
use crate::model::definition::Definition;
use crate::model::invoice::{ItemKind, LineItem};
use crate::model::item_label::ItemTables;
use crate::model::item_table::ItemTable;
use crate::model::plain::beginning;
use crate::model::warning::WarningCode;

/// Items of providers that some invoice prints by the provider's name.
pub(super) fn unnamed(month: Month<'_>) -> Vec<Diagnostic> {
    let mut invoices: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for invoice in &month.billed.invoices {
        if month.settings.customers[invoice.customer].warnings.ignore.contains(&WarningCode::UnnamedItem) {
            continue;
        }
        let tables = ItemTables::of_customer(month.settings, invoice.customer);
        let is_unnamed =
            |item: &&LineItem| item.is_provided() && tables.label(&item.source, &item.name, item.kind).name.is_none();
        let unnamed = invoice.items.iter().filter(is_unnamed);
        // One name can be usage and a discount, or of several tax categories.
        let names: BTreeSet<(&str, &str)> = unnamed.map(|item| (item.source.as_str(), item.name.as_str())).collect();
        for name in names {
            *invoices.entry(name).or_default() += 1;
        }
    }
    let warning = |((source, name), count): ((&str, &str), usize)| {
        let shown = beginning(name);
        let on = if count == 1 { "1 invoice".to_owned() } else { format!("{count} invoices") };
        let message = format!("{shown} of \"{source}\" is printed by the provider's name on {on}");
        let hint = format!(
            "name it for customers with an [[item]]: `invoicer items {} --stubs` prints tables to fill in; if the \
             provider's names are good enough, set ignore = [\"{}\"] in [warnings]",
            month.bill.month,
            WarningCode::UnnamedItem.name()
        );
        Diagnostic::finding(WarningCode::UnnamedItem, message, format!("{source} {shown}: {count}")).with_hint(hint)
    };
    invoices.into_iter().map(warning).collect()
}

/// `[[item]]` tables that match nothing of any customer they are for.
pub(super) fn unused(month: Month<'_>) -> Vec<Diagnostic> {
    let mut used: BTreeSet<&Definition> = BTreeSet::new();
    // Invoices have the same items again and again.
    let mut of_all: BTreeSet<(&str, &str, ItemKind)> = BTreeSet::new();
    for of in month.billed.by_customer() {
        let items = items(of.items);
        let own = &month.settings.customers[of.customer].items;
        used.extend(own.iter().filter(|table| is_used(table, &items)).map(|table| &table.definition));
        of_all.extend(items);
    }
    used.extend(month.settings.items.iter().filter(|table| is_used(table, &of_all)).map(|table| &table.definition));
    let is_idle = |table: &&ItemTable| {
        !used.contains(&table.definition) && !month.settings.is_absent(table.of.source.as_ref(), month.bill.month)
    };
    let told = |table: &ItemTable| nothing(month, WarningCode::UnusedItem, "[[item]]", &table.definition);
    let mut warnings: Vec<Diagnostic> = month.settings.items.iter().filter(is_idle).map(told).collect();
    for customer in month.settings.customers.iter().filter(|customer| customer.is_active(month.bill.month)) {
        let idle = customer.items.iter().filter(is_idle);
        warnings.extend(idle.map(|table| of_file(told(table), customer, &table.definition)));
    }
    warnings
}

fn items(items: &[LineItem]) -> BTreeSet<(&str, &str, ItemKind)> {
    items.iter().map(|item| (item.source.as_str(), item.name.as_str(), item.kind)).collect()
}

fn is_used(table: &ItemTable, items: &BTreeSet<(&str, &str, ItemKind)>) -> bool {
    items.iter().any(|(source, name, kind)| table.of.matches(source, name, *kind))
}
