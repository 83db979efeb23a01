//! [`Invoice`]: the one record that HTML, PDF, JSON and CSV print without computing anything.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::amount::{Amount, TooLong};
use super::charge::{Bill, ChargeId};
use super::currency::Currency;
use super::days::MonthDays;
pub use super::item_kind::ItemKind;
use super::packed::{LongAmounts, Packed};
use super::period::BillingMonth;
use super::section::Section;
use super::tax::{TaxCategory, TaxGroup, TaxRate};
use super::tax_table::TaxRegime;

/// Position of an item in [`Invoice::items`], counted from 0; printed as `line`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemIndex(pub u32);

/// A line of an invoice: all charges of one source, name, kind and tax category, in one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineItem {
    /// The source's name; empty for fees, the minimum and rounding.
    pub source: String,
    /// Bill item or fee.
    pub name: String,
    /// What distinguishes lines of one name, printed after it: the days of a fee for a part of the month, the tax rate of a
    /// part of a percentage, an earlier month of supply.
    pub qualifier: Option<String>,
    /// Kind of the line.
    pub kind: ItemKind,
    /// Units used; absent when any charge gives none.
    pub quantity: Option<Amount>,
    /// Unit of the quantity, empty when the provider names none.
    pub unit: Cow<'static, str>,
    /// Price per unit in the invoice's currency; absent unless all charges share it.
    pub unit_price: Option<Amount>,
    /// The provider's cost in the invoice's currency.
    pub cost: Amount,
    /// What the customer pays: before tax, unless the price includes it.
    pub amount: Amount,
    /// Tax category.
    pub tax_category: TaxCategory,
    /// Tax rate.
    pub tax_rate: TaxRate,
    /// Whether the price includes the tax; also for the line that takes that tax off, and never where none is due.
    pub tax_included: bool,
    /// What an adjustment has besides; none for all other lines.
    pub adjusted: Option<Box<AdjustedLine>>,
    /// The part of the invoice that lists it; none where it is in none, or the invoice has none.
    pub section: Option<Section>,
}

/// What a line has that is of an [`Adjustment`](super::adjustment::Adjustment).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdjustedLine {
    /// Its id.
    pub id: String,
    /// Day of supply.
    pub date: Option<NaiveDate>,
    /// An earlier month of supply.
    pub supply: Option<BillingMonth>,
    /// Small print under the name.
    pub note: Option<String>,
}

impl LineItem {
    /// A line that stands for no charges of a provider: `amount` for `name`, and nothing else.
    pub fn own(kind: ItemKind, name: String, amount: Amount, group: TaxGroup) -> LineItem {
        LineItem {
            source: String::new(),
            name,
            qualifier: None,
            kind,
            quantity: None,
            unit: "".into(),
            unit_price: None,
            cost: Amount::ZERO,
            amount,
            tax_category: group.category,
            tax_rate: group.rate,
            tax_included: group.included,
            adjusted: None,
            section: None,
        }
    }

    /// The name with the qualifier.
    pub fn qualified_name(&self) -> Cow<'_, str> {
        qualified(&self.name, self.qualifier.as_deref())
    }

    /// Whether it stands for charges of a provider, which names it. An adjustment or a fee can be a discount too.
    pub fn is_provided(&self) -> bool {
        !self.source.is_empty()
    }

    /// Whether it is a fee, which is a discount where it is below zero.
    pub fn is_fee(&self) -> bool {
        matches!(self.kind, ItemKind::Fee | ItemKind::Discount) && !self.is_provided() && self.adjusted.is_none()
    }

    /// What it is taxed with.
    pub fn tax_group(&self) -> TaxGroup {
        TaxGroup { category: self.tax_category, rate: self.tax_rate, included: self.tax_included }
    }
}

/// A name with what is printed after it. Full-width parentheses bring their own space.
pub fn qualified<'n>(name: &'n str, qualifier: Option<&str>) -> Cow<'n, str> {
    match qualifier {
        None => Cow::Borrowed(name),
        Some(qualifier) if qualifier.starts_with('（') => Cow::Owned(format!("{name}{qualifier}")),
        Some(qualifier) => Cow::Owned(format!("{name} {qualifier}")),
    }
}

/// A priced charge, or a priced part of one.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// What the customer pays for it; see [`Invoice::amount`].
    pub(crate) amount: Packed,
    /// The provider's row.
    pub charge: ChargeId,
    /// The item it is part of.
    pub item: ItemIndex,
    /// A packed [`Portion`]: all or part of the charge.
    pub(crate) portion: u32,
    /// Index in [`Invoice::unit_prices`]; beyond its end when there is none.
    pub(crate) unit_price: u32,
}

/// The part of a charge that a [`Detail`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Portion {
    /// The whole charge.
    Whole,
    /// The share at that index in [`Invoice::shares`].
    Share(u32),
    /// The part at that index in [`Invoice::category_parts`].
    CategoryPart(u32),
}

impl Portion {
    const PARTS: u32 = 1 << 31;

