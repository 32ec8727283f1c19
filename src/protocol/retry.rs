//! Whether and when a request is sent again, within the time that the run may take.

use crate::crypto::Entropy;
use crate::error::Error;

/// How much has been tried, and how much time is left.
#[derive(Debug)]
pub struct Patience {
    limit_ms: u64,
    deadline_ms: u64,
    rotations: u32,
    throttles: u32,
    retries: u32,
}

/// Whether something is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// After so many milliseconds.
    After(u64),
    /// It was tried often enough.
    Enough,
    /// The server wants to be left alone for so many seconds, which is longer than the run may take.
    TooLate(u64),
}

/// Keeper may name another server key so many times in one run.
const MAX_ROTATIONS: u32 = 2;
/// A throttled request is sent again so many times, as Keeper's SDKs do.
const MAX_THROTTLES: u32 = 5;
/// Keeper counts requests over 10 s, and each request starts that time anew: only silence helps.
const THROTTLE_WINDOW_MS: u64 = 11_000;
/// A request that met no server, or one that was down, is sent again so many times.
const MAX_RETRIES: u32 = 3;
/// The first pause before that; each further one is twice as long.
const FIRST_RETRY_MS: u64 = 500;

impl Patience {
    /// A run may take so many milliseconds.
    #[must_use]
    pub fn new(limit_ms: u64) -> Self {
        Self { limit_ms, deadline_ms: limit_ms, rotations: 0, throttles: 0, retries: 0 }
    }

    /// The time runs from now. Keeper is asked anew, so it may fail as often as before.
    pub fn start(&mut self, now_ms: u64) {
        self.deadline_ms = now_ms.saturating_add(self.limit_ms);
        self.retries = 0;
    }

    /// The whole time in seconds.
    #[must_use]
    pub fn limit_s(&self) -> u64 {
        self.limit_ms / 1000
    }

    /// What is left of the time for a request that is sent after a pause.
    #[must_use]
    pub fn remaining_ms(&self, pause_ms: u64, now_ms: u64) -> u64 {
        self.deadline_ms.saturating_sub(now_ms.saturating_add(pause_ms))
    }

    /// Counts a key rotation.
    ///
    /// # Errors
    /// [`Error::ServerKey`] when Keeper goes on naming keys.
    pub fn rotate(&mut self) -> Result<(), Error> {
        self.rotations += 1;
        if self.rotations > MAX_ROTATIONS {
            return Err(Error::ServerKey { id: "again and again".to_owned(), reason: "another one each time" });
        }
        Ok(())
    }

    /// How long to be silent after a throttled request: 11, 22, 44, 88, 176 s or what Keeper says, ±25 %.
    ///
    /// # Errors
    /// [`Error::Throttled`] when that is too often or too long.
    pub fn throttle(&mut self, seconds: Option<u64>, now_ms: u64, entropy: &mut dyn Entropy) -> Result<u64, Error> {
        let pause_ms = match seconds {
            // What Keeper asks for is the least that helps.
            Some(seconds) => seconds.saturating_mul(1000),
            None => jittered(THROTTLE_WINDOW_MS << self.throttles.min(MAX_THROTTLES), entropy)?.max(THROTTLE_WINDOW_MS),
        };
        self.throttles += 1;
        if self.throttles > MAX_THROTTLES || self.remaining_ms(pause_ms, now_ms) == 0 {
            return Err(Error::Throttled { limit_s: self.limit_s() });
        }
        Ok(pause_ms)
    }

    /// Whether `get_secret` is sent again, in what is left of the time.
    ///
    /// # Errors
    /// [`Error::NoRandomness`] when the entropy source fails.
    pub fn retry(
        &mut self,
        retry_after_s: Option<u64>,
        now_ms: u64,
        entropy: &mut dyn Entropy,
    ) -> Result<Retry, Error> {
        let remaining_ms = self.remaining_ms(0, now_ms);
        self.retries += 1;
        decide(self.retries - 1, retry_after_s, remaining_ms, entropy)
    }

    /// Whether a download is tried again that failed `failures` times before. It may take as long as it comes, so only
    /// the pause is limited.
    ///
    /// # Errors
    /// [`Error::NoRandomness`] when the entropy source fails.
    pub fn retry_download(
        &self,
        failures: u32,
        retry_after_s: Option<u64>,
        entropy: &mut dyn Entropy,
    ) -> Result<Retry, Error> {
        decide(failures, retry_after_s, self.limit_ms, entropy)
    }
}

