//! Simulates power failures and races for tests: a debug build can be made to end at any of its writes, as if killed,
//! and to let another run overtake it.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Points still to pass; 0 if no interruption is wanted.
static LEFT: AtomicU64 = AtomicU64::new(0);

/// Ends the program at the `point`-th point from now, counted from 1.
pub fn at(point: u64) {
    LEFT.store(point, Ordering::SeqCst);
}

/// A point between two changes to the disk at which the program may be interrupted.
pub(crate) fn point() {
    if cfg!(debug_assertions) && LEFT.load(Ordering::SeqCst) > 0 && LEFT.fetch_sub(1, Ordering::SeqCst) == 1 {
        // No destructors run and no buffers are flushed, as with a kill.
        std::process::abort();
    }
}

/// Directory of the pipes for a race; none if no race is wanted.
static RACE: OnceLock<PathBuf> = OnceLock::new();

/// Lets another run overtake this one just before it locks what it has read. `directory` has two named pipes: the
/// program opens `reached` when it is there, and continues after `go` was opened and closed.
pub fn race(directory: PathBuf) {
    let _ = RACE.set(directory);
}

/// The point between reading and locking.
pub(crate) fn before_lock() {
    if let Some(directory) = RACE.get().filter(|_| cfg!(debug_assertions)) {
        let _ = File::options().write(true).open(directory.join("reached"));
        let go = File::options().read(true).open(directory.join("go"));
        let _ = go.and_then(|mut go| go.read_to_end(&mut Vec::new()));
    }
}
