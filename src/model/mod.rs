//! The nouns: what a bill, a rule and an invoice are. Imports nothing else of the program.

pub mod amount;
pub mod audience;
pub mod carried;
pub mod charge;
pub mod currency;
pub mod customer;
pub mod drift;
pub mod endpoint;
pub mod figures;
pub mod history;
pub mod identifier;
pub mod invoice;
pub mod matcher;
pub(crate) mod packed;
pub mod period;
pub mod plain;
pub mod price;
pub mod ratio;
pub mod rounding;
pub mod schedule;
pub mod settings;
pub mod source_sum;
pub mod split;
pub mod statement;
pub mod tax;
pub mod warning;
