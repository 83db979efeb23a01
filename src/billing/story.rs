//! What an invoice tells of its month: what changed since the month before and why, the months before that, and which groups
//! cost most. It knows nothing that its customer may not: own amounts, quantities, prices and resources alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, EMPTY};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::history::{BilledCustomer, BilledLine, EARLIER_MONTHS, History, Used};
use crate::model::invoice::{Detail, Invoice, ItemKind};
use crate::model::item_label::ItemTables;
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::model::settings::Grouping;

/// What an invoice tells of its month.
#[derive(Clone, Debug)]
pub struct Story {
    /// Against the month before; none where that was not issued for the customer, or in another currency.
    pub changes: Option<Changes>,
    /// Totals with tax of the months before, the oldest first; none where a month is not known.
    pub months: Vec<(BillingMonth, Option<Amount>)>,
    /// Usage by group, the most expensive first; the name is empty for resources without a group.
    pub groups: Vec<GroupAmount>,
    /// Usage that is common to several customers, and is of no group.
    pub common: Amount,
}

/// What a group's usage costs the customer, before tax and discounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupAmount {
    /// The group's name.
    pub name: String,
    /// The sum, exact.
    pub amount: Amount,
}

/// An invoice compared with that of another month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The other month, `202207`.
    pub against: String,
    /// Its subtotal.
    pub before: Amount,
    /// This one's.
    pub now: Amount,
    /// Currency of both.
    pub currency: Currency,
    /// Item by item, the largest changes first, and then those that did not change.
    pub items: Vec<ItemChange>,
    /// Ids of resources that the other month did not have, where its record says what it had.
    pub new_resources: Vec<String>,
    /// Ids of resources that only the other month had.
    pub gone_resources: Vec<String>,
}

/// What is paid for an item now, and was paid in the other month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemChange {
    /// The item's name for readers.
    pub label: String,
    /// Kind of the item: usage and a discount can have one name.
    pub kind: ItemKind,
    /// Amount in the other month; none where it was not billed.
    pub before: Option<Amount>,
    /// Amount now; none where it is not billed.
    pub now: Option<Amount>,
    /// The difference.
    pub change: Amount,
    /// Why. Parts with an amount add up to the difference.
    pub reasons: Vec<Reason>,
}

/// Why an amount changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Kind.
    pub kind: ReasonKind,
    /// Number of resources, where it is about some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// The price in the other month and now, where it is about prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<(Amount, Amount)>,
    /// Its part of the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
}

/// Kind of a [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonKind {
    /// No known month had the item before.
    NewItem,
    /// The item was billed regularly, and is no more.
    EndedItem,
    /// The item is billed now and then, in one of the two months; or it is an adjustment, which is of one month alone.
    OneOff,
    /// Resources that the other month did not have.
    NewResources,
    /// The quantity changed.
    Usage,
    /// The price per unit changed, or what a unit costs where the invoice names no price.
    Price,
    /// The customer's part of what several customers bear.
    Shared,
    /// Quantity and price are known to be the same.
    Rounding,
    /// It follows from the other items, like a provider's discounts, percentages and a minimum.
    Follows,
}

impl Reason {
    fn of(kind: ReasonKind) -> Reason {
        Reason { kind, count: None, prices: None, amount: None }
    }

    fn with(kind: ReasonKind, amount: Amount) -> Reason {
        Reason { amount: Some(amount), ..Reason::of(kind) }
    }
}

/// What tells items apart: the name for readers, and the kind, because usage and its discount can have one name.
type ItemKey<'l> = (&'l str, ItemKind);

/// Lines of one item, added up.
#[derive(Clone, Debug, Default)]
struct Item {
    lines: i64,
    /// Whether any line stands for charges of a provider.
    is_provided: bool,
    amount: Amount,
    /// None where any line has none.
    quantity: Option<Amount>,
    /// None unless it is that of all lines.
    price: Option<Amount>,
}

impl Item {
    fn add(&mut self, line: &BilledLine) -> Result<(), TooLong> {
        let is_first = self.lines == 0;
        self.lines += 1;
        self.is_provided |= !line.source.is_empty();
        self.amount = self.amount.plus(line.amount)?;
        self.quantity = match (is_first, self.quantity, line.quantity) {
            (true, _, quantity) => quantity,
            (false, Some(one), Some(other)) => Some(one.plus(other)?),
            _ => None,
        };
        self.price = if is_first || self.price == line.unit_price { line.unit_price } else { None };
        Ok(())
    }
}

