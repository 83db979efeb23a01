//! Any bytes are the answers of a mail server: whatever it says, nothing counts as sent that was not sent whole.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../readers.rs"]
mod readers;

fuzz_target!(|bytes: &[u8]| readers::smtp_answers(bytes));
