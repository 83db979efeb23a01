//! Any bytes are a bill of the source `sakura-csv`, or refused with diagnostics.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../sandbox.rs"]
mod sandbox;

fuzz_target!(|bytes: &[u8]| sandbox::read_bill("sakura-csv", bytes));
