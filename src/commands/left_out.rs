//! Prints which rows of bills are no charges.

use crate::diagnostic::{counted, row_count};
use crate::model::charge::{Bill, BillSource};
use crate::model::currency::Currency;
use crate::model::focus::CountedSum;
use crate::model::mapping::{LeftOut, MappedFigures};
use crate::model::plain::beginning;
use crate::printer::Printer;
use crate::render::money;

/// Prints the rows of each source that settings leave out, with their sums.
pub(super) fn print(bill: &Bill, printer: &Printer) {
    for source in &bill.sources {
        if let Some(figures) = &source.mapped {
            print_mapped(source, figures, printer);
        }
        let Some(figures) = &source.focus else { continue };
        let sum = |of: CountedSum| {
            let sum = of.sum.total().ok().filter(|_| of.rows > 0)?;
            Some((row_count(of.rows), money(sum, source.currency, 0)))
        };
        let name = &source.name;
        if !figures.left_out.is_empty() {
            let rows = row_count(figures.left_out.values().map(|counted| counted.rows).sum());
            let sums: Vec<String> = figures.left_out.iter().map(|(currency, sum)| in_currency(currency, sum)).collect();
            printer.status(&format!("{name}: left out by where: {rows}, {}", sums.join(", ")));
        }
        if let Some((rows, sum)) = sum(figures.taxes) {
            printer.status(&format!("{name}: left out as the provider's tax: {rows}, {sum}"));
        }
        if figures.other_months > 0 {
            printer.status(&format!("{name}: left out as of other months: {}", row_count(figures.other_months)));
        }
    }
}

/// A sum in a currency as a bill writes it, which may be one that nobody knows.
fn in_currency(written: &str, counted: &CountedSum) -> String {
    let Ok(sum) = counted.sum.total() else { return format!("? {}", beginning(written)) };
    match Currency::of(written) {
        Some(currency) => money(sum, currency, 0),
        None => format!("{sum} {}", beginning(written)),
    }
}

/// The same of a mapped table, of which every row is a charge or left out.
fn print_mapped(source: &BillSource, figures: &MappedFigures, printer: &Printer) {
    if figures.left_out.is_empty() {
        return;
    }
    let (name, charges, left_out) = (&source.name, figures.charges, figures.left_out());
    printer.status(&format!(
        "{name}: {} read: {}, {left_out} left out",
        row_count(figures.rows),
        counted(charges, "charge")
    ));
    for (reason, left_out) in &figures.left_out {
        let reason = reason.reason();
        let rows = row_count(left_out.rows);
        let sum = figures.tax_rows.sum.total().ok().filter(|_| reason == LeftOut::Tax.reason());
        printer.status(&match sum {
            Some(sum) => format!("{name}: left out {reason}: {rows}, {}", money(sum, source.currency, 0)),
            None => format!("{name}: left out {reason}: {rows}"),
        });
    }
}
