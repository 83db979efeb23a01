//! `invoicer fetch`: a source's bill of a month, downloaded whole or not at all.

use std::path::Path;

use super::http::Url;
use super::snapshot::{Session, Snapshot, Staged};
use super::{kore, place, sakura, soracom};
use crate::diagnostic::{Diagnostic, Stop};
use crate::environment::Environment;
use crate::model::amount::Amount;
use crate::model::charge::{Bill, BillSource};
use crate::model::endpoint;
use crate::model::period::BillingMonth;
use crate::model::settings::{SourceKind, SourceSettings};

/// What to fetch.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// The workspace's root.
    pub root: &'a Path,
    /// The month.
    pub month: BillingMonth,
    /// Whether a month that is not closed will do.
    pub draft: bool,
    /// Whether to ask again for what is there.
    pub force: bool,
    /// Environment and clock.
    pub environment: &'a Environment,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// New files, from the workspace's root, and what to know about them.
    Files(Vec<String>, Vec<Diagnostic>),
    /// The month was there already.
    Already,
}

/// Whether a provider had closed the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
    /// The amounts stay as they are.
    Final,
    /// They may still change.
    Preliminary,
}

/// Fetches the month of one source into `billing/MONTH/SOURCE/`.
///
/// # Errors
/// Everything that keeps the bill from being complete; nothing is then written.
pub fn fetch(wish: Wish<'_>, source: &SourceSettings) -> Result<Fetched, Diagnostic> {
    if !wish.force
        && let Some(snapshot) = Snapshot::open(wish.root, source, wish.month)?
        && (snapshot.provenance.is_final || wish.draft)
    {
        return Ok(Fetched::Already);
    }
    let download = download(wish, source)?;
    download.staged.commit().map(|files| Fetched::Files(files, download.remarks))
}

/// Asks the provider again and reads the answer without keeping it: a bill of that source alone.
///
/// # Errors
/// As [`fetch`].
pub fn read_again(wish: Wish<'_>, source: &SourceSettings) -> Result<Bill, Diagnostic> {
    download(wish, source).map(|download| download.bill)
}

/// A bill that can be used, with its files not in their place yet.
struct Download {
    staged: Staged,
    bill: Bill,
    remarks: Vec<Diagnostic>,
}

/// Downloads a bill and reads it as a build will: half a file, or a page that came twice, is refused while it can be asked
/// for again.
fn download(wish: Wish<'_>, source: &SourceSettings) -> Result<Download, Diagnostic> {
    let session = Session::begin(wish.root, source, wish.month, wish.draft, wish.environment)?;
    let finality = ask(&session)?;
    let remarks = session.remarks.take();
    let staged = session.complete(finality == Finality::Final)?;
    let mut bill = Bill::new(wish.month);
    bill.sources.push(BillSource::of(source, wish.month));
    super::read_opened(wish.root, source, 0, &mut bill, &staged.snapshot, wish.draft)
        .map_err(|problems| unusable(source, &staged.snapshot, problems))?;
    Ok(Download { staged, bill, remarks })
}

/// The most problems of a download that are told.
const SHOWN: usize = 5;

/// What is wrong with a download. Its files are gone when this is read, so only their names are told.
fn unusable(source: &SourceSettings, snapshot: &Snapshot, problems: Vec<Diagnostic>) -> Diagnostic {
    let message = format!("the bill fetched from \"{}\" cannot be used; nothing was kept", source.name);
    let mut diagnostic = Diagnostic::error(message).at(place(source));
    if problems.iter().any(|problem| problem.stop == Stop::CouldNotRun) {
        diagnostic.stop = Stop::CouldNotRun;
    }
    diagnostic.hint = problems.first().and_then(|problem| problem.hint.clone());
    let name = |text: &str| text.replace(&format!("{}/", snapshot.path), "");
    for problem in problems.iter().take(SHOWN) {
        let place = problem.place.as_ref().filter(|place| place.path != snapshot.path);
        let position = place.map_or_else(String::new, |place| match place.line {
            Some(line) => format!("{}:{line}: ", name(&place.path)),
            None => format!("{}: ", name(&place.path)),
        });
        diagnostic = diagnostic.with_note(format!("{position}{}", name(&problem.message)));
        diagnostic.notes.extend(problem.notes.iter().map(|note| name(note)));
    }
    match problems.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => diagnostic.with_note(format!("and {more} more")),
        _ => diagnostic,
    }
}

/// Asks the provider for everything and keeps the answers.
fn ask(session: &Session<'_>) -> Result<Finality, Diagnostic> {
    match session.source.kind {
        SourceKind::SoracomApi => soracom::fetch(session),
        SourceKind::SakuraApi => sakura::fetch(session),
        SourceKind::KoreApi => kore::fetch(session),
        SourceKind::SoracomCsv | SourceKind::SakuraCsv => {
            let diagnostic = Diagnostic::error(format!("the source \"{}\" is files, not an API", session.source.name));
            Err(diagnostic.at(place(session.source)).with_hint("fetch is for the kinds that end with -api"))
        }
    }
}

/// A month a provider has a bill of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMonth {
    /// The month.
    pub month: BillingMonth,
    /// The provider's word for how far the bill is: "closed".
    pub state: String,
    /// What it asks for, tax included.
    pub amount: Option<Amount>,
}

/// The months a provider has bills of; none where it has no list of them.
///
/// # Errors
/// When they cannot be asked for.
pub fn months(source: &SourceSettings, environment: &Environment) -> Result<Vec<ProviderMonth>, Diagnostic> {
    match source.kind {
        SourceKind::SoracomApi => soracom::months(source, environment),
        SourceKind::SakuraApi => sakura::months(source, environment),
        _ => Ok(Vec::new()),
    }
}

/// The base URL of a source: its `endpoint`, or `usual`.
///
/// # Errors
/// When it is no URL that may be used.
pub(super) fn base(source: &SourceSettings, usual: &str) -> Result<Url, Diagnostic> {
    match &source.endpoint {
        Some(endpoint) => Ok(endpoint.clone()),
        None => endpoint::parse(usual).map_err(|message| Diagnostic::error(message).at(place(source))),
    }
}
