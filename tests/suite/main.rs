//! The program from outside, in one binary: each test in a directory of its own.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod architecture;
#[path = "../../crates/pages/tests/suite/browser_tree.rs"]
mod browser_tree;
mod carry;
mod cases;
mod checking;
mod commands;
mod common;
mod confidential;
mod crediting;
mod currency;
mod designs;
mod docs;
mod endpoints;
mod envelopes;
mod errors;
mod explain;
mod fake_kore;
mod fitting;
mod glyphs;
mod half_a_bill;
mod history;
mod hostile;
mod hostile_records;
mod hostile_servers;
mod http_client;
mod http_server;
mod interruptions;
mod issuing;
mod items;
mod kept;
mod kore_api;
mod kore_others;
mod ledger_edits;
mod mutations;
mod narrow_pages;
mod not_final;
mod prism;
mod properties;
mod publishing;
mod readers;
mod record_format_1;
mod reference;
mod reproducer;
mod review;
mod sakura_api;
mod sakura_cloud;
mod several_sources;
mod soracom_api;
mod soracom_others;
mod source_months;
mod strange_files;
mod warnings;
mod whatif;
