//! `invoicer whatif`: computes months with other prices and compares the results; writes nothing.

use std::path::Path;

use crate::billing::comparison::{Comparison, ConvertedChange, FiguresChange, OldFigures};
use crate::cli;
use crate::diagnostic::Problems;
use crate::ledger::Ledger;
use crate::model::amount::Amount;
use crate::model::carried::CategoryRest;
use crate::model::currency::Currency;
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::month::price_change::PriceChange;
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render::money;
use crate::workspace;

pub(super) fn run(root: &Path, current: &Path, arguments: &cli::Whatif, printer: &Printer) -> Result<(), Problems> {
    let months: Vec<BillingMonth> = arguments.months.months().collect();
    let workspace = workspace::load_for(root, &months)?;
    let path = arguments.pricing.display().to_string();
    let new = workspace::with_prices_of(&workspace, current, &path)?;
    let ledger = Ledger::open(root)?;
    let prices = PriceChange { workspace: &workspace, ledger: &ledger, new: &new, path: &path };
    printer.doing("computing the months twice");
    let comparison = prices.compare(&months)?;
    if arguments.json {
        printer.result_json(&out::to_json(&comparison)?);
        return Ok(());
    }
    print(&comparison, printer);
    Ok(())
}

/// Prints the comparison as a table: a line per customer, and with `-v` per month.
fn print(comparison: &Comparison, printer: &Printer) {
    let header = ["customer", "month", "old", "new", "difference", "%", "old margin", "new margin"];
    let mut rows = vec![printer.heading(header)];
    let mut push =
        |name: &str, month: &str, change: &FiguresChange, currency| rows.push(row(name, month, change, currency));
    let several = comparison.months.len() > 1;
    let all = match (comparison.months.first(), comparison.months.last()) {
        (Some(first), Some(last)) if several => format!("{}..{}", first.month, last.month),
        (Some(only), _) => only.month.clone(),
        (None, _) => String::new(),
    };
    for customer in &comparison.customers {
        if printer.verbose && several {
            for month in &customer.months {
                push(&customer.customer, &month.month, &month.change, customer.currency);
            }
        }
        push(&customer.customer, &all, &customer.change, customer.currency);
    }
    for total in &comparison.totals {
        push(&printer.text(&format!("all, {}", total.currency)), &all, &total.change, total.currency);
    }
    let (left, right) = (Align::Left, Align::Right);
    for line in table(&rows, &[left, left, right, right, right, right, right, right]) {
        printer.result(&line);
    }
    for ConvertedChange { month, customer, from, to, rate } in &comparison.converted {
        printer.status(&format!("prices of {customer} were converted: 1 {from} = {rate} {to} in {month}"));
    }
    for change in &comparison.carried {
        let in_words = |rests: &[CategoryRest]| match rests {
            [] => printer.text("nothing").into_owned(),
            rests => rests.iter().map(|rest| rest.in_words()).collect::<Vec<String>>().join(", "),
        };
        let (old, new) = (in_words(&change.old), in_words(&change.new));
        printer.status(&format!(
            "{} has a rest to carry forward, in no figure above: old {old}, new {new}",
            change.customer
        ));
    }
    let issued: Vec<&str> = comparison
        .months
        .iter()
        .filter(|month| month.old_figures == OldFigures::Issued)
        .map(|month| month.month.as_str())
        .collect();
    let old = match issued.len() {
        0 => "old is what the current rules give".to_owned(),
        count if count == comparison.months.len() => "old is what was issued".to_owned(),
        _ => format!("old is what was issued in {}, and what the current rules give otherwise", issued.join(", ")),
    };
    printer.status(&format!("amounts are before tax; {old}; the margin includes discounts that are kept"));
}

fn row(name: &str, month: &str, change: &FiguresChange, currency: Currency) -> Vec<String> {
    let glance = |amount: Amount| {
        // The table shows margins rounded, for reading; --json has all digits.
        let shown = Rounding::HalfUp.apply(amount, currency.decimals()).expect("a rounded amount has fewer digits");
        money(shown, currency, 0)
    };
    let signed = |text: String, amount: Amount| if amount.is_positive() { format!("+{text}") } else { text };
    let percent = change.percent.map_or("-".to_owned(), |percent| signed(percent.to_text(1), percent));
    vec![
        name.to_owned(),
        month.to_owned(),
        glance(change.old.subtotal),
        glance(change.new.subtotal),
        signed(glance(change.difference), change.difference),
        percent,
        glance(change.old.margin),
        glance(change.new.margin),
    ]
}
