//! Any bytes are a picture, or refused with the reason.
#![no_main]

use invoicer::layout::Picture;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(message) = Picture::read(bytes) {
        assert!(!message.is_empty());
    }
});
