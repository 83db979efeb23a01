//! [`ReviewView`]: the fields of `review.html` for a month. Figures and places in an order are already text.

mod bars;
mod customers;
mod sources;
mod warnings;

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::{month_text, period_text};
use crate::billing::{BilledMonth, Overview};
use crate::diagnostic::Diagnostic;
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::figures::money;
use crate::model::history::History;
use crate::model::invoice::Status;
use crate::model::ratio::quotient;
use crate::model::rounding::Rounding;
use crate::model::settings::{Language, Settings};
use bars::{ItemBarView, MonthBarView};
use customers::CustomerRowView;
use sources::{KeptView, SharedView, SourceView};
use warnings::WarningGroupView;

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

/// The fields of `review.html`.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "templates/README.md documents the fields for those who use them")]
pub struct ReviewView<'a> {
    pub language: &'static str,
    pub labels: &'a BTreeMap<String, String>,
    pub issuer: &'a str,
    pub month: String,
    pub month_name: String,
    pub period: String,
    pub draft: bool,
    pub figures: Vec<FigureView<'a>>,
    pub customers: Vec<CustomerRowView<'a>>,
    pub has_previous: bool,
    pub has_pages: bool,
    pub has_documents: bool,
    pub has_html: bool,
    pub months: Vec<MonthBarView>,
    pub months_currency: &'static str,
    pub months_peak: String,
    pub items: Vec<ItemBarView<'a>>,
    pub items_discounts: String,
    pub warnings: Vec<WarningGroupView<'a>>,
    pub sources: Vec<SourceView<'a>>,
    pub shared: Vec<SharedView<'a>>,
    pub kept: Vec<KeptView<'a>>,
}

/// A figure at the top of the page.
#[derive(Debug, Serialize)]
pub struct FigureView<'a> {
    pub name: &'static str,
    pub label: &'a str,
    /// One for each currency.
    pub values: Vec<String>,
    pub notes: Vec<String>,
}

/// Builds the view of a month.
///
/// # Errors
/// Sums with more digits than an amount has.
pub fn review<'a>(review: Review<'a>, labels: &'a BTreeMap<String, String>) -> Result<ReviewView<'a>, TooLong> {
    let page = ReviewPage { review, labels, language: review.settings.language };
    let month = review.bill.month;
    let documents = review.documents;
    let months = bars::months(page)?;
    Ok(ReviewView {
        language: page.language.tag(),
        labels,
        issuer: &review.settings.issuer.name,
        month: month.to_string(),
        month_name: month_text(month, page.language),
        period: period_text(month, page.language),
        draft: review.status == Status::Draft,
        figures: page.figures()?,
        customers: customers::customers(page)?,
        has_previous: review.history.month(month.previous()).is_some(),
        has_pages: documents.iter().any(|documents| documents.pages.is_some()),
        has_documents: documents
            .iter()
            .any(|documents| documents.pdf || documents.html || documents.json || documents.csv),
        has_html: documents.iter().any(|documents| documents.html),
        months_peak: bars::peak(&months),
        months,
        months_currency: match page.currencies().len() {
            0 | 1 => "",
            _ => page.main_currency().code(),
        },
        items: bars::items(page)?,
        items_discounts: match review.overview.discounts.is_zero() {
            true => String::new(),
            false => glance(review.overview.discounts, review.billed.conservation.currency),
        },
        warnings: warnings::warnings(page),
        sources: sources::sources(page),
        shared: sources::shared(page),
        kept: sources::kept(page),
    })
}

/// A month to review, in a language.
#[derive(Clone, Copy)]
struct ReviewPage<'a> {
    review: Review<'a>,
    labels: &'a BTreeMap<String, String>,
    language: Language,
}

