//! Downloads a source's bill of a month, whole or not at all, for `invoicer fetch`.

use std::path::Path;

use super::provider::{Finality, Provider, ProviderMonth, Reading};
use super::snapshot::{Session, Snapshot, Staged};
use super::{providers, read_opened};
use crate::diagnostic::{Diagnostic, Problems, Stop};
use crate::environment::Environment;
use crate::model::amount::TooLong;
use crate::model::charge::{Bill, BillSource};
use crate::model::figures::money;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;
use crate::model::source_sum;
use crate::model::statement::AcceptedDifference;

/// What to fetch.
#[derive(Clone, Copy)]
pub struct FetchRequest<'a> {
    /// The workspace's root.
    pub root: &'a Path,
    /// The month.
    pub month: BillingMonth,
    /// Whether a month that is not closed is accepted.
    pub draft: bool,
    /// Whether to download again what exists.
    pub force: bool,
    /// Reason for accepting a bill whose rows do not add up to the provider's total.
    pub accept: Option<&'a str>,
    /// Environment and clock.
    pub environment: &'a Environment,
}

/// Result of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// New files, relative to the workspace's root, and remarks about them.
    Files(Vec<String>, Vec<Diagnostic>),
    /// The month was already fetched.
    Already,
}

/// Fetches the month of one source into `billing/MONTH/SOURCE/`.
///
/// # Errors
/// Everything that prevents the bill from being complete; nothing is written then.
pub fn fetch(request: FetchRequest<'_>, source: &SourceSettings) -> Result<Fetched, Diagnostic> {
    if !request.force
        && let Some(snapshot) = Snapshot::open(request.root, source, request.month)?
        && (snapshot.provenance.is_final || request.draft)
    {
        return Ok(Fetched::Already);
    }
    let Download { mut staged, mut remarks, finality, difference, .. } = download(request, source)?;
    if let Some(found) = difference {
        match (finality, request.accept) {
            // While amounts still change, rows and total may be from different times.
            (Finality::Preliminary, _) => remarks.push(preliminary_difference(source, &found)),
            (Finality::Final, Some(reason)) => {
                staged.accept(AcceptedDifference { reason: reason.to_owned(), ..found });
            }
            (Finality::Final, None) => return Err(half_a_bill(request.month, source, &found)),
        }
    }
    staged.commit().map(|files| Fetched::Files(files, remarks))
}

/// A bill that was downloaded again.
pub struct Again {
    /// The bill of that source alone.
    pub bill: Bill,
    /// Error for rows that do not add up to the provider's total, unless that difference was accepted when fetching.
    pub half: Option<Diagnostic>,
}

/// Downloads a bill again and reads it without keeping it.
///
/// # Errors
/// Those of [`fetch`], except that rows which do not add up are returned, to compare them with the fetched ones.
pub fn read_again(request: FetchRequest<'_>, source: &SourceSettings) -> Result<Again, Diagnostic> {
    let before = Snapshot::open(request.root, source, request.month)?;
    let accepted = before.and_then(|snapshot| snapshot.provenance.accepted_difference);
    let Download { bill, difference, .. } = download(request, source)?;
    let found = difference.filter(|found| accepted.is_none_or(|accepted| accepted.difference != found.difference));
    let half = found.map(|found| {
        let message = format!("what \"{}\" sends now does not add up to the provider's total", source.name);
        let hint = "it may be half a bill: run the command again before the new bill is taken";
        Diagnostic::error(message).at(&source.definition).with_note(figures(source, &found)).with_hint(hint)
    });
    Ok(Again { bill, half })
}

/// A valid bill whose files are not in place yet.
struct Download {
    staged: Staged,
    bill: Bill,
    remarks: Vec<Diagnostic>,
    finality: Finality,
    /// Difference of the rows with tax from the provider's total.
    difference: Option<AcceptedDifference>,
}

/// Downloads a bill and reads it as a build will, so that half a file or a repeated page is refused while it can be
/// downloaded again. Messages about it contain no secret, whatever the server sent.
fn download(request: FetchRequest<'_>, source: &SourceSettings) -> Result<Download, Diagnostic> {
    let masked = |problem: Diagnostic| problem.map_text(&|text| request.environment.secrets.masked(text));
    let mut download = read_download(request, source).map_err(masked)?;
    download.remarks = download.remarks.into_iter().map(masked).collect();
    Ok(download)
}

