//! The fields of the API's answers that are read. Ids and amounts are numbers or text.

use serde::Deserialize;

use crate::sources::json::{Id, Number};

/// Owner of the key, from `auth-status`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AuthStatus {
    pub(super) account: Option<Account>,
    pub(super) member: Option<Member>,
    /// `none`, or permissions with `+` between them.
    pub(super) external_permission: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Account {
    #[serde(rename = "ID")]
    pub(super) id: Option<Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Member {
    pub(super) code: Option<String>,
}

/// Owner of a key that belongs to a project, from `auth/context`.
#[derive(Deserialize)]
pub(super) struct AuthContext {
    pub(super) limited_to_project_id: Option<Id>,
}

/// The bills of an account.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Bills {
    pub(super) bills: Vec<BillHead>,
    pub(super) total: Option<Number>,
}

/// A bill without its rows.
#[derive(Deserialize)]
pub(super) struct BillHead {
    #[serde(rename = "BillID")]
    pub(super) id: Id,
    /// Amount with tax.
    #[serde(rename = "Amount")]
    pub(super) amount: Option<Number>,
    /// RFC 3339; as far as known, a day of the month after the month of use.
    #[serde(rename = "Date")]
    pub(super) date: Option<String>,
    #[serde(rename = "MemberID")]
    pub(super) member: Option<String>,
    #[serde(rename = "Paid")]
    pub(super) paid: Option<bool>,
    /// RFC 3339; the due date of a final bill.
    #[serde(rename = "PayLimit")]
    pub(super) pay_limit: Option<String>,
}

/// The rows of a bill, as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BillDetails {
    pub(super) bill_details: Vec<BillDetail>,
    pub(super) count: Option<Number>,
}

/// A row.
#[derive(Deserialize)]
pub(super) struct BillDetail {
    #[serde(rename = "ContractID")]
    pub(super) resource: Option<Id>,
    /// Amount with tax.
    #[serde(rename = "Amount")]
    pub(super) amount: Option<Number>,
}

impl BillDetail {
    /// The resource of a row with a cost.
    pub(super) fn charged_resource(&self) -> Option<&str> {
        let costs = self.amount.is_some_and(|amount| amount.0.is_positive());
        self.resource.as_ref().filter(|_| costs).map(|id| id.0.as_str())
    }
}

/// A page of a list of resources.
#[derive(Deserialize)]
pub(super) struct Resource {
    #[serde(rename = "ID")]
    pub(super) id: Id,
    #[serde(rename = "Name")]
    pub(super) name: Option<String>,
    #[serde(rename = "Tags")]
    pub(super) tags: Option<Vec<String>>,
}

/// The zones.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Zones {
    pub(super) zones: Vec<Zone>,
}

/// A zone.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Zone {
    pub(super) name: String,
    /// Whether it is a sandbox zone, which costs nothing.
    #[serde(default)]
    pub(super) is_dummy: bool,
}
