//! Builds the appendix of an invoice: its details as lines, grouped by resource.

use std::collections::BTreeMap;

use chrono::Datelike;
use serde::Serialize;

use super::format::{grouped, money, unit_text};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, EMPTY, NameId};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::invoice::{Detail, Invoice, ItemIndex};
use crate::model::item_label::ItemLabel;
use crate::model::settings::{DetailLevel, Language};

/// Columns of the appendix that have any content, and their widths.
#[derive(Debug, Default, Serialize)]
pub struct AppendixColumns {
    pub date: bool,
    pub quantity: bool,
    pub unit: bool,
    pub unit_price: bool,
    pub fraction: bool,
    pub shared: bool,
    /// Whether a quantity was cut.
    pub rounded: bool,
    /// Widths of columns in CSS; empty where the design's own widths are enough.
    pub quantity_width: String,
    pub unit_price_width: String,
    pub amount_width: String,
}

/// Tenths of points that a text takes at 8 pt: digits of the built-in face are up to 0.76 em wide.
fn text_width(text: &str) -> usize {
    let width = |letter| match letter {
        '0'..='9' => 61,
        ',' | '.' => 27,
        _ => 80,
    };
    text.chars().map(width).sum()
}

/// Padding on both sides of a cell, in tenths of points: 3 mm.
const PADDING: usize = 85;

/// Maximum width of all columns of figures, in tenths of points: 115 mm, so that names keep room beside dates and
/// units.
const FIGURES: usize = 3260;

impl AppendixColumns {
    /// Fits the columns to their figures. Returns the length of the longest fraction in characters, and whether all
    /// figures fit: in columns of fixed width, a figure that is too long would be printed over its neighbour.
    pub(super) fn fit(&mut self, groups: &[GroupView<'_>]) -> (usize, bool) {
        let rows = || groups.iter().flat_map(|group| &group.rows);
        let amounts = || rows().map(|row| &row.amount).chain(groups.iter().map(|group| &group.subtotal));
        let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text_width(text)).max().unwrap_or(0);
        let longest_fraction = amounts().map(|amount| amount.fraction.len()).max().unwrap_or(0);
        self.fraction = longest_fraction > 0;
        // A figure may use half of the padding before its column gets wider than the design's 28, 20 or 18 mm.
        let fitted = |text: usize, usual: usize| {
            let is_wider = text + PADDING / 2 > usual;
            let width = if is_wider { text + PADDING } else { usual };
            (width, if is_wider { format!("{}.{}pt", width / 10, width % 10) } else { String::new() })
        };
        let (quantity, quantity_width) = fitted(widest(&mut rows().map(|row| &row.quantity)), 794);
        let (unit_price, unit_price_width) = fitted(widest(&mut rows().map(|row| &row.unit_price)), 567);
        let (amount, amount_width) = fitted(widest(&mut amounts().map(|amount| &amount.whole)), 510);
        let fraction = if self.fraction { longest_fraction * 61 + 20 } else { 0 };
        self.quantity_width = quantity_width;
        self.unit_price_width = unit_price_width;
        self.amount_width = amount_width;
        let columns = [(self.quantity, quantity), (self.unit_price, unit_price), (true, amount + fraction)];
        let taken: usize = columns.into_iter().filter(|(is_there, _)| *is_there).map(|(_, width)| width).sum();
        (longest_fraction, taken <= FIGURES)
    }
}

#[derive(Debug, Serialize)]
pub struct GroupView<'a> {
    pub id: String,
    pub resource: &'a str,
    pub resource_name: &'a str,
    pub heading: String,
    pub rows: Vec<DetailView<'a>>,
    pub subtotal: Split,
}

#[derive(Debug, Serialize)]
pub struct DetailView<'a> {
    pub date: String,
    pub name: &'a str,
    pub label: &'a str,
    pub quantity: String,
    pub unit: &'a str,
    pub unit_price: String,
    pub amount: Split,
    pub shared: bool,
    #[serde(skip)]
    pub is_rounded: bool,
}

/// An amount split at its point, so that templates can align figures with many decimals.
#[derive(Debug, Serialize)]
pub struct Split {
    pub whole: String,
    pub fraction: String,
}

impl Split {
    fn new(amount: Amount, currency: Currency) -> Split {
        let text = money(amount, currency, 0);
        match text.split_once('.') {
            Some((whole, fraction)) => Split { whole: whole.to_owned(), fraction: format!(".{fraction}") },
            None => Split { whole: text, fraction: String::new() },
        }
    }
}

/// CSS width of a column for fractions of that many characters at 8 pt: digits of the built-in face are up to 0.76 em
/// wide, and the cell's padding fits into what the point is narrower.
pub(super) fn fraction_width(characters: usize) -> String {
    let tenths_of_points = characters * 61 + 20;
    format!("{}.{}pt", tenths_of_points / 10, tenths_of_points % 10)
}

