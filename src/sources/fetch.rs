//! `invoicer fetch`: a source's bill of a month, downloaded whole or not at all.

use std::path::Path;

use super::snapshot::{Session, Snapshot};
use super::{http, kore, sakura, soracom};
use crate::diagnostic::{Diagnostic, Place};
use crate::environment::Environment;
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
    /// New files, from the workspace's root.
    Files(Vec<String>),
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
    let session = Session::begin(wish.root, source, wish.month, wish.draft, wish.environment)?;
    let finality = match source.kind {
        SourceKind::SoracomApi => soracom::fetch(&session)?,
        SourceKind::SakuraApi => sakura::fetch(&session)?,
        SourceKind::KoreApi => kore::fetch(&session)?,
        SourceKind::SoracomCsv | SourceKind::SakuraCsv => {
            let diagnostic = Diagnostic::error(format!("the source \"{}\" is files, not an API", source.name));
            return Err(diagnostic.at(place(source)).with_hint("fetch is for the kinds that end with -api"));
        }
    };
    session.finish(finality == Finality::Final).map(Fetched::Files)
}

/// The base URL of a source: its `endpoint`, or `usual`.
///
/// # Errors
/// When it is no URL that may be used.
pub(super) fn base(source: &SourceSettings, usual: &str) -> Result<http::Url, Diagnostic> {
    let text = source.endpoint.as_deref().unwrap_or(usual);
    http::endpoint(text).map_err(|message| Diagnostic::error(message).at(place(source)))
}

/// Where a source stands in `invoicer.toml`.
pub(super) fn place(source: &SourceSettings) -> Place {
    Place::line(&source.definition.path, source.definition.line)
}
