//! Fetches a month's bill from SAKURA Cloud's API, with the names and tags of resources.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use chrono::{NaiveDate, TimeDelta};
use serde::de::IgnoredAny;
use serde_json::json;

use super::answers::{AuthContext, AuthStatus, BillDetails, BillHead, Bills, Zones};
use super::api::{ANY_ZONE, Api};
use super::{body, usage_months};
use crate::diagnostic::Diagnostic;
use crate::environment::Environment;
use crate::model::amount::Amount;
use crate::model::period::BillingMonth;
use crate::model::plain::beginning;
use crate::model::settings::SourceSettings;
use crate::sources::http::Response;
use crate::sources::provider::{Finality, ProviderMonth};
use crate::sources::snapshot::Session;

/// Billed kinds of resources, as written in paths.
const KINDS: [&str; 10] = [
    "server",
    "disk",
    "archive",
    "cdrom",
    "switch",
    "internet",
    "appliance",
    "commonserviceitem",
    "license",
    "privatehost",
];

/// The zones, for when the API does not list them.
const ZONES: [&str; 5] = ["tk1a", "tk1b", "is1a", "is1b", "is1c"];

/// Prefix of a bill's files.
pub(super) const BILL: &str = "bill-";
/// Suffix of the CSV's file.
pub(super) const CSV: &str = ".csv.json";
/// Prefix of files with lists of resources.
pub(super) const RESOURCES: &str = "resources-";
/// File with the list of all bills of the account.
pub(super) const BILLS: &str = "bills.json";

/// The account the key belongs to.
struct Owner {
    account: String,
    /// The member; absent where bills name it themselves.
    member: Option<String>,
}

pub(in crate::sources) fn fetch(session: &Session<'_>) -> Result<Finality, Diagnostic> {
    let finality = finality(session)?;
    let api = Api::new(session.source, session.environment)?;
    let (owner, answers) = owner(session.source, &api)?;
    for (name, response) in &answers {
        session.keep(name, response)?;
    }
    let (bills, response) = bills(&api, &owner)?;
    session.keep(BILLS, &response)?;
    let mut found = 0;
    for bill in bills.bills.iter().filter(|bill| may_be_of(bill, session.month)) {
        found += usize::from(fetch_bill(session, &api, &owner, bill)?);
    }
    if found == 0 {
        let diagnostic = Diagnostic::error(format!("SAKURA Cloud has no bill with charges of {}", session.month));
        return Err(diagnostic
            .at(&session.source.definition)
            .with_note(format!("the account {} has {} bills in all", owner.account, bills.bills.len()))
            .with_hint("check the month, and that the API key is of the account that is billed"));
    }
    extras(session, &api, &owner)?;
    for zone in zones(session, &api)? {
        for kind in KINDS {
            api.list(&zone, kind, |page, response| {
                session.keep(&format!("{RESOURCES}{kind}-{zone}-{page:04}.json"), response)
            })?;
        }
        // Prices are kept for people to look up; product ids differ by zone.
        let response = api.ask(&zone, "cloud/1.1/public/price", None)?;
        keep_if_allowed(session, &api, &format!("prices-{zone}.json"), &response)?;
    }
    Ok(finality)
}

/// Whether the month is closed: SAKURA makes its final bill on the first of the next month, in Japan's time.
fn finality(session: &Session<'_>) -> Result<Finality, Diagnostic> {
    let month = session.month;
    let (today, made) = (today(session.environment), made(month));
    let why = if today < made {
        format!("the month {month} is not over yet")
    } else if today == made {
        format!("SAKURA Cloud makes the final bill of {month} today")
    } else {
        return Ok(Finality::Final);
    };
    if session.draft {
        return Ok(Finality::Preliminary);
    }
    let from = made.succ_opt().unwrap_or(made);
    Err(Diagnostic::error(why)
        .at(&session.source.definition)
        .with_hint(format!("fetch it from {from} on (Japan's time); until then, fetch and build with --draft")))
}

/// Maximum number of bills opened to find their months.
const RECENT: usize = 13;

