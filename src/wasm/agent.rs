//! The door to the verdicts on facts of the agent: texts in, texts out.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::agent::access::{self, User};
use crate::agent::publication::{self, Placed};
use crate::agent::{certificates, disk};
use crate::protocol::failure;

#[wasm_bindgen(typescript_custom_section)]
const SYSTEM_CODES: &str = disk::SYSTEM_CODES;

#[wasm_bindgen(typescript_custom_section)]
const EXPOSURES: &str = publication::EXPOSURES;

#[wasm_bindgen(typescript_custom_section)]
const OWN_CODES: &str = disk::OWN_CODES;

/// The codes that [`disk::reason`] knows, and one that ends a download whose file already has a problem.
#[wasm_bindgen(typescript_custom_section)]
const CODES: &str = "export type DiskCode = SystemDiskCode | OwnDiskCode | 'UNWRITTEN';";

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
