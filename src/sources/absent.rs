//! Sources in months in which they do not exist (`from` and `until` of a `[[source]]`): errors for requests of one, and
//! warnings about bills that exist all the same.

use std::path::Path;

use super::paths;
use super::snapshot::Snapshot;
use crate::diagnostic::{Diagnostic, Place, Problems, nearest};
use crate::model::period::BillingMonth;
use crate::model::settings::{Settings, SourceSettings};
use crate::model::warning::WarningCode;

/// Error for a month in which none of the workspace's sources exists.
pub(super) fn no_source(sources: &[SourceSettings], month: BillingMonth) -> Diagnostic {
    let diagnostic = Diagnostic::error(format!("no source exists in {month}"));
    let mut sources: Vec<&SourceSettings> = sources.iter().collect();
    sources.sort_by_key(|source| source.validity.from);
    let diagnostic = sources.iter().fold(diagnostic, |diagnostic, source| diagnostic.with_note(months(source)));
    let hint = "name another month, or change from or until of a [[source]]";
    match sources.first() {
        Some(source) => diagnostic.at(&source.definition).with_hint(hint),
        None => diagnostic.with_hint(hint),
    }
}

/// Error for a month of which nothing is billed, in a workspace that has no sources.
pub fn nothing_to_bill(month: BillingMonth) -> Diagnostic {
    let message = format!("the workspace has no [[source]], and {month} has no fees and no adjustments");
    let hint =
        "add [[source]] with name = \"soracom\", kind = \"soracom-csv\", path = \"billing/{month}/soracom*.csv\"";
    Diagnostic::error(message).at(Place::file("invoicer.toml")).with_hint(hint)
}

/// Error for a name that no source has.
pub fn unknown(sources: &[SourceSettings], name: &str) -> Diagnostic {
    let known = sources.iter().map(|source| source.name.as_str());
    let diagnostic = Diagnostic::error(format!("there is no source \"{name}\""));
    diagnostic.with_hint(match nearest(name, known.clone()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("sources: {}", known.collect::<Vec<&str>>().join(", ")),
    })
}

/// Takes the bills of the sources with those names as final: the user says so.
///
/// # Errors
/// Names that no source has, and sources that say so themselves.
pub fn take_as_final(settings: &mut Settings, names: &[String]) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for name in names {
        match settings.sources.iter_mut().find(|source| source.name == *name) {
            Some(source) if source.kind.is_final_on_request() => source.is_final = true,
            Some(source) => {
                let message = format!(
                    "--final is not for \"{name}\": bills of kind {} are final or say that they are not",
                    source.kind.name()
                );
                problems.push(Diagnostic::error(message).at(&source.definition).with_hint("leave out --final"));
            }
            None => problems.push(unknown(&settings.sources, name)),
        }
    }
    problems.check()
}

/// Error for a source named by the user in a month in which it does not exist.
pub fn refusal(source: &SourceSettings, month: BillingMonth) -> Diagnostic {
    Diagnostic::error(format!("the source \"{}\" does not exist in {month}", source.name))
        .at(&source.definition)
        .with_note(months(source))
        .with_hint("name another month, or change from or until of this [[source]]")
}

/// Message on the months in which a source exists.
fn months(source: &SourceSettings) -> String {
    let name = &source.name;
    match (source.validity.from, source.validity.until) {
        (Some(from), Some(until)) => format!("\"{name}\" exists from {from} until {until}"),
        (Some(from), None) => format!("\"{name}\" exists from {from}"),
        (None, Some(until)) => format!("\"{name}\" exists until {until}"),
        (None, None) => format!("\"{name}\" exists in every month"),
    }
}

/// The same without words.
fn span(source: &SourceSettings) -> String {
    let month = |month: Option<BillingMonth>| month.map_or(String::new(), |month| month.to_string());
    format!("{}: {}–{}", source.name, month(source.validity.from), month(source.validity.until))
}

/// Warnings about bills of the month that are left out because their source does not exist in it: with a mistyped
/// `from`, nobody would be billed for them.
pub fn unread_bills(root: &Path, settings: &Settings, month: BillingMonth) -> Vec<Diagnostic> {
    let of_source = |source: &SourceSettings| paths::of_source(root, source, month).unwrap_or_default();
    let canonical = |path: &String| root.join(path).canonicalize().ok();
    let csv = |source: &&SourceSettings| source.kind.is_csv();
    // A newer source may read the files of one that ended.
    let read: Vec<_> =
        settings.sources_of(month).filter(csv).flat_map(of_source).map(|path| canonical(&path)).collect();
    let unread = |source: &SourceSettings| -> Option<String> {
        if source.kind.is_csv() {
            return of_source(source).into_iter().find(|path| !read.contains(&canonical(path)));
        }
        // An invalid snapshot is reported when it is read.
        match Snapshot::open(root, source, month) {
            Ok(None) => None,
            _ => Some(format!("billing/{month}/{}", source.name)),
        }
    };
    let warning = |source: &SourceSettings| {
        let path = unread(source)?;
        let message = format!("a bill of \"{}\" for {month} is left out: the source does not exist in it", source.name);
        let warning = Diagnostic::finding(WarningCode::UnreadBill, message, format!("{}: {path}", source.name));
        let hint = "change from or until of this [[source]], or move the bill away";
        Some(
            warning
                .at(&source.definition)
                .with_fact(path)
                .with_note_and_facts(months(source), span(source))
                .with_hint(hint),
        )
    };
    settings.sources.iter().filter(|source| !source.validity.covers(month)).filter_map(warning).collect()
}
