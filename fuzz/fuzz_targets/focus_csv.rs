//! Any bytes are a bill of the source `focus-csv`, or refused with diagnostics.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../readers.rs"]
mod readers;

fuzz_target!(|bytes: &[u8]| readers::csv("focus-csv", bytes));
