//! Any bytes are an e-invoice that passes the checks, or are refused for what is wrong with them.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../readers.rs"]
mod readers;

fuzz_target!(|bytes: &[u8]| readers::ubl(bytes));
