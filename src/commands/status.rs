//! `invoicer status`: shows the months of each source, and whether they are fetched, built and issued.

use std::collections::BTreeMap;
use std::path::Path;

use super::excerpts;
use crate::cli;
use crate::diagnostic::{Problems, printable};
use crate::environment::Environment;
use crate::model::amount::Amount;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;
use crate::model::statement::AcceptedDifference;
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render;
use crate::sources;
use crate::sources::fetch;
use crate::sources::snapshot::Snapshot;
use crate::workspace::{self, Workspace};

/// A month of a source.
#[derive(Clone, Debug, Default, serde::Serialize)]
struct SourceMonth {
    month: String,
    source: String,
    /// The provider's state of the month, such as "closed".
    state: Option<String>,
    /// The provider's total, including tax.
    amount: Option<Amount>,
    /// `no`, `files`, `fetched` or `preliminary`.
    here: &'static str,
    built: bool,
    issued: bool,
    /// A difference from the provider's total that the user accepted when fetching.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_difference: Option<AcceptedDifference>,
}

pub(super) fn run(
    root: &Path,
    arguments: &cli::Status,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let workspace = workspace::load(root)?;
    printer.diagnostics(&excerpts::fill(root, workspace.warnings.clone()));
    let (rows, problems) = rows(&workspace, arguments, environment);
    if arguments.json {
        printer.result_json(&out::to_json(&rows)?);
    } else {
        print(&rows, &workspace, printer);
    }
    problems.check()
}

/// Each source's months, newest first. If a provider cannot be asked, still lists what is known locally.
fn rows(workspace: &Workspace, arguments: &cli::Status, environment: &Environment) -> (Vec<SourceMonth>, Problems) {
    let root = &workspace.root;
    let asked = |month: &BillingMonth| arguments.month.is_none_or(|wanted| wanted == *month);
    let here: Vec<BillingMonth> =
        ["billing", "out", "issued"].iter().flat_map(|name| out::months_in(&root.join(name))).collect();
    let (mut rows, mut problems) = (Vec::new(), Problems::default());
    for source in &workspace.settings.sources {
        let wanted = |month: &BillingMonth| asked(month) && source.validity.covers(*month);
        let mut months: BTreeMap<BillingMonth, SourceMonth> = here
            .iter()
            .chain(&arguments.month)
            .filter(|month| wanted(month))
            .map(|month| (*month, SourceMonth::default()))
            .collect();
        if !arguments.offline && !source.kind.is_csv() {
            match fetch::months(source, environment) {
                Ok(known) => {
                    for known in known.into_iter().filter(|known| wanted(&known.month)) {
                        let row = months.entry(known.month).or_default();
                        (row.state, row.amount) = (Some(known.state), known.amount);
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        for (month, mut row) in months.into_iter().rev() {
            problems.extend(look(root, source, month, &mut row).err().unwrap_or_default());
            if row.here != "no" || row.state.is_some() || arguments.month.is_some() {
                rows.push(row);
            }
        }
    }
    (rows, problems)
}

/// Fills in what the workspace's files show.
fn look(root: &Path, source: &SourceSettings, month: BillingMonth, row: &mut SourceMonth) -> Result<(), Problems> {
    row.month = month.to_string();
    row.source = source.name.clone();
    row.here = "no";
    row.built = root.join(format!("out/{month}/manifest.json")).is_file();
    row.issued = root.join(format!("issued/{month}.json")).is_file();
    if source.kind.is_csv() {
        if sources::has_files(root, source, month) {
            row.here = "files";
        }
        row.amount = source.totals.get(&month).copied();
        return Ok(());
    }
    if let Some(snapshot) = Snapshot::open(root, source, month)? {
        row.here = if snapshot.provenance.is_final { "fetched" } else { "preliminary" };
        if row.amount.is_none() {
            row.amount = sources::statement(source, &snapshot)?.total;
        }
        if row.state.is_none() {
            row.state = snapshot.provenance.is_final.then(|| "closed".to_owned());
        }
        row.accepted_difference = snapshot.provenance.accepted_difference;
    }
    Ok(())
}

fn print(rows: &[SourceMonth], workspace: &Workspace, printer: &Printer) {
    if rows.is_empty() {
        printer.status("no month is known of any source");
        return;
    }
    let header = ["month", "source", "provider", "amount", "here", "built", "issued"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    for row in rows {
        let source = workspace.settings.sources.iter().find(|source| source.name == row.source);
        let amount = row.amount.zip(source).map(|(amount, source)| {
            render::money(amount, source.currency, amount.scale().max(source.currency.decimals()))
        });
        lines.push(vec![
            row.month.clone(),
            row.source.clone(),
            row.state.clone().unwrap_or_else(|| "-".to_owned()),
            amount.unwrap_or_else(|| "-".to_owned()),
            row.here.to_owned(),
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
