//! Fuzzes SVG: any text is a drawing of plain outlines, or refused with a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses a part")]
#[path = "../readers.rs"]
mod readers;

fuzz_target!(|text: &str| readers::image(text.as_bytes()));
