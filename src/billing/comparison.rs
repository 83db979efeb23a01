//! Compares what customers pay with one set of prices and with another.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{BilledMonth, ConvertedPrices};
use crate::model::amount::{Amount, Sum, TooLong};
use crate::model::carried::CategoryRest;
use crate::model::charge::Bill;
use crate::model::currency::Currency;
use crate::model::period::BillingMonth;
use crate::model::rounding::Rounding;
use crate::model::settings::Settings;

/// What a customer pays, and the issuer's margin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Total before tax.
    pub subtotal: Amount,
    /// Tax.
    pub tax: Amount,
    /// Total with tax.
    pub total: Amount,
    /// The provider's cost of what is on the invoice.
    pub cost: Amount,
    /// The customer's discounts that the issuer keeps: zero or negative.
    pub kept: Amount,
    /// subtotal − cost − kept.
    pub margin: Amount,
}

impl Figures {
    /// Figures with the margin they give.
    ///
    /// # Errors
    /// When the margin has too many digits.
    pub fn new([subtotal, tax, total, cost]: [Amount; 4], kept: Amount) -> Result<Figures, TooLong> {
        let margin = Sum::of([subtotal, cost.negated(), kept.negated()])?;
        Ok(Figures { subtotal, tax, total, cost, kept, margin })
    }

    /// Both together.
    ///
    /// # Errors
    /// Sums with too many digits.
    pub fn plus(&self, other: &Figures) -> Result<Figures, TooLong> {
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

/// The figures of a computed month.
///
/// # Errors
/// When a margin has too many digits.
pub fn figures(bill: &Bill, settings: &Settings, billed: &BilledMonth) -> Result<MonthFigures, TooLong> {
    let mut figures = MonthFigures::new();
    let kept = |customer: usize| billed.kept_of(bill, settings, customer);
    // An invoice that is not made costs what it costs.
    for invoice in billed.invoices.iter().chain(&billed.skipped) {
        let customer = &settings.customers[invoice.customer];
        let amounts = [invoice.subtotal, invoice.tax, invoice.total, invoice.cost];
        figures.insert((customer.id.clone(), invoice.currency), Figures::new(amounts, kept(invoice.customer)?)?);
    }
    let carried = billed.below_zero.iter().map(|items| items.customer);
    for index in billed.kept.iter().map(|kept| kept.customer).chain(carried) {
        let customer = &settings.customers[index];
        let known = figures.entry((customer.id.clone(), customer.invoice.currency));
        // A customer with nothing but kept discounts has no invoice. What a month carries forward counts, with its cost, in
        // the month that takes it.
        if let std::collections::btree_map::Entry::Vacant(entry) = known {
            entry.insert(Figures::new([Amount::ZERO; 4], kept(index)?)?);
        }
    }
    Ok(figures)
}

/// Origin of a month's old figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OldFigures {
    /// The issued documents.
    Issued,
    /// The current rules.
    Rules,
}

/// A month with both sets of prices.
#[derive(Clone, Debug)]
pub struct ComparedMonth {
    /// The month.
    pub month: BillingMonth,
    /// Origin of `old`.
    pub old_figures: OldFigures,
    /// With the old prices.
    pub old: MonthFigures,
    /// With the new prices.
    pub new: MonthFigures,
    /// The new prices in another currency than a customer's invoices.
    pub converted: Vec<ConvertedChange>,
}

/// A customer's prices that were converted at a month's rate.
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

/// The converted prices of a computed month.
pub fn converted(bill: &Bill, settings: &Settings, billed: &BilledMonth) -> Vec<ConvertedChange> {
    let named = |prices: &ConvertedPrices| {
        let customer = &settings.customers[prices.customer];
        let (month, to) = (bill.month.to_string(), customer.invoice.currency);
        ConvertedChange { month, customer: customer.id.clone(), from: prices.from, to, rate: prices.rate }
    };
    billed.converted.iter().map(named).collect()
}

/// Old and new figures, with the difference of the amounts before tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FiguresChange {
    /// With the old prices.
    pub old: Figures,
    /// With the new prices.
    pub new: Figures,
    /// New minus old, before tax.
    pub difference: Amount,
    /// The difference in percent of old, rounded half up to one decimal; none where old is zero.
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

/// A month with the origin of its old figures.
#[derive(Clone, Debug, Serialize)]
pub struct MonthOrigin {
    /// The month, `202208`.
    pub month: String,
    /// The origin.
    pub old_figures: OldFigures,
}

/// What the compared months leave below zero, for a month after them to take: no figure of theirs has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CarriedChange {
    /// Customer id.
    pub customer: String,
    /// Currency of the amounts.
    pub currency: Currency,
    /// By the old prices; empty where nothing is left.
    pub old: Vec<CategoryRest>,
    /// By the new prices.
    pub new: Vec<CategoryRest>,
}

/// Months compared with both sets of prices.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The months.
    pub months: Vec<MonthOrigin>,
    /// By customer id.
    pub customers: Vec<CustomerChange>,
    /// By currency: yen and dollars are never added up.
    pub totals: Vec<TotalChange>,
    /// New prices in another currency than a customer's invoices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub converted: Vec<ConvertedChange>,
    /// What the last month carries forward (`below-zero = "carry"`), by customer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<CarriedChange>,
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
        carried: Vec::new(),
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
