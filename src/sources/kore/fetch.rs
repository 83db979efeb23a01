//! Fetches a month's usage records from KORE's API, and the names of SIMs and fleets.

use chrono::{DateTime, Days, Duration, Months, NaiveTime, SecondsFormat, Utc};

use super::api::{Api, Listing};
use super::records::USAGE;
use super::{ACCOUNT, BY_SIM, FLEETS, SIMS};
use crate::diagnostic::Diagnostic;
use crate::model::period::BillingMonth;
use crate::sources::provider::Finality;
use crate::sources::snapshot::Session;

/// Groupings of records, the finest first: KORE enables grouping by SIM and by fleet per account.
const GROUPS: [(&str, &str); 3] = [("sim", "by SIM"), ("fleet", "by fleet"), ("", "at all")];

/// Time after a period's end until all its charges exist.
const SETTLED_AFTER: Duration = Duration::hours(24);

/// Time for which KORE keeps usage.
const KEPT: Months = Months::new(18);

pub(in crate::sources) fn fetch(session: &Session<'_>) -> Result<Finality, Diagnostic> {
    let now = (session.environment.now)();
    let finality = finality(session, now)?;
    let api = Api::new(session.source, session.environment)?;
    usage(session, &api, now)?;
    whole(&api, session, "Sims", SIMS)?;
    whole(&api, session, "Fleets", FLEETS)?;
    Ok(finality)
}

fn midnight(date: chrono::NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Whether all charges exist. Refuses a month that is not settled, unless for a draft, and one that KORE no longer
/// keeps.
fn finality(session: &Session<'_>, now: DateTime<Utc>) -> Result<Finality, Diagnostic> {
    let month = session.month;
    let (start, end) = (midnight(month.first()), midnight(month.next().first()));
    let settled = end + SETTLED_AFTER;
    let refused = |message: String| Diagnostic::error(message).at(&session.source.definition);
    if now.checked_sub_months(KEPT).is_some_and(|oldest| start < oldest) {
        let diagnostic = refused(format!("KORE keeps usage for 18 months: that of {month} is gone, or a part of it"));
        return Err(diagnostic.with_hint(format!("what was fetched in time lies in billing/{month}/")));
    }
    if start > now {
        return Err(refused(format!("the month {month} has not begun yet (months begin by UTC)")));
    }
    match (now >= settled, session.draft) {
        (true, _) => Ok(Finality::Final),
        (false, true) => Ok(Finality::Preliminary),
        (false, false) => {
            let message = match now < end {
                true => format!("the month {month} is not over yet (months end by UTC)"),
                false => format!("the charges of {month} are not all there yet: KORE takes 24 hours for them"),
            };
            let hint = format!("fetch it after {}; until then, fetch and build with --draft", shown(settled));
            Err(refused(message).with_hint(hint))
        }
    }
}

/// Fetches usage records by day in the finest grouping that KORE allows this account and, where they are grouped, also
/// those of the account as a whole.
fn usage(session: &Session<'_>, api: &Api<'_>, now: DateTime<Utc>) -> Result<(), Diagnostic> {
    let (start, end) = asked_period(session.month, now);
    let list = |group: &str, stem: &str| {
        let mut query = vec![("Granularity", "day"), ("StartTime", start.as_str()), ("EndTime", end.as_str())];
        if !group.is_empty() {
            query.insert(0, ("Group", group));
        }
        api.list("UsageRecords", &query, USAGE, stem, |name, response| session.keep(name, response))
    };
    let mut refusals: Vec<String> = Vec::new();
    for (group, name) in GROUPS {
        match list(group, BY_SIM)? {
            Listing::Kept => {
                if !refusals.is_empty() {
                    session.remark(coarse(session, group, refusals));
                }
                return match group {
                    "" => Ok(()),
                    _ => kept(list("", ACCOUNT)?, session),
                };
            }
            // KORE answers with one of these for a grouping that is not enabled.
            Listing::Refused(response) if matches!(response.status, 400 | 403) && !group.is_empty() => {
                let says = response.provider_message().map_or_else(String::new, |says| format!(": {says}"));
                refusals.push(format!("KORE refuses to list usage {name} (status {}{says})", response.status));
            }
            Listing::Refused(response) => {
                let diagnostic = response.unexpected().at(&session.source.definition);
                return Err(refusals.into_iter().fold(diagnostic, Diagnostic::with_note));
            }
        }
    }
    Ok(())
}

/// Warning that usage is not grouped by SIM, which users would otherwise notice only on the invoices.
fn coarse(session: &Session<'_>, group: &str, refusals: Vec<String>) -> Diagnostic {
    let (message, hint) = match group {
        "" => (
            "usage is the account's as a whole: KORE groups it neither by SIM nor by fleet",
            "share it with [[allocation.share]]",
        ),
        _ => ("usage comes by fleet, not by SIM", "customers match by fleet, and a fee per resource counts fleets"),
    };
    let warning = Diagnostic::warning(message).at(&session.source.definition);
    let hint = format!("{hint}; ask KORE to enable grouping by SIM for the account");
    refusals.into_iter().fold(warning, Diagnostic::with_note).with_hint(hint)
}

/// The month or, for one that has not ended, the days up to today.
fn asked_period(month: BillingMonth, now: DateTime<Utc>) -> (String, String) {
    let tomorrow = now.date_naive().checked_add_days(Days::new(1)).unwrap_or(month.next().first());
    (shown(midnight(month.first())), shown(midnight(month.next().first().min(tomorrow))))
}

/// Fetches a listing that KORE never refuses an account.
fn whole(api: &Api<'_>, session: &Session<'_>, path: &str, key: &str) -> Result<(), Diagnostic> {
    kept(api.list(path, &[], key, key, |name, response| session.keep(name, response))?, session)
}

fn kept(listing: Listing, session: &Session<'_>) -> Result<(), Diagnostic> {
    match listing {
        Listing::Kept => Ok(()),
        Listing::Refused(response) => Err(response.unexpected().at(&session.source.definition)),
    }
}
