//! The door for what facts of the agent mean: texts in, texts out.

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::agent::access::{self, User};
use crate::agent::{certificates, disk, proxy, secrets};
use crate::secret::SecretText;

#[wasm_bindgen(typescript_custom_section)]
const SYSTEM_CODES: &str = disk::SYSTEM_CODES;

#[wasm_bindgen(typescript_custom_section)]
const OWN_CODES: &str = disk::OWN_CODES;

/// The codes that [`disk::reason`] knows, and one that ends a download whose file knows by itself what is wrong with it.
#[wasm_bindgen(typescript_custom_section)]
const CODES: &str = "export type DiskCode = SystemDiskCode | OwnDiskCode | 'UNWRITTEN';";

/// What is masked of the environment, given its names and their values. See [`secrets::masks`].
#[must_use]
#[wasm_bindgen(js_name = masksOfEnvironment, unchecked_return_type = "string[]")]
pub fn masks_of_environment(names: Vec<String>, values: Vec<String>) -> Array {
    // EXPOSE: Node hands masks to the agent.
    secrets::masks(&environment(names, values)).iter().map(|mask| JsValue::from_str(mask.expose())).collect()
}

/// Whether a config is in none of the job's secret variables. See [`secrets::is_config_in_clear`].
#[must_use]
#[wasm_bindgen(js_name = isConfigInClear)]
pub fn is_config_in_clear(names: Vec<String>, values: Vec<String>) -> bool {
    secrets::is_config_in_clear(&environment(names, values))
}

/// The proxy that the environment names for an HTTPS host at a port: the variable and the address. See
/// [`proxy::of_machine`].
#[must_use]
#[wasm_bindgen(js_name = machineProxy, unchecked_return_type = "string[] | undefined")]
pub fn machine_proxy(names: Vec<String>, values: Vec<String>, host: &str, port: u16) -> Option<Array> {
    let environment = environment(names, values);
    let (name, address) = proxy::of_machine(&environment, host, port)?;
    Some([name, address].into_iter().map(JsValue::from_str).collect())
}

/// The variables by name, whose values are wiped.
fn environment(names: Vec<String>, values: Vec<String>) -> Vec<(String, SecretText)> {
    names.into_iter().zip(values.into_iter().map(SecretText::from)).collect()
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

/// The mode of a folder in octal, if others can exchange files in it. See [`access::mode_if_open`].
#[must_use]
#[wasm_bindgen(js_name = modeIfOpen)]
pub fn mode_if_open(mode: u32, gid: u32, name: &str, uid: u32, groups: &str) -> Option<String> {
    access::mode_if_open(mode, gid, &User { name, uid, groups })
}

/// The arguments of `icacls` for a file, given the answer of `whoami`. See [`access::icacls_arguments`].
#[must_use]
#[wasm_bindgen(js_name = icaclsArguments)]
pub fn icacls_arguments(place: &str, whoami: &str) -> Vec<String> {
    access::icacls_arguments(place, whoami)
}
