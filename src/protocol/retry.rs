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

    /// The time runs from now.
    pub fn start(&mut self, now_ms: u64) {
        self.deadline_ms = now_ms.saturating_add(self.limit_ms);
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
        if self.throttles > MAX_THROTTLES || !self.has_time_for(pause_ms, now_ms) {
            return Err(Error::Throttled { limit_s: self.limit_ms / 1000 });
        }
        Ok(pause_ms)
    }

    /// How long to wait before `get_secret` is sent again, or `None` when it was tried often enough.
    ///
    /// # Errors
    /// [`Error::NoRandomness`] when the entropy source fails.
    pub fn retry(
        &mut self,
        retry_after_s: Option<u64>,
        now_ms: u64,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<u64>, Error> {
        self.retries += 1;
        self.delay(self.retries - 1, retry_after_s, now_ms, entropy)
    }

    /// How long to wait before something is tried again that was tried `attempt` times before.
    ///
    /// # Errors
    /// [`Error::NoRandomness`] when the entropy source fails.
    pub fn delay(
        &self,
        attempt: u32,
        retry_after_s: Option<u64>,
        now_ms: u64,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<u64>, Error> {
        let pause_ms = match retry_after_s {
            Some(seconds) => seconds.saturating_mul(1000),
            None => jittered(FIRST_RETRY_MS << attempt.min(MAX_RETRIES), entropy)?,
        };
        Ok((attempt < MAX_RETRIES && self.has_time_for(pause_ms, now_ms)).then_some(pause_ms))
    }

    fn has_time_for(&self, pause_ms: u64, now_ms: u64) -> bool {
        now_ms.saturating_add(pause_ms) < self.deadline_ms
    }
}

/// A pause, longer or shorter by up to a quarter, so that many clients do not come back at once.
fn jittered(pause_ms: u64, entropy: &mut dyn Entropy) -> Result<u64, Error> {
    let mut random = [0; 1];
    entropy.fill(&mut random)?;
    let [random] = random;
    Ok(pause_ms * 3 / 4 + pause_ms * u64::from(random) / 510)
}
