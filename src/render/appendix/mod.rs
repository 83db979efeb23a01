//! Builds the appendix of an invoice: its details as lines, grouped by resource, and the way from them to the subtotal.

mod closing;
mod columns;
mod figures;
mod groups;

use std::collections::BTreeMap;

use chrono::Datelike;
pub(super) use closing::ClosingRow;
use closing::closing;
pub(super) use columns::AppendixColumns;
pub(super) use figures::{Split, fraction_width, shared_fraction_width};
use groups::DetailView;
pub(super) use groups::GroupView;

use super::format::{grouped, unit_text};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, EMPTY, NameId};
use crate::model::customer::Customer;
use crate::model::invoice::{Detail, Invoice, ItemIndex};
use crate::model::item_label::ItemLabel;
use crate::model::printed::{self, PrintedFigures, PrintedRounding};
use crate::model::settings::DetailLevel;

/// Approximate lines of the appendix per page, and lines that a group needs besides its rows.
const PAGE_LINES: usize = 48;
const GROUP_LINES: usize = 4;

/// Maximum estimated pages of an appendix without a table of contents.
const PAGES_WITHOUT_CONTENTS: usize = 20;

/// Whether an appendix is so long that it needs a table of contents.
pub(super) fn has_contents(groups: &[GroupView<'_>]) -> bool {
    let lines: usize = groups.iter().map(|group| group.rows.len() + GROUP_LINES).sum();
    groups.len() > 1 && lines > PAGES_WITHOUT_CONTENTS * PAGE_LINES
}

/// A line of the appendix with its sums.
struct LineTotals {
    day: u8,
    name: NameId,
    /// An item it is part of; those added up to one line have one label.
    item: ItemIndex,
    resource: NameId,
    resource_name: NameId,
    quantity: Option<Sum>,
    unit: &'static str,
    unit_price: Option<Amount>,
    amount: Sum,
    shared: bool,
}

/// The appendix; `longest_fraction` is in characters.
#[derive(Debug, Default)]
pub(super) struct Appendix<'a> {
    pub(super) groups: Vec<GroupView<'a>>,
    pub(super) columns: AppendixColumns,
    pub(super) closing: Vec<ClosingRow<'a>>,
    pub(super) longest_fraction: usize,
}

pub(super) fn appendix<'a>(
    bill: &'a Bill,
    customer: &Customer,
    invoice: &'a Invoice,
    labels: &'a BTreeMap<String, String>,
    item_labels: &[ItemLabel<'a>],
) -> Result<Appendix<'a>, TooLong> {
    let mut columns = AppendixColumns::default();
    if customer.invoice.details == DetailLevel::None {
        return Ok(Appendix::default());
    }
    let lines = lines(bill, invoice, customer.invoice.details, item_labels)?;
    let mut by_resource: BTreeMap<(bool, &str), Vec<&LineTotals>> = BTreeMap::new();
    for line in &lines {
        // Charges without a resource come last.
        let key = (line.resource == EMPTY, bill.names.get(line.resource));
        by_resource.entry(key).or_default().push(line);
    }
    let mut groups = Vec::with_capacity(by_resource.len());
    for ((_, resource), lines) in by_resource {
        let mut rows = Vec::with_capacity(lines.len());
        let mut subtotal = Sum::default();
        for line in &lines {
            let amount = line.amount.total()?;
            subtotal.add(amount)?;
            let label = &item_labels[line.item.0 as usize];
            let row = detail_row(bill, line, label, amount, (invoice, customer))?;
            columns.rounded |= row.is_rounded;
            columns.rounded_amount |= printed::amount(amount, invoice.currency)? != amount;
            columns.date |= !row.date.is_empty();
            columns.quantity |= !row.quantity.is_empty();
            columns.unit |= !row.unit.is_empty();
            columns.unit_price |= !row.unit_price.is_empty();
            columns.shared |= row.shared;
            rows.push(row);
        }
        let resource_name = lines.first().map_or("", |line| bill.names.get(line.resource_name));
        let heading = match (resource, resource_name) {
            ("", _) => labels.get("no_resource").cloned().unwrap_or_default(),
            (resource, "") => resource.to_owned(),
            (resource, name) => format!("{resource}　{name}"),
        };
        let subtotal = Split::new(printed::amount(subtotal.total()?, invoice.currency)?, invoice.currency);
        let id = format!("group-{}", groups.len() + 1);
        groups.push(GroupView { id, resource, resource_name, heading, rows, subtotal });
    }
    let closing = if groups.is_empty() { Vec::new() } else { closing(invoice, labels)? };
    let (longest_fraction, _) = columns.fit(&groups, &closing);
    Ok(Appendix { groups, columns, closing, longest_fraction })
}

