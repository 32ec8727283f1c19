//! A config's text: JSON, the INI of Keeper's command line, or Base64 of either, in UTF-8 or UTF-16.

use zeroize::Zeroizing;

use super::super::line::UNDEFINED;
use super::{BOUND_CONFIG, missing_config, not_an_object, token_hint};
use crate::base64;
use crate::error::Error;
use crate::json::Value;
use crate::text::{decode, shown};

/// A config's text in one of the two formats, decoded if need be.
pub(super) enum Written {
    Json(Zeroizing<String>),
    Ini(Zeroizing<String>),
}

impl Written {
    /// Detects the format of a text.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let text = trimmed(text);
        if text.is_empty() {
            return Err(missing_config());
        }
        if let Some(written) = Self::plain(text) {
            return written;
        }
        let unquoted = unquote(text);
        if let Some(error) = something_else(unquoted) {
            return Err(error);
        }
        match base64::decode(without_armor(unquoted)) {
            Some(bytes) => Self::decoded(&Zeroizing::new(bytes)).unwrap_or_else(|| Err(neither(text))),
            None => Err(neither(text)),
        }
    }

    /// A text that is JSON or INI as it is.
    fn plain(text: &str) -> Option<Result<Self, Error>> {
        if is_ini(text) {
            return Some(Ok(Self::Ini(Zeroizing::new(text.to_owned()))));
        }
        if !text.starts_with(['{', '[']) {
            return None;
        }
        let inside = text.trim_start_matches('{').trim_start();
        let json = |problem: &str| Err(Error::new(format!("the config's JSON {problem}")).with_hint(COPY_AGAIN));
        Some(if inside.starts_with("\\\"") {
            json("has backslashes before its quotes, as inside of another text; expected it without")
        } else if inside.starts_with('\'') {
            json("has single quotes, as Python prints it; expected double quotes")
        } else {
            Ok(Self::Json(Zeroizing::new(text.to_owned())))
        })
    }

    /// What Base64 decodes to; `None` if that is nothing in particular, as any word may be Base64 by chance.
    fn decoded(bytes: &[u8]) -> Option<Result<Self, Error>> {
        let Some(text) = decode(bytes) else { return describe(bytes).map(|found| Err(decodes_to(found))) };
        let text = Zeroizing::new(text);
        let inner = trimmed(&text);
        if let Some(written) = Self::plain(inner) {
            return Some(written);
        }
        Some(match base64::decode(inner).map(Zeroizing::new) {
            Some(twice) if twice.trim_ascii_start().starts_with(b"{") => {
                let error =
                    Error::new("the config is Base64 of Base64 (encoded twice); expected Base64 of a JSON object");
                Err(error.with_hint("decode it once"))
            }
            _ if inner.starts_with("-----BEGIN ") => Err(decodes_to("a key or certificate in PEM")),
            _ => Err(decodes_to("a text that is not JSON")),
        })
    }
}

/// The error for a text that is known to be no config, nor Base64 of one.
fn something_else(text: &str) -> Option<Error> {
    if let Some(name) = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')) {
        let name = shown(name);
        let error =
            Error::new(format!("the config is the text `$({name})`: the pipeline has no variable of that name"));
        return Some(error.with_hint(UNDEFINED));
    }
    if text.starts_with('{') {
        return Some(Error::new("the config is a JSON text inside quotes; expected it without the outer quotes"));
    }
    if is_token(text) {
        let error = Error::new("the config is a one-time token; expected one that is already bound to a device");
        return Some(error.with_hint(token_hint()));
    }
    if is_path(text) {
        let error = Error::new("the config looks like the path of a file; expected the config itself");
        return Some(error.with_hint("pass the file's content, best in a secret variable"));
    }
    if without_armor(text).starts_with("-----BEGIN ") {
        let error = Error::new("the config is a key or certificate in PEM; expected the whole config");
        return Some(error.with_hint(BOUND_CONFIG));
    }
    if text.lines().any(|line| line.trim() == "kind: Secret") {
        let error = Error::new("the config is a Kubernetes secret in YAML; expected the config in it");
        return Some(error.with_hint("pass the Base64 after `config:` alone"));
    }
    if is_assignment(text) {
        let error = Error::new("the config begins with a name and `=`; expected what comes after them");
        return Some(error.with_hint("leave out the name and the `=`, and quotes if there are any"));
    }
    None
}

