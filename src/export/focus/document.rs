//! Reads the JSON of a customer's document: the lines and details that become rows. What the issuer alone may see is not in
//! it.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::diagnostic::{Diagnostic, json_fault};
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::invoice::{DocumentKind, ItemKind, qualified};
use crate::model::language::Language;
use crate::model::period::BillingMonth;

/// A document, of any version of the program.
#[derive(Debug, Deserialize)]
pub(super) struct Document {
    pub(super) number: String,
    #[serde(default)]
    pub(super) kind: DocumentKind,
    pub(super) month: BillingMonth,
    pub(super) currency: Currency,
    /// BCP 47 tag.
    #[serde(default)]
    language: String,
    pub(super) issuer: Issuer,
    pub(super) customer: Customer,
    pub(super) items: Vec<Item>,
    #[serde(default)]
    pub(super) details: Vec<Detail>,
    pub(super) subtotal: Amount,
}

#[derive(Debug, Deserialize)]
pub(super) struct Issuer {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) name: String,
}

/// A line.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) line: usize,
    #[serde(default)]
    pub(super) source: String,
    pub(super) name: String,
    #[serde(default)]
    qualifier: Option<String>,
    pub(super) kind: ItemKind,
    #[serde(default)]
    pub(super) quantity: Option<Amount>,
    #[serde(default)]
    pub(super) unit: String,
    #[serde(default)]
    pub(super) unit_price: Option<Amount>,
    pub(super) amount: Amount,
    /// Day of supply of an adjustment.
    #[serde(default)]
    pub(super) date: Option<NaiveDate>,
    /// Earlier month of supply of an adjustment.
    #[serde(default)]
    pub(super) supply: Option<BillingMonth>,
    /// The name that is printed, with its qualifier; absent in documents before labels.
    #[serde(default)]
    label: Option<String>,
    /// The section that lists it.
    #[serde(default)]
    pub(super) section_name: Option<String>,
}

/// A priced charge of a line.
#[derive(Debug, Deserialize)]
pub(super) struct Detail {
    /// The line, counted from 1.
    pub(super) item: usize,
    /// A day, or the month.
    #[serde(default)]
    date: String,
    #[serde(default)]
    pub(super) resource: String,
    #[serde(default)]
    pub(super) resource_name: String,
    #[serde(default)]
    pub(super) quantity: Option<Amount>,
    #[serde(default)]
    pub(super) unit: String,
    #[serde(default)]
    pub(super) unit_price: Option<Amount>,
    pub(super) amount: Amount,
}

impl Document {
    /// Reads the JSON.
    ///
    /// # Errors
    /// When it is not a document of this program.
    pub(super) fn read(json: &[u8]) -> Result<Document, Diagnostic> {
        serde_json::from_slice(json).map_err(|error| {
            Diagnostic::error(format!("expected the JSON of an issued document: {}", json_fault(&error)))
        })
    }

    pub(super) fn language(&self) -> Language {
        if self.language == Language::English.tag() { Language::English } else { Language::Japanese }
    }
}

impl Item {
    /// The name that the customer reads.
    pub(super) fn printed_name(&self) -> String {
        self.label.clone().unwrap_or_else(|| qualified(&self.name, self.qualifier.as_deref()).into_owned())
    }
}

impl Detail {
    /// Its day; none where it is of the month.
    pub(super) fn day(&self) -> Option<NaiveDate> {
        self.date.parse().ok()
    }

    /// Its month where it has no day.
    pub(super) fn month(&self) -> Option<BillingMonth> {
        self.date.parse().ok()
    }
}