fn detail_row<'a>(
    bill: &'a Bill,
    line: &LineTotals,
    label: &ItemLabel<'a>,
    amount: Amount,
    (invoice, customer): (&Invoice, &Customer),
) -> Result<DetailView<'a>, TooLong> {
    let date = match line.day {
        0 => String::new(),
        day => format!("{:02}-{day:02}", bill.month.first().month()),
    };
    let printed = printed::amount(amount, invoice.currency)?;
    let quantity = line.quantity.map(Sum::total).transpose()?;
    let quantity = quantity.and_then(|quantity| label.printed_quantity(quantity, line.shared));
    let price = line.unit_price.and_then(|price| label.printed_unit_price(price));
    let rounding = PrintedRounding::of_details(&customer.pricing, invoice.currency);
    let PrintedFigures { quantity, unit_price } = PrintedFigures::beside(printed, rounding, quantity, price);
    let name = bill.names.get(line.name);
    Ok(DetailView {
        date,
        name,
        label: label.name_or(name),
        unit: quantity.map_or("", |_| label.unit.unwrap_or_else(|| unit_text(line.unit, customer.invoice.language))),
        quantity: quantity.map_or_else(String::new, |quantity| quantity.grouped()),
        unit_price: unit_price.map_or_else(String::new, |price| grouped(price, 0)),
        is_rounded: quantity.is_some_and(|quantity| quantity.is_cut),
        amount: Split::new(printed, invoice.currency),
        shared: line.shared,
    })
}

/// The invoice's details as lines: one per detail, or summed by day, resource and item, or by resource and item.
fn lines(
    bill: &Bill,
    invoice: &Invoice,
    level: DetailLevel,
    item_labels: &[ItemLabel<'_>],
) -> Result<Vec<LineTotals>, TooLong> {
    let mut lines: Vec<LineTotals> = Vec::new();
    // Items of one name, such as usage and a discount, are one line as long as they read alike.
    let mut first: BTreeMap<&ItemLabel<'_>, u32> = BTreeMap::new();
    let alike: Vec<u32> = (0..).zip(item_labels).map(|(item, label)| *first.entry(label).or_insert(item)).collect();
    let mut known: BTreeMap<(NameId, u8, NameId, u32, bool), usize> = BTreeMap::new();
    for detail in &invoice.details {
        let new = line(bill, invoice, detail, level)?;
        let index = match level {
            DetailLevel::Rows | DetailLevel::None => lines.len(),
            DetailLevel::Daily | DetailLevel::Resource => {
                let label = alike[detail.item.0 as usize];
                *known.entry((new.resource, new.day, new.name, label, new.shared)).or_insert(lines.len())
            }
        };
        match lines.get_mut(index) {
            None => lines.push(new),
            Some(line) => {
                line.amount.add(invoice.amount(detail))?;
                line.quantity = match (line.quantity, new.quantity) {
                    (Some(mut sum), Some(more)) => {
                        sum.add(more.total()?)?;
                        Some(sum)
                    }
                    _ => None,
                };
                line.unit_price = line.unit_price.filter(|price| Some(*price) == new.unit_price);
            }
        }
    }
    Ok(lines)
}

fn line(bill: &Bill, invoice: &Invoice, detail: &Detail, level: DetailLevel) -> Result<LineTotals, TooLong> {
    let charge = bill.charge(detail.charge);
    let subject = bill.subject(charge);
    let quantity = invoice.detail_quantity(bill, detail);
    let mut amount = Sum::default();
    amount.add(invoice.amount(detail))?;
    let sum = |quantity| {
        let mut sum = Sum::default();
        sum.add(quantity).map(|()| sum)
    };
    Ok(LineTotals {
        day: if level == DetailLevel::Resource { 0 } else { charge.day },
        name: charge.item,
        item: detail.item,
        resource: subject.resource,
        resource_name: subject.resource_name,
        quantity: quantity.map(sum).transpose()?,
        unit: bill.unit(subject.source, charge.item),
        unit_price: invoice.unit_price(detail),
        amount,
        shared: invoice.share(detail).is_some(),
    })
}
