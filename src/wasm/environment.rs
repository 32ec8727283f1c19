//! The door to the environment in which the agent started the task.

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::agent::{proxy, secrets};
use crate::inputs::path::Platform;
use crate::retrieval::Options;
use crate::secret::SecretText;

/// The variables of the environment, as they were before the task library removed the secrets, and their masks.
#[wasm_bindgen]
pub struct Environment {
    variables: Vec<(String, SecretText)>,
    masks: Vec<SecretText>,
}

#[wasm_bindgen]
impl Environment {
    /// The variables with these names and values.
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new(names: Vec<String>, values: Vec<String>) -> Self {
        let variables: Vec<_> = names.into_iter().zip(values.into_iter().map(SecretText::from)).collect();
        Self { masks: secrets::masks(&variables), variables }
    }

    /// See [`secrets::masks`].
    #[must_use]
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn masks(&self) -> Array {
        // EXPOSE: Node hands masks to the agent.
        self.masks.iter().map(|mask| JsValue::from_str(mask.expose())).collect()
    }

    /// See [`proxy::expressions`].
    #[must_use]
    #[wasm_bindgen(js_name = proxyExceptions)]
    pub fn proxy_exceptions(&self) -> Option<Vec<String>> {
        proxy::expressions(&self.variables)
    }

    /// See [`proxy::choose`].
    ///
    /// # Errors
    /// The setting is invalid: an object with its `FailureCode` and its name.
    #[wasm_bindgen(js_name = proxyFor, unchecked_return_type = "Proxy | undefined")]
    pub fn proxy_for(&self, host: &str, port: u16) -> Result<JsValue, JsValue> {
        match proxy::choose(&self.variables, host, port) {
            Ok(proxy) => Ok(serde_wasm_bindgen::to_value(&proxy)?),
            Err(invalid) => Err(serde_wasm_bindgen::to_value(&invalid)?),
        }
    }
}

impl Environment {
    /// The facts that a run needs.
    pub(super) fn options(&self, platform: Platform) -> Options {
        Options::of(platform, &self.variables, self.masks.len())
    }

    /// See [`secrets::is_config_in_clear`].
    pub(super) fn is_config_in_clear(&self) -> bool {
        secrets::is_config_in_clear(&self.variables)
    }
}
