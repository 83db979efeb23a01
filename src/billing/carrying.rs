//! Carries rests below zero from the month that leaves them to the month that takes them (`below-zero = "carry"`).

use std::collections::{BTreeMap, BTreeSet};

use super::named::named;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::carried::{Carried, CategoryRest, CustomerRest};
use crate::model::customer::Customer;
use crate::model::figures::money;
use crate::model::invoice::{ItemKind, LineItem};
use crate::model::period::BillingMonth;
use crate::model::settings::{Language, Settings};
use crate::model::tax::TaxGroup;
use crate::model::warning::WarningCode;

/// Amount and cost by what is taxed together.
type RestSums = BTreeMap<TaxGroup, (Sum, Sum)>;

/// The rests that a month takes, by customer id.
pub(super) type RestsByCustomer<'t> = BTreeMap<&'t str, Vec<&'t CustomerRest>>;

/// Finds the rests of each customer.
pub(super) fn by_customer(taken: &[CustomerRest]) -> RestsByCustomer<'_> {
    let mut by_customer = RestsByCustomer::new();
    for rest in taken {
        by_customer.entry(&rest.customer).or_default().push(rest);
    }
    by_customer
}

/// Adds the rests of earlier months to a customer's items, before the rounding items.
///
/// # Errors
/// A rest in another currency than the customer's invoices; figures with too many digits.
pub(super) fn take(items: &mut Vec<LineItem>, customer: &Customer, rests: &[&CustomerRest]) -> Result<(), Diagnostic> {
    for rest in rests {
        check_currency(customer, rest)?;
    }
    let sums = sums_of_rests(rests)?;
    let name = match customer.invoice.language {
        Language::Japanese => "前月繰越",
        Language::English => "Carried forward",
    };
    let before = items.iter().position(|item| item.kind == ItemKind::Rounding).unwrap_or(items.len());
    let mut carried = Vec::with_capacity(sums.len());
    for CategoryRest { category, rate, amount, tax_included, cost } in rests_of(sums)? {
        let group = TaxGroup { category, rate, included: tax_included };
        carried.push(LineItem { cost, ..LineItem::own(ItemKind::Carried, name.to_owned(), amount, group) });
    }
    items.splice(before..before, carried);
    Ok(())
}

/// The rest that a customer's items leave to the next month.
///
/// # Errors
/// Figures with too many digits.
pub(super) fn left(items: &[LineItem], customer: &Customer, month: BillingMonth) -> Result<CustomerRest, TooLong> {
    let mut sums = RestSums::new();
    // The tax in prices follows from them in the month that takes them.
    for item in items.iter().filter(|item| item.kind != ItemKind::IncludedTax) {
        let (amount, cost) = sums.entry(item.tax_group()).or_default();
        amount.add(item.amount)?;
        cost.add(item.cost)?;
    }
    let currency = customer.invoice.currency;
    Ok(CustomerRest { customer: customer.id.clone(), month, currency, rests: rests_of(sums)? })
}

/// Completes what a month carries, and returns warnings about it. `done` are the customers (indices in the settings) that have
/// used up their rests, or left them together with their own items; the others' rests are passed on.
///
/// # Errors
/// Rests in another currency than a customer's invoices; figures with too many digits.
pub(super) fn complete(
    settings: &Settings,
    month: BillingMonth,
    taken: &RestsByCustomer<'_>,
    done: &BTreeSet<usize>,
    carried: &mut Carried,
) -> Result<Vec<Diagnostic>, Problems> {
    let mut problems = Problems::default();
    let mut known: BTreeMap<&str, &Customer> = BTreeMap::new();
    for (index, customer) in settings.customers.iter().enumerate() {
        known.insert(&customer.id, customer);
        let Some(rests) = taken.get(customer.id.as_str()) else {
            continue;
        };
        carried.taken.extend(rests.iter().copied().cloned());
        if !done.contains(&index) {
            carried.left.extend(problems.keep(named(passed_on(rests, customer, month), customer)));
        }
    }
    carried.left.sort_by(|one, other| one.customer.cmp(&other.customer));
    let lost = taken.iter().filter(|(id, _)| !known.contains_key(*id)).flat_map(|(_, rests)| rests);
    let mut remarks: Vec<Diagnostic> = lost.map(|rest| without_customer(rest)).collect();
    for (rest, customer) in carried.left.iter().filter_map(|rest| Some((rest, *known.get(rest.customer.as_str())?))) {
        remarks.extend(problems.keep(named(remark(customer, rest), customer)));
    }
    problems.check()?;
    Ok(remarks)
}