/// CSS width, in em of the surrounding text, for the longest fraction of these amounts; empty where all have the same
/// number of decimals and so align without it.
pub(super) fn shared_fraction_width<'a>(amounts: impl Iterator<Item = &'a str>) -> String {
    let amounts = amounts.filter(|amount| !amount.is_empty());
    let lengths = amounts.map(|amount| amount.find('.').map_or(0, |point| amount.len() - point));
    let (least, most) = lengths.fold((usize::MAX, 0), |(least, most), length| (least.min(length), most.max(length)));
    if least >= most {
        return String::new();
    }
    // The point of the built-in faces is up to 0.33 em wide, a digit 0.76 em.
    let hundredths = 33 + (most - 1) * 76;
    format!("{}.{:02}em", hundredths / 100, hundredths % 100)
}

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

/// Groups, columns, and the length of the longest fraction in characters.
pub(super) type Appendix<'a> = (Vec<GroupView<'a>>, AppendixColumns, usize);

pub(super) fn appendix<'a>(
    bill: &'a Bill,
    customer: &Customer,
    invoice: &'a Invoice,
    labels: &BTreeMap<String, String>,
    item_labels: &[ItemLabel<'a>],
) -> Result<Appendix<'a>, TooLong> {
    let mut columns = AppendixColumns::default();
    if customer.invoice.details == DetailLevel::None {
        return Ok((Vec::new(), columns, 0));
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
            let row = detail_row(bill, line, label, amount, (invoice.currency, customer.invoice.language))?;
            columns.rounded |= row.is_rounded;
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
        let subtotal = Split::new(subtotal.total()?, invoice.currency);
        let id = format!("group-{}", groups.len() + 1);
        groups.push(GroupView { id, resource, resource_name, heading, rows, subtotal });
    }
    let (longest, _) = columns.fit(&groups);
    Ok((groups, columns, longest))
}

fn detail_row<'a>(
    bill: &'a Bill,
    line: &LineTotals,
    label: &ItemLabel<'a>,
    amount: Amount,
    (currency, language): (Currency, Language),
) -> Result<DetailView<'a>, TooLong> {
    let date = match line.day {
        0 => String::new(),
        day => format!("{:02}-{day:02}", bill.month.first().month()),
    };
    let quantity = line.quantity.map(Sum::total).transpose()?.and_then(|quantity| label.printed_quantity(quantity));
    let price = line.unit_price.and_then(|price| label.printed_unit_price(price));
    let name = bill.names.get(line.name);
    Ok(DetailView {
        date,
        name,
        label: label.name_or(name),
        unit: quantity.map_or("", |_| label.unit.unwrap_or_else(|| unit_text(line.unit, language))),
        quantity: quantity.map_or_else(String::new, |quantity| quantity.grouped()),
        unit_price: price.map_or_else(String::new, |price| grouped(price, 0)),
        is_rounded: quantity.is_some_and(|quantity| quantity.is_cut),
        amount: Split::new(amount, currency),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The point and four digits: 0.33 + 4 × 0.76 em.
    #[test]
    fn only_amounts_with_different_decimals_need_room() {
        let width = |amounts: &[&str]| shared_fraction_width(amounts.iter().copied());
        assert_eq!(width(&["¥356.5", "-¥14.4325", "¥115", ""]), "3.37em");
        for alike in [&["$1.50", "", "-$1,234.00"][..], &["¥1", "¥1,234"], &[]] {
            assert_eq!(width(alike), "");
        }
    }

    /// Tenths of points by hand: 123,456,789,012 takes 12 × 61 + 3 × 27 = 813, and 85 of padding; ¥1,234,567 takes
    /// 80 + 7 × 61 + 2 × 27 = 561 and 85.
    #[test]
    fn columns_get_wider_only_for_long_figures() {
        let fitted = |quantity: &str, amount: &str| {
            let amount = || Split { whole: amount.to_owned(), fraction: String::new() };
            let row = DetailView {
                date: String::new(),
                name: "data",
                label: "data",
                quantity: quantity.to_owned(),
                unit: "",
                unit_price: String::new(),
                amount: amount(),
                shared: false,
                is_rounded: false,
            };
            let group = GroupView {
                id: String::new(),
                resource: "",
                resource_name: "",
                heading: String::new(),
                rows: vec![row],
                subtotal: amount(),
            };
            let mut columns = AppendixColumns { quantity: true, ..AppendixColumns::default() };
            let (_, has_room) = columns.fit(&[group]);
            (columns.quantity_width, columns.amount_width, has_room)
        };
        let widths = |quantity: &str, amount: &str| (quantity.to_owned(), amount.to_owned(), true);
        assert_eq!(fitted("12,345,678,901", "¥12,345"), widths("", ""));
        assert_eq!(fitted("123,456,789,012", "¥1,234,567"), widths("89.8pt", "64.6pt"));
        let long = "1,234,567,890,123,456,789,012,345,678";
        assert!(!fitted(long, long).2);
    }
}
