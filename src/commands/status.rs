//! `invoicer status`: shows the months of each source, and whether they are fetched, built and issued.

use std::path::Path;

use super::excerpts;
use crate::cli;
use crate::diagnostic::{Problems, printable};
use crate::environment::Environment;
use crate::month::source_months::{SourceMonth, source_months};
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render::money;
use crate::workspace::{self, Workspace};

pub(super) fn run(
    root: &Path,
    arguments: &cli::Status,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let workspace = workspace::load(root)?;
    printer.diagnostics(&excerpts::fill(root, workspace.warnings.clone()));
    printer.doing("asking the providers");
    let (rows, problems) = source_months(&workspace, arguments.month, arguments.offline, environment);
    if arguments.json {
        printer.result_json(&out::to_json(&rows)?);
    } else {
        print(&rows, &workspace, printer);
    }
    problems.check()
}

fn print(rows: &[SourceMonth], workspace: &Workspace, printer: &Printer) {
    if rows.is_empty() {
        printer.status("no source has any month");
        return;
    }
    let header = ["month", "source", "provider", "amount", "here", "built", "issued"];
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
        ]);
    }
    let left = Align::Left;
    for line in table(&lines, &[left, left, left, Align::Right, left, left, left]) {
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
