//! The door to the verdicts on facts of the agent: texts in, texts out.

use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::agent::access::{self, User};
use crate::agent::publication::{self, Placed};
use crate::agent::{certificates, disk, proxy, secrets};
use crate::protocol::failure;
use crate::secret::SecretText;

#[wasm_bindgen(typescript_custom_section)]
const SYSTEM_CODES: &str = disk::SYSTEM_CODES;

#[wasm_bindgen(typescript_custom_section)]
const EXPOSURES: &str = publication::EXPOSURES;

#[wasm_bindgen(typescript_custom_section)]
const OWN_CODES: &str = disk::OWN_CODES;

/// The codes that [`disk::reason`] knows, and one that ends a download whose file already has a problem.
#[wasm_bindgen(typescript_custom_section)]
const CODES: &str = "export type DiskCode = SystemDiskCode | OwnDiskCode | 'UNWRITTEN';";

/// The masks for the environment, given its names and values. See [`secrets::masks`].
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

/// The environment's proxy for an HTTPS host and port: the variable and the address. See [`proxy::of_machine`].
#[must_use]
#[wasm_bindgen(js_name = machineProxy, unchecked_return_type = "string[] | undefined")]
pub fn machine_proxy(names: Vec<String>, values: Vec<String>, host: &str, port: u16) -> Option<Array> {
    let environment = environment(names, values);
    let (name, address) = proxy::of_machine(&environment, host, port)?;
    Some([name, address].into_iter().map(JsValue::from_str).collect())
}

/// The expressions in the agent's list of hosts that are reached directly. See [`proxy::expressions`].
#[must_use]
#[wasm_bindgen(js_name = proxyExceptions)]
pub fn proxy_exceptions(list: &str) -> Option<Vec<String>> {
    proxy::expressions(list)
}

/// The address of a proxy as a URL. See [`proxy::url`].
#[must_use]
#[wasm_bindgen(js_name = proxyUrl)]
pub fn proxy_url(address: &str) -> String {
    proxy::url(address)
}

/// The header that logs in to a proxy, with a user name and a password that were set, or else those in its address. See
/// [`proxy::authorization`].
#[must_use]
#[wasm_bindgen(js_name = proxyAuthorization)]
pub fn proxy_authorization(
    user: Option<String>,
    password: Option<String>,
    user_in_address: &str,
    password_in_address: &str,
) -> Option<String> {
    let [user, password] = [user, password].map(|text| text.map(SecretText::from));
    // EXPOSE: Node sends the header.
    let set = [&user, &password].map(|text| text.as_ref().map(SecretText::expose));
    let header = proxy::authorization(set, [user_in_address, password_in_address]);
    header.map(|header| header.expose().to_owned())
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

/// The path that the input names. See [`certificates::path`].
#[must_use]
#[wasm_bindgen(js_name = certificatePath)]
pub fn certificate_path(input: &str) -> Option<String> {
    certificates::path(input).map(str::to_owned)
}

/// The warning about certificates that cannot be read, given their numbers. See [`certificates::warning`].
#[must_use]
#[wasm_bindgen(js_name = certificateWarning)]
pub fn certificate_warning(source: &str, count: usize, unreadable: &[u32]) -> Option<String> {
    certificates::warning(source, count, unreadable)
}

/// Why a file cannot be written. See [`disk::reason`].
#[must_use]
#[wasm_bindgen(js_name = diskReason)]
pub fn disk_reason(code: &str, detail: &str, is_windows: bool) -> String {
    disk::reason(code, detail, is_windows)
}

/// The mode of a folder in octal, if others can replace files in it. See [`access::mode_if_open`].
#[must_use]
#[wasm_bindgen(js_name = modeIfOpen)]
pub fn mode_if_open(mode: u32, gid: u32, name: &str, uid: u32, groups: &str) -> Option<String> {
    access::mode_if_open(mode, gid, &User { name, uid, groups })
}

/// The arguments of `icacls` for a file, given the output of `whoami`. See [`access::icacls_arguments`].
#[must_use]
#[wasm_bindgen(js_name = icaclsArguments)]
pub fn icacls_arguments(place: &str, whoami: &str) -> Vec<String> {
    access::icacls_arguments(place, whoami)
}

/// The arguments that ask git about a repository. See [`publication::git_arguments`].
#[must_use]
#[wasm_bindgen(js_name = gitArguments)]
pub fn git_arguments(repository: &str, git_folder: &str, is_windows: bool) -> Vec<String> {
    publication::git_arguments(repository, git_folder, is_windows)
}

/// The files that git does not ignore, if it could tell. See [`publication::not_ignored`].
#[must_use]
#[wasm_bindgen(js_name = notIgnored)]
pub fn not_ignored(files: Vec<String>, status: &str, output: &str) -> Option<Vec<String>> {
    publication::not_ignored(files, status, output)
}

/// The warnings about files that may be published, given the lines, paths and exposures of all. See
/// [`publication::warnings`].
#[must_use]
#[wasm_bindgen(js_name = publicationWarnings)]
pub fn publication_warnings(
    lines: Vec<String>,
    targets: Vec<String>,
    #[wasm_bindgen(unchecked_param_type = "Exposure[]")] exposures: Vec<String>,
) -> Vec<String> {
    let files = lines.into_iter().zip(targets).zip(exposures);
    let files: Vec<Placed> = files.map(|((line, target), exposure)| Placed { line, target, exposure }).collect();
    publication::warnings(&files)
}

/// Whether a code says that a certificate's issuer is unknown here. See [`failure::is_unknown_issuer`].
#[must_use]
#[wasm_bindgen(js_name = isUnknownIssuer)]
pub fn is_unknown_issuer(code: &str) -> bool {
    failure::is_unknown_issuer(code)
}