impl<'a> ReviewPage<'a> {
    fn label(&self, key: &str) -> &'a str {
        self.labels.get(key).map_or("", String::as_str)
    }

    /// The currencies of the month's invoices; the workspace's when there are none.
    fn currencies(&self) -> Vec<Currency> {
        let mut currencies: Vec<Currency> =
            self.review.billed.invoices.iter().map(|invoice| invoice.currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        if currencies.is_empty() { vec![self.review.settings.currency] } else { currencies }
    }

    /// The currency in which months are compared: the workspace's, where any invoice uses it.
    fn main_currency(&self) -> Currency {
        let currencies = self.currencies();
        let usual = self.review.settings.currency;
        if currencies.contains(&usual) { usual } else { currencies.first().copied().unwrap_or(usual) }
    }

    /// A sum of all invoices in a currency.
    fn sum(
        &self,
        currency: Currency,
        figure: fn(&crate::model::invoice::Invoice) -> Amount,
    ) -> Result<Amount, TooLong> {
        let invoices = self.review.billed.invoices.iter().filter(|invoice| invoice.currency == currency);
        Sum::of(invoices.map(figure))
    }

    /// The totals of all customers of an earlier month in a currency; none when the month is not known.
    fn past_total(
        &self,
        month: crate::model::period::BillingMonth,
        currency: Currency,
    ) -> Result<Option<Amount>, TooLong> {
        let Some(customers) = self.review.history.month(month) else {
            return Ok(None);
        };
        let of_currency = customers.values().filter(|customer| customer.currency == currency);
        let totals: Vec<Amount> = of_currency.map(|customer| customer.total).collect();
        if totals.is_empty() { Ok(None) } else { Sum::of(totals).map(Some) }
    }

    fn figures(&self) -> Result<Vec<FigureView<'a>>, TooLong> {
        let (mut totals, mut costs, mut margins) = (Vec::new(), Vec::new(), Vec::new());
        let (mut changes, mut margin_shares) = (Vec::new(), Vec::new());
        let previous = self.review.bill.month.previous();
        for currency in self.currencies() {
            let (total, subtotal) = (self.sum(currency, |one| one.total)?, self.sum(currency, |one| one.subtotal)?);
            let cost = self.sum(currency, |one| one.cost)?;
            let margin = subtotal.minus(cost)?;
            totals.push(glance(total, currency));
            costs.push(glance(cost, currency));
            margins.push(glance(margin, currency));
            margin_shares.extend(percent(margin, subtotal));
            if let Some(before) = self.past_total(previous, currency)? {
                let change = total.minus(before)?;
                let share = percent_change(change, before).map_or_else(String::new, |share| format!(" ({share})"));
                changes.push(format!("{}{share}", signed(change, currency)));
            }
        }
        let before = format!("{} {}", self.label("review_against"), month_text(previous, self.language));
        let changes = changes.into_iter().map(|change| format!("{change} {before}")).collect();
        let documents = self.review.documents;
        let pages: Vec<usize> = documents.iter().filter_map(|documents| documents.pages).collect();
        let pages = match pages.is_empty() {
            true => Vec::new(),
            false => vec![format!("{} {}", pages.iter().sum::<usize>(), self.label("review_pages_unit"))],
        };
        let concerned: std::collections::BTreeSet<&String> =
            self.review.warnings.iter().filter_map(|warning| warning.finding.as_ref()?.customer.as_ref()).collect();
        let concerned = match concerned.len() {
            0 => Vec::new(),
            count => vec![format!("{count} {}", self.label("review_customers_unit"))],
        };
        let shares = margin_shares.into_iter().map(|share| format!("{share} {}", self.label("review_of_sales")));
        let figure =
            |name, values, notes| FigureView { name, label: self.label(&format!("review_{name}")), values, notes };
        Ok(vec![
            figure("billed", totals, changes),
            figure("cost", costs, Vec::new()),
            figure("margin", margins, shares.collect()),
            figure("invoices", vec![self.review.billed.invoices.len().to_string()], pages),
            figure("warnings", vec![self.review.warnings.len().to_string()], concerned),
        ])
    }
}

/// An amount rounded to minor units for an overview; the page shows the exact amount elsewhere.
fn glance(amount: Amount, currency: Currency) -> String {
    money(Rounding::HalfUp.apply(amount, currency.decimals()).expect("a rounded amount has fewer digits"), currency, 0)
}

/// [`glance`] with the sign, also of a positive amount.
fn signed(amount: Amount, currency: Currency) -> String {
    let text = glance(amount, currency);
    if amount.is_positive() { format!("+{text}") } else { text }
}

/// A share of a whole: `12.3%`.
fn percent(part: Amount, whole: Amount) -> Option<String> {
    let share = quotient(part, whole, 3)?.times(Amount::whole(100)).ok()?;
    Some(format!("{}%", share.to_text(1)))
}

/// A change relative to `before`: `+12.3%`; none unless `before` is above zero.
fn percent_change(change: Amount, before: Amount) -> Option<String> {
    let text = percent(change, before).filter(|_| before.is_positive())?;
    Some(if change.is_positive() { format!("+{text}") } else { text })
}

/// Thousandths of a whole, as a whole number for a drawing.
fn thousandths(part: Amount, whole: Amount) -> String {
    let share =
        quotient(part.magnitude(), whole.magnitude(), 3).and_then(|share| share.times(Amount::whole(1000)).ok());
    share.unwrap_or_default().to_string()
}

/// A path as a link, with every character that has a meaning in one percent-encoded.
fn link(path: &str) -> String {
    let mut link = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => link.push(char::from(byte)),
            _ => link.push_str(&format!("%{byte:02X}")),
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn shares_are_told_with_one_decimal() {
        assert_eq!(percent(amount("1"), amount("3")).as_deref(), Some("33.3%"));
        assert_eq!(percent(amount("-2"), amount("3")).as_deref(), Some("-66.7%"));
        assert_eq!(percent(amount("1"), Amount::ZERO), None);
        assert_eq!(percent_change(amount("5"), amount("10")).as_deref(), Some("+50.0%"));
        assert_eq!(percent_change(amount("5"), amount("-10")), None);
        assert_eq!(thousandths(amount("-1"), amount("8")), "125");
    }

    #[test]
    fn links_hold_any_name() {
        assert_eq!(link("acme/INV #1 100%.pdf"), "acme/INV%20%231%20100%25.pdf");
        assert_eq!(link("髙/a?b"), "%E9%AB%99/a%3Fb");
    }
}
