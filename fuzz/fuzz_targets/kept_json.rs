//! Any bytes are the JSON of an issued document that makes an e-invoice, or refused with diagnostics.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../readers.rs"]
mod readers;

fuzz_target!(|bytes: &[u8]| readers::kept_json(bytes));
