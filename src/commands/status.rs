//! `invoicer status`: shows the months of each source, and whether they are fetched, built, issued and sent.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::excerpts;
use super::send::note_running;
use crate::cli;
use crate::diagnostic::{Diagnostic, Problems, printable};
use crate::environment::Environment;
use crate::ledger::Ledger;
use crate::mail::deliveries::{Counts, Deliveries};
use crate::month::source_months::{SourceMonth, source_months};
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render::money;
use crate::sources;
use crate::workspace::{self, Workspace};

pub(super) fn run(
    root: &Path,
    arguments: &cli::Status,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let mut workspace = workspace::load(root)?;
    sources::absent::take_as_final(&mut workspace.settings, &arguments.finals)?;
    printer.diagnostics(&excerpts::fill(root, workspace.warnings.clone()));
    printer.doing("asking the providers");
    let (rows, problems) = source_months(&workspace, arguments.month, arguments.offline, environment);
    note_running(root, printer);
    let sent = sent(root, &rows)?;
    if arguments.json {
        let row = |source| StatusRow { source, sent: sent.get(&source.month) };
        printer.result_json(&out::to_json(&rows.iter().map(row).collect::<Vec<StatusRow<'_>>>())?);
    } else {
        print(&rows, &sent, &workspace, printer);
    }
    problems.check()
}

/// A month of a source with what became of its messages.
#[derive(Serialize)]
struct StatusRow<'a> {
    #[serde(flatten)]
    source: &'a SourceMonth,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<&'a Counts>,
}

/// What became of the documents of each issued month, by the month.
fn sent(root: &Path, rows: &[SourceMonth]) -> Result<BTreeMap<String, Counts>, Diagnostic> {
    // What is wrong with a record is for `verify` to say.
    let (ledger, _) = Ledger::read(root);
    let mut sent = BTreeMap::new();
    for month in ledger.months().into_iter().filter(|month| rows.iter().any(|row| row.month == month.to_string())) {
        let documents = ledger.of_month(month).flat_map(|stored| &stored.record.documents);
        sent.insert(month.to_string(), Deliveries::read(root, month)?.counts(documents));
    }
    Ok(sent)
}

/// `5/6, 1 refused`
fn sent_text(counts: &Counts, printer: &Printer) -> String {
    let Counts { sent, refused, unknown, waiting } = *counts;
    let all = format!("{sent}/{}", sent + refused + unknown + waiting);
    let rest = [(refused, "refused"), (unknown, "unknown")].into_iter().filter(|(count, _)| *count > 0);
    let rest = rest.map(|(count, word)| format!(", {count} {}", printer.text(word)));
    all + &rest.collect::<String>()
}

fn print(rows: &[SourceMonth], sent: &BTreeMap<String, Counts>, workspace: &Workspace, printer: &Printer) {
    if rows.is_empty() {
        printer.status("no source has any month");
        return;
    }
    let header = ["month", "source", "provider", "amount", "here", "built", "issued", "sent"];
    let mut lines = vec![printer.heading(header)];
    let yes = |yes: bool| printer.text(if yes { "yes" } else { "no" }).into_owned();
    for row in rows {
        let source = workspace.settings.source(&row.source);
        let amount = row.amount.zip(source).map(|(amount, source)| money(amount, source.currency, 0));
        lines.push(vec![
            row.month.clone(),
            row.source.clone(),
            row.state.clone().unwrap_or_else(|| "-".to_owned()),
            amount.unwrap_or_else(|| "-".to_owned()),
            printer.text(row.here.name()).into_owned(),
            yes(row.built),
            yes(row.issued),
            sent.get(&row.month).map_or_else(|| "-".to_owned(), |counts| sent_text(counts, printer)),
        ]);
    }
    let left = Align::Left;
    for line in table(&lines, &[left, left, left, Align::Right, left, left, left, left]) {
        printer.result(&line);
    }
    for row in rows {
        let source = workspace.settings.source(&row.source);
        if let (Some(accepted), Some(source)) = (&row.accepted_difference, source) {
            let note = accepted.note(source.currency);
            printer.status(&printable(&format!("{} {}: {note}", row.month, row.source)));
        }
    }
}
