//! Any bytes are a bill of the source `table-csv`, of which each row lands once, or refused with diagnostics.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../readers.rs"]
mod readers;

fuzz_target!(|bytes: &[u8]| readers::table(bytes));
