//! The rows of a document: a charge each, and what rounding added.

use chrono::{Days, NaiveDate};

use super::document::{Detail, Document, Item};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::invoice::{DocumentKind, ItemKind};
use crate::model::language::Language;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceKind;

/// ChargeCategory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    Usage,
    Purchase,
    Credit,
    Adjustment,
}

impl Category {
    /// The word of FOCUS.
    pub(super) fn name(self) -> &'static str {
        match self {
            Category::Usage => "Usage",
            Category::Purchase => "Purchase",
            Category::Credit => "Credit",
            Category::Adjustment => "Adjustment",
        }
    }

    fn of(kind: ItemKind) -> Category {
        match kind {
            ItemKind::Usage => Category::Usage,
            ItemKind::Fee | ItemKind::Adjustment => Category::Purchase,
            ItemKind::Discount => Category::Credit,
            ItemKind::Minimum | ItemKind::Carried | ItemKind::Rounding | ItemKind::IncludedTax => Category::Adjustment,
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) category: Category,
    /// ChargeFrequency.
    pub(super) frequency: &'static str,
    /// The first day of the charge's period, and the day after the last.
    pub(super) period: (NaiveDate, NaiveDate),
    pub(super) amount: Amount,
    /// Name for readers.
    pub(super) service: &'a str,
    pub(super) service_category: &'static str,
    pub(super) description: String,
    /// Id and name; both empty where it is of none.
    pub(super) resource: (&'a str, &'a str),
    /// Number of units, and their unit.
    pub(super) quantity: Option<(Amount, &'a str)>,
    /// Price of a unit, where it gives the amount exactly.
    pub(super) unit_price: Option<Amount>,
    pub(super) section: Option<&'a str>,
    /// The name that the provider or the issuer gave the item, and the line of the invoice.
    pub(super) item: (&'a str, usize),
}

/// Gives the kind of a source by its name; none where there is no such source.
pub(super) type KindOf<'k> = &'k dyn Fn(&str) -> Option<SourceKind>;

/// ServiceCategory of what is of no source.
const OTHER: &str = "Other";

/// Unit of quantities of which the provider names none: FOCUS has no quantities without.
const UNIT: &str = "Unit";

/// The rows of a document: of each line its details and what rounding them added, or the line itself. They add up to the
/// document's subtotal; the tax on it is no row.
///
/// # Errors
/// Sums with too many digits.
pub(super) fn rows<'a>(
    document: &'a Document,
    names: &'a [String],
    kind_of: KindOf<'_>,
) -> Result<Vec<Row<'a>>, TooLong> {
    let mut details: Vec<Vec<&Detail>> = document.items.iter().map(|_| Vec::new()).collect();
    for detail in &document.details {
        details.get_mut(detail.item.wrapping_sub(1)).into_iter().for_each(|of_item| of_item.push(detail));
    }
    let mut rows = Vec::with_capacity(document.items.len() + document.details.len());
    for ((item, name), details) in document.items.iter().zip(names).zip(details) {
        let line = row(document, item, name, kind_of);
        if details.is_empty() {
            rows.push(line);
            continue;
        }
        rows.extend(details.iter().map(|detail| of_detail(&line, document.month, detail)));
        let rounding = item.amount.minus(Sum::of(details.iter().map(|detail| detail.amount))?)?;
        if !rounding.is_zero() {
            rows.push(rounding_row(line, item, rounding, document));
        }
    }
    Ok(rows)
}

/// The names of lines as the document prints them.
pub(super) fn names(document: &Document) -> Vec<String> {
    document.items.iter().map(Item::printed_name).collect()
}

/// The row of a line as a whole.
fn row<'a>(document: &Document, item: &'a Item, name: &'a str, kind_of: KindOf<'_>) -> Row<'a> {
    let category = Category::of(item.kind);
    let quantity = item.quantity.map(|quantity| (quantity, unit(&item.unit)));
    Row {
        category,
        frequency: match item.kind {
            ItemKind::Usage => "Usage-Based",
            ItemKind::Fee => "Recurring",
            _ => "One-Time",
        },
        period: match (item.date, item.supply) {
            (Some(day), _) => of_day(day),
            (None, supply) => of_month(supply.unwrap_or(document.month)),
        },
        amount: item.amount,
        service: name,
        service_category: kind_of(&item.source).map_or(OTHER, |kind| kind.service_category()),
        description: name.to_owned(),
        resource: ("", ""),
        quantity: quantity.filter(|_| has_quantity(category)),
        unit_price: exact_price(item.unit_price, item.quantity, item.amount).filter(|_| has_quantity(category)),
        section: item.section_name.as_deref(),
        item: (&item.name, item.line),
    }
}

/// A row of a line's detail.
fn of_detail<'a>(line: &Row<'a>, month: BillingMonth, detail: &'a Detail) -> Row<'a> {
    let is_counted = has_quantity(line.category);
    Row {
        period: detail.day().map_or_else(|| of_month(detail.month().unwrap_or(month)), of_day),
        amount: detail.amount,
        // FOCUS has no name without an id.
        resource: if detail.resource.is_empty() { ("", "") } else { (&detail.resource, &detail.resource_name) },
        quantity: detail.quantity.map(|quantity| (quantity, unit(&detail.unit))).filter(|_| is_counted),
        unit_price: exact_price(detail.unit_price, detail.quantity, detail.amount).filter(|_| is_counted),
        ..line.clone()
    }
}

/// What rounding added to the details of a line.
fn rounding_row<'a>(line: Row<'a>, item: &Item, amount: Amount, document: &Document) -> Row<'a> {
    Row {
        category: Category::Adjustment,
        frequency: "One-Time",
        amount,
        description: match document.language() {
            Language::Japanese => format!("明細 {} の端数処理", item.line),
            Language::English => format!("Rounding of line {}", item.line),
        },
        quantity: None,
        unit_price: None,
        ..line
    }
}

/// Whether rows of a category count units.
fn has_quantity(category: Category) -> bool {
    matches!(category, Category::Usage | Category::Purchase)
}

fn unit(unit: &str) -> &str {
    if unit.is_empty() { UNIT } else { unit }
}

/// A price that multiplies out: FOCUS wants ContractedUnitPrice × PricingQuantity to be ContractedCost.
fn exact_price(price: Option<Amount>, quantity: Option<Amount>, amount: Amount) -> Option<Amount> {
    price.filter(|price| quantity.is_some_and(|quantity| price.times(quantity) == Ok(amount)))
}

fn of_day(day: NaiveDate) -> (NaiveDate, NaiveDate) {
    (day, day.checked_add_days(Days::new(1)).unwrap_or(day))
}

/// The first day of a month, and of the next.
pub(super) fn of_month(month: BillingMonth) -> (NaiveDate, NaiveDate) {
    (month.first(), month.next().first())
}

/// ChargeClass: a credit note corrects what was billed before.
pub(super) fn class(document: &Document) -> &'static str {
    match document.kind {
        DocumentKind::Invoice => "",
        DocumentKind::CreditNote => "Correction",
    }
}
