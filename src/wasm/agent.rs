//! The door for what facts of the agent mean: texts in, texts out.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::agent::{certificates, disk, secrets};

/// What is masked of the environment, given its names and their values. See [`secrets::masks`].
#[must_use]
#[wasm_bindgen(js_name = masksOfEnvironment)]
pub fn masks_of_environment(names: Vec<String>, values: Vec<String>) -> Vec<String> {
    let environment: Vec<(String, String)> = names.into_iter().zip(values).collect();
    secrets::masks(&environment)
}

/// The certificates in a text, if it is one. See [`certificates::in_pem`].
#[must_use]
#[wasm_bindgen(js_name = certificatesInPem)]
pub fn certificates_in_pem(bytes: &[u8]) -> Option<Vec<String>> {
    certificates::in_pem(bytes)
}

/// Why a file cannot be written. See [`disk::reason`].
#[must_use]
#[wasm_bindgen(js_name = diskReason)]
pub fn disk_reason(code: &str, detail: &str, is_windows: bool) -> String {
    disk::reason(code, detail, is_windows)
}
