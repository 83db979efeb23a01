//! The rows of an invoice's items, in the order in which they are printed: under their headings, then those of no heading;
//! section by section where the invoice has sections.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::divisions::{divisions, has_sections};
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
    /// The discounts of a section that are under no heading.
    Discounts,
}

impl TablePart<'_> {
    /// Where it stands among the parts of a section: headings come first.
    fn rank(self) -> u8 {
        match self {
            TablePart::Heading(_) => 0,
            TablePart::Source(_) => 1,
            TablePart::Discounts => 2,
        }
    }
}

/// A row to be printed.
struct TableRow<'a> {
    /// Where its section stands.
    division: usize,
    part: TablePart<'a>,
    order: i64,
    /// Position of the item.
    index: usize,
}

/// Where an item without an order stands: behind those that have one.
const UNORDERED: i64 = i64::MAX;

impl<'a> ItemRows<'a, '_> {
    /// The rows of some items.
    ///
    /// # Errors
    /// When the sum of a heading or section has too many digits.
    pub(super) fn rows(&self, wanted: impl Fn(&LineItem) -> bool) -> Result<Vec<RowView<'a>>, TooLong> {
        let divisions = divisions(self.invoice);
        let items = self.invoice.items.iter().zip(self.item_labels).enumerate();
        let items = items.filter(|(_, (item, _))| wanted(item));
        let has_sources = has_several_sources(self.invoice);
        let part = |item: &'a LineItem, label: &ItemLabel<'a>| match label.heading {
            Some(heading) => TablePart::Heading(heading),
            None if item.section.is_some() && item.kind == ItemKind::Discount => TablePart::Discounts,
            None if has_sources => TablePart::Source(&item.source),
            None => TablePart::Source(""),
        };
        let mut rows: Vec<TableRow<'a>> = items
            .map(|(index, (item, label))| TableRow {
                division: divisions[index],
                part: part(item, label),
                order: label.order.unwrap_or(UNORDERED),
                index,
            })
            .collect();
        // A part stands where the smallest order in it says, and of equal ones where its first item is.
        let mut first: BTreeMap<(usize, TablePart<'a>), (i64, usize)> = BTreeMap::new();
        for row in &rows {
            let place = first.entry((row.division, row.part)).or_insert((row.order, row.index));
            *place = (row.order.min(place.0), place.1);
        }
        rows.sort_by_key(|row| {
            let place = first.get(&(row.division, row.part)).copied();
            (row.division, row.part.rank(), place, row.order, row.index)
        });
        let (mut of_parts, mut of_divisions) = (BTreeMap::new(), BTreeMap::new());
        for row in &rows {
            let amount = self.printed[row.index].amount;
            of_parts.entry((row.division, row.part)).or_insert_with(Sum::default).add(amount)?;
            of_divisions.entry(row.division).or_insert_with(Sum::default).add(amount)?;
        }
        let text = |sum: Option<&Sum>| match sum {
            Some(sum) => Ok(money(sum.total()?, self.invoice.currency, 0)),
            None => Ok(String::new()),
        };
        let mut views = Vec::with_capacity(rows.len());
        let mut above: Option<&TableRow<'a>> = None;
        for row in &rows {
            let mut view = self.row(row.index)?;
            let begins = above.is_none_or(|above| above.division != row.division);
            let is_first = begins || above.is_some_and(|above| above.part != row.part);
            above = Some(row);
            let division = if begins { self.division(row.index) } else { "" };
            if !division.is_empty() {
                view.division = division;
                view.division_amount = text(of_divisions.get(&row.division))?;
            }
            match row.part {
                TablePart::Heading(heading) => {
                    view.is_headed = true;
                    if is_first {
                        view.heading = heading;
                        view.heading_amount = text(of_parts.get(&(row.division, row.part)))?;
                    }
                }
                TablePart::Source(source) if is_first && has_sources => view.section = self.section(view.kind, source),
                TablePart::Discounts if is_first => view.section = self.word("discounts"),
                TablePart::Source(_) | TablePart::Discounts => {}
            }
            views.push(view);
        }
        Ok(views)
    }

    fn word(&self, key: &str) -> &'a str {
        self.words.get(key).map_or("", String::as_str)
    }

    /// The name above the first row of a section, and above that of what is charged outside all sections; empty on invoices
    /// without sections, and for discounts and adjustments outside, which have parts of their own.
    fn division(&self, index: usize) -> &'a str {
        let item = &self.invoice.items[index];
        match &item.section {
            Some(section) => &section.name,
            None if has_sections(self.invoice) && item.kind.is_charged() => self.word("outside_sections"),
            None => "",
        }
    }

    /// What invoices call a source; none above adjustments, which are of all.
    fn section(&self, kind: ItemKind, source: &'a str) -> &'a str {
        if matches!(kind, ItemKind::Carried | ItemKind::IncludedTax | ItemKind::Rounding) {
            return "";
        }
        match self.settings.source(source) {
            Some(source) => source.title.as_ref().unwrap_or(&source.name),
            // Fees, adjustments and the minimum have no source: they are the issuer's own.
            None if kind == ItemKind::Discount => self.word("own_discounts"),
            None => self.word("fees"),
        }
    }

    /// What stands behind the name: ※ for the reduced rate, and that the price includes the tax.
    fn mark(&self, item: &LineItem) -> String {
        let reduced = if is_marked(item, self.invoice) { "※" } else { "" };
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
        let (percent, whole) = (group.rate.percent(), group.rate.percent_with_price());
        let word = self.words.get("included_tax_note").map_or("", String::as_str);
        Ok(Cow::Owned(format!("{word} {prices} × {percent}/{whole}")))
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
            division: "",
            division_amount: String::new(),
            section: "",
            heading: "",
            heading_amount: String::new(),
            is_headed: false,
            name: item.qualified_name(),
            label: label.name_of(item),
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

/// Whether an item has the mark ※ of Japan's reduced rate.
pub(super) fn is_marked(item: &LineItem, invoice: &Invoice) -> bool {
    item.tax_category == TaxCategory::Reduced && invoice.tax_regime.is_japan()
}

/// Whether an invoice has charges of more than one source.
pub(super) fn has_several_sources(invoice: &Invoice) -> bool {
    let mut used = invoice.items.iter().map(|item| &item.source).filter(|source| !source.is_empty());
    let first = used.next();
    used.any(|source| Some(source) != first)
}