/// What is in this month alone, of one item.
#[derive(Clone, Debug, Default)]
struct Fresh {
    amount: Sum,
    quantity: Option<Sum>,
    resources: BTreeSet<String>,
    /// Whether any of the item's details are no shares.
    has_own: bool,
}

/// The story of an invoice of the customer with that id; `history` are the issued months.
///
/// # Errors
/// Sums with too many digits.
pub fn story(
    bill: &Bill,
    tables: &ItemTables<'_>,
    invoice: &Invoice,
    customer: &Customer,
    history: &History,
) -> Result<Story, TooLong> {
    let id = customer.id.as_str();
    let known = |month: BillingMonth| history.customer(month, id).filter(|past| past.currency == invoice.currency);
    let mut months: Vec<BillingMonth> = bill.month.earlier(EARLIER_MONTHS).collect();
    months.reverse();
    let previous = bill.month.previous();
    let changes = known(previous).map(|before| changes(bill, tables, invoice, (previous, before), id, history));
    let (groups, common) = groups(bill, invoice, &customer.invoice.group_by)?;
    Ok(Story {
        changes: changes.transpose()?,
        months: months.into_iter().map(|month| (month, known(month).map(|past| past.total))).collect(),
        groups,
        common,
    })
}

/// Compares an invoice with what the customer was billed in another month. `history` tells which items were billed before
/// and after that.
///
/// # Errors
/// Sums with too many digits.
pub fn changes(
    bill: &Bill,
    tables: &ItemTables<'_>,
    invoice: &Invoice,
    (against, before): (BillingMonth, &BilledCustomer),
    id: &str,
    history: &History,
) -> Result<Changes, TooLong> {
    let now_used = used_resources(bill, invoice);
    let lines = BilledLine::of(invoice);
    let items_now = by_item(tables, &lines)?;
    let items_before = by_item(tables, before.lines.as_deref().unwrap_or_default())?;
    let fresh = fresh(bill, tables, invoice, before.used.as_ref())?;
    let (new, gone) = match &before.used {
        Some(used) => {
            let new = now_used.iter().filter(|(source, id)| !used.has_resource(source, id));
            let gone = used.resources().filter(|(source, id)| !now_used.contains(&(*source, *id)));
            (new.copied().collect(), gone.collect())
        }
        None => (Vec::new(), Vec::new()),
    };
    let past = Past::of(tables, history, (against, bill.month), id);
    let adjusted = lines.iter().zip(&invoice.items).filter(|(_, item)| item.adjusted.is_some());
    let adjusted: BTreeSet<ItemKey<'_>> = adjusted.map(|(line, _)| key(tables, line)).collect();
    let keys: BTreeSet<ItemKey<'_>> = items_now.keys().chain(items_before.keys()).copied().collect();
    let mut items = Vec::with_capacity(keys.len());
    for key in keys {
        let (now, before) = (items_now.get(&key), items_before.get(&key));
        let amount = |item: Option<&Item>| item.map(|item| item.amount);
        let change = amount(now).unwrap_or_default().minus(amount(before).unwrap_or_default())?;
        let is_provided = now.into_iter().chain(before).any(|item| item.is_provided);
        let follows = match key.1 {
            ItemKind::Usage | ItemKind::Fee | ItemKind::Adjustment => false,
            // Fees and adjustments below zero are items like those above it.
            ItemKind::Discount => is_provided,
            _ => true,
        };
        let reasons = match (now, before) {
            _ if change.is_zero() => Vec::new(),
            _ if follows => vec![Reason::with(ReasonKind::Follows, change)],
            // Of fees, those in percent alone have no quantity.
            (Some(now), Some(_)) if !is_provided && now.quantity.is_none() => {
                let kind = if adjusted.contains(&key) { ReasonKind::OneOff } else { ReasonKind::Follows };
                vec![Reason::with(kind, change)]
            }
            (Some(now), Some(before)) => reasons(now, before, fresh.get(&key), invoice.currency)?,
            (Some(_), _) => vec![Reason::of(past.why_new(key))],
            (None, _) => vec![Reason::of(past.why_ended(key))],
        };
        let (label, kind) = (key.0.to_owned(), key.1);
        items.push(ItemChange { label, kind, before: amount(before), now: amount(now), change, reasons });
    }
    items.sort_by_key(|item| (Reverse(item.change.magnitude()), Reverse(item.now), item.label.clone(), item.kind));
    let ids = |resources: Vec<(&str, &str)>| resources.into_iter().map(|(_, id)| id.to_owned()).collect();
    Ok(Changes {
        against: against.to_string(),
        before: before.subtotal,
        now: invoice.subtotal,
        currency: invoice.currency,
        items,
        new_resources: ids(new),
        gone_resources: ids(gone),
    })
}

