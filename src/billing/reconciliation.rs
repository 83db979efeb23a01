//! Compares the provider's own figures with the rows read: total with tax, days, and number of resources.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::conservation::{SourceTotals, read_totals};
use crate::diagnostic::Diagnostic;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::{Bill, BillSource, EMPTY};
use crate::model::currency::Currency;
use crate::model::definition::Definition;
use crate::model::figures::money;
use crate::model::period::BillingMonth;
use crate::model::settings::SourceKind;
use crate::model::source_sum;
use crate::model::statement::AcceptedDifference;
use crate::model::tax::TaxCategory;

/// A source's rows compared with its provider's figures.
#[derive(Clone, Debug, Serialize)]
pub struct Reconciliation {
    /// Name of the source.
    pub name: String,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Sum of the rows without tax.
    pub total: Amount,
    /// Sum with tax, rounded as the provider does.
    pub total_with_tax: Amount,
    /// The provider's total; absent when it states none.
    pub provider_total: Option<Amount>,
    /// Our total minus the provider's; zero where the coupons explain it.
    pub difference: Option<Amount>,
    /// The likely cause of a difference.
    pub cause: Option<String>,
    /// A difference that the user accepted when fetching.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_difference: Option<AcceptedDifference>,
    /// Coupons the provider deducted.
    pub coupons: Amount,
    /// Number of days compared.
    pub days: usize,
    /// Days that differ by a whole unit of the currency or more.
    pub day_differences: Vec<DayDifference>,
    /// Number of resources with a charge, and the provider's count.
    pub resources: Option<ResourceCount>,
    /// Sum of the billed costs, where charges are made of others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billed: Option<Amount>,
    /// The provider's invoices of the month, where the bill names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invoices: Vec<InvoiceTotal>,
}

/// One of a provider's invoices: all its rows, those that are left out and those of tax among them.
#[derive(Clone, Debug, Serialize)]
pub struct InvoiceTotal {
    /// Its id; empty where rows name none.
    pub invoice: String,
    /// Its currency.
    pub currency: String,
    /// Number of its rows.
    pub rows: usize,
    /// Sum of their billed costs.
    pub total: Amount,
    /// The amount on the invoice, where the user gave it.
    pub provider_total: Option<Amount>,
    /// Our total minus the provider's.
    pub difference: Option<Amount>,
}

impl InvoiceTotal {
    /// What differs, if anything does; `source` is the name of its source.
    pub fn message(&self, source: &str, currency: Currency) -> Option<String> {
        let (provider, difference) = (self.provider_total?, self.difference?);
        if !source_sum::is_difference(difference, provider, currency) {
            return None;
        }
        let shown = |amount: Amount| money(amount, currency, 0);
        let (ours, provider, difference) = (shown(self.total), shown(provider), shown(difference));
        Some(format!(
            "\"{source}\" does not reconcile in the invoice {}: ours {ours}, the provider's {provider}, difference {difference}",
            self.invoice
        ))
    }
}

/// A source's invoices, with the amounts that the user gave.
///
/// # Errors
/// Sums with more digits than an amount has.
pub(super) fn invoice_totals(source: &BillSource, month: BillingMonth) -> Result<Vec<InvoiceTotal>, TooLong> {
    let own = source.currency.code();
    let sums = invoice_sums(source, month)?;
    let mut totals = Vec::new();
    for ((invoice, currency), (rows, total)) in &sums {
        let provider_total = source.statement.invoices.get(invoice).copied().filter(|_| currency == own);
        let difference = provider_total.map(|provider| total.minus(provider)).transpose()?;
        let (invoice, currency, rows, total) = (invoice.clone(), currency.clone(), *rows, *total);
        totals.push(InvoiceTotal { invoice, currency, rows, total, provider_total, difference });
    }
    for (invoice, provider) in &source.statement.invoices {
        if !sums.contains_key(&(invoice.clone(), own.to_owned())) {
            let (invoice, currency, total) = (invoice.clone(), own.to_owned(), Amount::ZERO);
            let (provider_total, difference) = (Some(*provider), Some(provider.negated()));
            totals.push(InvoiceTotal { invoice, currency, rows: 0, total, provider_total, difference });
        }
    }
    // What names no invoice is shown beside those that do, so that all add up to the bill: where the provider rounds the tax of
    // each invoice, they do not.
    let names_invoices = totals.iter().any(|total| !total.invoice.is_empty());
    totals.retain(|total| !total.invoice.is_empty() || names_invoices && source.focus.is_some());
    Ok(totals)
}

