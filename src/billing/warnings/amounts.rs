//! Warnings about what customers pay, and about the providers' totals.

use super::Month;
use crate::billing::reconciliation::invoice_totals;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::currency::Currency;
use crate::model::customer::Customer;
use crate::model::figures::money;
use crate::model::invoice::{Invoice, LineItem};
use crate::model::item_label::ItemTables;
use crate::model::period::BillingMonth;
use crate::model::ratio::quotient;
use crate::model::warning::WarningCode;

/// Number of months that a total is compared with.
const MONTHS: usize = 3;

/// Maximum number of items named.
const SHOWN_ITEMS: usize = 3;

/// Customers that pay less than their usage costs.
pub(super) fn below_cost(month: Month<'_>) -> Result<Vec<Diagnostic>, TooLong> {
    let lossy = month.billed.invoices.iter().filter(|invoice| invoice.subtotal < invoice.cost);
    lossy.map(|invoice| loss(month, &month.settings.customers[invoice.customer], invoice)).collect()
}

fn loss(month: Month<'_>, customer: &Customer, invoice: &Invoice) -> Result<Diagnostic, TooLong> {
    let shown = |amount: Amount| money(amount, invoice.currency, 0);
    let (billed, cost) = (shown(invoice.subtotal), shown(invoice.cost));
    let lost = shown(invoice.cost.minus(invoice.subtotal)?);
    let message = format!("\"{}\" is billed {billed} before tax for what costs {cost}: a loss of {lost}", customer.id);
    let mut losing: Vec<(Amount, &LineItem)> = Vec::new();
    for item in &invoice.items {
        let margin = item.amount.minus(item.cost)?;
        if margin.is_negative() {
            losing.push((margin, item));
        }
    }
    losing.sort_by_key(|(margin, _)| *margin);
    let tables = ItemTables::about_customer(month.settings, invoice.customer);
    let note = |(_, item): &(Amount, &LineItem)| {
        let name = tables.label(&item.source, &item.name, item.kind).both_names(&item.name);
        let (amount, cost) = (shown(item.amount), shown(item.cost));
        (format!("{name}: {amount} for {cost}"), format!("{name}: {amount} < {cost}"))
    };
    let this = month.bill.month;
    let warning = Diagnostic::finding(WarningCode::BelowCost, message, format!("{billed} < {cost} (-{lost})"));
    let notes = losing.iter().take(SHOWN_ITEMS).map(note);
    let warning = notes.fold(warning, |warning, (note, facts)| warning.with_note_and_facts(note, facts));
    let hint = format!(
        "check the prices and discounts of {} and invoicer.toml; a [[pricing.rule]] with from = \"{this}\" changes a \
         price and leaves earlier months alone",
        customer.path
    );
    Ok(warning.concerning(&customer.id).at(Place::file(&customer.path)).with_hint(hint))
}

/// Customers whose total deviates from the median of the last three months by more than `[warnings] change`. Months
/// without an invoice or in another currency do not count.
pub(super) fn unusual_totals(month: Month<'_>) -> Result<Vec<Diagnostic>, TooLong> {
    let mut warnings = Vec::new();
    for invoice in &month.billed.invoices {
        let customer = &month.settings.customers[invoice.customer];
        let past = past_totals(month, &customer.id, invoice.currency);
        let Some(median) = median(past.iter().map(|(_, total)| *total).collect())? else {
            continue;
        };
        let deviation = invoice.total.minus(median)?;
        if deviation.magnitude() > median.magnitude().times(customer.warnings.change)? {
            warnings.push(unusual(customer, invoice, median, deviation, &past));
        }
    }
    Ok(warnings)
}

fn past_totals(month: Month<'_>, id: &str, currency: Currency) -> Vec<(BillingMonth, Amount)> {
    let before = std::iter::successors(Some(month.bill.month.previous()), |month| Some(month.previous()));
    let total = |past: BillingMonth| {
        let customer = month.history.customer(past, id)?;
        (customer.currency == currency).then_some((past, customer.total))
    };
    before.take(MONTHS).filter_map(total).collect()
}

