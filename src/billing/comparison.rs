//! What customers pay by one set of prices and by another.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{BilledMonth, ConvertedPrices};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::model::settings::Settings;

/// What a customer pays, and what is left of it for the issuer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Before tax.
    pub subtotal: Amount,
    /// Tax.
    pub tax: Amount,
    /// To be paid.
    pub total: Amount,
    /// What the provider charges for what stands on the invoice.
    pub cost: Amount,
    /// Discounts of the customer's that the issuer keeps: nought, or below.
    pub kept: Amount,
    /// subtotal − cost − kept.
    pub margin: Amount,
}

impl Figures {
    /// The figures of an invoice, or of none.
    ///
    /// # Errors
    /// When the margin has too many digits.
    pub fn new([subtotal, tax, total, cost]: [Amount; 4], kept: Amount) -> Result<Figures, TooLong> {
        let margin = Sum::of([subtotal, cost.negated(), kept.negated()])?;
        Ok(Figures { subtotal, tax, total, cost, kept, margin })
    }

    fn plus(&self, other: &Figures) -> Result<Figures, TooLong> {
        Ok(Figures {
            subtotal: self.subtotal.plus(other.subtotal)?,
            tax: self.tax.plus(other.tax)?,
            total: self.total.plus(other.total)?,
            cost: self.cost.plus(other.cost)?,
            kept: self.kept.plus(other.kept)?,
            margin: self.margin.plus(other.margin)?,
        })
    }
}

/// The figures of a month, by customer id and currency: a customer's currency may have changed since a month was issued.
pub type MonthFigures = BTreeMap<(String, Currency), Figures>;

/// The figures of a month that was computed.
///
/// # Errors
/// When a margin has too many digits.
pub fn figures(bill: &Bill, settings: &Settings, billed: &BilledMonth) -> Result<MonthFigures, TooLong> {
    let mut figures = MonthFigures::new();
    let kept = |customer: usize| billed.kept_of(bill, settings, customer);
    for invoice in &billed.invoices {
        let customer = &settings.customers[invoice.customer];
        let amounts = [invoice.subtotal, invoice.tax, invoice.total, invoice.cost];
        figures.insert((customer.id.clone(), invoice.currency), Figures::new(amounts, kept(invoice.customer)?)?);
    }
    for index in billed.kept.iter().map(|kept| kept.customer) {
        let customer = &settings.customers[index];
        let known = figures.entry((customer.id.clone(), customer.invoice.currency));
        // A customer that has nothing but kept discounts gets no invoice.
        if let std::collections::btree_map::Entry::Vacant(entry) = known {
            entry.insert(Figures::new([Amount::ZERO; 4], kept(index)?)?);
        }
    }
    Ok(figures)
}

/// Where the old figures of a month are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OldFigures {
    /// What was issued.
    Issued,
    /// What the present rules give.
    Rules,
}

/// A month by both sets of prices.
#[derive(Clone, Debug)]
pub struct ComparedMonth {
    /// The month.
    pub month: BillingMonth,
    /// Where `old` is from.
    pub old_figures: OldFigures,
    /// By the old prices.
    pub old: MonthFigures,
    /// By the new prices.
    pub new: MonthFigures,
    /// The new prices that stand in another currency than a customer's invoices.
    pub converted: Vec<ConvertedChange>,
}

/// Prices of a customer that a month's rate converted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConvertedChange {
    /// The month, `202208`.
    pub month: String,
    /// Customer id.
    pub customer: String,
    /// Currency of the prices.
    pub from: Currency,
    /// Currency of the customer's invoices.
    pub to: Currency,
    /// The rate.
    pub rate: Amount,
}

/// The prices of a computed month that were converted.
pub fn converted(bill: &Bill, settings: &Settings, billed: &BilledMonth) -> Vec<ConvertedChange> {
    let named = |prices: &ConvertedPrices| {
        let customer = &settings.customers[prices.customer];
        let (month, to) = (bill.month.to_string(), customer.invoice.currency);
        ConvertedChange { month, customer: customer.id.clone(), from: prices.from, to, rate: prices.rate }
    };
    billed.converted.iter().map(named).collect()
}

