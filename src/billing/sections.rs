//! The sections of a customer's invoice (`[invoice] sections`): which one lists a charge, a fee or the minimum, and the
//! order of items by them. Items are rounded, so each section has items of its own: what is printed below its heading adds
//! up to its subtotal.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::model::charge::{Bill, Charge, ChargeKind};
use crate::model::customer::Customer;
use crate::model::invoice::{Detail, ItemIndex, ItemKind, LineItem};
use crate::model::matcher::normalized;
use crate::model::natural::natural;
use crate::model::section::{PlacedSection, Section, SectionTables};
use crate::model::settings::{Grouping, Settings};

/// A section of one invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SectionId(usize);

/// The sections of an invoice that is being computed, as they are found.
pub(super) struct Sections<'a> {
    grouping: &'a Grouping,
    /// None where the customer's invoices have no sections.
    tables: Option<SectionTables<'a>>,
    found: Vec<PlacedSection>,
    by_name: BTreeMap<String, SectionId>,
    by_value: BTreeMap<String, SectionId>,
}

impl<'a> Sections<'a> {
    /// The sections that a customer's settings ask for.
    pub(super) fn new(settings: &'a Settings, customer: &'a Customer) -> Sections<'a> {
        Sections {
            grouping: &customer.invoice.sections,
            tables: settings.section_tables(customer),
            found: Vec::new(),
            by_name: BTreeMap::new(),
            by_value: BTreeMap::new(),
        }
    }

    /// Whether the invoice has sections at all.
    pub(super) fn are_set(&self) -> bool {
        self.tables.is_some()
    }

    /// The section of a charge that is the customer's alone. A discount without a value reduces the bill as a whole, so it
    /// is in none.
    pub(super) fn of_charge(&mut self, bill: &Bill, charge: &Charge) -> Option<SectionId> {
        let tables = self.tables?;
        let value = normalized(bill.group(charge.subject, self.grouping));
        if value.is_empty() && charge.kind() == ChargeKind::Discount {
            return None;
        }
        if let Some(known) = self.by_value.get(value.as_ref()) {
            return Some(*known);
        }
        let count = self.found.len();
        let id = self.add(tables.of_value(&value));
        if id.0 < count {
            // Several values have one name.
            self.found[id.0].section.value = None;
        }
        self.by_value.insert(value.into_owned(), id);
        Some(id)
    }

    /// The section of that name, which is added where it is new.
    fn add(&mut self, placed: PlacedSection) -> SectionId {
        let next = SectionId(self.found.len());
        let id = *self.by_name.entry(placed.section.name.clone()).or_insert(next);
        match self.found.get_mut(id.0) {
            Some(known) => known.order = first_of(known.order, placed.order),
            None => self.found.push(placed),
        }
        id
    }

    /// The section found under that id.
    pub(super) fn section(&self, id: SectionId) -> &Section {
        &self.found[id.0].section
    }

    /// The section that claims a fee of that name.
    pub(super) fn of_fee(&mut self, name: &str) -> Option<SectionId> {
        let placed = self.tables?.of_fee(name)?;
        Some(self.add(placed))
    }

    /// Puts the minimum into the section that claims it, and all items into the order in which they are printed: section by
    /// section, then those of none. `details` follow their items.
    pub(super) fn arrange(mut self, items: Vec<LineItem>, details: &mut [Detail]) -> Vec<LineItem> {
        let Some(tables) = self.tables else {
            return items;
        };
        let mut items = items;
        if let Some(item) = items.iter_mut().find(|item| item.kind == ItemKind::Minimum)
            && let Some(placed) = tables.of_minimum()
        {
            let id = self.add(placed);
            item.section = Some(self.section(id).clone());
        }
        self.found.sort_by(compare);
        let names = self.found.iter().map(|placed| placed.section.name.as_str());
        let places: BTreeMap<&str, usize> = names.zip(0..).collect();
        let place = |item: &LineItem| item.section.as_ref().and_then(|section| places.get(section.name.as_str()));
        // What is in no section comes last.
        let last = places.len();
        let placed = |(index, item): (usize, &LineItem)| (place(item).copied().unwrap_or(last), index);
        let mut order: Vec<(usize, usize)> = items.iter().enumerate().map(placed).collect();
        order.sort_unstable();
        let mut moved = vec![ItemIndex(0); items.len()];
        for (position, (_, index)) in order.iter().enumerate() {
            moved[*index] = ItemIndex(position as u32);
        }
        for detail in details {
            detail.item = moved[detail.item.0 as usize];
        }
        let mut taken: Vec<Option<LineItem>> = items.into_iter().map(Some).collect();
        order.iter().filter_map(|(_, index)| taken[*index].take()).collect()
    }
}

/// The smaller of two `order`s.
fn first_of(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// By `order`; those without one behind them by name, and the one of charges without a value last.
fn compare(one: &PlacedSection, other: &PlacedSection) -> Ordering {
    let key = |placed: &PlacedSection| {
        let is_rest = placed.section.value.as_deref() == Some("");
        (placed.order.is_none(), placed.order, placed.order.is_none() && is_rest)
    };
    key(one).cmp(&key(other)).then_with(|| natural(&one.section.name, &other.section.name))
}
