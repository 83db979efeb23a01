//! Fuzzes HTML: any text becomes a document with pages, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../readers.rs"]
mod readers;

fuzz_target!(|html: &str| readers::html_layout(html));
