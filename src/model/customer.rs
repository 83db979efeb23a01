//! [`Customer`]: an end customer, which charges it is billed for and how.

use super::accounting::CustomerAccounting;
use super::days::{DayRange, MonthDays};
use super::definition::Definition;
use super::item_table::ItemTable;
use super::mail::CustomerMail;
use super::matcher::Matcher;
use super::peppol::PeppolId;
use super::period::{BillingMonth, Validity};
use super::price::{Fee, Pricing};
use super::section::SectionTable;
use super::settings::{Grouping, InvoiceSettings, PatternField};
use super::tax::CustomerTax;
use super::warning::WarningSettings;

/// One file of `customers/`.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The file's stem.
    pub id: String,
    /// Company or person.
    pub name: String,
    /// The issuer's code for it.
    pub code: Option<String>,
    /// The contract under which it is billed.
    pub reference: Option<String>,
    /// `order-number`: its orders, no two of which are of one month.
    pub order_numbers: Vec<OrderNumber>,
    /// Whether no invoice is made without the number of an order.
    pub order_required: bool,
    /// 御中, 様.
    pub honorific: String,
    /// Department.
    pub department: Option<String>,
    /// Person to address.
    pub contact: Option<String>,
    /// 登録番号.
    pub registration_number: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Address, a line each.
    pub address: Vec<String>,
    /// Days on which it is a customer.
    pub active: DayRange,
    /// Rules that claim charges; one match is enough.
    pub rules: Vec<ClaimRule>,
    /// How its invoices look.
    pub invoice: InvoiceSettings,
    /// How it is priced.
    pub pricing: Pricing,
    /// How it is taxed.
    pub tax: CustomerTax,
    /// `[[item]]` of its own, before those of the workspace.
    pub items: Vec<ItemTable>,
    /// `[[section]]` of its own, before those of the workspace.
    pub sections: Vec<SectionTable>,
    /// The issuer's own charges.
    pub fees: Vec<Fee>,
    /// The workspace's `[warnings]` with the customer's own on top.
    pub warnings: WarningSettings,
    /// Whom its invoices are mailed to.
    pub mail: CustomerMail,
    /// `[peppol] id`: its address in the Peppol network; its registration number where it is not set.
    pub peppol: Option<PeppolId>,
    /// `buyer-reference`: whom or what e-invoices reach there.
    pub buyer_reference: Option<String>,
    /// `country`: ISO 3166-1 code of the country it is in.
    pub country: String,
    /// How it is called in the books.
    pub accounting: CustomerAccounting,
    /// Path of its file from the workspace's root.
    pub path: String,
}

impl Customer {
    /// Whether it is a customer on any day of `month`.
    pub fn is_active(&self, month: BillingMonth) -> bool {
        !self.active.in_month(month).is_empty()
    }

    /// The days of a month on which a rule of its file holds.
    pub fn days_of(&self, rule: &ClaimRule, month: BillingMonth) -> MonthDays {
        rule.days.in_month(month).intersection(self.active.in_month(month))
    }

    /// Whether its invoices have sections.
    pub fn has_sections(&self) -> bool {
        self.invoice.sections != Grouping::None
    }

    /// Whether its invoice numbers count up (`{seq}`): `issue` assigns such a number.
    pub fn has_running_number(&self) -> bool {
        self.invoice.number.has(|field| matches!(field, PatternField::Sequence(_)))
    }
}

/// The number of a customer's order, and the months it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderNumber {
    /// The number.
    pub number: String,
    /// The months.
    pub validity: Validity,
}

/// One `[[match]]`.
#[derive(Clone, Debug)]
pub struct ClaimRule {
    /// The charges it claims.
    pub matcher: Matcher,
    /// The days on which it claims them.
    pub days: DayRange,
    /// Where two customers claim a charge, the higher priority wins.
    pub priority: i64,
    /// Where it is written.
    pub definition: Definition,
}