/// Old and new, with the difference of the amounts before tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FiguresChange {
    /// By the old prices.
    pub old: Figures,
    /// By the new prices.
    pub new: Figures,
    /// New less old, before tax.
    pub difference: Amount,
    /// The difference in percent of old, half-up to one decimal; none where old is nought.
    pub percent: Option<Amount>,
}

impl FiguresChange {
    fn new(old: Figures, new: Figures) -> Result<FiguresChange, TooLong> {
        let difference = new.subtotal.minus(old.subtotal)?;
        let hundredfold = difference.times(Amount::whole(100))?;
        let percent = match old.subtotal.is_zero() {
            true => None,
            false => Some(Rounding::HalfUp.quotient(hundredfold, old.subtotal, 1)?),
        };
        Ok(FiguresChange { old, new, difference, percent })
    }
}

/// A customer over all months.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerChange {
    /// Customer id.
    pub customer: String,
    /// Currency of the figures.
    pub currency: Currency,
    /// All months together.
    #[serde(flatten)]
    pub change: FiguresChange,
    /// The months in which it is billed.
    pub months: Vec<MonthChange>,
}

/// A customer in a month, or all customers in all months.
#[derive(Clone, Debug, Serialize)]
pub struct MonthChange {
    /// The month, `202208`.
    pub month: String,
    /// Its figures.
    #[serde(flatten)]
    pub change: FiguresChange,
}

/// All customers of a currency.
#[derive(Clone, Debug, Serialize)]
pub struct TotalChange {
    /// Currency of the figures.
    pub currency: Currency,
    /// All customers and months together.
    #[serde(flatten)]
    pub change: FiguresChange,
}

/// Where a month's old figures are from.
#[derive(Clone, Debug, Serialize)]
pub struct MonthOrigin {
    /// The month, `202208`.
    pub month: String,
    /// Where they are from.
    pub old_figures: OldFigures,
}

/// Months by both sets of prices.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The months.
    pub months: Vec<MonthOrigin>,
    /// By customer id.
    pub customers: Vec<CustomerChange>,
    /// By currency: yen and dollars are never added up.
    pub totals: Vec<TotalChange>,
    /// Where the new prices stand in another currency than a customer's invoices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub converted: Vec<ConvertedChange>,
}

/// Compares months, customer by customer and in total.
///
/// # Errors
/// When a sum has too many digits.
pub fn compare(months: &[ComparedMonth]) -> Result<Comparison, TooLong> {
    let mut customers: BTreeMap<&(String, Currency), Vec<MonthChange>> = BTreeMap::new();
    for compared in months {
        let both = |key: &(String, Currency)| {
            let of = |figures: &MonthFigures| figures.get(key).copied().unwrap_or_default();
            FiguresChange::new(of(&compared.old), of(&compared.new))
        };
        let added = compared.new.keys().filter(|key| !compared.old.contains_key(*key));
        for key in compared.old.keys().chain(added) {
            let change = MonthChange { month: compared.month.to_string(), change: both(key)? };
            customers.entry(key).or_default().push(change);
        }
    }
    let mut comparison = Comparison {
        months: months
            .iter()
            .map(|month| MonthOrigin { month: month.month.to_string(), old_figures: month.old_figures })
            .collect(),
        customers: Vec::new(),
        totals: Vec::new(),
        converted: months.iter().flat_map(|month| month.converted.iter().cloned()).collect(),
    };
    let mut totals: BTreeMap<Currency, (Figures, Figures)> = BTreeMap::new();
    for ((customer, currency), months) in customers {
        let nought = (Figures::default(), Figures::default());
        let (old, new) = months.iter().try_fold(nought, |(old, new), month| {
            Ok::<_, TooLong>((old.plus(&month.change.old)?, new.plus(&month.change.new)?))
        })?;
        let total = totals.entry(*currency).or_default();
        *total = (total.0.plus(&old)?, total.1.plus(&new)?);
        let (customer, currency) = (customer.clone(), *currency);
        comparison.customers.push(CustomerChange { customer, currency, change: FiguresChange::new(old, new)?, months });
    }
    for (currency, (old, new)) in totals {
        comparison.totals.push(TotalChange { currency, change: FiguresChange::new(old, new)? });
    }
    Ok(comparison)
}
