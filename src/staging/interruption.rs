//! Power failures and races for tests: a build for development can be told to end at any of its writes, as if it were killed
//! there, and to let another run overtake it.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;
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

/// Where the other side of a race is met; none when nothing was asked for.
static RACE: OnceLock<PathBuf> = OnceLock::new();

/// Lets another run overtake this one where it is about to lock what it has read: in `directory` are two named pipes, of
/// which it opens `reached` when it is there and goes on once `go` was opened and closed.
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
