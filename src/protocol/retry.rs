//! Retries: whether and when a request is sent again, within the time that the run may take.
//!
//! A pause after a throttled request has a budget of its own: Keeper answers, so the network is not at fault.

use super::server_keys;
use crate::crypto::Entropy;
use crate::error::Error;

/// How much has been tried, and how much time is left.
#[derive(Debug)]
pub struct Patience {
    limit_ms: u64,
    deadline_ms: u64,
    throttle_limit_ms: u64,
    throttled_ms: u64,
    phase_ms: u64,
    rotations: u32,
    throttles: u32,
    retries: u32,
}

/// Whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// After this many milliseconds.
    After(u64),
    /// It was tried often enough.
    Enough,
    /// The server asks for a pause of this many seconds, which is longer than the run may take.
    TooLate(u64),
}

/// How often Keeper may name another server key in one run.
const MAX_ROTATIONS: u32 = 2;
/// How long to be silent once throttled: Keeper counts requests over 10 s, and each request restarts that window.
const SILENCE_MS: u64 = 11_000;
/// The shortest silence after a refusal, as the request may have been in flight for long.
const SILENCE_AFTER_REFUSAL_MS: u64 = 10_000;
/// Throttled jobs of one device meet at multiples of this: ten seconds of silence, and time for all of them to arrive.
/// By Keeper's clock they arrive within a second and a half, as the header `Date` is rounded down to the second.
const MEETING_MS: u64 = 12_000;
/// A job that was refused this often knows that there are many, and skips every second meeting at random. That costs no
/// job time as long as a hundred or more come to each, but would later, when only the last ones are left.
const CROWDED: std::ops::RangeInclusive<u32> = 4..=14;
/// A shorter pause that Keeper names, in seconds, is believed, as the rest of one that Keeper knows; after a longer one
/// the jobs would still come back together.
const MAX_OWN_PAUSE_S: u64 = 10;
/// How many such pauses in a row are believed.
const MAX_OWN_PAUSES: u32 = 3;
/// How long throttling is waited out where the author sets no limit: a storm of 3,000 jobs takes seven minutes.
pub const THROTTLE_LIMIT_MS: u64 = 600_000;
/// How often a request is sent again that met no server, or one that was down.
const MAX_RETRIES: u32 = 3;
/// The first pause before that; each further one is twice as long.
const FIRST_RETRY_MS: u64 = 500;

