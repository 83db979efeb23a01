//! The commands, one file each: load, run, print.

mod adjust;
mod assignments;
mod build;
mod check;
mod credit;
mod excerpts;
mod explain;
mod export;
mod export_index;
mod fetch;
mod init;
mod issue;
mod items;
mod left_out;
mod list;
mod merge;
mod plan;
mod reconcile;
mod send;
mod shard_number;
mod sharded;
mod source;
mod status;
mod unclaimed;
mod verify;
mod viewer;
mod whatif;

use std::path::Path;

use anyhow::Context;
use chrono::{FixedOffset, NaiveDate};

use crate::cli::{self, Cli, Command};
use crate::diagnostic::{Diagnostic, Problems};
use crate::environment::Environment;
use crate::model::settings::Settings;
use crate::printer::Printer;
use crate::workspace;

/// Runs a command and returns the exit code: 0 done, 1 refused, 2 could not run.
pub fn run(cli: Cli, current: &Path, environment: &Environment, printer: &Printer) -> u8 {
    let start = match &cli.global.directory {
        Some(directory) => current.join(directory),
        None => current.to_path_buf(),
    };
    let result = match cli.command {
        Command::Init { target } => init::run(&start, &target, printer),
        Command::Check(arguments) => within(&start, |root| check::run(root, current, &arguments, environment, printer)),
        Command::Fetch(arguments) => within(&start, |root| fetch::run(root, &arguments, environment, printer)),
        Command::Adjust(arguments) => within(&start, |root| adjust::run(root, &arguments, printer)),
        Command::Build(arguments) => within(&start, |root| build::run(root, current, &arguments, environment, printer)),
        Command::Plan(arguments) => within(&start, |root| plan::run(root, current, &arguments, printer)),
        Command::Merge(arguments) => within(&start, |root| merge::run(root, current, &arguments, environment, printer)),
        Command::Status(arguments) => within(&start, |root| status::run(root, &arguments, environment, printer)),
        Command::Reconcile(arguments) => within(&start, |root| reconcile::run(root, &arguments, environment, printer)),
        Command::Assignments(arguments) => within(&start, |root| assignments::run(root, &arguments, printer)),
        Command::Items(arguments) => within(&start, |root| items::run(root, &arguments, printer)),
        Command::Source(arguments) => within(&start, |root| source::run(root, current, &arguments, printer)),
        Command::Explain(arguments) => within(&start, |root| explain::run(root, &arguments, printer)),
        Command::Issue(arguments) => within(&start, |root| issue::run(root, &arguments, environment, printer)),
        Command::Verify(arguments) => within(&start, |root| verify::run(root, &arguments, printer)),
        Command::Credit(arguments) => within(&start, |root| credit::run(root, &arguments, environment, printer)),
        Command::Send(arguments) => within(&start, |root| send::run(root, current, &arguments, environment, printer)),
        Command::List(arguments) => within(&start, |root| list::run(root, current, &arguments, printer)),
        Command::Export(arguments) => within(&start, |root| export::run(root, current, &arguments, printer)),
        Command::Whatif(arguments) => within(&start, |root| whatif::run(root, current, &arguments, printer)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut cli::command(printer.language), "invoicer", &mut script);
            printer.result_bytes(&script);
            Ok(())
        }
        Command::Man { command } => {
            let page = cli::manual(command.as_deref(), printer.language).context("cannot write the manual page");
            page.map(|page| printer.result_bytes(&page)).map_err(Problems::from)
        }
    };
    printer.idle();
    match result.and_then(|()| Ok(printer.finish()?)) {
        Ok(()) => 0,
        Err(problems) => {
            printer.diagnostics(&problems);
            let errors = problems.iter().filter(|problem| problem.is_error()).count();
            if errors > 1 {
                printer.status(&format!("{errors} errors; nothing was written"));
            }
            problems.exit_code()
        }
    }
}

/// Runs a command in the workspace around `start`, and adds to its errors the lines they refer to.
fn within(start: &Path, command: impl FnOnce(&Path) -> Result<(), Problems>) -> Result<(), Problems> {
    let root = workspace::find_root(start)?;
    command(&root).map_err(|problems| excerpts::fill(&root, problems))
}

/// Checks that a customer with that id is known.
///
/// # Errors
/// When there is none; the message names the nearest id.
fn check_customer(settings: &Settings, id: &str) -> Result<(), Diagnostic> {
    check_known(id, &settings.customers.iter().map(|customer| customer.id.as_str()).collect::<Vec<&str>>())
}

/// [`check_customer`] for a list of known ids.
fn check_known(id: &str, known: &[&str]) -> Result<(), Diagnostic> {
    if known.contains(&id) {
        return Ok(());
    }
    let diagnostic = Diagnostic::error(format!("there is no customer \"{id}\""));
    Err(diagnostic.with_hint(workspace::known_customers(id, known)))
}

/// Today in Japan, whose days the law and the providers use.
fn today(environment: &Environment) -> NaiveDate {
    let utc = (environment.now)();
    FixedOffset::east_opt(9 * 3600).map_or(utc.date_naive(), |japan| utc.with_timezone(&japan).date_naive())
}
