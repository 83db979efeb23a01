//! Lines of the issuer's own fees: of an amount, or in percent of the customer's other items.

use super::items::{rate, rounded};
use super::own_money::{rate_for, rounded_at};
use super::percentage::{self, Counted, PercentagePart};
use super::price_choice::own_status;
use super::prorating::ChargedFee;
use crate::diagnostic::Diagnostic;
use crate::model::amount::Amount;
use crate::model::customer::Customer;
use crate::model::invoice::{ItemKind, LineItem};
use crate::model::period::BillingMonth;
use crate::model::price::FeePrice;
use crate::model::settings::Settings;
use crate::model::tax::TaxGroup;

/// A line of a fee, with what it is computed from.
#[derive(Clone, Debug)]
pub(super) struct FeeLine {
    /// The fee, and what it is charged for.
    pub(super) charged: ChargedFee,
    /// Its price before rounding of a full month, in the invoice's currency; none for a fee in percent.
    pub(super) full: Option<Amount>,
    /// The part of a fee in percent that it is.
    pub(super) part: Option<PercentagePart>,
    /// Before rounding.
    pub(super) exact: Amount,
    /// The line.
    pub(super) item: LineItem,
}

impl FeeLine {
    /// The line, with its amount if nothing were rounded.
    pub(super) fn counted(&self) -> Counted<'_> {
        Counted { item: &self.item, exact: self.part.map_or(self.exact, |part| part.unrounded) }
    }
}

/// The lines of a customer's fees, in the order in which they are printed: those below zero stand with the discounts.
/// `charged` are the fees of the month line by line, and `provided` the lines of the
/// provider's charges. None of them is in a section yet.
///
/// # Errors
/// Missing exchange and tax rates, figures with too many digits.
pub(super) fn lines(
    settings: &Settings,
    customer: &Customer,
    month: BillingMonth,
    charged: &[ChargedFee],
    provided: &[Counted<'_>],
) -> Result<Vec<FeeLine>, Diagnostic> {
    let kind = |amount: Amount| match amount.is_negative() && settings.document_form.has_fees_among_discounts() {
        true => ItemKind::Discount,
        false => ItemKind::Fee,
    };
    let mut lines: Vec<FeeLine> = Vec::new();
    for charged in charged {
        let fee = &customer.fees[charged.fee];
        let FeePrice::Amount { price, quantity } = &fee.price else {
            continue;
        };
        let to_invoice = rate_for(settings, month, customer, price.currency, &fee.definition)?;
        let full = price.amount.times(to_invoice)?;
        let count = Amount::whole(charged.count);
        // The part of a month is rounded once for all that a resource has of it, which is the price then.
        let (price, count) = match charged.is_part(month) {
            true => (charged.price(fee, full.times(*quantity)?, month, customer)?, count),
            false => (rounded_at(*price, to_invoice, customer)?, count.times(*quantity)?),
        };
        let exact = price.times(count)?;
        let category = fee.tax_category.unwrap_or_else(|| own_status(settings, customer).0);
        let group = TaxGroup {
            category,
            rate: rate(category, settings, month, customer)?,
            included: fee.tax_included && category.is_taxed(),
        };
        let item = LineItem {
            qualifier: charged.qualifier(month, customer.invoice.language),
            quantity: Some(count),
            unit_price: Some(price),
            ..LineItem::own(kind(exact), fee.name.clone(), rounded(exact, customer)?, group)
        };
        lines.push(FeeLine { charged: *charged, full: Some(full), part: None, exact, item });
    }
    let of_amounts = lines.len();
    for charged in charged {
        let fee = &customer.fees[charged.fee];
        let FeePrice::Percent(percent) = &fee.price else {
            continue;
        };
        let others = provided.iter().copied().chain(lines[..of_amounts].iter().map(FeeLine::counted));
        let parts = percentage::parts(percent, others, customer)?;
        for part in parts.iter().filter(|part| !part.amount.is_zero()) {
            let item = LineItem {
                qualifier: part.qualifier(parts.len(), settings, (month, customer.invoice.language)),
                ..LineItem::own(kind(part.amount), fee.name.clone(), part.amount, part.group)
            };
            lines.push(FeeLine { charged: *charged, full: None, part: Some(*part), exact: part.exact, item });
        }
    }
    lines.sort_by_key(|line| (line.item.kind, line.charged.fee));
    Ok(lines)
}
