//! `invoicer build`: makes every customer's invoice for a month, all or nothing. `invoicer check` runs the same code
//! and writes nothing.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;

use super::{check_customer, check_known, excerpts, fetch, left_out, sharded, viewer};
use crate::billing::BilledMonth;
use crate::cli;
use crate::diagnostic::{Diagnostic, Figure, Problems, cannot, counted, row_count};
use crate::environment::Environment;
use crate::files;
use crate::ledger::{Ledger, Stored};
use crate::model::amount::{Amount, Sum};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::invoice::{Invoice, Status};
use crate::model::rounding::Rounding;
use crate::month::computed::{ComputedMonth, MonthRequest};
use crate::month::documents::MadeDocuments;
use crate::month::rebuilt::{OutputTarget, rebuild};
use crate::month::rule_changes::RuleChanges;
use crate::month::summary::{CustomerSummary, Summary};
use crate::out::{self, Mode};
use crate::printer::{Align, Printer, table};
use crate::render;
use crate::sources;
use crate::staging::Staging;
use crate::workspace;

pub(super) fn run(
    root: &Path,
    current: &Path,
    arguments: &cli::Build,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    in_mode(Mode::Write, root, current, arguments, environment, printer)
}

/// Builds a month, or only checks it.
pub(super) fn in_mode(
    mode: Mode,
    root: &Path,
    current: &Path,
    arguments: &cli::Build,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let build = || {
        if let Some(choice) = arguments.shards.shard {
            return sharded::build(root, current, arguments, choice, environment, printer);
        }
        build(mode, root, current, arguments, environment, printer)?;
        if arguments.open {
            let out = arguments.out.as_ref().map_or_else(|| root.join("out"), |out| files::place(current, out));
            open_page(&out.join(arguments.month.to_string()), current, environment, printer);
        }
        Ok(())
    };
    let Some(jobs) = arguments.jobs else {
        return build();
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(jobs)).build();
    let pool = pool.with_context(|| format!("cannot start {jobs} threads"))?;
    pool.install(build)
}

fn build(
    mode: Mode,
    root: &Path,
    current: &Path,
    arguments: &cli::Build,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let status = if arguments.draft { Status::Draft } else { Status::Built };
    let month = arguments.month;
    let out = arguments.out.as_ref().map_or_else(|| root.join("out"), |out| files::place(current, out));
    let shown = out.strip_prefix(current).unwrap_or(&out).to_path_buf();
    if arguments.out.is_some() {
        out::check_target(&out, &shown, &month.to_string())?;
    }
    let ledger = Ledger::open(root)?;
    // `issue` finishes an interrupted run; any other mismatch of the list is an error, and nothing is built on it.
    ledger.interrupted(root)?;
    if ledger.month(month).is_some() && !arguments.draft {
        return build_issued(mode, root, &ledger, arguments, (&out, &shown), printer);
    }
    if ledger.month(month).is_some() && arguments.out.is_none() {
        let diagnostic = Diagnostic::error(format!("{month} is issued: a draft would take the place of its documents"));
        return Err(diagnostic.with_hint("write the draft elsewhere: --out DIR").into());
    }

    if arguments.as_issued {
        let diagnostic = Diagnostic::error(format!("{month} is not issued"));
        return Err(diagnostic.with_hint("leave out --as-issued to build it from the current rules").into());
    }

    let shown_out = arguments.out.as_ref().map_or_else(|| "out".to_owned(), |out| out.display().to_string());
    let (finals, deny_warnings) = (arguments.finals.as_slice(), arguments.deny_warnings);
    let computed = ComputedMonth::of(
        &MonthRequest { root, ledger: &ledger, out: (&out, &shown_out), month, status, finals, deny_warnings, printer },
        |settings| {
            workspace::check_attachments(settings)?;
            for id in &arguments.customers {
                check_customer(settings, id)?;
            }
            if arguments.offline {
                return Ok(());
            }
            let sources: Vec<_> = settings.sources_of(month).filter(|source| !source.kind.is_csv()).collect();
            let request = sources::fetch::FetchRequest {
                root,
                month,
                draft: arguments.draft,
                force: false,
                accept: None,
                environment,
            };
            fetch::fetch_all(request, &sources, printer).1
        },
    )?;
    let (bill, settings) = (&computed.bill, &computed.workspace.settings);
    printer.detail(&format!("read {} rows from {} files", bill.charges.len(), bill.files.len()));

    let chosen = |invoice: &Invoice| {
        arguments.customers.is_empty() || arguments.customers.contains(&settings.customers[invoice.customer].id)
    };
    let target = OutputTarget {
        out: &out,
        shown: &shown,
        formats: &arguments.format,
        customers: &[],
        mode,
        leaves_out: false,
        takes_over: false,
    };
    let staging = target.begin(root, &ledger, month)?;
    let made = match computed.write_documents(&chosen, &arguments.format, &staging, printer) {
        Ok(made) => made,
        Err(mut problems) => {
            // The review page has its own template, whose errors should be reported in the same run.
            let found = computed.write_review(computed.review(&[]), &staging).err();
            problems.extend(found.filter(|problem| !problems.contains(problem)));
            return Err(problems);
        }
    };
    Finish { root, current, mode, json: arguments.json }.run(computed, made, staging, printer)
}

