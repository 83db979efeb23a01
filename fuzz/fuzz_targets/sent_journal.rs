//! Any bytes are a journal of what was sent, or refused with a diagnostic.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../readers.rs"]
mod readers;

fuzz_target!(|bytes: &[u8]| readers::sent_journal(bytes));
