//! Bills end customers for what a provider billed a reseller: rows of SORACOM, SAKURA Cloud or KORE in, invoices as
//! PDF, HTML, JSON and CSV out, exact to the last digit.
//!
//! ```text
//! sources ─ Charge ─ billing (allocation ─ pricing ─ LineItem ─ taxation ─ assembly) ─ Invoice
//!         ─ render ─ HTML ─ layout ─ Page ─ pdf ─ bytes ─ out ─ ledger
//! ```
//!
//! Each stage is a pure function from one type to the next; only the edges touch disk, clock or environment. The
//! modules below stand in the order in which the data flows; start with [`month`]. HTML becomes a PDF (`layout`, `pdf`)
//! in a crate of its own, [`pages`].

pub mod model;

pub mod diagnostic;

pub mod environment;

pub mod files;

pub mod staging;

pub mod workspace;

pub mod sources;

pub mod billing;

pub mod render;

pub mod out;

pub mod ledger;

pub mod assets;

pub mod printer;

pub mod cli;

pub mod month;

pub mod commands;
