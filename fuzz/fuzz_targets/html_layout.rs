//! Any text is a document with pages, or refused.
#![no_main]

use invoicer::layout::{Faces, lay_out};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| {
    match lay_out(html, &Faces::built_in(), &|_| Err("no pictures".to_owned())) {
        Ok(document) => assert!(!document.pages.is_empty()),
        Err(faults) => assert!(!faults.is_empty()),
    }
});