    /// Encodes the portion in four bytes: 0 for the whole, an index plus one for a share, and an index with the top bit
    /// set for a category part.
    pub(crate) fn packed(self) -> u32 {
        match self {
            Portion::Whole => 0,
            Portion::Share(index) => index + 1,
            Portion::CategoryPart(index) => Portion::PARTS | index,
        }
    }

    fn unpacked(packed: u32) -> Portion {
        match packed {
            0 => Portion::Whole,
            part if part & Portion::PARTS != 0 => Portion::CategoryPart(part & !Portion::PARTS),
            share => Portion::Share(share - 1),
        }
    }
}

/// The part of a discount on a whole bill that reduces one tax category (billing-rules §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryPart {
    /// Index in [`Invoice::shares`] when the discount is itself a share.
    pub share: Option<u32>,
    /// Part of the cost, in the source's currency.
    pub cost: Amount,
    /// Part of the quantity.
    pub quantity: Option<Amount>,
}

/// A customer's part of a charge that several customers bear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The charge that is shared.
    pub charge: ChargeId,
    /// Part of the cost, in the source's currency.
    pub cost: Amount,
    /// Part of the quantity.
    pub quantity: Option<Amount>,
    /// The customer's weight, and the sum of all weights.
    pub ratio: (Amount, Amount),
    /// What it is a part of.
    pub of: ShareOf,
}

impl Share {
    /// Whether the customer alone bears the charge on some days, instead of all days with others.
    pub fn is_own(&self) -> bool {
        matches!(self.of, ShareOf::Days(_))
    }
}

/// What a [`Share`] is a part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareOf {
    /// A charge that several customers share.
    Charge,
    /// A charge without a day of a resource that the customer has on these days of the month.
    Days(MonthDays),
    /// The part of such a charge on days on which nobody has the resource.
    Unclaimed {
        /// The part's cost.
        cost: Amount,
        /// The part's quantity.
        quantity: Option<Amount>,
    },
}

/// Tax of one category and rate, rounded once (EN 16931 BG-23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxSubtotal {
    /// Category.
    pub category: TaxCategory,
    /// Rate.
    pub rate: TaxRate,
    /// Name of the tax; absent for Japan's consumption tax and where none is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Sum of the items' amounts.
    pub taxable: Amount,
    /// Tax, rounded once.
    pub tax: Amount,
    /// The tax in yen, on an invoice in another currency (消費税法基本通達 and Q&A 66: tax is stated in yen).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_jpy: Option<Amount>,
    /// Whether it is of prices that include the tax, which it was taken out of.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tax_included: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl TaxSubtotal {
    /// What is taxed together.
    pub fn group(&self) -> TaxGroup {
        TaxGroup { category: self.category, rate: self.rate, included: self.tax_included }
    }

    /// Sum of the prices: with the tax where they include it.
    ///
    /// # Errors
    /// When it has too many digits.
    pub fn prices(&self) -> Result<Amount, TooLong> {
        if self.tax_included { self.taxable.plus(self.tax) } else { Ok(self.taxable) }
    }
}

/// Whether an invoice is a draft, built or issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Made from bills that may change, or while charges are unassigned.
    Draft,
    /// Complete, but not yet issued.
    Built,
    /// Its number is assigned and its amounts are locked.
    Issued,
}

/// Legal kind of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// 適格請求書.
    #[default]
    Invoice,
    /// 適格返還請求書 (消費税法 57条の4 3項), with negated amounts.
    CreditNote,
}

impl DocumentKind {
    /// Its name in data.
    pub fn name(self) -> &'static str {
        match self {
            DocumentKind::Invoice => "invoice",
            DocumentKind::CreditNote => "credit-note",
        }
    }
}

/// The issued invoice that a credit note takes back, or that a corrected invoice replaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original<S = String> {
    /// Its number.
    pub number: S,
    /// Its date of issue.
    pub issue_date: NaiveDate,
    /// Reason for the credit note or correction.
    pub reason: S,
    /// How the money of a credit note returns, as it is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_note: Option<S>,
}

impl Original {
    /// Whether both are of one invoice for one reason. Only the credit note of the two says how money returns.
    pub fn is_same_correction(&self, other: &Original) -> bool {
        (&self.number, self.issue_date, &self.reason) == (&other.number, other.issue_date, &other.reason)
    }
}

/// What a credit note states of the invoice it takes back. Totals have the invoice's sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The invoice's line numbers of the note's items; 0 where it has no such line.
    pub lines: Vec<usize>,
    /// Total of the invoice.
    pub invoiced: Amount,
    /// What earlier credit notes took back of it.
    pub before: Amount,
    /// What is left of it after this note.
    pub left: Amount,
}