fn read_download(request: FetchRequest<'_>, source: &SourceSettings) -> Result<Download, Diagnostic> {
    let Provider::Fetched(provider) = providers::of(source.kind) else {
        let diagnostic = Diagnostic::error(format!("the source \"{}\" is files, not an API", source.name));
        return Err(diagnostic.at(&source.definition).with_hint("fetch is for the kinds that end with -api"));
    };
    let session = Session::begin(request.root, source, request.month, request.draft, request.environment)?;
    let finality = provider.fetch(&session)?;
    let remarks = session.remarks.take();
    let staged = session.complete(finality == Finality::Final);
    let mut bill = Bill::new(request.month);
    bill.sources.push(BillSource::of(source, request.month));
    let mut reading =
        Reading { root: request.root, settings: source, source: 0, draft: request.draft, bill: &mut bill };
    read_opened(provider, &mut reading, &staged.snapshot)
        .map_err(|problems| unusable(source, &staged.snapshot, problems))?;
    let difference = difference(&bill).map_err(|_| too_long(source))?;
    Ok(Download { staged, bill, remarks, finality, difference })
}

/// Difference of the rows with tax from the total fetched with them; none where they agree or the provider states no
/// total.
fn difference(bill: &Bill) -> Result<Option<AcceptedDifference>, TooLong> {
    for (source, (charges, discounts)) in bill.sources.iter().zip(source_sum::of_rows(bill)?) {
        let ours = source_sum::with_tax(source, bill.month, charges.total()?.plus(discounts.total()?)?)?;
        let difference = source_sum::difference(source, ours)?.filter(|difference| !difference.is_zero());
        if let (Some(difference), Some(provider)) = (difference, source.statement.total) {
            return Ok(Some(AcceptedDifference { ours, provider, difference, reason: String::new() }));
        }
    }
    Ok(None)
}

fn too_long(source: &SourceSettings) -> Diagnostic {
    let message = format!("the rows of \"{}\" have too many digits to be added up exactly", source.name);
    Diagnostic::error(message).at(&source.definition)
}

fn figures(source: &SourceSettings, found: &AcceptedDifference) -> String {
    let [ours, provider, difference] =
        [found.ours, found.provider, found.difference].map(|amount| money(amount, source.currency, 0));
    format!("rows with tax {ours}, the provider's total {provider}, difference {difference}")
}

/// Error for rows that do not add up to the total.
fn half_a_bill(month: BillingMonth, source: &SourceSettings, found: &AcceptedDifference) -> Diagnostic {
    let name = &source.name;
    let message = format!("the bill fetched from \"{name}\" does not add up to the provider's total; nothing was kept");
    let cause = if found.difference.is_negative() {
        "rows are probably missing"
    } else {
        "rows are too many, or a discount is missing"
    };
    let hint = format!(
        "{cause}: run the command again; if the provider confirms the difference, take the bill with \
         invoicer fetch {month} --source {name} --accept-difference REASON"
    );
    Diagnostic::error(message).at(&source.definition).with_note(figures(source, found)).with_hint(hint)
}

fn preliminary_difference(source: &SourceSettings, found: &AcceptedDifference) -> Diagnostic {
    let message = format!("the rows of \"{}\" do not add up to the provider's total yet", source.name);
    let hint = "fetch the month again when the provider has closed it; a difference is refused then";
    Diagnostic::warning(message).at(&source.definition).with_note(figures(source, found)).with_hint(hint)
}

/// Maximum number of a download's errors shown.
const SHOWN: usize = 5;

/// Error for an invalid download. Its files are gone when users read this, so only their names are shown.
fn unusable(source: &SourceSettings, snapshot: &Snapshot, problems: Problems) -> Diagnostic {
    let message = format!("the bill fetched from \"{}\" cannot be used; nothing was kept", source.name);
    let mut diagnostic = Diagnostic::error(message).at(&source.definition);
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

/// The months that a provider has bills for; empty where it has no list of them.
///
/// # Errors
/// When the provider cannot be asked.
pub fn months(source: &SourceSettings, environment: &Environment) -> Result<Vec<ProviderMonth>, Diagnostic> {
    let masked = |text: &str| environment.secrets.masked(text);
    let months = match providers::of(source.kind) {
        Provider::Saved(_) => Ok(Vec::new()),
        Provider::Fetched(provider) => provider.months(source, environment),
    };
    let months = months.map_err(|problem| problem.map_text(&masked))?;
    Ok(months.into_iter().map(|month| ProviderMonth { state: masked(&month.state), ..month }).collect())
}
