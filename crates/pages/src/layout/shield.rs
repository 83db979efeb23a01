//! Catches panics of libraries that read fonts and pictures: a panic on a damaged file becomes an error that names the
//! file, like other damage.
//!
//! Such a file is user input, so the user must see an error. Our own code does not rely on this; what it passes in is
//! only read, so a panic leaves nothing half changed.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is within [`shielded`]: then its panics are not printed.
    static SHIELDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; none if it panicked.
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
