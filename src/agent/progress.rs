//! Progress of a request: whether it still advances, and whether its answer stays within its bounds.
//!
//! Time is counted in ticks of one second, so that a suspended machine or a busy core is not taken for a silent server.

use serde::Deserialize;
use tsify::Tsify;

/// The phase that a request is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// A name is being resolved.
    Name,
    /// A connection is being made.
    Connect,
    /// A proxy was asked for a tunnel.
    Tunnel,
    /// TLS begins.
    Tls,
    /// The request was sent.
    Answer,
    /// The answer has begun.
    #[serde(skip)]
    Body,
}

impl Phase {
    /// The code for a request that took too long in this phase.
    fn code(self) -> &'static str {
        match self {
            Self::Name => "NAME_TIMEOUT",
            Self::Connect => "CONNECT_TIMEOUT",
            Self::Tunnel => "TUNNEL_TIMEOUT",
            Self::Tls => "TLS_TIMEOUT",
            Self::Answer => "ANSWER_TIMEOUT",
            Self::Body => "BODY_TIMEOUT",
        }
    }

    /// How many seconds it may take. The request itself says how long its server may be silent.
    fn limit_s(self, silence_s: u64) -> u64 {
        match self {
            Self::Name | Self::Connect | Self::Tls => 15,
            Self::Tunnel => 30,
            Self::Answer | Self::Body => silence_s,
        }
    }
}

/// How much of a refusal is read, in bytes: enough for the reason that it may give.
const REFUSAL_LIMIT: u64 = 64 << 10;
/// The least that a body must deliver in the time of its phase, in bytes, so that one byte a second is not enough.
const MIN_BODY_BYTES: u64 = 16 << 10;

/// A request in flight.
#[derive(Debug)]
pub struct Progress {
    timeout_ms: Option<u64>,
    silence_s: u64,
    phase: Phase,
    idle_s: u64,
    total_s: u64,
    /// The largest answer, in bytes.
    limit: u64,
    /// How much of it has arrived.
    size: u64,
    /// How much of that has arrived since the time of its phase began.
    recent: u64,
    is_refusal: bool,
    is_held_up: bool,
    is_at_proxy: bool,
    code: Option<&'static str>,
}

impl Progress {
    /// A request with a time limit, if any, a limit for its server's silence, and one for its answer in bytes.
    #[must_use]
    pub fn new(timeout_ms: Option<u64>, silence_ms: u64, limit: u64) -> Self {
        Self {
            timeout_ms,
            silence_s: silence_ms / 1000,
            phase: Phase::Name,
            idle_s: 0,
            total_s: 0,
            limit,
            size: 0,
            recent: 0,
            is_refusal: false,
            is_held_up: false,
            is_at_proxy: false,
            code: None,
        }
    }

    /// Begins the time of a phase, which is either the proxy's or the server's.
    pub fn enter(&mut self, phase: Phase, is_at_proxy: bool) {
        (self.phase, self.is_at_proxy) = (phase, is_at_proxy);
        (self.idle_s, self.recent) = (0, 0);
    }

    /// Takes an answer's status, `Content-Encoding` and `Content-Length`. Returns whether to read on.
    pub fn begin(&mut self, status: u16, encoding: &str, length: u64) -> bool {
        self.enter(Phase::Body, false);
        self.is_refusal = status != 200;
        if !self.is_refusal {
            if !matches!(encoding.to_ascii_lowercase().as_str(), "" | "identity") {
                self.code = Some("ENCODED");
            } else if length > self.limit {
                self.code = Some("TOO_LARGE");
            }
        }
        self.code.is_none()
    }

    /// Counts bytes of the body that have arrived. Returns whether to read on.
    pub fn receive(&mut self, bytes: u64) -> bool {
        self.recent += bytes;
        self.size += bytes;
        if self.is_refusal {
            return self.size <= REFUSAL_LIMIT;
        }
        if self.size > self.limit {
            self.code = Some("TOO_LARGE");
        }
        self.size <= self.limit
    }

    /// Takes the end of the body.
    pub fn end(&mut self, is_complete: bool) {
        if !is_complete {
            self.code = Some("TRUNCATED");
        }
    }

    /// Sets whether the task itself holds the request up, as for a write to disk, which is not the server's silence.
    pub fn hold_up(&mut self, is_held_up: bool) {
        self.is_held_up = is_held_up;
    }

    /// Counts a second. Returns whether to give up.
    pub fn tick(&mut self) -> bool {
        if self.code.is_some() {
            return false;
        }
        self.total_s += 1;
        let is_over = self.is_out_of_time() || self.is_stuck();
        if is_over {
            self.code = Some(self.phase.code());
        }
        is_over
    }

    fn is_stuck(&mut self) -> bool {
        if self.is_held_up {
            return false;
        }
        self.idle_s += 1;
        if self.idle_s < self.phase.limit_s(self.silence_s) {
            return false;
        }
        if self.phase == Phase::Body && self.recent >= MIN_BODY_BYTES {
            self.enter(Phase::Body, false);
            return false;
        }
        true
    }

    /// The code of what is wrong.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// Whether it has not got beyond the proxy.
    #[must_use]
    pub fn is_at_proxy(&self) -> bool {
        self.is_at_proxy
    }

