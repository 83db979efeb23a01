//! `invoicer reconcile`: compares our sums with the provider's own, source by source.

use std::path::Path;

use super::{excerpts, left_out};
use crate::billing::{self, Reconciliation};
use crate::cli;
use crate::diagnostic::{Figure, Problems};
use crate::environment::Environment;
use crate::model::amount::Amount;
use crate::model::period::BillingMonth;
use crate::model::settings::Settings;
use crate::month::provider_drift::{SUMS, provider_drift};
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render::money;
use crate::sources;
use crate::sources::fetch::FetchRequest;
use crate::workspace;

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
    printer.doing(&format!("reading the bills of {month}"));
    let bill = sources::read(root, settings, month, true)?;
    let found = billing::reconcile(&bill).of(SUMS)?;
    if arguments.json {
        printer.result_json(&out::to_json(&found)?);
    } else {
        print(&found, settings, month, printer);
    }
    left_out::print(&bill, printer);
    let mut problems: Problems = found
        .iter()
        .zip(settings.sources_of(month))
        .flat_map(|(found, source)| found.problems(&source.definition))
        .collect();
    if arguments.fetch {
        printer.doing("asking the providers again");
        let request = FetchRequest { root, month, draft: true, force: true, accept: None, environment };
        problems.extend(provider_drift(&bill, settings, request)?);
    }
    problems.check()
}

fn print(found: &[Reconciliation], settings: &Settings, month: BillingMonth, printer: &Printer) {
    let header = ["source", "rows", "with tax", "provider", "difference", "days", "resources"];
    let mut rows = vec![printer.heading(header)];
    for one in found {
        let optional = |amount: Option<Amount>| amount.map_or("-".to_owned(), |amount| money(amount, one.currency, 0));
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
            money(one.total, one.currency, 0),
            money(one.total_with_tax, one.currency, 0),
            optional(one.provider_total),
            optional(one.difference),
            printer.text(&days).into_owned(),
            printer.text(&resources).into_owned(),
        ]);
    }
    let right = Align::Right;
    for line in table(&rows, &[Align::Left, right, right, right, right, Align::Left, Align::Left]) {
        printer.result(&line);
    }
    print_invoices(found, printer);
    for one in found {
        if let Some(billed) = one.billed {
            let (total, billed) = (money(one.total, one.currency, 0), money(billed, one.currency, 0));
            printer.status(&format!("{}: the rows cost {total}; the provider bills {billed} for them", one.name));
        }
        if one.provider_total.is_none() && one.invoices.iter().all(|invoice| invoice.provider_total.is_none()) {
            let way_out = match settings.source(&one.name).is_some_and(|source| source.kind.is_csv()) {
                true => format!("; give its amount with tax as total = {{ \"{month}\" = \"…\" }} in its [[source]]"),
                false => String::new(),
            };
            printer.status(&format!("{}: the provider states no total to compare with{way_out}", one.name));
        }
        if !one.coupons.is_zero() {
            let coupons = money(one.coupons, one.currency, 0);
            printer.status(&format!("{}: the provider's figure is after coupons of {coupons}", one.name));
        }
    }
}

/// Prints the providers' invoices, where bills name them.
fn print_invoices(found: &[Reconciliation], printer: &Printer) {
    let header = ["source", "invoice", "currency", "rows", "billed", "provider", "difference"];
    let mut rows = vec![printer.heading(header)];
    for (one, invoice) in found.iter().flat_map(|one| one.invoices.iter().map(move |invoice| (one, invoice))) {
        let decimals = one.currency.decimals();
        let optional = |amount: Option<Amount>| amount.map_or("-".to_owned(), |amount| amount.to_text(decimals));
        rows.push(vec![
            one.name.clone(),
            if invoice.invoice.is_empty() { "-".to_owned() } else { invoice.invoice.clone() },
            invoice.currency.clone(),
            invoice.rows.to_string(),
            invoice.total.to_text(decimals),
            optional(invoice.provider_total),
            optional(invoice.difference),
        ]);
    }
    if rows.len() > 1 {
        let (left, right) = (Align::Left, Align::Right);
        for line in table(&rows, &[left, left, left, right, right, right, right]) {
            printer.result(&line);
        }
    }
}