/// How `build` and `merge` end.
pub(super) struct Finish<'a> {
    pub(super) root: &'a Path,
    pub(super) current: &'a Path,
    pub(super) mode: Mode,
    pub(super) json: bool,
}

impl Finish<'_> {
    /// Completes a month's directory, moves it into place and prints what was made.
    pub(super) fn run(
        &self,
        mut computed: ComputedMonth,
        made: Vec<MadeDocuments>,
        staging: Staging,
        printer: &Printer,
    ) -> Result<(), Problems> {
        let documents = computed.warn_of(made)?;
        computed.complete(&documents, &staging)?;
        let files = staging.written();
        let directory = staging.commit()?;

        excerpts::print_warnings(self.root, &computed.warnings, printer);
        print_skipped(&computed, printer);
        if self.mode == Mode::Check {
            let invoices = counted(computed.billed.invoices.len(), "invoice");
            let rows = row_count(computed.bill.charges.len());
            computed.workspace.settings.taxes.status().iter().for_each(|status| printer.status(status));
            printer.status(&format!("{} is good: {invoices} from {rows}", computed.bill.month));
            return Ok(());
        }
        let summary = Summary::of(computed.review(&documents))?;
        let shown = directory.strip_prefix(self.current).unwrap_or(&directory);
        if !self.json {
            printer.result_files(files.iter().map(|file| shown.join(&file.path).display().to_string()));
        }
        print_sources(&computed.bill, &computed.billed, printer);
        for line in summary_table(&summary, printer)? {
            printer.status(&line);
        }
        if self.json {
            printer.result_json(&out::to_json(&summary)?);
        } else {
            print_page(shown, printer);
        }
        Ok(())
    }
}

/// Opens a month's review page; failing to is only a warning, since the month is built.
pub(super) fn open_page(directory: &Path, current: &Path, environment: &Environment, printer: &Printer) {
    let page = directory.join("index.html");
    let shown = page.strip_prefix(current).unwrap_or(&page);
    printer.diagnostics(&viewer::open(&page, shown, environment).into_iter().collect::<Vec<Diagnostic>>());
}

