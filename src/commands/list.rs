//! `invoicer list`: searches issued documents by date, amount and customer (電子帳簿保存法施行規則4条1項).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use super::export_index::ExportIndex;
use super::send::note_running;
use crate::cli;
use crate::diagnostic::{Diagnostic, Figure, Problems};
use crate::ledger::listing::Listing;
use crate::ledger::{Document, Ledger, Stored};
use crate::mail::deliveries::{Deliveries, DeliveryState};
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::invoice::DocumentKind;
use crate::model::matcher::Glob;
use crate::model::period::BillingMonth;
use crate::month::evidence;
use crate::out;
use crate::printer::{Align, Printer, table};
use crate::render;

/// A listed document.
#[derive(Clone, Debug, Serialize)]
struct ListedDocument<'a> {
    date: NaiveDate,
    number: &'a str,
    kind: DocumentKind,
    version: u32,
    customer: &'a str,
    customer_name: &'a str,
    month: BillingMonth,
    currency: Currency,
    total: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_number: Option<&'a str>,
    /// The invoice it takes back or replaces.
    original: Option<&'a str>,
    /// Credit notes that take it back.
    credited_by: Vec<&'a str>,
    /// What they have left of an invoice's total.
    left: Option<Amount>,
    /// The invoice that replaces it.
    replaced_by: Option<&'a str>,
    #[serde(serialize_with = "in_out")]
    file: Option<(BillingMonth, &'a str)>,
    sha256: Option<&'a str>,
    /// What became of its message; none where there was none.
    sent: Option<DeliveryState>,
}

pub(super) fn run(root: &Path, current: &Path, arguments: &cli::List, printer: &Printer) -> Result<(), Problems> {
    let is_wanted = |(_, document): &(&Stored, &Document)| is_wanted(document, arguments);
    if let Some(path) = &arguments.export_index {
        let ledger = Ledger::open(root)?;
        let wanted: Vec<(&Stored, &Document)> = ledger.documents().filter(is_wanted).collect();
        evidence::check_list(root, &ledger)?;
        return ExportIndex { root, current, path, ledger: &ledger, documents: &wanted }.write(printer);
    }
    let listing = Listing::open(root)?;
    note_running(root, printer);
    let mut deliveries: BTreeMap<BillingMonth, Deliveries> = BTreeMap::new();
    let rows = listing.documents().filter(is_wanted).map(|(stored, document)| {
        let of_month = match deliveries.entry(stored.record.month) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Deliveries::read(root, stored.record.month)?),
        };
        let sent = of_month.latest(&document.number).map(|delivery| delivery.state);
        row(&listing, stored, document, sent)
    });
    if arguments.json {
        let rows = rows.collect::<Result<Vec<ListedDocument<'_>>, Diagnostic>>()?;
        printer.result_json(&out::to_json(&rows)?);
        return Ok(());
    }
    let mut lines = vec![printer.heading(["date", "number", "customer", "total", ""])];
    for row in rows {
        lines.push(cells(&row?, printer));
    }
    if lines.len() == 1 {
        printer.status(if listing.is_empty() { "nothing is issued" } else { "nothing issued fits" });
        return Ok(());
    }
    printer.results(table(&lines, &[Align::Left, Align::Left, Align::Left, Align::Right, Align::Left]));
    Ok(())
}

fn is_wanted(document: &Document, arguments: &cli::List) -> bool {
    let name = |customer: &String| document.customer == *customer || document.customer_name.contains(customer.as_str());
    let has_order = |glob: &Glob| document.order_number.as_ref().is_some_and(|number| glob.matches(number));
    let at_least = |min: Amount| document.total.minus(min).is_ok_and(|above| !above.is_negative());
    let at_most = |max: Amount| max.minus(document.total).is_ok_and(|below| !below.is_negative());
    arguments.from.is_none_or(|from| from.first() <= document.issue_date)
        && arguments.until.is_none_or(|until| document.issue_date <= until.last())
        && (arguments.customers.is_empty() || arguments.customers.iter().any(name))
        && arguments.min.is_none_or(at_least)
        && arguments.max.is_none_or(at_most)
        && arguments.order_number.as_ref().is_none_or(has_order)
}

fn row<'a>(
    listing: &'a Listing,
    stored: &'a Stored,
    document: &'a Document,
    sent: Option<DeliveryState>,
) -> Result<ListedDocument<'a>, Diagnostic> {
    let pdf = document.outputs.iter().find(|output| output.path.ends_with(".pdf"));
    let left = match document.kind {
        DocumentKind::Invoice => {
            Some(listing.left_of(document).of(format_args!("what is left of {}", document.number))?)
        }
        DocumentKind::CreditNote => None,
    };
    Ok(ListedDocument {
        date: document.issue_date,
        number: &document.number,
        kind: document.kind,
        version: document.version,
        customer: &document.customer,
        customer_name: &document.customer_name,
        month: stored.record.month,
        currency: document.currency,
        total: document.total,
        order_number: document.order_number.as_deref(),
        original: document.original.as_ref().map(|original| original.number.as_str()),
        credited_by: listing.credits_of(&document.number).map(|note| note.number.as_str()).collect(),
        left,
        replaced_by: listing.replacement_of(&document.number).map(|document| document.number.as_str()),
        file: pdf.map(|pdf| (stored.record.month, pdf.path.as_str())),
        sha256: pdf.map(|pdf| pdf.sha256.as_str()),
        sent,
    })
}

/// A file by its month and its path in the month's directory.
fn in_out<S: Serializer>(file: &Option<(BillingMonth, &str)>, serializer: S) -> Result<S::Ok, S::Error> {
    match file {
        Some((month, path)) => serializer.collect_str(&format_args!("out/{month}/{path}")),
        None => serializer.serialize_none(),
    }
}

fn cells(row: &ListedDocument<'_>, printer: &Printer) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(original) = row.original {
        remarks.push(match row.kind {
            DocumentKind::CreditNote => format!("takes back {original}"),
            DocumentKind::Invoice => format!("in place of {original}"),
        });
    }
    let money = |amount: Amount| render::money(amount, row.currency, row.currency.decimals());
    if !row.credited_by.is_empty() {
        let notes = row.credited_by.join(", ");
        remarks.push(match row.left.filter(|left| !left.is_zero()) {
            Some(left) => format!("partly taken back by {notes}, {} left", money(left)),
            None => format!("taken back by {notes}"),
        });
    }
    if let Some(replacement) = row.replaced_by {
        remarks.push(format!("replaced by {replacement}"));
    }
    remarks.extend(row.sent.map(|state| {
        match state {
            DeliveryState::Sent => "sent",
            DeliveryState::Refused => "refused by the mail server",
            DeliveryState::Unknown => "may have been sent",
            DeliveryState::Queued | DeliveryState::Failed => "not sent for now",
        }
        .to_owned()
    }));
    vec![
        row.date.to_string(),
        row.number.to_owned(),
        row.customer_name.to_owned(),
        money(row.total),
        remarks.iter().map(|remark| printer.text(remark)).collect::<Vec<_>>().join("; "),
    ]
}