/// What a customer pays for a month, or, as a credit note with amounts below zero, gets back.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// Index of the customer in the settings.
    pub customer: usize,
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// The invoice it takes back or replaces.
    pub original: Option<Original>,
    /// What a credit note states; none for invoices, and for credit notes of records before format 4.
    pub returned: Option<Returned>,
    /// Invoice number.
    pub number: String,
    /// Name of its files without extension.
    pub file_name: String,
    /// Draft, built or issued.
    pub status: Status,
    /// Date of issue.
    pub issue_date: NaiveDate,
    /// Date by which payment is due.
    pub due_date: NaiveDate,
    /// The customer's order.
    pub order_number: Option<String>,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Whose tax it states.
    pub tax_regime: TaxRegime,
    /// The lines.
    pub items: Vec<LineItem>,
    /// The priced charges behind the lines, by date, resource and row.
    pub details: Vec<Detail>,
    /// Amounts of details with too many digits for a [`Packed`].
    pub(crate) long_amounts: LongAmounts,
    /// Shares that details refer to.
    pub shares: Vec<Share>,
    /// Parts of discounts that details refer to.
    pub category_parts: Vec<CategoryPart>,
    /// The distinct prices per unit, in the invoice's currency.
    pub unit_prices: Vec<Amount>,
    /// Tax per category and rate.
    pub tax_subtotals: Vec<TaxSubtotal>,
    /// Sum of the items.
    pub subtotal: Amount,
    /// Sum of the taxes.
    pub tax: Amount,
    /// Amount to pay.
    pub total: Amount,
    /// What the provider charges for it, in the invoice's currency.
    pub cost: Amount,
}

impl Invoice {
    /// The share of a charge that a detail is for; none for a whole charge.
    pub fn share(&self, detail: &Detail) -> Option<&Share> {
        let index = match Portion::unpacked(detail.portion) {
            Portion::Whole => None,
            Portion::Share(index) => Some(index),
            Portion::CategoryPart(_) => self.category_part(detail)?.share,
        };
        self.shares.get(index? as usize)
    }

    /// Whether a detail is for a charge that others bear no part of on the same days.
    pub fn is_own(&self, detail: &Detail) -> bool {
        self.share(detail).is_none_or(Share::is_own)
    }

    /// The category part that a detail is for, of a discount that reduces several tax categories.
    pub fn category_part(&self, detail: &Detail) -> Option<&CategoryPart> {
        match Portion::unpacked(detail.portion) {
            Portion::CategoryPart(index) => self.category_parts.get(index as usize),
            _ => None,
        }
    }

    /// What the provider charges for a detail, in the source's currency.
    pub fn detail_cost(&self, bill: &Bill, detail: &Detail) -> Amount {
        match (self.category_part(detail), self.share(detail)) {
            (Some(part), _) => part.cost,
            (None, Some(share)) => share.cost,
            (None, None) => bill.cost(bill.charge(detail.charge)),
        }
    }

    /// The units of a detail; none where the provider states none.
    pub fn detail_quantity(&self, bill: &Bill, detail: &Detail) -> Option<Amount> {
        match (self.category_part(detail), self.share(detail)) {
            (Some(part), _) => part.quantity,
            (None, Some(share)) => share.quantity,
            (None, None) => bill.quantity(bill.charge(detail.charge)),
        }
    }

    /// What the customer pays for a detail; rounded only with `round-at = "line"`.
    pub fn amount(&self, detail: &Detail) -> Amount {
        detail.amount.get(&self.long_amounts).expect("every detail has an amount")
    }

    /// What the customer pays per unit; none for graduated prices and where the provider states none.
    pub fn unit_price(&self, detail: &Detail) -> Option<Amount> {
        self.unit_prices.get(detail.unit_price as usize).copied()
    }

    /// The document as pages print it: a credit note that states what it takes back has amounts above zero there, while
    /// its data keep the sign that makes them add up with the invoice's.
    pub fn as_printed(&self) -> Cow<'_, Invoice> {
        if self.returned.is_none() {
            return Cow::Borrowed(self);
        }
        let mut printed = self.clone();
        for item in &mut printed.items {
            item.amount = item.amount.negated();
            item.quantity = item.quantity.map(Amount::negated);
        }
        for tax in &mut printed.tax_subtotals {
            tax.taxable = tax.taxable.negated();
            tax.tax = tax.tax.negated();
            tax.tax_jpy = tax.tax_jpy.map(Amount::negated);
        }
        for total in [&mut printed.subtotal, &mut printed.tax, &mut printed.total] {
            *total = total.negated();
        }
        Cow::Owned(printed)
    }

    /// The number printed before an item; none for a 端数調整 of a credit note whose invoice has none.
    pub fn line_of(&self, index: usize) -> Option<usize> {
        match &self.returned {
            None => Some(index + 1),
            Some(returned) => returned.lines.get(index).copied().filter(|line| *line > 0),
        }
    }

    /// The item a detail is part of.
    pub fn item(&self, detail: &Detail) -> &LineItem {
        &self.items[detail.item.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Together with its [`Charge`](crate::model::charge::Charge), a row must stay under 100 bytes.
    #[test]
    fn details_are_small() {
        assert!(size_of::<Detail>() <= 24);
    }
}
