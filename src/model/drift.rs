//! [`RowChange`]: a row of a bill that changed after the bill was fetched.

use serde::{Deserialize, Serialize};

use super::amount::Amount;

/// A row that was changed, added or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowChange {
    /// Id of the resource, empty when the row has none.
    pub resource: String,
    /// Day of the month, 0 for the whole month.
    pub day: u8,
    /// Bill item.
    pub item: String,
    /// Cost when the bill was fetched; absent when the row is new.
    pub before: Option<Amount>,
    /// Cost now; absent when the row is gone.
    pub now: Option<Amount>,
}
