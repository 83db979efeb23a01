//! One month, from its files to its documents. [`computed`] reads, bills and warns; [`documents`] makes every file of
//! it, or only hashes them; [`summary`] holds the month's key figures, with which later months are compared. [`shards`]
//! divides the documents over several machines.
//!
//! [`issued`] gives a reviewed month its numbers and locks it, [`credited`] takes an invoice back. For an issued month,
//! [`reproduced`] computes again what was issued, [`recorded`] compares it with the record field by field, `remade` makes
//! the documents again or takes the kept ones, [`rebuilt`] writes the same bytes to `out/`, [`as_issued`] gives the
//! customer's data files of documents, and [`verified`] finds whatever is no longer the same. All arithmetic is in
//! [`billing`](crate::billing).

pub mod adjustment_ids;
pub mod as_issued;
pub mod carried;
pub mod computed;
pub mod credited;
pub mod documents;
mod earlier;
pub mod evidence;
mod fitting;
mod glyphs;
pub mod issued;
pub mod issued_history;
mod numbers;
pub mod price_change;
pub mod provider_drift;
pub mod rebuilt;
pub mod recorded;
mod remade;
mod rendered;
pub mod reproduced;
mod reviewed;
pub mod rule_changes;
pub mod shards;
pub mod source_months;
pub mod standing;
mod states;
pub mod summary;
pub mod verified;
pub mod warnings;
