//! [`StateView`]: what became of an invoice. `build` and `issue` print the state they know; when an issued invoice is
//! corrected, the cell of the page is rendered again with this view.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::link;
use crate::model::amount::Amount;
use crate::model::currency::Currency;
use crate::model::figures::money;
use crate::model::invoice::Status;

/// The state of an invoice on the review page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceState {
    /// Not issued: draft or built.
    Unissued(Status),
    /// Issued and not corrected.
    Issued,
    /// Credit notes have left this much of it.
    PartlyCredited(Amount, Currency),
    /// Taken back whole.
    Credited,
    /// Taken back whole, and another invoice stands in its place.
    Replaced,
}

impl InvoiceState {
    /// The state that follows from a month's status alone.
    pub fn of_status(status: Status) -> InvoiceState {
        match status {
            Status::Draft | Status::Built => InvoiceState::Unissued(status),
            Status::Issued => InvoiceState::Issued,
        }
    }

    fn name(self) -> &'static str {
        match self {
            InvoiceState::Unissued(Status::Draft) => "draft",
            InvoiceState::Unissued(_) => "built",
            InvoiceState::Issued => "issued",
            InvoiceState::PartlyCredited(..) => "partly-credited",
            InvoiceState::Credited => "credited",
            InvoiceState::Replaced => "replaced",
        }
    }
}

/// The cell of an invoice's state.
#[derive(Debug, Serialize)]
pub struct StateView<'a> {
    /// Number of the invoice.
    pub number: &'a str,
    /// Name of the state, a class of the cell.
    pub name: &'static str,
    /// The state in words.
    pub label: &'a str,
    /// What is left of an invoice that was taken back in part; else empty.
    pub left: String,
    /// The credit notes and invoices that followed it.
    pub documents: Vec<StateDocument<'a>>,
}

/// A document that corrected an invoice.
#[derive(Debug, Serialize)]
pub struct StateDocument<'a> {
    number: &'a str,
    html: String,
}

impl<'a> StateDocument<'a> {
    /// A document by its number and the path of its files without extension.
    pub fn new(number: &'a str, file: &str) -> StateDocument<'a> {
        StateDocument { number, html: link(&format!("{file}.html")) }
    }
}

impl<'a> StateView<'a> {
    /// The cell of an invoice in a state.
    pub fn new(
        number: &'a str,
        state: InvoiceState,
        documents: Vec<StateDocument<'a>>,
        labels: &'a BTreeMap<String, String>,
    ) -> StateView<'a> {
        let key = format!("review_state_{}", state.name().replace('-', "_"));
        StateView {
            number,
            name: state.name(),
            label: labels.get(&key).map_or("", String::as_str),
            left: match state {
                InvoiceState::PartlyCredited(left, currency) => money(left, currency, 0),
                _ => String::new(),
            },
            documents,
        }
    }
}

/// The fields of `review-state.html` where it is rendered alone.
#[derive(Debug, Serialize)]
pub struct StateCell<'a> {
    /// The words of the review page.
    pub labels: &'a BTreeMap<String, String>,
    /// The cell.
    pub state: StateView<'a>,
}