/// The middle value, or the mean of the two middle ones; none for an empty list.
fn median(mut values: Vec<Amount>) -> Result<Option<Amount>, TooLong> {
    values.sort_unstable();
    let middle = values.len() / 2;
    match values.len() {
        0 => Ok(None),
        count if count % 2 == 1 => Ok(Some(values[middle])),
        _ => Sum::of([values[middle - 1], values[middle]])?.times(Amount::new(5, 1)?).map(Some),
    }
}

fn unusual(
    customer: &Customer,
    invoice: &Invoice,
    median: Amount,
    deviation: Amount,
    past: &[(BillingMonth, Amount)],
) -> Diagnostic {
    let shown = |amount: Amount| money(amount, invoice.currency, 0);
    let (total, usual) = (shown(invoice.total), shown(median));
    let percent = quotient(deviation, median, 3).and_then(|share| share.times(Amount::whole(100)).ok());
    let percent = percent.map(|percent| percent.magnitude().to_text(1));
    let direction = if deviation.is_negative() { "below" } else { "above" };
    let distance = percent.as_ref().map_or_else(|| direction.to_owned(), |percent| format!("{percent}% {direction}"));
    let months = match past.len() {
        1 => "that of the last month it was billed".to_owned(),
        count => format!("the median of the last {count} months it was billed"),
    };
    let message = format!("the total of \"{}\" is {total}, {distance} {usual}, {months}", customer.id);
    let sign = if deviation.is_negative() { "-" } else { "+" };
    let facts = match &percent {
        Some(percent) => format!("{usual} → {total} ({sign}{percent}%)"),
        None => format!("{usual} → {total}"),
    };
    let totals: Vec<String> = past.iter().map(|(month, total)| format!("{month}: {}", shown(*total))).collect();
    Diagnostic::finding(WarningCode::UnusualTotal, message, facts)
        .concerning(&customer.id)
        .at(Place::file(&customer.path))
        .with_fact(totals.join(", "))
        .with_hint(format!("if that is usual, set change = \"…%\" in [warnings] of {}", customer.path))
}

/// Sources whose sum with tax differs from the provider's total.
pub(super) fn not_reconciled(month: Month<'_>) -> Result<Vec<Diagnostic>, TooLong> {
    let mut warnings = Vec::new();
    for (source, read) in month.billed.sources.iter().zip(&month.bill.sources) {
        let at_source = |warning: Diagnostic| match month.settings.source(&source.name) {
            Some(settings) => warning.at(&settings.definition),
            None => warning,
        };
        let hint = format!("invoicer reconcile {} tells where they differ", month.bill.month);
        for invoice in invoice_totals(read, month.bill.month)? {
            let Some(message) = invoice.message(&source.name, source.currency) else { continue };
            let facts = format!("{}: {}", source.name, invoice.invoice);
            let warning = Diagnostic::finding(WarningCode::NotReconciled, message, facts);
            warnings.push(at_source(warning.with_hint(hint.clone())));
        }
        let Some((provider, difference)) = source.unreconciled() else {
            continue;
        };
        let shown = |amount: Amount| money(amount, source.currency, 0);
        let (ours, provider, difference) = (shown(source.total_with_tax), shown(provider), shown(difference));
        let message = format!(
            "\"{}\" does not reconcile: ours {ours}, the provider's {provider}, difference {difference}",
            source.name
        );
        let facts = format!("{}: {ours} ≠ {provider} ({difference})", source.name);
        let mut warning = Diagnostic::finding(WarningCode::NotReconciled, message, facts).with_hint(hint);
        if let Some(accepted) = &read.statement.accepted {
            let facts = format!("{difference}: {}", accepted.reason);
            warning = warning.with_note_and_facts(accepted.note(source.currency), facts);
        }
        warnings.push(at_source(warning));
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_exact() {
        let amount = |text: &str| Amount::parse(text.as_bytes()).unwrap();
        for (values, expected) in [
            (vec![], None),
            (vec!["7"], Some("7")),
            (vec!["8", "3"], Some("5.5")),
            (vec!["0.01", "0.02"], Some("0.015")),
            (vec!["9", "1", "5"], Some("5")),
            (vec!["0", "0", "900"], Some("0")),
        ] {
            let median = median(values.iter().map(|text| amount(text)).collect()).unwrap();
            assert_eq!(median.map(|median| median.to_string()).as_deref(), expected, "{values:?}");
        }
    }
}
