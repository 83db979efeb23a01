//! Any bytes are an `invoicer.toml`, or refused with diagnostics.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../sandbox.rs"]
mod sandbox;

fuzz_target!(|bytes: &[u8]| {
    let root = sandbox::workspace("soracom-csv");
    sandbox::write(&root, "invoicer.toml", bytes);
    if let Err(problems) = invoicer::workspace::load(&root) {
        assert!(!problems.is_empty());
    }
});