/// The number of rows and the amount with tax of each invoice and currency that rows name.
type InvoiceSums = BTreeMap<(String, String), (usize, Amount)>;

fn invoice_sums(source: &BillSource, month: BillingMonth) -> Result<InvoiceSums, TooLong> {
    let mut sums = InvoiceSums::new();
    if let Some(figures) = &source.focus {
        for (invoice, counted) in &figures.invoices {
            sums.insert(invoice.clone(), (counted.rows, counted.sum.total()?));
        }
    }
    if let Some(figures) = &source.mapped {
        for (invoice, found) in &figures.invoices {
            let (charges, tax) = (found.charges.sum.total()?, found.tax.total()?);
            // A provider adds the tax to each of its invoices, or states it in the rows.
            let total = source_sum::with_stated_tax(source, month, charges, source.stated_tax.map(|_| tax))?;
            let currency = source.currency.code().to_owned();
            sums.insert((invoice.clone(), currency), (found.charges.rows, total));
        }
    }
    Ok(sums)
}

/// A day whose sums differ.
#[derive(Clone, Debug, Serialize)]
pub struct DayDifference {
    /// The day of the month.
    pub day: u8,
    /// Sum of the day's rows without tax.
    pub ours: Amount,
    /// The provider's figure.
    pub provider: Amount,
}

/// Numbers of charged resources.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceCount {
    /// What is counted.
    pub what: &'static str,
    /// Counted in the rows.
    pub ours: usize,
    /// Counted by the provider.
    pub provider: usize,
}

impl Reconciliation {
    /// The differences as errors, with their likely cause; `definition` is that of the source.
    pub fn problems(&self, definition: &Definition) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        if let (Some(difference), Some(provider)) = (self.difference, self.provider_total)
            && source_sum::is_difference(difference, provider, self.currency)
        {
            let message = format!(
                "\"{}\" does not reconcile: ours {}, the provider's {}, difference {}",
                self.name,
                money(self.total_with_tax, self.currency, 0),
                money(provider, self.currency, 0),
                money(difference, self.currency, 0)
            );
            let mut diagnostic = Diagnostic::error(message).at(definition);
            if let Some(accepted) = &self.accepted_difference {
                diagnostic = diagnostic.with_note(accepted.note(self.currency));
            }
            problems.push(match &self.cause {
                Some(cause) => diagnostic.with_hint(format!("likely cause: {cause}")),
                None => diagnostic,
            });
        }
        if !self.day_differences.is_empty() {
            let days = self.day_differences.len();
            let message = format!("\"{}\": {days} of {} days differ from the provider's", self.name, self.days);
            let diagnostic = Diagnostic::error(message).at(definition);
            let shown = self.day_differences.iter().take(5).map(|day| {
                let (ours, provider) = (money(day.ours, self.currency, 0), money(day.provider, self.currency, 0));
                format!("day {}: ours {ours}, the provider's {provider}", day.day)
            });
            let diagnostic = shown.fold(diagnostic, Diagnostic::with_note);
            problems
                .push(diagnostic.with_hint("likely cause: rows of these days are missing or were added; see --fetch"));
        }
        for message in self.invoices.iter().filter_map(|invoice| invoice.message(&self.name, self.currency)) {
            let hint = "likely cause: rows are missing or are there twice, or the amount is of another invoice";
            problems.push(Diagnostic::error(message).at(definition).with_hint(hint));
        }
        if let Some(count) = self.resources.as_ref().filter(|count| count.ours != count.provider) {
            let message = format!(
                "\"{}\": {} {} have a charge, the provider counts {}",
                self.name, count.ours, count.what, count.provider
            );
            let diagnostic = Diagnostic::error(message).at(definition);
            problems
                .push(diagnostic.with_hint("likely cause: rows of some are missing, or one has rows under two ids"));
        }
        problems
    }
}