fn decide(
    failures: u32,
    retry_after_s: Option<u64>,
    remaining_ms: u64,
    entropy: &mut dyn Entropy,
) -> Result<Retry, Error> {
    if failures >= MAX_RETRIES {
        return Ok(Retry::Enough);
    }
    let pause_ms = jittered(FIRST_RETRY_MS << failures, entropy)?;
    Ok(match retry_after_s {
        Some(seconds) if seconds.saturating_mul(1000) >= remaining_ms => Retry::TooLate(seconds),
        // The server names the least; others were told the same.
        Some(seconds) => Retry::After(seconds.saturating_mul(1000).max(pause_ms).min(remaining_ms)),
        None if pause_ms >= remaining_ms => Retry::Enough,
        None => Retry::After(pause_ms),
    })
}

/// A pause, longer or shorter by up to a quarter, so that many clients do not come back at once.
fn jittered(pause_ms: u64, entropy: &mut dyn Entropy) -> Result<u64, Error> {
    let mut random = [0; 1];
    entropy.fill(&mut random)?;
    let [random] = random;
    Ok(pause_ms * 3 / 4 + pause_ms * u64::from(random) / 510)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the same byte again and again: 0 is the shortest pause, 255 the longest.
    struct Always(u8);

    impl Entropy for Always {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    fn started() -> Patience {
        let mut patience = Patience::new(120_000);
        patience.start(1_000_000);
        patience
    }

    fn retries(jitter: u8, retry_after_s: Option<u64>) -> Vec<Retry> {
        let mut patience = started();
        (0..4).map(|_| patience.retry(retry_after_s, 1_000_000, &mut Always(jitter)).expect("random bytes")).collect()
    }

    #[test]
    fn pauses_double_and_are_jittered_by_a_quarter() {
        use Retry::{After, Enough};
        assert_eq!(retries(0, None), [After(375), After(750), After(1500), Enough]);
        assert_eq!(retries(255, None), [After(625), After(1250), After(2500), Enough]);
    }

    #[test]
    fn a_server_that_names_a_pause_is_obeyed_as_long_as_there_is_time() {
        use Retry::{After, Enough, TooLate};
        assert_eq!(retries(0, Some(7)), [After(7000), After(7000), After(7000), Enough]);
        assert_eq!(retries(0, Some(0)), [After(375), After(750), After(1500), Enough], "not at once");
        assert_eq!(retries(0, Some(120)), [TooLate(120), TooLate(120), TooLate(120), Enough]);
        assert_eq!(started().retry_download(0, Some(600), &mut Always(0)), Ok(TooLate(600)));
    }

    #[test]
    fn nothing_is_tried_again_when_the_time_is_over() {
        let mut patience = started();
        assert_eq!(patience.retry(None, 1_119_900, &mut Always(0)), Ok(Retry::Enough));
        assert_eq!(patience.remaining_ms(500, 1_000_000), 119_500);
        assert_eq!(patience.remaining_ms(500, 2_000_000), 0);
    }

    #[test]
    fn throttling_is_waited_out_in_ever_longer_silence_within_the_time() {
        let mut patience = Patience::new(3_600_000);
        patience.start(0);
        let pauses: Vec<_> = (0..6).map(|_| patience.throttle(None, 0, &mut Always(255)).ok()).collect();
        assert_eq!(
            pauses,
            [Some(13_750), Some(27_500), Some(55_000), Some(110_000), Some(220_000), None],
            "five times at most"
        );
        assert_eq!(started().throttle(None, 1_000_000, &mut Always(0)), Ok(11_000), "never less than Keeper's window");
        assert_eq!(started().throttle(Some(3), 1_000_000, &mut Always(0)), Ok(3000));
        assert_eq!(
            started().throttle(Some(120), 1_000_000, &mut Always(0)).map_err(|error| error.to_string()),
            Err("Keeper throttles this application; the next try would come after the time limit of 120 s".to_owned())
        );
    }

    #[test]
    fn two_key_rotations_are_followed() {
        let mut patience = started();
        assert_eq!([patience.rotate(), patience.rotate()], [Ok(()), Ok(())]);
        assert_eq!(
            patience.rotate().map_err(|error| error.to_string()),
            Err("Keeper asks for the server key again and again, another one each time".to_owned())
        );
    }
}