/// The rests of a customer without charges this month, passed on to the next month.
///
/// # Errors
/// Rests of different currencies; figures with too many digits.
fn passed_on(rests: &[&CustomerRest], customer: &Customer, month: BillingMonth) -> Result<CustomerRest, Diagnostic> {
    for rest in rests {
        check_currency(customer, rest)?;
    }
    let sums = sums_of_rests(rests).and_then(rests_of)?;
    let currency = customer.invoice.currency;
    Ok(CustomerRest { customer: customer.id.clone(), month, currency, rests: sums })
}

/// Warning that a customer gets no document.
fn remark(customer: &Customer, rest: &CustomerRest) -> Result<Diagnostic, TooLong> {
    let sum = Sum::of(rest.rests.iter().map(|rest| rest.amount))?;
    let amount = money(sum, rest.currency, 0);
    let message = format!("\"{}\" gets no invoice for {}: {amount} is carried forward", customer.id, rest.month);
    let rests = rest.by_category();
    let note = format!("by tax category: {rests}");
    let warning = Diagnostic::finding(WarningCode::CarriedForward, message, rests).concerning(&customer.id);
    let warning = warning.at(Place::file(&customer.path)).with_note(note);
    Ok(warning.with_hint("the next month takes it; to pay it back instead, write a credit note by hand"))
}

/// Warning that a rest waits for a customer whose file is gone.
fn without_customer(rest: &CustomerRest) -> Diagnostic {
    let CustomerRest { customer, month, currency, .. } = rest;
    let path = format!("customers/{customer}.toml");
    let message = format!("nobody takes what {month} carried forward for \"{customer}\": there is no such customer");
    let in_currency = |rest: &CategoryRest| format!("{} {currency}", rest.in_words());
    let rests = rest.rests.iter().map(in_currency).collect::<Vec<String>>().join(", ");
    let warning =
        Diagnostic::finding(WarningCode::CarriedForward, message, format!("{month}: {rests}")).concerning(customer);
    let hint = format!(
        "put back {path}, with active = {{ until = \"{month}\" }} if the contract has ended, or pay it back by hand"
    );
    warning.at(Place::file(&path)).with_note(format!("by tax category: {rests}")).with_hint(hint)
}

fn check_currency(customer: &Customer, rest: &CustomerRest) -> Result<(), Diagnostic> {
    let currency = customer.invoice.currency;
    if rest.currency == currency {
        return Ok(());
    }
    let message = format!(
        "{} left a rest of \"{}\" in {}, but its invoices are in {currency} now",
        rest.month, customer.id, rest.currency
    );
    let hint = format!("bill it in {} until nothing is carried forward any more", rest.currency);
    Err(Diagnostic::error(message).at(Place::file(&customer.path)).with_hint(hint))
}

fn sums_of_rests(rests: &[&CustomerRest]) -> Result<RestSums, TooLong> {
    let mut sums = RestSums::new();
    for rest in rests.iter().flat_map(|rest| &rest.rests) {
        let group = TaxGroup { category: rest.category, rate: rest.rate, included: rest.tax_included };
        let (amount, cost) = sums.entry(group).or_default();
        amount.add(rest.amount)?;
        cost.add(rest.cost)?;
    }
    Ok(sums)
}

fn rests_of(sums: RestSums) -> Result<Vec<CategoryRest>, TooLong> {
    let mut rests = Vec::with_capacity(sums.len());
    for (TaxGroup { category, rate, included }, (amount, cost)) in sums {
        let (amount, cost) = (amount.total()?, cost.total()?);
        if !amount.is_zero() || !cost.is_zero() {
            rests.push(CategoryRest { category, rate, amount, tax_included: included, cost });
        }
    }
    Ok(rests)
}

/// The exact sum of a customer's own items and the rests it takes.
///
/// # Errors
/// When it has too many digits.
pub(super) fn exact_sum(own: Amount, items: &[LineItem]) -> Result<Amount, TooLong> {
    let mut sum = Sum::of([own])?;
    for item in items.iter().filter(|item| item.kind == ItemKind::Carried) {
        sum = sum.plus(item.tax_group().without_tax(item.amount)?)?;
    }
    Ok(sum)
}