/// The items of the months around the one compared with.
struct Past<'l> {
    /// Those of the known months before it, the newest first.
    before: Vec<BTreeSet<ItemKey<'l>>>,
    /// Those of the months between it and the invoice's.
    between: Vec<BTreeSet<ItemKey<'l>>>,
}

impl<'l> Past<'l> {
    fn of(
        tables: &ItemTables<'l>,
        history: &'l History,
        (against, month): (BillingMonth, BillingMonth),
        id: &'l str,
    ) -> Past<'l> {
        let items = |past: &'l BilledCustomer| {
            past.lines.as_deref().map(|lines| lines.iter().map(|line| key(tables, line)).collect())
        };
        Past {
            before: history.before(against.min(month), id).filter_map(items).collect(),
            between: history.between(against, month, id).filter_map(items).collect(),
        }
    }

    /// Why this month has an item that the other did not have.
    fn why_new(&self, key: ItemKey<'_>) -> ReasonKind {
        let was_billed = self.before.iter().any(|items| items.contains(&key));
        if was_billed { ReasonKind::OneOff } else { ReasonKind::NewItem }
    }

    /// Why this month lacks an item that the other had.
    fn why_ended(&self, key: ItemKey<'_>) -> ReasonKind {
        let was_regular = self.before.first().is_none_or(|items| items.contains(&key))
            || self.between.iter().any(|items| items.contains(&key));
        if was_regular { ReasonKind::EndedItem } else { ReasonKind::OneOff }
    }
}

fn key<'l>(tables: &ItemTables<'l>, line: &'l BilledLine) -> ItemKey<'l> {
    (tables.label(&line.source, &line.name, line.kind).name_or(&line.name), line.kind)
}

fn by_item<'l>(tables: &ItemTables<'l>, lines: &'l [BilledLine]) -> Result<BTreeMap<ItemKey<'l>, Item>, TooLong> {
    let mut items: BTreeMap<ItemKey<'l>, Item> = BTreeMap::new();
    for line in lines {
        items.entry(key(tables, line)).or_default().add(line)?;
    }
    Ok(items)
}

/// Source and id of a detail's resource; none for shares, which are of no resource of the customer.
fn resource<'b>(bill: &'b Bill, invoice: &Invoice, detail: &Detail) -> Option<(&'b str, &'b str)> {
    let subject = bill.subject(bill.charge(detail.charge));
    let is_own = subject.resource != EMPTY && invoice.is_own(detail);
    is_own.then(|| (bill.sources[usize::from(subject.source)].name.as_str(), bill.names.get(subject.resource)))
}

fn used_resources<'b>(bill: &'b Bill, invoice: &Invoice) -> BTreeSet<(&'b str, &'b str)> {
    invoice.details.iter().filter_map(|detail| resource(bill, invoice, detail)).collect()
}

/// By item, what resources cost that the other month did not have.
fn fresh<'l>(
    bill: &Bill,
    tables: &ItemTables<'l>,
    invoice: &'l Invoice,
    before: Option<&Used>,
) -> Result<BTreeMap<ItemKey<'l>, Fresh>, TooLong> {
    let labels = tables.labels(invoice);
    let keys: Vec<ItemKey<'l>> =
        invoice.items.iter().zip(&labels).map(|(item, label)| (label.name_or(&item.name), item.kind)).collect();
    let mut all: BTreeMap<ItemKey<'l>, Fresh> = BTreeMap::new();
    for detail in &invoice.details {
        let none = || Fresh { quantity: Some(Sum::default()), ..Fresh::default() };
        let fresh = all.entry(keys[detail.item.0 as usize]).or_insert_with(none);
        fresh.has_own |= invoice.is_own(detail);
        let (Some((source, id)), Some(used)) = (resource(bill, invoice, detail), before) else { continue };
        if used.has_resource(source, id) {
            continue;
        }
        fresh.resources.insert(id.to_owned());
        fresh.amount.add(invoice.amount(detail))?;
        match (invoice.detail_quantity(bill, detail), &mut fresh.quantity) {
            (Some(quantity), Some(sum)) => sum.add(quantity)?,
            (_, quantity) => *quantity = None,
        }
    }
    Ok(all)
}

