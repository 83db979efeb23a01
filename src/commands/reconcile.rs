//! `invoicer reconcile`: compares our sums with the provider's own, source by source.

use std::path::Path;

use super::excerpts;
use crate::billing::{self, Reconciliation};
use crate::cli;
use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::environment::Environment;
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::period::BillingMonth;
use crate::model::settings::{Settings, SourceSettings};
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render;
use crate::sources;
use crate::sources::drift;
use crate::sources::fetch::{self, Again, FetchRequest};
use crate::workspace;

/// Maximum number of changed rows shown.
const SHOWN_ROWS: usize = 50;

pub(super) fn run(
    root: &Path,
    arguments: &cli::Reconcile,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let workspace = workspace::load(root)?;
    printer.diagnostics(&excerpts::fill(root, workspace.warnings.clone()));
    let settings = &workspace.settings;
    let month = arguments.month;
    // A month that is not final can be compared too; the message about a difference then says so.
    let bill = sources::read(root, settings, month, true)?;
    let found = billing::reconcile(&bill).of(SUMS)?;
    if arguments.json {
        printer.result_json(&out::to_json(&found)?);
    } else {
        print(&found, settings, month, printer);
    }
    // In the order in which the bill has the month's sources.
    let sources: Vec<&SourceSettings> = settings.sources_of(month).collect();
    let mut problems: Problems =
        found.iter().zip(&sources).flat_map(|(found, source)| differences(found, source)).collect();
    if arguments.fetch {
        let request = FetchRequest { root, month, draft: true, force: true, accept: None, environment };
        for (index, source) in sources.into_iter().enumerate().filter(|(_, source)| !source.kind.is_csv()) {
            // Differences are reported even when the provider cannot be asked.
            match fetch::read_again(request, source) {
                Ok(Again { bill: now, half }) => {
                    problems.extend(half);
                    let index = u16::try_from(index).expect("the sources were counted when they were read");
                    let changes = drift::masked(billing::drift(&bill, index, &now).of(SUMS)?, environment);
                    drift::keep(root, source, month, &changes, environment)?;
                    if !changes.is_empty() {
                        problems.push(drift::refusal(&changes, source, month, SHOWN_ROWS));
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    problems.check()
}

/// Name of the figures in the error about too many digits.
const SUMS: &str = "the sums of the month";

fn money(amount: Amount, currency: Currency) -> String {
    render::money(amount, currency, amount.scale().max(currency.decimals()))
}

fn print(found: &[Reconciliation], settings: &Settings, month: BillingMonth, printer: &Printer) {
    let header = ["source", "rows", "with tax", "provider", "difference", "days", "resources"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for one in found {
        let optional = |amount: Option<Amount>| amount.map_or("-".to_owned(), |amount| money(amount, one.currency));
        let days = match (one.days, one.day_differences.len()) {
            (0, _) => "-".to_owned(),
            (days, 0) => format!("{days} agree"),
            (days, differ) => format!("{differ} of {days} differ"),
        };
        let resources = one.resources.as_ref().map_or("-".to_owned(), |count| match count.ours == count.provider {
            true => format!("{} agree", count.ours),
            false => format!("{} / {}", count.ours, count.provider),
        });
        rows.push(vec![
            one.name.clone(),
            money(one.total, one.currency),
            money(one.total_with_tax, one.currency),
            optional(one.provider_total),
            optional(one.difference),
            days,
            resources,
        ]);
    }
    let right = Align::Right;
    for line in table(&rows, &[Align::Left, right, right, right, right, Align::Left, Align::Left]) {
        printer.result(&line);
    }
    for one in found {
        if one.provider_total.is_none() {
            let way_out = match settings.source(&one.name).is_some_and(|source| source.kind.is_csv()) {
                true => format!("; give its amount with tax as total = {{ \"{month}\" = \"…\" }} in its [[source]]"),
                false => String::new(),
            };
            printer.status(&format!("{}: the provider states no total to compare with{way_out}", one.name));
        }
        if !one.coupons.is_zero() {
            let coupons = money(one.coupons, one.currency);
            printer.status(&format!("{}: the provider's figure is after coupons of {coupons}", one.name));
        }
    }
}

/// The differences as errors, with their likely cause.
fn differences(found: &Reconciliation, source: &SourceSettings) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if let (Some(difference), Some(provider)) = (found.difference, found.provider_total)
        && !difference.is_zero()
    {
        let message = format!(
            "\"{}\" does not reconcile: ours {}, the provider's {}, difference {}",
            found.name,
            money(found.total_with_tax, found.currency),
            money(provider, found.currency),
            money(difference, found.currency)
        );
        let mut diagnostic = Diagnostic::error(message).at(sources::place(source));
        if let Some(accepted) = &found.accepted_difference {
            diagnostic = diagnostic.with_note(accepted.note(found.currency));
        }
        problems.push(match &found.cause {
            Some(cause) => diagnostic.with_hint(format!("likely cause: {cause}")),
            None => diagnostic,
        });
    }
    if !found.day_differences.is_empty() {
        let days = found.day_differences.len();
        let message = format!("\"{}\": {days} of {} days differ from the provider's", found.name, found.days);
        let diagnostic = Diagnostic::error(message).at(sources::place(source));
        let shown = found.day_differences.iter().take(5).map(|day| {
            let (ours, provider) = (money(day.ours, found.currency), money(day.provider, found.currency));
            format!("day {}: ours {ours}, the provider's {provider}", day.day)
        });
        let diagnostic = shown.fold(diagnostic, Diagnostic::with_note);
        problems.push(diagnostic.with_hint("likely cause: rows of these days are missing or were added; see --fetch"));
    }
    if let Some(count) = found.resources.as_ref().filter(|count| count.ours != count.provider) {
        let message = format!(
            "\"{}\": {} {} have a charge, the provider counts {}",
            found.name, count.ours, count.what, count.provider
        );
        let diagnostic = Diagnostic::error(message).at(sources::place(source));
        problems.push(diagnostic.with_hint("likely cause: rows of some are missing, or one has rows under two ids"));
    }
    problems
}
