//! Libraries that read files from outside, kept from ending the program: what panics on a damaged face or picture is an
//! error that names the file, like any other damage.
//!
//! The files are data, and so the error is the user's to see; our own code does not rely on this, and what it hands over
//! is only read, so that nothing is left half changed.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is within [`shielded`]: then a panic is no news for the terminal.
    static SHIELDED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` returns; none if it panicked.
pub(crate) fn shielded<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !SHIELDED.get() {
                usual(panic);
            }
        }));
    });
    let outside = SHIELDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    SHIELDED.set(outside);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_nothing_and_what_follows_is_as_before() {
        assert_eq!(shielded(|| 1), Some(1));
        let none: [u8; 0] = [];
        let index = none.len();
        assert_eq!(shielded(|| none[index]), None);
        assert_eq!(shielded(|| shielded(|| none[index])), Some(None));
        assert!(!SHIELDED.get());
        assert_eq!(shielded(|| 2), Some(2));
    }
}
