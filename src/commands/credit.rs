//! `invoicer credit`: makes a credit note for an issued invoice and, on request, the corrected invoice.

use std::path::Path;

use super::issue;
use crate::billing::{CreditedLine, Extent};
use crate::cli;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::environment::Environment;
use crate::ledger::Stored;
use crate::model::amount::Amount;
use crate::model::invoice::DocumentKind;
use crate::month::credited::CreditRequest;
use crate::printer::Printer;
use crate::render;

pub(super) fn run(
    root: &Path,
    arguments: &cli::Credit,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let line = |(line, amount): &(usize, Option<Amount>)| CreditedLine { line: *line, amount: *amount };
    let request = CreditRequest {
        number: &arguments.number,
        reason: &arguments.reason,
        refund_note: arguments.refund_note.as_deref(),
        extent: match arguments.lines.is_empty() {
            true => Extent::Whole,
            false => Extent::Lines(arguments.lines.iter().map(line).collect()),
        },
        date: arguments.date.unwrap_or_else(|| super::today(environment)),
        reissue: arguments.reissue,
        due_date: arguments.due_date,
        again: arguments.again,
    };
    let stored = request.credit(root, printer)?;
    if arguments.json {
        issue::print_head(&stored.sha256, printer);
        printer.result_json(&stored.to_json(&stored.sha256)?);
    } else {
        print(&stored, &arguments.number, printer);
    }
    Ok(())
}

/// Prints the figures and files of a record.
fn print(stored: &Stored, number: &str, printer: &Printer) {
    for document in &stored.record.documents {
        let money = render::money(document.total, document.currency, document.currency.decimals());
        let what = match document.kind {
            DocumentKind::CreditNote => format!("takes back {number}"),
            DocumentKind::Invoice => format!("replaces {number}"),
        };
        printer.status(&format!("{}: {money}, {what}", document.number));
        if document.due_date < document.issue_date {
            let message = format!("{} is due on {}, before its issue", document.number, document.due_date);
            printer.diagnostics(&[Diagnostic::warning(message)
                .at(Place::file(stored.path()))
                .with_hint("--due-date YYYY-MM-DD sets another date on a corrected invoice")]);
        }
    }
    issue::print_head(&stored.sha256, printer);
    printer.result(&stored.path());
    let outputs = stored.record.documents.iter().flat_map(|document| &document.outputs);
    printer.result_files(outputs.map(|output| format!("out/{}/{}", stored.record.month, output.path)));
}
