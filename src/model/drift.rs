//! [`RowChange`]: a row of a bill that is not what it was when the bill was fetched.

use serde::{Deserialize, Serialize};

use super::amount::Amount;

/// A row that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowChange {
    /// Id of the resource, empty when the row is of none.
    pub resource: String,
    /// Day of the month, 0 for the whole month.
    pub day: u8,
    /// Bill item.
    pub item: String,
    /// What it cost; absent when there was no such row.
    pub before: Option<Amount>,
    /// What it costs now; absent when there is no such row any more.
    pub now: Option<Amount>,
}
