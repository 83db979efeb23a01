//! `drift.json`: the rows of a provider's bill that had changed when it was last compared, kept beside the snapshot so
//! that a build can warn without asking the provider. A new fetch replaces the whole directory, including this file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};

use super::snapshot::{DRIFT, directory};
use crate::diagnostic::{Diagnostic, Place, cannot, row_count};
use crate::environment::Environment;
use crate::files;
use crate::model::amount::Amount;
use crate::model::drift::RowChange;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;
use crate::model::warning::WarningCode;
use crate::staging::{Written, hash, replace};

/// Maximum number of changed rows that a warning shows.
const SHOWN: usize = 3;

/// Result of a comparison.
#[derive(Serialize, Deserialize)]
struct Drift {
    source: String,
    month: String,
    /// Time of the comparison, RFC 3339 in UTC.
    compared_at: String,
    changes: Vec<RowChange>,
}

/// The changes with secrets masked that the provider put into the names of rows.
pub fn masked(changes: Vec<RowChange>, environment: &Environment) -> Vec<RowChange> {
    let masked = |text: &str| environment.secrets.masked(text);
    let change =
        |change: RowChange| RowChange { resource: masked(&change.resource), item: masked(&change.item), ..change };
    changes.into_iter().map(change).collect()
}

/// Writes the changes that a comparison found; without changes, removes those of an earlier comparison.
///
/// # Errors
/// When it cannot be written.
pub fn keep(
    root: &Path,
    source: &SourceSettings,
    month: BillingMonth,
    changes: &[RowChange],
    environment: &Environment,
) -> Result<(), Diagnostic> {
    let path = format!("{}/{DRIFT}", directory(source, month));
    let target = root.join(&path);
    if changes.is_empty() {
        return match fs::remove_file(&target) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => {
                let hint = "remove it by hand: nothing differs any more";
                Ok(removed.with_context(|| cannot("remove the file", &path).with_hint(hint))?)
            }
        };
    }
    let drift = Drift {
        source: source.name.clone(),
        month: month.to_string(),
        compared_at: (environment.now)().to_rfc3339_opts(SecondsFormat::Secs, true),
        changes: changes.to_vec(),
    };
    let mut bytes = serde_json::to_vec_pretty(&drift).context("cannot write JSON")?;
    bytes.push(b'\n');
    replace(&target, &path, &bytes)
}

/// The changes that the last comparison of a source's month found, as a warning, and their file.
pub fn warning(root: &Path, source: &SourceSettings, month: BillingMonth) -> Option<(Diagnostic, Written)> {
    let path = format!("{}/{DRIFT}", directory(source, month));
    let bytes = match files::read(&root.join(&path), files::DATA) {
        // A file that cannot be read is reported like an invalid one.
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Vec::new(),
        read => read.ok()?,
    };
    let file = Written { sha256: hash(&bytes), path: path.clone() };
    let Ok(drift) = serde_json::from_slice::<Drift>(&bytes) else {
        let message = format!("what differs at \"{}\" cannot be read", source.name);
        let warning = Diagnostic::finding(WarningCode::ProviderDrift, message, &path).at(Place::file(path));
        return Some((warning.with_hint(format!("remove the file, or run invoicer reconcile {month} --fetch")), file));
    };
    let facts = format!("{}: {} ({})", source.name, drift.changes.len(), drift.compared_at);
    let warning = Diagnostic::finding(WarningCode::ProviderDrift, message(source, drift.changes.len()), facts);
    Some((with_rows(warning, &drift.changes, source, month, SHOWN).at(Place::file(path)), file))
}

/// Error for a comparison that found changes.
pub fn refusal(changes: &[RowChange], source: &SourceSettings, month: BillingMonth, shown: usize) -> Diagnostic {
    let refusal = Diagnostic::error(message(source, changes.len())).at(&source.definition);
    with_rows(refusal, changes, source, month, shown)
}

fn message(source: &SourceSettings, count: usize) -> String {
    let rows = row_count(count);
    let are = if count == 1 { "is not what it was" } else { "are not what they were" };
    format!("{rows} of \"{}\" {are} when the month was fetched", source.name)
}

fn with_rows(
    diagnostic: Diagnostic,
    changes: &[RowChange],
    source: &SourceSettings,
    month: BillingMonth,
    shown: usize,
) -> Diagnostic {
    let text = |amount: Option<Amount>, none: &str| amount.map_or(none.to_owned(), |amount| amount.to_string());
    let row = |change: &RowChange, none: &str| {
        let resource = if change.resource.is_empty() { "-" } else { &change.resource };
        let day = match change.day {
            0 => month.to_string(),
            day => format!("{month}{day:02}"),
        };
        format!("{day} {resource} {}: {} → {}", change.item, text(change.before, none), text(change.now, none))
    };
    let diagnostic = changes
        .iter()
        .take(shown)
        .fold(diagnostic, |diagnostic, change| diagnostic.with_note_and_facts(row(change, "no row"), row(change, "–")));
    let diagnostic = match changes.len().checked_sub(shown) {
        Some(more) if more > 0 => diagnostic.with_note_and_facts(format!("and {more} more"), format!("… (+{more})")),
        _ => diagnostic,
    };
    diagnostic.with_hint(format!("take the new bill with invoicer fetch {month} --source {} --force", source.name))
}