/// The months of the account's newest bills, read from their rows.
///
/// # Errors
/// When SAKURA Cloud cannot be asked.
pub(in crate::sources) fn months(
    source: &SourceSettings,
    environment: &Environment,
) -> Result<Vec<ProviderMonth>, Diagnostic> {
    let api = Api::new(source, environment)?;
    let (owner, _) = owner(source, &api)?;
    let (mut bills, _) = bills(&api, &owner)?;
    bills.bills.sort_by(|one, other| other.date.cmp(&one.date));
    let today = today(environment);
    let mut months: BTreeMap<BillingMonth, ProviderMonth> = BTreeMap::new();
    for head in bills.bills.iter().take(RECENT) {
        let (_, csv) = csv(source, &api, &owner, head)?;
        // A bill is for one month; one for several is refused when it is fetched.
        let month = usage_months(&csv).ok().and_then(|months| months.first()?.replace('/', "").parse().ok());
        let Some(month) = month else { continue };
        let state = match (today > made(month), head.paid) {
            (false, _) => "open",
            (true, Some(true)) => "paid",
            (true, _) => "closed",
        };
        let new = ProviderMonth { month, state: state.to_owned(), amount: head.amount.map(|amount| amount.0) };
        match months.entry(month) {
            Entry::Vacant(entry) => {
                entry.insert(new);
            }
            Entry::Occupied(mut entry) => {
                let sum = entry.get().amount.zip(new.amount).and_then(|(one, other)| one.plus(other).ok());
                entry.get_mut().amount = sum;
            }
        }
    }
    Ok(months.into_values().collect())
}

/// Today in Japan.
fn today(environment: &Environment) -> NaiveDate {
    ((environment.now)() + TimeDelta::hours(9)).date_naive()
}

/// The day on which a month's final bill is made.
fn made(month: BillingMonth) -> NaiveDate {
    month.next().first()
}

/// The account's bills.
fn bills(api: &Api<'_>, owner: &Owner) -> Result<(Bills, Response), Diagnostic> {
    let response = api.ask(ANY_ZONE, &format!("system/1.0/bill/by-contract/{}", owner.account), None)?;
    let bills: Bills = api.understood(&response)?;
    check_complete(&bills, &response)?;
    Ok((bills, response))
}

/// Answers, and the names of the files they are kept in.
type Answers = Vec<(&'static str, Response)>;

/// The account and member of the key, from `auth-status` or, where that has none, from the newer `auth/context`.
fn owner(source: &SourceSettings, api: &Api<'_>) -> Result<(Owner, Answers), Diagnostic> {
    let response = api.ask(ANY_ZONE, "cloud/1.1/auth-status", None)?;
    let (mut member, mut answers) = (None, Vec::new());
    if !matches!(response.status, 403 | 404) {
        let status: AuthStatus = api.understood(&response)?;
        if let Some(permission) = status.external_permission.as_deref().filter(|text| !text.is_empty())
            && !permission.split('+').any(|one| one == "bill")
        {
            let diagnostic = Diagnostic::error("the API key may not see bills").at(&source.definition);
            return Err(diagnostic
                .with_note(format!("its permissions beside the cloud are: {permission}"))
                .with_hint("add the permission to see bills (請求情報) to the key in the control panel"));
        }
        answers.push(("account.json", response));
        member = status.member.and_then(|member| member.code).filter(|code| !code.is_empty());
        if let Some(id) = status.account.and_then(|account| account.id) {
            return Ok((Owner { account: checked(source, id.0)?, member }, answers));
        }
    }
    let response = api.ask_identity("auth/context")?;
    let context: AuthContext = api.understood(&response)?;
    let Some(project) = context.limited_to_project_id else {
        let diagnostic = Diagnostic::error("SAKURA Cloud does not say which account the API key belongs to");
        return Err(diagnostic.at(&source.definition).with_hint("make an API key in the account that is billed"));
    };
    answers.push(("context.json", response));
    Ok((Owner { account: checked(source, project.0)?, member }, answers))
}

/// Checks an id that becomes part of a path.
fn checked(source: &SourceSettings, id: String) -> Result<String, Diagnostic> {
    match !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        true => Ok(id),
        false => {
            let message = format!("SAKURA Cloud sends {:?}, which is no id", beginning(&id));
            Err(Diagnostic::could_not_run(message).at(&source.definition))
        }
    }
}

fn check_complete(bills: &Bills, response: &Response) -> Result<(), Diagnostic> {
    let found = Amount::whole(bills.bills.len() as i64);
    match bills.total {
        Some(total) if total.0 > found => {
            let message = format!("GET {}: the list of bills is not complete", response.url);
            let note = format!("it holds {found} of {}", total.0);
            Err(Diagnostic::could_not_run(message).with_note(note).with_hint("run the command again later"))
        }
        _ => Ok(()),
    }
}

