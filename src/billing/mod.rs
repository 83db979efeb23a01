//! Computes invoices from a bill and a workspace's settings, without disk, clock or environment. One file per step:
//! `claims` and `allocation` decide who bears a charge, `pricing` and `items` what it costs, `taxation` the tax on it;
//! `assembly` makes the invoices and `conservation` proves that nothing was lost.

mod adjustments;
mod allocation;
mod assembly;
mod carrying;
mod category_split;
mod claims;
pub mod comparison;
mod conservation;
mod credit;
mod described;
mod drift;
pub mod explanation;
mod fees;
mod gaps;
mod holdings;
mod inventory;
mod items;
mod named;
mod near_match;
mod order;
mod orders;
mod overlaps;
mod overview;
mod own_money;
mod own_units;
mod ownership;
mod percentage;
mod price_choice;
mod pricing;
mod prorating;
mod reconciliation;
mod record;
mod remainder;
pub(crate) mod resources;
mod rule_finder;
mod rule_prices;
mod sections;
mod sharing;
pub mod story;
mod taxation;
mod tiers;
mod timeline;
mod unassigned;
mod unclaimed;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::carried::{Carried, CustomerRest};
use crate::model::charge::{Bill, ChargeId};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::history::BilledCustomers;
use crate::model::invoice::{Detail, Invoice, ItemKind, LineItem, Share, Status};
use crate::model::period::BillingMonth;
use crate::model::settings::{BelowZero, Settings};
pub use adjustments::{AdjustmentSums, adjusted_before_tax};
pub use assembly::{file_name, number};
use carrying::RestsByCustomer;
pub use conservation::{Conservation, SourceTotals};
pub use credit::{CreditTerms, Credited, CreditedLine, CreditedRate, Extent, NO_LINE, credit};
pub use drift::drift;
pub use holdings::{ChargesInGaps, Holding, Span, SpanState, holdings};
pub use inventory::{ListedItem, PriceRange, items_of_invoice, listed_items};
use named::named;
pub use orders::held;
pub use overview::{ItemCost, KeptByRule, KeptCharges, KeptCost, KeptItem, Overview, SharedCost, overview};
pub use own_money::ConvertedPrices;
use prorating::HeldBy;
pub use reconciliation::{Reconciliation, reconcile};
use record::billed_customers;
pub use remainder::{Remainder, Remainders};
pub use unclaimed::{Unclaimed, UnclaimedGroup, UnclaimedResource, unclaimed};
pub use warnings::{wanted, warnings};

/// A computed month: its invoices and where everything else of its bill went.
#[derive(Debug)]
pub struct BilledMonth {
    /// One for each customer with charges or fees, by customer id.
    pub invoices: Vec<Invoice>,
    /// Invoices over 0 that are not made (`skip-zero`), by customer id.
    pub skipped: Vec<Invoice>,
    /// What customers have whose sum below zero the next month takes, by customer id.
    pub below_zero: Vec<UnbilledItems>,
    /// Totals by source, in the order of `invoicer.toml`.
    pub sources: Vec<SourceTotals>,
    /// Proof that nothing was lost.
    pub conservation: Conservation,
    /// Charges without an owner; only in a draft.
    pub unassigned: Vec<ChargeId>,
    /// Rests below zero that the month takes from earlier months and leaves to the next.
    pub carried: Carried,
    /// Customers' discounts that the issuer keeps.
    pub kept: Vec<KeptDiscounts>,
    /// By `[[allocation.keep]]`: charges the issuer bears on purpose.
    pub kept_by_rule: Vec<Vec<ChargeId>>,
    /// Charges without an owner that the issuer bears because of `unassigned = "keep"`.
    pub kept_unassigned: Vec<ChargeId>,
    /// The parts of kept and unassigned charges that no customer bears, where customers bear the rest.
    pub remainders: Remainders,
    /// Customers with prices in another currency than their invoices, in the order of the customers.
    pub converted: Vec<ConvertedPrices>,
    /// The figures with which later months are compared.
    pub record: BilledCustomers,
    /// Warnings and notes.
    pub remarks: Vec<Diagnostic>,
}