impl Patience {
    /// Limits the time of a run's requests, and the additional time to wait while Keeper throttles, both in
    /// milliseconds. The device's id keeps it from meeting other devices.
    #[must_use]
    pub fn new(limit_ms: u64, throttle_limit_ms: u64, device: &[u8]) -> Self {
        let mixed = device.iter().fold(0_u64, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        Self {
            limit_ms,
            deadline_ms: limit_ms,
            throttle_limit_ms,
            throttled_ms: 0,
            phase_ms: mixed % MEETING_MS,
            rotations: 0,
            throttles: 0,
            retries: 0,
        }
    }

    /// Sets the author's limit for either, in milliseconds.
    pub fn set_limit(&mut self, limit_ms: u64) {
        (self.limit_ms, self.throttle_limit_ms) = (limit_ms, limit_ms);
    }

    /// Starts the clock for a new request to Keeper, which may fail as often as the last one.
    pub fn start(&mut self, now_ms: u64) {
        self.deadline_ms = now_ms.saturating_add(self.limit_ms);
        self.retries = 0;
    }

    /// The time limit in seconds.
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
    /// Keeper keeps naming other keys.
    pub fn rotate(&mut self) -> Result<(), Error> {
        self.rotations += 1;
        if self.rotations > MAX_ROTATIONS {
            return Err(Error::new("Keeper asks for another server key each time").with_hint(server_keys::NEW_CONFIG));
        }
        Ok(())
    }

    /// How long to be silent, in milliseconds, after Keeper throttled a request, perhaps naming a pause in seconds. The
    /// times are Keeper's, in milliseconds since 1970: when the request was sent, and now.
    ///
    /// All jobs that share a device are one client to Keeper, and any request of theirs renews the ban. So they are
    /// silent together and come back together, at instants that each of them finds alone.
    ///
    /// # Errors
    /// That would take longer than the run may wait.
    pub fn throttle(
        &mut self,
        seconds: Option<u64>,
        sent_ms: u64,
        server_ms: u64,
        entropy: &mut dyn Entropy,
    ) -> Result<u64, Error> {
        let asked_ms = seconds.unwrap_or_default().saturating_mul(1000);
        let is_believed = self.throttles < MAX_OWN_PAUSES && seconds.is_some_and(|seconds| seconds < MAX_OWN_PAUSE_S);
        self.throttles += 1;
        let random = random_byte(entropy)?;
        let pause_ms = if is_believed {
            asked_ms + asked_ms * u64::from(random) / 1020
        } else {
            let silent_ms = sent_ms.saturating_add(SILENCE_MS).saturating_sub(server_ms);
            let least_ms = silent_ms.max(SILENCE_AFTER_REFUSAL_MS).max(asked_ms);
            let is_left_out = CROWDED.contains(&self.throttles) && random >= 128;
            least_ms
                .saturating_add(self.until_meeting_ms(server_ms.saturating_add(least_ms)))
                .saturating_add(if is_left_out { MEETING_MS } else { 0 })
        };
        self.throttled_ms = self.throttled_ms.saturating_add(pause_ms);
        if self.throttled_ms > self.throttle_limit_ms {
            return Err(Error::new(format!(
                "Keeper throttles this device; it would be free only after the limit of {} s for that",
                self.throttle_limit_ms / 1000
            ))
            .with_hint(
                "give each pipeline a device of its own, start fewer jobs at once, or raise `timeoutInSeconds`",
            ));
        }
        self.deadline_ms = self.deadline_ms.saturating_add(pause_ms);
        Ok(pause_ms)
    }

    /// The time from this time of Keeper's to the next meeting, in milliseconds.
    fn until_meeting_ms(&self, server_ms: u64) -> u64 {
        let since_ms = server_ms.saturating_add(MEETING_MS - self.phase_ms) % MEETING_MS;
        (MEETING_MS - since_ms) % MEETING_MS
    }

    /// Whether to send `get_secret` again, in what is left of the time.
    ///
    /// # Errors
    /// [`no_randomness`](crate::crypto::no_randomness) when the entropy source fails.
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

    /// Whether to try a download again that failed `failures` times before. It may take as long as data arrives, so
    /// only the pause is limited.
    ///
    /// # Errors
    /// [`no_randomness`](crate::crypto::no_randomness) when the entropy source fails.
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
        // The server names a minimum, and the other jobs got the same answer.
        Some(seconds) => Retry::After(seconds.saturating_mul(1000).max(pause_ms).min(remaining_ms)),
        None if pause_ms >= remaining_ms => Retry::Enough,
        None => Retry::After(pause_ms),
    })
}

/// A pause with jitter, up to a quarter longer or shorter, so that many clients do not come back at once.
fn jittered(pause_ms: u64, entropy: &mut dyn Entropy) -> Result<u64, Error> {
    Ok(pause_ms * 3 / 4 + pause_ms * u64::from(random_byte(entropy)?) / 510)
}

