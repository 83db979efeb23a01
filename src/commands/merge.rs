//! `invoicer merge`: puts a month's shards together, byte for byte as one `build` would have written the month, or
//! refuses and writes nothing.

use std::path::{Path, PathBuf};

use super::build::{Finish, open_page};
use super::sharded;
use crate::cli;
use crate::diagnostic::Problems;
use crate::environment::Environment;
use crate::ledger::Ledger;
use crate::month::rebuilt::OutputTarget;
use crate::month::shards::merging::{ShardDirectory, Shards};
use crate::out::Mode;
use crate::printer::Printer;

pub(super) fn run(
    root: &Path,
    current: &Path,
    arguments: &cli::Merge,
    environment: &Environment,
    printer: &Printer,
) -> Result<(), Problems> {
    let month = arguments.month;
    let directory = |shown: &PathBuf| {
        let path = current.join(shown);
        ShardDirectory { path: path.canonicalize().unwrap_or(path), shown: shown.display().to_string() }
    };
    let shards = Shards::read(arguments.directories.iter().map(directory).collect(), month)?;
    let ledger = Ledger::open(root)?;
    let computed =
        sharded::computed(root, &ledger, month, shards.status(), &arguments.finals, arguments.deny_warnings, printer)?;
    shards.check(&computed)?;
    let out = root.join("out");
    let staging = OutputTarget::of_workspace(&out).begin(root, &ledger, month)?;
    let made = shards.copy(&computed, &staging, printer)?;
    Finish { root, current, mode: Mode::Write, json: arguments.json }.run(computed, made, staging, printer)?;
    if arguments.open {
        open_page(&out.join(month.to_string()), current, environment, printer);
    }
    Ok(())
}