    /// Whether its whole time is used up. Before the first tick it never is.
    #[must_use]
    pub fn is_out_of_time(&self) -> bool {
        self.total_s > 0 && self.timeout_ms.is_some_and(|limit_ms| self.total_s * 1000 >= limit_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 100_000;

    /// A request whose server may be silent for 30 s.
    fn begun() -> Progress {
        Progress::new(None, 30_000, LIMIT)
    }

    /// Whether a request is given up after this many seconds.
    fn pass(progress: &mut Progress, seconds: u64) -> bool {
        (0..seconds).any(|_| progress.tick())
    }

    #[test]
    fn each_phase_has_a_limit_from_its_own_beginning() {
        for (phase, seconds, code) in [
            (Phase::Name, 15, "NAME_TIMEOUT"),
            (Phase::Connect, 15, "CONNECT_TIMEOUT"),
            (Phase::Tunnel, 30, "TUNNEL_TIMEOUT"),
            (Phase::Tls, 15, "TLS_TIMEOUT"),
            (Phase::Answer, 30, "ANSWER_TIMEOUT"),
            (Phase::Body, 30, "BODY_TIMEOUT"),
        ] {
            let mut progress = begun();
            assert!(!pass(&mut progress, 10));
            progress.enter(phase, false);
            assert!(!pass(&mut progress, seconds - 1), "{code}");
            assert!(pass(&mut progress, 1), "{code}");
            assert_eq!((progress.code(), progress.is_out_of_time()), (Some(code), false));
        }
    }

    #[test]
    fn a_server_may_be_silent_as_long_as_the_request_says_and_connecting_may_not() {
        let mut progress = Progress::new(None, 300_000, LIMIT);
        for phase in [Phase::Answer, Phase::Body] {
            progress.enter(phase, false);
            assert!(!pass(&mut progress, 299), "{phase:?}");
        }
        progress.enter(Phase::Tunnel, false);
        assert!(pass(&mut progress, 30));
    }

    #[test]
    fn a_body_may_go_on_as_long_as_it_brings_16_kib_in_30_s() {
        let mut progress = Progress::new(None, 30_000, 10_000_000);
        progress.enter(Phase::Body, false);
        for _ in 0..100 {
            progress.receive(16 << 10);
            assert!(!pass(&mut progress, 30));
        }
        progress.receive((16 << 10) - 1);
        assert!(pass(&mut progress, 30));
    }

    #[test]
    fn time_that_goes_by_on_our_side_is_not_counted_as_silence() {
        let mut progress = begun();
        progress.enter(Phase::Body, false);
        progress.hold_up(true);
        assert!(!pass(&mut progress, 1_000));
        progress.hold_up(false);
        assert!(pass(&mut progress, 30));
    }

    #[test]
    fn the_limit_for_the_whole_request_ends_it_although_data_moves_and_names_the_phase() {
        let mut progress = Progress::new(Some(20_000), 30_000, 10_000_000);
        progress.enter(Phase::Body, false);
        progress.receive(1_000_000);
        assert!(!pass(&mut progress, 19));
        assert!(pass(&mut progress, 1));
        assert_eq!((progress.code(), progress.is_out_of_time()), (Some("BODY_TIMEOUT"), true));
    }

    #[test]
    fn a_request_without_time_may_fail_in_its_own_way_before_the_first_second() {
        let mut progress = Progress::new(Some(0), 30_000, LIMIT);
        assert!(!progress.is_out_of_time());
        assert!(progress.tick() && progress.is_out_of_time());
    }

    #[test]
    fn an_answer_has_a_size_and_no_encoding() {
        for (encoding, length, code) in [
            ("identity", 0, None),
            ("identity", LIMIT, None),
            ("Identity", 0, None),
            ("gzip", 0, Some("ENCODED")),
            ("", 0, None),
            ("identity", LIMIT + 1, Some("TOO_LARGE")),
        ] {
            let mut progress = begun();
            assert_eq!(progress.begin(200, encoding, length), code.is_none(), "{encoding} {length}");
            assert_eq!(progress.code(), code, "{encoding} {length}");
        }
    }

    #[test]
    fn an_answer_ends_with_its_last_byte_and_before_its_limit() {
        for (chunks, is_complete, code) in [
            (&[LIMIT][..], true, None),
            (&[], true, None),
            (&[1, LIMIT - 1], false, Some("TRUNCATED")),
            (&[LIMIT - 1, 2], true, Some("TOO_LARGE")),
        ] {
            let mut progress = begun();
            assert!(progress.begin(200, "identity", 0));
            if chunks.iter().all(|bytes| progress.receive(*bytes)) {
                progress.end(is_complete);
            }
            assert_eq!(progress.code(), code, "{chunks:?}");
        }
    }

    #[test]
    fn of_a_refusal_the_beginning_is_enough() {
        let mut progress = begun();
        assert!(progress.begin(503, "gzip", 1 << 40));
        assert!(progress.receive(64 << 10));
        assert!(!progress.receive(1));
        assert_eq!(progress.code(), None);
    }

    #[test]
    fn what_is_not_beyond_the_proxy_is_the_proxys() {
        let mut progress = begun();
        progress.enter(Phase::Tunnel, true);
        assert!(progress.is_at_proxy());
        progress.enter(Phase::Tls, false);
        assert!(!progress.is_at_proxy());
    }
}
