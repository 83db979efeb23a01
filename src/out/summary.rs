//! `summary.json`: the month at a glance, as data.

use serde::Serialize;

use crate::billing::{BilledMonth, Conservation, SourceTotals};
use crate::diagnostic::Diagnostic;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::carried::Carried;
use crate::model::currency::Currency;
use crate::model::history::Used;
use crate::model::invoice::Status;
use crate::model::warning::WarningCode;
use crate::render::Review;

/// The month at a glance.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    month: String,
    status: Status,
    sources: &'a [SourceTotals],
    /// One for each invoice, by customer id.
    pub customers: Vec<CustomerSummary<'a>>,
    /// Rests below zero that the month takes and leaves.
    #[serde(skip_serializing_if = "Carried::is_empty")]
    carried: &'a Carried,
    unassigned: Vec<UnassignedCharge<'a>>,
    kept: Amount,
    /// What `kept` consists of, source by source.
    kept_details: Vec<KeptDetail<'a>>,
    allocated: Amount,
    conservation: &'a Conservation,
    /// The messages alone, for scripts that only print them.
    warnings: Vec<&'a str>,
    warning_details: Vec<WarningDetail<'a>>,
}

/// A warning about the month.
#[derive(Debug, Serialize)]
struct WarningDetail<'a> {
    code: WarningCode,
    customer: Option<&'a str>,
    message: &'a str,
    notes: &'a [String],
    hint: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
}

/// An invoice at a glance.
#[derive(Debug, Serialize)]
pub struct CustomerSummary<'a> {
    /// Customer id.
    pub id: &'a str,
    /// Customer name.
    pub name: &'a str,
    /// Invoice number.
    pub number: &'a str,
    /// Currency of the figures.
    pub currency: Currency,
    /// Number of items.
    pub items: usize,
    /// What the provider charges.
    pub cost: Amount,
    /// Before tax.
    pub subtotal: Amount,
    /// Tax.
    pub tax: Amount,
    /// To be paid.
    pub total: Amount,
    /// Subtotal less cost.
    pub margin: Amount,
    /// The total of the month before, where it is known and in the same currency.
    pub previous_total: Option<Amount>,
    /// By which rates prices in another currency were converted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub converted_prices: Vec<ConvertedSummary>,
    /// Pages of the PDF, when one was made.
    pages: Option<usize>,
    /// Items and resources, for later months to be compared with.
    used: Option<&'a Used>,
}

/// Prices of rules in another currency than the invoice's.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ConvertedSummary {
    /// Their currency.
    pub from: Currency,
    /// The `[[fx]]` rate to the invoice's.
    pub rate: Amount,
}

#[derive(Debug, Serialize)]
struct UnassignedCharge<'a> {
    source: &'a str,
    file: &'a str,
    row: u32,
    resource: &'a str,
    item: &'a str,
    cost: Amount,
}

/// Charges or discounts that the issuer bears or keeps for one reason.
#[derive(Debug, Serialize)]
struct KeptDetail<'a> {
    source: &'a str,
    currency: Currency,
    reason: KeptReason,
    /// `invoicer.toml:12`, the rule that keeps them.
    rule: Option<String>,
    /// The customer whose discounts they are.
    customer: Option<&'a str>,
    /// Number of charges; none for a customer's discounts, which can be parts of charges.
    rows: Option<usize>,
    cost: Amount,
}

/// Why something is kept.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum KeptReason {
    /// An `[[allocation.keep]]`.
    Rule,
    /// `unassigned = "keep"`.
    Unassigned,
    /// `discounts = "keep"` of a customer.
    Discounts,
}

