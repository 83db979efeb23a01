//! Limits on the time, bytes, requests and pages that a server can make us spend.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::diagnostic::Diagnostic;

/// Limits of requests.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum time to connect.
    pub connect: Duration,
    /// Maximum time without a byte from the server.
    pub silence: Duration,
    /// Maximum time for a whole answer. A file may take longer as long as it comes faster than `pace`.
    pub answer: Duration,
    /// Bytes per second below which a download that takes longer than `answer` is aborted.
    pub pace: u64,
    /// Maximum size in bytes of an answer in memory.
    pub memory: u64,
    /// Maximum size in bytes of an answer written to a file.
    pub file: u64,
    /// Maximum number of attempts.
    pub attempts: u32,
    /// Maximum wait between attempts.
    pub wait: Duration,
    /// Time after which no further attempt is made.
    pub retry: Duration,
    /// Maximum number of requests of one client.
    pub requests: u64,
    /// Maximum bytes received by one client.
    pub received: u64,
    /// Maximum time for all requests of one client.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(10),
            // The value that soracom-cli uses.
            silence: Duration::from_secs(120),
            answer: Duration::from_secs(600),
            pace: 64 << 10,
            // A page has at most 249 records; the largest other answer is a SAKURA bill, with about 300 bytes per row.
            memory: 64 << 20,
            file: 4 << 30,
            attempts: 5,
            // SORACOM limits requests per minute.
            wait: Duration::from_secs(65),
            retry: Duration::from_secs(1800),
            // Three listings with as many pages as a snapshot can hold.
            requests: 200_000,
            received: 16 << 30,
            total: Duration::from_secs(12 * 3600),
        }
    }
}

/// Usage of a client's limits.
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

    /// Counts received bytes.
    pub(super) fn receive(&self, bytes: u64) {
        self.received.set(self.received.get().saturating_add(bytes));
    }

    /// The limit that is used up, if any; otherwise counts one request.
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

/// Maximum number of pages of a listing. A snapshot cannot hold more files, so a longer listing never ends.
const PAGES: usize = 60_000;

/// The pages of a listing requested so far, to stop a listing that leads back to an earlier page.
#[derive(Debug)]
pub struct Pages {
    provider: &'static str,
    listing: String,
    keys: BTreeSet<String>,
}

impl Pages {
    /// A listing before the first request.
    pub fn new(provider: &'static str, listing: impl Into<String>) -> Pages {
        Pages { provider, listing: listing.into(), keys: BTreeSet::new() }
    }

    /// Records the page with that key before it is requested.
    ///
    /// # Errors
    /// When it was requested before, or there are too many pages.
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
        // A faulty server alternates between two keys.
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
