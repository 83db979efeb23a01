//! Prints which rows of bills are no charges.

use crate::diagnostic::row_count;
use crate::model::charge::Bill;
use crate::model::focus::CountedSum;
use crate::printer::Printer;
use crate::render::money;

/// Prints the rows of each source that settings leave out, with their sums.
pub(super) fn print(bill: &Bill, printer: &Printer) {
    for source in &bill.sources {
        let Some(figures) = &source.focus else { continue };
        let sum = |counted: CountedSum| {
            let sum = counted.sum.total().ok().filter(|_| counted.rows > 0)?;
            Some((row_count(counted.rows), money(sum, source.currency, 0)))
        };
        let name = &source.name;
        if let Some((rows, sum)) = sum(figures.left_out) {
            printer.status(&format!("{name}: left out by where: {rows}, {sum}"));
        }
        if let Some((rows, sum)) = sum(figures.taxes) {
            printer.status(&format!("{name}: left out as the provider's tax: {rows}, {sum}"));
        }
        if figures.other_months > 0 {
            printer.status(&format!("{name}: left out as of other months: {}", row_count(figures.other_months)));
        }
    }
}
