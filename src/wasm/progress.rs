//! The door for the progress of a request.

#![expect(clippy::float_cmp, reason = "what the macro makes of an enum compares the numbers of its variants")]

use wasm_bindgen::prelude::wasm_bindgen;

use crate::agent::progress;
use crate::protocol::response::whole;

/// The phase of a request that has no answer yet. See [`progress::Phase`].
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
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
}

impl From<Phase> for progress::Phase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Name => Self::Name,
            Phase::Connect => Self::Connect,
            Phase::Tunnel => Self::Tunnel,
            Phase::Tls => Self::Tls,
            Phase::Answer => Self::Answer,
        }
    }
}

/// A request in flight. See [`progress::Progress`].
#[wasm_bindgen]
pub struct Progress(progress::Progress);

#[wasm_bindgen]
impl Progress {
    /// See [`progress::Progress::new`].
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new(timeout_ms: Option<f64>, silence_ms: f64, limit: f64) -> Self {
        Self(progress::Progress::new(timeout_ms.map(whole), whole(silence_ms), whole(limit)))
    }

    /// See [`progress::Progress::enter`].
    pub fn enter(&mut self, phase: Phase, is_at_proxy: bool) {
        self.0.enter(phase.into(), is_at_proxy);
    }

    /// See [`progress::Progress::begin`].
    pub fn begin(&mut self, status: u16, encoding: &str, length: f64) -> bool {
        self.0.begin(status, encoding, whole(length))
    }

    /// See [`progress::Progress::receive`].
    pub fn receive(&mut self, bytes: u32) -> bool {
        self.0.receive(bytes.into())
    }

    /// See [`progress::Progress::end`].
    pub fn end(&mut self, is_complete: bool) {
        self.0.end(is_complete);
    }

    /// See [`progress::Progress::hold_up`].
    #[wasm_bindgen(js_name = holdUp)]
    pub fn hold_up(&mut self, is_held_up: bool) {
        self.0.hold_up(is_held_up);
    }

    /// See [`progress::Progress::tick`].
    pub fn tick(&mut self) -> bool {
        self.0.tick()
    }

    /// See [`progress::Progress::code`].
    #[must_use]
    #[wasm_bindgen(getter, unchecked_return_type = "FailureCode | undefined")]
    pub fn code(&self) -> Option<String> {
        self.0.code().map(str::to_owned)
    }

    /// See [`progress::Progress::is_at_proxy`].
    #[must_use]
    #[wasm_bindgen(getter, js_name = isAtProxy)]
    pub fn is_at_proxy(&self) -> bool {
        self.0.is_at_proxy()
    }

    /// See [`progress::Progress::is_out_of_time`].
    #[must_use]
    #[wasm_bindgen(getter, js_name = isOutOfTime)]
    pub fn is_out_of_time(&self) -> bool {
        self.0.is_out_of_time()
    }
}
