//! The door for the progress of a request.

use serde::Deserialize;
use serde::de::value::{self, StrDeserializer};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::agent::progress::{self, Phase};
use crate::protocol::response::whole;

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
    ///
    /// # Errors
    /// None in practice: `tsc` checks the phases that the shim names.
    pub fn enter(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Phase")] phase: &str,
        is_at_proxy: bool,
    ) -> Result<(), JsError> {
        self.0.enter(Phase::deserialize(StrDeserializer::<value::Error>::new(phase))?, is_at_proxy);
        Ok(())
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
