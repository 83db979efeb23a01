//! SORACOM's own figures of a month besides the CSV: its amount, coupons, daily amounts, and charged SIMs.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::api::Api;
use crate::diagnostic::Diagnostic;
use crate::environment::Environment;
use crate::model::amount::Amount;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceSettings;
use crate::model::statement::Statement;
use crate::sources::http::Method;
use crate::sources::json::Number;
use crate::sources::provider::ProviderMonth;
use crate::sources::snapshot::Snapshot;

/// A month's bill from `GET /bills/{yyyyMM}`. Any field may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MonthlyBill {
    pub(super) amount: Option<Number>,
    applied_coupon_amount: Option<Number>,
    pub(super) currency: Option<String>,
    pub(super) state: Option<String>,
    year_month: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BillList {
    #[serde(default)]
    bill_list: Vec<MonthlyBill>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Days {
    #[serde(default)]
    bill_list: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    amount: Option<Number>,
    date: Option<String>,
}

/// `GET /bills/summaries/sims`: the hundred most expensive SIMs of each of the last months.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SimSummary {
    year_month: Option<String>,
    #[serde(default)]
    cost_breakdown_list: Vec<SimCost>,
}

#[derive(Deserialize)]
struct SimCost {
    amount: Option<Number>,
}

/// Maximum number of SIMs in a summary; a summary with that many does not show how many there are.
const SUMMARY_LIMIT: usize = 100;

/// What each file should be, for messages.
const ANSWER: &str = "what SORACOM answers";

/// SORACOM's own figures.
///
/// # Errors
/// Answers that cannot be read.
pub(in crate::sources) fn statement(snapshot: &Snapshot) -> Result<Statement, Diagnostic> {
    let bill: Option<MonthlyBill> = snapshot.json("bill.json", ANSWER)?;
    let days: Option<Days> = snapshot.json("daily.json", ANSWER)?;
    let summaries: Option<Vec<SimSummary>> = snapshot.json("summary-sims.json", ANSWER)?;
    let month = snapshot.month.to_string();
    let mut daily = BTreeMap::new();
    for day in days.map_or(Vec::new(), |days| days.bill_list) {
        if let (Some(amount), Some(date)) = (day.amount, day.date)
            && let Some(day) = date.strip_prefix(month.as_str()).and_then(|day| day.parse::<u8>().ok())
        {
            daily.insert(day, amount.0);
        }
    }
    let of_month = |summary: SimSummary| (summary.year_month.as_deref() == Some(&month)).then_some(summary);
    let sims = summaries.into_iter().flatten().find_map(of_month).map(|summary| summary.cost_breakdown_list);
    let sims = sims.filter(|sims| sims.len() < SUMMARY_LIMIT);
    let charged = |sim: &&SimCost| sim.amount.is_some_and(|amount| amount.0.is_positive());
    Ok(Statement {
        total: bill.as_ref().and_then(|bill| bill.amount).map(|amount| amount.0),
        coupons: bill.and_then(|bill| bill.applied_coupon_amount).map_or(Amount::ZERO, |amount| amount.0),
        daily,
        resources: sims.map(|sims| (sims.iter().filter(charged).count(), "SIMs")),
        ..Statement::default()
    })
}

/// The months that SORACOM has bills for.
///
/// # Errors
/// When SORACOM cannot be asked.
pub(in crate::sources) fn months(
    source: &SourceSettings,
    environment: &Environment,
) -> Result<Vec<ProviderMonth>, Diagnostic> {
    let api = Api::new(source, environment)?;
    let response = api.ask(Method::GET, "bills", &[])?;
    if !response.is_success() {
        return Err(response.unexpected().at(&source.definition));
    }
    let list: BillList = response.json()?;
    let month = |bill: MonthlyBill| {
        let month: BillingMonth = bill.year_month?.parse().ok()?;
        let state = bill.state.unwrap_or_else(|| "closed".to_owned());
        Some(ProviderMonth { month, state, amount: bill.amount.map(|amount| amount.0) })
    };
    Ok(list.bill_list.into_iter().filter_map(month).collect())
}