/// Compares each source of the bill with what its provider states.
///
/// # Errors
/// Sums with more digits than an amount has.
pub fn reconcile(bill: &Bill) -> Result<Vec<Reconciliation>, TooLong> {
    let totals = read_totals(bill)?;
    let sources = bill.sources.iter().zip(totals).enumerate();
    sources
        .map(|(index, (source, totals))| {
            let statement = &source.statement;
            let left_out = left_out(source)?;
            let cause = cause(&totals, statement.is_final, source.kind, left_out)?;
            let sums = sums(bill, index)?;
            let rate = TaxCategory::Standard.japanese_rate(bill.month).map_or(Amount::ZERO, |rate| rate.factor());
            let mut day_differences = Vec::new();
            for (day, provider) in &statement.daily {
                let ours = sums.daily.get(day).copied().unwrap_or(Amount::ZERO);
                // Some figures include tax and some do not, and each provider rounds days in its own way.
                let with_tax = ours.plus(ours.times(rate)?)?;
                if !is_near(ours, *provider)? && !is_near(with_tax, *provider)? {
                    day_differences.push(DayDifference { day: *day, ours, provider: *provider });
                }
            }
            let resources =
                statement.resources.map(|(provider, what)| ResourceCount { what, ours: sums.resources, provider });
            Ok(Reconciliation {
                name: totals.name,
                currency: totals.currency,
                total: totals.total,
                total_with_tax: totals.total_with_tax,
                provider_total: totals.provider_total,
                difference: totals.difference,
                cause,
                accepted_difference: statement.accepted.clone(),
                coupons: totals.coupons,
                days: statement.daily.len(),
                day_differences,
                resources,
                billed: billed(source, totals.total)?,
                invoices: invoice_totals(source, bill.month)?,
            })
        })
        .collect()
}

/// The sum of the billed costs, unless that is the sum of the rows.
fn billed(source: &BillSource, total: Amount) -> Result<Option<Amount>, TooLong> {
    let billed = source.focus.as_ref().map(|figures| figures.billed.sum.total()).transpose()?;
    Ok(billed.filter(|billed| *billed != total))
}

/// Sums of a source's rows.
struct SourceRowSums {
    daily: BTreeMap<u8, Amount>,
    resources: usize,
}

fn sums(bill: &Bill, source: usize) -> Result<SourceRowSums, TooLong> {
    let mut daily: BTreeMap<u8, Sum> = BTreeMap::new();
    let mut resources = BTreeSet::new();
    for charge in &bill.charges {
        let subject = bill.subject(charge);
        if usize::from(subject.source) != source {
            continue;
        }
        let cost = bill.cost(charge);
        if charge.day != 0 {
            daily.entry(charge.day).or_default().add(cost)?;
        }
        if subject.resource != EMPTY && cost.is_positive() {
            resources.insert(subject.resource);
        }
    }
    let total = |(day, sum): (u8, Sum)| Ok((day, sum.total()?));
    Ok(SourceRowSums {
        daily: daily.into_iter().map(total).collect::<Result<_, TooLong>>()?,
        resources: resources.len(),
    })
}

fn is_near(one: Amount, other: Amount) -> Result<bool, TooLong> {
    let difference = one.minus(other)?;
    Ok(difference > Amount::whole(-1) && difference < Amount::whole(1))
}

/// What `where` leaves out of a bill in the source's currency.
fn left_out(source: &BillSource) -> Result<Amount, TooLong> {
    let counted = source.focus.as_ref().and_then(|figures| figures.left_out.get(source.currency.code()));
    counted.map_or(Ok(Amount::ZERO), |counted| counted.sum.total())
}

