//! How much a server may ask of us: time, bytes, requests and pages.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::diagnostic::Diagnostic;

/// How far requests may go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for a connection to be made.
    pub connect: Duration,
    /// Time without a byte from the other side.
    pub silence: Duration,
    /// Time for a whole answer. A file may take longer as long as it comes faster than `pace`.
    pub answer: Duration,
    /// Bytes a second below which a file that takes longer than `answer` is given up.
    pub pace: u64,
    /// Size in bytes of an answer that is kept in memory.
    pub memory: u64,
    /// Size in bytes of an answer that goes into a file.
    pub file: u64,
    /// How often to ask in all.
    pub attempts: u32,
    /// The longest wait between attempts.
    pub wait: Duration,
    /// Time after which no further attempt is made.
    pub retry: Duration,
    /// Requests of one client.
    pub requests: u64,
    /// Bytes received by one client.
    pub received: u64,
    /// Time for all requests of one client.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(10),
            // soracom-cli's.
            silence: Duration::from_secs(120),
            answer: Duration::from_secs(600),
            pace: 64 << 10,
            // A page has 249 records at the most; the largest other answer is a SAKURA bill, about 300 bytes a row.
            memory: 64 << 20,
            file: 4 << 30,
            attempts: 5,
            // SORACOM counts per minute.
            wait: Duration::from_secs(65),
            retry: Duration::from_secs(1800),
            // Three listings of as many pages as a snapshot can hold.
            requests: 200_000,
            received: 16 << 30,
            total: Duration::from_secs(12 * 3600),
        }
    }
}

/// What a client has used of its limits.
#[derive(Debug)]
pub(super) struct Budget {
    start: Duration,
    requests: Cell<u64>,
    received: Cell<u64>,
}

impl Budget {
    pub(super) fn new(start: Duration) -> Budget {
        Budget { start, requests: Cell::new(0), received: Cell::new(0) }
    }

    /// Counts bytes that were received.
    pub(super) fn receive(&self, bytes: u64) {
        self.received.set(self.received.get().saturating_add(bytes));
    }

    /// What is used up, if anything is; counts one request otherwise.
    pub(super) fn ask(&self, limits: &Limits, now: Duration) -> Option<String> {
        if self.requests.get() >= limits.requests {
            return Some(format!("after {} requests", limits.requests));
        }
        self.requests.set(self.requests.get() + 1);
        if self.received.get() > limits.received {
            return Some(format!("after more than {} bytes", limits.received));
        }
        let late = now.saturating_sub(self.start) > limits.total;
        late.then(|| format!("after {} hours", limits.total.as_secs() / 3600))
    }
}

/// More pages than a snapshot can hold as files: a listing that long has no end.
const PAGES: usize = 60_000;

/// The pages of a listing that were asked for.
#[derive(Debug)]
pub struct Pages {
    provider: &'static str,
    listing: String,
    keys: BTreeSet<String>,
}

impl Pages {
    /// A listing of which nothing was asked for yet.
    pub fn new(provider: &'static str, listing: impl Into<String>) -> Pages {
        Pages { provider, listing: listing.into(), keys: BTreeSet::new() }
    }

    /// Before the page of that key is asked for.
    ///
    /// # Errors
    /// When it was asked for before, and when there are too many.
    pub fn turn(&mut self, key: &str) -> Result<(), Diagnostic> {
        let Pages { provider, listing, keys } = self;
        let message = if keys.len() >= PAGES {
            format!("{provider}'s listing {listing} has no end: more than {PAGES} pages")
        } else if keys.insert(key.to_owned()) {
            return Ok(());
        } else {
            format!("{provider}'s listing {listing} leads back to a page that was received already")
        };
        Err(Diagnostic::could_not_run(message).with_hint("run the command again later; nothing was kept"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_end() {
        let mut pages = Pages::new("SORACOM", "/sims");
        // Two keys in turn, as a server with a defect of its own would send them.
        assert!(pages.turn("").is_ok() && pages.turn("a").is_ok() && pages.turn("b").is_ok());
        assert!(pages.turn("a").unwrap_err().message.contains("leads back"));
        let mut pages = Pages::new("KORE", "/v1/Sims");
        assert!((0..PAGES).all(|page| pages.turn(&page.to_string()).is_ok()));
        assert!(pages.turn("more").unwrap_err().message.contains("has no end: more than 60000 pages"));
    }

    #[test]
    fn a_client_has_a_budget() {
        let limits = Limits { requests: 2, received: 10, total: Duration::from_secs(7200), ..Limits::default() };
        let second = Duration::from_secs(1);
        let budget = || Budget::new(second);
        let asked = budget();
        assert_eq!([(); 3].map(|()| asked.ask(&limits, second)), [None, None, Some("after 2 requests".to_owned())]);
        let received = budget();
        received.receive(10);
        assert_eq!(received.ask(&limits, second), None);
        received.receive(1);
        assert_eq!(received.ask(&limits, second).as_deref(), Some("after more than 10 bytes"));
        assert_eq!(budget().ask(&limits, second * 7201), None);
        assert_eq!(budget().ask(&limits, second * 7202).as_deref(), Some("after 2 hours"));
    }
}
