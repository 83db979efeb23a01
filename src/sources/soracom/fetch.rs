//! Fetches a month's bill from SORACOM's API, with the figures to check it and the names of SIMs and groups.

use chrono::NaiveDate;

use super::EXPORT;
use super::api::Api;
use super::statement::MonthlyBill;
use crate::diagnostic::Diagnostic;
use crate::model::period::BillingMonth;
use crate::model::schedule::is_bank_holiday;
use crate::sources::http::Method;
use crate::sources::provider::Finality;
use crate::sources::snapshot::Session;

/// Data that helps to reconcile, but that not every key may see and not every month has.
const EXTRAS: [(&str, &str); 7] = [
    ("bills", "bills.json"),
    ("bills/{month}/daily", "daily.json"),
    ("bills/latest", "latest.json"),
    ("bills/summaries/bill_items", "summary-items.json"),
    ("bills/summaries/sims", "summary-sims.json"),
    ("coupons", "coupons.json"),
    ("volume_discounts", "volume-discounts.json"),
];

pub(in crate::sources) fn fetch(session: &Session<'_>) -> Result<Finality, Diagnostic> {
    let (source, month) = (session.source, session.month.to_string());
    let api = Api::new(source, session.environment)?;
    let finality = finality(session, &api)?;
    let running = api.client.now().date_naive() < session.month.next().first();
    let exported = if running { "latest" } else { month.as_str() };
    let request = api.export(exported)?;
    let response = session.download(&api.client, &request, EXPORT)?;
    if !response.is_success() {
        return Err(response.unexpected().at(&source.definition));
    }
    for (path, name) in EXTRAS {
        let response = api.ask(Method::GET, &path.replace("{month}", &month), &[])?;
        if response.is_success() {
            let _: serde::de::IgnoredAny = response.json()?;
            session.keep(name, &response)?;
        } else if !matches!(response.status, 400 | 403 | 404) {
            return Err(response.unexpected().at(&source.definition));
        }
    }
    for (path, name) in [("sims", "sims"), ("groups", "groups")] {
        api.pages(path, |page, response| session.keep(&format!("{name}-{page:04}.json"), response))?;
    }
    Ok(finality)
}

/// Whether the month is closed; refuses a month that is not, unless for a draft.
fn finality(session: &Session<'_>, api: &Api<'_>) -> Result<Finality, Diagnostic> {
    let (source, month) = (session.source, session.month);
    let refused = |why: String| {
        let diagnostic = Diagnostic::error(why).at(&source.definition);
        Err(diagnostic.with_hint(format!(
            "SORACOM has usually closed it by {}; until then, fetch and build with --draft",
            usually_closed(month)
        )))
    };
    if api.client.now().date_naive() < month.next().first() {
        return match session.draft {
            true => Ok(Finality::Preliminary),
            false => refused(format!("the month {month} is not over yet (months end by UTC)")),
        };
    }
    let response = api.ask(Method::GET, &format!("bills/{month}"), &[])?;
    if response.status == 404 {
        return match session.draft {
            true => Ok(Finality::Preliminary),
            false => refused(format!("SORACOM has no final bill of {month}: it is not closed, or nothing was charged")),
        };
    }
    if !response.is_success() {
        return Err(response.unexpected().at(&source.definition));
    }
    let bill: MonthlyBill = response.json()?;
    if let Some(currency) = bill.currency.as_deref().filter(|currency| *currency != source.currency.code()) {
        let message =
            format!("the source \"{}\" is in {}, but SORACOM bills in {currency}", source.name, source.currency);
        let diagnostic = Diagnostic::error(message).at(&source.definition);
        return Err(diagnostic.with_hint(format!("write currency = \"{currency}\" in its [[source]]")));
    }
    session.keep("bill.json", &response)?;
    // Without a state, a bill that exists counts as final.
    match (bill.state.as_deref(), session.draft) {
        (None | Some("closed"), _) => Ok(Finality::Final),
        (Some(_), true) => Ok(Finality::Preliminary),
        (Some(state), false) => refused(format!("SORACOM's bill of {month} is not closed; its state is \"{state}\"")),
    }
}

/// A day by which SORACOM has usually closed a month: the third business day of the next.
fn usually_closed(month: BillingMonth) -> NaiveDate {
    let is_open = |day: &NaiveDate| !is_bank_holiday(*day);
    let days = month.next().first().iter_days();
    days.filter(is_open).nth(2).unwrap_or(month.next().first())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_close_by_the_third_business_day() {
        // 1 to 4 September 2022: Thursday, Friday, and a weekend.
        assert_eq!(usually_closed("202208".parse().unwrap()).to_string(), "2022-09-05");
        // Banks open on 4 January 2023; 1 to 3 are holidays.
        assert_eq!(usually_closed("202212".parse().unwrap()).to_string(), "2023-01-06");
    }
}
