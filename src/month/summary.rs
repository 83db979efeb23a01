//! `summary.json`: the key figures of a month. The same type is written and read: later months are compared with it and
//! take the rests it leaves, `issue` and `explain` look up what was built.
//!
//! Reads only what those readers need. Earlier versions of the program wrote fewer fields and later ones may write
//! others, so all other fields are ignored.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::billing::{AdjustmentSums, BilledMonth, Conservation, SourceTotals};
use crate::diagnostic::{Diagnostic, Figure, cause, json_fault};
use crate::files;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::carried::Carried;
use crate::model::charge::{Bill, ChargeId};
use crate::model::currency::Currency;
use crate::model::history::{BilledCustomer, BilledCustomers, BilledLine, Used};
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::plain::{beginning, is_name};
use crate::model::settings::Settings;
use crate::model::warning::WarningCode;
use crate::render::Review;
use crate::staging::hash;

/// Name of the file in a month's directory.
pub const FILE: &str = "summary.json";

/// The key figures of a month.
#[derive(Debug, Serialize, Deserialize)]
pub struct Summary<'a> {
    month: Cow<'a, str>,
    /// Draft, built or issued.
    pub status: Status,
    #[serde(skip_deserializing)]
    sources: &'a [SourceTotals],
    /// One per invoice, by customer id.
    pub customers: Vec<CustomerSummary<'a>>,
    /// Customers whose invoice over 0 is not made (`skip-zero`), by id.
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<SkippedSummary<'a>>,
    /// Rests below zero that the month takes from earlier months and leaves to the next.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub carried: Cow<'a, Carried>,
    #[serde(skip_deserializing)]
    unassigned: Vec<UnassignedCharge<'a>>,
    #[serde(skip_deserializing)]
    kept: Amount,
    /// The parts of `kept`, source by source.
    #[serde(skip_deserializing)]
    kept_details: Vec<KeptDetail<'a>>,
    #[serde(skip_deserializing)]
    allocated: Amount,
    #[serde(skip_deserializing)]
    conservation: Option<&'a Conservation>,
    /// What the month alone has, which no provider charged: none where there are no adjustments.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    adjustments: Option<AdjustmentTotals>,
    /// The messages alone, for scripts that only print them.
    #[serde(skip_deserializing)]
    warnings: Vec<&'a str>,
    #[serde(skip_deserializing)]
    warning_details: Vec<WarningDetail<'a>>,
}

fn is_empty(carried: &Carried) -> bool {
    carried.is_empty()
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

/// The key figures of an invoice.
#[derive(Debug, Serialize, Deserialize)]
pub struct CustomerSummary<'a> {
    /// Customer id.
    pub id: Cow<'a, str>,
    /// Customer name.
    #[serde(skip_deserializing)]
    name: &'a str,
    /// Invoice number.
    pub number: Option<Cow<'a, str>>,
    /// Currency of the figures.
    pub currency: Currency,
    /// Number of items.
    #[serde(skip_deserializing)]
    pub items: usize,
    /// What the provider charges.
    pub cost: Amount,
    /// Total before tax.
    pub subtotal: Amount,
    /// Tax.
    #[serde(skip_deserializing)]
    pub tax: Amount,
    /// Total with tax.
    pub total: Amount,
    /// Subtotal minus cost.
    #[serde(skip_deserializing)]
    pub margin: Amount,
    /// The customer's discounts that the issuer keeps, in addition to the margin: zero or negative.
    #[serde(skip_deserializing)]
    kept: Amount,
    /// The total of the previous month, where it is known and in the same currency.
    #[serde(skip_deserializing)]
    previous_total: Option<Amount>,
    /// Rates at which prices in another currency were converted.
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    converted_prices: Vec<ConvertedSummary>,
    /// Its adjustments, where it has any.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    adjustments: Option<AdjustmentSummary>,
    /// The customer's order.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    order_number: Option<&'a str>,
    /// Pages of the PDF, when one was made.
    #[serde(skip_deserializing)]
    pages: Option<usize>,
    /// Items and resources, with which later months are compared.
    used: Option<Cow<'a, Used>>,
    /// The lines of the invoice, with which later months are compared.
    lines: Option<Cow<'a, [BilledLine]>>,
}

/// An invoice over 0 that is not made.
#[derive(Debug, Serialize)]
struct SkippedSummary<'a> {
    /// Customer id.
    id: &'a str,
    /// Customer name.
    name: &'a str,
    currency: Currency,
    /// What the provider charges.
    cost: Amount,
    subtotal: Amount,
    tax: Amount,
    total: Amount,
}