/// What to do about a text that was garbled in transit.
pub(super) const COPY_AGAIN: &str = "copy it again as a whole; Base64 is safer to paste than JSON";

fn trimmed(text: &str) -> &str {
    text.trim_start_matches('\u{FEFF}').trim()
}

fn decodes_to(found: &str) -> Error {
    Error::new(format!("the config is Base64 of {found}; expected Base64 of a JSON object")).with_hint(BOUND_CONFIG)
}

fn neither(text: &str) -> Error {
    if let Ok(value) = Value::parse(text) {
        return not_an_object(&value);
    }
    if text.starts_with("b'") || text.starts_with("b\"") {
        return Error::new("the config is in `b'…'`, as Python prints bytes; expected it without")
            .with_hint("leave out the `b` and the quotes");
    }
    let error = Error::new("the config is neither JSON nor Base64 of JSON");
    if text.len() < SHORTEST_BASE64 {
        return error.with_hint(format!("to pass a variable, write its name as in `$(secret_config)`; {BOUND_CONFIG}"));
    }
    error.with_hint(COPY_AGAIN)
}

/// Two keys and an id need more characters than this, so a shorter text is more likely a name or a sentence.
const SHORTEST_BASE64: usize = 200;

/// What bytes that are not text look like, if anything.
fn describe(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x30, 0x77 | 0x81 | 0x82, ..] => Some("a key or certificate alone"),
        [0x1F, 0x8B, ..] => Some("a gzip archive"),
        [b'P', b'K', 3, 4, ..] => Some("a ZIP archive"),
        _ => None,
    }
}

/// Whether a text begins with a section of an INI and goes on with members.
fn is_ini(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    let is_section = |line: &str| line.starts_with('[') && line.ends_with(']') && !line.contains(['"', ',', '{']);
    lines.next().is_some_and(is_section)
        && lines.next().is_none_or(|line| line.starts_with('[') || line.contains('='))
        && text.contains('=')
}

/// Removes one pair of quotes.
fn unquote(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.trim();
        }
    }
    text
}

/// Removes the lines that Windows' `certutil -encode` writes around Base64 of anything.
fn without_armor(text: &str) -> &str {
    let inside = text.strip_prefix("-----BEGIN CERTIFICATE-----");
    inside.and_then(|rest| rest.strip_suffix("-----END CERTIFICATE-----")).map_or(text, str::trim)
}

/// Whether a text is a one-time token: `PREFIX:KEY` or `KEY`, the key being Base64 of 32 bytes.
fn is_token(text: &str) -> bool {
    let ([key] | [_, key] | [_, key, _, _]) = text.split(':').collect::<Vec<_>>()[..] else { return false };
    base64::decode(key).is_some_and(|bytes| bytes.len() == 32)
}

/// Whether a text gives a variable its value, as in a dotenv file or a shell: `KSM_CONFIG=…`.
fn is_assignment(text: &str) -> bool {
    let text = text.strip_prefix("export ").unwrap_or(text);
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.len() <= 40
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    text.split_once('=').is_some_and(|(name, value)| is_name(name) && !value.trim_matches('=').is_empty())
}

/// Whether a text looks like a path, not a config.
fn is_path(text: &str) -> bool {
    let has_folder = text.contains(['/', '\\']);
    let ending = text.rsplit('.').next().unwrap_or_default();
    let has_ending = text.contains('.') && matches!(ending, "json" | "txt" | "b64" | "base64" | "cfg" | "ini");
    let is_windows = text.get(1..3).is_some_and(|colon| colon == ":\\" || colon == ":/");
    !text.contains('\n')
        && (has_ending
            || is_windows
            || (has_folder && text.starts_with(['.', '~']))
            || (text.starts_with('/') && text.len() < 200))
}