/// Likely reason why our total and the provider's differ; none when they do not.
fn cause(totals: &SourceTotals, is_final: bool, kind: SourceKind, left_out: Amount) -> Result<Option<String>, TooLong> {
    let Some((provider, difference)) = totals.unreconciled() else {
        return Ok(None);
    };
    let untaxed = totals.total.minus(provider)?;
    let discounts = totals.discounts.negated();
    let cause = if !is_final && kind.is_csv() {
        "the bill was saved before the month was closed: download it again"
    } else if !is_final {
        "the bill was fetched before the month was closed: fetch it again with --force"
    } else if is_near(untaxed, Amount::ZERO)? {
        "the provider's figure seems to exclude tax"
    } else if !discounts.is_zero() && is_near(difference.plus(discounts)?, Amount::ZERO)? {
        "the provider's figure seems to leave out the discounts"
    } else if !left_out.is_zero() && is_near(difference.plus(left_out)?, Amount::ZERO)? {
        "the provider's figure seems to include the rows that `where` leaves out"
    } else if is_near(difference, Amount::ZERO)? {
        "a fraction is rounded differently"
    } else if kind.is_csv() && difference.is_negative() {
        "rows are missing: download the bill again, or correct `total`"
    } else if kind.is_csv() {
        "rows are too many, or a discount has no row: download the bill again, or correct `total`"
    } else if difference.is_negative() {
        "rows are missing: the provider added some since, or the file is not whole; see --fetch"
    } else {
        "rows are too many: the provider took some back since, or gave a discount that has no row; see --fetch"
    };
    Ok(Some(cause.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::charge::{Charge, NO_PRICE, Subject, SubjectId};
    use crate::model::packed::Packed;
    use crate::model::settings::SourceKind;
    use crate::model::statement::Statement;

    /// A SORACOM bill of 1050 yen and a discount of 50: 1000 without tax, 1100 with it.
    fn bill(provider: i64, coupons: i64, is_final: bool) -> Bill {
        let mut bill = Bill::new("202208".parse().unwrap());
        let total = Some(Amount::whole(provider));
        bill.sources.push(BillSource {
            name: "s".to_owned(),
            kind: SourceKind::SoracomApi,
            currency: Currency::JPY,
            quantity_column: None,
            stated_tax: None,
            statement: Statement { total, coupons: Amount::whole(coupons), is_final, ..Statement::default() },
            focus: None,
            mapped: None,
        });
        let subject = Subject {
            source: 0,
            account: EMPTY,
            resource: EMPTY,
            resource_name: EMPTY,
            product: EMPTY,
            groups: Box::default(),
            tags: Box::default(),
        };
        bill.subjects.push(subject);
        for cost in [1050, -50] {
            bill.charges.push(Charge {
                quantity: Packed::NONE,
                cost: Packed::new(Amount::whole(cost), &mut bill.long_amounts),
                subject: SubjectId(0),
                item: EMPTY,
                unit_price: NO_PRICE,
                row: 2,
                file: 0,
                day: 0,
                stated_kind: None,
                other_period: 0,
                unit: 0,
            });
        }
        bill
    }

    #[test]
    fn a_difference_has_its_likely_cause() {
        let said = |provider: i64, coupons: i64, is_final: bool| {
            let found = reconcile(&bill(provider, coupons, is_final)).unwrap().remove(0);
            (found.difference.unwrap().to_string(), found.cause.unwrap_or_default())
        };
        assert_eq!(said(1100, 0, true), ("0".to_owned(), String::new()));
        // A coupon of 300 that has no row in the bill, and one that has.
        assert_eq!(said(800, 300, true), ("0".to_owned(), String::new()));
        assert_eq!(said(1100, 300, true), ("0".to_owned(), String::new()));
        // Ours is 200 too much, whatever the coupon.
        assert_eq!(said(900, 300, true).0, "200");
        assert!(said(1000, 0, true).1.contains("exclude tax"));
        assert!(said(1150, 0, true).1.contains("discounts"));
        assert!(said(1200, 0, true).1.contains("missing"));
        assert!(said(900, 0, true).1.contains("too many"));
        assert!(said(900, 0, false).1.contains("before the month was closed"));
    }
}
