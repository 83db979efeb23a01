//! Reads the JSON of a customer's document as it was issued: what was printed, and nothing that is computed again.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::diagnostic::{Diagnostic, json_fault};
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::invoice::{DocumentKind, ItemKind, Original, Status, TaxSubtotal, qualified};
use crate::model::period::BillingMonth;
use crate::model::tax::{TaxCategory, TaxGroup, TaxRate};
use crate::model::tax_table::TaxRegime;

/// A document, of any version of the program.
#[derive(Debug, Deserialize)]
pub(super) struct Issued {
    pub(super) number: String,
    #[serde(default)]
    pub(super) kind: DocumentKind,
    #[serde(default)]
    pub(super) original: Option<Original>,
    pub(super) month: BillingMonth,
    #[serde(default)]
    pub(super) status: Option<Status>,
    pub(super) issue_date: NaiveDate,
    pub(super) due_date: NaiveDate,
    pub(super) currency: Currency,
    #[serde(default)]
    pub(super) subject: Option<String>,
    #[serde(default)]
    pub(super) order_number: Option<String>,
    pub(super) issuer: IssuedParty,
    pub(super) customer: IssuedParty,
    /// Whose tax it states.
    #[serde(default)]
    pub(super) tax_regime: TaxRegime,
    pub(super) items: Vec<IssuedItem>,
    pub(super) tax_subtotals: Vec<TaxSubtotal>,
    pub(super) subtotal: Amount,
    pub(super) tax: Amount,
    pub(super) total: Amount,
}

/// Issuer or customer.
#[derive(Debug, Deserialize)]
pub(super) struct IssuedParty {
    /// Of the customer.
    #[serde(default)]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) registration_number: Option<String>,
    pub(super) postal_code: Option<String>,
    #[serde(default)]
    pub(super) address: Vec<String>,
    #[serde(default)]
    pub(super) department: Option<String>,
    #[serde(default)]
    pub(super) contact: Option<String>,
    #[serde(default)]
    pub(super) phone: Option<String>,
    #[serde(default)]
    pub(super) email: Option<String>,
    /// Accounts in the issuer's own words.
    #[serde(default)]
    pub(super) bank_accounts: Vec<String>,
}

/// A line.
#[derive(Debug, Deserialize)]
pub(super) struct IssuedItem {
    pub(super) line: usize,
    pub(super) name: String,
    #[serde(default)]
    pub(super) qualifier: Option<String>,
    pub(super) kind: ItemKind,
    #[serde(default)]
    quantity: Option<Amount>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    unit_price: Option<Amount>,
    pub(super) amount: Amount,
    pub(super) tax_category: TaxCategory,
    pub(super) tax_rate: TaxRate,
    #[serde(default)]
    tax_included: bool,
    /// The name that is printed, with its qualifier; absent in documents before labels.
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    printed: Option<Printed>,
}

/// Quantity and price as they are printed; a share may be a fraction.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Printed {
    pub(super) quantity: Option<String>,
    #[serde(default)]
    pub(super) unit: String,
    pub(super) unit_price: Option<Amount>,
}

impl Issued {
    /// Reads the JSON.
    ///
    /// # Errors
    /// When it is not a document of this program.
    pub(super) fn read(json: &[u8]) -> Result<Issued, Diagnostic> {
        serde_json::from_slice(json).map_err(|error| {
            Diagnostic::error(format!("expected the JSON of an issued document: {}", json_fault(&error)))
        })
    }

    /// Whether a category and rate has prices with and without tax.
    pub(super) fn has_mixed_prices(&self) -> bool {
        let taxes = &self.tax_subtotals;
        let is_twin = |one: &TaxSubtotal, other: &TaxSubtotal| {
            (one.category, one.rate) == (other.category, other.rate) && one.tax_included != other.tax_included
        };
        taxes.iter().any(|one| taxes.iter().any(|other| is_twin(one, other)))
    }
}

impl IssuedItem {
    /// The name that the customer reads.
    pub(super) fn printed_name(&self) -> String {
        self.label.clone().unwrap_or_else(|| qualified(&self.name, self.qualifier.as_deref()).into_owned())
    }

    /// What the customer reads beside the amount.
    pub(super) fn printed(&self) -> Printed {
        self.printed.clone().unwrap_or_else(|| Printed {
            quantity: self.quantity.map(|quantity| quantity.to_string()),
            unit: self.unit.clone(),
            unit_price: self.unit_price,
        })
    }

    /// What it is taxed with.
    pub(super) fn tax_group(&self) -> TaxGroup {
        TaxGroup { category: self.tax_category, rate: self.tax_rate, included: self.tax_included }
    }
}