/// The priced items of a customer that gets no invoice for them.
#[derive(Debug)]
pub struct UnbilledItems {
    /// Index of the customer in the settings.
    pub customer: usize,
    /// The items.
    pub items: Vec<LineItem>,
    /// What they are the sums of.
    pub details: Vec<Detail>,
    /// The shared charges among the details.
    pub shares: Vec<Share>,
}

/// What a customer has in a month, whether an invoice is made of it or not.
#[derive(Clone, Copy, Debug)]
pub struct CustomerItems<'b> {
    /// Index of the customer in the settings.
    pub customer: usize,
    /// The items.
    pub items: &'b [LineItem],
    /// What they are the sums of.
    pub details: &'b [Detail],
    /// The shared charges among the details.
    pub shares: &'b [Share],
}

/// Discounts of a customer that the issuer keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptDiscounts {
    /// Index of the customer in the settings.
    pub customer: usize,
    /// Index in [`Bill::sources`].
    pub source: u16,
    /// Their sum in the source's currency, below zero.
    pub cost: Amount,
}

/// Computes the invoices of a month: allocate, price, tax, assemble. `taken` are the rests it takes from earlier
/// months.
///
/// # Errors
/// Everything that stops the month: charges without or with two owners, shares that cannot be computed, missing rates,
/// totals below zero, figures with too many digits. A failing step sets aside what it cannot do and later steps go on
/// with the rest; errors that only follow from earlier ones are not reported.
pub fn invoices(
    bill: &Bill,
    settings: &Settings,
    status: Status,
    taken: &[CustomerRest],
) -> Result<BilledMonth, Problems> {
    billed(bill, settings, status, taken, true)
}

/// Everything that stops a month, as far as the readable part of its bill shows it.
pub fn problems_of_part(bill: &Bill, settings: &Settings, status: Status) -> Vec<Diagnostic> {
    billed(bill, settings, status, &[], false).err().unwrap_or_default().into()
}

