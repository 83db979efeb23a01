//! `invoicer whatif`: computes months with other prices and compares the results; writes nothing.

use std::path::Path;

use crate::billing;
use crate::billing::comparison::{
    ComparedMonth, Comparison, ConvertedChange, Figures, FiguresChange, MonthFigures, OldFigures, compare, converted,
    figures,
};
use crate::cli;
use crate::diagnostic::{Diagnostic, Figure, Place, Problems};
use crate::ledger::Ledger;
use crate::model::amount::{Amount, TooLong};
use crate::model::carried::CustomerRest;
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::invoice::Status;
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::model::settings::{Settings, SourceSettings};
use crate::month::carried;
use crate::month::standing::standing_figures;
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render;
use crate::sources;
use crate::sources::snapshot::Snapshot;
use crate::workspace::{self, Workspace};

pub(super) fn run(root: &Path, current: &Path, arguments: &cli::Whatif, printer: &Printer) -> Result<(), Problems> {
    let workspace = workspace::load(root)?;
    let path = arguments.pricing.display().to_string();
    let new = workspace::with_prices_of(&workspace, current, &path)?;
    let ledger = Ledger::open(root)?;
    let months: Vec<BillingMonth> = arguments.months.months().collect();
    check_bills(root, &workspace.settings, &months)?;
    let mut compared = Vec::new();
    for month in months {
        // One month at a time, so that a year of bills need not fit in memory.
        let bill = sources::read(root, &workspace.settings, month, false)?;
        let taken = carried::taken(&ledger, &root.join("out"), month);
        let (old_figures, old) = old(root, &workspace, &ledger, &bill, &taken)?;
        let (new, converted) =
            computed(&new, &bill, &taken).map_err(|problems| noted(problems, &format!("with the prices of {path}")))?;
        compared.push(ComparedMonth { month, old_figures, old, new, converted });
    }
    let comparison = compare(&compared).of(SUMS)?;
    if arguments.json {
        printer.result_json(&out::to_json(&comparison)?);
        return Ok(());
    }
    print(&comparison, printer);
    Ok(())
}

/// Name of the figures in the error about too many digits.
const SUMS: &str = "the sums of the months";

/// Checks that every month has a bill, and reports all that have none at once.
fn check_bills(root: &Path, settings: &Settings, months: &[BillingMonth]) -> Result<(), Problems> {
    let has_bill = |source: &SourceSettings, month: BillingMonth| match source.kind.is_csv() {
        true => sources::has_files(root, source, month),
        // An invalid snapshot is reported when it is read.
        false => !matches!(Snapshot::open(root, source, month), Ok(None)),
    };
    let without: Vec<String> = months
        .iter()
        .filter(|month| !settings.sources_of(**month).any(|source| has_bill(source, **month)))
        .map(|month| month.to_string())
        .collect();
    if without.is_empty() {
        return Ok(());
    }
    let diagnostic = Diagnostic::error(format!("there are no bills of {}", without.join(", ")));
    let hint = "name months that have bills: `invoicer status` shows them";
    Err(diagnostic.at(Place::file("billing")).with_hint(hint).into())
}

/// What customers pay with the old prices: the issued figures or, for a month that is not issued, the present rules'.
fn old(
    root: &Path,
    workspace: &Workspace,
    ledger: &Ledger,
    bill: &Bill,
    taken: &[CustomerRest],
) -> Result<(OldFigures, MonthFigures), Problems> {
    let Some(stored) = ledger.latest_rules(bill.month) else {
        let (old, _) = computed(&workspace.settings, bill, taken)
            .map_err(|problems| noted(problems, "with the present prices"))?;
        return Ok((OldFigures::Rules, old));
    };
    // The record has all figures except kept discounts, which are computed from the rules of that time. The cost of
    // what was taken back stays, because the provider charges for it all the same.
    let (then, _) = computed(&workspace::load(&root.join(stored.rules_directory()))?.settings, bill, taken)?;
    let nothing =
        |figures: &Figures| Figures::new([Amount::ZERO, Amount::ZERO, Amount::ZERO, figures.cost], figures.kept);
    let unbilled = then.iter().map(|(key, figures)| Ok((key.clone(), nothing(figures)?)));
    let mut old: MonthFigures = unbilled.collect::<Result<_, TooLong>>().of(SUMS)?;
    for (customer, standing) in standing_figures(ledger, bill.month).of(SUMS)? {
        let key = (customer, standing.currency);
        let kept = then.get(&key).map_or(Amount::ZERO, |figures| figures.kept);
        let amounts = [standing.subtotal, standing.tax, standing.total, standing.cost];
        old.insert(key, Figures::new(amounts, kept).of(SUMS)?);
    }
    Ok((OldFigures::Issued, old))
}

fn computed(
    settings: &Settings,
    bill: &Bill,
    taken: &[CustomerRest],
) -> Result<(MonthFigures, Vec<ConvertedChange>), Problems> {
    let billed = billing::invoices(bill, settings, Status::Built, taken)?;
    let figures = figures(bill, settings, &billed).of(SUMS)?;
    Ok((figures, converted(bill, settings, &billed)))
}

fn noted(problems: Problems, note: &str) -> Problems {
    problems.each(|problem| problem.with_note(note))
}

/// Prints the comparison as a table: a line per customer, and with `-v` per month.
fn print(comparison: &Comparison, printer: &Printer) {
    let header = ["customer", "month", "old", "new", "difference", "%", "old margin", "new margin"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
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
        push(&format!("all, {}", total.currency), &all, &total.change, total.currency);
    }
    let (left, right) = (Align::Left, Align::Right);
    for line in table(&rows, &[left, left, right, right, right, right, right, right]) {
        printer.result(&line);
    }
    for ConvertedChange { month, customer, from, to, rate } in &comparison.converted {
        printer.status(&format!("prices of {customer} were converted: 1 {from} = {rate} {to} in {month}"));
    }
    let issued: Vec<&str> = comparison
        .months
        .iter()
        .filter(|month| month.old_figures == OldFigures::Issued)
        .map(|month| month.month.as_str())
        .collect();
    let old = match issued.len() {
        0 => "old is what the present rules give".to_owned(),
        count if count == comparison.months.len() => "old is what was issued".to_owned(),
        _ => format!("old is what was issued in {}, and what the present rules give otherwise", issued.join(", ")),
    };
    printer.status(&format!("amounts are before tax; {old}; the margin includes discounts that are kept"));
}

fn row(name: &str, month: &str, change: &FiguresChange, currency: Currency) -> Vec<String> {
    let money = |amount: Amount| {
        // The table shows margins rounded, for reading; --json has all digits.
        let shown = Rounding::HalfUp.apply(amount, currency.decimals()).expect("a rounded amount has fewer digits");
        render::money(shown, currency, currency.decimals())
    };
    let signed = |text: String, amount: Amount| if amount.is_positive() { format!("+{text}") } else { text };
    let percent = change.percent.map_or("-".to_owned(), |percent| signed(percent.to_text(1), percent));
    vec![
        name.to_owned(),
        month.to_owned(),
        money(change.old.subtotal),
        money(change.new.subtotal),
        signed(money(change.difference), change.difference),
        percent,
        money(change.old.margin),
        money(change.new.margin),
    ]
}
