//! The month behind the review page, and computations that several parts of the page use.

use std::collections::BTreeMap;

use crate::billing::{BilledMonth, Overview};
use crate::diagnostic::Diagnostic;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::format::Format;
use crate::model::history::{BilledCustomer, History};
use crate::model::invoice::{Invoice, Status};
use crate::model::period::BillingMonth;
use crate::model::settings::{Language, Settings};

/// A month to review.
#[derive(Clone, Copy)]
pub struct Review<'a> {
    /// The bill.
    pub bill: &'a Bill,
    /// The workspace.
    pub settings: &'a Settings,
    /// The billed month.
    pub billed: &'a BilledMonth,
    /// The month's overview.
    pub overview: &'a Overview,
    /// The earlier months.
    pub history: &'a History,
    /// The month's warnings.
    pub warnings: &'a [Diagnostic],
    /// Draft, built or issued.
    pub status: Status,
    /// The documents of each invoice, in the order of the invoices.
    pub documents: &'a [Documents],
}

/// The documents made from an invoice, which the page links to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Documents {
    /// Pages of its PDF, when it was laid out.
    pub pages: Option<usize>,
    /// Whether there is a PDF.
    pub pdf: bool,
    /// Whether there is an HTML file.
    pub html: bool,
    /// Whether there is the record as JSON.
    pub json: bool,
    /// Whether there is the record as CSV.
    pub csv: bool,
}

impl Documents {
    /// The documents in those formats.
    pub fn of(formats: &[Format], pages: Option<usize>) -> Documents {
        let has = |format: Format| formats.contains(&format);
        Documents {
            pages,
            pdf: has(Format::Pdf),
            html: has(Format::Html),
            json: has(Format::Json),
            csv: has(Format::Csv),
        }
    }
}

/// A month to review, in a language.
#[derive(Clone, Copy)]
pub(super) struct ReviewPage<'a> {
    pub(super) review: Review<'a>,
    pub(super) labels: &'a BTreeMap<String, String>,
    pub(super) language: Language,
}

impl<'a> ReviewPage<'a> {
    pub(super) fn label(&self, key: &str) -> &'a str {
        self.labels.get(key).map_or("", String::as_str)
    }

    /// The currencies of the month's invoices; the workspace's when there are none.
    pub(super) fn currencies(&self) -> Vec<Currency> {
        let mut currencies: Vec<Currency> =
            self.review.billed.invoices.iter().map(|invoice| invoice.currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        if currencies.is_empty() { vec![self.review.settings.currency] } else { currencies }
    }

    /// The currency in which months are compared: the workspace's, where any invoice uses it.
    pub(super) fn main_currency(&self) -> Currency {
        let currencies = self.currencies();
        let usual = self.review.settings.currency;
        if currencies.contains(&usual) { usual } else { currencies.first().copied().unwrap_or(usual) }
    }

    /// A sum of all invoices in a currency.
    pub(super) fn sum(&self, currency: Currency, figure: fn(&Invoice) -> Amount) -> Result<Amount, TooLong> {
        let invoices = self.review.billed.invoices.iter().filter(|invoice| invoice.currency == currency);
        Sum::of(invoices.map(figure))
    }

    /// What all customers were billed in an earlier month in a currency, before tax; none when the month is not known.
    pub(super) fn past_subtotal(&self, month: BillingMonth, currency: Currency) -> Result<Option<Amount>, TooLong> {
        let Some(customers) = self.review.history.month(month) else {
            return Ok(None);
        };
        let of_currency = customers.values().filter(|customer| customer.currency == currency);
        let subtotals: Vec<Amount> = of_currency.map(|customer| customer.subtotal).collect();
        if subtotals.is_empty() { Ok(None) } else { Sum::of(subtotals).map(Some) }
    }

    /// What a customer was billed in the month before, where that is known and in the same currency.
    pub(super) fn previous(&self, id: &str, currency: Currency) -> Option<&'a BilledCustomer> {
        let previous = self.review.history.customer(self.review.bill.month.previous(), id);
        previous.filter(|previous| previous.currency == currency)
    }
}