fn kept_details<'a>(review: Review<'a>) -> Vec<KeptDetail<'a>> {
    let Review { bill, settings, overview, .. } = review;
    let mut details = Vec::new();
    for kept in &overview.kept {
        let source = &bill.sources[usize::from(kept.source)];
        let detail = |reason, cost| KeptDetail {
            source: &source.name,
            currency: source.currency,
            reason,
            rule: None,
            customer: None,
            rows: None,
            cost,
        };
        for by_rule in &kept.rules {
            let definition = &settings.allocation.keeps[by_rule.rule].definition;
            let rule = Some(format!("{}:{}", definition.path, definition.line));
            details.push(KeptDetail { rule, rows: Some(by_rule.rows), ..detail(KeptReason::Rule, by_rule.total) });
        }
        if kept.unowned_rows > 0 {
            let rows = Some(kept.unowned_rows);
            details.push(KeptDetail { rows, ..detail(KeptReason::Unassigned, kept.unowned) });
        }
        for (customer, cost) in &kept.customers {
            let customer = Some(settings.customers[*customer].id.as_str());
            details.push(KeptDetail { customer, ..detail(KeptReason::Discounts, *cost) });
        }
    }
    details
}

fn detail(warning: &Diagnostic) -> Option<WarningDetail<'_>> {
    let finding = warning.finding.as_ref()?;
    let place = warning.place.as_ref();
    Some(WarningDetail {
        code: finding.code,
        customer: finding.customer.as_deref(),
        message: &warning.message,
        notes: &warning.notes,
        hint: warning.hint.as_deref(),
        file: place.map(|place| place.path.as_str()),
        line: place.and_then(|place| place.line),
    })
}

/// The rates that converted prices of a customer.
fn converted(billed: &BilledMonth, customer: usize) -> impl Iterator<Item = ConvertedSummary> {
    let of_customer = billed.converted.iter().filter(move |converted| converted.customer == customer);
    of_customer.map(|converted| ConvertedSummary { from: converted.from, rate: converted.rate })
}

/// The summary of a month.
///
/// # Errors
/// When a margin has too many digits.
pub fn summary<'a>(review: Review<'a>) -> Result<Summary<'a>, Diagnostic> {
    let Review { bill, settings, billed, history, warnings, status, documents, .. } = review;
    let customers = || -> Result<Vec<CustomerSummary<'a>>, TooLong> {
        let mut customers = Vec::with_capacity(billed.invoices.len());
        for (index, invoice) in billed.invoices.iter().enumerate() {
            let customer = &settings.customers[invoice.customer];
            let previous = history.customer(bill.month.previous(), &customer.id);
            let record = billed.record.get(&customer.id);
            customers.push(CustomerSummary {
                id: &customer.id,
                name: &customer.name,
                number: &invoice.number,
                currency: invoice.currency,
                items: invoice.items.len(),
                cost: invoice.cost,
                subtotal: invoice.subtotal,
                tax: invoice.tax,
                total: invoice.total,
                margin: Sum::of([invoice.subtotal, invoice.cost.negated()])?,
                previous_total: previous
                    .filter(|previous| previous.currency == invoice.currency)
                    .map(|previous| previous.total),
                converted_prices: converted(billed, invoice.customer).collect(),
                pages: documents.get(index).and_then(|documents| documents.pages),
                used: record.and_then(|record| record.used.as_ref()),
            });
        }
        Ok(customers)
    };
    let unassigned = |id: &crate::model::charge::ChargeId| {
        let charge = bill.charge(*id);
        let (file, row) = bill.origin(charge);
        UnassignedCharge {
            source: &bill.source(charge).name,
            file,
            row,
            resource: bill.names.get(bill.subject(charge).resource),
            item: bill.names.get(charge.item),
            cost: bill.cost(charge),
        }
    };
    Ok(Summary {
        month: bill.month.to_string(),
        status,
        sources: &billed.sources,
        customers: customers().map_err(|error| Diagnostic::error(format!("a margin cannot be computed: {error}")))?,
        carried: &billed.carried,
        unassigned: billed.unassigned.iter().map(unassigned).collect(),
        kept: billed.conservation.kept,
        kept_details: kept_details(review),
        allocated: billed.conservation.allocated,
        conservation: &billed.conservation,
        warnings: warnings.iter().map(|warning| warning.message.as_str()).collect(),
        warning_details: warnings.iter().filter_map(detail).collect(),
    })
}