impl<'a> SkippedSummary<'a> {
    fn of(settings: &'a Settings, invoice: &Invoice) -> SkippedSummary<'a> {
        let customer = &settings.customers[invoice.customer];
        let Invoice { currency, cost, subtotal, tax, total, .. } = *invoice;
        SkippedSummary { id: &customer.id, name: &customer.name, currency, cost, subtotal, tax, total }
    }
}

/// Prices of rules in another currency than the invoice's.
#[derive(Clone, Copy, Debug, Serialize)]
struct ConvertedSummary {
    /// Their currency.
    from: Currency,
    /// The `[[fx]]` rate to the invoice's.
    rate: Amount,
}

/// How many adjustments there are, what they bring before tax, and what they cost.
#[derive(Clone, Copy, Debug, Serialize)]
struct AdjustmentSummary {
    count: usize,
    amount: Amount,
    cost: Amount,
}

impl AdjustmentSummary {
    fn of(sums: AdjustmentSums) -> Option<AdjustmentSummary> {
        let AdjustmentSums { count, amount, cost } = sums;
        (count > 0).then_some(AdjustmentSummary { count, amount, cost })
    }
}

/// The adjustments of the month.
#[derive(Debug, Serialize)]
struct AdjustmentTotals {
    #[serde(flatten)]
    sums: AdjustmentSummary,
    /// Currency of the sums.
    currency: Currency,
    /// Those of invoices in other currencies, which are not added to the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_currencies: Vec<AdjustmentTotals>,
}

impl AdjustmentTotals {
    /// The sums by currency, that of the workspace first.
    fn of(review: Review<'_>) -> Result<Option<AdjustmentTotals>, TooLong> {
        let Review { settings, bill, billed, .. } = review;
        let sums = billed.adjustment_sums(settings, bill.month)?.into_iter();
        let mut totals: Vec<AdjustmentTotals> = sums
            .filter_map(|(currency, sums)| {
                Some(AdjustmentTotals { sums: AdjustmentSummary::of(sums)?, currency, other_currencies: Vec::new() })
            })
            .collect();
        totals.sort_by_key(|totals| totals.currency != settings.currency);
        let mut totals = totals.into_iter();
        let first = totals.next();
        Ok(first.map(|first| AdjustmentTotals { other_currencies: totals.collect(), ..first }))
    }
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

/// Charges that the issuer bears, or discounts it keeps, for one reason.
#[derive(Debug, Serialize)]
struct KeptDetail<'a> {
    source: &'a str,
    currency: Currency,
    reason: KeptReason,
    /// `invoicer.toml:12`, the rule that keeps them.
    rule: Option<String>,
    /// The customer whose discounts they are.
    customer: Option<&'a str>,
    /// Number of charges; none for a customer's discounts, which may be parts of charges.
    rows: Option<usize>,
    cost: Amount,
}

/// Reason for keeping something.
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
            let charges = &by_rule.charges;
            details.push(KeptDetail { rule, rows: Some(charges.rows), ..detail(KeptReason::Rule, charges.total) });
        }
        if kept.unowned.rows > 0 {
            let rows = Some(kept.unowned.rows);
            details.push(KeptDetail { rows, ..detail(KeptReason::Unassigned, kept.unowned.total) });
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

/// The rates at which a customer's prices were converted.
fn converted(billed: &BilledMonth, customer: usize) -> impl Iterator<Item = ConvertedSummary> {
    let of_customer = billed.converted.iter().filter(move |converted| converted.customer == customer);
    of_customer.map(|converted| ConvertedSummary { from: converted.from, rate: converted.rate })
}

impl<'a> Summary<'a> {
    /// The summary of a month.
    ///
    /// # Errors
    /// When a margin has too many digits.
    pub fn of(review: Review<'a>) -> Result<Summary<'a>, Diagnostic> {
        let Review { bill, billed, warnings, status, .. } = review;
        let customers = (0..billed.invoices.len()).map(|index| CustomerSummary::of(review, index));
        let customers = customers.collect::<Result<_, TooLong>>().of("a customer's margin")?;
        Ok(Summary {
            month: bill.month.to_string().into(),
            status,
            sources: &billed.sources,
            customers,
            skipped: billed.skipped.iter().map(|invoice| SkippedSummary::of(review.settings, invoice)).collect(),
            carried: Cow::Borrowed(&billed.carried),
            unassigned: billed.unassigned.iter().map(|id| UnassignedCharge::of(bill, billed, *id)).collect(),
            kept: billed.conservation.kept,
            kept_details: kept_details(review),
            allocated: billed.conservation.allocated,
            conservation: Some(&billed.conservation),
            adjustments: AdjustmentTotals::of(review).of("the sum of the adjustments")?,
            warnings: warnings.iter().map(|warning| warning.message.as_str()).collect(),
            warning_details: warnings.iter().filter_map(detail).collect(),
        })
    }

    /// The customers' figures, with which later months are compared.
    pub fn into_billed(self) -> BilledCustomers {
        let billed = |customer: CustomerSummary<'_>| {
            let CustomerSummary { id, currency, cost, subtotal, total, used, lines, .. } = customer;
            let (used, lines) = (used.map(Cow::into_owned), lines.map(Cow::into_owned));
            (id.into_owned(), BilledCustomer { currency, cost, subtotal, total, used, lines })
        };
        self.customers.into_iter().map(billed).collect()
    }
}

impl<'a> CustomerSummary<'a> {
    /// The summary of the invoice with this index.
    fn of(review: Review<'a>, index: usize) -> Result<CustomerSummary<'a>, TooLong> {
        let Review { bill, settings, billed, history, documents, .. } = review;
        let invoice = &billed.invoices[index];
        let customer = &settings.customers[invoice.customer];
        let previous = history.customer(bill.month.previous(), &customer.id);
        let previous = previous.filter(|previous| previous.currency == invoice.currency);
        let record = billed.record.get(&customer.id);
        Ok(CustomerSummary {
            id: Cow::Borrowed(&customer.id),
            name: &customer.name,
            number: Some(Cow::Borrowed(&invoice.number)),
            currency: invoice.currency,
            items: invoice.items.len(),
            cost: invoice.cost,
            subtotal: invoice.subtotal,
            tax: invoice.tax,
            total: invoice.total,
            margin: Sum::of([invoice.subtotal, invoice.cost.negated()])?,
            kept: billed.kept_of(bill, settings, invoice.customer)?,
            previous_total: previous.map(|previous| previous.total),
            converted_prices: converted(billed, invoice.customer).collect(),
            adjustments: AdjustmentSummary::of(AdjustmentSums::of(settings, bill.month, customer, &invoice.items)?),
            order_number: invoice.order_number.as_deref(),
            pages: documents.get(index).and_then(|documents| documents.pages),
            used: record.and_then(|record| record.used.as_ref()).map(Cow::Borrowed),
            lines: record.and_then(|record| record.lines.as_deref()).map(Cow::Borrowed),
        })
    }
}

impl<'a> UnassignedCharge<'a> {
    fn of(bill: &'a Bill, billed: &BilledMonth, id: ChargeId) -> UnassignedCharge<'a> {
        let charge = bill.charge(id);
        let (file, row) = bill.origin(charge);
        UnassignedCharge {
            source: &bill.source(charge).name,
            file,
            row,
            resource: bill.names.get(bill.subject(charge).resource),
            item: bill.names.get(charge.item),
            cost: billed.remainders.cost(bill, id),
        }
    }
}

/// A summary read from a month's directory.
pub struct ReadSummary {
    /// SHA-256 of the file; empty where it cannot be read.
    pub sha256: String,
    /// The summary, or why it cannot be used.
    pub summary: Result<Summary<'static>, String>,
}

/// Reads the summary in a month's directory; none where there is none.
pub fn read(directory: &Path, month: BillingMonth) -> Option<ReadSummary> {
    match files::read(&directory.join(FILE), files::DATA) {
        Ok(bytes) => Some(ReadSummary { sha256: hash(&bytes), summary: parse(&bytes, month) }),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
        Err(error) => Some(ReadSummary { sha256: String::new(), summary: Err(cause(&error)) }),
    }
}

/// Reads a summary, and checks its month and customer ids because anybody may have written the file.
fn parse(bytes: &[u8], month: BillingMonth) -> Result<Summary<'static>, String> {
    let summary: Summary<'static> = serde_json::from_slice(bytes).map_err(|error| json_fault(&error))?;
    if summary.month != month.to_string() {
        return Err(format!("it is the summary of {}", beginning(&summary.month)));
    }
    if let Some(customer) = summary.customers.iter().find(|customer| !is_name(&customer.id)) {
        return Err(format!("no customer is called {:?}", beginning(&customer.id)));
    }
    if !summary.carried.is_of(month) {
        return Err("what it carries is of other months".to_owned());
    }
    Ok(summary)
}