fn random_byte(entropy: &mut dyn Entropy) -> Result<u8, Error> {
    let mut random = [0; 1];
    entropy.fill(&mut random)?;
    let [random] = random;
    Ok(random)
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
        let mut patience = Patience::new(120_000, 120_000, b"");
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

    /// Pauses of a job whose requests are refused at once, at this time of Keeper's clock.
    fn pauses(seconds: Option<u64>, server_ms: u64, random: u8, count: usize) -> Vec<Option<u64>> {
        let mut patience = Patience::new(120_000, 3_600_000, b"");
        let mut server_ms = server_ms;
        let mut pause = || {
            let pause_ms = patience.throttle(seconds, server_ms, server_ms, &mut Always(random)).ok()?;
            server_ms += pause_ms;
            Some(pause_ms)
        };
        (0..count).map(|_| pause()).collect()
    }

    #[test]
    fn throttled_jobs_meet_at_instants_of_keepers_clock_after_silence() {
        // Multiples of 12 s, the first one that is 11 s or more away.
        for (server_ms, first_ms) in
            [(1_200_000, 12_000), (1_200_999, 11_001), (1_201_000, 11_000), (1_201_001, 22_999), (1_211_999, 12_001)]
        {
            assert_eq!(pauses(None, server_ms, 255, 2), [Some(first_ms), Some(12_000)], "{server_ms}");
        }
    }

    #[test]
    fn whoever_is_often_refused_leaves_out_every_second_meeting_by_chance_for_a_while() {
        let meetings = |random| -> Vec<u64> {
            pauses(None, 1_200_000, random, 16).into_iter().flatten().map(|pause_ms| pause_ms / 12_000).collect()
        };
        assert_eq!(meetings(127), [1; 16]);
        assert_eq!(meetings(128), [1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1]);
    }

    #[test]
    fn silence_counts_from_the_request_and_not_from_its_slow_answer() {
        let pause_after = |sent_ms| started().throttle(None, sent_ms, 1_201_500, &mut Always(0));
        assert_eq!(pause_after(1_201_000), Ok(10_500), "at the next meeting");
        assert_eq!(pause_after(1_201_001), Ok(22_500));
        let slow = started().throttle(None, 1_170_000, 1_202_001, &mut Always(0));
        assert_eq!(slow, Ok(21_999), "the request may have come late");
    }

    #[test]
    fn devices_do_not_meet_each_other() {
        let first_pause = |device: &[u8]| {
            let mut patience = Patience::new(120_000, 120_000, device);
            patience.throttle(None, 1_201_000, 1_201_000, &mut Always(0)).ok()
        };
        let pauses = [first_pause(b"one"), first_pause(b"two"), first_pause(b"one")];
        assert_eq!(pauses, [Some(13_182), Some(18_276), Some(13_182)]);
    }

    #[test]
    fn keeper_is_obeyed_if_it_knows_how_long_it_throttles() {
        assert_eq!(pauses(Some(3), 1_200_000, 0, 4), [Some(3_000), Some(3_000), Some(3_000), Some(15_000)], "thrice");
        assert_eq!(pauses(Some(3), 1_200_000, 255, 1), [Some(3_750)], "never earlier");
        // To all who are throttled while any of them renews the ban.
        assert_eq!(pauses(Some(10), 1_200_000, 0, 2), [Some(12_000), Some(12_000)]);
        assert_eq!(pauses(Some(30), 1_200_000, 0, 2), [Some(36_000), Some(36_000)]);
    }

    #[test]
    fn throttling_has_a_limit_of_its_own() {
        assert_eq!(pauses(None, 1_200_000, 0, 301).iter().flatten().count(), 300);
        let mut patience = started();
        assert_eq!(patience.throttle(None, 1_200_000, 1_200_000, &mut Always(0)), Ok(12_000));
        assert_eq!(patience.remaining_ms(12_000, 1_000_000), 120_000, "the network's time does not run meanwhile");
        assert_eq!(
            patience.throttle(Some(u64::MAX), 1_212_000, 1_212_000, &mut Always(0)).map_err(|error| error.to_string()),
            Err("Keeper throttles this device; it would be free only after the limit of 120 s for that".to_owned())
        );
    }

    #[test]
    fn two_key_rotations_are_followed() {
        let mut patience = started();
        assert_eq!([patience.rotate(), patience.rotate()], [Ok(()), Ok(())]);
        assert_eq!(
            patience.rotate().map_err(|error| error.to_string()),
            Err("Keeper asks for another server key each time".to_owned())
        );
    }
}
