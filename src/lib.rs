//! Bills end customers for what a provider billed a reseller: reads rows of SORACOM, SAKURA Cloud or KORE and writes
//! invoices as PDF, HTML, JSON and CSV, exact to the last digit.
//!
//! ```text
//! sources ─ Charge ─ billing (allocation ─ pricing ─ LineItem ─ taxation ─ assembly) ─ Invoice
//!         ─ render ─ HTML ─ layout ─ Page ─ pdf ─ bytes ─ out ─ ledger ─ mail
//! ```
//!
//! Each stage is a pure function from one type to the next; only the edges touch disk, clock or environment. The
//! modules below are in the order of the data flow; start with [`month`]. A crate of its own, [`pages`], turns HTML
//! into PDF (`layout`, `pdf`).

pub mod model;

pub mod catalogue;

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

pub mod export;

pub mod assets;

pub mod printer;

pub mod cli;

pub mod month;

pub mod mail;

pub mod commands;