/// Why usage or a fee that both months have changed: new resources, then the price of everything else, then its quantity.
fn reasons(now: &Item, before: &Item, fresh: Option<&Fresh>, currency: Currency) -> Result<Vec<Reason>, TooLong> {
    let rounded = |amount: Amount| Rounding::HalfUp.apply(amount, currency.decimals());
    let change = now.amount.minus(before.amount)?;
    if fresh.is_some_and(|fresh| !fresh.has_own) {
        return Ok(vec![Reason::with(ReasonKind::Shared, change)]);
    }
    let mut reasons = Vec::new();
    let mut rest = change;
    let mut old_quantity = now.quantity;
    if let Some(fresh) = fresh.filter(|fresh| !fresh.resources.is_empty()) {
        let amount = rounded(fresh.amount.total()?)?;
        rest = rest.minus(amount)?;
        let count = Some(fresh.resources.len());
        reasons.push(Reason { count, ..Reason::with(ReasonKind::NewResources, amount) });
        old_quantity = match (now.quantity, fresh.quantity) {
            (Some(all), Some(new)) => Some(all.minus(new.total()?)?),
            _ => None,
        };
    }
    let mut is_price_told = now.price.is_some() && now.price == before.price;
    if let (Some(from), Some(to), Some(quantity)) = (before.price, now.price, old_quantity)
        && from != to
        // With too many digits, the price's part is told with the quantity's: an invoice does not fail for its story.
        && let Ok(amount) = to.minus(from).and_then(|step| step.times(quantity)).and_then(rounded)
    {
        rest = rest.minus(amount)?;
        reasons.push(Reason { prices: Some((from, to)), ..Reason::with(ReasonKind::Price, amount) });
        is_price_told = true;
    }
    if !rest.is_zero() {
        let is_same = old_quantity.is_some() && old_quantity == before.quantity;
        // The least difference can make a line a unit more; the two parts told above are rounded by half a unit each.
        let units = now.lines.max(before.lines) + i64::from(!reasons.is_empty());
        let is_small = rest.magnitude() <= Amount::new(i128::from(units), currency.decimals())?;
        let kind = match is_same {
            true if is_price_told && is_small => ReasonKind::Rounding,
            true => ReasonKind::Price,
            false => ReasonKind::Usage,
        };
        reasons.push(Reason::with(kind, rest));
    }
    Ok(reasons)
}

/// Usage by the group of its resource, and what is shared. Invoices whose summaries are not grouped take the provider's groups.
fn groups(bill: &Bill, invoice: &Invoice, grouping: &Grouping) -> Result<(Vec<GroupAmount>, Amount), TooLong> {
    let grouping = if *grouping == Grouping::None { &Grouping::Group } else { grouping };
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut common = Sum::default();
    for detail in invoice.details.iter().filter(|detail| invoice.item(detail).kind == ItemKind::Usage) {
        let amount = invoice.amount(detail);
        if !invoice.is_own(detail) {
            common.add(amount)?;
            continue;
        }
        let name = bill.group(bill.charge(detail.charge).subject, grouping);
        sums.entry(name).or_default().add(amount)?;
    }
    // A single group, or none at all, tells nothing.
    if sums.len() < 2 {
        return Ok((Vec::new(), Amount::ZERO));
    }
    let mut groups = Vec::with_capacity(sums.len());
    for (name, sum) in sums {
        groups.push(GroupAmount { name: name.to_owned(), amount: sum.total()? });
    }
    groups.sort_by_key(|group| Reverse(group.amount));
    Ok((groups, common.total()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(amount: &str, price: &str, quantity: &str) -> Item {
        let parsed = |text: &str| Amount::parse(text.as_bytes()).unwrap();
        Item {
            amount: parsed(amount),
            price: Some(parsed(price)),
            quantity: Some(parsed(quantity)),
            lines: 1,
            is_provided: true,
        }
    }

    fn told(before: &Item, now: &Item) -> Vec<(ReasonKind, Option<Amount>)> {
        let reasons = reasons(now, before, None, Currency::JPY).unwrap();
        reasons.into_iter().map(|reason| (reason.kind, reason.amount)).collect()
    }

    #[test]
    fn a_price_with_too_many_digits_is_told_with_the_quantity() {
        let whole = |amount| Some(Amount::whole(amount));
        // 120 at 2 more each, and ten more at the old price.
        let told_apart = told(&item("1100", "10", "110"), &item("1440", "12", "120"));
        assert_eq!(told_apart, [(ReasonKind::Price, whole(240)), (ReasonKind::Usage, whole(100))]);
        let long = item("900", "0.3333333333333333333333333333", "98765432109876543210987654");
        let longer = item("1000", "0.4444444444444444444444444447", "98765432109876543210987655");
        assert_eq!(told(&long, &longer), [(ReasonKind::Usage, whole(100))]);
    }
}