/// Whether a bill may have charges of the month. No documentation states how its date relates to the month of use, so
/// the bill's rows decide in the end.
fn may_be_of(bill: &BillHead, month: BillingMonth) -> bool {
    let date = bill.date.as_deref().and_then(|date| date.get(..10)?.parse::<NaiveDate>().ok());
    date.is_none_or(|date| (month.first()..=month.next().next().last()).contains(&date))
}

/// The rows of a bill as CSV, with the answer that contains them.
fn csv(
    source: &SourceSettings,
    api: &Api<'_>,
    owner: &Owner,
    head: &BillHead,
) -> Result<(Response, String), Diagnostic> {
    let response = api.ask(ANY_ZONE, &format!("{}/csv", path_of(source, owner, head)?), None)?;
    let _: IgnoredAny = api.understood(&response)?;
    let text = String::from_utf8_lossy(&response.body);
    let csv = body(&text).with_context(|| {
        let unusable = Diagnostic::could_not_run(format!("GET {}", response.url)).at(&source.definition);
        unusable.with_hint("run the command again later")
    })?;
    Ok((response, csv.unwrap_or_default()))
}

/// The path of a bill's details.
fn path_of(source: &SourceSettings, owner: &Owner, head: &BillHead) -> Result<String, Diagnostic> {
    let Some(member) = head.member.as_ref().or(owner.member.as_ref()).filter(|member| !member.is_empty()) else {
        let diagnostic = Diagnostic::error("SAKURA Cloud does not say which member the bills belong to");
        return Err(diagnostic.at(&source.definition));
    };
    let (member, id) = (checked(source, member.clone())?, checked(source, head.id.0.clone())?);
    Ok(format!("system/1.0/billdetail/{member}/{id}"))
}

/// Keeps a bill's rows if they are of the month, and returns whether they are.
fn fetch_bill(session: &Session<'_>, api: &Api<'_>, owner: &Owner, head: &BillHead) -> Result<bool, Diagnostic> {
    let id = &head.id.0;
    let (csv_response, csv) = csv(session.source, api, owner, head)?;
    if csv.trim().is_empty() && head.amount.is_some_and(|amount| amount.0.is_zero()) {
        return Ok(false);
    }
    let month = session.month.first().format("%Y/%m").to_string();
    if usage_months(&csv).is_ok_and(|months| !months.contains(&month)) {
        // A bill of another month, or without charges. A bill without month is kept, and refused when it is read.
        return Ok(false);
    }
    let response = api.ask(ANY_ZONE, &path_of(session.source, owner, head)?, None)?;
    let _: BillDetails = api.understood(&response)?;
    session.keep(&format!("{BILL}{id}{CSV}"), &csv_response)?;
    session.keep(&format!("{BILL}{id}.json"), &response)?;
    Ok(true)
}

/// Fetches data that helps to reconcile but that not every key may see.
fn extras(session: &Session<'_>, api: &Api<'_>, owner: &Owner) -> Result<(), Diagnostic> {
    let response = api.ask(ANY_ZONE, &format!("system/1.0/coupon/{}", owner.account), None)?;
    keep_if_allowed(session, api, "coupons.json", &response)
}

fn keep_if_allowed(session: &Session<'_>, api: &Api<'_>, name: &str, response: &Response) -> Result<(), Diagnostic> {
    if matches!(response.status, 400 | 403 | 404) {
        return Ok(());
    }
    let _: IgnoredAny = api.understood(response)?;
    session.keep(name, response)
}

/// The zones of the account.
fn zones(session: &Session<'_>, api: &Api<'_>) -> Result<BTreeSet<String>, Diagnostic> {
    let response = api.ask(ANY_ZONE, "cloud/1.1/zone", Some(&json!({ "From": 0, "Count": 100 })))?;
    if matches!(response.status, 400 | 403 | 404) {
        return Ok(ZONES.iter().map(|zone| (*zone).to_owned()).collect());
    }
    let zones: Zones = api.understood(&response)?;
    let real = zones.zones.into_iter().filter(|zone| !zone.is_dummy);
    real.map(|zone| checked(session.source, zone.name)).collect()
}
