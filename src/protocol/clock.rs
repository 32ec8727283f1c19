//! Keeper's clock, as its answers show it.

use super::response::HttpResponse;

/// How far Keeper's clock is ahead of the agent's, which is unknown before its first answer.
///
/// An answer's header `Date` (RFC 9110, 6.6.1) comes through TLS from Keeper itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerClock {
    ahead_ms: Option<i64>,
}

/// How far the two clocks may be apart without a warning: a header counts whole seconds, and an answer takes time.
const TOLERANCE_MS: u64 = 5_000;
/// What a header loses by rounding its time down to the second, on average.
const HALF_A_SECOND_MS: u64 = 500;

impl ServerClock {
    /// Compares the two clocks, if the answer has both times.
    pub fn learn(&mut self, response: &HttpResponse) {
        if let (Some(date_ms), Some(at_ms)) = (response.date_ms, response.at_ms) {
            let server_ms = i64::try_from(date_ms.saturating_add(HALF_A_SECOND_MS)).ok();
            self.ahead_ms = server_ms.zip(i64::try_from(at_ms).ok()).and_then(|(there, here)| there.checked_sub(here));
        }
    }

    /// Keeper's time at this time of the agent's; the same if Keeper's is unknown.
    #[must_use]
    pub fn at(self, now_ms: u64) -> u64 {
        now_ms.saturating_add_signed(self.ahead_ms.unwrap_or_default())
    }

    /// By how many milliseconds the agent's clock is off, if that matters to a two-factor code.
    #[must_use]
    pub fn error_ms(self) -> Option<i64> {
        self.ahead_ms.filter(|ahead_ms| ahead_ms.unsigned_abs() > TOLERANCE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(date_ms: Option<u64>, at_ms: Option<u64>) -> ServerClock {
        let mut clock = ServerClock::default();
        clock.learn(&HttpResponse { date_ms, at_ms, ..HttpResponse::default() });
        clock
    }

    #[test]
    fn both_times_are_needed_to_compare_the_clocks() {
        for clock in [after(None, None), after(Some(9_000_000), None), after(None, Some(9_000_000))] {
            assert_eq!((clock.at(1_000), clock.error_ms()), (1_000, None));
        }
    }

    #[test]
    fn a_few_seconds_are_no_error() {
        for (date_ms, error_ms) in
            [(1_000_000, None), (1_004_000, None), (1_005_000, Some(5_500)), (994_000, Some(-5_500)), (995_000, None)]
        {
            let clock = after(Some(date_ms), Some(1_000_000));
            assert_eq!(clock.error_ms(), error_ms, "{date_ms}");
            assert_eq!(clock.at(2_000_000), 1_000_500 + date_ms, "{date_ms}");
        }
    }

    #[test]
    fn absurd_times_do_no_harm() {
        for (date_ms, at_ms) in [(u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
            assert_eq!(after(Some(date_ms), Some(at_ms)).at(5), 5, "{date_ms} {at_ms}");
        }
    }
}
