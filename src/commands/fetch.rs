//! `invoicer fetch`: downloads the API sources' bills of a month, each source whole or not at all.

use std::path::Path;

use super::excerpts;
use crate::cli;
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::environment::Environment;
use crate::ledger::Ledger;
use crate::model::period::BillingMonth;
use crate::model::settings::{Settings, SourceSettings};
use crate::printer::Printer;
use crate::sources::absent;
use crate::sources::fetch::{self, FetchRequest, Fetched};
use crate::workspace;

pub(super) fn run(
    root: &Path,
    arguments: &cli::Fetch,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let workspace = workspace::load(root)?;
    printer.diagnostics(&excerpts::fill(root, workspace.warnings.clone()));
    let sources = chosen(&workspace.settings, &arguments.sources, arguments.month)?;
    let (month, draft, force) = (arguments.month, arguments.draft, arguments.force);
    if force {
        keep_issued(root, month)?;
    }
    let accept = arguments.accept_difference.as_deref();
    if accept.is_some() && sources.len() > 1 {
        let message = format!("--accept-difference is for one source, found {}", sources.len());
        return Err(Diagnostic::error(message)
            .with_hint("accept each difference separately, with its own reason")
            .into());
    }
    let request = FetchRequest { root, month, draft, force, accept, environment };
    let (files, result) = fetch_all(request, &sources, printer);
    files.iter().for_each(|file| printer.result(file));
    result
}

/// Refuses to replace the bills of an issued month: the issued invoices could not be reproduced from new ones.
fn keep_issued(root: &Path, month: BillingMonth) -> Result<(), Problems> {
    match Ledger::open(root)?.month(month) {
        None => Ok(()),
        Some(stored) => {
            let diagnostic =
                Diagnostic::error(format!("{month} is issued: its bills are evidence and are never replaced"));
            let hint = format!("`invoicer reconcile {month} --fetch` shows what has changed at the provider since");
            Err(diagnostic.at(Place::file(stored.path())).with_hint(hint).into())
        }
    }
}

/// The named sources or, without names, all that can be fetched and exist in the month.
fn chosen<'s>(
    settings: &'s Settings,
    names: &[String],
    month: BillingMonth,
) -> Result<Vec<&'s SourceSettings>, Diagnostic> {
    let all = || settings.sources.iter();
    if names.is_empty() {
        let can_be_fetched: Vec<&SourceSettings> = all().filter(|source| !source.kind.is_csv()).collect();
        let Some(first) = can_be_fetched.first() else {
            let diagnostic = Diagnostic::error("no source of this workspace can be fetched");
            return Err(diagnostic.with_hint("only a [[source]] whose kind ends in -api can be fetched"));
        };
        let existing: Vec<&SourceSettings> =
            can_be_fetched.iter().copied().filter(|source| source.validity.covers(month)).collect();
        return if existing.is_empty() { Err(absent::refusal(first, month)) } else { Ok(existing) };
    }
    let find = |name: &String| {
        let found = settings.source(name).ok_or_else(|| absent::unknown(&settings.sources, name))?;
        if found.validity.covers(month) { Ok(found) } else { Err(absent::refusal(found, month)) }
    };
    names.iter().map(find).collect()
}

/// Fetches the sources one after another and returns the new files and the errors. One failing source does not stop the
/// others.
pub(super) fn fetch_all(
    request: FetchRequest<'_>,
    sources: &[&SourceSettings],
    printer: &Printer,
) -> (Vec<String>, Result<(), Problems>) {
    let (mut new, mut problems) = (Vec::new(), Problems::default());
    for source in sources {
        printer.doing(&format!("asking {} for {}", source.name, request.month));
        match fetch::fetch(request, source) {
            Ok(Fetched::Already) => printer.detail(&format!("{}: {} was already fetched", source.name, request.month)),
            Ok(Fetched::Files(files, remarks)) => {
                printer.diagnostics(&remarks);
                printer.status(&format!("{}: fetched {} ({} files)", source.name, request.month, files.len()));
                new.extend(files);
            }
            Err(problem) => problems.push(problem),
        }
    }
    (new, problems.check())
}
