//! The rows of an invoice's items, in the order in which they are printed: under their headings, then those of no heading.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::format::{grouped, money, unit_text};
use super::view::{RowView, category_word};
use crate::model::amount::{Sum, TooLong};
use crate::model::invoice::{Invoice, ItemKind, LineItem};
use crate::model::item_label::ItemLabel;
use crate::model::printed::PrintedItem;
use crate::model::settings::{Language, Settings};
use crate::model::tax::TaxCategory;

/// Items with what readers see of them.
#[derive(Clone, Copy)]
pub(super) struct ItemRows<'a, 'l> {
    pub(super) settings: &'a Settings,
    pub(super) invoice: &'a Invoice,
    /// By item.
    pub(super) item_labels: &'l [ItemLabel<'a>],
    /// By item.
    pub(super) printed: &'l [PrintedItem],
    /// The words of the templates.
    pub(super) words: &'a BTreeMap<String, String>,
    pub(super) language: Language,
}

/// What stands above some rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TablePart<'a> {
    /// A heading of `[[item]]` tables.
    Heading(&'a str),
    /// What is under no heading: of a source, where the invoice has charges of several.
    Source(&'a str),
}

/// Where an item without an order stands: behind those that have one.
const UNORDERED: i64 = i64::MAX;

impl<'a> ItemRows<'a, '_> {
    /// The rows of some kinds of items.
    ///
    /// # Errors
    /// When the sum of a heading has too many digits.
    pub(super) fn rows(&self, wanted: fn(ItemKind) -> bool) -> Result<Vec<RowView<'a>>, TooLong> {
        let items = self.invoice.items.iter().zip(self.item_labels).enumerate();
        let items = items.filter(|(_, (item, _))| wanted(item.kind));
        let has_sections = has_several_sources(self.invoice);
        let part = |item: &'a LineItem, label: &ItemLabel<'a>| match label.heading {
            Some(heading) => TablePart::Heading(heading),
            None if has_sections => TablePart::Source(&item.source),
            None => TablePart::Source(""),
        };
        let mut rows: Vec<(TablePart<'a>, i64, usize)> =
            items.map(|(index, (item, label))| (part(item, label), label.order.unwrap_or(UNORDERED), index)).collect();
        // A part stands where the smallest order in it says, and of equal ones where its first item is.
        let mut first: BTreeMap<TablePart<'a>, (i64, usize)> = BTreeMap::new();
        for (part, order, index) in &rows {
            let place = first.entry(*part).or_insert((*order, *index));
            *place = ((*order).min(place.0), place.1);
        }
        rows.sort_by_key(|(part, order, index)| {
            (matches!(part, TablePart::Source(_)), first.get(part).copied(), *order, *index)
        });
        let mut views = Vec::with_capacity(rows.len());
        let mut above = None;
        for (part, _, index) in &rows {
            let mut view = self.row(*index)?;
            let is_first = above != Some(*part);
            above = Some(*part);
            match *part {
                TablePart::Heading(heading) => {
                    view.is_headed = true;
                    if is_first {
                        view.heading = heading;
                        let below = rows.iter().filter(|(other, ..)| other == part);
                        let sum = Sum::of(below.map(|(_, _, index)| self.printed[*index].amount))?;
                        view.heading_amount = money(sum, self.invoice.currency, 0);
                    }
                }
                TablePart::Source(source) if is_first && has_sections => view.section = self.section(view.kind, source),
                TablePart::Source(_) => {}
            }
            views.push(view);
        }
        Ok(views)
    }

    /// What invoices call a source; none above adjustments, which are of all.
    fn section(&self, kind: ItemKind, source: &'a str) -> &'a str {
        if matches!(kind, ItemKind::Carried | ItemKind::IncludedTax | ItemKind::Rounding) {
            return "";
        }
        match self.settings.source(source) {
            Some(source) => source.title.as_ref().unwrap_or(&source.name),
            // Fees, adjustments and the minimum have no source: they are the issuer's own.
            None if kind == ItemKind::Discount => self.words.get("own_discounts").map_or("", String::as_str),
            None => self.words.get("fees").map_or("", String::as_str),
        }
    }

    /// What stands behind the name: ※ for the reduced rate, and that the price includes the tax.
    fn mark(&self, item: &LineItem) -> String {
        let reduced = if item.tax_category == TaxCategory::Reduced { "※" } else { "" };
        let is_price = item.tax_included && item.kind != ItemKind::IncludedTax;
        let included = if is_price { self.words.get("tax_included_mark").map_or("", String::as_str) } else { "" };
        let between = if reduced.is_empty() || included.is_empty() { "" } else { " " };
        format!("{reduced}{between}{included}")
    }

    /// The small print below the name: for the tax in prices, how it is computed from their printed sum.
    fn note(&self, item: &'a LineItem, label: &ItemLabel<'a>) -> Result<Cow<'a, str>, TooLong> {
        if item.kind != ItemKind::IncludedTax {
            let own = item.adjusted.as_ref().and_then(|own| own.note.as_deref());
            return Ok(Cow::Borrowed(label.note.or(own).unwrap_or_default()));
        }
        let group = item.tax_group();
        let of_group = self
            .invoice
            .items
            .iter()
            .zip(self.printed)
            .filter(|(other, _)| other.tax_group() == group && other.kind != ItemKind::IncludedTax);
        let prices = money(Sum::of(of_group.map(|(_, printed)| printed.amount))?, self.invoice.currency, 0);
        let percent = group.rate.percent;
        let word = self.words.get("included_tax_note").map_or("", String::as_str);
        Ok(Cow::Owned(format!("{word} {prices} × {percent}/{}", 100 + percent)))
    }

    fn row(&self, index: usize) -> Result<RowView<'a>, TooLong> {
        let item = &self.invoice.items[index];
        let label = &self.item_labels[index];
        let PrintedItem { figures, amount } = self.printed[index];
        let quantity = figures.quantity;
        Ok(RowView {
            line: self.invoice.line_of(index).map_or_else(String::new, |line| line.to_string()),
            id: format!("item-{}", index + 1),
            index,
            part: String::new(),
            stays: false,
            kind: item.kind,
            source: &item.source,
            section: "",
            heading: "",
            heading_amount: String::new(),
            is_headed: false,
            name: &item.name,
            label: label.name_or(&item.name),
            note: self.note(item, label)?,
            mark: self.mark(item),
            unit: quantity.map_or("", |_| label.unit.unwrap_or_else(|| unit_text(&item.unit, self.language))),
            quantity: quantity.map_or_else(String::new, |quantity| quantity.grouped()),
            unit_price: figures.unit_price.map_or_else(String::new, |price| grouped(price, 0)),
            amount: money(amount, self.invoice.currency, 0),
            tax_category: item.tax_category,
            tax_rate: match item.tax_category.is_taxed() {
                true => item.tax_rate.to_string(),
                false => category_word(item.tax_category, self.language).to_owned(),
            },
        })
    }

    /// Whether any printed quantity was cut, so that it need not multiply out.
    pub(super) fn has_rounded_quantity(&self) -> bool {
        self.printed.iter().filter_map(|item| item.figures.quantity).any(|quantity| quantity.is_cut)
    }

    /// Whether any amount is printed with fewer decimals than it has.
    pub(super) fn has_rounded_amount(&self) -> bool {
        self.printed.iter().zip(&self.invoice.items).any(|(printed, item)| printed.amount != item.amount)
    }
}

/// Whether an invoice has charges of more than one source.
pub(super) fn has_several_sources(invoice: &Invoice) -> bool {
    let mut used = invoice.items.iter().map(|item| &item.source).filter(|source| !source.is_empty());
    let first = used.next();
    used.any(|source| Some(source) != first)
}
