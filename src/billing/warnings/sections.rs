//! Warnings about `[[section]]` tables that name nothing.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::Month;
use super::rules::{nothing, of_file};
use crate::billing::CustomerItems;
use crate::diagnostic::Diagnostic;
use crate::model::charge::SubjectId;
use crate::model::customer::Customer;
use crate::model::definition::Definition;
use crate::model::invoice::{ItemKind, LineItem};
use crate::model::matcher::normalized;
use crate::model::plain::beginning;
use crate::model::price::Fee;
use crate::model::section::SectionTable;
use crate::model::settings::Grouping;
use crate::model::warning::WarningCode;

/// The most values of the month that a warning lists.
const LISTED: usize = 5;

/// `[[section]]` tables that match nothing of any customer they are for.
pub(super) fn unused(month: Month<'_>) -> Vec<Diagnostic> {
    let settings = month.settings;
    let mut used: BTreeSet<&Definition> = BTreeSet::new();
    let mut known: BTreeSet<Cow<'_, str>> = BTreeSet::new();
    for of in month.billed.by_customer() {
        let customer = &settings.customers[of.customer];
        let tables = || customer.sections.iter().chain(&settings.sections);
        if !customer.has_sections() || tables().next().is_none() {
            continue;
        }
        let values = values(month, of, &customer.invoice.sections);
        used.extend(
            tables().filter(|table| is_used(table, customer, &values, of.items)).map(|table| &table.definition),
        );
        known.extend(values);
    }
    let is_idle = |table: &&SectionTable| !used.contains(&table.definition);
    let told = |table: &SectionTable, has_sections: bool| {
        let warning = nothing(month, WarningCode::UnusedSection, "[[section]]", &table.definition);
        let values: Vec<String> = known.iter().take(LISTED).map(|value| format!("{:?}", beginning(value))).collect();
        match (has_sections, values.is_empty()) {
            (false, _) => warning.with_hint(
                "set sections = \"tag:…\" or \"group\" in [invoice]: without it no invoice has sections to name",
            ),
            (true, false) if table.value.is_some() => {
                let more = if known.len() > LISTED { ", …" } else { "" };
                warning.with_note(format!("values of the month: {}{more}", values.join(", ")))
            }
            (true, _) => warning,
        }
    };
    let active = || settings.customers.iter().filter(|customer| customer.is_active(month.bill.month));
    let any = active().any(Customer::has_sections);
    let mut warnings: Vec<Diagnostic> =
        settings.sections.iter().filter(is_idle).map(|table| told(table, any)).collect();
    for customer in active() {
        let idle = customer.sections.iter().filter(is_idle);
        let told = |table: &SectionTable| of_file(told(table, customer.has_sections()), customer, &table.definition);
        warnings.extend(idle.map(told));
    }
    warnings
}

/// The values that charges of an invoice's sections have; the empty one is that of charges without.
fn values<'a>(month: Month<'a>, of: CustomerItems<'_>, grouping: &Grouping) -> BTreeSet<Cow<'a, str>> {
    let details = of.details.iter().filter(|detail| of.items[detail.item.0 as usize].section.is_some());
    let subjects: FxHashSet<SubjectId> = details.map(|detail| month.bill.charge(detail.charge).subject).collect();
    subjects.into_iter().map(|subject| normalized(month.bill.group(subject, grouping))).collect()
}

fn is_used(table: &SectionTable, customer: &Customer, values: &BTreeSet<Cow<'_, str>>, items: &[LineItem]) -> bool {
    let is_charged = |fee: &Fee| {
        let is_item = |item: &LineItem| item.is_fee() && item.name == fee.name;
        table.lists_fee(&fee.name) && items.iter().any(is_item)
    };
    values.iter().any(|value| table.matches(value))
        || customer.fees.iter().any(is_charged)
        || table.minimum && items.iter().any(|item| item.kind == ItemKind::Minimum)
}