fn billed(
    bill: &Bill,
    settings: &Settings,
    status: Status,
    taken: &[CustomerRest],
    is_whole: bool,
) -> Result<BilledMonth, Problems> {
    let mut allocation = allocation::allocate(bill, settings, status);
    let mut problems = std::mem::take(&mut allocation.problems);
    // Totals mean something only when nothing is missing from them.
    let has_totals = is_whole && problems.is_empty();
    let order = order::Order::new(bill);
    let assigned = std::mem::take(&mut allocation.assigned);
    let shares = std::mem::take(&mut allocation.shares);
    let work: Vec<_> = settings.customers.iter().enumerate().zip(assigned).zip(shares).collect();
    let active = work.into_par_iter().filter(|(((_, customer), _), _)| customer.is_active(bill.month));
    let priced: Vec<(usize, Result<_, Problems>)> = active
        .map(|(((index, customer), assigned), shares)| {
            let held = HeldBy { held: &allocation.held, customer: index };
            let priced = pricing::price(bill, settings, customer, &order, held, assigned, shares);
            (index, named(priced, customer))
        })
        .collect();

    let mut remarks = std::mem::take(&mut allocation.warnings);
    let mut invoices = Vec::new();
    let mut skipped = Vec::new();
    let mut below_zero = Vec::new();
    let mut by_source = Vec::new();
    let mut kept = Vec::new();
    let mut converted = Vec::new();
    let mut carried = Carried::default();
    let taken = carrying::by_customer(taken);
    for (index, result) in priced {
        let priced = match result {
            Ok(priced) => priced,
            Err(found) => {
                problems.extend(found);
                problems.extend(assembly::rate_to_yen(bill.month, settings, &settings.customers[index]).err());
                continue;
            }
        };
        kept.extend(
            (0..)
                .zip(&priced.by_source)
                .filter(|(_, (_, cost))| !cost.is_zero())
                .map(|(source, (_, cost))| KeptDiscounts { customer: index, source, cost: *cost }),
        );
        by_source.push(priced.by_source.clone());
        converted.extend(priced.price_rates.iter().map(|(from, rate)| ConvertedPrices {
            customer: index,
            from: *from,
            rate: *rate,
        }));
        if priced.items.is_empty() {
            continue;
        }
        if !has_totals {
            problems.extend(assembly::rate_to_yen(bill.month, settings, &settings.customers[index]).err());
            continue;
        }
        let finished = finished(bill, settings, index, priced, status, &taken, &mut remarks);
        match named(finished, &settings.customers[index]) {
            Ok(Finished::Skipped(invoice)) => skipped.push(*invoice),
            Ok(Finished::Invoice(invoice)) => invoices.push(*invoice),
            Ok(Finished::Rest(rest, items)) => {
                carried.left.push(rest);
                below_zero.push(items);
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        // An invoice over 0 has used up the rests, too.
        let billed = invoices.iter().chain(&skipped).map(|invoice| invoice.customer);
        let done: BTreeSet<usize> = billed.chain(below_zero.iter().map(|left| left.customer)).collect();
        match carrying::complete(settings, bill.month, &taken, &done, &mut carried) {
            Ok(found) => remarks.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(merged(problems).into());
    }
    same_numbers(settings, &invoices)?;
    let (sources, conservation) = conservation::prove(bill, settings, &allocation, &by_source)?;
    let record = billed_customers(bill, settings, &invoices).of("the costs of the month's items")?;
    Ok(BilledMonth {
        invoices,
        skipped,
        below_zero,
        sources,
        conservation,
        kept,
        converted,
        carried,
        kept_by_rule: allocation.kept,
        kept_unassigned: allocation.kept_unassigned,
        remainders: allocation.remainders,
        record,
        unassigned: allocation.unassigned,
        remarks,
    })
}

/// Result of a customer's priced items.
enum Finished {
    /// A document.
    Invoice(Box<Invoice>),
    /// An invoice over 0, for a customer who gets none then.
    Skipped(Box<Invoice>),
    /// A sum below zero, which the next month takes, and the items it is of.
    Rest(CustomerRest, UnbilledItems),
}

/// Makes an invoice, or the rest that this month leaves, from a customer's items and the rests of earlier months.
fn finished(
    bill: &Bill,
    settings: &Settings,
    index: usize,
    mut priced: pricing::PricedCustomer,
    status: Status,
    taken: &RestsByCustomer<'_>,
    remarks: &mut Vec<Diagnostic>,
) -> Result<Finished, Problems> {
    let customer = &settings.customers[index];
    let rests = taken.get(customer.id.as_str()).map_or(&[][..], Vec::as_slice);
    carrying::take(&mut priced.items, customer, rests)?;
    let included = taxation::included_tax(&priced.items, settings, customer)?;
    let before = priced.items.iter().position(|item| item.kind == ItemKind::Rounding).unwrap_or(priced.items.len());
    priced.items.splice(before..before, included);
    let subtotal = Sum::of(priced.items.iter().map(|item| item.amount))?;
    if subtotal.is_negative() && customer.invoice.below_zero == BelowZero::Carry {
        let rest = carrying::left(&priced.items, customer, bill.month)?;
        let pricing::PricedCustomer { items, details, shares, .. } = priced;
        return Ok(Finished::Rest(rest, UnbilledItems { customer: index, items, details, shares }));
    }
    match assembly::assemble(bill, settings, index, priced, status, remarks) {
        Ok(invoice) if customer.invoice.skip_zero && invoice.total.is_zero() => {
            Ok(Finished::Skipped(Box::new(invoice)))
        }
        assembled => {
            // Orders and holds are of invoices that are made.
            let mut problems = Problems::default();
            let invoice = problems.keep(assembled);
            problems.keep(orders::check_order_number(settings, bill.month, customer));
            remarks.extend(orders::on_hold(settings, bill.month, customer));
            let invoice = invoice.filter(|_| problems.is_empty()).ok_or(problems)?;
            Ok(Finished::Invoice(Box::new(invoice)))
        }
    }
}

impl BilledMonth {
    /// Whether no customer has anything in the month, not even a rest.
    pub fn is_empty(&self) -> bool {
        self.invoices.is_empty() && self.skipped.is_empty() && self.carried.left.is_empty()
    }

    /// What every customer has, whether an invoice is made of it or not.
    pub fn by_customer(&self) -> impl Iterator<Item = CustomerItems<'_>> {
        let of_invoices = self.invoices.iter().chain(&self.skipped).map(|invoice| {
            let Invoice { customer, items, details, shares, .. } = invoice;
            CustomerItems { customer: *customer, items, details, shares }
        });
        let of_others = self.below_zero.iter().map(|other| {
            let UnbilledItems { customer, items, details, shares } = other;
            CustomerItems { customer: *customer, items, details, shares }
        });
        of_invoices.chain(of_others)
    }

    /// The sums of the month's adjustments by the currency of the invoices, those of customers without an invoice included.
    ///
    /// # Errors
    /// Sums with too many digits.
    pub fn adjustment_sums(
        &self,
        settings: &Settings,
        month: BillingMonth,
    ) -> Result<BTreeMap<Currency, AdjustmentSums>, TooLong> {
        let mut by_currency: BTreeMap<Currency, AdjustmentSums> = BTreeMap::new();
        for CustomerItems { customer, items, .. } in self.by_customer() {
            let customer = &settings.customers[customer];
            let sums = by_currency.entry(customer.invoice.currency).or_default();
            *sums = sums.plus(AdjustmentSums::of(settings, month, customer, items)?)?;
        }
        Ok(by_currency)
    }

    /// Sum of a customer's discounts that the issuer keeps, in the currency of the customer's invoices.
    ///
    /// # Errors
    /// When the sum has too many digits.
    pub fn kept_of(&self, bill: &Bill, settings: &Settings, customer: usize) -> Result<Amount, TooLong> {
        let to = settings.customers[customer].invoice.currency;
        let mut sum = Sum::default();
        // `kept` is sorted by customer.
        let first = self.kept.partition_point(|kept| kept.customer < customer);
        for kept in self.kept[first..].iter().take_while(|kept| kept.customer == customer) {
            let from = bill.sources[usize::from(kept.source)].currency;
            let rate = settings.known_rate(bill.month, from, to);
            sum.add(kept.cost.times(rate)?)?;
        }
        sum.total()
    }
}

/// Merges equal errors of several customers into one message that names the first customers in its notes.
fn merged(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut merged: Vec<Diagnostic> = Vec::new();
    for problem in problems {
        let same = merged.iter_mut().find(|known| {
            (&known.message, &known.place, &known.hint) == (&problem.message, &problem.place, &problem.hint)
        });
        match same {
            Some(known) if known.notes.len() < 4 => known.notes.extend(problem.notes),
            Some(_) => {}
            None => merged.push(problem),
        }
    }
    merged
}

/// Refuses invoices with the same number. Running numbers, which `issue` assigns, cannot be the same.
fn same_numbers(settings: &Settings, invoices: &[Invoice]) -> Result<(), Problems> {
    let mut known: BTreeMap<&str, &Customer> = BTreeMap::new();
    for invoice in invoices {
        let customer = &settings.customers[invoice.customer];
        if customer.has_running_number() {
            continue;
        }
        if let Some(first) = known.insert(&invoice.number, customer) {
            let message = format!(
                "the invoices of \"{}\" and \"{}\" have the same number {}",
                first.id, customer.id, invoice.number
            );
            let diagnostic = Diagnostic::error(message).at(Place::file(&customer.path));
            return Err(diagnostic.with_hint("put {customer} or {seq} into [invoice] number").into());
        }
    }
    Ok(())
}
