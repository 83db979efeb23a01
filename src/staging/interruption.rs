//! Power failures for tests: a build for development can be told to end at any of its writes, as if it were killed there.

use std::sync::atomic::{AtomicU64, Ordering};

/// Points still to be passed; 0 when nothing was asked for.
static LEFT: AtomicU64 = AtomicU64::new(0);

/// Ends the program at the `point`-th point from here, counted from 1.
pub fn at(point: u64) {
    LEFT.store(point, Ordering::SeqCst);
}

/// A point between two changes to the disk at which the program may be interrupted.
pub(crate) fn point() {
    if cfg!(debug_assertions) && LEFT.load(Ordering::SeqCst) > 0 && LEFT.fetch_sub(1, Ordering::SeqCst) == 1 {
        // Neither destructors nor buffers get their turn, as with a kill.
        std::process::abort();
    }
}
