//! The program from outside, in one binary: each test in a directory of its own.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod architecture;
mod bounds;
mod cases;
mod checking;
mod commands;
mod common;
mod confidential;
mod crediting;
mod currency;
mod designs;
mod documents;
mod errors;
mod explain;
mod faces;
mod fake_kore;
mod glyphs;
mod history;
mod http_client;
mod http_server;
mod images;
mod issuing;
mod kept;
mod kerning;
mod kinsoku;
mod kore_api;
mod kore_others;
mod layout;
mod mutations;
mod narrow_pages;
mod not_final;
mod prism;
mod properties;
mod publishing;
mod record_format_1;
mod review;
mod sakura_api;
mod sakura_cloud;
mod several_sources;
mod soracom_api;
mod soracom_others;
mod source_months;
mod trees;
mod warnings;
mod whatif;
