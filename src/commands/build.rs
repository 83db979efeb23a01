//! `invoicer build`: every customer's invoice for a month, all or nothing.

use std::path::Path;

use super::{check_customer, excerpts, fetch, warnings};
use crate::assets::Assets;
use crate::billing::{self, BilledMonth};
use crate::cli;
use crate::diagnostic::Diagnostic;
use crate::environment::Environment;
use crate::model::amount::Amount;
use crate::model::charge::Bill;
use crate::model::invoice::{Invoice, Status};
use crate::model::rounding::Rounding;
use crate::out::{self, Manifest, Summary};
use crate::pipeline::{self, Work};
use crate::printer::{Align, Printer, table};
use crate::render;
use crate::sources;
use crate::sources::fetch::Wish;
use crate::staging::{self, Written};
use crate::workspace::{self, Workspace};

pub(super) fn run(
    start: &Path,
    current: &Path,
    arguments: &cli::Build,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Vec<Diagnostic>> {
    let root = workspace::find_root(start).map_err(|problem| vec![problem])?;
    let build = || build(&root, current, arguments, environment, printer);
    let result = match arguments.jobs {
        None => build(),
        Some(jobs) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(jobs)).build();
            let pool =
                pool.map_err(|error| vec![Diagnostic::could_not_run(format!("cannot start {jobs} threads: {error}"))])?;
            pool.install(build)
        }
    };
    result.map_err(|problems| excerpts::fill(&root, problems))
}

fn build(
    root: &Path,
    current: &Path,
    arguments: &cli::Build,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Vec<Diagnostic>> {
    let one = |problem: Diagnostic| vec![problem];
    let status = if arguments.draft { Status::Draft } else { Status::Built };
    let month = arguments.month;

    let mut workspace = workspace::load(root)?;
    let mut early = std::mem::take(&mut workspace.warnings);
    let settings = &workspace.settings;
    for id in &arguments.customers {
        check_customer(settings, id).map_err(one)?;
    }
    let refused = |early: &[Diagnostic], problems: Vec<Diagnostic>| {
        warnings::before(billing::wanted(settings, early.to_vec()), arguments.deny_warnings, problems)
    };
    let assets = Assets::load(root, settings).map_err(|problems| refused(&early, problems))?;
    early.extend(assets.templates.warnings.iter().cloned());
    if !arguments.offline {
        let sources: Vec<_> = settings.sources.iter().filter(|source| !source.kind.is_csv()).collect();
        let wish = Wish { root, month, draft: arguments.draft, force: false, environment };
        fetch::fetch_all(wish, &sources, printer).1?;
    }
    let computed = pipeline::invoices(root, settings, month, status);
    let (bill, billed) = computed.map_err(|problems| refused(&early, problems))?;
    printer.detail(&format!("read {} rows from {} files", bill.charges.len(), bill.files.len()));

    let chosen = |invoice: &&Invoice| {
        arguments.customers.is_empty() || arguments.customers.contains(&settings.customers[invoice.customer].id)
    };
    let invoices: Vec<&Invoice> = billed.invoices.iter().filter(chosen).collect();
    let out = arguments.out.as_ref().map_or_else(|| root.join("out"), |out| current.join(out));
    let shown = out.strip_prefix(current).unwrap_or(&out).to_path_buf();
    if arguments.out.is_some() {
        out::check_target(&out, &shown, &month.to_string()).map_err(one)?;
    }
    let shown_out = arguments.out.as_ref().map_or_else(|| "out".to_owned(), |out| out.display().to_string());
    let earlier = out::earlier_months(&out, &shown_out, month);
    early.extend(earlier.warnings);
    let found = billing::warnings(&bill, settings, &billed, &earlier.history, early).map_err(one)?;
    if arguments.deny_warnings {
        warnings::deny(&found)?;
    }
    let staging = out::begin(&out, &shown, &month.to_string()).map_err(one)?;
    let progress = printer.progress(invoices.len(), "Writing");
    let work = Work { bill: &bill, settings, assets: &assets, formats: &arguments.format };
    let written = pipeline::documents(&work, &invoices, &|path, bytes| staging.write(path, bytes), &progress);
    progress.finish();
    written?;

    let summary = out::summary(&bill, settings, &billed, &earlier.history, &found, status).map_err(one)?;
    let summary_json = out::to_json(&summary).map_err(one)?;
    staging.write("summary.json", &summary_json).map_err(one)?;
    let inputs = inputs(&workspace, &assets, &bill)?;
    let manifest = Manifest::new(month.to_string(), inputs, earlier.files, staging.written());
    staging.write("manifest.json", &out::to_json(&manifest).map_err(one)?).map_err(one)?;
    let files = staging.written();
    let directory = staging.commit().map_err(one)?;

    warnings::print(root, &found, printer);
    print_summary(&summary, &billed, printer);
    if arguments.json {
        printer.result_bytes(&summary_json);
    } else {
        let shown = directory.strip_prefix(current).unwrap_or(&directory);
        for file in files {
            printer.result(&shown.join(file.path).display().to_string());
        }
    }
    Ok(())
}

/// Every file the documents were made from.
fn inputs(workspace: &Workspace, assets: &Assets, bill: &Bill) -> Result<Vec<Written>, Vec<Diagnostic>> {
    let hashed = |(path, bytes): &(String, Vec<u8>)| Written { path: path.clone(), sha256: staging::hash(bytes) };
    let read = workspace.files.iter().chain(&assets.files).map(hashed);
    let hashes = sources::hashes(&workspace.root, bill)?;
    let bills = bill.files.iter().zip(hashes).map(|(file, sha256)| Written { path: file.path.clone(), sha256 });
    Ok(read.chain(bills).collect())
}

/// The month as a table on the terminal.
fn print_summary(summary: &Summary<'_>, billed: &BilledMonth, printer: &Printer) {
    let header = ["customer", "items", "subtotal", "tax", "total", "margin"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for customer in &summary.customers {
        let money = |amount: Amount| {
            // An exact margin can have many decimals; at a glance whole units tell more. summary.json has them all.
            let decimals = customer.currency.decimals();
            let shown = Rounding::HalfUp.apply(amount, decimals).unwrap_or(amount);
            render::money(shown, customer.currency, decimals)
        };
        rows.push(vec![
            customer.id.to_owned(),
            customer.items.to_string(),
            money(customer.subtotal),
            money(customer.tax),
            money(customer.total),
            money(customer.margin),
        ]);
    }
    let align = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right];
    for line in table(&rows, &align) {
        printer.status(&line);
    }
    for source in &billed.sources {
        let text = format!(
            "{}: {} {} read = {} allocated + {} kept + {} unassigned; with tax {}",
            source.name,
            source.total,
            source.currency,
            source.allocated,
            source.kept,
            source.unassigned,
            source.total_with_tax
        );
        printer.status(&text);
    }
}