/// Builds an issued month exactly as it was issued, or not at all.
fn build_issued(
    mode: Mode,
    root: &Path,
    ledger: &Ledger,
    arguments: &cli::Build,
    (out, shown): (&Path, &Path),
    printer: &Printer,
) -> Result<(), Problems> {
    let month = arguments.month;
    let issued_to: Vec<&str> = ledger
        .of_month(month)
        .flat_map(|stored| &stored.record.documents)
        .map(|document| document.customer.as_str())
        .collect();
    for id in &arguments.customers {
        check_known(id, &issued_to)?;
    }
    if !arguments.as_issued {
        printer.diagnostics(&excerpts::fill(root, RuleChanges::since_issue(root, ledger, month).refuse(month)?));
    }
    let target = OutputTarget {
        out,
        shown,
        formats: &arguments.format,
        customers: &arguments.customers,
        mode,
        leaves_out: false,
        takes_over: false,
    };
    let files = rebuild(root, ledger, month, &target, printer)?;
    // Documents with costs inside differ; a note says how.
    if !ledger.of_month(month).any(Stored::has_costs_inside) {
        printer.status(&format!("{month} is issued; its documents were rebuilt as issued"));
    }
    if mode == Mode::Check {
        return Ok(());
    }
    if arguments.json {
        let summary = out.join(month.to_string()).join("summary.json");
        let bytes = files::read(&summary, files::DATA)
            .with_context(|| cannot("read the file", summary.display().to_string()))?;
        printer.result_json(&bytes);
    } else {
        let directory = shown.join(month.to_string());
        printer.result_files(files.iter().map(|file| directory.join(file).display().to_string()));
        print_page(&directory, printer);
    }
    Ok(())
}

/// Ends what a terminal shows with the path of the review page. Elsewhere it is one of the files.
fn print_page(directory: &Path, printer: &Printer) {
    if printer.columns.is_some() {
        printer.result(&directory.join("index.html").display().to_string());
    }
}

/// Prints whose invoices are not made because they are over 0.
fn print_skipped(computed: &ComputedMonth, printer: &Printer) {
    let customer = |invoice: &Invoice| computed.workspace.settings.customers[invoice.customer].id.as_str();
    let skipped: Vec<&str> = computed.billed.skipped.iter().map(customer).collect();
    if !skipped.is_empty() {
        printer.status_wrapped(&format!("no invoice for {}: the total is 0 (skip-zero)", skipped.join(", ")));
    }
}

/// Prints the sums of each source, which prove that nothing was lost.
fn print_sources(bill: &Bill, billed: &BilledMonth, printer: &Printer) {
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
        printer.status_wrapped(&text);
    }
    left_out::print(bill, printer);
}

/// The month as a table, with the total of each currency as its last rows.
fn summary_table(summary: &Summary<'_>, printer: &Printer) -> Result<Vec<String>, Diagnostic> {
    let header = ["customer", "items", "subtotal", "tax", "total", "margin"];
    let mut rows = vec![printer.heading(header)];
    let row = |name: String, items: usize, currency: Currency, amounts: [Amount; 4]| {
        // An exact margin can have many decimals, which summary.json has; the table is easier to read without.
        let decimals = currency.decimals();
        let glance = |amount| Rounding::HalfUp.apply(amount, decimals).expect("a rounded amount has fewer digits");
        let amounts = amounts.map(|amount| render::money(glance(amount), currency, decimals));
        [name, items.to_string()].into_iter().chain(amounts).collect::<Vec<String>>()
    };
    let amounts = |one: &CustomerSummary<'_>| [one.subtotal, one.tax, one.total, one.margin];
    for one in &summary.customers {
        rows.push(row(one.id.to_string(), one.items, one.currency, amounts(one)));
    }
    let currencies: BTreeSet<Currency> = summary.customers.iter().map(|one| one.currency).collect();
    for currency in &currencies {
        let of_currency = || summary.customers.iter().filter(|one| one.currency == *currency);
        let sum = |index: usize| Sum::of(of_currency().map(|one| amounts(one)[index])).of("the total of the month");
        let sums = [sum(0)?, sum(1)?, sum(2)?, sum(3)?];
        let name = if currencies.len() == 1 { "total".to_owned() } else { format!("total, {currency}") };
        rows.push(row(printer.text(&name).into_owned(), of_currency().map(|one| one.items).sum(), *currency, sums));
    }
    let align = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right];
    Ok(table(&rows, &align))
}
