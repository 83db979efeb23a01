//! Decides when to repeat a request, and how long to wait before.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::RETRY_AFTER;

use super::{Request, Response};

/// Whether the answer means "try again later".
pub(super) fn is_busy(request: &Request, status: u16) -> bool {
    status == 429 || status >= 500 || request.busy.contains(&status)
}

/// The wait that the provider asks for: Retry-After in seconds or as a date, or SORACOM's own header.
pub(super) fn asked_wait(response: &Response, now: DateTime<Utc>) -> Option<Duration> {
    let seconds = |name: &str| response.header(name).and_then(|text| text.trim().parse::<u64>().ok());
    let date = || {
        let text = response.header(RETRY_AFTER.as_str())?;
        let until = DateTime::parse_from_rfc2822(text.trim()).ok()?;
        (until.with_timezone(&Utc) - now).to_std().ok().or(Some(Duration::ZERO))
    };
    seconds(RETRY_AFTER.as_str())
        .or_else(|| seconds("x-soracom-ratelimit-seconds-before-refresh"))
        .map(Duration::from_secs)
        .or_else(date)
}

/// The wait before an attempt: 1, 2, 4 … seconds up to `most`, plus up to a random quarter, so that clients that were
/// refused together do not come back together.
pub(super) fn back_off(attempt: u32, most: Duration, random: u64) -> Duration {
    let base = Duration::from_secs(1 << attempt.saturating_sub(1).min(6)).min(most);
    let quarter = u64::try_from(base.as_millis() / 4).unwrap_or(0);
    base + Duration::from_millis(random % (quarter + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_a_quarter() {
        let wait = |attempt, random| back_off(attempt, Duration::from_secs(65), random).as_millis();
        assert_eq!([1, 2, 3, 7, 30].map(|attempt| wait(attempt, 0)), [1000, 2000, 4000, 64_000, 64_000]);
        // A quarter of four seconds is 1000 ms: the 1001st number is the first again.
        assert_eq!([1000, 1001].map(|random| wait(3, random)), [5000, 4000]);
        assert_eq!(back_off(9, Duration::from_secs(10), 0).as_secs(), 10);
    }
}
