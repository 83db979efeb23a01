//! Lists of charges by resource: every row (`rows`), or a row an item (`resource`).

use std::collections::BTreeMap;

use super::columns::AppendixColumns;
use super::figures::Split;
use super::groups::{DetailView, GroupView};
use super::resources::Resources;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, ChargeDate, NameId};
use crate::model::customer::Customer;
use crate::model::figures::grouped;
use crate::model::invoice::{Detail, Invoice, ItemIndex};
use crate::model::item_label::ItemLabel;
use crate::model::printed::{self, PrintedFigures, PrintedRounding};
use crate::model::settings::DetailLevel;
use crate::render::format::unit_text;

/// A line of the appendix with its sums.
struct LineTotals<'a> {
    date: ChargeDate,
    name: NameId,
    /// An item it is part of; those added up to one line have one label.
    item: ItemIndex,
    /// Its resource's position in the list of resources, behind that of its section.
    place: (usize, usize),
    quantity: Option<Sum>,
    unit: &'a str,
    unit_price: Option<Amount>,
    amount: Sum,
    /// Shared with others, and divided by days.
    marks: (bool, bool),
}

/// Everything that lists are made of.
pub(super) struct Lists<'a, 'i> {
    pub(super) bill: &'a Bill,
    pub(super) customer: &'i Customer,
    pub(super) invoice: &'i Invoice,
    pub(super) item_labels: &'i [ItemLabel<'a>],
    /// By item, where its section stands.
    pub(super) divisions: &'i [usize],
    /// `Rows` or `Resource`.
    pub(super) level: DetailLevel,
}

impl<'a> Lists<'a, '_> {
    /// A list for each resource; notes in `columns` what they have, and in `anchors` the first row of each item.
    pub(super) fn groups(
        &self,
        resources: &Resources<'a>,
        columns: &mut AppendixColumns,
        anchors: &mut [String],
    ) -> Result<Vec<GroupView<'a>>, TooLong> {
        let mut by_resource: BTreeMap<(usize, usize), Vec<LineTotals<'_>>> = BTreeMap::new();
        for line in self.lines(resources)? {
            by_resource.entry(line.place).or_default().push(line);
        }
        let mut groups = Vec::with_capacity(by_resource.len());
        for ((section, resource), lines) in by_resource {
            let resource = &resources.list[resource];
            let mut rows = Vec::with_capacity(lines.len());
            let mut subtotal = Sum::default();
            for line in &lines {
                let amount = line.amount.total()?;
                subtotal.add(amount)?;
                let mut row = self.row(line, amount)?;
                let anchor = &mut anchors[line.item.0 as usize];
                if anchor.is_empty() {
                    row.item = (line.item.0 + 1).to_string();
                    row.id = format!("use-{}", row.item);
                    anchor.clone_from(&row.id);
                }
                columns.rounded |= row.is_rounded;
                columns.rounded_amount |= printed::amount(amount, self.invoice.currency)? != amount;
                columns.date |= !row.date.is_empty();
                columns.quantity |= !row.quantity.is_empty();
                columns.unit |= !row.unit.is_empty();
                columns.unit_price |= !row.unit_price.is_empty();
                columns.shared |= row.shared;
                columns.by_days |= row.by_days;
                rows.push(row);
            }
            let currency = self.invoice.currency;
            let subtotal = Split::new(printed::amount(subtotal.total()?, currency)?, currency);
            let id = format!("group-{}", groups.len() + 1);
            let (resource, resource_name) = (resource.id, resource.name);
            groups.push(GroupView { section, id, resource, resource_name, rows, subtotal, ..GroupView::default() });
        }
        Ok(groups)
    }

    fn row(&self, line: &LineTotals<'a>, amount: Amount) -> Result<DetailView<'a>, TooLong> {
        let Lists { bill, customer, invoice, .. } = *self;
        let label = &self.item_labels[line.item.0 as usize];
        let (shared, by_days) = line.marks;
        let date = match line.date {
            ChargeDate::Other(other) => other.to_string(),
            ChargeDate::Month => String::new(),
            ChargeDate::Day(day) => format!("{:02}-{day:02}", bill.month.number()),
        };
        let printed = printed::amount(amount, invoice.currency)?;
        let quantity = line.quantity.map(Sum::total).transpose()?;
        let rounding = PrintedRounding::of_details(&customer.pricing, invoice.currency);
        let PrintedFigures { quantity, unit_price } =
            label.printed_figures((printed, rounding), quantity, shared || by_days, line.unit_price);
        let name = bill.names.get(line.name);
        Ok(DetailView {
            id: String::new(),
            item: String::new(),
            date,
            name,
            label: label.name_or(name),
            unit: quantity
                .map_or("", |_| label.unit.unwrap_or_else(|| unit_text(line.unit, customer.invoice.language))),
            quantity: quantity.map_or_else(String::new, |quantity| quantity.grouped()),
            unit_price: unit_price.map_or_else(String::new, |price| grouped(price, 0)),
            is_rounded: quantity.is_some_and(|quantity| quantity.is_cut),
            amount: Split::new(printed, invoice.currency),
            shared,
            by_days,
        })
    }

    /// The invoice's details as lines: one per detail, or summed by resource and item.
    fn lines(&self, resources: &Resources<'_>) -> Result<Vec<LineTotals<'a>>, TooLong> {
        let Lists { invoice, item_labels, .. } = *self;
        let mut lines: Vec<LineTotals<'a>> = Vec::new();
        // Items of one name, such as usage and a discount, are one line as long as they read alike.
        let mut first: BTreeMap<&ItemLabel<'_>, u32> = BTreeMap::new();
        let alike: Vec<u32> = (0..).zip(item_labels).map(|(item, label)| *first.entry(label).or_insert(item)).collect();
        let mut known: BTreeMap<_, usize> = BTreeMap::new();
        for detail in &invoice.details {
            let Some(place) = resources.place(self.bill, detail) else { continue };
            let new = self.line(detail, (self.divisions[detail.item.0 as usize], place))?;
            let index = if self.level == DetailLevel::Resource {
                let label = alike[detail.item.0 as usize];
                *known.entry((new.place, new.name, label, new.marks)).or_insert(lines.len())
            } else {
                lines.len()
            };
            match lines.get_mut(index) {
                None => lines.push(new),
                Some(line) => {
                    line.amount.add(invoice.amount(detail))?;
                    line.quantity = match (line.quantity, new.quantity) {
                        (Some(mut sum), Some(more)) if line.unit == new.unit => {
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

    fn line(&self, detail: &Detail, place: (usize, usize)) -> Result<LineTotals<'a>, TooLong> {
        let Lists { bill, invoice, level, .. } = *self;
        let charge = bill.charge(detail.charge);
        let quantity = invoice.detail_quantity(bill, detail);
        let mut amount = Sum::default();
        amount.add(invoice.amount(detail))?;
        let sum = |quantity| {
            let mut sum = Sum::default();
            sum.add(quantity).map(|()| sum)
        };
        Ok(LineTotals {
            date: if level == DetailLevel::Resource { ChargeDate::Month } else { bill.date(charge) },
            name: charge.item,
            item: detail.item,
            place,
            quantity: quantity.map(sum).transpose()?,
            unit: bill.unit_of(charge),
            unit_price: invoice.unit_price(detail),
            amount,
            marks: invoice.share(detail).map_or((false, false), |share| (!share.is_own(), share.is_own())),
        })
    }
}
