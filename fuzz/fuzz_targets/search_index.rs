//! Any bytes are an earlier table of what was issued, or not.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../readers.rs"]
mod readers;

fuzz_target!(|bytes: &[u8]| readers::search_index(bytes));
